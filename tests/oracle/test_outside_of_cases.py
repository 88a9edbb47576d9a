"""Textures, surfaces and clusters: no case can hold them. The program runs; translation is refused, with the place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cuport.cases import plan
from cuport.cuda.clusters import cluster_extents
from cuport.cuda.rewrite import program_text
from cuport.cuda.textures import texture_headers
from cuport.kernel import Source
from cuport.oracle import Oracle

Make = Callable[..., Source]

TEXT = """
texture<float, 2, cudaReadModeElementType> image;
__device__ float look(int x, int y) { return tex2D(image, x, y); }
__global__ void by_reference(float* out) { out[threadIdx.x] = look(threadIdx.x, 0); }
__global__ void by_object(cudaTextureObject_t t, float* out) { out[threadIdx.x] = tex1Dfetch<float>(t, threadIdx.x); }
__global__ void __cluster_dims__(2, 1, 1) together(float* out) { out[blockIdx.x] = 1; }
__global__ void plain(float* out) { out[threadIdx.x] += 1; }
int main() {
  float* out;
  cudaMalloc(&out, 256);
  cudaMemset(out, 0, 256);
  cudaChannelFormatDesc desc = cudaCreateChannelDesc<float>();
  cudaArray_t a;
  cudaMallocArray(&a, &desc, 8, 1);
  cudaMemcpyToArray(a, 0, 0, out, 32, cudaMemcpyDeviceToDevice);
  cudaBindTextureToArray(image, a);
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeLinear;
  resource.res.linear.devPtr = out, resource.res.linear.desc = desc, resource.res.linear.sizeInBytes = 32;
  cudaTextureDesc how = {};
  cudaTextureObject_t t;
  cudaCreateTextureObject(&t, &resource, &how, nullptr);
  by_reference<<<1, 8>>>(out);
  by_object<<<1, 8>>>(t, out + 8);
  together<<<2, 1>>>(out);
  plain<<<1, 8>>>(out);
  return cudaDeviceSynchronize();
}
"""


@pytest.mark.parametrize(
    ("kernel", "code", "line", "word"),
    [
        ("by_reference", "unsupported.texture", 3, "tex2D"),
        ("by_object", "unsupported.texture", 5, "tex1Dfetch"),
        ("together", "unsupported.cluster", 6, "__cluster_dims__"),
    ],
)
def test_kernels_are_refused_with_name_and_place(
    source: Make, oracle: Oracle, kernel: str, code: str, line: int, word: str
) -> None:
    read = source(TEXT)
    found = plan(read, read.kernel(kernel), (), oracle, seed=0, cases=4, threads=1, args=())
    assert not found.cases
    (said,) = found.diagnostics
    assert (said.code, said.span.line if said.span else 0) == (code, line)
    assert kernel in said.message and word in said.message and said.hint


def test_the_program_runs_and_its_other_kernels_are_captured(source: Make, oracle: Oracle) -> None:
    read = source(TEXT)
    report = oracle.capture_report(read)
    assert [c.case.kernel for c in report.captures] == ["plain"]
    left = {n.message.split(" of ")[1].split()[0] for n in report.diagnostics}
    assert left == {"by_reference", "by_object", "together"}


def test_programs_without_textures_do_not_pay_for_them(source: Make) -> None:
    text = program_text(source("__global__ void k(float* x) { x[0] = 1; }\nint main() { k<<<1, 1>>>(nullptr); }\n"))
    assert "textures.h" not in text
    fetch = "texture<float> t; float f(int i) { return tex1Dfetch(t, i); }"
    assert texture_headers("cudaArray_t a;") == ("cuport/textures/textures.h",)
    assert texture_headers(fetch)[-1] == "cuport/textures/texture_reference.h"
    assert texture_headers("template <class texture> struct surface { texture t; };") == ()


def test_extents_of_clusters_may_be_expressions() -> None:
    assert cluster_extents("__global__ void __cluster_dims__((N + 1) / 2, 2) k() { }") == ("(N + 1) / 2", "2", "1")
    assert cluster_extents("__global__ void k() { __cluster_dims__(2); }") == ("1", "1", "1")
