"""Reports for people: a few lines a verdict, a table for many, totals. Plain text where stdout is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cuport.verdict import Counterexample, Evidence, Report, Status, Verdict

STYLE = {
    Status.ACCEPTED: "bold green",
    Status.REJECTED: "bold red",
    Status.INCONCLUSIVE: "bold yellow",
    Status.UNSUPPORTED: "bold cyan",
    Status.FAILED: "bold magenta",
}


def verdict_lines(verdict: Verdict) -> RenderableType:
    """One verdict with its evidence in a few lines."""
    head = Text()
    head.append(f"{verdict.status:<12}", STYLE[verdict.status])
    head.append(f" {verdict.kernel}", "bold")
    head.append(f" -> {verdict.target}")
    if verdict.cached:
        head.append("  (unchanged, from the store)", "dim")
    lines: list[RenderableType] = [head]
    if verdict.status is not Status.ACCEPTED and verdict.reason:
        lines.append(_indented(verdict.reason))
    if verdict.status is Status.ACCEPTED or verdict.evidence.cases:
        lines += [_indented(line) for line in evidence_lines(verdict.evidence)]
    if verdict.counterexample:
        lines += [_indented(line) for line in counterexample_lines(verdict.counterexample)]
    for d in verdict.diagnostics:
        if d.message != verdict.reason or d.hint or d.span:
            where = f"{d.span}: " if d.span else ""
            lines.append(_indented(f"{where}{d.message} [{d.code}]"))
            if d.hint:
                lines.append(_indented(f"  hint: {d.hint}"))
    return Group(*lines)


def evidence_lines(e: Evidence) -> list[str]:
    """What was really done, in at most six lines."""
    ran = {"interpreted": "in the hardened interpreter", "compiled-cpu": "compiled for this CPU", "gpu": "on the GPU"}
    lines = []
    if e.cases:
        how = ran.get(e.execution, e.execution or "not run")
        lines.append(
            f"ran       beside the original ({e.oracle} oracle) {how}: "
            f"{_n(e.cases, 'case')}, {_n(e.shapes, 'shape')}, {_n(e.elements, 'element')}"
        )
    if e.domain:
        lines.append(f"domain    {e.domain}")
    if e.cases:
        where = f" ({e.worst_where})" if e.worst_where else ""
        share = f"{100 * e.evidence_share:.1f} % of elements are evidence"
        lines.append(f"errors    worst {e.worst_ratio:.2f} of its bound{where}; {share}")
    if e.nulls_rejected or e.nulls_survived:
        survived = f"; NOT told apart: {', '.join(e.nulls_survived)}" if e.nulls_survived else ""
        lines.append(f"self-test told apart from {', '.join(e.nulls_rejected) or 'nothing'}{survived}")
    lines += [f"{kind:<9} {what}" for kind, what in _builds(e)]
    if e.sandbox:
        lines.append(f"sandbox   {e.sandbox}")
    lines += [f"note      {note}" for note in e.notes]
    return lines


def counterexample_lines(c: Counterexample) -> list[str]:
    index = ", ".join(map(str, c.index))
    return [
        f"first difference: {c.buffer}[{index}] expected {_number(c.expected)} got {_number(c.got)} "
        f"(allowed error {c.bound:.3g}); {c.differing} of {c.elements} elements differ",
        f"in case: {c.case}" + (f", {c.launch}" if c.launch else ""),
        *([f"replay: {c.replay}"] if c.replay else []),
    ]


def table(verdicts: Sequence[Verdict]) -> Table:
    """One row a verdict."""
    out = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    for name, style in (("source", ""), ("kernel", "bold"), ("target", ""), ("verdict", "")):
        out.add_column(name, style=style, overflow="fold", no_wrap=name in ("target", "verdict"))
    out.add_column("cases", justify="right")
    out.add_column("worst/bound", justify="right")
    out.add_column("why", overflow="fold")
    for v in sorted(verdicts, key=lambda v: (v.source, v.kernel, v.target)):
        ran = v.evidence.cases > 0
        out.add_row(
            escape(_short(v.source)),
            escape(v.kernel),
            v.target,
            Text(str(v.status), STYLE[v.status]),
            str(v.evidence.cases) if ran else "",
            f"{v.evidence.worst_ratio:.2f}" if ran else "",
            Text(_why(v)),
        )
    return out


def totals_line(report: Report) -> Text:
    """`12 accepted, 1 rejected`, and how many came from the store."""
    out = Text()
    for status, count in report.totals.items():
        if count:
            out.append(f"{', ' if out else ''}{count} {status.value.lower()}", STYLE[status])
    if not out:
        out.append("nothing was judged", "yellow")
    cached = sum(v.cached for v in report.verdicts)
    if cached:
        out.append(f"  ({cached} unchanged, from the store)", "dim")
    return out


def print_report(console: Console, report: Report, *, detailed: bool) -> None:
    """Details for a few verdicts, a table for many."""
    if report.verdicts:
        if detailed:
            for verdict in report.verdicts:
                console.print(verdict_lines(verdict))
        else:
            console.print(table(report.verdicts))
            for verdict in report.verdicts:
                if verdict.status is Status.REJECTED:
                    console.print(verdict_lines(verdict))
    console.print(totals_line(report))


def _builds(e: Evidence) -> list[tuple[str, str]]:
    rows = []
    for kind in ("compiled", "lowered"):
        names: dict[str, list[bool]] = {}
        for record in e.builds:
            if record.kind == kind:
                names.setdefault(record.platform, []).append(record.ok)
        if names:
            said = [
                f"{n}{'' if all(ok) else ' FAILED'}" + (f" x{len(ok)}" if len(ok) > 1 else "")
                for n, ok in names.items()
            ]
            rows.append((kind, "for " + ", ".join(said)))
    return rows


def _why(v: Verdict) -> str:
    if v.status is Status.ACCEPTED:
        return "from the store" if v.cached else ""
    return v.reason if len(v.reason) < 160 else v.reason[:157] + "..."


def _indented(line: str) -> Text:
    return Text(f"    {line}", overflow="fold")


def _short(path: str) -> str:
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return path


def _number(value: float | int) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _n(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}".replace(",", " ")
