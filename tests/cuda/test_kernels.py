"""Kernels: how they are found, named, what they reach."""

from __future__ import annotations

from typing import Any

import pytest

from cuport.cuda.names import param_names, python_name

HEADS = [
    "__global__ void k(int n) { }",
    "void __global__ k(int n) { }",
    "static __global__ void k(int n) { }",
    "inline __global__ void k(int n) { }",
    'extern "C" __global__ void k(int n) { }',
    'extern "C" { __global__ void k(int n) { } }',
    "__global__ void __launch_bounds__(256, 2) k(int n) { }",
    "__launch_bounds__(256) __global__ void k(int n) { }",
    "__global__ __launch_bounds__(128) static void k(int n) { }",
    'extern "C" __global__ void __launch_bounds__(64) k(int n) { }',
    "__global__ __cluster_dims__(2, 1, 1) void k(const __grid_constant__ int n) { }",
    "__global__ void k(int n);\n__global__ void k(int n) { }",
    "namespace { __global__ void k(int n) { } }",
    "#define KERNEL(name) __global__ void name(int n)\nKERNEL(k) { }",
    "#define GLOBAL __global__\nGLOBAL void k(int n) { }",
    "__global__\nvoid\nk\n(\nint n\n)\n{\n}",
    "__attribute__((unused)) __global__ void k(int n) { }",
]


@pytest.mark.parametrize("text", HEADS)
def test_every_head_is_one_kernel(reader: Any, text: str) -> None:
    (kernel,) = reader(text + "\nint after;").kernels
    assert (kernel.name, kernel.qualified, kernel.python_name) == ("k", "k", "k")
    assert [p.name for p in kernel.params] == ["n"] and not kernel.is_template
    assert [d.code for d in kernel.diagnostics] == (["unsupported.cluster"] if "__cluster_dims__" in text else [])


def test_template_parameters(reader: Any) -> None:
    (kernel,) = reader(
        """template <typename T, int N = 4, class U = float, bool Fast = (N > 2), unsigned, template <class> class F,
        typename... Rest> __global__ void k(T *x) { }"""
    ).kernels
    assert [(p.name, p.kind, p.ctype, p.default) for p in kernel.template_params] == [
        ("T", "type", "", None),
        ("N", "value", "int", "4"),
        ("U", "type", "", "float"),
        ("Fast", "value", "bool", "(N > 2)"),
        ("targ4", "value", "unsigned", None),
        ("F", "type", "template", None),
        ("Rest", "type", "", None),
    ]
    assert kernel.text.startswith("template <typename T") and kernel.span.line == 1


def test_names_by_the_contract(reader: Any) -> None:
    source = reader(
        """namespace a { namespace b { __global__ void k(int in, int lambda_, int grid, int) { } } }
        namespace a::c { __global__ void k(int block, int shared_bytes) { } }
        __global__ void k(int x) { }
        __global__ void k(float x) { }
        template <typename T> __global__ void k(T x, int y) { }
        __constant__ float taps[3];
        template <int N> __global__ void pass(float *taps_, int N_, float from) { taps_[0] = taps[N]; }
        namespace del { __global__ void lambda(int is) { } }"""
    )
    assert [k.python_name for k in source.kernels] == [
        "a__b__k",
        "a__c__k",
        "k",
        "k__2",
        "k__3",
        "pass_",
        "del__lambda",
    ]
    assert [k.param_names for k in source.kernels] == [
        ("in_", "lambda_", "grid_", "arg3"),
        ("block_", "shared_bytes_"),
        ("x",),
        ("x",),
        ("x", "y"),
        ("taps_", "N_", "from_"),
        ("is_",),
    ]
    assert source.kernel("a::b::k") is source.kernel("a__b__k")


def test_names_never_meet() -> None:
    assert param_names(["in", "in_"], []) == ("in__", "in_")
    assert param_names(["x", "N"], ["N", "x"]) == ("x_", "N_")
    assert python_name("k__2", ["k", "k__2"]) == "k__2__2"
    assert python_name("k", ["k", "k__2"]) == "k__3"


def test_device_functions_reached_nearest_first(reader: Any) -> None:
    source = reader(
        """__device__ float leaf(float x);
        namespace m { __device__ float mid(float x) { return leaf(x); } __device__ float other(float x) { return x; } }
        float leaf(float x) { return x; }
        float host(float x) { return x; }
        constexpr int twice(int x) { return 2 * x; }
        struct Op {
          __device__ float operator()(float a) const { return m::other(a); }
          __device__ float get() { return 1; }
        };
        __device__ float2 operator*(float2 a, float b) { return a; }
        template <typename F> __device__ float apply(F f, float x) { return f(x); }
        __global__ void direct(float *x) { x[0] = m::mid(x[1]); }
        __global__ void method(float *x) { Op op; x[0] = op.get() + twice(3); }
        __global__ void functor(float *x) { x[0] = apply(Op(), x[1]); }
        template <typename F> __global__ void deduced(float *x, F f) { x[0] = f(x[1]); }
        __global__ void vector(float2 *x) { x[0] = x[1] * 2.f; }
        __global__ void hidden(float *leaf) { leaf[0] = 1; }
        int main() { deduced<<<1, 1>>>(p, Op()); }"""
    )
    calls = {k.name: k.calls for k in source.kernels}
    assert calls["direct"] == ("m::mid", "leaf")
    assert set(calls["method"]) >= {"Op::get", "twice"} and "m::mid" not in calls["method"]
    assert set(calls["functor"]) >= {"apply", "Op::operator()", "m::other"}
    assert set(calls["deduced"]) >= {"Op::operator()", "m::other"}
    assert "operator*" in calls["vector"]
    assert calls["hidden"] == ()
    flags = {f.qualified: (f.device, f.host) for f in source.functions}
    assert flags["leaf"] == (True, True) and flags["host"] == (False, True) and flags["m::mid"] == (True, False)
    assert flags["twice"] == (True, True)
    assert source.has_main and "main" in flags


def test_grid_dim_is_seen_through_functions(reader: Any) -> None:
    source = reader(
        """__device__ int step() { return gridDim.x * blockDim.x; }
        __global__ void a(int *x) { x[0] = step(); }
        __global__ void b(int *x) { x[0] = blockDim.x; }
        __global__ void c(int *x) { auto g = cooperative_groups::this_grid(); x[0] = g.size(); }"""
    )
    assert [k.reads_grid_dim for k in source.kernels] == [True, False, True]


def test_globals_through_functions_and_shadowing(reader: Any) -> None:
    source = reader(
        """__constant__ float a[3]; __device__ int b; namespace n { __device__ int b; __constant__ int c; }
        __device__ float f() { return a[0]; }
        __global__ void through(float *x) { x[0] = f(); }
        __global__ void shadowed(float *a) { int b = 3; a[0] = b; }
        namespace n { __global__ void inner(int *x) { x[0] = b + c; } }
        __global__ void outer(int *x) { x[0] = n::b; }"""
    )
    assert {k.name: k.globals for k in source.kernels} == {
        "through": ("a",),
        "shadowed": (),
        "inner": ("n::b", "n::c"),
        "outer": ("n::b",),
    }


def test_explicit_specialisations_warn_on_the_primary(reader: Any) -> None:
    source = reader(
        "template <typename T> __global__ void k(T *x) { }\n"
        "template <> __global__ void k<double>(double *x) { x[0] = 1; }\n"
        "template __global__ void k<float>(float *x);\n"
    )
    (kernel,) = source.kernels
    assert [(d.code, d.severity, d.span.line) for d in kernel.diagnostics] == [
        ("read.specialised-kernel", "warning", 2)
    ]
    assert not source.diagnostics


def test_spans_are_in_the_users_file(reader: Any) -> None:
    source = reader(
        '#include "k.h"\n#define F float\n/* one\ntwo */  __global__   void   k(F *x,   F y) {\n  x[0] = y;\n}\n',
        headers={"k.h": "// a\n__global__ void other(int *x) { }\n"},
    )
    other, k = source.kernels
    assert (other.span.path, other.span.line, other.span.column) == (str(reader.folder / "k.h"), 2, 1)
    assert (k.span.path, k.span.line, k.span.column) == (reader.path, 4, 9)
    assert (k.span.end_line, k.span.end_column) == (6, 2)
    assert (k.params[1].span.line, k.params[1].name) == (4, "y")


BASE = """#define N {n}
struct P {{ float a; }};
{globals}
{function}
__global__ void k(float *x, P p) {{ {comment} x[threadIdx.x] = f(p.a) * N; }}
{host}
"""
DEFAULTS = {
    "n": "3",
    "globals": "__constant__ float c[2];",
    "function": "__device__ float f(float x) { return x + c[0]; }",
    "comment": "",
    "host": "int main() { return 0; }",
}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"comment": "/* new */  \n\n"}, True),
        ({"host": "int main() { return 1; }"}, True),
        ({"host": "__global__ void other() { }"}, True),
        ({"n": "4"}, False),
        ({"globals": "__constant__ float c[3];"}, False),
        ({"function": "__device__ float f(float x) { return x - c[0]; }"}, False),
        ({"globals": "const int unused = 3; __constant__ float c[2];"}, True),
        (
            {
                "function": "__device__ float g(float x) { return x; }\n"
                "__device__ float f(float x) { return g(x) + c[0]; }"
            },
            False,
        ),
    ],
)
def test_digest(reader: Any, change: dict[str, str], same: bool) -> None:
    first = reader(BASE.format(**DEFAULTS)).kernels[0].digest
    second = reader(BASE.format(**{**DEFAULTS, **change})).kernels[0].digest
    assert (first == second) is same


def test_digest_follows_everything_behind_a_name(reader: Any) -> None:
    text = """const int kTile = 4; enum { A = 1, B = 2 };
    template <typename T> struct Tr { static constexpr int v = 1; };
    template <> struct Tr<float> { static constexpr int v = 2; };
    typedef float real;
    template <typename F> __global__ void k(real *x, F f) { x[0] = f(kTile + B + Tr<float>::v); }
    struct Op { __device__ float operator()(float a) { return a; } };
    """
    digests = {reader(text).kernels[0].digest}
    for old, new in [("kTile = 4", "kTile = 5"), ("B = 2", "B = 3"), ("v = 2", "v = 3"), ("return a;", "return -a;")]:
        digests.add(reader(text.replace(old, new)).kernels[0].digest)
    digests.add(reader(text.replace("typedef float", "typedef double")).kernels[0].digest)
    assert len(digests) == 6
