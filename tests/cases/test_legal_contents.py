"""Contents that stay legal: counters, marks, positions, and captured contents cut to length; what is kept together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.cases.simulation import launch, source_of

from cuport.case import Case
from cuport.cases.conditions import explain
from cuport.cases.constants import index_like, kept_together
from cuport.cases.expressions import parse_expression
from cuport.cases.facts import facts, integer_ranges
from cuport.cases.fit import evident
from cuport.cases.groups import group
from cuport.cases.making import Mold, cut, make
from cuport.cases.measured import nearness
from cuport.cases.profile import Profile

SCAN = """__global__ void scan(const int *in, int *out, unsigned *ticket, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) out[i] = in[i] + atomicAdd(ticket, 1u); }
"""


def mold(text: str, args: list[object]) -> tuple[Mold, Case]:
    source = source_of(text)
    case = launch(source.kernels[0], args, (1,), (32,))
    outputs = tuple(b.data for b in case.buffers)
    return group(source.kernels[0], [(case, outputs)])[0].molds(source)[0], case


def test_a_counter_may_keep_its_value_in_every_family() -> None:
    made, case = mold(SCAN, [np.arange(40, dtype=np.int32), np.zeros(40, np.int32), np.zeros(1, np.uint32), 40])
    assert made.profiles[2].touched and made.profiles[2].counter and not made.profiles[0].touched
    known = facts(made.kernel, case)
    grown = [make(made, known, family="integers", seed=s).buffers[2].data[0] for s in range(12)]
    assert any(grown)
    still = [make(made, known, family="integers", seed=s, steady="counters").buffers[2].data[0] for s in range(12)]
    assert not any(still)


def test_captured_integers_are_cut_to_length_and_stay_inside() -> None:
    made, case = mold(SCAN, [np.arange(40, dtype=np.int32) * 3, np.zeros(40, np.int32), np.zeros(1, np.uint32), 40])
    known = facts(made.kernel, case) | {"len(in)": 7, "len(out)": 7, "n": 7}
    assert make(made, known, steady="all").buffers[0].data.tolist() == [0, 3, 6, 9, 12, 15, 18]
    positions = Profile(np.arange(10), False, False, bound="n")
    assert cut(np.arange(10), 12, positions, {"n": 4}).tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 0, 1]
    rows = replace(positions, ordered=True, inclusive=True)
    assert cut(np.array([0, 3, 5, 9]), 4, rows, {"n": 5}).tolist() == [0, 3, 5, 5]
    assert cut(np.zeros(0, np.int32), 3, positions, {}).tolist() == [0, 0, 0]


def test_marks_follow_the_scalar_that_names_them() -> None:
    text = """__global__ void loss(const int *target, float *x, int classes, int ignore) {
      int t = target[threadIdx.x]; if (t != ignore) x[t] = 1; }"""
    target = np.array([0, 9, -100, 7, 3, -100, 8, 2] * 4, np.int32)
    made, case = mold(text, [target, np.zeros(10, np.float32), 10, -100])
    assert made.profiles[0].mark == "ignore"
    known = facts(made.kernel, case) | {"ignore": -7}
    values = make(made, known).buffers[0].data
    assert set(values[values < 0].tolist()) == {-7} and values.max() < 10


def test_reads_through_a_cast_are_positions() -> None:
    text = """__global__ void gather(int4 *out, const int4 *table, const long *ids, int pieces) {
      const long id = __ldg((const long long *)ids + threadIdx.x); out[threadIdx.x] = __ldg(table + id * pieces); }"""
    source = source_of(text)
    assert index_like(source, source.kernels[0], "ids")


def test_lanes_elements_enumerators_and_globals_keep_captured_values() -> None:
    text = """enum Mode { A, B }; struct P { Mode how; int n; int dims[4]; };
    __device__ unsigned done;
    __global__ void k(float *x, Mode mode, int4 axis, P p, int depth) { if (threadIdx.x < depth) done = 1; }"""
    source = source_of(text)
    names = ["mode", "axis.x", "axis.w", "p.how", "p.n", "p.dims[2]", "depth", "done"]
    kept = kept_together(source, source.kernels[0], names)
    assert kept == {"mode", "axis.x", "axis.w", "p.how", "p.dims[2]", "done"}


def test_types_bound_what_is_proposed() -> None:
    source = source_of(SCAN)
    case = launch(source.kernels[0], [np.zeros(4, np.int32)] * 2 + [np.zeros(1, np.uint32), 4], (1,), (32,))
    assert integer_ranges(source.kernels[0], case)["n"] == (-(1 << 31), (1 << 31) - 1)


def test_two_points_are_no_evidence_for_a_formula() -> None:
    formula = parse_expression("4 * w + 1")
    assert not evident([{"w": 1, "z": 5}, {"w": 8, "z": 33}], "z", formula, 8)
    product = parse_expression("h * w")
    assert evident([{"h": 30, "w": 40, "z": 1200}, {"h": 31, "w": 40, "z": 1240}], "z", product, 8)
    many = [{"w": w, "z": 4 * w + 1} for w in (10, 20, 33, 47, 90)]
    assert evident(many, "z", formula, 8)
    assert not evident([{"w": 3, "z": 3}], "z", parse_expression("w"), 8)


def test_names_are_near_by_words_and_by_struct() -> None:
    near = nearness("len(d_src)")
    assert near("src_pitch") and near("srcPitch") and not near("dst_pitch")
    assert nearness("p.rows")("p.cols") and not nearness("rows")("cols")


def test_conditions_on_the_block_and_divisors_that_a_short_row_hides() -> None:
    clean = [{"n": n, "block": b, "block.x": b} for n in (5, 64, 200) for b in (32, 64, 128)]
    failing = [{"n": n, "block": b, "block.x": b} for n in (5, 64, 200) for b in (160, 256)]
    assert [str(c) for c in explain(clean, failing, ["n"], [4])[0]] == ["block <= 128"]
    rows = [{"w": w, "block": 32, "block.x": 32} for w in (4, 8, 100, 64, 1)]
    odd = [{"w": w, "block": 32, "block.x": 32} for w in (3, 5, 7, 9, 33, 101, 6, 10)]
    assert [str(c) for c in explain(rows, odd, ["w"], [4], (), rows[:4])[0]] == ["w % 4 == 0"]
