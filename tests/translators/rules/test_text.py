"""The printed form of the IR."""

from __future__ import annotations

from types import ModuleType

from cuport.translators.rules import text


def test_saxpy_prints_one_statement_a_line(programs: ModuleType) -> None:
    printed = text.function(programs.saxpy().kernels[0].functions[0])
    assert printed == (
        "function saxpy\n"
        "  scalar n: i32 = n\n"
        "  scalar a: f32 = a\n"
        "  global x: f32[] = x\n"
        "  global y: f32[] written = y\n"
        "  var i: i32\n"
        "body\n"
        "  i = ((i32(bid.x) * i32(bdim.x)) + i32(tid.x))\n"
        "  if (i < n):\n"
        "    y[i] = ((a *.f32 x[i]) +.f32 y[i])\n"
    )


def test_every_example_prints(programs: ModuleType) -> None:
    for make in programs.ALL:
        for function in make().kernels[0].functions:
            lines = text.function(function).splitlines()
            assert lines[0] == f"function {function.instance}"
            assert all(line.strip() for line in lines)
