"""Triton port of histogram.cu.

>>> imaging__histogram256(pixels, bins, 20467)  # pixels: uint8[20467]; bins: uint32[256], changed
"""

import triton
import triton.language as tl

BLOCK = 2048
BINS = tl.constexpr(256)


@triton.jit
def _histogram(pixels, bins, count, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    live = i < count
    levels = tl.load(pixels + i, mask=live, other=0).to(tl.int32)
    counts = tl.histogram(levels, BINS, mask=live).to(tl.uint32)
    tl.atomic_add(bins + tl.arange(0, BINS), counts, mask=counts > 0, sem="relaxed")


@triton.jit
def _remap(pixels, table, count, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    live = i < count
    level = tl.load(pixels + i, mask=live, other=0).to(tl.int32)
    tl.store(pixels + i, tl.load(table + level, mask=live), mask=live)


def imaging__histogram256(pixels, bins, count):
    """bins[v] += number of pixels with value v, among the first `count`."""
    _histogram[(triton.cdiv(count, BLOCK),)](pixels, bins, count, BLOCK)


def imaging__remap(pixels, table, width, height):
    """pixels <- table[pixels], in place, for a width x height image."""
    count = width * height
    _remap[(triton.cdiv(count, BLOCK),)](pixels, table, count, BLOCK)
