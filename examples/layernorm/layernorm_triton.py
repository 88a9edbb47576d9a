"""Triton port of layernorm.cu: one program a row, as the original has one block a row.

>>> add_layernorm(x, residual, gamma, beta, y, mean_out, rstd_out, 300, 1e-5, grid=(41, 1, 1))  # changes y, *_out
"""

import triton
import triton.language as tl

BLOCK = 512


@triton.jit
def _add_layernorm(x, residual, gamma, beta, y, mean_out, rstd_out, hidden, eps, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    x += row * hidden
    residual += row * hidden
    y += row * hidden
    lanes = tl.arange(0, BLOCK)

    total = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, hidden, BLOCK):
        i = start + lanes
        live = i < hidden
        total += tl.load(x + i, mask=live, other=0.0) + tl.load(residual + i, mask=live, other=0.0)
    mean = tl.sum(total, axis=0) / hidden

    squares = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, hidden, BLOCK):
        i = start + lanes
        live = i < hidden
        h = tl.load(x + i, mask=live, other=0.0) + tl.load(residual + i, mask=live, other=0.0)
        d = tl.where(live, h - mean, 0.0)
        squares += d * d
    rstd = tl.rsqrt(tl.sum(squares, axis=0) / hidden + eps)

    for start in range(0, hidden, BLOCK):
        i = start + lanes
        live = i < hidden
        h = tl.load(x + i, mask=live) + tl.load(residual + i, mask=live)
        scaled = (h - mean) * rstd * tl.load(gamma + i, mask=live)
        tl.store(y + i, scaled + tl.load(beta + i, mask=live), mask=live)
    tl.store(mean_out + row, mean)
    tl.store(rstd_out + row, rstd)


def add_layernorm(x, residual, gamma, beta, y, mean_out, rstd_out, hidden, eps, *, grid):
    """y <- layer_norm(x + residual) * gamma + beta for each row of `hidden` elements; keeps mean and 1/std."""
    _add_layernorm[(grid[0],)](x, residual, gamma, beta, y, mean_out, rstd_out, hidden, eps, BLOCK)
