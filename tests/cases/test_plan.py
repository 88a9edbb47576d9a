"""Whole plans over a small oracle in Python: legal cases, honest domains, budgets, seeds, faults."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cases.simulation import Captured, FakeFault, FakeOracle, FakeReplay, launch, source_of, threads

from cuport.case import Case, PointerArg, ScalarArg
from cuport.cases import Plan, plan
from cuport.cases.profile import POISON
from cuport.diagnostic import Diagnostic

SAXPY = """__global__ void saxpy(int n, float a, const float *x, float *y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] += a * x[i]; }
"""


def saxpy(case: Case, order: str, n: int, a: float, x: Any, y: Any) -> None:
    i = threads(case)
    i = i[i < n]
    y[i] = y[i] + np.float32(a) * x[i]


def planned(text: str, body: Any, launches: list[Any], **more: Any) -> tuple[Plan, FakeOracle]:
    """A plan for the first kernel of `text` from launches (args, grid, block)."""
    source = source_of(text)
    kernel = source.kernels[0]
    oracle = FakeOracle({kernel.qualified: body})
    captures = [oracle.run(launch(kernel, *one)) for one in launches]
    return plan(source, kernel, captures, oracle, **more), oracle


def floats(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, n).astype(np.float32)


def scalar(case: Case, index: int) -> Any:
    arg = case.args[index]
    assert isinstance(arg, ScalarArg)
    return arg.value


@pytest.fixture(scope="module")
def saxpy_plan() -> Plan:
    found, _ = planned(SAXPY, saxpy, [([1000, 2.5, floats(1000), floats(1000, 1)], (4,), (256,))])
    return found


def test_enough_cases_and_shapes(saxpy_plan: Plan) -> None:
    assert saxpy_plan.domain == "n >= 1; len(x) = len(y) = n; grid = ceil(n / block); block free"
    counted = [c for c in saxpy_plan.cases if c.suite in ("domain", "values")]
    assert 32 <= len(counted) <= 48
    sizes = {scalar(c, 0) for c in counted}
    assert len(sizes) >= 8 and {1, 257, 1000} <= sizes
    statics = {(scalar(c, 0), c.grid, c.block) for c in counted}
    assert len(statics) <= 12
    assert len({c.block for c in counted}) >= 2
    assert {"captured", "widened"} <= {c.origin for c in saxpy_plan.cases}
    assert len({c.digest for c in saxpy_plan.cases}) == len(saxpy_plan.cases)


def test_every_case_keeps_the_relations(saxpy_plan: Plan) -> None:
    for case in saxpy_plan.cases:
        n = scalar(case, 0)
        if case.suite == "width":
            continue
        assert [b.data.shape for b in case.buffers] == [(n,), (n,)]
        assert case.grid == (-(-n // case.block[0]), 1, 1) and case.label
        assert all(not b.data.flags.writeable for b in case.buffers)


def test_suites(saxpy_plan: Plan) -> None:
    suites = Counter(c.suite for c in saxpy_plan.cases)
    assert suites["domain"] >= suites["values"] > 5 and suites["special"] >= 2 and suites["width"] >= 2
    for case in saxpy_plan.cases:
        finite = all(np.isfinite(b.data).all() for b in case.buffers)
        assert finite or case.suite == "special"
    wide = [c for c in saxpy_plan.cases if c.suite == "width"]
    assert any(len(c.buffers[0].data) > scalar(c, 0) for c in wide)


def test_the_same_seed_gives_the_same_cases_and_another_others() -> None:
    launches = [([1000, 2.5, floats(1000), floats(1000, 1)], (4,), (256,))]
    digests = [[c.digest for c in planned(SAXPY, saxpy, launches, seed=s)[0].cases] for s in (5, 5, 6)]
    assert digests[0] == digests[1]
    common = set(digests[0]) & set(digests[2])
    assert len(common) <= 2  # the captured one


def test_budgets_hold() -> None:
    launches = [([1000, 2.5, floats(1000), floats(1000, 1)], (4,), (256,))]
    few, _ = planned(SAXPY, saxpy, launches, cases=10, threads=20_000)
    counted = [c for c in few.cases if c.suite in ("domain", "values")]
    assert len(counted) <= 10 and sum(c.threads for c in counted) <= 25_000
    big, _ = planned(
        SAXPY, saxpy, [([300_000, 2.5, floats(300_000), floats(300_000)], (1172,), (256,))], threads=60_000
    )
    assert sum(c.threads for c in big.cases) < 90_000 and len(big.cases) > 20
    assert any("too many for interpreters" in n for n in big.notes)


def test_sizes_must_be_whole_blocks() -> None:
    text = """__global__ void pairs(float *x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x;
      __shared__ float s[64]; x[2 * i] = x[2 * i + 1]; }"""

    def body(case: Case, order: str, x: Any, n: int) -> None:
        i = threads(case)
        x[2 * i] = x[2 * i + 1]

    found, _ = planned(text, body, [([floats(1024), 1024], (8,), (64,))])
    assert "n % 128 == 0" in found.domain and "grid = ceil(n / (2 * block))" in found.domain
    assert {scalar(c, 1) % 128 for c in found.cases if c.suite != "width"} == {0}
    assert len({scalar(c, 1) for c in found.cases}) >= 4


def test_zero_sizes_where_the_grid_is_free() -> None:
    text = SAXPY.replace("if (i < n)", "for (; i < n; i += gridDim.x * blockDim.x)")

    def body(case: Case, order: str, n: int, a: float, x: Any, y: Any) -> None:
        y[np.arange(n)] = y[np.arange(n)] + np.float32(a) * x[np.arange(n)]

    found, _ = planned(text, body, [([1000, 2.5, floats(1000), floats(1000)], (2,), (256,))])
    assert found.domain.startswith("n >= 0;") and "grid free" in found.domain
    assert 0 in {scalar(c, 0) for c in found.cases}
    assert len({c.grid for c in found.cases}) >= 3


def test_a_gather_keeps_its_indices_legal() -> None:
    text = """__global__ void gather(const int *idx, const float *x, float *y, int n) {
      int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = x[idx[i]]; }"""

    def body(case: Case, order: str, idx: Any, x: Any, y: Any, n: int) -> None:
        i = threads(case)
        i = i[i < n]
        y[i] = x[idx[i]]

    idx = np.random.default_rng(3).integers(0, 77, 500).astype(np.int32)
    idx[0] = 76
    found, _ = planned(text, body, [([idx, floats(77), np.zeros(500, np.float32), 500], (4,), (128,))])
    lengths = {c.buffers[1].data.shape[0] for c in found.cases}
    assert len(lengths) >= 4 and not any("left out" in n for n in found.notes)
    for case in found.cases:
        values = case.buffers[0].data
        assert values.size == 0 or (values.min() >= 0 and values.max() < case.buffers[1].data.shape[0])


def test_order_dependent_cases_are_left_out() -> None:
    text = "__global__ void last(float *out, const float *x, int n) { if (threadIdx.x < n) out[0] = x[threadIdx.x]; }"

    def body(case: Case, order: str, out: Any, x: Any, n: int) -> None:
        if n > 0:
            out[0] = x[min(n, case.block[0]) - 1 if order == "forward" else 0]

    found, _ = planned(text, body, [([floats(1), floats(100), 100], (1,), (128,))])
    assert not found.cases and [d.code for d in found.diagnostics] == ["cases.order-dependent"]


def test_a_wrong_original_is_refused_with_its_place() -> None:
    source = source_of(SAXPY)
    kernel = source.kernels[0]
    oracle = FakeOracle({"saxpy": lambda case, order, n, a, x, y: x[np.arange(n + 1)]})
    case = launch(kernel, [100, 2.0, floats(100), floats(100)], (1,), (128,))
    found = plan(source, kernel, [Captured(case, tuple(b.data for b in case.buffers))], oracle)
    (diagnostic,) = found.diagnostics
    assert not found.cases and diagnostic.code == "cases.original-faults" and "out of bounds" in diagnostic.message
    assert diagnostic.span.line == 7 and diagnostic.severity == "error" and diagnostic.hint


def test_a_benign_race_is_noted() -> None:
    class Racy(FakeOracle):
        def replay(self, source: Any, cases: Any, **more: Any) -> Any:
            faults = (FakeFault("race-same-value", "same", benign=True),)
            return [FakeReplay(r.outputs, faults) for r in super().replay(source, cases, **more)]

    source = source_of(SAXPY)
    oracle = Racy({"saxpy": saxpy})
    capture = oracle.run(launch(source.kernels[0], [100, 2.0, floats(100), floats(100)], (1,), (128,)))
    found = plan(source, source.kernels[0], [capture], oracle)
    assert found.cases and any("benign race" in n for n in found.notes)


def test_null_pointers_and_types_are_separate_groups() -> None:
    text = SAXPY.replace("if (i < n) y[i] += a * x[i];", "if (i < n) y[i] += x ? a * x[i] : a;")

    def body(case: Case, order: str, n: int, a: float, x: Any, y: Any) -> None:
        i = threads(case)
        i = i[i < n]
        y[i] = y[i] + (np.float32(a) if x is None else np.float32(a) * x[i])

    with_x = ([1000, 2.5, floats(1000), floats(1000)], (4,), (256,))
    without = ([500, 1.5, None, floats(500)], (2,), (256,))
    found, _ = planned(text, body, [with_x, without])
    assert found.domain.count("|") == 1 and len(found.relations) == 2
    nulls = Counter(isinstance(c.args[2], PointerArg) and c.args[2].buffer is None for c in found.cases)
    assert nulls[True] >= 10 and nulls[False] >= 10


def test_reruns_resolve_a_coincidence() -> None:
    text = """__global__ void scale(float *x, int rows, int cols) {
      int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < rows) x[i * cols] *= 2; }
    int main() { run(64, 64); }
    """

    def body(case: Case, order: str, x: Any, rows: int, cols: int) -> None:
        i = threads(case)
        i = i[i < rows] * cols
        x[i] = x[i] * 2

    source = source_of(text)
    kernel = source.kernels[0]
    oracle = FakeOracle({"scale": body})

    def one(rows: int, cols: int) -> Any:
        return oracle.run(launch(kernel, [floats(rows * cols), rows, cols], (-(-rows // 64),), (64,)))

    seen: list[Any] = []

    def program(changed: Any, args: Any) -> list[Any]:
        numbers = [int(w) for w in changed.raw.split("run(")[1].split(")")[0].split(",")]
        seen.append(numbers)
        return [one(*numbers)]

    oracle.programs.append(program)
    (Path(source.path)).parent.mkdir(exist_ok=True)
    found = _with_file(source, text, lambda s: plan(s, s.kernels[0], [one(64, 64)], oracle))
    assert [64, 64] not in seen and any(a != b for a, b in seen)
    assert "len(x) = rows * cols" in found.domain and "rows = cols" not in found.domain
    assert any("other size constants" in n for n in found.notes)


def _with_file(source: Any, text: str, work: Any) -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.cu"
        path.write_text(text)
        return work(replace(source, path=str(path)))


def test_without_launch_and_case_file_there_is_a_way_out() -> None:
    source = source_of(SAXPY)
    found = plan(source, source.kernels[0], [], FakeOracle({}))
    assert not found.cases and found.diagnostics[0].code == "cases.never-launched"
    assert "--write-cases" in found.diagnostics[0].hint and found.diagnostics[0].span
    hosted = source_of(SAXPY + "int main() { saxpy<<<1, 1>>>(1, 2.f, x, y); }")
    assert plan(hosted, hosted.kernels[0], [], FakeOracle({})).diagnostics[0].code == "cases.not-captured"
    wrapped = source_of(SAXPY + "void f() { saxpy<<<1, 1>>>(1, 2.f, x, y); }")
    assert plan(wrapped, wrapped.kernels[0], [], FakeOracle({})).diagnostics[0].code == "cases.no-program"


def test_captured_launches_too_long_to_check_still_give_their_relations() -> None:
    class Slow(FakeOracle):
        def _one(self, case: Case, schedule: str) -> Any:
            if case.threads > 100_000:
                return FakeReplay((), failure=Diagnostic("oracle.case-timeout", "did not end within 40 s"))
            return super()._one(case, schedule)

    source = source_of(SAXPY)
    oracle = Slow({"saxpy": saxpy})
    n = 200_000
    case = launch(source.kernels[0], [n, 2.0, floats(n), floats(n)], (-(-n // 256),), (256,))
    found = plan(source, source.kernels[0], [Captured(case, tuple(b.data for b in case.buffers))], oracle)
    assert not found.diagnostics and len(found.cases) >= 32
    assert all(c.threads < 100_000 for c in found.cases) and any("too large to be checked" in n for n in found.notes)


def test_memory_that_was_never_written_is_noise_in_captured_cases_too() -> None:
    raw = np.full(2 * 500, POISON, np.uint16).view(np.float32)

    def body(case: Case, order: str, n: int, a: float, x: Any, y: Any) -> None:
        i = threads(case)
        i = i[i < n]
        y[i] = x[i]

    found, _ = planned(SAXPY.replace("+=", "="), body, [([500, 2.0, floats(500), raw], (2,), (256,))])
    for case in found.cases:
        assert not np.isnan(case.buffers[1].data).any() or case.suite == "special"
    assert any(c.origin == "captured" for c in found.cases)


def test_launches_that_change_nothing_are_few() -> None:
    text = "__global__ void rare(float *x, int n, int go) { if (go == 7 && threadIdx.x < n) x[threadIdx.x] = 1; }"

    def body(case: Case, order: str, x: Any, n: int, go: int) -> None:
        if go == 7:
            x[np.arange(min(n, case.block[0]))] = 1

    found, _ = planned(text, body, [([floats(64), 64, 7], (1,), (64,))])
    counted = [c for c in found.cases if c.suite in ("domain", "values")]
    idle = [c for c in counted if scalar(c, 2) != 7 or scalar(c, 1) == 0]
    assert len(counted) >= 16 and len(idle) <= 4


def test_a_launch_of_a_changed_program_that_breaks_what_was_sure_is_no_evidence() -> None:
    text = """__global__ void fill(float *x, int w, int h, int k) {
      int i = blockIdx.x * blockDim.x + threadIdx.x, j = blockIdx.y * blockDim.y + threadIdx.y;
      if (i < w && j < h) x[j * w + i] = k; }
    int main() { float *x; cudaMalloc(&x, 64 * 48 * 4); fill<<<dim3(8, 6), dim3(8, 8)>>>(x, 64, 48, 64); }
    """

    def body(case: Case, order: str, x: Any, w: int, h: int, k: int) -> None:
        i, j = np.meshgrid(np.arange(case.grid[0] * case.block[0]), np.arange(case.grid[1] * case.block[1]))
        inside = (i < w) & (j < h)
        x[(j * w + i)[inside]] = k

    source = source_of(text)
    oracle = FakeOracle({"fill": body})

    def one(w: int, h: int, k: int) -> Any:
        return oracle.run(launch(source.kernels[0], [floats(w * h), w, h, k], (8, 6), (8, 8)))

    oracle.programs.append(lambda changed, args: [one(72, 48, 72)])
    found = _with_file(source, text, lambda s: plan(s, s.kernels[0], [one(64, 48, 64)], oracle))
    assert "grid = (ceil(w / block.x), ceil(h / block.y))" in found.domain
