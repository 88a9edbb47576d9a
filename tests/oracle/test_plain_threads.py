"""Kernels run as their author wrote them where the loops that we make of them do not compile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cuport.cuda.rewrite import kernels, program_text
from cuport.diagnostic import CuportError
from cuport.kernel import Source
from cuport.oracle import Oracle

TEXT = """
#include <cstdio>
__global__ void plain(int* p) { p[threadIdx.x] = threadIdx.x; }
__global__ void barrier(int* p) {
  __shared__ int s[32];
  s[threadIdx.x] = p[threadIdx.x];
  __syncthreads();
  p[threadIdx.x] = s[31 - threadIdx.x];
}
int main() {
  int* p;
  cudaMallocManaged(&p, 128);
  plain<<<1, 32>>>(p);
  barrier<<<1, 32>>>(p);
  cudaDeviceSynchronize();
  printf("%d %d\\n", p[0], p[31]);
}
"""


def test_a_program_whose_loops_do_not_compile(
    oracle: Oracle, source: Callable[[str], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kernels.cut_type
    monkeypatch.setattr(kernels, "cut_type", lambda p, e, i: made(p, e, i) and "no such thing;")
    program = source(TEXT)
    assert "no such thing;" in program_text(program)
    assert oracle.run_program(program).stdout == "31 0\n"
    capture = oracle.capture(program)[1]
    [replay] = oracle.replay(program, [capture.case])
    assert replay.failure is None and replay.outputs[0][0] == 31


def test_what_is_wrong_in_the_users_own_lines_is_said(oracle: Oracle, source: Callable[[str], Source]) -> None:
    with pytest.raises(CuportError) as caught:
        oracle.run_program(source(TEXT.replace("p[threadIdx.x] = threadIdx.x;", "p[threadIdx.x] = nowhere;")))
    [said] = caught.value.diagnostics
    assert "nowhere" in said.message and said.span is not None and said.span.line == 3
