"""Reports for people: a few lines a verdict, a table for many, totals. Plain text where stdout is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cuport.review.screen import Row, printable
from cuport.verdict import Counterexample, Evidence, Report, Status, Verdict

STYLE = {
    Status.ACCEPTED: "bold green",
    Status.REJECTED: "bold red",
    Status.INCONCLUSIVE: "bold yellow",
    Status.UNSUPPORTED: "bold cyan",
    Status.FAILED: "bold magenta",
}


def verdict_lines(verdict: Verdict, *, with_source: bool = False) -> RenderableType:
    """One verdict in a few lines: what it is, why, the first difference, then the evidence."""
    head = Text(no_wrap=True, overflow="ignore")
    head.append(f"{verdict.status:<12}", STYLE[verdict.status])
    if with_source:
        head.append(f" {printable(short(verdict.source))}")
    head.append(f" {printable(verdict.kernel)}", "bold")
    head.append(f" -> {verdict.target}")
    if verdict.cached:
        head.append("  (unchanged, from the store)", "dim")
    lines: list[RenderableType] = [head]
    if verdict.status is not Status.ACCEPTED and verdict.reason not in [d.message for d in verdict.diagnostics]:
        lines.append(Row("", verdict.reason))
    if verdict.counterexample:
        lines += [_row(line) for line in counterexample_lines(verdict.counterexample)]
    for d in verdict.diagnostics:
        where = f"{d.span}: " if d.span else ""
        lines.append(Row("", f"{where}{d.message} [{d.code}]"))
        if d.hint:
            lines.append(Row("  hint:", d.hint, width=8))
    if verdict.status is Status.ACCEPTED or verdict.evidence.cases:
        lines += [_row(line) for line in evidence_lines(verdict.evidence)]
    return Group(*lines)


def evidence_lines(e: Evidence) -> list[str]:
    """What was really done, in a few lines; each begins with its label, padded to ten columns."""
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
    """The first differing element, the launch, and the command that shows it again; labelled like evidence."""
    index = ", ".join(map(str, c.index))
    return [
        f"differs   {c.buffer}[{index}] expected {_number(c.expected)} got {_number(c.got)} "
        f"(allowed error {c.bound:.3g}); {c.differing:,} of {c.elements:,} elements differ",
        f"in case   {c.case}" + (f": {c.launch}" if c.launch else ""),
        *([f"replay    {c.replay}"] if c.replay else []),
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
            escape(printable(short(v.source))),
            escape(printable(v.kernel)),
            v.target,
            Text(str(v.status), STYLE[v.status]),
            str(v.evidence.cases) if ran else "",
            f"{v.evidence.worst_ratio:.2f}" if ran else "",
            Text(printable(_why(v))),
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
    many = len({v.source for v in report.verdicts}) > 1
    shown = report.verdicts
    if shown and not detailed:
        console.print(table(shown))
        shown = tuple(v for v in shown if v.status is Status.REJECTED)
    for verdict in shown:
        console.print(verdict_lines(verdict, with_source=many), crop=False)
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


def _row(line: str) -> Row:
    label, text = line[:10], line[10:]
    return Row(label, text, whole=label.strip() == "replay")


def short(path: str) -> str:
    """A path as seen from here, where it lies below."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return path


def _number(value: float | int) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _n(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
