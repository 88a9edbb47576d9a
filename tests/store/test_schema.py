import json
from pathlib import Path

import jsonschema
import pytest

from cuport.candidate import BuildRecord, Provenance
from cuport.diagnostic import Diagnostic, Span
from cuport.store.evidence import evidence_schema, evidence_text
from cuport.verdict import Counterexample, Evidence, Status, Verdict

SCHEMA = Path(__file__).parents[2] / "docs" / "evidence.schema.json"


def full_verdict() -> Verdict:
    evidence = Evidence(
        builds=(BuildRecord("cuda:90", "compiled", True),),
        cases=3,
        worst_ratio=float("inf"),
        versions=(("torch", "2"),),
        provenance=Provenance("rules"),
        seconds=(("plan", 0.5),),
    )
    example = Counterexample("n=0", "d", 1, "x", (3, 1), float("nan"), 1, 0.5, 1, 10)
    diagnostic = Diagnostic("judge.note", "text", Span("a.cu", 1), severity="note")
    return Verdict("a.cu", "k", "jax", Status.REJECTED, "differs", evidence, example, (diagnostic,))


def test_the_documented_schema_is_the_programs() -> None:
    """`python -m cuport.store.evidence > docs/evidence.schema.json` updates it."""
    assert json.loads(SCHEMA.read_text()) == evidence_schema()


def test_an_evidence_file_satisfies_the_schema() -> None:
    body = json.loads(
        evidence_text("a.cu", "jax", "0" * 64, [full_verdict(), Verdict("a.cu", "k", "jax", Status.ACCEPTED)])
    )
    jsonschema.validate(body, evidence_schema())


@pytest.mark.parametrize("change", [{"status": "FINE"}, {"evidence": {"cases": "many"}}, {"reason": None}])
def test_the_schema_refuses_other_things(change: dict[str, object]) -> None:
    body = json.loads(evidence_text("a.cu", "jax", "0" * 64, [full_verdict()]))
    body["verdicts"][0] |= change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, evidence_schema())
