"""JAX port of gelu.cu.

>>> bias_gelu(x, bias, out, 61, 148)  # x, out: float32[9028]; bias: float32[148]
{'out': ...}
"""

import math

import jax
import jax.numpy as jnp


def _gelu(v):
    inner = math.sqrt(2.0 / math.pi) * (v + 0.044715 * v * v * v)
    return 0.5 * v * (1.0 + jnp.tanh(inner))


def bias_gelu(x, bias, out, rows, cols):
    """out[r, c] <- gelu(x[r, c] + bias[c]), row-major."""
    total = rows * cols
    activation = _gelu(x[:total].reshape(rows, cols) + bias[:cols])
    return {"out": out.at[:total].set(activation.reshape(total))}


def gelu_backward(x, grad_out, grad_in, n4):
    """grad_in <- gelu'(x) * grad_out, arrays of float4: shape (n4, 4). JAX derives the derivative itself."""
    v = x[:n4]
    _, pull_back = jax.vjp(_gelu, v)
    (derivative,) = pull_back(jnp.ones_like(v))
    return {"grad_in": grad_in.at[:n4].set(grad_out[:n4] * derivative)}
