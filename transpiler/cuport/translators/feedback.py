"""From a verdict to what a translator is told: the failures that it can act on, trimmed, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cuport.candidate import BuildRecord
from cuport.diagnostic import Diagnostic
from cuport.providers.redact import plain
from cuport.translators.base import Attempt
from cuport.verdict import Counterexample, Verdict

_LONGEST = 2400  # characters of one tool's message
_MOST_READ = 200_000
_MOST_VIOLATIONS = 8
_MOST_EARLIER = 5
_REPEATED = re.compile(r"^(.*\n)\1{2,}", re.MULTILINE)


@dataclass(frozen=True)
class Violation:
    """One thing the port may not do. `line` is the port's, 0 where unknown."""

    message: str
    hint: str = ""
    line: int = 0


@dataclass(frozen=True)
class Points:
    """What became of the last attempt. `failure` is the message of a port that raised, crashed or hung."""

    attempt: int
    summary: str
    violations: tuple[Violation, ...] = ()
    builds: tuple[BuildRecord, ...] = ()
    failure: str = ""
    counterexample: Counterexample | None = None
    notes: tuple[str, ...] = ()


def points_of(attempts: Sequence[Attempt]) -> Points:
    """Feedback on the last of `attempts`."""
    verdict = attempts[-1].verdict
    errors = [d for d in verdict.diagnostics if d.severity == "error"]
    builds = _builds(verdict)
    failures = [d for d in errors if d.code.startswith(_RAN) and d.code != _CONTRACT]
    said_elsewhere = tuple(failures) if not builds else (*failures, *(d for d in errors if d.code.startswith(_BUILT)))
    violations = [d for d in errors if d not in said_elsewhere]
    survived = verdict.evidence.nulls_survived
    notes = (f"The comparison could not tell it from: {', '.join(survived)}.",) if survived else ()
    return Points(
        attempt=len(attempts),
        summary=trimmed(verdict.reason, 200 if said_elsewhere else 600),
        violations=tuple(
            Violation(trimmed(d.message, 600), _launch(d), d.span.line if d.span else 0)
            for d in violations[:_MOST_VIOLATIONS]
        ),
        builds=builds,
        failure=trimmed("\n".join(map(_told, failures))),
        counterexample=verdict.counterexample,
        notes=notes,
    )


# Codes of the judge's diagnostics, by what they say of a port; all others are violations of contract or policy.
_RAN, _BUILT, _CONTRACT = "port.", "build.", "port.contract"


def _told(diagnostic: Diagnostic) -> str:
    line = f"line {diagnostic.span.line}: " if diagnostic.span else ""
    launch = _launch(diagnostic)
    return f"{line}{diagnostic.message}" + (f"\n({launch})" if launch else "")


def _launch(diagnostic: Diagnostic) -> str:
    """A hint without the command that is for people."""
    return trimmed(diagnostic.hint.partition("; replay:")[0], 300)


def earlier_of(attempts: Sequence[Attempt]) -> tuple[str, ...]:
    """One line an attempt before the last: so that a repair does not go back to what failed."""
    lines = []
    for number, attempt in enumerate(attempts[:-1], 1):
        reason = " ".join(trimmed(attempt.verdict.reason, 200).split())
        lines.append(f"attempt {number}: {reason or attempt.verdict.status}")
    return tuple(lines[-_MOST_EARLIER:])


def trimmed(text: str, limit: int = _LONGEST) -> str:
    """Foreign text, printable, its middle left out beyond `limit`: tools put the place first and the reason last."""
    if len(text) > _MOST_READ:
        text = text[: _MOST_READ // 2] + "\n" + text[-_MOST_READ // 2 :]
    text = _REPEATED.sub(r"\1[the same line again and again]\n", plain(text) + "\n").strip()
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 5, limit * 3 // 5
    return f"{text[:head].rstrip()}\n[... {len(text) - head - tail} characters left out ...]\n{text[-tail:].lstrip()}"


def _builds(verdict: Verdict) -> tuple[BuildRecord, ...]:
    """One failure a message: the same error for every specialisation and platform, told apart by its end, is one."""
    found: dict[tuple[str, str], BuildRecord] = {}
    for record in verdict.evidence.builds:
        if not record.ok:
            detail = trimmed(record.detail) or "no message"
            found.setdefault((record.kind, detail[-80:]), BuildRecord(record.platform, record.kind, False, detail))
    return tuple(found.values())[:3]
