"""Triton port of transpose.cu. The batch is the grid's depth.

>>> mat__transpose(in_, out, 67, 129, grid=(5, 3, 3))  # in_, out: float32[25929]; changes out
"""

import triton
import triton.language as tl

SIDE = 64


@triton.jit
def _transpose(in_, out, height, width, SIDE: tl.constexpr):
    plane = tl.program_id(2) * height * width
    rows = tl.program_id(1) * SIDE + tl.arange(0, SIDE)
    cols = tl.program_id(0) * SIDE + tl.arange(0, SIDE)

    inside = (rows < height)[:, None] & (cols < width)[None, :]
    tile = tl.load(in_ + plane + rows[:, None] * width + cols[None, :], mask=inside)

    inside = (cols < width)[:, None] & (rows < height)[None, :]
    tl.store(out + plane + cols[:, None] * height + rows[None, :], tl.trans(tile), mask=inside)


def mat__transpose(in_, out, height, width, *, grid):
    """out[b, c, r] <- in_[b, r, c] for grid[2] matrices of height x width; any element type."""
    _transpose[(triton.cdiv(width, SIDE), triton.cdiv(height, SIDE), grid[2])](in_, out, height, width, SIDE)
