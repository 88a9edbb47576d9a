"""Code from before Volta: lanes read what others of their warp wrote one statement before, with nothing between."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.cuda.rewrite import remarks
from cuport.oracle import Oracle
from cuport.oracle.program import build_program, read_program, run_checked
from cuport.oracle.results import Schedule

# The sums of 0 ... 127 and 0 ... 63 are 8128 and 2016, the scan's last element is 0 + ... + 31 = 496, if every lane
# reads before any writes.
SOURCE = """
#include <cstdio>
template <int N> __device__ void last_warp(volatile int* s, int t) {
  if (N >= 64) s[t] += s[t + 32];
  if (N >= 32) s[t] += s[t + 16];
  s[t] = s[t] + s[t + 8];
  s[t] += s[t + 4];
  s[t] += s[t + 2];
  s[t] += s[t + 1];
}
template <int N> __global__ void total(const int* in, int* out) {
  extern __shared__ int s[];
  int t = threadIdx.x;
  s[t] = in[t];
  __syncthreads();
  if (t < 64) s[t] += s[t + 64];
  __syncthreads();
  if (t < 32) last_warp<N>(s, t);
  if (t == 0) *out = s[0];
}
__global__ void scan(const int* in, int* out) {
  volatile __shared__ int s[64];
  int t = threadIdx.x, sum = in[t];
  s[t] = 0;
  s[t + 32] = sum;
  for (int d = 1; d < 32; d *= 2) s[t + 32] = sum = sum + s[t + 32 - d];
  out[1 + t] = sum;
}
__global__ void in_two(const int* in, int* out) {
  volatile __shared__ int s[64];
  int t = threadIdx.x, sum = in[t];
  s[t] = sum;
  __syncthreads();
  if (t < 32) { sum += s[t + 32]; s[t] = sum; }
  if (t < 16) { sum += s[t + 16]; s[t] = sum; }
  if (t < 8) { int more = s[t + 8]; s[t] = sum = sum + more; }
  if (t < 4) { sum += s[t + 4]; s[t] = sum; }
  if (t < 2) { sum += s[t + 2]; s[t] = sum; }
  if (t < 1) out[40] = sum + s[t + 1];
}
int main() {
  int *in, *out;
  cudaMallocManaged(&in, 512), cudaMallocManaged(&out, 256);
  for (int i = 0; i < 128; i++) in[i] = i;
  total<128><<<1, 128, 512>>>(in, out);
  scan<<<1, 32>>>(in, out);
  in_two<<<1, 64>>>(in, out);
  cudaDeviceSynchronize();
  printf("%d %d %d %d\\n", out[0], out[2], out[32], out[40]);
}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "old.cu"
    made.write_text(SOURCE, encoding="utf-8")
    return made


@pytest.mark.parametrize("schedule", ["forward", "reverse", "random"])
def test_lanes_keep_in_step(path: Path, oracle: Oracle, schedule: Schedule) -> None:
    result = oracle.run_program(read(path), schedule=schedule)
    assert result.stdout == "8128 1 496 2016\n", result.stderr


def test_the_checked_build_says_that_it_is_a_race(path: Path, oracle: Oracle, tmp_path: Path) -> None:
    program = read_program([path])
    result = run_checked(
        program, build_program(program, oracle.settings, checked=True), [], oracle.settings, cwd=tmp_path
    )
    assert {f.kernel for f in result.faults if f.kind == "race"} >= {"total", "scan", "in_two"}


def test_it_is_said_once_for_each_function(tmp_path: Path) -> None:
    path = tmp_path / "program.cu"
    path.write_text(SOURCE)
    found = remarks(read(path))
    assert [d.code for d in found] == ["oracle.warp-synchronous"] * 3
    assert [d.message.split()[0] for d in found] == ["last_warp", "scan", "in_two"]
    lines = SOURCE.split("\n")
    assert all(d.span is not None and "s[t" in lines[d.span.line - 1] for d in found)
    path.write_text(SOURCE.replace("s[t] += s[t + 4];", "s[t] += s[t + 4]; __syncwarp();"))
    assert "last_warp" not in {d.message.split()[0] for d in remarks(read(path))}
