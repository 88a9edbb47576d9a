"""What one case can tell: for each scalar its value, how far a port may be from it, and whether that is evidence.

Made once a reference, used for the port and for every null candidate. The original itself is measured first: where its
own builds and schedules leave the bound, or disagree on an exact value, the element is in doubt for everyone. Where
they leave it all over a buffer, the shadow does not describe this kernel (it looks at the bits of numbers, say), and
the bound is dropped.

Without a bound, floating outputs are measured by what is known: within a few roundings plus four times the spread
between builds of the original is near, beyond 1 % of the output's scale plus that spread is different, and what lies
between is neither; a port with more than a few such elements is not decided. This is not as good as a bound, and the
evidence says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cuport.case import Array, Reference
from cuport.judge.elements import F64, Format, Mask, Path, bound_leaf, float_format, leaf, leaves, rounded, same_bits
from cuport.judge.settings import JudgeSettings

BITS = "bits of computed numbers"  # a note of the shadow run


@dataclass(eq=False)
class Channel:
    """The scalars at one place of one buffer, flattened. Masks and arrays have one entry a scalar.

    `written`: the kernel computed it, or it holds something else than before. `doubt`: it neither accepts nor rejects.
    `near` is the allowed error; `far` equals it where there is a bound.
    """

    name: str
    buffer: int
    path: Path
    shape: tuple[int, ...]
    format: Format | None  # None: compared exactly
    initial: Array
    expected: Array
    written: Mask
    doubt: Mask
    touched: Mask
    tainted: Mask
    value: F64 = field(repr=False)
    near: F64 = field(repr=False)
    far: F64 = field(repr=False)
    scale: F64 = field(repr=False)
    bounded: bool

    def of(self, outputs: Sequence[Array]) -> Array:
        """This channel's scalars in a port's outputs."""
        return leaf(outputs[self.buffer], self.path).reshape(-1)

    def evidence(self, settings: JudgeSettings) -> Mask:
        """Written elements on which agreement means something."""
        if self.format is None:
            return self.written & ~self.doubt
        certain = ~np.isfinite(_f64(self.expected)) & (self.near == 0)
        # A result of exactly zero has a scale of its own: nothing but what a target may flush.
        zero = (self.value == 0) & (self.near <= 4 * self.format.smallest)
        tight = (self.near <= settings.evidence_width * self.scale) | zero
        found: Mask = self.written & ~self.doubt & (tight | certain | ~self.touched)
        return found


@dataclass(eq=False)
class Yardstick:
    """All channels of a case. `doubtful`: elements that near ties may have moved without leaving a mark on them."""

    reference: Reference
    channels: tuple[Channel, ...]
    doubtful: int
    unstable: int  # written elements on which the original disagrees with itself
    notes: tuple[str, ...]

    @property
    def written(self) -> int:
        return sum(int(c.written.sum()) for c in self.channels)


@np.errstate(all="ignore")  # data may hold anything
def yardstick(reference: Reference, settings: JudgeSettings) -> Yardstick:
    """Measure the original against itself and say what remains to measure a port by."""
    case = reference.case
    channels: list[Channel] = []
    notes: list[str] = []
    unstable, doubtful = 0, reference.doubtful
    floats = any(float_format(part.dtype) for b in case.buffers for _, part in leaves(b.data))
    for index, buffer in enumerate(case.buffers):
        expected = reference.outputs[index]
        parts = list(leaves(expected))
        scalars = [part.size // max(1, int(np.prod(expected.shape))) for _, part in parts]
        for number, (path, part) in enumerate(parts):
            bound = reference.bounds[index]
            found = bound_leaf(bound, path, sum(scalars[:number]), sum(scalars), part)
            name = ".".join((buffer.name, *path))
            first = leaf(buffer.data, path)
            variants = [leaf(outputs[index], path).reshape(-1) for _, outputs in reference.variants]
            channel = _channel(name, index, path, first, part, found, settings)
            if channel.format is not None and channel.bounded and _misfit(channel, settings):
                notes.append(f"{name}: the shadow run does not describe the original (bits of numbers?); no bound")
                channel = _channel(name, index, path, first, part, None, settings)
            elif channel.format is not None and BITS in reference.notes and _mostly_tainted(channel):
                notes.append(f"{name}: the original works on the bits of numbers; no bound")
                channel = _channel(name, index, path, first, part, None, settings)
                doubtful = 0
            if channel.format is not None and not channel.bounded and bool(channel.written.any()):
                _by_spread(channel, variants, settings)
                why = next((f" ({n.removeprefix('no shadow: ')})" for n in reference.notes if "no shadow" in n), "")
                notes.append(f"{name}: no bound{why}; measured by the spread between builds of the original")
            unstable += _against_itself(channel, variants, soft=floats and found is None)
            channels.append(channel)
    return Yardstick(reference, tuple(channels), doubtful, unstable, tuple(notes))


def _channel(
    name: str,
    buffer: int,
    path: Path,
    first: Array,
    part: Array,
    found: tuple[F64, F64, Mask, Mask] | None,
    settings: JudgeSettings,
) -> Channel:
    shape, initial, expected = part.shape, first.reshape(-1), part.reshape(-1)
    format_ = float_format(part.dtype)
    changed = ~same_bits(initial, expected)
    exact = _f64(expected) if format_ is not None else np.zeros(expected.shape)
    if found is None:
        no = np.zeros(expected.shape, np.bool_)
        value, width, tainted, touched = exact, np.zeros(expected.shape), no, changed.copy()
    else:
        value, width = found[0].reshape(-1), found[1].reshape(-1)
        tainted, touched = found[2].reshape(-1), found[3].reshape(-1)
    written = changed | touched | tainted
    with np.errstate(invalid="ignore"):
        finite = np.abs(np.where(np.isfinite(value), value, 0.0))
    mean = float(finite[written].mean()) if bool(written.any()) else 0.0
    doubt = tainted | (~np.isfinite(width) if format_ is not None else np.zeros_like(tainted))
    if format_ is not None and found is not None:
        # A certain infinity or NaN in the one and a number in the other: the shadow lost its way there.
        doubt = doubt | (touched & (np.isfinite(value) != np.isfinite(exact)))
    return Channel(
        name=name,
        buffer=buffer,
        path=path,
        shape=shape,
        format=format_,
        initial=initial,
        expected=expected,
        written=written,
        doubt=doubt,
        touched=touched,
        tainted=tainted,
        value=value,
        near=width,
        far=width,
        scale=np.maximum(finite, mean),
        bounded=found is not None or format_ is None,
    )


def _misfit(channel: Channel, settings: JudgeSettings) -> bool:
    """Whether the original as built plainly leaves its bound on more than isolated elements."""
    judged = channel.touched & ~channel.tainted & np.isfinite(channel.near)
    total = int(judged.sum())
    if not total:
        return False
    outside = judged & ~within(channel, channel.expected, channel.near)
    return int(outside.sum()) > settings.shadow_misfit * total


def _mostly_tainted(channel: Channel) -> bool:
    return 2 * int((channel.tainted & channel.written).sum()) > int(channel.written.sum())


def _by_spread(channel: Channel, variants: Sequence[Array], settings: JudgeSettings) -> None:
    """Allowed errors where no shadow could run, from the builds and schedules of the original."""
    assert channel.format is not None
    spread = np.zeros(channel.expected.shape)
    with np.errstate(invalid="ignore"):
        for other in variants:
            gap = np.abs(_f64(other) - channel.value)
            spread = np.maximum(spread, np.where(np.isfinite(gap), gap, 0.0))
    size = np.where(np.isfinite(channel.value), np.abs(channel.value), 0.0)
    units = 2.0 if channel.format.narrow else settings.plain_near
    channel.near = units * channel.format.unit * size + 4 * spread + channel.format.smallest
    channel.far = np.maximum(channel.near, settings.plain_far * channel.scale + 4 * spread)
    # Certain, as far as one can tell: the same bits in every build.
    channel.near = np.where(channel.written, channel.near, 0.0)
    channel.far = np.where(channel.written, channel.far, 0.0)
    channel.touched = channel.written.copy()


def _against_itself(channel: Channel, variants: Sequence[Array], *, soft: bool) -> int:
    """Put into doubt what the original does not agree on with itself; how many written elements that is.

    `soft`: an exact output of a kernel with floating data and no shadow: only the variants tell what is stable.
    """
    unstable = np.zeros(channel.expected.shape, np.bool_)
    for other in (channel.expected, *variants):
        if channel.format is None:
            unstable |= ~same_bits(other, channel.expected)
        else:
            unstable |= ~within(channel, other, channel.near)
    unstable &= ~channel.doubt
    channel.doubt = channel.doubt | unstable
    if soft and channel.format is None:
        channel.bounded = False
    return int((unstable & channel.written).sum())


# ------------------------------------------------------------------------------------------------------- agreement


def within(channel: Channel, got: Array, allowed: F64) -> Mask:
    """Which scalars of `got` are as they should be, up to an allowed error.

    Signs of zeros and payloads of NaNs do not matter: reassociation and the choice of an instruction change both. A
    number that the kernel did not compute must be the same, except that a target may flush what is below the smallest
    normal number. NaN stands for NaN only, an infinity for the same infinity; next to overflow it may replace a number.
    """
    if channel.format is None:
        return same_bits(got, channel.expected)
    format_, expected, seen = channel.format, _f64(channel.expected), _f64(got)
    with np.errstate(invalid="ignore", over="ignore"):
        same = (expected == seen) | (np.isnan(expected) & np.isnan(seen))
        flushed = (np.abs(expected) <= format_.flushes_below) & (np.abs(seen) <= format_.flushes_below)
        if format_.narrow:
            low, high = rounded(channel.value - allowed, got.dtype), rounded(channel.value + allowed, got.dtype)
            close = (low <= seen) & (seen <= high)
        else:
            close = np.abs(seen - channel.value) <= allowed
            top = format_.largest
            close |= np.isinf(seen) & (seen > 0) & (channel.value + allowed > top) & np.isfinite(channel.value)
            close |= np.isinf(seen) & (seen < 0) & (channel.value - allowed < -top) & np.isfinite(channel.value)
        ordinary = np.isfinite(expected) & np.isfinite(channel.value)
        return np.where(channel.touched & ordinary, close | flushed, same | flushed)


def _f64(array: Array) -> F64:
    with np.errstate(invalid="ignore"):  # signalling NaNs
        return array.astype(np.float64)
