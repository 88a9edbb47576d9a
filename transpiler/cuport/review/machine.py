"""Reports for machines: JSON, SARIF 2.1.0 (code scanning), GitHub workflow commands."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import cuport
from cuport.diagnostic import Span
from cuport.review.text import counterexample_lines
from cuport.store.evidence import to_json
from cuport.verdict import Report, Status, Verdict


def json_text(report: Report, **more: Any) -> str:
    """The whole report, verdicts with their evidence."""
    body = {
        "schema": "cuport-report/1",
        "version": cuport.__version__,
        "totals": {str(k): v for k, v in report.totals.items()},
        "exit_code": int(report.exit_code),
        "verdicts": [v.to_dict() for v in report.verdicts],
        "diagnostics": [asdict(d) for d in report.diagnostics],
    }
    return to_json(body | more) + "\n"


_LEVEL = {"error": "error", "warning": "warning", "note": "note"}


def sarif_text(report: Report) -> str:
    """SARIF 2.1.0 with one result for everything that is not accepted, at the place it is about."""
    results = [_result(v.status.value.lower(), _level(v), _message(v), _span(v)) for v in _open(report)]
    results += [_result(d.code, _LEVEL[d.severity], str(d.message), d.span) for d in report.diagnostics]
    rules = sorted({r["ruleId"] for r in results})
    driver = {
        "name": "cuport",
        "version": cuport.__version__,
        "rules": [{"id": rule, "shortDescription": {"text": rule}} for rule in rules],
    }
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return to_json({"$schema": schema, "version": "2.1.0", "runs": [run]}) + "\n"


def github_text(report: Report) -> str:
    """Workflow commands: `::error file=...,line=...::message`."""
    lines = [_command(_level(v), v.status.value, _message(v), _span(v)) for v in _open(report)]
    lines += [_command(_LEVEL[d.severity], d.code, d.message, d.span) for d in report.diagnostics]
    return "".join(line + "\n" for line in lines)


def _open(report: Report) -> list[Verdict]:
    return [v for v in report.verdicts if v.status is not Status.ACCEPTED]


def _level(v: Verdict) -> str:
    return "error" if v.status is Status.REJECTED else "warning"


def _message(v: Verdict) -> str:
    head = f"{v.kernel} -> {v.target}: {v.status}: {v.reason}"
    return "\n".join([head, *(counterexample_lines(v.counterexample) if v.counterexample else [])])


def _span(v: Verdict) -> Span:
    spans = [d.span for d in v.diagnostics if d.span]
    return spans[0] if spans else Span(v.source, 1)


def _result(rule: str, level: str, message: str, span: Span | None) -> dict[str, Any]:
    result: dict[str, Any] = {"ruleId": rule, "level": level, "message": {"text": message}}
    if span is not None:
        region = {"startLine": max(span.line, 1), "startColumn": max(span.column, 1)}
        place = {"artifactLocation": {"uri": Path(span.path).as_posix()}, "region": region}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _command(level: str, title: str, message: str, span: Span | None) -> str:
    kind = {"error": "error", "warning": "warning"}.get(level, "notice")
    fields = {"title": f"cuport {title}"}
    if span is not None:
        fields |= {"file": span.path, "line": str(span.line), "col": str(span.column)}
    body = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    head = ",".join(f"{k}={_escape(v)}" for k, v in fields.items())
    return f"::{kind} {head}::{body}"


def _escape(value: str) -> str:
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        value = value.replace(char, code)
    return value
