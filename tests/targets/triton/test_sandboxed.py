"""The worker where it belongs: in the sandboxed process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cuport.case import Buffer, Case, PointerArg, ScalarArg
from cuport.kernel import CType, Kernel, Param, Span
from cuport.sandbox.launch import build, execute
from cuport.targets.triton import TARGET

ROOT = Path(__file__).parents[3]
pytest.importorskip("triton")

ROWS = """
import triton
import triton.language as tl

@triton.jit
def _row_sums(x, o, rows, cols, B: tl.constexpr):
    r, c = tl.program_id(0), tl.arange(0, B)
    v = tl.load(x + r * cols + c, mask=c < cols, other=float('-inf'))
    tl.store(o + r, tl.sum(tl.exp(v), 0))

def row_sums(x, o, rows, cols):
    _row_sums[(rows,)](x, o, rows, cols, B=triton.next_power_of_2(cols))
"""


def kernel() -> Kernel:
    pointer, whole = CType("float", "float32", pointer=1), CType("int", "int32")
    params = (Param("x", pointer), Param("o", pointer), Param("rows", whole), Param("cols", whole))
    names = ("x", "o", "rows", "cols")
    return Kernel("row_sums", "row_sums", "row_sums", params, names, (), (), (), (), False, Span("k.cu", 1), "", "")


def case(rows: int, cols: int) -> Case:
    x = np.random.default_rng(rows).standard_normal(rows * cols).astype(np.float32)
    args = (
        PointerArg(0, 0, "float32"),
        PointerArg(1, 0, "float32"),
        ScalarArg("int32", rows),
        ScalarArg("int32", cols),
    )
    buffers = (Buffer("x", x), Buffer("o", np.zeros(rows, np.float32)))
    return Case("row_sums", "row_sums", (rows, 1, 1), (128, 1, 1), 0, args, buffers)


def test_runs_and_says_how():
    cases = [case(7, 33), case(1, 1), case(40, 100)]
    done = execute(TARGET, ROWS, kernel(), cases)
    assert done.how == "interpreted"
    assert dict(done.versions)["triton"].startswith("3.9")
    for given, outputs in zip(cases, done.outputs, strict=True):
        assert outputs.failure is None
        x = given.buffers[0].data.reshape(len(outputs.arrays[1]), -1)
        assert np.allclose(outputs.arrays[1], np.exp(x.astype(np.float64)).sum(1), rtol=1e-6)
        assert np.array_equal(outputs.arrays[0], given.buffers[0].data)
    assert any("approximations" in note for note in done.notes)


def test_compiles_there_too():
    done = build(TARGET, ROWS, kernel(), [case(7, 33), case(40, 100)])
    assert done.ok
    assert {r.platform for r in done.records} == {"cuda:90", "hip:gfx942"}
    assert any("FP fusion" in note for note in done.notes)


@pytest.mark.parametrize(
    ("old", "new", "kind", "told", "line"),
    [
        (", mask=c < cols, other=float('-inf')", "", "exception", "load out of bounds", 8),
        ("tl.sum(tl.exp(v), 0)", "tl.sum(tl.exp(undefined), 0)", "exception", "undefined is not defined", 9),
        ("import triton\n", "import triton\nimport nothing_like_this\n", "import", "nothing_like_this", 3),
        ("def row_sums", "def rowsums", "contract", "def row_sums(x, o, rows, cols):", None),
        ("tl.exp(v)", "tl.where(v > 0, v, v).to(tl.pointer_type(tl.int8))", "exception", "does not compile", 9),
    ],
)
def test_failures_are_typed_and_have_lines(old, new, kind, told, line):
    (outputs,) = execute(TARGET, ROWS.replace(old, new, 1), kernel(), [case(3, 5)]).outputs
    assert outputs.failure is not None
    assert outputs.failure.kind == kind
    assert told in outputs.failure.message
    assert outputs.failure.line == line
