"""The bound for half and bfloat16: results are compared by what may round to them, never by a multiple of their ulp."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from cuport.case import Array, Buffer, Case, PointerArg, Reference, ScalarArg
from cuport.cuda import read
from cuport.judge import DEFAULT, compare, yardstick
from cuport.oracle import Oracle, OracleSettings

PROGRAM = r"""
#include <cuda_fp16.h>
#include <cuda_bf16.h>
__global__ void affine(const __half* x, half* y, int n) {
  int first = blockIdx.x * blockDim.x;
  int i = first + threadIdx.x;
  if (i < n) y[i] = __float2half(1.7f * __half2float(x[i]) + 1.0f);
}
__global__ void silu(const __nv_bfloat16* x, __nv_bfloat16* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) { float v = __bfloat162float(x[i]); y[i] = __float2bfloat16(v / (1.0f + __expf(-v))); }
}
__global__ void sums(const __half* x, __half* y, int n) {
  float s = 0.0f;
  for (int i = threadIdx.x; i < n; i += 32) s += __half2float(x[blockIdx.x * n + i]);
  for (int d = 16; d > 0; d /= 2) s += __shfl_xor_sync(0xffffffffu, s, d);
  if (threadIdx.x == 0) y[blockIdx.x] = __float2half_rn(s);
}
__global__ void products(const half2* x, half2* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = __hmul2(x[i], __floats2half2_rn(1.5f, 0.3f));
}
__global__ void copies(const __half* x, __half* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[n - 1 - i] = x[i];
}
"""
f16, bf16, f32 = np.float16, ml_dtypes.bfloat16, np.float32


def _case(kernel: str, x: Array, y: Array, grid: int, block: int, n: int) -> Case:
    lanes = x.shape[1] if x.ndim == 2 else 1
    pointers = tuple(PointerArg(i, 0, x.dtype.name, lanes) for i in range(2))
    buffers = (Buffer("x", x), Buffer("y", y))
    return Case(kernel, kernel, (grid, 1, 1), (block, 1, 1), 0, (*pointers, ScalarArg("int32", n)), buffers)


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reference]:
    folder = tmp_path_factory.mktemp("narrow")
    path = folder / "kernels.cu"
    path.write_text(PROGRAM)
    rng = np.random.default_rng(2)
    x = rng.normal(size=512)
    cases = [
        _case("affine", x.astype(f16), np.full(512, 7, f16), 8, 64, 512),
        _case("silu", (3 * x).astype(bf16), np.full(512, 7, bf16), 8, 64, 512),
        _case("sums", rng.uniform(0, 1, 8000).astype(f16), np.full(8, 7, f16), 8, 32, 1000),
        _case("products", x.astype(f16).reshape(-1, 2), np.full((256, 2), 7, f16), 4, 64, 256),
        _case("copies", x.astype(f16), np.full(512, 7, f16), 8, 64, 512),
    ]
    oracle = Oracle(OracleSettings(cache_dir=folder / "cache"))
    return {c.kernel: r for c, r in zip(cases, oracle.reference(read(path), cases), strict=True)}


def _rejects(reference: Reference, y: Array) -> bool:
    return compare(yardstick(reference, DEFAULT), [reference.case.buffers[0].data, y], DEFAULT).rejects


def _truncated(values: Any, dtype: Any) -> Array:
    """Rounded toward zero."""
    near = np.asarray(values).astype(dtype)
    too_far = np.abs(near.astype(np.float64)) > np.abs(values)
    bits = near.view(np.uint16).copy()
    bits[too_far] -= 1
    return bits.view(dtype)


def _exact(name: str, x: Array) -> Any:
    v = x.astype(np.float64)
    return {
        "affine": lambda: float(f32(1.7)) * v + 1,
        "silu": lambda: v / (1 + np.exp(-v)),
        "sums": lambda: v.reshape(8, 1000).sum(1),
        "products": lambda: v * np.array([1.5, float(f16(0.3))]),
    }[name]()


@pytest.mark.parametrize("name", ["affine", "silu", "sums", "products"])
def test_rounding_once_is_accepted_and_truncation_rejected(references: dict[str, Reference], name: str) -> None:
    reference = references[name]
    measure = yardstick(reference, DEFAULT)
    assert not measure.notes and not measure.unstable
    exact = _exact(name, reference.case.buffers[0].data)
    dtype = reference.outputs[1].dtype
    assert not _rejects(reference, exact.astype(f32).astype(dtype))
    assert _rejects(reference, _truncated(exact, dtype))
    evidence = measure.channels[1].evidence(DEFAULT)
    assert evidence.sum() >= 0.95 * evidence.size


def test_computing_in_the_narrow_type_where_the_original_does_not_is_rejected(
    references: dict[str, Reference],
) -> None:
    x = references["affine"].case.buffers[0].data
    assert _rejects(references["affine"], (f16(1.7) * x + f16(1)).astype(f16))
    x = references["sums"].case.buffers[0].data.reshape(8, 1000)
    assert _rejects(references["sums"], np.add.accumulate(x, 1, dtype=f16)[:, -1])


def test_copies_of_narrow_numbers_are_exact(references: dict[str, Reference]) -> None:
    right = references["copies"].case.buffers[0].data[::-1].copy()
    assert not _rejects(references["copies"], right)
    wrong = right.copy()
    wrong[100:101].view(np.uint16)[0] ^= 1
    assert _rejects(references["copies"], wrong)
