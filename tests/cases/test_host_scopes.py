"""What the host's words say through wrappers, members and several launch sites."""

from __future__ import annotations

import numpy as np
from tests.cases.simulation import launch, source_of
from tests.cases.test_hosttext import hints
from tests.cases.test_infer import relations, shown, zeros

HEAD = "__global__ void k(float *x, const float4 *y, int n, int m) { }\n"


def test_a_wrapper_is_followed_to_its_callers() -> None:
    found = hints(
        """void run(float *x, int a, int b, int t) { k<<<(a * b + t - 1) / t, t>>>(x, 0, a, b); }
        int main() { int rows = 5, cols = 7; size_t count = (size_t)rows * cols; float *d;
          cudaMalloc(&d, count * sizeof(float)); run(d, rows, cols, 64); }"""
    )
    assert found["bytes"] == {"x": ["n * m * 4"]}
    assert found["grid"][0] == ["ceil(n * m / block.x)"]


def test_a_product_given_as_one_argument_is_found_in_longer_products() -> None:
    found = hints(
        """void run(float *x, int b, int h, int t) { k<<<1, 32>>>(x, 0, b * h, t); }
        int main() { int B = 2, H = 3, T = 9; float *d; cudaMalloc(&d, B * T * H * T * sizeof(float));
          run(d, B, H, T); }"""
    )
    assert found["bytes"] == {"x": ["n * m * m * 4"]}


def test_extents_set_member_by_member() -> None:
    found = hints(
        "void f(float *x, int a, int b) { dim3 g, t; t.x = 32; t.y = b; g.x = a / b; k<<<g, t>>>(x, 0, a, b); }"
    )
    assert found["grid"] == [["n / m"], ["1"], ["1"]]
    assert found["block"] == [["32"], ["m"], ["1"]]


def test_members_of_a_struct_by_value() -> None:
    head = "struct P { int rows, cols, ld; };\n__global__ void s(float *x, P q) { }\n"
    found = hints("int main() { P p; float *d; int r = 3; p.rows = r; p.ld = r * r; s<<<1, 1>>>(d, p); }", head)
    assert found["tied"]["q.ld"] == ["q.rows * q.rows"]
    found = hints("void f(int a, int b) { P p = {a, b, a + b}; float *d; s<<<1, 1>>>(d, p); }", head)
    assert found["tied"]["q.ld"] == ["q.rows + q.cols"]


def test_a_pitched_allocation() -> None:
    found = hints(
        """int main() { float *d; size_t pitch; int w = 5, h = 9; cudaMallocPitch(&d, &pitch, w * 4, h);
        k<<<1, 1>>>(d, 0, pitch, h); }"""
    )
    assert found["bytes"] == {"x": ["n * m"]}


def test_a_blocks_own_words_stand_for_it() -> None:
    found = hints(
        """void f(float *x, int a, int threads) { dim3 block(16, threads / 16), grid((a + 15) / 16,
          (a + threads / 16 - 1) / (threads / 16)); k<<<grid, block>>>(x, 0, a, 1); }"""
    )
    assert found["grid"][1] == ["ceil(n / block.y)"]


def test_only_the_site_that_these_launches_come_from_counts() -> None:
    """A scan of blocks, then of the blocks' sums: one kernel, two sites, groups told apart by a null pointer."""
    source = source_of(
        HEAD
        + """void f(float *x, int a, int t) { k<<<(a + 95) / 96, 96>>>(x, (float4 *)x, a, 1);
          k<<<1, t>>>(x, 0, t, 1); }"""
    )
    kernel = source.kernels[0]
    found = relations(source, [launch(kernel, [zeros(64), None, 64, 1], (1,), (64,))])
    assert shown(found)["grid"] == ["1", "1", "1"]
    found = relations(source, [launch(kernel, [zeros(500), zeros(1, 4), 500, 1], (6,), (96,))])
    assert shown(found)["grid"][0] == "ceil(n / block.x)"


def test_numbers_that_a_parameter_has_are_that_parameter() -> None:
    source = source_of(
        """__global__ void b(float *x, int w, int left, int dw) { int i = blockIdx.x * blockDim.x + threadIdx.x;
          if (i < dw) x[i] = left; }
        int main() { float *d; int left = 4, right = 13; int dw = 101 + left + right; cudaMalloc(&d, dw * 4);
          b<<<(dw + 31) / 32, 32>>>(d, 101, left, dw); }"""
    )
    found = relations(source, [launch(source.kernels[0], [zeros(118), 101, 4, 118], (4,), (32,))])
    assert shown(found)["tied"] == {"dw": "w + left + 13"}


def test_pitches_in_bytes_measure_buffers_of_wider_elements() -> None:
    source = source_of(
        """__global__ void p(const unsigned *src, size_t src_pitch, unsigned *dst, size_t dst_pitch, int w, int h) {
          int x = blockIdx.x * blockDim.x + threadIdx.x; if (x < w) dst[x] = src[x]; }"""
    )
    words = np.zeros(128 * 67, np.uint32)
    case = launch(source.kernels[0], [words, 512, words, 512, 101, 67], (4,), (32,))
    lengths = shown(relations(source, [case], hints=False))["len"]
    assert lengths == {"src": "src_pitch / 4 * h", "dst": "dst_pitch / 4 * h"}


def test_arrays_made_by_a_function_of_the_program() -> None:
    found = hints(
        """float *device_array(const float *from, int count) { float *p; cudaMalloc(&p, count * 4); return p; }
        int main() { int blocks = 4, c = 9; float *d = device_array(0, blocks * 2 * c);
          k<<<1, 1>>>(d, 0, blocks, c); }"""
    )
    assert "n * 2 * m" in found["lengths"]["x"]
