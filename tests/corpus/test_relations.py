"""The relations that `inspect --cases` finds in each program, as golden text reviewed by hand against its host code.

Planning takes seconds a kernel, so a sample of quick and different programs runs by default; with
`CUPORT_ALL_RELATIONS=1` all of them do (half an hour on two cores). `pytest tests/corpus --snapshot-update` writes the
texts anew; they do not say how many cases there are, which the budget decides.
"""

from __future__ import annotations

import os

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.corpus.programs import Entry, entries
from tests.corpus.relations import PENDING, SAMPLE, relations_of
from tests.snapshots import Text

from cuport.oracle import Oracle

ALL = bool(os.environ.get("CUPORT_ALL_RELATIONS"))
CHOSEN = [e for e in entries() if e.name in SAMPLE or (ALL and e.name not in PENDING)]

# Texts that say less, or something else, than the author would:
# - im2col_conv_gemm: `len(col)`, `len(image)` stay as captured (products of five members and of methods' results), and
#   the conditions on s.* are only what ran clean; upper bounds without a reason stand in broadcast_binary_nd as well.
# - lj_cell_list forces, ising_checkerboard, dot_kahan_streams: lengths that no parameter gives are numbers.
# - bitonic_sort_pairs bitonicMergeGlobal: `len = 4 * size` holds for the one size that is launched; radix_sort_4bit
#   scatter and stream_compact scatterKernel: one buffer's positions belong to another's flags, so sizes are few.
# - block_sparse_wmma bsr_mm, q4_block_gemv mul_mat_vec_q4: a length follows from an index's contents, or counts bytes
#   of blocks of 18: as captured.
# - bfs_frontier: sizes of the graph are their own; row_offsets stays as captured beside them.
# - maxpool_backward, segment_pool: the batch is no parameter, so its number stands in the lengths.
# - tridiagonal_pcr thomas, permute_nchw_struct: a size that is 1 on every launch of a group drops out of its products.


@pytest.mark.parametrize("entry", CHOSEN, ids=lambda e: e.name)
def test_relations(entry: Entry, snapshot: SnapshotAssertion) -> None:
    assert relations_of(entry, Oracle()) == snapshot.use_extension(Text)
