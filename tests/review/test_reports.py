import io
import json
import xml.etree.ElementTree as ET

import pytest
from rich.console import Console

from cuport.candidate import BuildRecord
from cuport.diagnostic import Diagnostic, Span
from cuport.exitcode import ExitCode
from cuport.review.junit import junit_text
from cuport.review.machine import github_text, json_text, sarif_text
from cuport.review.text import print_report
from cuport.verdict import Counterexample, Evidence, Report, Status, Verdict

BUILDS = (
    BuildRecord("cuda:90", "compiled", True),
    BuildRecord("cuda:90", "compiled", True),
    BuildRecord("hip:gfx942", "compiled", False),
    BuildRecord("tpu", "lowered", True),
)
EXAMPLE = Counterexample(
    "n=33", "ab12", 0, "y", (32,), 1.5, float("nan"), 1e-6, 1, 33, "grid (2,1,1)", "cuport verify a.cu b.py --case ab12"
)
EVIDENCE = Evidence(execution="interpreted", cases=40, shapes=9, elements=12345, worst_ratio=0.5, builds=BUILDS)
ODD = "bad \x00\x1b[31m <tag> & [bold]markup[/bold] ::error:: %\n]]>"


def verdict(status: Status, reason: str = "", **more: object) -> Verdict:
    return Verdict("dir/a.cu", "k", "jax", status, reason, EVIDENCE, **more)  # type: ignore[arg-type]


def report(*statuses: Status) -> Report:
    return Report(tuple(verdict(s, "why not") for s in statuses))


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ((), ExitCode.UNDECIDED),
        ((Status.ACCEPTED,), ExitCode.OK),
        ((Status.ACCEPTED, Status.INCONCLUSIVE), ExitCode.UNDECIDED),
        ((Status.UNSUPPORTED, Status.REJECTED), ExitCode.REJECTED),
        ((Status.FAILED,), ExitCode.UNDECIDED),
    ],
)
def test_exit_codes(statuses: tuple[Status, ...], code: ExitCode) -> None:
    assert report(*statuses).exit_code is code


def test_a_file_without_a_verdict_is_not_a_pass() -> None:
    lost = Report(report(Status.ACCEPTED).verdicts, (Diagnostic("read.missing", "gone"),))
    assert lost.exit_code is ExitCode.UNDECIDED


def text_of(r: Report, *, detailed: bool) -> str:
    out = io.StringIO()
    print_report(Console(file=out, width=200, highlight=False), r, detailed=detailed)
    return out.getvalue()


def test_details_show_the_evidence_and_the_counterexample() -> None:
    text = text_of(Report((verdict(Status.REJECTED, "differs", counterexample=EXAMPLE),)), detailed=True)
    for part in ("REJECTED", "40 cases, 9 shapes, 12,345 elements", "in the hardened interpreter", "y[32]", "got nan"):
        assert part in text
    assert "compiled  for cuda:90 x2, hip:gfx942 FAILED" in text and "lowered   for tpu" in text
    assert "replay    cuport verify a.cu b.py --case ab12" in text


def test_foreign_text_is_shown_not_interpreted() -> None:
    bad = Report((verdict(Status.FAILED, ODD),), (Diagnostic("x.y", ODD, Span("a,b:c.cu", 3)),))
    for detailed in (True, False):
        assert "[bold]markup[/bold]" in text_of(bad, detailed=detailed)
    ET.fromstring(junit_text(bad))
    json.loads(json_text(bad))
    json.loads(sarif_text(bad))
    lines = github_text(bad).splitlines()
    assert len(lines) == 2 and all(line.startswith("::warning ") or line.startswith("::error ") for line in lines)
    assert "file=a%2Cb%3Ac.cu" in lines[1]


def test_junit_counts_rejections_as_failures_and_the_rest_as_errors() -> None:
    root = ET.fromstring(junit_text(report(*Status)))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "1", "3")


def test_sarif_points_at_the_span() -> None:
    at = Diagnostic("unsupported.texture", "no", Span("dir/a.cu", 7, 3))
    body = json.loads(sarif_text(Report((verdict(Status.UNSUPPORTED, "no", diagnostics=(at,)),))))
    result = body["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert (result["ruleId"], result["level"], place["region"]["startLine"]) == ("unsupported", "warning", 7)
    assert json.loads(sarif_text(report(Status.ACCEPTED)))["runs"][0]["results"] == []


def test_a_table_for_many_lists_every_kernel_once() -> None:
    text = text_of(report(*[Status.ACCEPTED] * 9), detailed=False)
    assert text.count("dir/a.cu") == 9 and "9 accepted" in text
