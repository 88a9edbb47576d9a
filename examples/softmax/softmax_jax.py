"""JAX port of softmax.cu.

>>> masked_softmax(x, lengths, out, 37, 101, 0.125)  # x, out: float32[3737]; lengths: int32[37]
{'out': ...}
"""

import jax.numpy as jnp


def masked_softmax(x, lengths, out, rows, cols, scale):
    """Softmax of scale * x over the first lengths[r] columns of each row; 0 in the others."""
    count = rows * cols
    valid = jnp.arange(cols) < lengths[:rows, None]
    scores = jnp.where(valid, scale * x[:count].reshape(rows, cols), -jnp.inf)
    # A row of length 0 has no maximum: its differences are NaN, and all of them are masked.
    biggest = jnp.max(scores, axis=1, keepdims=True, initial=-jnp.inf)
    weights = jnp.where(valid, jnp.exp(scores - biggest), 0.0)
    result = jnp.where(valid, weights / jnp.sum(weights, axis=1, keepdims=True), 0.0)
    return {"out": out.at[:count].set(result.reshape(count))}
