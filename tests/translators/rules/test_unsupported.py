"""What the rules cannot port is said, with a code, the place in the user's file, and never as a traceback."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cuport.case import Case
from cuport.diagnostic import CuportError
from cuport.kernel import Source
from cuport.translators.base import Request
from cuport.translators.rules import ir
from cuport.translators.rules.translator import RulesTranslator


class Nothing:
    """A target that is never asked to emit."""

    name, label, extra, requires, worker = "nothing", "", "", (), ""

    def detects(self, module: object) -> bool:
        return False

    def screen(self, code: str, kernels: object) -> list[object]:
        return []

    def emit(self, program: ir.Program) -> str:
        raise ZeroDivisionError("a defect")


CASES = [
    ("goto", "again: if (out[0]++ < 3) goto again;", ""),
    ("inline-asm", 'asm volatile("bar.sync 0;");', ""),
    ("unknown-function", "out[0] = mystery(3);", ""),
    ("unknown-function", "out[0] = tex1Dfetch<int>(3, 4);", ""),
    ("unknown-name", "out[0] = nowhere;", ""),
    ("type", "Matrix m;", ""),
    ("static-local", "static int calls = 0; out[0] = calls++;", ""),
    ("recursion", "out[0] = f(out[0]);", "__device__ int f(int n) { return n ? n * f(n - 1) : 1; }"),
    ("host-variable", "out[0] = total;", "int total;"),
    ("spin-wait", "while (atomicCAS(out, 0, 1) != 0); out[1]++; atomicExch(out, 0);", ""),
    ("narrow-store", "((unsigned char *)out)[1] = 3;", ""),
    ("operator", "A a; A b; out[0] = a * b;", "struct A { int x, y; };"),
    ("member", "A a; out[0] = a.z;", "struct A { int x, y; };"),
    ("bit-field", "A a; out[0] = a.x;", "struct A { int x : 3; };"),
    ("call", "out[0] = g(1, 2, 3);", "__device__ int g(int a) { return a; }"),
    ("array", "int n = out[0]; int t[n]; out[1] = t[0];", ""),
    ("dynamic-parallelism", "child<<<1, 1>>>(out);", "__global__ void child(int *p) { *p = 1; }"),
    ("expression", "int *p = new int[3]; out[0] = p[0];", ""),
    ("cooperative-groups", "auto g = cooperative_groups::this_multi_grid();", ""),
]


@pytest.mark.parametrize(("code", "body", "prelude"), CASES, ids=[f"{c}-{i}" for i, (c, _, _) in enumerate(CASES)])
def test_each_construct_has_a_diagnostic(lower: Callable[..., ir.Function], code: str, body: str, prelude: str) -> None:
    with pytest.raises(CuportError) as caught:
        lower(f"{prelude}\n__global__ void k(int *out) {{\n  {body}\n}}\n")
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.code in (f"unsupported.{code}", "unsupported.not-constant" if code == "array" else "")
    assert diagnostic.span is not None and diagnostic.span.path.endswith("program.cu")
    assert diagnostic.span.line in (1, 3)
    assert diagnostic.message and "Error" not in diagnostic.message


def test_a_defect_becomes_a_diagnostic(source_of: Callable[[str], Source]) -> None:
    source = source_of("__global__ void k(int *out) { out[0] = 1; }")
    case = Case("k", "k", (1, 1, 1), (1, 1, 1), 0, (), ())
    proposal = RulesTranslator(Nothing()).propose(Request(source, source.kernels[0], "nothing", [case]))  # type: ignore[arg-type]
    assert proposal.candidate is None
    (diagnostic,) = proposal.diagnostics
    assert diagnostic.code == "unsupported.internal" and "a defect" in diagnostic.message
    assert diagnostic.span == source.kernels[0].span


def test_output_is_left_out_with_a_note(lower: Callable[..., ir.Function]) -> None:
    function = lower('__global__ void k(int *out) { printf("%d", out[0]); assert(out[0] > 0); out[0] = 1; }')
    assert [n.code for n in function.notes] == ["rules.output-dropped", "rules.output-dropped"]
    assert all(n.severity == "note" for n in function.notes)


def test_unreached_code_needs_no_support(lower: Callable[..., ir.Function]) -> None:
    text = """template <bool Fancy> __global__ void k(int *out) {
      if constexpr (Fancy) { out[0] = mystery(); } else { out[0] = 4; }
    }"""
    assert lower(text, template_args=(("Fancy", False),)).body
    with pytest.raises(CuportError):
        lower(text, template_args=(("Fancy", True),))
