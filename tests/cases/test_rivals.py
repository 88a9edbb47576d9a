"""Doubtful lengths: other expressions are at hand, and the checked build decides between them."""

from __future__ import annotations

import numpy as np
from tests.cases.simulation import launch, source_of
from tests.cases.test_infer import relations

from cuport.cases.rivals import alternatives

COUNT = """__global__ void count(const float *pos, int n, int *counts, int cells) {
  int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) atomicAdd(&counts[(int)pos[i]], cells); }
"""


def test_the_cube_is_among_what_a_side_of_four_may_mean() -> None:
    source = source_of(COUNT)
    arguments = [np.zeros(200, np.float32), 200, np.zeros(64, np.int32), 4]
    found = relations(source, [launch(source.kernels[0], arguments, (4,), (64,))], hints=False)
    first = str(found.relations.lengths["counts"])
    others = list(alternatives(found))
    assert {first, *(str(o.relations.lengths["counts"]) for o in others)} >= {"cells * cells * cells"}
    assert all(set(o.relations.roots) >= set(found.relations.roots) for o in others)
    assert all(str(o.relations.lengths["pos"]) == "n" for o in others)


def test_a_constant_that_several_launches_agree_on_has_no_rivals() -> None:
    source = source_of(COUNT)
    cases = [
        launch(source.kernels[0], [np.zeros(n, np.float32), n, np.zeros(100, np.int32), 9], (n // 64,), (64,))
        for n in (640, 1280)
    ]
    assert not list(alternatives(relations(source, cases, hints=False)))
