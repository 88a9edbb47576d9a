"""Compare one case's outputs with its yardstick, scalar by scalar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cuport.case import Array
from cuport.judge.elements import Mask
from cuport.judge.settings import JudgeSettings
from cuport.judge.yardstick import Channel, Yardstick, within


@dataclass(frozen=True, eq=False)
class ChannelResult:
    """`differs` rejects; `between` is what no bound decides; `gross` differs plainly where nothing is decided."""

    channel: Channel
    got: Array
    differs: Mask
    between: Mask
    gross: Mask
    ratio: float  # worst |error| / bound among decided elements
    worst: int  # its flat index; -1 where there is none


@dataclass(frozen=True, eq=False)
class Comparison:
    """One case. `malformed` says why the outputs could not be compared at all.

    `excused`: differences that near ties can have moved to elements without a mark; no more than were counted.
    """

    yardstick: Yardstick
    results: tuple[ChannelResult, ...] = ()
    malformed: str = ""
    excused: int = 0

    @property
    def differing(self) -> int:
        return sum(int(r.differs.sum()) for r in self.results)

    @property
    def rejects(self) -> bool:
        return bool(self.malformed) or self.differing > self.excused

    @property
    def between(self) -> tuple[int, int]:
        """Elements that nothing decides, and all written ones that have no bound."""
        found = sum(int(r.between.sum()) for r in self.results)
        return found, sum(int(r.channel.written.sum()) for r in self.results if not r.channel.bounded)

    @property
    def first(self) -> tuple[ChannelResult, int] | None:
        """The first differing scalar: by buffer, then by position."""
        for result in self.results:
            if bool(result.differs.any()):
                return result, int(np.argmax(result.differs))
        return None


@np.errstate(all="ignore")  # data may hold anything
def compare(measure: Yardstick, outputs: Sequence[Array], settings: JudgeSettings) -> Comparison:
    """Judge a port's buffers on one case. Never raises for outputs of a wrong number, shape or dtype."""
    buffers = measure.reference.case.buffers
    if len(outputs) != len(buffers):
        return Comparison(measure, malformed=f"{len(outputs)} buffers came back instead of {len(buffers)}")
    for buffer, array in zip(buffers, outputs, strict=True):
        if array.shape != buffer.data.shape or array.dtype != buffer.data.dtype:
            got, wanted = f"{array.dtype}{list(array.shape)}", f"{buffer.data.dtype}{list(buffer.data.shape)}"
            return Comparison(measure, malformed=f"`{buffer.name}` came back as {got} instead of {wanted}")
    results = tuple(_channel(channel, channel.of(outputs), settings) for channel in measure.channels)
    total = sum(int(r.differs.sum()) for r in results)
    return Comparison(measure, results, excused=total if total <= measure.doubtful else 0)


def _channel(channel: Channel, got: Array, settings: JudgeSettings) -> ChannelResult:
    nothing = np.zeros(got.shape, np.bool_)
    if channel.format is None:
        wrong = ~within(channel, got, channel.near)
        differs = wrong & ~channel.doubt
        between = nothing
        if not channel.bounded and int(differs.sum()) <= settings.most_between * max(1, int(channel.written.sum())):
            # Isolated flips of a decision on floating data that no shadow watched.
            differs, between = nothing, differs & channel.written
        return ChannelResult(channel, got, differs, between, wrong & channel.doubt & channel.written, 0.0, -1)
    good = within(channel, got, channel.near)
    differs = ~good & ~channel.doubt
    between = nothing
    if not channel.bounded:
        differs = ~within(channel, got, channel.far) & ~channel.doubt
        between = ~good & ~differs & ~channel.doubt
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        seen = got.astype(np.float64)
        error = np.abs(seen - channel.value)
        gross = channel.doubt & channel.written & ~(error <= settings.evidence_width * channel.scale)
        gross &= ~((np.isnan(seen) & np.isnan(channel.value)) | (seen == channel.value))
        gross &= ~good | ~np.isfinite(channel.near)
        decided = channel.touched & ~channel.doubt & np.isfinite(channel.value) & (channel.near > 0)
        if channel.format.narrow:
            # The last rounding is no error; what is left of it beyond half an ulp is.
            error = np.maximum(0.0, error - channel.format.unit * np.abs(channel.value) - 2.0**-25)
        ratios = np.where(decided, error / channel.near, 0.0)
        ratios = np.where(np.isnan(ratios), np.inf, ratios)
    worst = int(np.argmax(ratios)) if ratios.size else -1
    return ChannelResult(channel, got, differs, between, gross, float(ratios[worst]) if worst >= 0 else 0.0, worst)
