"""Which cases count: the original runs clean on them, and its result does not hang on the order of threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from cuport.case import Array, Case
from cuport.cases.profile import same_bytes
from cuport.diagnostic import Diagnostic
from cuport.kernel import Source


class FaultLike(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def path(self) -> str: ...
    @property
    def benign(self) -> bool: ...


class ReplayLike(Protocol):
    @property
    def outputs(self) -> tuple[Array, ...]: ...
    @property
    def faults(self) -> Sequence[FaultLike]: ...
    @property
    def failure(self) -> Diagnostic | None: ...


class OracleLike(Protocol):
    """The part of `cuport.oracle.Oracle` that choosing cases needs."""

    def replay(
        self,
        source: Source,
        cases: Sequence[Case],
        *,
        build: Literal["plain", "fma", "checked"] = "plain",
        schedule: Literal["forward", "reverse", "random"] = "forward",
        seed: int = 0,
        timeout: float = 60.0,
    ) -> Sequence[ReplayLike]: ...


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one case. `reason` is empty for a case that counts; `kind` sorts reasons."""

    case: Case
    kind: Literal["clean", "fault", "failed", "order"]
    reason: str = ""
    outputs: tuple[Array, ...] = ()
    fault: FaultLike | None = None
    failure: Diagnostic | None = None
    benign: bool = False

    @property
    def clean(self) -> bool:
        return self.kind == "clean"

    @property
    def writes(self) -> bool:
        """Whether the kernel changed anything."""
        return any(not same_bytes(a, b.data) for a, b in zip(self.outputs, self.case.buffers, strict=False))

    @property
    def no_nan(self) -> bool:
        """Whether no NaN came out that did not go in; infinities may be a mask."""
        pairs = zip(self.outputs, self.case.buffers, strict=False)
        return all(_has_nan(b.data) or not _has_nan(a) for a, b in pairs)

    @property
    def finite(self) -> bool:
        """Whether no NaN or infinity came out that did not go in."""
        pairs = zip(self.outputs, self.case.buffers, strict=False)
        return all(_finite(b.data) is False or _finite(a) is not False for a, b in pairs)


def check(oracle: OracleLike, source: Source, cases: Sequence[Case], *, timeout: float = 60.0) -> list[Outcome]:
    """Run the cases in the checked build and, those without faults, in opposite orders of threads.

    Raises CuportError where the original cannot be built.
    """
    if not cases:
        return []
    outcomes = [_of_replay(c, r) for c, r in zip(cases, _checked(oracle, source, cases, timeout), strict=True)]
    left = [i for i, o in enumerate(outcomes) if o.clean]
    again = [cases[i] for i in left]
    forward = oracle.replay(source, again, build="plain", schedule="forward", timeout=timeout) if again else []
    reverse = oracle.replay(source, again, build="plain", schedule="reverse", timeout=timeout) if again else []
    for index, one, other in zip(left, forward, reverse, strict=True):
        case = cases[index]
        failure = one.failure or other.failure
        if failure is not None:
            outcomes[index] = Outcome(case, "failed", failure.message, failure=failure)
        elif difference := _difference(case, one.outputs, other.outputs):
            outcomes[index] = Outcome(case, "order", difference)
        else:
            outcomes[index] = Outcome(case, "clean", outputs=one.outputs, benign=outcomes[index].benign)
    return outcomes


def _checked(oracle: OracleLike, source: Source, cases: Sequence[Case], timeout: float) -> list[ReplayLike]:
    """The cases in the checked build. One that does not end takes those behind it along: they get a second run."""
    replays = list(oracle.replay(source, cases, build="checked", timeout=timeout))
    late = [i for i, r in enumerate(replays) if r.failure is not None and r.failure.code.endswith("timeout")][1:]
    again = oracle.replay(source, [cases[i] for i in late], build="checked", timeout=timeout) if late else []
    for index, replay in zip(late, again, strict=True):
        replays[index] = replay
    return replays


def _of_replay(case: Case, replay: ReplayLike) -> Outcome:
    if replay.failure is not None:
        return Outcome(case, "failed", replay.failure.message, failure=replay.failure)
    serious = [f for f in replay.faults if not f.benign]
    if serious:
        return Outcome(case, "fault", f"{serious[0].kind}: {serious[0].message}", fault=serious[0])
    return Outcome(case, "clean", outputs=replay.outputs, benign=bool(replay.faults))


# Of the buffer's largest value: how far sums in another order may move.
_LOOSE = {"float16": 2e-2, "bfloat16": 8e-2, "float32": 2e-3, "float64": 1e-9}


def _difference(case: Case, a: Sequence[Array], b: Sequence[Array]) -> str:
    for buffer, one, other in zip(case.buffers, a, b, strict=False):
        if same_bytes(one, other):
            continue
        if one.dtype.names is not None or one.dtype.name not in _LOOSE:
            return f"`{buffer.name}` depends on the order of threads"
        x, y = one.astype(np.float64), other.astype(np.float64)
        with np.errstate(all="ignore"):
            size = np.nanmax(np.abs(np.where(np.isfinite(x), x, 0.0))) if x.size else 0.0
            apart = np.abs(x - y) > _LOOSE[one.dtype.name] * size
        same_nan = np.isnan(x) == np.isnan(y)
        same_infinity = np.isinf(x) == np.isinf(y)
        if bool((apart & np.isfinite(x) & np.isfinite(y)).any()) or not bool((same_nan & same_infinity).all()):
            return f"`{buffer.name}` depends on the order of threads"
    return ""


def _finite(data: Array) -> bool | None:
    """Whether all floats are finite; None for other data."""
    if data.dtype.names is not None or data.dtype.name not in _LOOSE:
        return None
    return bool(np.isfinite(data.astype(np.float64)).all())


def _has_nan(data: Array) -> bool:
    if data.dtype.names is not None or data.dtype.name not in _LOOSE:
        return False
    return bool(np.isnan(data.astype(np.float64)).any())
