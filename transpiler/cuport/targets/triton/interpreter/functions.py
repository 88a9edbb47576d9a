"""Mathematical functions: `math.*` operations and libdevice by symbol (`__nv_tanhf`).

Functions of fp32 are computed in fp64 and rounded once, those of fp64 by numpy or torch. Names and meaning: NVIDIA's
libdevice user's guide. The GPU's own errors (1-2 ulp, more for the `fast_` ones) are not simulated; notes say so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from cuport.targets.triton.interpreter.casts import round_to, to_integer
from cuport.targets.triton.interpreter.operations import high_product
from cuport.targets.triton.interpreter.registry import (
    Code,
    Machine,
    UnsupportedOperation,
    dtype_of,
    one_type,
    operation,
)
from cuport.targets.triton.interpreter.syntax import Op

Function = Callable[..., Any]


def _torch(name: str) -> Function:
    """`torch.special.<name>` on fp64 (numpy has none of these)."""

    def compute(x: Any) -> Any:
        import torch

        source = torch.from_numpy(np.array(x, np.float64))
        return getattr(torch.special, name)(source).numpy()[()]

    return compute


def _each(compute: Callable[..., float]) -> Function:
    return np.vectorize(compute, otypes=[np.float64])


def _gamma(x: float) -> float:
    if math.isnan(x) or x == -math.inf:
        return math.nan
    if x == 0:
        return math.copysign(math.inf, x)
    try:
        return math.gamma(x)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def _remainder(x: float, y: float) -> float:
    try:
        return math.remainder(x, y)
    except ValueError:
        return math.nan


def _sinpi(x: Any) -> Any:
    rest = np.fmod(x, 2.0)
    return np.where(np.fmod(rest, 1.0) == 0, 0.0 * rest, np.sin(np.pi * rest))


def _cospi(x: Any) -> Any:
    rest = np.abs(np.fmod(x, 2.0))
    return np.where(np.fmod(rest, 1.0) == 0.5, 0.0 * rest, np.cos(np.pi * rest))


def _round_away(x: Any) -> Any:
    whole = np.trunc(x)
    return np.copysign(np.abs(whole) + (np.abs(x - whole) >= 0.5), x)


def _logb(x: Any) -> Any:
    _, exponent = np.frexp(x)
    return np.where(x == 0, -np.inf, np.where(np.isinf(x), np.inf, np.where(np.isnan(x), x, exponent - 1.0)))


def _erfcx(x: Any) -> Any:
    return _torch("erfcx")(x)


def _normcdf(x: Any) -> Any:
    return 0.5 * _torch("erfc")(-x / math.sqrt(2.0))


def _norm(*parts: Any) -> Any:
    return np.sqrt(sum(p * p for p in parts))


def _fdim(a: Any, b: Any) -> Any:
    return np.where(np.isnan(a) | np.isnan(b), a + b, np.where(a > b, a - b, 0.0))


_UNARY: dict[str, Function] = {
    **{n: getattr(np, n) for n in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "exp2", "expm1", "log", "log2")},
    **{n: getattr(np, n) for n in ("log10", "log1p", "sqrt", "cbrt", "floor", "ceil", "trunc", "rint", "fabs")},
    **{f"a{n}": getattr(np, f"arc{n}") for n in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{n: _torch(n) for n in ("erf", "erfc", "erfinv")},
    "exp10": lambda x: np.power(10.0, x),
    "rsqrt": lambda x: 1.0 / np.sqrt(x),
    "rcbrt": lambda x: 1.0 / np.cbrt(x),
    "nearbyint": np.rint,
    "sinpi": _sinpi,
    "cospi": _cospi,
    "erfcx": _erfcx,
    "erfcinv": lambda x: -_torch("ndtri")(np.asarray(x) / 2.0) / math.sqrt(2.0),
    "normcdf": _normcdf,
    "normcdfinv": _torch("ndtri"),
    "lgamma": _torch("gammaln"),
    "tgamma": _each(_gamma),
    "j0": _torch("bessel_j0"),
    "j1": _torch("bessel_j1"),
    "y0": _torch("bessel_y0"),
    "y1": _torch("bessel_y1"),
    "cyl_bessel_i0": _torch("i0"),
    "cyl_bessel_i1": _torch("i1"),
    "round": _round_away,
    "logb": _logb,
    "saturate": lambda x: np.where(np.isnan(x), 0.0, np.clip(x, 0.0, 1.0)),
}
_BINARY: dict[str, Function] = {
    "pow": np.power,
    "atan2": np.arctan2,
    "fmod": np.fmod,
    "remainder": _each(_remainder),
    "hypot": np.hypot,
    "rhypot": lambda a, b: 1.0 / np.hypot(a, b),
    "copysign": np.copysign,
    "fdim": _fdim,
    "powi": lambda a, n: np.power(a, n.astype(np.float64)),
    "ldexp": np.ldexp,
    "scalbn": np.ldexp,
}
_MORE: dict[str, Function] = {
    "norm3d": _norm,
    "norm4d": _norm,
    "rnorm3d": lambda *p: 1.0 / _norm(*p),
    "rnorm4d": lambda *p: 1.0 / _norm(*p),
}
_FAST: dict[str, Function] = {
    "sinf": np.sin,
    "cosf": np.cos,
    "tanf": np.tan,
    "expf": np.exp,
    "exp10f": _UNARY["exp10"],
    "logf": np.log,
    "log2f": np.log2,
    "log10f": np.log10,
    "powf": np.power,
    "fdividef": np.divide,
}
_CLASSES: dict[str, Function] = {
    "isnan": np.isnan,
    "isinf": np.isinf,
    "signbit": np.signbit,
    "finite": np.isfinite,
    "isfinite": np.isfinite,
}


def widened(compute: Function, dtype: np.dtype[Any]) -> Function:
    """The function of a narrow float type by way of fp64; other operands (integers) pass as they are."""
    if dtype == np.float64:
        return lambda *args: np.asarray(compute(*args), dtype)[()]

    def narrow(*args: Any) -> Any:
        wide = (a.astype(np.float64) if a.dtype.kind not in "iub" else a for a in args)
        return np.asarray(compute(*wide)).astype(dtype)[()]

    return narrow


def _directed(compute: Function, mode: str) -> Function:
    """fp32 with a rounding mode: rn, rz, rd, ru. The fp64 result decides which way its rounding went."""

    def rounded(*args: Any) -> Any:
        exact = np.asarray(compute(*(a.astype(np.float64) for a in args)))
        near = exact.astype(np.float32)
        if mode == "rn":
            return near[()]
        below, above = near > exact, near < exact
        if mode == "rz":
            below, above = below & (exact > 0), above & (exact < 0)
        down = np.where(below, np.nextafter(near, np.float32(-np.inf)), near)
        up = np.where(above, np.nextafter(near, np.float32(np.inf)), near)
        return {"rd": down, "ru": up, "rz": np.where(exact > 0, down, up)}[mode][()]

    return rounded


_TO_WHOLE: dict[str, Function] = {"rn": np.rint, "rz": np.trunc, "rd": np.floor, "ru": np.ceil}
_INTEGERS = {"int": np.int32, "uint": np.uint32, "ll": np.int64, "ull": np.uint64}


def _converter(name: str) -> Function | None:
    """`float2int_rn`, `double2ull_rz`, `int2float_rn`, `double2float_rd`, ..."""
    pair, _, mode = name.rpartition("_")
    source, found, target = pair.partition("2")
    if not found or mode not in _TO_WHOLE:
        return None
    if source in ("float", "double") and target in _INTEGERS:
        whole, integer = _TO_WHOLE[mode], _INTEGERS[target]
        return lambda x: to_integer(whole(x), integer)
    if source in _INTEGERS and target in ("float", "double"):
        integer = _INTEGERS[source]
        if target == "double" and mode == "rn":
            return lambda x: x.view(integer).astype(np.float64)
        if target == "float" and mode == "rn":
            return lambda x: x.view(integer).astype(np.float32)
        if target == "float" and source in ("int", "uint"):
            return lambda x: _directed(lambda wide: wide, mode)(x.view(integer).astype(np.float64))
    if source == "double" and target == "float":
        if mode == "rz":
            return lambda x: round_to(x, np.dtype(np.float32), True)
        return _directed(lambda wide: wide, mode)
    return None


def _arithmetic(name: str) -> Function | None:
    """`fadd_rz`, `dmul_rn`, `fdiv_ru`, `frcp_rn`, `fsqrt_rd`, `frsqrt_rn`; fp64 only as `rn`, which is numpy's mode."""
    stem, _, mode = name.rpartition("_")
    plain: dict[str, Function] = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "rcp": lambda x: 1.0 / x,
        "sqrt": np.sqrt,
        "rsqrt": lambda x: 1.0 / np.sqrt(x),
    }
    if mode not in _TO_WHOLE or stem[1:] not in plain or stem[0] not in "fd":
        return None
    if stem[0] == "d":
        return plain[stem[1:]] if mode == "rn" else None
    return _directed(plain[stem[1:]], mode)


def _bits(x: Any, kind: str) -> Any:
    return x.view(np.dtype(f"{kind}{x.dtype.itemsize}"))


def _leading_zeros(x: Any) -> Any:
    bits, width = _bits(x, "u"), x.dtype.itemsize * 8
    for shift in (1, 2, 4, 8, 16, 32)[: 5 if width == 32 else 6]:
        bits = bits | (bits >> np.array(shift, bits.dtype))
    return (width - np.bitwise_count(bits)).astype(np.int32)


def _first_set(x: Any) -> Any:
    bits = _bits(x, "u")
    low = bits & (~bits + np.array(1, bits.dtype))
    position = np.bitwise_count(low - np.array(1, bits.dtype)).astype(np.int32) + np.int32(1)
    return np.where(bits == 0, np.int32(0), position)[()]


def _reverse(x: Any) -> Any:
    bits, width = _bits(x, "u"), x.dtype.itemsize * 8
    result = bits ^ bits
    for i in range(width):
        one = (bits >> np.array(i, bits.dtype)) & np.array(1, bits.dtype)
        result = result | (one << np.array(width - 1 - i, bits.dtype))
    return result.view(x.dtype)


def _byte_perm(a: Any, b: Any, selector: Any) -> Any:
    both = (_bits(b, "u").astype(np.uint64) << np.uint64(32)) | _bits(a, "u").astype(np.uint64)
    result = np.uint32(0)
    for i in range(4):
        which = (_bits(selector, "u") >> np.uint32(4 * i)) & np.uint32(7)
        byte = (both >> (which.astype(np.uint64) * np.uint64(8))) & np.uint64(255)
        result = result | (byte.astype(np.uint32) << np.uint32(8 * i))
    return result.view(np.int32)


def _signed_high(a: Any, b: Any) -> Any:
    high = high_product(_bits(a, "u"), _bits(b, "u")).view(a.dtype)
    return high - np.where(a < 0, b, 0 * b) - np.where(b < 0, a, 0 * a)


def _low24(x: Any, signed: bool) -> Any:
    shifted = x << np.int32(8)
    return shifted >> np.int32(8) if signed else _bits(_bits(shifted, "u") >> np.uint32(8), "i")


def _wide(x: Any, signed: bool) -> Any:
    return (x if signed else _bits(x, "u")).astype(np.int64)


def _average(a: Any, b: Any, up: bool, signed: bool) -> Any:
    return ((_wide(a, signed) + _wide(b, signed) + int(up)) >> np.int64(1)).astype(np.int32)


def _absolute_difference(a: Any, b: Any, c: Any, signed: bool) -> Any:
    return (np.abs(_wide(a, signed) - _wide(b, signed)) + _wide(c, signed)).astype(np.int32)


_INTEGER: dict[str, Function] = {
    **dict.fromkeys(("clz", "clzll"), _leading_zeros),
    **dict.fromkeys(("popc", "popcll"), lambda x: np.bitwise_count(_bits(x, "u")).astype(np.int32)),
    **dict.fromkeys(("ffs", "ffsll"), _first_set),
    **dict.fromkeys(("brev", "brevll"), _reverse),
    **dict.fromkeys(("abs", "llabs"), np.abs),
    **dict.fromkeys(("mulhi", "mul64hi"), _signed_high),
    **dict.fromkeys(("umulhi", "umul64hi"), lambda a, b: high_product(_bits(a, "u"), _bits(b, "u")).view(a.dtype)),
    "byte_perm": _byte_perm,
    "mul24": lambda a, b: _low24(a, True) * _low24(b, True),
    "umul24": lambda a, b: _low24(a, False) * _low24(b, False),
    "hadd": lambda a, b: _average(a, b, False, True),
    "uhadd": lambda a, b: _average(a, b, False, False),
    "rhadd": lambda a, b: _average(a, b, True, True),
    "urhadd": lambda a, b: _average(a, b, True, False),
    "sad": lambda a, b, c: _absolute_difference(a, b, c, True),
    "usad": lambda a, b, c: _absolute_difference(a, b, c, False),
    **dict.fromkeys(("int_as_float", "uint_as_float"), lambda x: x.view(np.float32)),
    **dict.fromkeys(("float_as_int", "float_as_uint"), lambda x: x.view(np.int32)),
    "longlong_as_double": lambda x: x.view(np.float64),
    "double_as_longlong": lambda x: x.view(np.int64),
    "double2loint": lambda x: x.view(np.int64).astype(np.int32),
    "double2hiint": lambda x: (x.view(np.int64) >> np.int64(32)).astype(np.int32),
    "hiloint2double": lambda high, low: (
        (high.astype(np.int64) << np.int64(32)) | _bits(low, "u").astype(np.int64)
    ).view(np.float64),
}


def fused(x: Any, y: Any, z: Any) -> Any:
    """x * y + z rounded once."""
    from triton._C.libtriton import interpreter as native

    dtype = z.dtype
    if dtype.itemsize < 4:  # the product is exact in fp64, and the sum is good to far more bits than the result has
        return (x.astype(np.float64) * y.astype(np.float64) + z.astype(np.float64)).astype(dtype)
    shape = np.broadcast_shapes(np.shape(x), np.shape(y), np.shape(z))
    parts = [np.array(np.broadcast_to(v, shape)) for v in (x, y, z)]
    compute = native.fma_fp32 if dtype == np.float32 else native.fma_fp64
    return np.asarray(compute(*parts)).reshape(shape)[()]


def libdevice(name: str, dtype: np.dtype[Any], machine: Machine) -> Function | None:
    """The function behind `__nv_<name>`, which returns `dtype`; None if it is not known."""
    if name in _INTEGER:
        return _INTEGER[name]
    if (found := _converter(name) or _arithmetic(name)) is not None:
        return found
    if name.startswith("fast_") and name[5:] in _FAST:
        machine.note(f"libdevice {name} is rounded once here; the GPU's is a coarse approximation")
        return widened(_FAST[name[5:]], dtype)
    if name in ("fma", "fmaf", "fma_rn", "fmaf_rn"):
        return fused
    if name in ("nextafter", "nextafterf"):
        return np.nextafter
    if name in ("ilogb", "ilogbf"):
        return lambda x: to_integer(_logb(x.astype(np.float64)), np.int32)
    for whole in ("rint", "round"):
        if name in (f"ll{whole}", f"ll{whole}f"):
            compute = _UNARY[whole]
            return lambda x: to_integer(compute(x), np.int64)
    for stem, test in _CLASSES.items():
        if name in (stem, f"{stem}f", f"{stem}d"):
            return lambda x: np.asarray(test(x)).astype(dtype)[()]
    for stem in (name, name.removesuffix("f")):
        for table in (_UNARY, _BINARY, _MORE):
            if stem in table:
                return widened(table[stem], dtype)
    return None


@operation("tt.extern_elementwise")
def _extern(op: Op, machine: Machine) -> Code:
    symbol = op.attr("symbol").strip('"')
    compute = libdevice(symbol.removeprefix("__nv_"), dtype_of(one_type(op)), machine)
    if compute is None:
        raise UnsupportedOperation(f"the library function `{symbol}` is not interpreted")
    return compute


_APPROXIMATE = {"exp", "exp2", "sqrt", "rsqrt"}  # on sm_90; the others are libdevice's


@operation(*(f"math.{n}" for n in (*_UNARY, *_BINARY, "absf", "powf", "roundeven", "fma")), "tt.precise_sqrt")
def _math(op: Op, machine: Machine) -> Code:
    name = op.name.partition(".")[2]
    if name == "absf":
        return np.abs
    if name == "fma":
        return fused
    dtype = dtype_of(one_type(op))
    stem = {"powf": "pow", "roundeven": "rint", "precise_sqrt": "sqrt"}.get(name, name)
    if name in _APPROXIMATE and dtype == np.float32:
        machine.approximates(name)
    if stem in ("sqrt", "floor", "ceil", "trunc", "rint"):  # exact in any width
        return {"sqrt": np.sqrt, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint}[stem]
    compute = _UNARY.get(stem) or _BINARY[stem]
    return widened(compute, dtype)
