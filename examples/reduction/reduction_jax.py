"""JAX port of reduction.cu.

>>> partial_sums(in_, partial, 30011, grid=(17, 1, 1), Block=256, Squared=False)  # float32[30011], float32[17]
{'partial': ...}
"""

import jax.numpy as jnp


def partial_sums(in_, partial, n, *, Block, Squared, grid):
    """partial[b] <- sum over the elements that block b meets walking the array in steps of the whole grid."""
    blocks = grid[0]
    values = in_[:n] * in_[:n] if Squared else in_[:n]
    walk = jnp.pad(values, (0, -n % (Block * blocks))).reshape(-1, blocks, Block)
    return {"partial": partial.at[:blocks].set(walk.sum(axis=(0, 2)))}


def final_sum(partial, result, count):
    """result[0] <- sum of the first `count` partial sums."""
    return {"result": result.at[0].set(jnp.sum(partial[:count]))}


def abs_sum_atomic(in_, result, n):
    """result[0] += sum of |in_[i]| for i < n."""
    return {"result": result.at[0].add(jnp.sum(jnp.abs(in_[:n])))}
