"""The part of a file that a model is shown stands on its own, and holds nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.kernel import Source
from cuport.translators.excerpt import excerpt

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*/*.cu"))


def source(tmp_path: Path, text: str) -> Source:
    path = tmp_path / "a.cu"
    path.write_text(text)
    return read(path)


def of(tmp_path: Path, text: str, kernel: str = "k") -> str:
    read_source = source(tmp_path, text)
    return excerpt(read_source, read_source.kernel(kernel))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_excerpt_of_an_example_reads_like_the_whole(path, tmp_path):
    whole = read(path)
    for kernel in whole.kernels:
        part = source(tmp_path, excerpt(whole, kernel))
        (again,) = part.kernels
        assert again.name == kernel.name
        assert {c.rpartition("::")[2] for c in again.calls} == {c.rpartition("::")[2] for c in kernel.calls}
        assert "main" not in {f.name for f in part.functions}
        assert {g.rpartition("::")[2] for g in again.globals} == {g.rpartition("::")[2] for g in kernel.globals}


def test_names_are_followed_to_the_end(tmp_path):
    text = """
constexpr int A = 3;
constexpr int B = A * 2;
constexpr int UNUSED = 4;
enum Mode { SLOW, FAST = B };
typedef float real;
using vec = real;
struct Inner { real x; };
struct Outer { Inner inner; };
struct Stranger { int y; };
__constant__ vec table[B];
__device__ real leaf(real v) { return v + FAST; }
__device__ real node(Outer o) { return leaf(o.inner.x) * table[0]; }
__device__ real stranger(real v) { return v; }
__global__ void other(real* p) { p[0] = stranger(p[0]); }
__global__ void k(real* p, Outer o) { p[0] = node(o); }
void host() { k<<<1, 1>>>(nullptr, Outer{}); }
"""
    shown = of(tmp_path, text)
    for kept in ("int A", "int B", "enum Mode", "typedef float real", "using vec", "struct Inner", "struct Outer"):
        assert kept in shown
    for kept in ("table[B]", "real leaf", "real node", "void k("):
        assert kept in shown
    for left in ("UNUSED", "Stranger", "stranger", "void other", "host"):
        assert left not in shown
    assert shown.index("int A") < shown.index("real leaf") < shown.index("void k(")


def test_macros_are_expanded_and_conditions_decided(tmp_path):
    text = """
#define SCALE 2.5f
#define BODY(i) p[i] = p[i] * SCALE
#if 1
__device__ int step() { return 1; }
#else
__device__ int step() { return 2; }
#endif
__global__ void k(float* p) { BODY(step()); }
"""
    shown = of(tmp_path, text)
    assert "2.5f" in shown and "return 1" in shown and "return 2" not in shown and "#" not in shown


def test_local_headers_are_part_of_it(tmp_path):
    (tmp_path / "op.cuh").write_text(
        "#pragma once\nstruct Op { float a; };\n__device__ float use(Op o) { return o.a; }\n"
    )
    shown = of(tmp_path, '#include "op.cuh"\n__global__ void k(float* p, Op o) { p[0] = use(o); }\n')
    assert "struct Op" in shown and "float use" in shown


def test_overloads_and_operators(tmp_path):
    text = """
struct P { float x; };
struct Q { float x; };
__device__ P operator+(P a, P b) { return {a.x + b.x}; }
__device__ Q operator-(Q a, Q b) { return {a.x - b.x}; }
__device__ float f(float v) { return v; }
__device__ float f(P v) { return v.x; }
__global__ void k(float* p, P a) { p[0] = f(a + a) + f(1.0f); }
"""
    shown = of(tmp_path, text)
    assert "operator+" in shown and "float f(float v)" in shown and "float f(P v)" in shown
    assert "operator-" not in shown and "struct Q" not in shown


def test_namespaces_are_named(tmp_path):
    text = """
namespace a { namespace b {
constexpr int N = 4;
template <typename T> __device__ T twice(T v) { return v * N; }
} }
__global__ void k(float* p) { p[0] = a::b::twice(p[0]); }
"""
    shown = of(tmp_path, text)
    assert "// in namespace a::b" in shown and "template <typename T>" in shown and "int N = 4" in shown


@pytest.mark.parametrize(
    "text",
    [
        'extern "C" __global__ void k(float* p) { p[0] = 1; }',
        'extern "C" { constexpr int ONE = 1; __global__ void k(float* p) { p[0] = ONE; } }',
        "__global__ void __launch_bounds__(256) k(float* p) { p[0] = 1; }",
        "template <typename T> __global__ void k(T* p) { p[0] = 1; }",
        "namespace { __global__ void k(float* p) { p[0] = 1; } }",
        "static __global__ void k(float* p) { p[0] = 1; }",
        "__global__ static void k(float* p) { p[0] = 1; }",
        "__global__ void k(float *p)\n{\n  // a brace } in a comment\n  p[0] = 1;\n}",
    ],
)
def test_the_kernel_is_there_once_whatever_its_dress(tmp_path, text):
    shown = of(tmp_path, f"constexpr int UNUSED = 1;\n{text}\n")
    assert shown.count("k(float") + shown.count("k(T") == 1
    assert "p[0] = " in shown and "UNUSED" not in shown
    assert ("ONE = 1" in shown) == ("ONE" in text)


def test_comments_above_what_is_kept(tmp_path):
    text = """
// Far away.

// Taps of the filter.
constexpr int TAPS = 9;
// Of nothing.
constexpr int NOTHING = 1;
__global__ void k(float* p) { p[0] = TAPS; }
"""
    shown = of(tmp_path, text)
    assert "Of nothing" not in shown and "Far away" not in shown
