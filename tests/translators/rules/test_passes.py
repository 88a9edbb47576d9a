"""Each pass before and after, and that it changes nothing a launch can see."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from cuport.translators.rules import interpret, ir, text, walk
from cuport.translators.rules.passes.counted import counted
from cuport.translators.rules.passes.dead import dead
from cuport.translators.rules.passes.fold import fold
from cuport.translators.rules.passes.structure import structure


def body(function: ir.Function) -> str:
    """The printed body, without its indentation by one."""
    lines = text.function(function).split("body\n")[1].splitlines()
    return "\n".join(line[2:] for line in lines)


def of(*statements: ir.Stmt, variables: dict[str, str] | None = None) -> ir.Function:
    """A function that stores to `out` (int32)."""
    memory = ir.Memory("out", "global", "int32", access="out", written=True)
    scalars = (ir.ScalarParam("n", "int32", "n"),)
    return ir.Function("k", (), scalars, (memory,), variables or {}, statements)


def i32(value: int) -> ir.Const:
    return ir.Const("int32", value)


def add(a: ir.Expr, b: ir.Expr) -> ir.Expr:
    return ir.Binary("add", a, b, "int32")


N, VI, J = ir.Param("n", "int32"), ir.Var("i", "int32"), ir.Var("j", "int32")
TID = ir.Cast(ir.Index("tid", "x"), "int32")


def test_structure_moves_the_rest_behind_an_early_return() -> None:
    early = ir.If(ir.Compare("ge", TID, N), (ir.Leave("return1"),))
    before = of(ir.Scope("return1", (early, ir.Store("out", TID, i32(1)))))
    assert body(structure(before)) == (
        "left_return1 = false\nif (i32(tid.x) >= n):\n  left_return1 = true\nelse:\n  out[i32(tid.x)] = 1"
    )
    assert body(dead(fold(structure(before)))) == "if (i32(tid.x) < n):\n  out[i32(tid.x)] = 1"


def test_structure_makes_break_a_flag_of_the_loop() -> None:
    leave = ir.If(ir.Compare("eq", VI, N), (ir.Leave("break1"),))
    loop = ir.While(
        ir.Compare("lt", VI, i32(9)), (leave, ir.Store("out", VI, i32(1))), (ir.Assign("i", add(VI, i32(1))),)
    )
    before = of(ir.Assign("i", i32(0)), ir.Scope("break1", (loop,)), variables={"i": "int32"})
    assert body(structure(before)) == (
        "i = 0\n"
        "left_break1 = false\n"
        "while (!left_break1 & (i < 9)):\n"
        "  if (i == n):\n"
        "    left_break1 = true\n"
        "  else:\n"
        "    out[i] = 1\n"
        "  if !left_break1:\n"
        "    i = (i + 1)"
    )


def test_structure_guards_what_follows_a_return_out_of_a_loop() -> None:
    inner = ir.While(ir.Compare("lt", VI, N), (ir.Leave("return1"),))
    before = of(ir.Scope("return1", (inner, ir.Store("out", i32(0), i32(1)))), variables={"i": "int32"})
    after = structure(before)
    assert "while (!left_return1 & (i < n)):" in body(after)
    assert body(after).endswith("if !left_return1:\n  out[0] = 1")


def test_fold_propagates_constants_and_decides_conditions() -> None:
    before = of(
        ir.Assign("i", i32(3)),
        ir.If(ir.Compare("lt", VI, i32(2)), (ir.Store("out", i32(0), VI),), (ir.Store("out", i32(1), add(VI, VI)),)),
        variables={"i": "int32"},
    )
    assert body(dead(fold(before))) == "out[1] = 6"


def test_fold_keeps_what_changes_in_a_loop() -> None:
    loop = ir.While(ir.Compare("lt", VI, N), (ir.Store("out", VI, J), ir.Assign("i", add(VI, i32(1)))))
    before = of(ir.Assign("j", i32(7)), ir.Assign("i", i32(0)), loop, variables={"i": "int32", "j": "int32"})
    assert body(dead(fold(before))) == "i = 0\nwhile (i < n):\n  out[i] = 7\n  i = (i + 1)"


def test_fold_does_not_move_a_load_over_a_store() -> None:
    load = ir.Load("out", i32(0), "int32")
    temp = ir.Var("t_", "int32")
    before = of(
        ir.Assign("t_", load), ir.Store("out", i32(0), i32(5)), ir.Store("out", i32(1), temp), variables={"t_": "int32"}
    )
    assert body(dead(fold(before))) == "t_ = out[0]\nout[0] = 5\nout[1] = t_"
    before = of(ir.Assign("t_", load), ir.Store("out", i32(1), temp), variables={"t_": "int32"})
    assert body(dead(fold(before))) == "out[1] = out[0]"


def test_fold_computes_indices_in_32_bits() -> None:
    wide = ir.Binary("mul", ir.Cast(ir.Index("bid", "x"), "uint64"), ir.Cast(ir.Index("bdim", "x"), "uint64"), "uint64")
    before = of(ir.Store("out", ir.Cast(wide, "int32"), i32(1)))
    assert body(fold(before)) == "out[(i32(bid.x) * i32(bdim.x))] = 1"


def test_dead_drops_unread_variables_and_private_memory() -> None:
    private = ir.Memory("scratch", "shared", "int32", 4, written=True)
    before = of(
        ir.Assign("i", N),
        ir.Store("scratch", i32(0), VI),
        ir.Atomic("add", "out", i32(0), i32(1), result="j"),
        variables={"i": "int32", "j": "int32"},
    )
    after = dead(ir.Function("k", (), before.scalars, (*before.memories, private), before.variables, before.body))
    assert body(after) == "atomic_add out[0], 1"
    assert [m.name for m in after.memories] == ["out"] and not after.variables


@pytest.mark.parametrize(
    ("op", "bound", "step", "expected"),
    [
        ("lt", N, i32(1), "for i = 0 to n step 1:"),
        ("le", N, i32(2), "for i = 0 to (n + 1) step 2:"),
        ("gt", N, i32(-1), "for i = 0 downto n step -1:"),
        ("ge", N, i32(-3), "for i = 0 downto (n - 1) step -3:"),
        ("lt", N, ir.Cast(ir.Index("bdim", "x"), "int32"), "for i = 0 to n step i32(bdim.x):"),
    ],
)
def test_counted_finds_loops(op: ir.CompareOp, bound: ir.Expr, step: ir.Expr, expected: str) -> None:
    loop = ir.While(ir.Compare(op, VI, bound), (ir.Store("out", VI, i32(1)), ir.Assign("i", add(VI, step))))
    before = of(ir.Assign("i", i32(0)), loop, variables={"i": "int32"})
    assert body(counted(before)).splitlines()[0] == expected


@pytest.mark.parametrize(
    "tail",
    [
        (ir.Store("out", i32(0), VI),),  # the variable is used after the loop
        (ir.Assign("i", i32(0)),),  # ... or assigned elsewhere
    ],
)
def test_counted_leaves_loops_whose_variable_is_needed(tail: tuple[ir.Stmt, ...]) -> None:
    loop = ir.While(ir.Compare("lt", VI, N), (ir.Store("out", VI, i32(1)), ir.Assign("i", add(VI, i32(1)))))
    before = of(ir.Assign("i", i32(0)), loop, *tail, variables={"i": "int32"})
    assert any(isinstance(s, ir.While) for s in counted(before).body)


def test_counted_leaves_a_bound_that_the_loop_changes() -> None:
    bound = ir.Load("out", i32(0), "int32")
    loop = ir.While(ir.Compare("lt", VI, bound), (ir.Store("out", VI, i32(1)), ir.Assign("i", add(VI, i32(1)))))
    before = of(ir.Assign("i", i32(0)), loop, variables={"i": "int32"})
    assert counted(before) == before


def test_passes_keep_the_meaning_of_the_examples(programs: ModuleType) -> None:
    x = np.random.default_rng(1).integers(1, 30, 64).astype(np.uint32)
    function = programs.collatz().kernels[0].functions[0]
    results = []
    for version in (function, fold(function), dead(fold(function)), counted(dead(fold(function)))):
        arrays = {"x": x.copy(), "steps": np.zeros(64, np.int32)}
        interpret.run(version, (2, 1, 1), (32, 1, 1), {"n": 60}, arrays)
        results.append(arrays["steps"].tolist())
    assert results[1:] == results[:1] * 3


def test_normal_form_has_no_scopes(lower: Callable[..., ir.Function]) -> None:
    function = lower("""__global__ void k(int *out) {
      for (int i = 0; i < 4; i++) { if (i == 2) continue; while (true) { if (out[i]++ > 3) return; else break; } }
    }""")
    assert not any(isinstance(s, ir.Scope | ir.Leave) for s in walk.statements(function.body))
    assert not any(isinstance(s, ir.While) and s.step for s in walk.statements(function.body))
