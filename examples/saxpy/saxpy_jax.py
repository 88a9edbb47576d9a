"""JAX port of saxpy.cu.

>>> saxpy(10007, 2.5, x, 1, y, 1)  # x, y: float32[10007]
{'y': ...}
"""

import jax.numpy as jnp


def saxpy(n, alpha, x, incx, y, incy):
    """y[i * incy] <- alpha * x[i * incx] + y[i * incy] for i < n."""
    i = jnp.arange(n)
    return {"y": y.at[i * incy].add(alpha * x[i * incx])}


def sscal(n, alpha, x, incx):
    """x[i * incx] <- alpha * x[i * incx] for i < n."""
    return {"x": x.at[jnp.arange(n) * incx].multiply(alpha)}
