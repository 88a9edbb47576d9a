"""JAX port of scan.cu.

>>> scan_blocks(in_, out, totals, 20011, grid=(157, 1, 1))  # in_, out: uint32[20011]; totals: uint32[157] or None
{'out': ..., 'totals': ...}
"""

import jax.numpy as jnp

ELEMENTS = 128  # a CUDA block's share


def scan_blocks(in_, out, totals, n, *, grid):
    """Exclusive prefix sums within each share of 128 elements; the shares' sums go to `totals`, unless it is None."""
    blocks = grid[0]
    x = jnp.pad(in_[:n], (0, blocks * ELEMENTS - n)).reshape(blocks, ELEMENTS)
    inclusive = jnp.cumsum(x, axis=1, dtype=x.dtype)
    written = {"out": out.at[:n].set((inclusive - x).reshape(-1)[:n])}
    if totals is not None:
        written["totals"] = totals.at[:blocks].set(inclusive[:, -1])
    return written


def add_offsets(data, offsets, n):
    """data[i] += offsets[i // 128] for i < n."""
    return {"data": data.at[:n].add(offsets[jnp.arange(n) // ELEMENTS])}
