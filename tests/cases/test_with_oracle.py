"""Plans over the real oracle: programs are built, run, captured, widened and checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cuport.case import ScalarArg
from cuport.cases import Plan, plan
from cuport.cuda import read
from cuport.oracle import Oracle, OracleSettings


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return Oracle(OracleSettings(cache_dir=tmp_path_factory.mktemp("oracle")))


def plans(oracle: Oracle, folder: Path, text: str, **more: int) -> dict[str, Plan]:
    path = folder / "program.cu"
    path.write_text(text)
    source = read(path)
    captures = oracle.capture(source) if source.has_main else []
    return {
        k.name: plan(source, k, [c for c in captures if c.case.kernel == k.qualified], oracle, **more)
        for k in source.kernels
    }


def test_sizes_values_and_indices_of_a_program(oracle: Oracle, tmp_path: Path) -> None:
    found = plans(
        oracle,
        tmp_path,
        """#include <cuda_runtime.h>
        #define N 300
        #define BLOCK 64
        __global__ void spmv(int rows, const int *ptr, const int *col, const float *val, const float *x, float *y) {
          int r = blockIdx.x * blockDim.x + threadIdx.x;
          if (r < rows) { float s = 0; for (int j = ptr[r]; j < ptr[r + 1]; ++j) s += val[j] * x[col[j]]; y[r] = s; } }
        __global__ void step(float *u, int w, int h) {
          __shared__ float tile[BLOCK]; int i = blockIdx.x * BLOCK + threadIdx.x; tile[threadIdx.x] = 2;
          __syncthreads(); if (i < w * h) u[i] *= tile[threadIdx.x]; }
        int main() {
          static int ptr[N + 1], col[4 * N]; static float val[4 * N], x[50];
          for (int i = 0; i <= N; ++i) ptr[i] = 4 * i;
          for (int i = 0; i < 4 * N; ++i) { col[i] = i * 7 % 50; val[i] = 1.0f / (1 + i); }
          for (int i = 0; i < 50; ++i) x[i] = i + 0.5f;
          int *dp, *dc; float *dv, *dx, *dy;
          cudaMalloc(&dp, sizeof ptr); cudaMalloc(&dc, sizeof col); cudaMalloc(&dv, sizeof val);
          cudaMalloc(&dx, sizeof x); cudaMalloc(&dy, N * sizeof(float));
          cudaMemcpy(dp, ptr, sizeof ptr, cudaMemcpyHostToDevice);
          cudaMemcpy(dc, col, sizeof col, cudaMemcpyHostToDevice);
          cudaMemcpy(dv, val, sizeof val, cudaMemcpyHostToDevice); cudaMemcpy(dx, x, sizeof x, cudaMemcpyHostToDevice);
          spmv<<<(N + BLOCK - 1) / BLOCK, BLOCK>>>(N, dp, dc, dv, dx, dy);
          const int w = 20, h = 15; step<<<(w * h + BLOCK - 1) / BLOCK, BLOCK>>>(dy, w, h);
          return 0; }
        """,
    )
    spmv, step = found["spmv"], found["step"]
    assert not spmv.diagnostics and not step.diagnostics
    assert "len(ptr) = rows + 1" in spmv.domain and "grid = ceil(rows / block)" in spmv.domain
    assert step.domain == "w >= 1; h >= 1; len(u) = w * h; grid = ceil(w * h / block); block fixed at 64"
    for planned in (spmv, step):
        counted = [c for c in planned.cases if c.suite in ("domain", "values")]
        ints = {(c.grid, tuple(a.value for a in c.args if isinstance(a, ScalarArg))) for c in counted}
        assert len(counted) >= 32 and 8 <= len(ints) <= 12
        assert all(np.isfinite(b.data).all() for c in counted for b in c.buffers if b.data.dtype == np.float32)
    assert len({c.block for c in spmv.cases}) > 1 and {c.block for c in step.cases} == {(64, 1, 1)}


def test_one_run_leaves_doubt_and_another_settles_it(oracle: Oracle, tmp_path: Path) -> None:
    found = plans(
        oracle,
        tmp_path,
        """#include <cuda_runtime.h>
        struct Size { int rows, cols; };
        static Size ask(int a, int b) { Size s = {a, b}; return s; }
        __global__ void t(float *x, int rows, int cols) {
          int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < rows) x[i * cols + cols - 1] = i; }
        int main() { Size s = ask(64, 64); float *d; size_t bytes = 4; bytes *= s.rows; bytes *= s.cols;
          cudaMalloc(&d, bytes); t<<<(s.rows + 63) / 64, 64>>>(d, s.rows, s.cols); return 0; }
        """,
    )["t"]
    assert (
        "len(x) = rows * cols" in found.domain
        and "rows = cols" not in found.domain
        and "cols = rows" not in found.domain
    )
    pairs = {tuple(a.value for a in c.args if isinstance(a, ScalarArg)) for c in found.cases}
    assert any(r != c for r, c in pairs)


def test_a_program_that_reads_past_its_buffer(oracle: Oracle, tmp_path: Path) -> None:
    found = plans(
        oracle,
        tmp_path,
        """#include <cuda_runtime.h>
        __global__ void shift(float *x, int n) { int i = threadIdx.x;
          if (i < n) x[i] = x[i + 1]; }
        int main() { float *d; cudaMalloc(&d, 400); cudaMemset(d, 0, 400); shift<<<1, 128>>>(d, 100); return 0; }
        """,
    )["shift"]
    assert not found.cases and [d.code for d in found.diagnostics] == ["cases.original-faults"]
    assert "out-of-bounds" in found.diagnostics[0].message and found.diagnostics[0].span is not None


def test_a_kernel_without_a_program_by_its_case_file(oracle: Oracle, tmp_path: Path) -> None:
    text = """struct Op { float scale; int n; };
    __constant__ float taps[3];
    template <typename T, int R> __global__ void blur(const T *x, T *y, Op op) {
      int i = blockIdx.x * blockDim.x + threadIdx.x; if (i >= op.n) return;
      T s = 0; for (int j = 0; j <= 2 * R; ++j) s += taps[j] * x[i + j]; y[i] = s * op.scale; }
    """
    (tmp_path / "program.cases.toml").write_text(
        """[blur]
        sizes = { "op.n" = [100, 1, 33] }
        lengths = { x = "op.n + 2 * R", y = "op.n" }
        grid = "ceil(op.n / block)"
        block = 64
        templates = [{ T = "float", R = 1 }, { T = "double", R = 1 }]
        [blur.values]
        "op.scale" = [0.5, 2.0]
        """
    )
    right = plans(oracle, tmp_path, text)["blur"]
    assert not right.diagnostics and len(right.cases) >= 32
    assert {c.buffers[0].data.dtype.name for c in right.cases} == {"float32", "float64"}
    assert "len(x) = op.n + 2 * R" in right.domain


def test_a_global_with_the_largest_value_of_its_type(oracle: Oracle, tmp_path: Path) -> None:
    found = plans(
        oracle,
        tmp_path,
        """#include <cuda_runtime.h>
        __device__ unsigned long long least = ~0ull;
        __global__ void smallest(const unsigned *x, int n) {
          int i = blockIdx.x * blockDim.x + threadIdx.x;
          if (i < n) atomicMin(&least, (unsigned long long)x[i] << 32 | i); }
        int main() {
          static unsigned x[100]; for (int i = 0; i < 100; ++i) x[i] = i * 37 % 101 + 5;
          unsigned *d; cudaMalloc(&d, sizeof x); cudaMemcpy(d, x, sizeof x, cudaMemcpyHostToDevice);
          smallest<<<(100 + 31) / 32, 32>>>(d, 100);
          return cudaDeviceSynchronize(); }
        """,
    )
    assert found["smallest"].cases
