"""Arithmetic of the IR on Python numbers: exact for integers, IEEE in the operation's own type for floats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes  # noqa: F401  (registers bfloat16 with numpy)
import numpy as np

from cuport.translators.rules import build, types

Number = int | float | bool


def rounded(value: float, dtype: str) -> float:
    """`value` as a float of `dtype`."""
    with np.errstate(all="ignore"):
        return float(np.dtype(dtype).type(value))


def unary(op: str, a: Number, dtype: str) -> Number:
    if op == "neg":
        return -a if types.is_float(dtype) else types.wrap(-int(a), dtype)
    return not a if dtype == "bool" else types.wrap(~int(a), dtype)


def binary(op: str, a: Number, b: Number, dtype: str) -> Number:
    if types.is_float(dtype):
        return _float(op, float(a), float(b), dtype)
    i, j = int(a), int(b)
    if op in ("div", "rem"):
        if j == 0:
            return 0
        q = abs(i) // abs(j) * (1 if (i < 0) == (j < 0) else -1)
        return types.wrap(q if op == "div" else i - q * j, dtype)
    if op in ("shl", "shr"):
        n = types.bits(dtype)
        if not 0 <= j < n:
            return -1 if op == "shr" and i < 0 else 0
        return types.wrap(i << j if op == "shl" else i >> j, dtype)
    table: dict[str, Callable[[int, int], int]] = {
        "add": lambda p, q: p + q,
        "sub": lambda p, q: p - q,
        "mul": lambda p, q: p * q,
        "and": lambda p, q: p & q,
        "or": lambda p, q: p | q,
        "xor": lambda p, q: p ^ q,
    }
    result = types.wrap(table[op](i, j), dtype)
    return bool(result) if dtype == "bool" else result


def _float(op: str, a: float, b: float, dtype: str) -> float:
    """In double and rounded once: innocuous for types up to float (Figueroa 1995); double itself needs no rounding."""
    x, y = np.float64(a), np.float64(b)
    with np.errstate(all="ignore"):
        if op == "add":
            return rounded(float(x + y), dtype)
        if op == "sub":
            return rounded(float(x - y), dtype)
        if op == "mul":
            return rounded(float(x * y), dtype)
        if op == "div":
            return rounded(float(x / y), dtype)
    raise KeyError(op)


def compare(op: str, a: Number, b: Number) -> bool:
    return {"lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b, "eq": a == b, "ne": a != b}[op]


def cast(a: Number, source: str, target: str) -> Number:
    if target == "bool":
        return bool(a != 0)
    if types.is_float(target):
        return rounded(float(a), target) if types.is_float(source) else float(np.array(a, source).astype(target))
    if types.is_float(source):
        return build.float_to_int(float(a), target)
    return types.wrap(int(a), target)


def bitcast(a: Number, source: str, target: str) -> Number:
    found: Any = np.array([a], source).view(target)[0]
    return float(found) if types.is_float(target) else int(found)


def atomic(op: str, old: Number, value: Number, compared: Number | None, dtype: str) -> Number:
    """What an element holds after the operation."""
    if op in ("add", "sub", "and", "or", "xor"):
        return binary(op, old, value, dtype)
    if op in ("min", "max"):
        return min(old, value) if op == "min" else max(old, value)
    if op == "inc":
        return 0 if old >= value else old + 1
    if op == "dec":
        return value if old == 0 or old > value else old - 1
    if op == "cas":
        assert compared is not None
        same = np.array([old], dtype).tobytes() == np.array([compared], dtype).tobytes()
        return value if same else old
    return value


def call(fn: str, args: Sequence[Number], dtypes: Sequence[str], dtype: str) -> Number:
    """A function of `ops.FUNCTIONS`."""
    if fn in _INTEGER:
        return _INTEGER[fn](*(int(a) for a in args), dtypes[0])
    if fn == "nextafter":
        scalar = np.dtype(dtype).type
        return float(np.nextafter(scalar(args[0]), scalar(args[1])))
    with np.errstate(all="ignore"):
        result = _FLOATS[fn](*(np.float64(a) if d != "int32" else int(a) for a, d in zip(args, dtypes, strict=True)))
    if dtype == "bool":
        return bool(result)
    if not types.is_float(dtype):
        return build.float_to_int(float(result), dtype)
    return rounded(float(result), dtype)


def _reverse(x: int, dtype: str) -> int:
    n = types.bits(dtype)
    return types.wrap(int(format(x & ((1 << n) - 1), f"0{n}b")[::-1], 2), dtype)


def _rotate(x: int, k: int, dtype: str) -> int:
    n = types.bits(dtype)
    k, x = k % n, x & ((1 << n) - 1)
    return types.wrap(x << k | x >> (n - k), dtype)


_INTEGER: dict[str, Callable[..., int]] = {
    "min": lambda a, b, _: min(a, b),
    "max": lambda a, b, _: max(a, b),
    "abs": lambda a, d: types.wrap(abs(a), d),
    "mulhi": lambda a, b, d: types.wrap(a * b >> types.bits(d), d),
    "popc": lambda a, d: (a & ((1 << types.bits(d)) - 1)).bit_count(),
    "clz": lambda a, d: types.bits(d) - (a & ((1 << types.bits(d)) - 1)).bit_length(),
    "ffs": lambda a, d: (a & -a).bit_length() if a else 0,
    "brev": _reverse,
    "rotl": _rotate,
}


def _gamma(x: float) -> float:
    try:
        return math.gamma(x)
    except (ValueError, OverflowError):
        return math.inf if x >= 0 else math.nan


def _log_gamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


def _half_away(x: float) -> float:
    if not math.isfinite(x):
        return x
    whole = math.floor(abs(x))
    return math.copysign(whole + (abs(x) - whole >= 0.5), x)


def _sin_pi(x: float) -> float:
    return math.sin(math.pi * math.remainder(x, 2)) if math.isfinite(x) else math.nan


def _cos_pi(x: float) -> float:
    return math.cos(math.pi * math.remainder(x, 2)) if math.isfinite(x) else math.nan


def _fma(a: float, b: float, c: float) -> float:
    """Exact for operands of 32 bits and fewer; for double within one more rounding."""
    return float(np.longdouble(a) * np.longdouble(b) + np.longdouble(c))


def _pow(x: float, y: float) -> float:
    return float(np.power(np.float64(x), np.float64(y)))


def _inverse_erf(y: float) -> float:
    if not -1 < y < 1:
        return math.copysign(math.inf, y) if abs(y) == 1 else math.nan
    low, high = -6.0, 6.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < y else (low, middle)
    return (low + high) / 2


_FLOATS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt")},
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil", "trunc")},
    **{f"a{name}": getattr(np, f"arc{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "exp10": lambda x: np.power(10.0, x),
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "rcbrt": lambda x: 1 / np.cbrt(x),
    "rcp": lambda x: 1 / x,
    "sinpi": _sin_pi,
    "cospi": _cos_pi,
    "erf": math.erf,
    "erfc": math.erfc,
    "erfinv": _inverse_erf,
    "lgamma": _log_gamma,
    "tgamma": _gamma,
    "normcdf": lambda x: 0.5 * math.erfc(-x / math.sqrt(2)),
    "fabs": abs,
    "round": _half_away,
    "rint": np.rint,
    "pow": _pow,
    "powi": _pow,
    "atan2": math.atan2,
    "hypot": np.hypot,
    "fmod": np.fmod,
    "remainder": lambda x, y: math.remainder(x, y) if math.isfinite(x) and y else math.nan,
    "copysign": math.copysign,
    "fmin": np.fmin,
    "fmax": np.fmax,
    "fmin_nan": np.minimum,
    "fmax_nan": np.maximum,
    "fdim": lambda a, b: a - b if not a <= b else 0.0,
    "ldexp": np.ldexp,
    "fma": _fma,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "signbit": np.signbit,
    "float_as_rn_int": np.rint,
    "float_as_rn_int64": np.rint,
}
