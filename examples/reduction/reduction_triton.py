"""Triton port of reduction.cu.

>>> partial_sums(in_, partial, 30011, grid=(17, 1, 1), Block=256, Squared=False)  # changes partial: float32[17]
"""

import triton
import triton.language as tl

BLOCK = 1024


@triton.jit
def _partial_sums(in_, partial, n, blocks, BLOCK: tl.constexpr, SQUARED: tl.constexpr):
    b = tl.program_id(0).to(tl.int64)
    total = tl.zeros((BLOCK,), tl.float32)
    for start in range(b * BLOCK, n, blocks * BLOCK):
        i = start + tl.arange(0, BLOCK)
        v = tl.load(in_ + i, mask=i < n, other=0.0)
        total += v * v if SQUARED else v
    tl.store(partial + b, tl.sum(total, axis=0))


@triton.jit
def _final_sum(partial, result, count, BLOCK: tl.constexpr):
    total = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, count, BLOCK):
        i = start + tl.arange(0, BLOCK)
        total += tl.load(partial + i, mask=i < count, other=0.0)
    tl.store(result, tl.sum(total, axis=0))


@triton.jit
def _abs_sum(in_, result, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    magnitudes = tl.abs(tl.load(in_ + i, mask=i < n, other=0.0))
    tl.atomic_add(result, tl.sum(magnitudes, axis=0), sem="relaxed")


def partial_sums(in_, partial, n, *, Block, Squared, grid):
    """partial[b] <- sum over the elements that block b meets walking the array in steps of the whole grid."""
    blocks = grid[0]
    _partial_sums[(blocks,)](in_, partial, n, blocks, Block, Squared)


def final_sum(partial, result, count):
    """result[0] <- sum of the first `count` partial sums."""
    _final_sum[(1,)](partial, result, count, BLOCK)


def abs_sum_atomic(in_, result, n):
    """result[0] += sum of |in_[i]| for i < n."""
    _abs_sum[(triton.cdiv(n, BLOCK),)](in_, result, n, BLOCK)
