"""What a captured launch holds: instance, sizes, arguments, buffers; and what is left out, with a reason."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cuport.case import PointerArg, ScalarArg, StructArg
from cuport.kernel import Source
from cuport.oracle import Capture, Oracle, OracleSettings

Make = Callable[..., Source]

TEXT = """
#include <cuda_fp16.h>
#include <cuda_runtime.h>
struct Opt { float scale; int taps[2]; const float* bias; bool flip; };
struct Cell { float mass; unsigned char kind; double v[2]; };
enum Mode { SLOW = 2, FAST = 5 };
__constant__ float gain[2][2] = {{1, 2}, {3, 4}};
__device__ int calls;
namespace n {
template <typename T, int N = 4, bool B = false, typename U = short>
__global__ void mix(const T* in, T* out, Opt opt, unsigned char small, long long big, Mode mode, float4 four) {
  const int i = threadIdx.x;
  if (i < N) out[i] = T(float(in[i]) * opt.scale + opt.bias[i] + gain[1][0]);
  if (i == 0) calls += 1;
}
}
__global__ void cells(Cell* c, float2* pairs, void* raw, int* none) {
  c[threadIdx.x].mass *= 2;
  pairs[threadIdx.x].x = 1;
}
__global__ void same(int* a, int v) { a[0] = v; }
__global__ void nested(float** p) { p[0][0] = 1; }
int main() {
  float *a, *b; __half *h;
  cudaMalloc(&a, 40); cudaMalloc(&b, 40); cudaMalloc(&h, 20);
  float host[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  cudaMemcpy(a, host, 40, cudaMemcpyHostToDevice);
  Opt o = {0.5f, {7, -8}, a + 2, true};
  n::mix<<<1, 32, 16>>>(a + 1, b, o, 200, -(1ll << 40), FAST, make_float4(1, 2, 3, 4));
  cudaMemset(h, 0, 20);
  n::mix<__half, 2, true><<<dim3(1, 2), dim3(4, 2, 2)>>>(h, h + 4, o, 1, 2, SLOW, make_float4(0, 0, 0, 0));
  Cell* c; float2* p;
  cudaMalloc(&c, 3 * sizeof(Cell)); cudaMalloc(&p, 3 * sizeof(float2));
  cudaMemset(c, 0, 3 * sizeof(Cell)); cudaMemset(p, 0, 3 * sizeof(float2));
  cells<<<1, 3>>>(c, p, b, nullptr);
  int* s; cudaMalloc(&s, 4);
  for (int i = 0; i < 10; i++) same<<<1, 1>>>(s, i);
  float** pp; cudaMalloc(&pp, 8); cudaMemcpy(pp, &a, 8, cudaMemcpyHostToDevice);
  nested<<<1, 1>>>(pp);
  auto f = [=] __device__(int i) { s[0] = i; };
  return cudaDeviceSynchronize();
}
"""


@pytest.fixture(scope="module")
def report(oracle: Oracle, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    from cuport.cuda import read

    path = tmp_path_factory.mktemp("capture") / "mix.cu"
    path.write_text(TEXT)
    return oracle.capture_report(read(path))


@pytest.fixture(scope="module")
def captures(report) -> list[Capture]:  # type: ignore[no-untyped-def]
    return list(report.captures)


def test_instances_and_template_arguments(captures: list[Capture]) -> None:
    mixed = [c.case for c in captures if c.case.kernel == "n::mix"]
    assert mixed[0].instance.replace("short int", "short") == "n::mix<float, 4, false, short>"
    assert mixed[0].template_args == (("T", "float32"), ("N", 4), ("B", False), ("U", "int16"))
    assert dict(mixed[1].template_args) == {"T": "float16", "N": 2, "B": True, "U": "int16"}
    assert (mixed[0].grid, mixed[0].block, mixed[0].shared_bytes) == ((1, 1, 1), (32, 1, 1), 16)
    assert (mixed[1].grid, mixed[1].block) == ((1, 2, 1), (4, 2, 2))


def test_arguments(captures: list[Capture]) -> None:
    case = captures[0].case
    pointer, out, opt, small, big, mode, four = case.args
    assert pointer == PointerArg(0, 4, "float32")
    assert out == PointerArg(1, 0, "float32")
    assert isinstance(opt, StructArg)
    assert dict(opt.fields) == {
        "scale": ScalarArg("float32", 0.5),
        "taps": StructArg("array", (("0", ScalarArg("int32", 7)), ("1", ScalarArg("int32", -8)))),
        "bias": PointerArg(0, 8, "float32"),
        "flip": ScalarArg("bool", True),
    }
    assert (small, big) == (ScalarArg("uint8", 200), ScalarArg("int64", -(1 << 40)))
    assert mode in (ScalarArg("uint32", 5), ScalarArg("int32", 5))
    assert isinstance(four, StructArg)
    assert four.fields[3] == ("w", ScalarArg("float32", 4.0))


def test_buffers_before_and_after(captures: list[Capture]) -> None:
    capture = captures[0]
    names = [b.name for b in capture.case.buffers]
    assert names[:2] == ["in", "out"]
    before, after = capture.case.buffers[1].data, capture.outputs[1]
    assert before.dtype == after.dtype == np.float32
    assert np.isnan(before).all()  # fresh device memory holds a pattern that is a NaN
    assert after[:4].tolist() == [1 * 0.5 + 2 + 3, 2 * 0.5 + 3 + 3, 3 * 0.5 + 4 + 3, 4 * 0.5 + 5 + 3]
    assert np.isnan(after[4:]).all()


def test_globals_are_buffers(captures: list[Capture]) -> None:
    case = captures[0].case
    globals_ = dict(case.globals)
    assert case.buffers[globals_["gain"]].data.tolist() == [1, 2, 3, 4]
    assert case.buffers[globals_["calls"]].data.tolist() == [0]
    assert captures[0].outputs[globals_["calls"]].tolist() == [1]


def test_overlapping_pointers_share_a_buffer(captures: list[Capture]) -> None:
    case = captures[1].case
    assert case.args[0] == PointerArg(0, 0, "float16")
    assert case.args[1] == PointerArg(0, 8, "float16")
    assert case.buffers[0].data.dtype == np.float16


def test_structs_vectors_void_and_null(captures: list[Capture]) -> None:
    case = next(c.case for c in captures if c.case.kernel == "cells")
    cells, pairs, raw, none = case.args
    assert (cells, pairs) == (PointerArg(0, 0, "struct"), PointerArg(1, 0, "float32", 2))
    assert (raw, none) == (PointerArg(2, 0, "uint8"), PointerArg(None, 0, "int32"))
    dtype = case.buffers[0].data.dtype
    assert dtype.names == ("mass", "kind", "v")
    assert dtype.itemsize == 24
    assert dtype.fields is not None
    assert dtype.fields["v"][1] == 8
    assert case.buffers[1].data.shape == (3, 2)


def test_few_of_each_shape_are_kept(captures: list[Capture]) -> None:
    same = [c.case.args[1] for c in captures if c.case.kernel == "same"]
    assert same == [ScalarArg("int32", i) for i in range(OracleSettings().capture_per_shape)]


def test_what_is_left_out_is_said(report) -> None:  # type: ignore[no-untyped-def]
    assert report.launches == 14
    assert [d.message for d in report.diagnostics] == ["a launch of nested was not kept: a buffer holds pointers"]


def test_references_have_variants_and_bounds(oracle: Oracle, source: Make) -> None:
    text = """
__global__ void axpy(float a, const float* x, float* y, int n) {
  int i = threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}
__global__ void sum(const float* x, float* y, int n) { atomicAdd(y, x[threadIdx.x]); }
int main() {
  float h[100], *x, *y;
  for (int i = 0; i < 100; i++) h[i] = 1.0f / (i + 3);
  cudaMalloc(&x, 400); cudaMalloc(&y, 400);
  cudaMemcpy(x, h, 400, cudaMemcpyHostToDevice); cudaMemcpy(y, h, 400, cudaMemcpyHostToDevice);
  axpy<<<1, 128>>>(1.1f, x, y, 70); sum<<<1, 100>>>(x, y, 100);
  return cudaDeviceSynchronize();
}
"""
    made = source(text)
    axpy, total = oracle.reference(made, [c.case for c in oracle.capture(made)])
    x, y = (b.data.astype(np.float64) for b in axpy.case.buffers)
    bound = axpy.bounds[1]
    assert bound is not None
    assert bound.touched.tolist() == [True] * 70 + [False] * 30
    exact = np.float64(np.float32(1.1)) * x + y
    assert np.allclose(bound.value[:70], exact[:70], rtol=1e-14)
    assert (np.abs(axpy.outputs[1] - bound.value) <= bound.bound)[:70].all()
    assert (bound.bound[:70] < 1e-6).all()
    variants = dict(total.variants)
    assert "reverse" in variants
    assert variants["reverse"][1][0] != total.outputs[1][0]  # another order of a float sum
    assert abs(float(variants["reverse"][1][0]) - float(total.outputs[1][0])) <= total.bounds[1].bound[0]  # type: ignore[union-attr]


def test_schedules_change_the_order_of_threads_and_blocks(oracle: Oracle, source: Make) -> None:
    text = """
__device__ int next;
__global__ void order(int* o) { o[blockIdx.x * blockDim.x + threadIdx.x] = atomicAdd(&next, 1); }
int main() { int* o; cudaMalloc(&o, 96 * 4); order<<<3, 32>>>(o); return cudaDeviceSynchronize(); }
"""
    made = source(text)
    cases = [c.case for c in oracle.capture(made)]

    def run(schedule: str, seed: int = 0) -> list[int]:
        replay = oracle.replay(made, cases, schedule=schedule, seed=seed)[0]  # type: ignore[arg-type]
        return [int(v) for v in replay.outputs[0]]

    assert run("forward") == list(range(96))
    assert run("reverse") == list(range(95, -1, -1))
    shuffled = run("random", 1)
    assert sorted(shuffled) == list(range(96))
    assert shuffled not in (run("forward"), run("random", 2))
    assert shuffled == run("random", 1)
