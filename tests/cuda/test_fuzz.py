"""Damaged sources are read or refused; they never raise anything but CuportError."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cuport.cuda.preprocess import Preprocessed
from cuport.cuda.reading import build
from cuport.diagnostic import CuportError

SEED = """#include <cstdio>
typedef float real; struct P { real a; int n[3]; float *q; };
namespace n { template <typename T, int N = 4> struct V { T v[N]; __device__ T sum() const { return v[0]; } }; }
__constant__ float taps[2] = {1, 2}; __device__ unsigned count;
template <typename T> __device__ __forceinline__ T f(T x) { return x > T(0) ? x : -x; }
extern "C" __global__ void __launch_bounds__(256) k(const real *__restrict__ x, real *y, P p, int n) {
  extern __shared__ __align__(16) float s[];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) { s[threadIdx.x] = f<real>(x[i]) * taps[0]; __syncthreads(); y[i] = s[0] + p.a; atomicAdd(&count, 1u); }
  for (int j = 0; j < 3; ++j) y[j] += p.n[j];
}
template <int B> __global__ void r(float4 *v, float (*op)(float)) { v[B].x = op(v->y); }
int main() { dim3 g(4); auto h = k; k<<<g, 256, 4 * sizeof(float)>>>(a, b, p, 3); r<4><<<1, 1>>>(v, 0);
  void *args[] = {&a, &b}; cudaLaunchKernel((void *)k, g, 1, args, 0, 0); h<<<1, 2>>>(a, b, p, 3); return 0; }
"""
PIECES = [
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    "<<<",
    ">>>",
    ";",
    ",",
    "*",
    "&",
    "::",
    "template",
    "struct",
    "__global__",
    "[",
    "]",
]
PIECES += [
    "operator",
    "typedef",
    "using",
    "=",
    '"',
    "'",
    'R"(',
    "/*",
    "//",
    "#",
    "\\",
    "\x01",
    "\u00e9",
    "\n",
    "enum",
    "friend",
]


def damaged(rng: random.Random) -> str:
    text = SEED
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(text))
        kind = rng.randrange(5)
        if kind == 0:
            text = text[:at] + text[at + rng.randint(1, 40) :]
        elif kind == 1:
            text = text[:at] + rng.choice(PIECES) + text[at:]
        elif kind == 2:
            other = rng.randrange(len(text))
            text = text[:at] + text[other : other + rng.randint(1, 80)] + text[at:]
        elif kind == 3:
            text = text[:at]
        else:
            words = text.split(" ")
            i, j = rng.randrange(len(words)), rng.randrange(len(words))
            words[i], words[j] = words[j], words[i]
            text = " ".join(words)
        text = text or "x"
    return text


@pytest.mark.parametrize("seed", range(8))
def test_damaged_text_after_the_preprocessor(seed: int) -> None:
    rng = random.Random(seed)
    kernels = 0
    for _ in range(60):
        text = damaged(rng)
        line_map = tuple(("x.cu", i + 1) for i in range(text.count("\n") + 1))
        try:
            source = build(Path("x.cu"), Preprocessed(text, text, line_map, (), (), ()))
        except CuportError as error:
            assert all(d.code.startswith("read.") for d in error.diagnostics)
            continue
        kernels += len(source.kernels)
        for span in [k.span for k in source.kernels] + [d.span for d in source.diagnostics if d.span]:
            assert span.path == "x.cu" and 1 <= span.line <= len(line_map) and span.column >= 1
    assert kernels > 20


def test_damaged_files(tmp_path: Path) -> None:
    from cuport.cuda import read

    rng = random.Random(99)
    for _ in range(12):
        data = bytearray(damaged(rng).encode())
        for _ in range(rng.randint(0, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path = tmp_path / "x.cu"
        path.write_bytes(bytes(data))
        try:
            read(path)
        except CuportError as error:
            assert str(error)
