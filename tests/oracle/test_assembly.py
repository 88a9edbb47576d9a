"""Inline PTX: what is read, what is refused and how, and the shapes in which programs write it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.cuda.lexer import pieces
from cuport.cuda.rewrite import program_text
from cuport.cuda.rewrite.ptx.syntax import (
    Address,
    Argument,
    Declaration,
    Instruction,
    Label,
    Not,
    Number,
    Pair,
    Reader,
    Refused,
    Register,
    Special,
    Vector,
    asm_statements,
)
from cuport.diagnostic import CuportError
from cuport.kernel import Source
from cuport.oracle import Oracle

Make = Callable[..., Source]


def kernel(statement: str) -> str:
    return (
        "__global__ void k(unsigned* o, float* f, double* d) {\n  unsigned r = 0; (void)r;\n  "
        + statement
        + "\n}\nint main() { k<<<1, 1>>>(0, 0, 0); }\n"
    )


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ('asm volatile("wgmma.fence.sync.aligned;");', "wgmma.fence.sync.aligned (warpgroup matrix instructions)"),
        ('asm volatile("cp.async.bulk.tensor.1d.shared::cta.global [%0], [%1];" :: "r"(r), "l"(f));', "cp.async.bulk"),
        ('asm volatile("mbarrier.frob.shared.b64 [%0], %1;" :: "r"(r), "r"(1));', "mbarrier.frob"),
        ('asm volatile("tcgen05.wait::ld.sync.aligned;");', "tcgen05.wait"),
        ('asm volatile("frobnicate.u32 %0, 1;" : "=r"(r));', "frobnicate.u32"),
        ('asm volatile("add.u32.frob %0, 1, 2;" : "=r"(r));', "add.u32.frob (.frob)"),
        ('asm volatile("add.u32 %0, 1;" : "=r"(r));', "add.u32 with 2 operands"),
        ('asm volatile("add.u32 %0, %7, 1;" : "=r"(r));', "there is no operand %7"),
        ('asm volatile("add.u32 %0, q, 1;" : "=r"(r));', "`q`, which is not declared"),
        ('asm volatile("mov.u32 %0, %%pm0;" : "=r"(r));', "the special register %pm0"),
        ('asm volatile(".shared .b32 x[4]; mov.u32 %0, 1;" : "=r"(r));', "the directive .shared"),
        ('asm volatile("{ mov.u32 %0, 1; } }" : "=r"(r));', "a `}` without its `{`"),
        ('asm volatile("add.f16x4 %0, 1, 2;" : "=r"(r));', "add.f16x4"),
        ('asm volatile("mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 {%0}, {%0}, {%0}, {%0};" : "=r"(r));', "mma"),
        ('asm volatile("ld.global.v4.f32 {%0, %0}, [%1];" : "=f"(f[0]) : "l"(f));', "ld.global.v4.f32"),
        ('asm volatile("add.u32 %0, [%1 + %2 * 4], 1;" : "=r"(r) : "l"(f), "r"(1));', "an address of this form"),
    ],
)  # fmt: skip
def test_refused_with_the_place_and_the_name(statement: str, words: str, source: Make) -> None:
    made = source(kernel(statement))
    with pytest.raises(CuportError) as caught:
        program_text(made)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "oracle.inline-ptx"
    assert words in diagnostic.message
    assert "k()" in diagnostic.message
    assert diagnostic.span is not None
    assert (diagnostic.span.path, diagnostic.span.line) == (made.path, 3)


def test_every_statement_that_is_refused_is_named(source: Make) -> None:
    with pytest.raises(CuportError) as caught:
        program_text(source(kernel('asm("one.u32 %0;" : "=r"(r));\n  asm("two.u32 %0;" : "=r"(r));')))
    assert [d.message.split()[-1] for d in caught.value.diagnostics] == ["one.u32", "two.u32"]


def test_exit_ends_a_kernel_and_nothing_else(source: Make) -> None:
    inner = '__device__ void f() { asm volatile("exit;"); }\n' + kernel("f();")
    with pytest.raises(CuportError, match=r"exit outside a kernel"):
        program_text(source(inner))


def test_reader() -> None:
    text = """{ // a comment
      .reg .pred p, q;  .reg .b32 t<3>;
      setp.ne.and.b32 p|q, %0, -0x10, !q; /* another */
      @!p ld.global.nc.L1::no_allocate.v2.f32 {%1, _}, [%2+-4+%3];
      DONE: mov.u32 t1, %%tid.x
    }"""
    items = Reader(text, ["", "", "", ""]).read()
    assert items[1:3] == [Declaration("pred", ("p", "q")), Declaration("b32", ("t<3>",))]
    assert items[3] == Instruction(
        ("setp", "ne", "and", "b32"),
        (Pair(Register("p"), Register("q")), Argument(0), Number("-0x10"), Not(Register("q"))),
    )
    assert items[4] == Instruction(
        ("ld", "global", "nc", "L1::no_allocate", "v2", "f32"),
        (
            Vector((Argument(1), Register("_"))),
            Address(Argument(2), (("+", Number("-4")), ("+", Argument(3)))),
        ),
        Not(Register("p")),
    )
    assert items[5:7] == [Label("DONE"), Instruction(("mov", "u32"), (Register("t1"), Special("tid.x")))]


@pytest.mark.parametrize(
    "text", ["add.u32 %0, %1", "@", "{", "mov.u32 %0, [", "a b c", "%%", "@p", "1;", "[;", "mov.b32 {,"]
)
def test_broken_templates_end(text: str) -> None:
    try:
        Reader(text, ["", ""]).read()
    except Refused as refused:
        assert str(refused)


def test_statements_are_found_among_tokens() -> None:
    text = """
      asm("a" "b\\n" R"(c)" : "=r"(x[f(1, 2) ? 3 : 4]), [n] "+r" (y) :: "memory");
      __asm__ __volatile__ ("d" :: "r"(std::move(z)), "n"(4)) ;
      int asm_count = 0; asm(broken);
    """
    tokens = [p for p in pieces(text) if p.kind not in ("space", "newline", "comment")]
    first, second = asm_statements(tokens)
    assert first.template == "ab\nc"
    assert [(o.name, o.constraint, text[o.start : o.end].strip()) for o in first.operands] == [
        ("", "=r", "x[f(1, 2) ? 3 : 4]"),
        ("n", "+r", "y"),
    ]
    assert (len(second.outputs), [text[o.start : o.end] for o in second.inputs]) == (0, ["std::move(z)", "4"])
    assert text[second.start : second.end].endswith(";")


def test_ways_to_write_it(oracle: Oracle, source: Make) -> None:
    """Macros, pieces of strings, templates, shared functions, casts in operands, statements without braces."""
    text = r"""#include <cstdio>
#define ASM asm volatile
#define OP "add.u32"
#define TEXT(...) #__VA_ARGS__
#define BIN(op, a, b) ([&] { unsigned r_; asm(op " %0, %1, %2;" : "=r"(r_) : "r"(a), "r"(b)); return r_; }())
template <class T, int N> __device__ T plus(T a) { T r; asm(OP " %0, %1, %2;" : "=r"(r) : "r"(a), "n"(N)); return r; }
__host__ __device__ inline unsigned both(unsigned a) {
#ifdef __CUDA_ARCH__
  unsigned r; asm("not.b32 %0, %1;" : "=r"(r) : "r"(a)); return r;
#else
  return ~a;
#endif
}
struct Lane { unsigned id; __device__ Lane() { asm("mov.u32 %0, %%laneid;" : "=r"(id)); } };
__global__ void k(unsigned* o, int n, float x) {
  unsigned r;
  if (n) ASM(OP " %0, %1, %2;" : "=r"(r) : "r"(n), "r"((int)x)); else r = 0;
  o[0] = r;                                    // 3 + 2147483647 (saturated)
  o[1] = plus<unsigned, 40>(2);
  o[2] = both(1);
  o[3] = Lane().id + threadIdx.x;
  o[4] = BIN("xor.b32", 5u, 3u);
  asm(TEXT(mov.u32 %0, 7;) : "=r"(o[5]));
  for (int i = 0; i < 3; ++i) asm volatile("add.u32 %0, %0, %1;" : "+r"(r) : "r"(n << i));
  o[6] = r;                                    // + 3 + 6 + 12
  asm volatile("" ::: "memory");
  __asm__ volatile ("{\n\t"
                    ".reg .u32 t1;\n\t"        // a comment between the pieces
                    "mul.lo.u32 t1, %1, %1;\n\t"
                    "mul.lo.u32 %0, t1, %1;\n\t"
                    "}" : "=r"(o[7]) : "r"(n));
  auto cube = [=] __device__ (unsigned a) { unsigned q; asm("mul.lo.u32 %0, %1, %1;" : "=r"(q) : "r"(a)); return q; };
  o[8] = cube(9);
}
int main() {
  asm volatile("" ::: "memory");
#if defined(__x86_64__)
  unsigned host; asm("movl $5, %0" : "=r"(host)); printf("%u ", host);
#else
  printf("5 ");
#endif
  unsigned* o; cudaMallocManaged(&o, 36);
  k<<<1, 1>>>(o, 3, 1e20f);
  cudaDeviceSynchronize();
  for (int i = 0; i < 9; ++i) printf("%u ", o[i]);
}
"""
    result = oracle.run_program(source(text))
    wanted = [5, 3 + 2147483647, 42, 2**32 - 2, 0, 6, 7, 3 + 2147483647 + 21, 27, 81]
    assert [int(v) for v in result.stdout.split()] == wanted, result.stderr


def test_arithmetic_has_a_shadow(oracle: Oracle, source: Make) -> None:
    text = r"""
__device__ float ex2(float x) { float y; asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
__global__ void k(float* o, const float* x) {
  float v = x[threadIdx.x], r;
  asm("fma.rn.f32 %0, %1, %1, %1;" : "=f"(r) : "f"(v));
  asm("{ .reg .f32 t; .reg .pred p; mul.f32 t, %1, 0f3F000000; setp.gt.f32 p, t, 1.0; selp.f32 %0, t, %0, p; }"
      : "+f"(r) : "f"(v));
  asm("{ .reg .f32 t; mul.f32 t, %1, 0.5; rcp.approx.f32 t, t; min.f32 %0, %0, t; }" : "+f"(r) : "f"(v));
  o[threadIdx.x] = ex2(r) * 0.1f;
}
int main() {
  float *x, *o; cudaMallocManaged(&x, 32); cudaMallocManaged(&o, 32);
  for (int i = 0; i < 8; i++) x[i] = i * 0.3f + 0.1f;
  k<<<1, 8>>>(o, x);
  return cudaDeviceSynchronize();
}
"""
    made = source(text)
    (capture,) = oracle.capture(made)
    ((bound, *_),) = oracle.shadow(made, [capture.case])
    assert bound is not None
    assert (abs(bound.value - capture.outputs[0]) <= bound.bound).all()
    assert (bound.bound > 0).all()
    assert (bound.bound < 1e-5).all()


@pytest.mark.parametrize(
    "statement",
    [
        'asm("{ .reg .b32 t; mov.b32 t, %1; shl.b32 %0, t, 1; }" : "=r"(n) : "f"(o[1]));',
        'asm("ld.global.u32 %0, [%1];" : "=r"(n) : "l"(o));',
        'asm("mov.b32 %0, %1;" : "=f"(o[1]) : "r"(n));',
    ],
)
def test_bits_have_no_shadow(statement: str, oracle: Oracle, source: Make) -> None:
    made = source(
        "__global__ void k(float* o, int n) { " + statement + " o[0] = n; }\n"
        "int main() { float* o; cudaMallocManaged(&o, 8); o[1] = 1; k<<<1, 1>>>(o, 3); cudaDeviceSynchronize(); }"
    )
    (replay,) = oracle.shadow_replays(made, [c.case for c in oracle.capture(made)])
    assert replay.failure is not None
    assert replay.failure.code == "oracle.no-shadow"
    assert "no shadow: inline PTX" in replay.failure.message


def test_faults_are_found(oracle: Oracle) -> None:
    """Those of faults/assembly.cu, each by its line; kernels called clean_* are silent."""
    path = Path(__file__).parent / "faults" / "assembly.cu"
    injected = {
        match[1]: (match[2], number)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in re.finditer(r"// fault: (\w+) ([\w-]+)$", line)
    }
    program = read(path)
    captures = oracle.capture(program)
    replays = oracle.replay(program, [c.case for c in captures], build="checked")
    found = {c.case.kernel: {(f.kind, f.line) for f in r.faults} for c, r in zip(captures, replays, strict=True)}
    assert {k for k, fault in injected.items() if fault not in found[k]} == set()
    assert {k: faults for k, faults in found.items() if k.startswith("clean_") and faults} == {}
