"""JAX port of histogram.cu.

>>> imaging__histogram256(pixels, bins, 20467)  # pixels: uint8[20467]; bins: uint32[256]
{'bins': ...}
"""

import jax.numpy as jnp


def imaging__histogram256(pixels, bins, count):
    """bins[v] += number of pixels with value v, among the first `count`."""
    one = jnp.ones((), bins.dtype)
    return {"bins": bins.at[pixels[:count].astype(jnp.int32)].add(one)}


def imaging__remap(pixels, table, width, height):
    """pixels <- table[pixels], in place, for a width x height image."""
    count = width * height
    return {"pixels": pixels.at[:count].set(table[pixels[:count].astype(jnp.int32)])}
