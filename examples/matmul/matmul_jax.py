"""JAX port of matmul.cu.

>>> sgemm(70, 45, 53, 1.5, a, b, -0.5, c)  # a: float32[3710]; b: float32[2385]; c: float32[3150]
{'c': ...}
"""

import jax
import jax.numpy as jnp


def sgemm(m, n, k, alpha, a, b, beta, c):
    """c <- alpha * a @ b + beta * c, row-major m x k, k x n, m x n."""
    # HIGHEST: the default may compute in bfloat16 or TF32 on accelerators, the original computes in float32.
    product = jnp.matmul(a[: m * k].reshape(m, k), b[: k * n].reshape(k, n), precision=jax.lax.Precision.HIGHEST)
    return {"c": c.at[: m * n].set(alpha * product.reshape(m * n) + beta * c[: m * n])}
