"""Relations from launches: what is found, what is free, what stays doubtful."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.cases.simulation import launch, source_of

from cuport.case import Case
from cuport.cases.hosttext import Hints, HostText
from cuport.cases.infer import Inferred, infer
from cuport.kernel import Source


def zeros(n: int, lanes: int = 1) -> np.ndarray:
    return np.zeros((n, lanes) if lanes > 1 else n, np.float32)


def relations(source: Source, cases: list[Case], *, hints: bool = True) -> Inferred:
    kernel = source.kernels[0]
    return infer(source, kernel, cases, HostText(source).hints(kernel) if hints else Hints())


def shown(found: Inferred) -> dict[str, Any]:
    r = found.relations
    return {
        "len": {n: str(e) for n, e in r.lengths.items()},
        "grid": [None if g is None else str(g) for g in r.grid],
        "block": [None if b is None else str(b) for b in r.block],
        "shared": str(r.shared),
        "roots": r.roots,
        "loose": r.loose,
        "tied": {n: str(e) for n, e in r.tied.items()},
    }


ELEMENTWISE = """__global__ void k(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = x[i]; }
"""


def test_elementwise_from_one_launch() -> None:
    source = source_of(ELEMENTWISE)
    found = relations(source, [launch(source.kernels[0], [zeros(1000), zeros(1000), 1000], (4,), (256,))])
    assert shown(found) == {
        "len": {"x": "n", "y": "n"},
        "grid": ["ceil(n / block.x)", "1", "1"],
        "block": [None, "1", "1"],
        "shared": "0",
        "roots": ("n",),
        "loose": (),
        "tied": {},
    }


def test_a_block_that_the_kernel_knows_is_fixed() -> None:
    for text in (
        ELEMENTWISE.replace("blockDim.x", "256"),
        ELEMENTWISE.replace("{\n", "{ __shared__ float s[256];\n"),
        "const int kBlock = 256;\n" + ELEMENTWISE.replace("{\n", "{ __shared__ float s[kBlock];\n"),
        ELEMENTWISE.replace("__global__ void", "__global__ void __launch_bounds__(256)"),
    ):
        source = source_of(text)
        found = relations(source, [launch(source.kernels[0], [zeros(1000), zeros(1000), 1000], (4,), (256,))])
        assert shown(found)["block"] == ["256", "1", "1"], text
        assert shown(found)["grid"][0] == "ceil(n / block.x)"


def test_a_grid_that_the_kernel_reads_is_free_but_its_rule_is_kept() -> None:
    source = source_of(ELEMENTWISE.replace("if (i < n)", "for (; i < n; i += gridDim.x * blockDim.x)"))
    found = relations(source, [launch(source.kernels[0], [zeros(1000), zeros(1000), 1000], (4,), (256,))])
    assert shown(found)["grid"][0] is None
    assert str(found.relations.derived_grid[0]) == "ceil(n / block.x)"


def test_partial_results_are_as_long_as_a_free_grid() -> None:
    source = source_of(
        """__global__ void k(const float *x, float *p, int n) {
        for (int i = blockIdx.x; i < n; i += gridDim.x) p[blockIdx.x] += x[i]; }"""
    )
    found = relations(source, [launch(source.kernels[0], [zeros(1000), zeros(17), 1000], (17,), (1,))])
    assert shown(found)["len"] == {"x": "n", "p": "grid.x"}


def test_matrices_with_several_launches() -> None:
    source = source_of(
        """template <int T> __global__ void k(const float *a, const float *b, float *c, int m, int n, int k_) {
        int r = blockIdx.y * T + threadIdx.y, s = blockIdx.x * T + threadIdx.x;
        if (r < m && s < n) c[r * n + s] = a[r * k_] + b[s]; }"""
    )
    kernel = source.kernels[0]

    def one(m: int, n: int, k: int, t: int) -> Case:
        args = [zeros(m * k), zeros(k * n), zeros(m * n), m, n, k]
        grid = (-(-n // t), -(-m // t))
        return launch(kernel, args, grid, (t, t), template=(("T", t),), instance=f"k<{t}>")

    found = relations(source, [one(70, 45, 53, 16), one(19, 37, 9, 8)])
    assert shown(found)["len"] == {"a": "m * k_", "b": "n * k_", "c": "m * n"}
    assert shown(found)["grid"] == ["ceil(n / T)", "ceil(m / T)", "1"]
    assert shown(found)["block"] == ["T", "T", "1"]
    assert found.seen["T"] == frozenset({8, 16}) and not found.doubtful


def test_equal_sizes_from_one_launch_are_doubtful_and_tied() -> None:
    source = source_of("__global__ void k(float *a, float *b, int m, int n) { a[m] = b[n]; }")
    kernel = source.kernels[0]
    once = launch(kernel, [zeros(64 * 64), zeros(64), 64, 64], (2,), (32,))
    found = relations(source, [once])
    assert "n" in found.doubtful and shown(found)["tied"] in ({"n": "m"}, {"m": "n"})
    twice = [once, launch(kernel, [zeros(40 * 30), zeros(30), 40, 30], (2,), (32,))]
    found = relations(source, twice)
    assert shown(found)["tied"] == {} and shown(found)["len"] == {"a": "m * n", "b": "n"}


def test_a_product_passed_beside_its_factors_is_tied() -> None:
    source = source_of(
        "__global__ void k(float *a, int rows, int cols, int total) { if (blockIdx.x < total) a[0] = rows; }"
    )
    found = relations(source, [launch(source.kernels[0], [zeros(21 * 50), 21, 50, 1050], (17,), (64,))])
    assert shown(found)["tied"] == {"total": "rows * cols"} and set(found.relations.roots) == {"rows", "cols"}


def test_host_words_resolve_a_coincidence() -> None:
    text = "__global__ void k(float *a, int n, int s) { if (blockIdx.x < n) a[blockIdx.x * s] = 1; }\n"
    host = (
        "void f(int n, int s) { float *a; cudaMalloc(&a, n * s * sizeof(float)); k<<<(n + 63) / 64, 64>>>(a, n, s); }"
    )
    source = source_of(text + host)
    case = launch(source.kernels[0], [zeros(100), 100, 1], (2,), (64,))
    assert shown(relations(source, [case]))["len"] == {"a": "n * s"}
    assert shown(relations(source, [case], hints=False))["len"] == {"a": "n"}


def test_a_false_hint_is_dropped() -> None:
    text = "__global__ void k(float *a, int n) { if (blockIdx.x < n) a[blockIdx.x] = 1; }\n"
    host = "void f(int n) { float *a; cudaMalloc(&a, 2 * n * sizeof(float)); k<<<n / 3, 64>>>(a, n); }"
    source = source_of(text + host)
    case = launch(source.kernels[0], [zeros(100), 100], (100,), (64,))
    assert shown(relations(source, [case]))["len"] == {"a": "n"}
    assert shown(relations(source, [case]))["grid"][0] == "n"


def test_shared_memory_follows_the_block() -> None:
    source = source_of(
        ELEMENTWISE.replace("{\n", "{ extern __shared__ float s[];\n") + "void f() { k<<<4, 96, 384>>>(x, y, 300); }"
    )
    case = launch(source.kernels[0], [zeros(300), zeros(300), 300], (4,), (96,), shared=384)
    assert shown(relations(source, [case]))["shared"] == "4 * block.x"


def test_a_grid_that_rounds_down_asks_for_whole_blocks() -> None:
    source = source_of(ELEMENTWISE + "void f(int n) { k<<<n / 128, 128>>>(x, y, n); }")
    found = relations(source, [launch(source.kernels[0], [zeros(1024), zeros(1024), 1024], (8,), (128,))])
    assert [str(c) for c in found.relations.require] == ["n % block.x == 0"]


def test_one_block_of_n_threads() -> None:
    source = source_of(
        "__global__ void k(float *x, int n) { x[threadIdx.x] = n; }\nvoid f(int n) { k<<<1, n>>>(x, n); }"
    )
    found = relations(source, [launch(source.kernels[0], [zeros(40), 40], (1,), (40,))])
    assert shown(found)["block"][0] == "n" and shown(found)["grid"][0] == "1"


def test_complete_gives_all_numbers_or_none() -> None:
    source = source_of(ELEMENTWISE)
    r = relations(source, [launch(source.kernels[0], [zeros(1000), zeros(1000), 1000], (4,), (256,))]).relations
    known = r.complete({"n": 33, "block.x": 32})
    assert known is not None
    assert (known["grid.x"], known["grid"], known["block"], known["len(x)"], known["shared"]) == (2, 2, 32, 33, 0)
    assert r.complete({"n": 0, "block.x": 32}) is None  # no blocks
    assert r.complete({"n": 5}) is None  # the block was not chosen
    from cuport.cases.expressions import parse_expression

    limited = r.with_condition(parse_expression("n % 4 == 0"))
    assert limited.complete({"n": 33, "block.x": 32}) is None and limited.complete({"n": 32, "block.x": 32})


def test_sizes_that_the_host_keeps_apart_are_not_tied() -> None:
    text = "__global__ void k(float *a, float *b, int m, int n) { a[m] = b[n]; }\n"
    host = """int main() { const int M = 64, N = 64; float *a, *b; cudaMalloc(&a, M * N * 4); cudaMalloc(&b, N * 4);
    k<<<2, 32>>>(a, b, M, N); }"""
    source = source_of(text + host)
    found = relations(source, [launch(source.kernels[0], [zeros(64 * 64), zeros(64), 64, 64], (2,), (32,))])
    assert shown(found)["tied"] == {} and shown(found)["len"] == {"a": "m * n", "b": "n"}


def test_a_length_that_nothing_explains_stays_as_captured() -> None:
    source = source_of("__global__ void k(float *a, const int *ptr, int n) { a[ptr[n]] = 1; }")
    kernel = source.kernels[0]
    cases = [
        launch(kernel, [zeros(a), np.zeros(n + 1, np.int32), n], (1,), (32,))
        for n, a in ((40, 977), (53, 411), (71, 3001))
    ]
    found = relations(source, cases)
    assert shown(found)["len"] == {"ptr": "n + 1"}
    assert found.relations.roots == ("n",) and found.relations.pinned == ("len(a)",)
    known = found.relations.complete({"n": 5, "block.x": 32, "grid.x": 1, "len(a)": 977})
    assert known is not None and known["len(ptr)"] == 6


def test_a_number_in_the_launch_that_just_covers_a_size() -> None:
    text = """__global__ void k(float *x, int w, int h) { int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < w && blockIdx.y < h) x[i] = 1; }\n"""
    source = source_of(text + "int main() { k<<<dim3(3, 40), 64>>>(x, 150, 40); }")
    found = relations(source, [launch(source.kernels[0], [zeros(6000), 150, 40], (3, 40), (64,))])
    assert shown(found)["grid"] == ["ceil(w / block.x)", "h", "1"]
    other = relations(source, [launch(source.kernels[0], [zeros(6000), 150, 40], (7, 11), (64,))])
    assert shown(other)["grid"] == [None, None, "1"]
