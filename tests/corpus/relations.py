"""The relations of one program's kernels as text."""

from __future__ import annotations

import re

from tests.corpus.programs import Entry

from cuport.cases import Plan, plan
from cuport.cuda import read
from cuport.diagnostic import CuportError
from cuport.kernel import Kernel
from cuport.oracle import Oracle

# Quick to plan, and each with something of its own.
SAMPLE = (
    "adamw_mixed",  # template values, a bound on the block from a shared array
    "argmax_packed_atomic",  # 64-bit globals
    "bias_gelu_dropout",  # a case file
    "bincount_minmax",
    "cg_poisson_grid_sync",  # depends on the order of threads
    "cholesky_batched_small",  # lengths made of a template value
    "dropout_philox",
    "embedding_gather_int4",  # positions, rows of vectors
    "groupnorm_swish",  # grid and block given member by member
    "wave_lambda",  # refused
)

# Without a text yet: not planned or not reviewed so far, or (blelloch_scan_block, log_softmax_rawkernel) kernels whose
# replay does not build, or (hash_table_open) sizes that never end, where the limit in seconds decides.
PENDING = (
    "blelloch_scan_block",
    "hash_table_open",
    "log_softmax_rawkernel",
    "rope_bf16",
    "sgemm_register_blocked",
    "sliding_median_async",
    "smith_waterman_wave",
    "sssp_delta_float",
    "surface_edges",
    "texture_rotate",
    "thrust_kmeans",
    "tiled_matmul_classic",
    "transpose_batched_16bit",
    "tridiagonal_pcr",
    "unary_ops_macro",
    "upsample_bilinear_grad",
    "viterbi_log",
    "volume_blur_pitched3d",
    "warp_match_votes",
    "warp_sort_scan",
    "wave3d_order8",
    "weighted_binning_cas",
    "welford_column_stats",
    "xnor_popcount_gemm",
)


def relations_of(entry: Entry, oracle: Oracle) -> str:
    """For each kernel the domain, a line for each group of launches, and what the plan has to say."""
    source = read(entry.path)
    captures = list(oracle.capture_report(source, timeout=120).captures) if source.has_main else []
    lines: list[str] = []
    for kernel in source.kernels:
        own = [c for c in captures if c.case.kernel in (kernel.qualified, kernel.python_name)]
        lines.append(kernel.qualified)
        try:
            lines += _shown(kernel, plan(source, kernel, own, oracle, seed=0, cases=12))
        except CuportError as error:
            lines += [f"  {d.code}" for d in error.diagnostics]
    return "\n".join([*lines, ""])


def _shown(kernel: Kernel, planned: Plan) -> list[str]:
    domains = [f"  domain {part}" for part in planned.domain.split(" | ") if part]
    notes = [f"  note {_steady(n)}" for n in planned.notes]
    return [*domains, *notes, *(f"  {d.severity} {d.code}" for d in planned.diagnostics)]


def _steady(note: str) -> str:
    """Without numbers and names that the compiler's layout decides."""
    return re.sub(r"\d+ (sizes|cases|more launches)", r"some \1", note.split(": ")[0] if " sizes " in note else note)
