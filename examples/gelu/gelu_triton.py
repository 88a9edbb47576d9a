"""Triton port of gelu.cu.

tanh is written through the logistic function s(2u): (1 + tanh(u)) / 2 = s(2u). It is exact in the tails, where
1 + tanh(u) cancels.

>>> bias_gelu(x, bias, out, 61, 148)  # x, out: float32[9028]; bias: float32[148]; changes out
"""

import triton
import triton.language as tl

BLOCK = 1024


@triton.jit
def _twice_inner(v):
    return 2.0 * 0.7978845608028654 * (v + 0.044715 * v * v * v)  # 2 sqrt(2 / pi) (v + ...)


@triton.jit
def _bias_gelu(x, bias, out, total, cols, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    live = i < total
    v = tl.load(x + i, mask=live) + tl.load(bias + i % cols, mask=live)
    tl.store(out + i, v * tl.sigmoid(_twice_inner(v)), mask=live)


@triton.jit
def _gelu_backward(x, grad_out, grad_in, total, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    live = i < total
    v = tl.load(x + i, mask=live)
    u2 = _twice_inner(v)
    s = tl.sigmoid(u2)
    slope = 0.7978845608028654 * (1.0 + 3.0 * 0.044715 * v * v)
    derivative = s + 2.0 * v * s * tl.sigmoid(-u2) * slope
    tl.store(grad_in + i, tl.load(grad_out + i, mask=live) * derivative, mask=live)


def bias_gelu(x, bias, out, rows, cols):
    """out[r, c] <- gelu(x[r, c] + bias[c]), row-major."""
    total = rows * cols
    _bias_gelu[(triton.cdiv(total, BLOCK),)](x, bias, out, total, cols, BLOCK)


def gelu_backward(x, grad_out, grad_in, n4):
    """grad_in <- gelu'(x) * grad_out, arrays of float4: shape (n4, 4), contiguous."""
    total = 4 * n4
    _gelu_backward[(triton.cdiv(total, BLOCK),)](x, grad_out, grad_in, total, BLOCK)
