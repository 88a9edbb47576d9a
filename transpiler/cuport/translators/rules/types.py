"""Scalar types of the SIMT IR and C++'s conversions between them.

A type is a numpy / ml_dtypes name (`kernel.py`). Sizes are those of CUDA on Linux: int 32, long and pointers 64 bits.
"""

from __future__ import annotations

from functools import cache

import numpy as np

BOOL = "bool"
INT = "int32"
UINT = "uint32"
FLOAT = "float32"

_BITS = {
    "bool": 8,
    "int8": 8,
    "uint8": 8,
    "int16": 16,
    "uint16": 16,
    "int32": 32,
    "uint32": 32,
    "int64": 64,
    "uint64": 64,
    "float16": 16,
    "bfloat16": 16,
    "float32": 32,
    "float64": 64,
}
DTYPES = tuple(_BITS)
_FLOATS = ("float16", "bfloat16", "float32", "float64")


def bits(dtype: str) -> int:
    """Storage size in bits (bool is stored in a byte)."""
    return _BITS[dtype]


def size(dtype: str) -> int:
    """Storage size in bytes."""
    return _BITS[dtype] // 8


def is_float(dtype: str) -> bool:
    return dtype in _FLOATS


def is_integer(dtype: str) -> bool:
    """True for the integer types; bool is not one of them."""
    return dtype not in _FLOATS and dtype != BOOL


def is_signed(dtype: str) -> bool:
    return dtype.startswith("int") or is_float(dtype)


def is_unsigned(dtype: str) -> bool:
    return dtype.startswith("uint")


def unsigned(dtype: str) -> str:
    """The unsigned integer type of the same size."""
    return f"uint{bits(dtype)}"


def signed(dtype: str) -> str:
    """The signed integer type of the same size."""
    return f"int{bits(dtype)}"


def promote(dtype: str) -> str:
    """Integral promotion ([conv.prom]): everything narrower than int becomes int."""
    if dtype in ("bool", "int8", "uint8", "int16", "uint16"):
        return INT
    return dtype


def common(a: str, b: str) -> str:
    """Usual arithmetic conversions ([expr.arith.conv]) for a binary operator.

    The 16-bit floats are class types in CUDA; with float or double they go to the wider one, with an integer they stay
    (cuda_fp16.hpp and cuda_bf16.hpp convert the integer).
    """
    if is_float(a) or is_float(b):
        if is_float(a) and is_float(b):
            if a == b:
                return a
            if "float64" in (a, b):
                return "float64"
            return FLOAT  # float with half or bfloat16; half with bfloat16 does not compile in CUDA
        return a if is_float(a) else b
    a, b = promote(a), promote(b)
    if a == b:
        return a
    if is_unsigned(a) == is_unsigned(b):
        return a if bits(a) >= bits(b) else b
    u, s = (a, b) if is_unsigned(a) else (b, a)
    return u if bits(u) >= bits(s) else s


@cache
def limits(dtype: str) -> tuple[int, int]:
    """Least and greatest value of an integer type (bool: 0, 1)."""
    if dtype == BOOL:
        return 0, 1
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def wrap(value: int, dtype: str) -> int:
    """`value` modulo 2^bits, read as `dtype`; bool is `value != 0`."""
    if dtype == BOOL:
        return int(value != 0)
    n = bits(dtype)
    value &= (1 << n) - 1
    return value - (1 << n) if dtype.startswith("int") and value >> (n - 1) else value
