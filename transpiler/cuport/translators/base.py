"""What a translator is: something that proposes ports. It never judges them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cuport.candidate import Candidate
from cuport.case import Case
from cuport.diagnostic import Diagnostic
from cuport.kernel import Kernel, Source
from cuport.verdict import Verdict


@dataclass(frozen=True)
class Attempt:
    """An earlier proposal and what became of it; `verdict.counterexample` and diagnostics are the feedback."""

    candidate: Candidate
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Request:
    """One kernel to port to one target.

    `cases` are sample launches: every template instance that occurs, each with real dtypes and sizes.
    `attempts` are earlier tries, oldest first. `accepted` is a port that already passed, where there is one.
    `domain` is the plan's one line on the relations that every launch keeps.
    """

    source: Source
    kernel: Kernel
    target: str
    cases: Sequence[Case]
    attempts: Sequence[Attempt] = ()
    accepted: Candidate | None = None
    domain: str = ""


@dataclass(frozen=True)
class Proposal:
    """A candidate, or the diagnostics that say why there is none (`unsupported.*`, `llm.*`)."""

    candidate: Candidate | None
    diagnostics: tuple[Diagnostic, ...] = ()


class Translator(Protocol):
    name: str  # file | rules | llm | command
    repairs: bool  # whether a failed attempt may be proposed again with feedback

    def propose(self, request: Request) -> Proposal:
        """Never raises for a kernel it cannot port: that is a Proposal with diagnostics."""
        ...
