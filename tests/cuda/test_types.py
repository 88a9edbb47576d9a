"""Types of parameters: builtin spellings, vector types, typedefs through scopes, templates, arrays, structs."""

from __future__ import annotations

from typing import Any

import pytest

PLAIN = {
    "int": ("int32", 1),
    "unsigned": ("uint32", 1),
    "unsigned int": ("uint32", 1),
    "int unsigned": ("uint32", 1),
    "long long unsigned int": ("uint64", 1),
    "long": ("int64", 1),
    "size_t": ("uint64", 1),
    "std::size_t": ("uint64", 1),
    "char": ("int8", 1),
    "signed char": ("int8", 1),
    "unsigned char": ("uint8", 1),
    "short": ("int16", 1),
    "unsigned short": ("uint16", 1),
    "bool": ("bool", 1),
    "uint8_t": ("uint8", 1),
    "std::int64_t": ("int64", 1),
    "uint": ("uint32", 1),
    "float": ("float32", 1),
    "double": ("float64", 1),
    "long double": (None, 1),
    "__half": ("float16", 1),
    "half": ("float16", 1),
    "half2": ("float16", 2),
    "__nv_bfloat16": ("bfloat16", 1),
    "nv_bfloat162": ("bfloat16", 2),
    "float2": ("float32", 2),
    "float3": ("float32", 3),
    "float4": ("float32", 4),
    "uchar4": ("uint8", 4),
    "int2": ("int32", 2),
    "double2": ("float64", 2),
    "ulonglong2": ("uint64", 2),
    "dim3": ("uint32", 3),
    "cudaTextureObject_t": (None, 1),
    "std::complex<float>": (None, 1),
}


def params(reader: Any, before: str, listed: str) -> dict[str, Any]:
    source = reader(f"{before}\n__global__ void k({listed}) {{ }}\n")
    return {p.name: p.ctype for p in source.kernels[0].params}


@pytest.mark.parametrize(("spelled", "expected"), PLAIN.items())
def test_builtin(reader: Any, spelled: str, expected: tuple[str | None, int]) -> None:
    found = params(
        reader, "", f"{spelled} a, {spelled} *b, const {spelled} * __restrict__ c, {spelled} const * const d"
    )
    assert {(c.dtype, c.lanes) for c in found.values()} == {expected}
    assert [c.pointer for c in found.values()] == [0, 1, 1, 1]
    assert [c.const for c in found.values()] == [False, False, True, True]


def test_typedefs_are_followed(reader: Any) -> None:
    found = params(
        reader,
        """typedef float real; using Vec = float4; typedef real *RealPtr; typedef const real CReal;
        namespace cfg { using index = unsigned long; namespace deep { typedef index I2; } enum Mode { A }; }
        enum class Kind : uint8_t { X, Y }; typedef unsigned char u8, *u8p; typedef struct { int a; } Unnamed;
        typedef float Row[4];""",
        "real a, Vec *b, RealPtr c, const RealPtr d, CReal *e, cfg::deep::I2 f, Kind g, u8p h, "
        "Unnamed i, cfg::Mode j, Row k",
    )
    assert [(c.dtype, c.lanes, c.pointer, c.const) for c in found.values()] == [
        ("float32", 1, 0, False),
        ("float32", 4, 1, False),
        ("float32", 1, 1, False),
        ("float32", 1, 1, False),
        ("float32", 1, 1, True),
        ("uint64", 1, 0, False),
        ("uint8", 1, 0, False),
        ("uint8", 1, 1, False),
        (None, 1, 0, False),
        ("int32", 1, 0, False),
        ("float32", 1, 1, False),
    ]
    assert found["i"].struct == "Unnamed" and found["a"].name == "float"


def test_the_innermost_scope_wins(reader: Any) -> None:
    source = reader(
        """typedef float T0; namespace a { typedef double T0; __global__ void k(T0 x, ::T0 y) { } }
        __global__ void k(T0 x) { }"""
    )
    assert [[p.ctype.dtype for p in k.params] for k in source.kernels] == [["float64", "float32"], ["float32"]]


def test_a_template_parameter_hides_a_typedef(reader: Any) -> None:
    found = reader("typedef float T;\ntemplate <typename T> __global__ void k(T *x, const T y) { }").kernels[0].params
    assert [(p.ctype.name, p.ctype.dtype, p.ctype.pointer) for p in found] == [("T", None, 1), ("T", None, 0)]


def test_arrays_pointers_references_and_functions(reader: Any) -> None:
    found = params(
        reader,
        "",
        "float a[], const int b[16], float **c, float d[][8], float (*e)[8], float (*f)(float, int), "
        "volatile int *g, int",
    )
    assert [(c.pointer, c.dtype, c.extents) for c in found.values()] == [
        (1, "float32", ()),
        (1, "int32", ()),
        (2, "float32", ()),
        (1, "float32", ("8",)),
        (1, "float32", ("8",)),
        (0, None, ()),
        (1, "int32", ()),
        (0, "int32", ()),
    ]
    assert found["g"].volatile and "arg7" in found


def test_structs(reader: Any) -> None:
    source = reader(
        """struct Base { int id; };
        namespace sim {
        struct __align__(16) Params : public Base {
          float dt = 0.1f, grid[3][2]; const float4 *bodies; unsigned n : 8;
          static const int kMax = 4; enum Mode { A, B }; Mode mode;
          Params() {} __device__ float f() const { return dt; } float (*op)(float);
        };
        template <typename T, int N> struct Vec { T v[N]; Params p; };
        union Bits { float f; int i; };
        typedef struct Node { struct Node *next; double w; } NodeT;
        __global__ void k(Params p, const Params *q, Vec<float, 4> v, Bits b, NodeT n, struct Node m) { }
        }"""
    )
    by_name = {s.qualified: s for s in source.structs}
    fields = {f.name: f.ctype for f in by_name["sim::Params"].fields}
    assert list(fields) == ["id", "dt", "grid", "bodies", "n", "mode", "op"]
    assert fields["grid"].extents == ("3", "2") and fields["bodies"].lanes == 4 and fields["bodies"].const
    assert fields["mode"].dtype == "int32"
    assert [t.name for t in by_name["sim::Vec"].template_params] == ["T", "N"]
    assert by_name["sim::Vec"].fields[1].ctype.struct == "sim::Params"
    assert [f.name for f in by_name["sim::Node"].fields] == ["next", "w"]
    assert by_name["sim::Node"].fields[0].ctype.struct == "sim::Node"
    assert [(p.ctype.struct, p.ctype.pointer) for p in source.kernels[0].params] == [
        ("sim::Params", 0),
        ("sim::Params", 1),
        ("sim::Vec", 0),
        (None, 0),
        ("sim::Node", 0),
        ("sim::Node", 0),
    ]


def test_globals(reader: Any) -> None:
    source = reader(
        """struct P { float a; };
        __constant__ float taps[2 * 4][3]; static __device__ volatile unsigned count = 0, flags[2];
        __device__ __managed__ int shared_flag;
        namespace n { __constant__ P p; __device__ const float e[] = {1, 2, 3}; }
        extern __constant__ int late; __constant__ int late = 3; __device__ float *pointer;
        __device__ float function(float); const float host_table[2] = {1, 2};
        struct Q { static __constant__ int inside; };
        __global__ void k() { extern __shared__ float s[]; s[0] = taps[0][0] + n::e[1] + count; }"""
    )
    found = {g.qualified: (g.space, g.ctype.dtype, g.ctype.extents, g.ctype.pointer) for g in source.globals}
    assert found == {
        "taps": ("constant", "float32", ("2 * 4", "3"), 0),
        "count": ("device", "uint32", (), 0),
        "flags": ("device", "uint32", ("2",), 0),
        "shared_flag": ("managed", "int32", (), 0),
        "n::p": ("constant", None, (), 0),
        "n::e": ("device", "float32", ("3",), 0),
        "late": ("constant", "int32", (), 0),
        "pointer": ("device", "float32", (), 1),
        "Q::inside": ("constant", "int32", (), 0),
    }
    assert source.globals[4].ctype.struct == "P"
    assert source.kernels[0].globals == ("taps", "count", "n::e")
