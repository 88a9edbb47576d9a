"""From kernels to `def` lines, from launches to calls, from results to buffers."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from tests.sandbox.launches import case, integer, kernel, pointer, real

from cuport.case import StructArg
from cuport.kernel import TemplateParam
from cuport.sandbox.call import (
    Call,
    ContractViolation,
    DType,
    Items,
    Records,
    Scalar,
    StructValue,
    UnsupportedCall,
    View,
)
from cuport.sandbox.contract import call_of, contract_of, def_line
from cuport.sandbox.job import Job, State, clean, dump, load, places, read_records, read_slot, read_state, slot
from cuport.sandbox.writes import Writes

REDUCE = kernel(
    "reduce",
    ("in_", "out", "grid_"),
    qualified="a::reduce",
    templates=(TemplateParam("T", "type"), TemplateParam("block", "value", "int")),
    globals=("a::lambda", "table", "out"),
)


def test_the_def_line_keeps_the_naming_rules() -> None:
    contract = contract_of(REDUCE)
    assert def_line(REDUCE) == "def a__reduce(in_, out, grid_, *, T, block_, a__lambda, table, out_):"
    assert contract.extras == ("T", "block_", "a__lambda", "table", "out_", "grid", "block", "shared_bytes")
    compile(contract.def_line + " pass", "port", "exec")
    assert def_line(kernel("k", ())) == "def k():"
    assert def_line(kernel("k", (), globals=("g",))) == "def k(*, g):"


def _parameters(line: str) -> list[inspect.Parameter]:
    scope: dict[str, Any] = {}
    exec(f"{line} pass", scope)
    return list(inspect.signature(scope["a__reduce"]).parameters.values())


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("def a__reduce(in_, out, grid_):", set()),
        ("def a__reduce(in_, out, grid_, T):", {"T"}),
        ("def a__reduce(in_, out, grid_, /, *, T, block_, grid):", {"T", "block_", "grid"}),
        ("def a__reduce(in_, out, grid_, *, tile=16):", set()),
        ("def a__reduce(in_, out, grid_=None, *, table=None):", {"table"}),
        ("def a__reduce(in_, out, grid_, **rest):", set(contract_of(REDUCE).extras)),
    ],
)
def test_signatures_that_keep_the_contract(line: str, wanted: set[str]) -> None:
    assert contract_of(REDUCE).check(_parameters(line)) == wanted


@pytest.mark.parametrize(
    "line",
    [
        "def a__reduce(in_, out):",
        "def a__reduce(out, in_, grid_):",
        "def a__reduce(x, y, z):",
        "def a__reduce(in_, out, *, grid_):",
        "def a__reduce(in_, out, grid_, tile):",
        "def a__reduce(in_, out, grid_, *, N):",
        "def a__reduce(*args):",
        "def a__reduce(in_, out, grid_, *rest):",
        "def a__reduce():",
    ],
)
def test_signatures_that_break_it(line: str) -> None:
    with pytest.raises(ContractViolation):
        contract_of(REDUCE).check(_parameters(line))


def _call() -> Call:
    record = np.dtype([("pos", [("x", "f4"), ("y", "f4")]), ("id", "i8"), ("w", "f4", (2,))], align=True)
    params = StructArg(
        "Params",
        (
            ("n", integer(3)),
            ("dt", real(0.1)),
            ("lambda", real(float("nan"), "float64")),
            ("k", StructArg("", (("0", real(1.0)), ("1", real(2.0))))),
            ("data", pointer(0, offset=8)),
        ),
    )
    buffers = [
        ("v", np.arange(6, dtype="f4").reshape(3, 2)),
        ("r", np.zeros(4, record)),
        ("g", np.zeros((), "i4")[None]),
    ]
    one = case(
        kernel("k", ("a", "b", "r", "p", "none"), templates=(TemplateParam("T", "type"), TemplateParam("N", "value"))),
        (pointer(0, lanes=2), pointer(0, "uint16", offset=12), pointer(1, "struct"), params, pointer(None)),
        buffers,
        template_args=(("T", "bfloat16"), ("N", 7)),
        globals=(("ns::g", 2),),
    )
    of = kernel(
        "k",
        ("a", "b", "r", "p", "none"),
        templates=(TemplateParam("T", "type"), TemplateParam("N", "value")),
        globals=("ns::g",),
    )
    return call_of(contract_of(of), one, 5)


def test_values_of_a_call() -> None:
    call = _call()
    a, b, r, p, none = call.args
    assert isinstance(a, View) and a.shape == (3, 2)
    assert (
        isinstance(b, View) and b.of(call.buffers).tobytes() == np.arange(3, 6, dtype="f4").tobytes() and b.length == 6
    )
    assert isinstance(r, Records) and r.length == 4
    assert [(f.name, f.dtype, f.shape) for f in r.fields] == [
        ("pos.x", "float32", ()),
        ("pos.y", "float32", ()),
        ("id", "int64", ()),
        ("w", "float32", (2,)),
    ]
    assert isinstance(p, StructValue)
    fields = dict(p.fields)
    assert fields["n"] == Scalar("int32", 3) and "lambda_" in fields
    assert fields["k"] == Items((Scalar("float32", 1.0), Scalar("float32", 2.0)))
    assert isinstance(fields["data"], View) and fields["data"].path == "p.data" and fields["data"].length == 4
    assert none is None
    assert call.extras["T"] == DType("bfloat16") and call.extras["N"] == 7
    assert [view.path for view in call.views()] == ["a", "b", "r", "p.data", "ns__g"]


def test_a_job_survives_being_written_down() -> None:
    call = _call()
    spots = places([[raw.nbytes for raw in call.buffers]])
    contract = contract_of(kernel("k", call.names, globals=("ns::g",)))
    job = Job("w", "execute", "cpu", contract, (call,), spots, spots)
    data = np.zeros(job.output_bytes, np.uint8)
    for spot, raw in zip(spots[0], call.buffers, strict=True):
        data[spot.offset : spot.offset + spot.nbytes] = raw
    again = load(dump(job), data)
    (copy,) = again.calls
    assert repr(copy.args) == repr(call.args)  # repr, since NaN is not equal to itself
    assert copy.extras == call.extras and copy.names == call.names and again.contract == job.contract
    assert [raw.tobytes() for raw in copy.buffers] == [raw.tobytes() for raw in call.buffers]


@pytest.mark.parametrize(
    "argument",
    [pointer(0, offset=-4), pointer(0, offset=17), pointer(0, "float31"), pointer(0, "void")],
)
def test_pointers_the_contract_cannot_express(argument: Any) -> None:
    of = kernel("k", ("x",))
    with pytest.raises(UnsupportedCall):
        call_of(contract_of(of), case(of, (argument,), [("x", np.zeros(4, "f4"))]))


def test_a_pointer_past_the_end_is_empty() -> None:
    of = kernel("k", ("x", "y", "z"))
    arguments = (pointer(0, offset=16), pointer(1), pointer(0, offset=6))
    call = call_of(contract_of(of), case(of, arguments, [("x", np.zeros(4, "f4")), ("y", np.zeros(0, "f4"))]))
    assert [view.of(call.buffers).shape for view in call.views()] == [(0,), (0,), (2,)]


# ---------------------------------------------------------------------------------------------------------- writes


def _overlap() -> tuple[Call, View, View]:
    """`a` is a buffer of eight, `b` its second half."""
    of = kernel("k", ("a", "b"))
    call = call_of(contract_of(of), case(of, (pointer(0), pointer(0, offset=16)), [("a", np.arange(8, dtype="f4"))]))
    a, b = call.views()
    assert isinstance(a, View) and isinstance(b, View)
    return call, a, b


def test_overlapping_results_are_joined_where_each_changed_its_own() -> None:
    call, a, b = _overlap()
    writes = Writes(call)
    writes.put(a, np.array([9, 1, 2, 3, 4, 5, 6, 7], "f4"))
    writes.put(b, np.array([4, 50, 6, 7], "f4"))
    assert writes.result()[0].view("f4").tolist() == [9, 1, 2, 3, 4, 50, 6, 7]


def test_overlapping_results_that_agree_are_joined() -> None:
    call, a, b = _overlap()
    writes = Writes(call)
    writes.put(a, np.array([0, 1, 2, 3, 4, 50, 6, np.nan], "f4"))
    writes.put(b, np.array([4, 50, 6, np.nan], "f4"))
    assert writes.result()[0].view("f4").tolist()[:7] == [0, 1, 2, 3, 4, 50, 6]


@pytest.mark.parametrize("other", [51.0, np.nextafter(np.float32(50), np.float32(51)), -50.0, np.nan])
def test_overlapping_results_that_disagree_are_refused(other: float) -> None:
    call, a, b = _overlap()
    writes = Writes(call)
    writes.put(a, np.array([0, 1, 2, 3, 4, 50, 6, 7], "f4"))
    with pytest.raises(ContractViolation, match="contradicts"):
        writes.put(b, np.array([4, other, 6, 7], "f4"))


def test_fields_of_records_are_written_between_the_padding() -> None:
    record = np.dtype([("c", "i1"), ("x", "f8"), ("w", "u2", (3,))], align=True)
    before = np.frombuffer(bytes(range(1, 1 + 3 * record.itemsize)), record)
    of = kernel("k", ("r",))
    call = call_of(contract_of(of), case(of, (pointer(0, "struct"),), [("r", before)]))
    (view,) = call.views()
    assert isinstance(view, Records)
    fields = {field.name: field for field in view.fields}
    writes = Writes(call)
    writes.put(view, np.array([1.5, 2.5, 3.5]), fields["x"])
    writes.put(view, np.full((3, 3), 9, "u2"), fields["w"])
    after = writes.result()[0].view(record)
    assert after["x"].tolist() == [1.5, 2.5, 3.5] and (after["w"] == 9).all()
    assert (after["c"] == before["c"]).all()
    touched = after.view(np.uint8).reshape(3, -1) != before.view(np.uint8).reshape(3, -1)
    assert not touched[:, 1:8].any() and not touched[:, 22:].any()


# ------------------------------------------------------------------------------------------- what a child writes


def test_foreign_text_is_escaped_and_cut_in_the_middle() -> None:
    assert clean("a\x1b[31m\u202eb\n", 100) == "a\\x1b[31m\\u202eb\n"
    assert len(clean("x" * 10_000, 100)) < 120
    assert clean("start" + "x" * 1000 + "end", 60).startswith("start") and clean("x" * 1000 + "end", 60).endswith("end")


@pytest.mark.parametrize("data", [b"", b"\xff", bytes(8), b"\xff" * 4096, slot(read_slot(b"\xff" * 64, 9))])
def test_any_bytes_are_a_slot(data: bytes) -> None:
    failure = read_slot(data, 50)
    assert failure.kind and len(failure.message) < 1000


def test_any_byte_is_a_state() -> None:
    assert {read_state(byte) for byte in range(256)} == set(State)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\n\xfe", b"[" * 100_000, b'{"kind": "accepted"}', b'{"kind": "lowered"}\n' * 1000, b"1\nnull\ntrue"],
)
def test_any_bytes_are_records(data: bytes) -> None:
    records, notes = read_records(data, 100)
    assert not any(record.ok for record in records) and len(records) <= 200 and notes == []
