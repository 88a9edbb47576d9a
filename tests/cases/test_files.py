"""Case files: what they may say, and that every slip is told with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cases.simulation import FakeOracle, source_of, threads

from cuport.cases import first_guess, plan
from cuport.cases.files import Entry, entry_for
from cuport.diagnostic import CuportError
from cuport.kernel import Source

TEXT = """struct P { int rows; float scale; };
__constant__ float taps[4];
template <typename T> __global__ void t(T *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] = n; }
namespace ns { __global__ void k(const float *x, const int *idx, float *y, int n, float a, P p) {
  int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = a * x[idx[i]] * taps[0] * p.scale; } }
"""
GOOD = """
[ns__k]
sizes = { n = [33, 1, 100], "p.rows" = 3 }
lengths = { x = "2 * n", idx = "n", y = "n" }
grid = "ceil(n / block)"
block = 32
require = ["n >= 1", "len(x) >= 2"]
[ns__k.values]
x = { kind = "uniform", min = 2, max = 3 }
idx = { kind = "index", below = "len(x)" }
y = { kind = "output" }
a = [0.5, 2.0]
taps = { kind = "constant", value = 1.5 }
"""


def written(folder: Path, toml: str) -> Source:
    (folder / "program.cases.toml").write_text(toml)
    return replace(source_of(TEXT), path=str(folder / "program.cu"))


def entry(folder: Path, toml: str, kernel: str = "ns__k") -> Entry | None:
    source = written(folder, toml)
    return entry_for(source, source.kernel(kernel))


def test_a_good_file(tmp_path: Path) -> None:
    found = entry(tmp_path, GOOD)
    assert found is not None
    assert found.sizes == {"n": (33, 1, 100), "p.rows": (3,)}
    assert {n: str(e) for n, e in found.lengths.items()} == {"x": "2 * n", "idx": "n", "y": "n"}
    assert (found.values["x"].low, found.values["x"].high, found.values["a"].choices) == (2, 3, (0.5, 2.0))
    assert [str(c) for c in found.require] == ["n >= 1", "len(x) >= 2"]
    assert entry(tmp_path, GOOD, "t") is None
    assert entry(tmp_path, GOOD.replace("[ns__k]", '["ns::k"]').replace("[ns__k.", '["ns::k".')) is not None


def test_no_file(tmp_path: Path) -> None:
    source = replace(source_of(TEXT), path=str(tmp_path / "program.cu"))
    assert entry_for(source, source.kernels[0]) is None


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "word"),
    [
        ("block = 32", "blok = 32", "cases.unknown-key", 6, "blok"),
        ("block = 32", "block = 32 32", "cases.syntax", 6, "TOML"),
        ("block = 32", "block = [1, 2, 3, 4]", "cases.invalid", 6, "three"),
        ("block = 32", 'block = "q"', "cases.invalid", 6, "`q`"),
        ("[ns__k]", "[ns__q]", "cases.unknown-kernel", 2, "ns__q"),
        ('"p.rows" = 3', '"p.cols" = 3', "cases.invalid", 3, "p.cols"),
        (', "p.rows" = 3', "", "cases.invalid", 3, "p.rows"),
        ("n = [33, 1, 100]", "n = [1.5]", "cases.invalid", 3, "integers"),
        ("n = [33, 1, 100]", 'n = "9..3"', "cases.invalid", 3, "empty"),
        (', y = "n"', "", "cases.invalid", 4, "`y`"),
        ('y = "n"', 'y = "n +"', "cases.invalid", 4, "`y`"),
        ('y = "n"', 'y = "m"', "cases.invalid", 4, "`m`"),
        ('y = "n"', "z = 3", "cases.invalid", 4, "`z`"),
        ("min = 2", "least = 2", "cases.unknown-key", 9, "least"),
        ("min = 2", "min = 5", "cases.invalid", 9, "above"),
        ('kind = "uniform"', 'kind = "gauss"', "cases.invalid", 9, "gauss"),
        (', below = "len(x)"', "", "cases.invalid", 10, "below"),
        ("a = [0.5, 2.0]", 'a = "x"', "cases.invalid", 12, "`a`"),
        ("taps =", "tops =", "cases.invalid", 13, "tops"),
        ("n >= 1", "__import__('os')", "cases.invalid", 7, "require"),
        ("block = 32", "blocks = [0]", "cases.invalid", 6, "positive"),
    ],
)
def test_every_slip_has_its_line(tmp_path: Path, old: str, new: str, code: str, line: int, word: str) -> None:
    assert old in GOOD
    with pytest.raises(CuportError) as caught:
        entry(tmp_path, GOOD.replace(old, new))
    (found,) = caught.value.diagnostics
    assert (found.code, found.span.line) == (code, line), str(found)
    assert word in str(found) and found.span.path.endswith("program.cases.toml")


def test_template_arguments_are_asked_for(tmp_path: Path) -> None:
    text = '[t]\nsizes = { n = 5 }\nlengths = { x = "n" }\n'
    with pytest.raises(CuportError) as caught:
        entry(tmp_path, text, "t")
    assert "`T` has no value" in str(caught.value)
    found = entry(tmp_path, text + 'templates = [{ T = "double" }, { T = "int" }]\n', "t")
    assert found is not None and found.templates == ({"T": "double"}, {"T": "int"})


def body_k(case: Any, order: str, x: Any, idx: Any, y: Any, n: int, a: float, p: Any) -> None:
    i = threads(case)
    i = i[i < n]
    y[i] = x[idx[i]]


class StructOracle(FakeOracle):
    def _one(self, case: Any, schedule: str) -> Any:
        from cuport.case import StructArg

        plain = tuple(a.fields[0][1] if isinstance(a, StructArg) else a for a in case.args)
        return super()._one(replace(case, args=plain), schedule)


def test_cases_from_a_file(tmp_path: Path) -> None:
    source = written(tmp_path, GOOD)
    kernel = source.kernel("ns__k")
    found = plan(source, kernel, [], StructOracle({"ns::k": body_k}))
    assert not found.diagnostics, [str(d) for d in found.diagnostics]
    assert len(found.cases) >= 32
    assert "len(x) = 2 * n" in found.domain and "block fixed at 32" in found.domain
    for case in found.cases:
        x, idx, _, taps = (b.data for b in case.buffers)
        assert case.origin in ("generated", "special") and case.globals == (("taps", 3),)
        assert taps.shape == (4,)
        if case.suite in ("domain", "values"):
            assert x.dtype == np.float32 and (x.size == 0 or (x.min() >= 2 and x.max() <= 3))
            assert idx.size == 0 or (idx.min() >= 0 and idx.max() < x.size)
    assert len({c.grid for c in found.cases}) > 3


def test_template_instances_from_a_file(tmp_path: Path) -> None:
    toml = '[t]\nsizes = { n = [5, 70] }\nlengths = { x = "n" }\ngrid = "ceil(n / block)"\nblock = 32\n'
    source = written(tmp_path, toml + 'templates = [{ T = "double" }, { T = "unsigned int" }]\nblocks = [64, 96]\n')

    def body(case: Any, order: str, x: Any, n: int) -> None:
        i = threads(case)
        x[i[i < n]] = n

    found = plan(source, source.kernel("t"), [], FakeOracle({"t": body}))
    instances = {(c.instance, c.buffers[0].data.dtype.name, c.template_args) for c in found.cases}
    assert instances == {
        ("t<double>", "float64", (("T", "float64"),)),
        ("t<unsigned int>", "uint32", (("T", "uint32"),)),
    }
    assert {c.block[0] for c in found.cases} >= {32, 64, 96}


def test_a_file_whose_sizes_do_not_fit_says_so(tmp_path: Path) -> None:
    source = written(tmp_path, GOOD.replace('y = "n"', 'y = "n / 2"'))
    found = plan(source, source.kernel("ns__k"), [], StructOracle({"ns::k": body_k}))
    codes = [d.code for d in found.diagnostics]
    counted = [c for c in found.cases if c.suite != "width"]
    assert codes == ["cases.none-left"] or all(c.buffers[2].data.size == 0 for c in counted)
    nothing = written(tmp_path, GOOD.replace('"n >= 1"', '"n > 1000"'))
    found = plan(nothing, nothing.kernel("ns__k"), [], StructOracle({"ns::k": body_k}))
    assert [d.code for d in found.diagnostics] == ["cases.none-left"] and found.diagnostics[0].span.line == 2


def test_a_broken_file_is_a_diagnostic_of_the_plan(tmp_path: Path) -> None:
    source = written(tmp_path, "[ns__k\n")
    found = plan(source, source.kernel("ns__k"), [], FakeOracle({}))
    assert [d.code for d in found.diagnostics] == ["cases.syntax"]


GUESSED = """
__global__ void add(const float *a, const float *b, float *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) c[i] = a[i] + b[i]; }
__global__ void mm(const float *A, const float *B, float *C, int M, int N, int K) {
  int row = blockIdx.y * blockDim.y + threadIdx.y, col = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= M || col >= N) return;
  float s = 0; for (int k = 0; k < K; ++k) s += A[row * K + k] * B[k * N + col]; C[row * N + col] = s; }
__global__ void conv(const float *x, float *y, int n) { int i = blockIdx.x * 256 + threadIdx.x;
  if (i < n) { float s = 0; for (int j = 0; j < 7; ++j) s += x[i + j]; y[i] = s; } }
__global__ void rows(const float *x, float *out, int nrows, int ncols) { int r = blockIdx.x; __shared__ float s[128];
  float a = 0; for (int c = threadIdx.x; c < ncols; c += 128) a += x[r * ncols + c];
  s[threadIdx.x] = a; out[r] = s[0]; }
__global__ void gather(const int *idx, const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) { int j = idx[i]; y[i] = x[j]; } }
template <typename T, int N = 8> __global__ void odd(T **p, float (*f)(float), int in, long) { }
"""


def test_a_first_guess_is_valid_and_right_where_the_code_is_plain(tmp_path: Path) -> None:
    source = replace(source_of(GUESSED), path=str(tmp_path / "program.cu"))
    (tmp_path / "program.cases.toml").write_text(first_guess(source))
    found = {k.name: entry_for(source, k) for k in source.kernels}
    assert all(found.values())

    def lengths(name: str) -> dict[str, str]:
        return {n: str(e) for n, e in found[name].lengths.items()}

    assert lengths("add") == {"a": "n", "b": "n", "c": "n"}
    assert lengths("mm") == {"A": "M * K", "B": "N * K", "C": "M * N"}
    assert [str(g) for g in found["mm"].grid] == ["ceil(N / block.x)", "ceil(M / block.y)", "1"]
    assert lengths("conv") == {"x": "n + 6", "y": "n"}
    assert lengths("rows") == {"x": "nrows * ncols", "out": "nrows"}
    assert str(found["rows"].grid[0]) == "nrows" and str(found["rows"].block[0]) == "128"
    assert lengths("gather") == {"idx": "n", "x": "m", "y": "n"}
    assert found["gather"].values["idx"].below == "len(x)"
    assert found["odd"].templates == ({"T": "float", "N": 8},)
