"""Launch sites: every way to start a kernel whose name can be seen."""

from __future__ import annotations

from typing import Any

KERNELS = """template <typename T, int N> __global__ void t(T *x) { }
__global__ void k(float *x, int n) { }
__global__ void k2(float *x, int n) { }
namespace ns { __global__ void k(int n) { } }
"""


def launches(reader: Any, host: str, before: str = KERNELS) -> list[tuple[Any, ...]]:
    source = reader(before + host)
    found = [(k.qualified, s) for k in source.kernels for s in k.launches]
    return [(q, s.template_args, s.grid, s.block, s.shared, s.args) for q, s in found]


def test_chevrons(reader: Any) -> None:
    host = """void f(float *x, int n) {
      k<<<(n + 255) / 256, 256>>>(x, n);
      k<<<dim3(n, 2), dim3(8, 8), n * sizeof(float), stream>>>(x + 1, g(n, 2));
      t<float, (3 > 2)><<<1, 1>>>(x);
      ns::k<<<{1, 2}, {3}>>>(n);
      auto body = [&] { k2 <<< 1, 1 >>> (x, n); };
    }"""
    assert launches(reader, host) == [
        ("t", ("float", "(3 > 2)"), "1", "1", "", ("x",)),
        ("k", (), "(n + 255) / 256", "256", "", ("x", "n")),
        ("k", (), "dim3(n, 2)", "dim3(8, 8)", "n * sizeof(float)", ("x + 1", "g(n, 2)")),
        ("k2", (), "1", "1", "", ("x", "n")),
        ("ns::k", (), "{1, 2}", "{3}", "", ("n",)),
    ]


def test_functions_and_spans(reader: Any) -> None:
    source = reader("__global__ void k(int n) { }\nstruct S {\n  void run() {\n    k<<<1, 2>>>(3);\n  }\n};\n")
    (site,) = source.kernels[0].launches
    assert (site.function, site.span.line, site.span.column) == ("S::run", 4, 5)


def test_scope_and_overloads(reader: Any) -> None:
    host = "namespace ns { void f() { k<<<1, 1>>>(1); ::k<<<2, 2>>>(0, 1); } }\nvoid g() { k<<<3, 3>>>(0, 1); }"
    assert [(q, g) for q, _, g, *_ in launches(reader, host)] == [("k", "2"), ("k", "3"), ("ns::k", "1")]
    two = "__global__ void k(int a) { }\n__global__ void k(int a, int b) { }\n"
    source = reader(two + "void f() { k<<<1, 1>>>(1); k<<<2, 1>>>(1, 2); }")
    assert [[s.grid for s in k.launches] for k in source.kernels] == [["1"], ["2"]]


def test_through_pointers_and_parameters(reader: Any) -> None:
    host = """typedef void (*fn)(float *, int);
    template <typename K> void time_it(K kernel, float *x) { kernel<<<4, 4>>>(x, 1); }
    template <fn Kernel> void start(float *x) { Kernel<<<5, 5>>>(x, 1); }
    void f(float *x, bool b) {
      auto a = k; a<<<1, 1>>>(x, 1);
      void (*p)(float *, int) = b ? k : k2; p<<<2, 2>>>(x, 1);
      fn q; q = &k2; q<<<3, 3>>>(x, 1);
      time_it(k, x); start<k2>(x);
    }"""
    assert sorted((q, g) for q, _, g, *_ in launches(reader, host)) == [
        ("k", "1"),
        ("k", "2"),
        ("k", "4"),
        ("k2", "2"),
        ("k2", "3"),
        ("k2", "5"),
    ]


def test_runtime_calls(reader: Any) -> None:
    host = """void f(float *x, int n) {
      void *args[] = {&x, (void *)&n};
      cudaLaunchKernel((const void *)k, dim3(2), dim3(64), args, 16, 0);
      cudaLaunchCooperativeKernel((void *)&t<float, 4>, grid, block, args);
      cudaLaunchConfig_t config = {0}; config.gridDim = n / 4; config.blockDim = 128;
      cudaLaunchKernelEx(&config, ns::k, n);
    }"""
    assert launches(reader, host) == [
        ("t", ("float", "4"), "grid", "block", "", ("x", "n")),
        ("k", (), "dim3(2)", "dim3(64)", "16", ("x", "n")),
        ("ns::k", (), "n / 4", "128", "", ("n",)),
    ]


def test_launches_of_nothing_known_do_no_harm(reader: Any) -> None:
    assert (
        launches(reader, "void f() { gone<<<1, 1>>>(); table[3]<<<1, 1>>>(); (*p)<<<1, 1>>>(2); o->k9<<<1, 1>>>(); }")
        == []
    )
