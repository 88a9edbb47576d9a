"""Verdicts as JSON and back. docs/evidence.schema.json describes the file that stands beside a port.

JSON has no NaN and no infinity; they are written as the strings "nan", "inf", "-inf".
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cuport.verdict import Verdict

SCHEMA = "cuport-evidence/1"


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """Strict JSON text of plain data."""
    return json.dumps(_strict(value), indent=indent, allow_nan=False)


def evidence_text(source: str, target: str, port_digest: str, verdicts: Sequence[Verdict]) -> str:
    """The evidence file of one port: what was judged, and each kernel's verdict."""
    body = {
        "schema": SCHEMA,
        "source": source,
        "target": target,
        "port_sha256": port_digest,
        "verdicts": [verdict.to_dict() for verdict in verdicts],
    }
    return to_json(body) + "\n"


def verdict_from(body: dict[str, Any]) -> Verdict | None:
    """A Verdict from what `Verdict.to_dict` gave and JSON carried, or None where it is not one."""
    try:
        return _adapter().validate_python(body)
    except ValidationError:
        return None


@cache
def _adapter() -> TypeAdapter[Verdict]:
    return TypeAdapter(Verdict)


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(k): _strict(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(v) for v in value]
    return value


def evidence_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the evidence file; docs/evidence.schema.json is this, and a test holds it there."""
    verdict = _adapter().json_schema(ref_template="#/$defs/{model}", mode="serialization")
    defs = verdict.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cuport evidence of one port",
        "type": "object",
        "required": ["schema", "source", "target", "port_sha256", "verdicts"],
        "additionalProperties": False,
        "properties": {
            "schema": {"const": SCHEMA},
            "source": {"type": "string", "description": "name of the .cu file"},
            "target": {"type": "string"},
            "port_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "verdicts": {"type": "array", "items": {"$ref": "#/$defs/Verdict"}},
        },
        "$defs": _with_named_infinities(defs) | {"Verdict": _with_named_infinities(verdict)},
    }


def _with_named_infinities(schema: Any) -> Any:
    """Numbers may also be the strings that stand for what JSON cannot write."""
    if isinstance(schema, list):
        return [_with_named_infinities(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    body = {k: _with_named_infinities(v) for k, v in schema.items()}
    if body.get("type") == "number":
        return {"anyOf": [body, {"enum": ["nan", "inf", "-inf"]}]}
    return body


if __name__ == "__main__":
    print(to_json(evidence_schema()))
