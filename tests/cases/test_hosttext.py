"""What host code says: grids, blocks, allocations and ties in terms of the kernel's parameters."""

from __future__ import annotations

from typing import Any

from tests.cases.simulation import source_of

from cuport.cases.hosttext import HostText

HEAD = "__global__ void k(float *x, const float4 *y, int n, int m) { }\n"


def hints(host: str, head: str = HEAD) -> dict[str, Any]:
    source = source_of(head + host)
    found = HostText(source).hints(source.kernels[0])

    def words(exprs: Any) -> list[str]:
        return [str(e) for e in exprs]

    return {
        "grid": [words(e) for e in found.grid],
        "block": [words(e) for e in found.block],
        "shared": words(found.shared),
        "bytes": {k: words(v) for k, v in found.bytes.items()},
        "lengths": {k: words(v) for k, v in found.lengths.items()},
        "tied": {k: words(v) for k, v in found.tied.items()},
        "same": [set(g) for g in found.same],
    }


def test_variables_are_followed_to_parameters() -> None:
    found = hints(
        """int main() { int rows = 100, cols = 7; size_t count = (size_t)rows * cols, bytes = count * sizeof(float);
        float *d_x; cudaMalloc((void **)&d_x, bytes); float4 *d_y; cudaMalloc(&d_y, cols * sizeof(float4));
        int threads = 128; int blocks = (count + threads - 1) / threads; dim3 grid(blocks, cols);
        k<<<grid, threads, threads * sizeof(float)>>>(d_x, d_y, rows, cols); }"""
    )
    assert found["grid"] == [["ceil(n * m / block.x)"], ["m"], ["1"]]
    assert found["block"] == [["128"], ["1"], ["1"]]
    assert found["shared"] == ["block.x * 4"]
    assert found["bytes"] == {"x": ["n * m * 4"], "y": ["m * 16"]}


def test_expanded_macros_are_recognised_by_their_number() -> None:
    found = hints(
        "int main() { float *d; cudaMalloc(&d, 1000 * sizeof(float)); k<<<(1000 + 255) / 256, 256>>>(d, 0, 1000, 3); }"
    )
    assert found["grid"][0][-1] == "ceil(n / 256)"
    assert "n * 4" in found["bytes"]["x"]


def test_ties_between_arguments() -> None:
    found = hints("void f(float *x, int a) { int t = a * a; k<<<1, 1>>>(x, 0, a, t); }")
    assert found["tied"] == {"m": ["n * n"]}
    assert hints("void f(float *x, int a) { k<<<1, 1>>>(x, 0, a, a); }")["same"] == [{"n", "m"}]
    both = "void f(float *x, int a) { k<<<1, 1>>>(x, 0, a, a); k<<<1, 1>>>(x, 0, a, 3); }"
    assert hints(both)["same"] == []


def test_constructors_members_and_components() -> None:
    found = hints(
        """template <class T> struct Buf { Buf(size_t n); T *get(); };
        enum { TX = 16, TY = 8 };
        struct Sim { int n_, m_; float *p_; void run() { dim3 dims(64, 96); const dim3 block(TX, TY);
          Buf<float> b(n_ * m_); dim3 grid((n_ + TX - 1) / TX, dims.y / block.y);
          k<<<grid, block>>>(b.get(), 0, n_, m_); } };"""
    )
    assert found["grid"][0] == ["ceil(n / 16)"] and found["grid"][1] == ["96 / block.y"]
    assert found["block"] == [["16"], ["8"], ["1"]]
    assert found["lengths"] == {"x": ["n * m"]}


def test_structs_by_value_and_typedefs() -> None:
    found = hints(
        """int main() { P p; real *d; cudaMalloc(&d, p.rows * p.cols * sizeof(real));
        s<<<(p.rows + 3) / 4, 4>>>(d, p); }""",
        "typedef double real; struct P { int rows, cols; };\n__global__ void s(real *x, P q) { }\n",
    )
    assert found["bytes"] == {"x": ["q.rows * q.cols * 8"]}
    assert found["grid"][0] == ["ceil(q.rows / 4)"]


def test_template_values() -> None:
    found = hints(
        "template <int T> void f(float *d, int w) { t<T><<<(w + T - 1) / T, T>>>(d, w); }",
        "template <int TILE> __global__ void t(float *x, int n) { }\n",
    )
    assert found["grid"][0] == ["ceil(n / TILE)"] and found["block"][0] == ["TILE"]


def test_odd_host_code_does_no_harm() -> None:
    found = hints(
        """int a = b, b = a; int n = n + 1;
        void f() { dim3 g(h), h(g); auto z = z; k<<<g, h>>>(x, y[3], z, f(1));
        k<<<a, n, "x">>>(); k<<<{1}, {}>>>(p); }"""
    )
    assert isinstance(found["grid"], list)
