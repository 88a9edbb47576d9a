"""The parser: what is normalised keeps its place, and every query compiles."""

from __future__ import annotations

from importlib import resources

import pytest

from cuport.cuda.parse import broken, normalise, parse, query

GOOD = [
    "__global__ void k(float* __restrict a, const float* const __restrict__ b) { }",
    "__global__ void k() { extern __shared__ __align__(16) char s[]; __shared__ alignas(8) float t[4][N + 1]; }",
    "__global__ void k() { auto f = [=] __host__ __device__ (int i) -> float { return x[i]; }; }",
    "struct B { __device__ friend B operator+(const B& a, const B& b) { return a; } };",
    "template <typename T, typename std::enable_if<(sizeof(T) > 4), T>::type* = nullptr> __device__ T f(T x) { }",
    'template <typename T> __global__ void k() { asm volatile("{ add %0, %1; }" : "=r"(x) : "r"(y) : "memory"); }',
    "void f() { (k<T>)<<<1, 1>>>(x); k<<<{1, 2}, {3}>>>(x); k<<<a < b ? 1 : 2, 3>>>(); }",
    "__global__ void k() { __shared__ union { typename A::T a; float b[3]; } t; float (*p)[33] = (float (*)[33])s; }",
    "class __align__(4) F { public: int a; }; typedef struct __builtin_align__(16) { float a; } D;",
    "#include <typeinfo>\nbool f() { return typeid(double) == typeid( unsigned int ) && 1; }",
    "template <class T> struct S {}; template class S<float>; template struct\n S<unsigned int>;",
    "typedef unsigned long long u64; enum : u64 { A = 1 }; enum :\nstd::uint8_t { B }; enum E : int { C };",
    "int main() try { return 0; } catch (const std::exception &e) { return 1; }",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_used_to_break(text: str) -> None:
    assert not broken(parse(text).root_node)


@pytest.mark.parametrize(
    "text", [*GOOD, "#pragma unroll \u00e4\nint \u00e4; __align__(\n8) /* \u20ac */ x; // __align__(", "__align__("]
)
def test_normalised_text_keeps_bytes_and_lines(text: str) -> None:
    changed = normalise(text)
    assert len(changed.encode()) == len(text.encode())
    assert [len(a.encode()) for a in changed.split("\n")] == [len(a.encode()) for a in text.split("\n")]


def test_a_pragma_does_not_come_between_if_and_loop() -> None:
    tree = parse("void f() { if (x)\n#pragma unroll\n for (;;) { } }")
    statement = tree.root_node.children[0].child_by_field_name("body").named_children[0]
    assert statement.type == "if_statement"
    assert statement.child_by_field_name("consequence").type == "for_statement"


def test_every_query_compiles_and_has_its_comment() -> None:
    files = [f for f in resources.files("cuport.grammars").iterdir() if f.name.endswith(".scm")]
    assert len(files) > 5
    for file in files:
        assert query(file.name.removesuffix(".scm")).pattern_count >= 1
        assert file.read_text().startswith(";")
    with pytest.raises(KeyError):
        query("no-such-query")
