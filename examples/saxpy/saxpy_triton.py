"""Triton port of saxpy.cu.

>>> saxpy(10007, 2.5, x, 1, y, 1)  # x, y: float32[10007]; changes y
"""

import triton
import triton.language as tl

BLOCK = 1024


@triton.jit
def _saxpy(n, alpha, x, incx, y, incy, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    live = i < n
    x_i = tl.load(x + i * incx, mask=live)
    y_i = tl.load(y + i * incy, mask=live)
    tl.store(y + i * incy, alpha * x_i + y_i, mask=live)


@triton.jit
def _sscal(n, alpha, x, incx, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    live = i < n
    tl.store(x + i * incx, alpha * tl.load(x + i * incx, mask=live), mask=live)


def saxpy(n, alpha, x, incx, y, incy):
    """y[i * incy] <- alpha * x[i * incx] + y[i * incy] for i < n."""
    _saxpy[(triton.cdiv(n, BLOCK),)](n, alpha, x, incx, y, incy, BLOCK)


def sscal(n, alpha, x, incx):
    """x[i * incx] <- alpha * x[i * incx] for i < n."""
    _sscal[(triton.cdiv(n, BLOCK),)](n, alpha, x, incx, BLOCK)
