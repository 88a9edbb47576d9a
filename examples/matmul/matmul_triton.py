"""Triton port of matmul.cu.

>>> sgemm(70, 45, 53, 1.5, a, b, -0.5, c)  # a: float32[3710]; b: float32[2385]; c: float32[3150], changed
"""

import triton
import triton.language as tl

SIDE = 32


@triton.jit
def _sgemm(m, n, k, alpha, a, b, beta, c, SIDE: tl.constexpr):
    rows = tl.program_id(1) * SIDE + tl.arange(0, SIDE)[:, None]
    cols = tl.program_id(0) * SIDE + tl.arange(0, SIDE)[None, :]

    product = tl.zeros((SIDE, SIDE), tl.float32)
    for start in range(0, k, SIDE):
        across = start + tl.arange(0, SIDE)[None, :]
        down = start + tl.arange(0, SIDE)[:, None]
        a_tile = tl.load(a + rows * k + across, mask=(rows < m) & (across < k), other=0.0)
        b_tile = tl.load(b + down * n + cols, mask=(down < k) & (cols < n), other=0.0)
        # ieee: the default is TF32 on NVIDIA, the original computes in float32.
        product = tl.dot(a_tile, b_tile, product, input_precision="ieee")

    at = rows * n + cols
    inside = (rows < m) & (cols < n)
    tl.store(c + at, alpha * product + beta * tl.load(c + at, mask=inside), mask=inside)


def sgemm(m, n, k, alpha, a, b, beta, c):
    """c <- alpha * a @ b + beta * c, row-major m x k, k x n, m x n."""
    _sgemm[(triton.cdiv(n, SIDE), triton.cdiv(m, SIDE))](m, n, k, alpha, a, b, beta, c, SIDE)
