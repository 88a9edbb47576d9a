"""JAX port of transpose.cu. The batch is the grid's depth.

>>> mat__transpose(in_, out, 67, 129, grid=(5, 3, 3))  # in_, out: float32[25929]
{'out': ...}
"""

import jax.numpy as jnp


def mat__transpose(in_, out, height, width, *, grid):
    """out[b, c, r] <- in_[b, r, c] for grid[2] matrices of height x width; any element type."""
    batch = grid[2]
    count = batch * height * width
    planes = in_[:count].reshape(batch, height, width)
    return {"out": out.at[:count].set(jnp.swapaxes(planes, 1, 2).reshape(count))}
