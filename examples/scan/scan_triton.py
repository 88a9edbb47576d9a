"""Triton port of scan.cu.

>>> scan_blocks(in_, out, totals, 20011, grid=(157, 1, 1))  # changes out: uint32[20011] and totals: uint32[157]
"""

import triton
import triton.language as tl

ELEMENTS = 128  # a CUDA block's share


@triton.jit
def _scan_blocks(in_, out, totals, n, ELEMENTS: tl.constexpr):
    b = tl.program_id(0)
    i = b * ELEMENTS + tl.arange(0, ELEMENTS)
    x = tl.load(in_ + i, mask=i < n, other=0)
    inclusive = tl.cumsum(x, axis=0)
    tl.store(out + i, inclusive - x, mask=i < n)
    if totals is not None:
        tl.store(totals + b, tl.sum(x, axis=0))


@triton.jit
def _add_offsets(data, offsets, n, ELEMENTS: tl.constexpr):
    b = tl.program_id(0)
    i = b * ELEMENTS + tl.arange(0, ELEMENTS)
    x = tl.load(data + i, mask=i < n, other=0)
    tl.store(data + i, x + tl.load(offsets + b), mask=i < n)


def scan_blocks(in_, out, totals, n, *, grid):
    """Exclusive prefix sums within each share of 128 elements; the shares' sums go to `totals`, unless it is None."""
    _scan_blocks[(grid[0],)](in_, out, totals, n, ELEMENTS)


def add_offsets(data, offsets, n):
    """data[i] += offsets[i // 128] for i < n."""
    _add_offsets[(triton.cdiv(n, ELEMENTS),)](data, offsets, n, ELEMENTS)
