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
