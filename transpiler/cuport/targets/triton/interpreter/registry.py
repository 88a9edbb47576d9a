"""The table of operations, and the number types they work on.

A value of tensor type is held as a numpy array that *broadcasts* to the type's shape: a splat stays a scalar, an
expanded or broadcast tensor keeps its extents of 1, so most lanes are never materialised. Its `ndim` is 0 or the
type's rank. A scalar is a numpy scalar. Integers are held signed (IR integers have no sign; operations do), `i1` as
bool, pointers as int64 virtual addresses (see memory).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import ml_dtypes
import numpy as np

from cuport.targets.triton.interpreter.syntax import IRError, Op, Type

NUMPY: dict[str, np.dtype[Any]] = {
    "i1": np.dtype(np.bool_),
    "i8": np.dtype(np.int8),
    "i16": np.dtype(np.int16),
    "i32": np.dtype(np.int32),
    "i64": np.dtype(np.int64),
    "index": np.dtype(np.int64),
    "ptr": np.dtype(np.int64),
    "f16": np.dtype(np.float16),
    "bf16": np.dtype(ml_dtypes.bfloat16),
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
    "f8E4M3FN": np.dtype(ml_dtypes.float8_e4m3fn),
    "f8E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "f8E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "f8E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
}
UNSIGNED = {"i8": np.uint8, "i16": np.uint16, "i32": np.uint32, "i64": np.uint64, "index": np.uint64}
BITS = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "index": 64}


class Machine(Protocol):
    """What operations may ask of the run they belong to (see `machine`)."""

    program: tuple[int, int, int]
    grid: tuple[int, int, int]
    variant: int  # 0: the plain pass; 1: other poison, reversed lanes, other reduction trees
    strict_masks: bool  # masked-off lanes of a load without `other` are poison
    open_masks: bool  # whether there were such lanes
    memory: Any
    watch: Any  # races.Watch or None

    def note(self, text: str) -> None: ...
    def approximates(self, what: str) -> None:
        """Say that the GPU has only an approximation (about 2 ulp) of this fp32 operation."""
        ...


# A builder looks at an operation once and gives what computes it: a callable on the operands' values, or an
# expression in which {0}, {1}, ... stand for them. Several results come as a tuple.
Code: TypeAlias = Callable[..., Any] | str
Builder: TypeAlias = Callable[[Op, Machine], Code]

OPERATIONS: dict[str, Builder] = {}
IMPURE: set[str] = set()  # operations that may not be moved out of a program


class UnsupportedOperation(Exception):
    """The interpreter does not know how to compute this; no fault of the port."""


def operation(*names: str, pure: bool = True) -> Callable[[Builder], Builder]:
    def add(builder: Builder) -> Builder:
        for name in names:
            OPERATIONS[name] = builder
            if not pure:
                IMPURE.add(name)
        return builder

    return add


def dtype_of(type_: Type) -> np.dtype[Any]:
    found = NUMPY.get(type_.element)
    if found is None:
        raise UnsupportedOperation(f"values of type `{type_.text}` are not interpreted")
    return found


def pointee_dtype(type_: Type) -> np.dtype[Any]:
    """The dtype in memory behind a pointer type."""
    inner = "ptr" if type_.pointee.startswith("!tt.ptr") else type_.pointee
    found = NUMPY.get(inner)
    if found is None:
        raise UnsupportedOperation(f"pointers to `{type_.pointee}` are not interpreted")
    return found


def shape_of(type_: Type) -> tuple[int, ...]:
    return type_.shape or ()


def full(value: Any, shape: tuple[int, ...]) -> Any:
    """The value with every lane in place (read-only where it was broadcast)."""
    return value if np.shape(value) == shape else np.broadcast_to(value, shape)


def poison(dtype: np.dtype[Any], variant: int) -> Any:
    """What an undefined value reads as: NaN or a huge number for floats, odd bits for integers.

    The two variants differ in every dtype, so that a result which depends on one differs between passes.
    """
    if dtype.kind == "b":
        return np.bool_(variant == 0)
    if dtype.kind in "iu":
        pattern = b"\xa5" if variant == 0 else b"\x5a"
        return np.frombuffer(pattern * dtype.itemsize, dtype)[0]
    if variant == 0:
        return np.array(np.nan).astype(dtype)[()]
    largest = float(ml_dtypes.finfo(dtype).max)
    return np.array(largest / 4).astype(dtype)[()]


def constant(text: str, type_: Type) -> Any:
    """An `arith.constant` value: `1 : i32`, `true`, `0xFF800000 : f32`, `dense<2.0> : tensor<..>`, `dense<[1, 2]>`."""
    dtype = dtype_of(type_)
    body = text.rpartition(" : ")[0] if " : " in text else text
    if body.startswith("dense<"):
        inner = body[len("dense<") : -1]
        if not inner.startswith(("[", '"')):
            return _number(inner, dtype)
        if inner.startswith('"0x'):
            raw = np.frombuffer(bytes.fromhex(inner[3:-1]), dtype)
            return raw.reshape(shape_of(type_))
        items = [_number(part, dtype) for part in inner.replace("[", " ").replace("]", " ").split(",")]
        return np.array(items, dtype).reshape(shape_of(type_))
    return _number(body, dtype)


def _number(text: str, dtype: np.dtype[Any]) -> Any:
    text = text.strip()
    if dtype.kind == "b":
        return np.bool_(text in ("true", "1", "-1"))
    if dtype.kind in "iu":
        bits = dtype.itemsize * 8
        value = int(text, 0) & ((1 << bits) - 1)
        return np.array(value - (1 << bits) if value >> (bits - 1) else value, dtype)[()]
    if text.lower().startswith("0x"):
        return np.frombuffer(int(text, 16).to_bytes(dtype.itemsize, "little"), dtype)[0]
    return np.array(float(text)).astype(dtype)[()]


def one_type(op: Op) -> Type:
    if not op.result_types:
        raise IRError(f"`{op.name}` has no result")
    return op.result_types[0]
