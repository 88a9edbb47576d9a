"""`Verdict`, its evidence, and the report over many of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from cuport.candidate import BuildRecord, Provenance
from cuport.diagnostic import Diagnostic
from cuport.exitcode import ExitCode


class Status(StrEnum):
    """Only the judge may say ACCEPTED."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    INCONCLUSIVE = "INCONCLUSIVE"  # it ran, but the evidence cannot tell right from wrong
    UNSUPPORTED = "UNSUPPORTED"  # a construct cuport says it cannot handle
    FAILED = "FAILED"  # a tool or the original failed, so nothing was decided


@dataclass(frozen=True)
class Counterexample:
    """The first differing element of the smallest failing case."""

    case: str  # its label
    case_digest: str
    seed: int
    buffer: str
    index: tuple[int, ...]
    expected: float | int
    got: float | int
    bound: float
    differing: int  # how many elements of this buffer differ
    elements: int
    launch: str = ""  # "grid (4,1,1) block (256,1,1) n=1023"
    replay: str = ""  # command line


@dataclass(frozen=True)
class Evidence:
    """What was really done for one verdict; everything needed to do it again."""

    oracle: str = "cpu"
    execution: str = ""  # gpu | compiled-cpu | interpreted
    builds: tuple[BuildRecord, ...] = ()
    domain: str = ""
    cases: int = 0
    shapes: int = 0
    elements: int = 0
    evidence_share: float = 0.0  # share of written elements whose bound makes them evidence
    worst_ratio: float = 0.0  # worst |error| / bound over all elements
    worst_where: str = ""
    nulls_rejected: tuple[str, ...] = ()
    nulls_survived: tuple[str, ...] = ()
    sandbox: str = ""
    seed: int = 0
    versions: tuple[tuple[str, str], ...] = ()
    digests: tuple[tuple[str, str], ...] = ()  # source, kernel, port, runtime, judge
    provenance: Provenance | None = None
    seconds: tuple[tuple[str, float], ...] = ()  # a stage's wall time
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """One kernel, one target."""

    source: str
    kernel: str
    target: str
    status: Status
    reason: str = ""  # one sentence
    evidence: Evidence = field(default_factory=Evidence)
    counterexample: Counterexample | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    cached: bool = False  # taken from the store, not judged in this run

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Report:
    """Verdicts of one run."""

    verdicts: tuple[Verdict, ...]
    diagnostics: tuple[Diagnostic, ...] = ()  # of files that gave no verdict at all

    @property
    def totals(self) -> dict[Status, int]:
        return {status: sum(v.status is status for v in self.verdicts) for status in Status}

    @property
    def exit_code(self) -> ExitCode:
        """Rejected wins over not decided; an empty report decided nothing."""
        if any(v.status is Status.REJECTED for v in self.verdicts):
            return ExitCode.REJECTED
        undecided = not self.verdicts or any(v.status is not Status.ACCEPTED for v in self.verdicts)
        if undecided or any(d.severity == "error" for d in self.diagnostics):
            return ExitCode.UNDECIDED
        return ExitCode.OK
