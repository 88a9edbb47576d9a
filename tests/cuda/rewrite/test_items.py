"""Which loops end a near tie with their item: only where nothing crosses from one item to the next unmarked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.cuda.rewrite import unit_text

FRAME = """
__constant__ float table[4];
struct Pair { int a, b; };
__device__ void bump(int& x) { x++; }
__device__ float twice(float x) { return 2 * x; }
__global__ void k(const float* x, float* y, int* h, int n, Pair p) {
  int t = blockIdx.x * blockDim.x + threadIdx.x, step = gridDim.x * blockDim.x, count = 0, part[4] = {};
  __shared__ int tile[32];
  __shared__ float other;
  float s = 0;
  LOOP
  y[t] = s + count + part[0] + other + tile[0];
}
"""


def marked(folder: Path, loop: str) -> int:
    path = folder / "k.cu"
    path.write_text(FRAME.replace("LOOP", loop))
    text = unit_text(read(path), ["k"], shadow=True)
    assert "cuport_items" not in unit_text(read(path), ["k"])
    assert text.count("const ::cuport::taint::Items cuport_items;") == text.count("cuport_items.next();")
    return text.count("cuport_items.next();")


@pytest.mark.parametrize(
    "loop",
    [
        "for (int i = t; i < n; i += step) y[i] = x[i] > 0.5f ? 1.0f : 2.0f;",
        "for (int i = t; i < n; i += blockDim.x * gridDim.x) { int b = (int)(x[i] * 10); atomicAdd(&h[b], 1); }",
        "for (int i = t; i < n; i += step) { float v = x[i]; if (v < 0) continue; v *= 2; h[i] += 1; tile[t] = 3; }",
        "if (n > 3) for (int i = t; i < n; i += step) y[i] = twice(x[i]) + p.a + table[1];",
        "for (int i = t; i < n; i += step) { int k = 0; while (true) { if (x[k] > i) break; k++; } h[i] = k; }",
        "for (int i = t; i < n; i += step) { for (int k = 0; k < 4; k++) y[i] += x[k]; }",
        "for (int i = t; i < n; i += step) *(h + i) = x[i] > 1;",
    ],
)
def test_independent_items(tmp_path: Path, loop: str) -> None:
    assert marked(tmp_path, loop) == 1


@pytest.mark.parametrize(
    "loop",
    [
        "for (int i = t; i < n; i++) y[i] = x[i];",
        "for (int i = t; i < n; i += step) s += x[i];",
        "for (int i = t; i < n; i += step) if (x[i] > 0) count++;",
        "for (int i = t; i < n; i += step) { if (x[i] > 0) break; y[i] = 1; }",
        "for (int i = t; i < n; i += step) { if (x[i] > 0) return; y[i] = 1; }",
        "for (int i = t; i < n; i += step) part[i & 3] += x[i] > 0;",
        "for (int i = t; i < n; i += step) p.a = x[i] > 0;",
        "for (int i = t; i < n; i += step) bump(count);",
        "for (int i = t; i < n; i += step) { int* q = &count; *q += x[i] > 0; }",
        "for (int i = t; i < n; i += step) { int& r = count; r += x[i] > 0; }",
        "for (int i = t; i < n; i += step) { tile[t] = x[i] > 0; __syncthreads(); y[i] = tile[0]; }",
        "for (int i = t; i < n; i += step) { auto f = [&] { count++; }; f(); }",
        "for (int i = t; i < n; i += step) { if (x[i] > 0) n -= 1; y[i] = 1; }",
    ],
)
def test_loops_that_carry_something(tmp_path: Path, loop: str) -> None:
    assert marked(tmp_path, loop) == 0
