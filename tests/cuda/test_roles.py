"""What kernels do with the memory behind their pointers, as far as the text shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuport.cuda import read


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("", "b[i] = a[i];", {"a": "in", "b": "out"}),
        ("", "b[i] += a[i];", {"a": "in", "b": "in/out"}),
        ("", "if (a[i] > 0) b[i] = 1; else ++b[i];", {"a": "in", "b": "in/out"}),
        ("", "*(b + i) = *a;", {"a": "in", "b": "out"}),
        ("", "float* p = b + 4; p[i] = a[0]; const float* q; q = &a[2]; *p = q[1];", {"a": "in", "b": "out"}),
        ("", "float& r = b[i]; r *= 2; r = a[i];", {"a": "in", "b": "in/out"}),
        ("", "reinterpret_cast<float4*>(b)[i] = *(float4*)(a + 4 * i);", {"a": "in", "b": "out"}),
        ("", "auto v = reinterpret_cast<float4*>(b); v[i].x = a[i];", {"a": "in", "b": "out"}),
        ("", "float* p = i ? a : b; p[0] = 1;", {"a": "out", "b": "out"}),
        ("", "atomicAdd(&b[i], a[i]);", {"a": "in", "b": "in/out"}),
        ("", "atomicAdd(b, __ldg(a + i));", {"a": "in", "b": "in/out"}),
        ("", "__stcs(b + i, __ldcs(&a[i]));", {"a": "in", "b": "out"}),
        ("", "memcpy(b, a, 4);", {"a": "in", "b": "out"}),
        ("__device__ void put(float* to, const float* from, int i) { to[i] = from[i]; }", "put(b, a, i);",
         {"a": "in", "b": "out"}),
        ("__device__ void swap(float& x, float& y) { float t = x; x = y; y = t; }", "swap(a[i], b[i]);",
         {"a": "in/out", "b": "in/out"}),
        ("__device__ float half_of(float x) { return x / 2; }", "b[i] = half_of(a[i]);", {"a": "in", "b": "out"}),
        ("__device__ void f(float* p, int n) { if (n) { p[n] = 0; f(p, n - 1); } }", "f(b, i); b[0] = a[0];",
         {"a": "in", "b": "out"}),
        ("template <class T> __device__ void set(T* p, T v) { *p = v; }", "set<float>(b + i, a[i]);",
         {"a": "in", "b": "out"}),
        ("", "unknown(b, a[i]);", {"a": "in", "b": "in/out"}),
        ("", "auto f = [&](int k) { b[k] = a[k]; }; f(i);", {"a": "in", "b": "out"}),
        ("", "", {"a": "unused", "b": "unused"}),
    ],
)  # fmt: skip
def test_roles_of_two_pointers(head: str, body: str, expected: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "k.cu"
    path.write_text(f"{head}\n__global__ void k(float* a, float* b) {{ int i = threadIdx.x; {body} }}\n")
    [kernel] = read(path).kernels
    assert dict(kernel.roles) == expected


def test_a_pointee_that_is_const_is_read(tmp_path: Path) -> None:
    path = tmp_path / "k.cu"
    path.write_text("__global__ void k(const float* __restrict__ a, float* b) { use(a); b[0] = 1; }")
    assert dict(read(path).kernels[0].roles) == {"a": "in", "b": "out"}


def test_pointers_inside_structs_have_roles_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "k.cu"
    path.write_text(
        "struct View { const float* from; float* to; float* rows[2]; int n; };\n"
        "__global__ void k(View v, View* w) { v.to[0] = v.from[1]; v.rows[1][v.n] += 1; w->n = 2; }"
    )
    expected = {"v.from": "in", "v.to": "out", "v.rows": "in/out", "w": "out"}
    assert dict(read(path).kernels[0].roles) == expected
