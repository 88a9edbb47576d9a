"""Triton port of black_scholes.cu.

>>> priceOptions(call, put, spot, strike, years, 0.02, 0.3, 5003)  # all arrays: float32[5003]; changes call and put
"""

import triton
import triton.language as tl

BLOCK = 1024


@triton.jit
def _normal_cdf(d):
    """Abramowitz and Stegun 26.2.17."""
    k = 1.0 / (1.0 + 0.2316419 * tl.abs(d))
    poly = k * (0.319381530 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
    tail = 0.3989422804014327 * tl.exp(-0.5 * d * d) * poly
    return tl.where(d > 0.0, 1.0 - tail, tail)


@triton.jit
def _price(call, put, spot, strike, years, rate, volatility, count, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    live = i < count
    s = tl.load(spot + i, mask=live, other=1.0)
    x = tl.load(strike + i, mask=live, other=1.0)
    t = tl.load(years + i, mask=live, other=1.0)

    sigma = volatility * tl.sqrt(t)
    d1 = (tl.log(s / x) + (rate + 0.5 * volatility * volatility) * t) / sigma
    cdf1 = _normal_cdf(d1)
    cdf2 = _normal_cdf(d1 - sigma)
    discounted = x * tl.exp(-rate * t)
    tl.store(call + i, s * cdf1 - discounted * cdf2, mask=live)
    tl.store(put + i, discounted * (1.0 - cdf2) - s * (1.0 - cdf1), mask=live)


def priceOptions(call, put, spot, strike, years, rate, volatility, optionCount):
    """European call and put prices by Black and Scholes, for the first optionCount options."""
    _price[(triton.cdiv(optionCount, BLOCK),)](call, put, spot, strike, years, rate, volatility, optionCount, BLOCK)
