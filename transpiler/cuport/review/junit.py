"""A report as JUnit XML, which CI systems read: REJECTED is a failure, whatever was not decided is an error."""

from __future__ import annotations

import re

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from cuport.review.text import counterexample_lines, evidence_lines
from cuport.verdict import Report, Status, Verdict

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(report: Report) -> str:
    """JUnit XML: one suite a source and target, one case a kernel; messages of files without verdicts are errors."""
    xml = JUnitXml("cuport")
    suites: dict[tuple[str, str], TestSuite] = {}
    for verdict in report.verdicts:
        key = (verdict.source, verdict.target)
        if key not in suites:
            suites[key] = TestSuite(f"{verdict.source} [{verdict.target}]")
        suites[key].add_testcase(_case(verdict))
    for suite in suites.values():
        xml.add_testsuite(suite)
    errors = [d for d in report.diagnostics if d.severity == "error"]
    if errors:
        suite = TestSuite("cuport: files without a verdict")
        for d in errors:
            case = TestCase(d.span.path if d.span else d.code)
            case.result = [Error(_clean(str(d)), d.code)]
            suite.add_testcase(case)
        xml.add_testsuite(suite)
    xml.update_statistics()
    body: bytes = xml.tostring()
    return body.decode()


def _case(verdict: Verdict) -> TestCase:
    case = TestCase(verdict.kernel, classname=f"{verdict.source}.{verdict.target}")
    case.time = sum(seconds for _, seconds in verdict.evidence.seconds)
    case.system_out = _clean("\n".join(evidence_lines(verdict.evidence)))
    if verdict.status is Status.ACCEPTED:
        return case
    detail = [verdict.reason]
    if verdict.counterexample:
        detail += counterexample_lines(verdict.counterexample)
    detail += [str(d) for d in verdict.diagnostics]
    kind = Failure if verdict.status is Status.REJECTED else Error
    result = kind(_clean(verdict.reason), str(verdict.status))
    result.text = _clean("\n".join(detail))
    case.result = [result]
    return case


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)
