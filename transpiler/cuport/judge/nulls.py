"""Null candidates: wrong answers that need no knowledge of the kernel, on the very data that the port was judged on.

Each must be rejected by the same comparison, over all cases together; if one is not, neither is the port accepted,
since the data could not have told. A null that *is* the right answer on every case (the kernel clears memory; it fills
with a constant) is no wrong candidate, provided that the data would have shown a kernel that does nothing.

Nulls change written elements only: a buffer that is longer than what the kernel writes must not give them away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cuport.case import Array
from cuport.judge.compare import compare
from cuport.judge.elements import Path, leaf
from cuport.judge.settings import JudgeSettings
from cuport.judge.yardstick import Channel, Yardstick

Change = Callable[[Channel, Sequence[Yardstick], int], Array | None]


@dataclass(frozen=True)
class NullReport:
    """Names of nulls by what became of them. `equal`: the right answer on every case; `absent`: could not be made."""

    rejected: tuple[str, ...]
    survived: tuple[str, ...]
    equal: tuple[str, ...]
    absent: tuple[str, ...]


def zeros(channel: Channel, all_: Sequence[Yardstick], at: int) -> Array | None:
    """What a port gives that never computed anything."""
    return np.zeros_like(channel.expected)


def untouched(channel: Channel, all_: Sequence[Yardstick], at: int) -> Array | None:
    """The data as it was."""
    return channel.initial


def previous(channel: Channel, all_: Sequence[Yardstick], at: int) -> Array | None:
    """The answer of another case with the same shape, as a port gives that remembers."""
    for step in range(1, len(all_)):
        other = all_[at - step]
        for theirs in other.channels:
            same_place = theirs.buffer == channel.buffer and theirs.path == channel.path
            if same_place and theirs.shape == channel.shape and theirs.expected.dtype == channel.expected.dtype:
                return theirs.expected
    return None


def shifted(channel: Channel, all_: Sequence[Yardstick], at: int) -> Array | None:
    """Every written element holds its neighbour's result."""
    result = channel.expected.copy()
    result[channel.written] = np.roll(channel.expected[channel.written], 1)
    return result


def scaled(channel: Channel, all_: Sequence[Yardstick], at: int) -> Array | None:
    """Numbers a little off: one in ten thousand, or four units of a format that does not have so many digits."""
    if channel.format is None:
        return None
    factor = 1 + max(1e-4, 8 * channel.format.unit)
    with np.errstate(invalid="ignore", over="ignore"):
        off: Array = (channel.expected.astype(np.float64) * factor).astype(channel.expected.dtype)
    return off


NULLS: tuple[tuple[str, Change], ...] = (
    ("zeros", zeros),
    ("unchanged data", untouched),
    ("another case's answer", previous),
    ("neighbour's answer", shifted),
    ("scaled by 1.0001", scaled),
)


def try_nulls(measures: Sequence[Yardstick], settings: JudgeSettings) -> NullReport:
    """Which nulls the cases tell apart. `measures` are the cases that may reject, smallest first."""
    found: dict[str, list[str]] = {"rejected": [], "survived": [], "equal": [], "absent": []}
    for name, change in NULLS:
        found[_one(change, measures, settings)].append(name)
    # Being right everywhere is believed only where a kernel that writes nothing would have been seen.
    if "unchanged data" not in found["rejected"] or not _varied(measures):
        found["survived"] += found["equal"]
        found["equal"] = []
    return NullReport(*(tuple(found[k]) for k in ("rejected", "survived", "equal", "absent")))


def _one(change: Change, measures: Sequence[Yardstick], settings: JudgeSettings) -> str:
    made = different = False
    for at, measure in enumerate(measures):
        outputs, differs = _outputs(change, measures, at)
        if outputs is None:
            continue
        made = True
        if not differs:
            continue
        different = True
        comparison = compare(measure, outputs, settings)
        between, free = comparison.between
        if comparison.rejects or between > settings.most_between * max(1, free):
            return "rejected"
    if not made:
        return "absent"
    return "survived" if different else "equal"


def _outputs(change: Change, measures: Sequence[Yardstick], at: int) -> tuple[list[Array] | None, bool]:
    """The null's buffers for one case, and whether they differ from the original's at all."""
    measure = measures[at]
    outputs = [a.copy() for a in measure.reference.outputs]
    made = differs = False
    for channel in measure.channels:
        if not bool(channel.written.any()):
            continue
        wanted = change(channel, measures, at)
        if wanted is None:
            continue
        made = True
        result = np.where(channel.written, wanted, channel.expected).astype(channel.expected.dtype)
        differs |= result.tobytes() != channel.expected.tobytes()
        _put(outputs[channel.buffer], channel.path, result)
    return (outputs if made else None), differs


def _put(array: Array, path: Path, flat: Array) -> None:
    """Store a channel's scalars back into its buffer; opaque bytes stay as they are."""
    target = array
    for name in path:
        target = target[name]
    if target.size == flat.size and target.dtype == flat.dtype:
        target[...] = flat.reshape(target.shape)


def _varied(measures: Sequence[Yardstick]) -> bool:
    """Whether some case has data that is neither zero nor all the same."""
    return any(
        leaf(b.data, ()).size > 1 and np.unique(np.ascontiguousarray(b.data).view(np.uint8)).size > 1
        for m in measures
        for b in m.reference.case.buffers
        if b.data.dtype.names is None and b.data.dtype.itemsize
    )
