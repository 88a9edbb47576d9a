"""The files of one job, and how both sides read and write them. Nothing is pickled.

job.json      what to run: target worker, mode, contract, calls, places in the two data files    (read-only)
port.py       the candidate                                                                      (read-only)
inputs.bin    buffers before each launch; equal contents are stored once                         (read-only)
out/outputs.bin   buffers after each launch, at places that the parent fixed beforehand
out/status.bin    one slot for the start and one a case: state, failure kind, line, message
out/records.jsonl build records and notes
tmp/          HOME, TMPDIR and every cache of the child
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from typing import Any, get_args

from cuport.candidate import BuildRecord, Failure, FailureKind
from cuport.sandbox.call import Call, DType, Extra, Field, Items, Raw, Records, Scalar, StructValue, Value, View
from cuport.sandbox.contract import Contract

ALIGN = 64
RECORDS_BYTES = 1 << 20
SLOT_BYTES = 4096
_SLOT = struct.Struct("<BxiH")
_KINDS: tuple[FailureKind, ...] = get_args(FailureKind)


class State(IntEnum):
    """Of the start, or of one case."""

    WAITING = 0
    RUNNING = 1
    DONE = 2
    FAILED = 3


@dataclass(frozen=True)
class Place:
    """Bytes in a data file."""

    offset: int
    nbytes: int


@dataclass(frozen=True, eq=False)
class Job:
    """`inputs[i]` and `outputs[i]` are the places of call i's buffers. The calls carry no buffers in the file."""

    worker: str
    mode: str
    device: str
    contract: Contract
    calls: tuple[Call, ...]
    inputs: tuple[tuple[Place, ...], ...]
    outputs: tuple[tuple[Place, ...], ...]

    @property
    def output_bytes(self) -> int:
        return max((place.offset + place.nbytes for call in self.outputs for place in call), default=0)

    @property
    def status_bytes(self) -> int:
        return slot_offset(len(self.calls), len(self.calls) + 1)


def places(sizes: Sequence[Sequence[int]]) -> tuple[tuple[Place, ...], ...]:
    """Aligned places for every buffer of every call, one after another."""
    offset, found = 0, []
    for call in sizes:
        row = []
        for nbytes in call:
            row.append(Place(offset, nbytes))
            offset += -(-nbytes // ALIGN) * ALIGN
        found.append(tuple(row))
    return tuple(found)


def dump(job: Job) -> str:
    """The job as JSON; floats round-trip exactly, NaN and infinities included."""
    head = {"worker": job.worker, "mode": job.mode, "device": job.device, "contract": asdict(job.contract)}
    calls = [
        {
            "index": call.index,
            "args": [_encode(value) for value in call.args],
            "extras": {name: _encode(value) for name, value in call.extras.items()},
            "inputs": [[p.offset, p.nbytes] for p in job.inputs[i]],
            "outputs": [[p.offset, p.nbytes] for p in job.outputs[i]],
        }
        for i, call in enumerate(job.calls)
    ]
    return json.dumps({**head, "calls": calls})


def load(text: str, data: Raw) -> Job:
    """The job, its calls' buffers cut out of `data` (the bytes of inputs.bin)."""
    raw = json.loads(text)
    told = raw["contract"]
    pairs = {key: tuple((a, b) for a, b in told[key]) for key in ("templates", "globals")}
    contract = Contract(told["kernel"], told["function"], tuple(told["params"]), **pairs)
    calls, inputs, outputs = [], [], []
    for call in raw["calls"]:
        inputs.append(tuple(Place(*p) for p in call["inputs"]))
        outputs.append(tuple(Place(*p) for p in call["outputs"]))
        buffers = tuple(data[p.offset : p.offset + p.nbytes] for p in inputs[-1])
        args = tuple(_decode(value) for value in call["args"])
        extras = {name: _decode(value) for name, value in call["extras"].items()}
        calls.append(Call(call["index"], contract.params, args, extras, buffers))
    return Job(raw["worker"], raw["mode"], raw["device"], contract, tuple(calls), tuple(inputs), tuple(outputs))


def _encode(value: Value | Extra) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, tuple):
        return {"dim3": list(value)}
    if isinstance(value, StructValue):
        return {"struct": [value.name, [[name, _encode(inner)] for name, inner in value.fields]]}
    if isinstance(value, Items):
        return {"items": [_encode(inner) for inner in value.items]}
    return {type(value).__name__: {field.name: getattr(value, field.name) for field in fields(value)} | _inner(value)}


def _inner(value: Scalar | DType | View | Records) -> dict[str, Any]:
    return {"fields": [asdict(field) for field in value.fields]} if isinstance(value, Records) else {}


def _decode(raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    (kind, told), *_ = raw.items()
    if kind == "dim3":
        return tuple(told)
    if kind == "struct":
        return StructValue(told[0], tuple((name, _decode(inner)) for name, inner in told[1]))
    if kind == "items":
        return Items(tuple(_decode(inner) for inner in told))
    if kind == "Records":
        members = tuple(Field(**{**field, "shape": tuple(field["shape"])}) for field in told["fields"])
        return Records(**{**told, "fields": members})
    return {"Scalar": Scalar, "DType": DType, "View": View}[kind](**told)


def slot_offset(cases: int, index: int) -> int:
    """Where slot `index` stands in status.bin; slot 0 is the start's, slot i + 1 is case i's."""
    return -(-(cases + 1) // ALIGN) * ALIGN + SLOT_BYTES * index


def slot(failure: Failure) -> bytes:
    """One status slot. A message longer than the slot is cut."""
    message = failure.message.encode("utf-8", "replace")[: SLOT_BYTES - _SLOT.size]
    line = failure.line if failure.line is not None and 0 < failure.line < 1 << 31 else 0
    return _SLOT.pack(_KINDS.index(failure.kind), line, len(message)) + message


def read_slot(data: bytes, message_chars: int) -> Failure:
    """What a slot says, whoever wrote it."""
    if len(data) < _SLOT.size:
        return Failure("output", "no message came back")
    kind, line, length = _SLOT.unpack_from(data)
    message = clean(data[_SLOT.size : _SLOT.size + length].decode("utf-8", "replace"), message_chars)
    return Failure(_KINDS[kind] if kind < len(_KINDS) else "exception", message, line if line > 0 else None)


def read_state(byte: int) -> State:
    """A state byte, whoever wrote it."""
    return State(byte) if byte <= max(State) else State.WAITING


def clean(text: str, limit: int) -> str:
    """Foreign text made fit to show: control characters escaped, cut in the middle to `limit` characters."""
    shown = "".join(
        c if c in "\n\t" or c.isprintable() else c.encode("unicode_escape").decode() for c in _cut(text, limit)
    )
    return _cut(shown, limit)  # escapes are longer than what they stand for


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit // 2]} ... {text[-limit // 2 :]}"


def record_line(record: BuildRecord | str) -> bytes:
    """A build record or note as one line of records.jsonl."""
    return json.dumps(record if isinstance(record, str) else asdict(record)).encode() + b"\n"


def read_records(data: bytes, limit: int) -> tuple[list[BuildRecord], list[str]]:
    """Build records and notes out of what the child wrote; malformed lines are dropped."""
    records: list[BuildRecord] = []
    notes: list[str] = []
    for line in data.split(b"\n"):
        try:
            told = json.loads(line.decode())
        except (ValueError, RecursionError):
            continue
        if isinstance(told, str):
            notes.append(clean(told, limit))
        elif isinstance(told, dict) and told.get("kind") in ("compiled", "lowered"):
            text = {key: clean(str(told.get(key, "")), limit) for key in ("platform", "detail", "artifact")}
            records.append(
                BuildRecord(text["platform"], told["kind"], told.get("ok") is True, *list(text.values())[1:])
            )
    return records[:200], notes[:50]
