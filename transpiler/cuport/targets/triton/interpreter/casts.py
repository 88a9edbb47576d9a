"""Conversions between number types as sm_90 does them (PTX ISA, `cvt`).

Float to smaller float rounds to nearest even; float to integer truncates and saturates; float to the 8-bit formats
saturates at the largest finite number (`.satfinite`).
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from cuport.targets.triton.interpreter.registry import (
    BITS,
    NUMPY,
    UNSIGNED,
    Code,
    Machine,
    dtype_of,
    one_type,
    operation,
)
from cuport.targets.triton.interpreter.syntax import Op


@operation("arith.extsi", "arith.trunci", "arith.index_cast")
def _integer(op: Op, machine: Machine) -> Code:
    source, target = op.operand_types[0].element, one_type(op).element
    dtype = NUMPY[target]
    if target == "i1":
        return lambda x: (x & 1).astype(np.bool_)
    if source == "i1":  # the sign bit is the bit: true is -1
        return lambda x: -x.astype(dtype)
    return lambda x: x.astype(dtype)


@operation("arith.extui", "arith.index_castui")
def _unsigned(op: Op, machine: Machine) -> Code:
    source, dtype = op.operand_types[0].element, dtype_of(one_type(op))
    if source == "i1":
        return lambda x: x.astype(dtype)
    wide = UNSIGNED[source]
    return lambda x: x.view(wide).astype(dtype)


def _from_integer(x: Any, dtype: np.dtype[Any]) -> Any:
    # numpy reaches the small floats through float32, which would round a large integer twice.
    if dtype.itemsize < 4 and x.dtype.itemsize >= 4:
        return x.astype(np.float64).astype(dtype)
    return x.astype(dtype)


@operation("arith.sitofp")
def _signed_to_float(op: Op, machine: Machine) -> Code:
    dtype = dtype_of(one_type(op))
    if op.operand_types[0].element == "i1":
        return lambda x: -x.astype(dtype)
    return lambda x: _from_integer(x, dtype)


@operation("arith.uitofp")
def _unsigned_to_float(op: Op, machine: Machine) -> Code:
    dtype, source = dtype_of(one_type(op)), op.operand_types[0].element
    if source == "i1":
        return lambda x: x.astype(dtype)
    return lambda x: _from_integer(x.view(UNSIGNED[source]), dtype)


def to_integer(x: Any, dtype: Any) -> Any:
    """Truncate toward zero and saturate at the limits of `dtype`. Exact for every float type up to 64 bits.

    NaN gives 0, or only the top bit where the source is fp64 or the result has 64 bits.
    """
    dtype = np.dtype(dtype)
    limits = np.iinfo(dtype)
    wide = np.trunc(x.astype(np.float64))
    low, high = float(limits.min), float(limits.max)  # high rounds up to 2**63 or 2**64 at 64 bits
    inside = (wide >= low) & (wide < high) if dtype.itemsize == 8 else (wide >= low) & (wide <= high)
    whole = np.where(inside, wide, 0.0).astype(dtype)
    # dtype.type: an out-of-range Python int would make numpy choose another type.
    whole = np.where(wide >= high, dtype.type(limits.max), np.where(wide < low, dtype.type(limits.min), whole))
    if dtype.itemsize == 8 or x.dtype == np.float64:
        top = np.array(1 << (8 * dtype.itemsize - 1), f"u{dtype.itemsize}").view(dtype)
        whole = np.where(np.isnan(wide), top, whole)
    return whole[()]


@operation("arith.fptosi", "arith.fptoui")
def _float_to_integer(op: Op, machine: Machine) -> Code:
    element = one_type(op).element
    signed = op.name == "arith.fptosi"
    plain = NUMPY[element]
    if element == "i1":
        return lambda x: x != 0
    # There is no conversion to 8 bits in PTX as LLVM uses it: 16 bits saturate, the upper half is dropped.
    wide = "i16" if BITS[element] == 8 else element
    dtype = NUMPY[wide] if signed else np.dtype(UNSIGNED[wide])
    return lambda x: to_integer(x, dtype).astype(plain)


def round_to(x: Any, dtype: np.dtype[Any], toward_zero: bool = False) -> Any:
    """To a smaller float type. `x` is float32 or float64 (or a narrower type, which widens exactly)."""
    eight_bit = dtype.itemsize == 1
    if eight_bit:
        largest = float(ml_dtypes.finfo(dtype).max)
        wide = x.astype(np.float32)
        x = np.where(np.isnan(wide), wide, np.clip(wide, -largest, largest))[()]
    result = x.astype(dtype)
    if not toward_zero:
        return result
    back, wide = result.astype(np.float64), x.astype(np.float64)
    bits = result.view(np.dtype(f"i{dtype.itemsize}"))
    outward = (np.abs(back) > np.abs(wide)) & (wide == wide)
    return (bits - outward.astype(bits.dtype)).view(dtype)


@operation("arith.truncf", "arith.extf", "arith.convertf")
def _float(op: Op, machine: Machine) -> Code:
    dtype = dtype_of(one_type(op))
    if dtype.itemsize == 1:
        return lambda x: round_to(x, dtype)
    toward_zero = "roundingmode" in op.attributes and "toward_zero" in op.attributes["roundingmode"]
    return (lambda x: round_to(x, dtype, True)) if toward_zero else (lambda x: x.astype(dtype))


@operation("tt.fp_to_fp")
def _fp_to_fp(op: Op, machine: Machine) -> Code:
    dtype = dtype_of(one_type(op))
    if dtype.itemsize > dtype_of(op.operand_types[0]).itemsize:
        return lambda x: x.astype(dtype)
    toward_zero = op.attributes.get("rounding", "1").startswith("0")
    return lambda x: round_to(x, dtype, toward_zero)


@operation("arith.bitcast", "tt.bitcast")
def _bitcast(op: Op, machine: Machine) -> Code:
    source, target = dtype_of(op.operand_types[0]), dtype_of(one_type(op))
    if source == target:
        return "{0}"
    if target == np.bool_:
        return lambda x: (x & 1).astype(np.bool_)
    if source == np.bool_:
        return lambda x: x.astype(target)
    return lambda x: x.view(target)
