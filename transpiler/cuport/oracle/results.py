"""What the oracle gives back: program runs, captures, replays, faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # a program's run needs no arrays
    from cuport.case import Array, Bound, Case, Dim3
    from cuport.diagnostic import Diagnostic

Schedule = Literal["forward", "reverse", "random"]
BuildKind = Literal["plain", "fma", "checked"]


@dataclass(frozen=True)
class ProgramResult:
    """One run of a whole program. Output is cut at a limit; `timed_out`: it was killed after `seconds`."""

    returncode: int  # negative: the signal that ended it
    stdout: str
    stderr: str
    timed_out: bool
    seconds: float
    faults: tuple[Fault, ...] = ()  # of a run in the checked build


@dataclass(frozen=True, eq=False)
class Capture:
    """A launch of the program: its case, and `case.buffers` as the program's own run left them."""

    case: Case
    outputs: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class CaptureReport:
    """All that one run of a program gave; `diagnostics` say which launches could not be kept, and why."""

    captures: tuple[Capture, ...]
    launches: int
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Fault:
    """Something the original does wrong.

    kind: out-of-bounds | uninitialised | misaligned | race | race-same-value (all write what is there already) |
    race-atomic (a plain read beside an atomic update) | divergent-barrier | warp-mask (a warp operation names lanes
    that do not take part) | deadlock | use-after-free | division-by-zero (of integers). `line` counts in the file
    `path` of the user; 0 where it is not known.
    """

    kind: str
    message: str
    line: int
    thread: Dim3
    block: Dim3
    path: str = ""
    kernel: str = ""

    @property
    def benign(self) -> bool:
        """Decides nothing by itself, as long as the result does not depend on the schedule."""
        return self.kind in ("race-same-value", "race-atomic", "division-by-zero")


@dataclass(frozen=True, eq=False)
class Replay:
    """One case run again: `outputs[i]` is `case.buffers[i]` afterwards; empty if `failure` says why there are none."""

    outputs: tuple[Array, ...]
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    failure: Diagnostic | None = None
    bounds: tuple[Bound | None, ...] = ()  # of the shadow build
