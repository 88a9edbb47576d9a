"""A kernel that stops names the thread that did it, also where threads run as one loop."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.oracle import Oracle

HEAD = "#include <cstdio>\n"
MAIN = "int main() {{ float* y; cudaMalloc(&y, 1 << 20); k<<<{grid}, 64>>>(600, y); printf({text}, {call}); }}\n"
CANONICAL = """__global__ void k(int n, float* y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) { float* p = i == 333 ? (float*)64 : y; p[i == 333 ? 0 : i] = i; }
}
"""
ROWS = """__global__ void k(int n, float* y) {
  unsigned t = threadIdx.x + 64 * blockIdx.x;
  float* p = t == 333 ? (float*)64 : y;
  p[t == 333 ? 0 : t] = 1;
}
"""
STRIDE = """__global__ void k(int n, float* y) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) {
    float* p = i == 333 ? (float*)64 : y;
    p[i == 333 ? 0 : i] = i;
  }
}
"""
CUT = """__global__ void k(int n, float* y) {
  __shared__ float s[64];
  s[threadIdx.x] = threadIdx.x;
  __syncthreads();
  bool me = blockIdx.x == 5 && threadIdx.x == 13;
  float* p = me ? (float*)64 : y;
  p[me ? 0 : threadIdx.x] = s[63 - threadIdx.x];
}
"""
FIBERS = CUT.replace("__syncthreads();", "__syncwarp(); __syncthreads();")


@pytest.mark.parametrize(
    ("kernel", "grid", "block"),
    [(CANONICAL, 10, 5), (ROWS, 10, 5), (STRIDE, 2, 1), (CUT, 10, 5), (FIBERS, 10, 5)],
    ids=["canonical", "rows", "stride", "cut", "fibers"],
)
def test_a_bad_address_names_its_thread(kernel: str, grid: int, block: int, oracle: Oracle, tmp_path: Path) -> None:
    path = tmp_path / "k.cu"
    path.write_text(HEAD + kernel + MAIN.format(grid=grid, text='"%d\\n"', call="cudaDeviceSynchronize()"))
    result = oracle.run_program(read(path))
    assert result.stdout == "700\n"  # cudaErrorIllegalAddress; the host goes on
    said = [line for line in result.stderr.splitlines() if "stopped" in line]
    assert said == [
        f"cuport: kernel k stopped: an illegal memory access at address 0x40, block ({block},0,0), thread (13,0,0)"
    ]
