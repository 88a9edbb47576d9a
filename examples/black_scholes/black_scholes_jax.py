"""JAX port of black_scholes.cu.

>>> priceOptions(call, put, spot, strike, years, 0.02, 0.3, 5003)  # all arrays: float32[5003]
{'call': ..., 'put': ...}
"""

import jax.numpy as jnp

RSQRT_2PI = 0.3989422804014327


def _normal_cdf(d):
    """Abramowitz and Stegun 26.2.17."""
    k = 1.0 / (1.0 + 0.2316419 * jnp.abs(d))
    poly = k * (0.319381530 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
    tail = RSQRT_2PI * jnp.exp(-0.5 * d * d) * poly
    return jnp.where(d > 0.0, 1.0 - tail, tail)


def priceOptions(call, put, spot, strike, years, rate, volatility, optionCount):
    """European call and put prices by Black and Scholes, for the first optionCount options."""
    s, x, t = spot[:optionCount], strike[:optionCount], years[:optionCount]
    sigma = volatility * jnp.sqrt(t)
    d1 = (jnp.log(s / x) + (rate + 0.5 * volatility * volatility) * t) / sigma
    cdf1, cdf2 = _normal_cdf(d1), _normal_cdf(d1 - sigma)
    discounted = x * jnp.exp(-rate * t)
    return {
        "call": call.at[:optionCount].set(s * cdf1 - discounted * cdf2),
        "put": put.at[:optionCount].set(discounted * (1.0 - cdf2) - s * (1.0 - cdf1)),
    }
