"""Triton port of softmax.cu: a program takes 8 rows and walks their columns three times.

>>> masked_softmax(x, lengths, out, 37, 101, 0.125)  # x, out: float32[3737]; lengths: int32[37]; changes out
"""

import triton
import triton.language as tl

ROWS = 8
COLS = 128


@triton.jit
def _masked_softmax(x, lengths, out, rows, cols, scale, ROWS: tl.constexpr, COLS: tl.constexpr):
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    length = tl.load(lengths + row, mask=row < rows, other=0)
    valid = tl.minimum(tl.maximum(length, 0), cols)
    longest = tl.max(valid, axis=0)
    columns = tl.arange(0, COLS)

    biggest = tl.full((ROWS,), float("-inf"), tl.float32)
    for start in range(0, longest, COLS):
        c = start + columns
        live = c[None, :] < valid[:, None]
        scores = scale * tl.load(x + row[:, None] * cols + c[None, :], mask=live, other=0.0)
        biggest = tl.maximum(biggest, tl.max(tl.where(live, scores, float("-inf")), axis=1))

    total = tl.zeros((ROWS,), tl.float32)
    for start in range(0, longest, COLS):
        c = start + columns
        live = c[None, :] < valid[:, None]
        scores = scale * tl.load(x + row[:, None] * cols + c[None, :], mask=live, other=0.0)
        total += tl.sum(tl.where(live, tl.exp(scores - biggest[:, None]), 0.0), axis=1)

    for start in range(0, cols, COLS):
        c = start + columns
        live = c[None, :] < valid[:, None]
        at = row[:, None] * cols + c[None, :]
        scores = scale * tl.load(x + at, mask=live, other=0.0)
        probability = tl.where(live, tl.exp(scores - biggest[:, None]) / total[:, None], 0.0)
        tl.store(out + at, probability, mask=(row < rows)[:, None] & (c < cols)[None, :])


def masked_softmax(x, lengths, out, rows, cols, scale):
    """Softmax of scale * x over the first lengths[r] columns of each row; 0 in the others."""
    _masked_softmax[(triton.cdiv(rows, ROWS),)](x, lengths, out, rows, cols, scale, ROWS, COLS)
