"""Constructors of IR expressions: C++'s conversions made explicit, constants folded in their own type."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ml_dtypes  # noqa: F401  (registers bfloat16 with numpy)
import numpy as np

from cuport.translators.rules import ir, types

_INVERSE: dict[ir.CompareOp, ir.CompareOp] = {
    "lt": "ge",
    "ge": "lt",
    "le": "gt",
    "gt": "le",
    "eq": "ne",
    "ne": "eq",
}
TRUE = ir.Const("bool", True)
FALSE = ir.Const("bool", False)


def const(value: int | float | bool, dtype: str = "int32") -> ir.Const:
    """A literal of `dtype`, converted as C++ would (integers wrap, floats round)."""
    if dtype == "bool":
        return ir.Const(dtype, bool(value))
    if types.is_float(dtype):
        with np.errstate(all="ignore"):
            return ir.Const(dtype, float(np.dtype(dtype).type(value)))
    if isinstance(value, float):
        return ir.Const(dtype, float_to_int(value, dtype))
    return ir.Const(dtype, types.wrap(int(value), dtype))


def float_to_int(value: float, dtype: str) -> int:
    """Toward zero, saturating, NaN gives 0: CUDA's cvt.rzi."""
    low, high = types.limits(dtype)
    if math.isnan(value):
        return 0
    if math.isinf(value):
        return high if value > 0 else low
    return max(low, min(high, int(value)))


def is_const(e: ir.Expr, value: int | float | bool | None = None) -> bool:
    """Whether `e` is a literal (with this value, not NaN, sign of zero ignored)."""
    return isinstance(e, ir.Const) and (value is None or e.value == value)


def cast(e: ir.Expr, dtype: str) -> ir.Expr:
    """Conversion to `dtype`; nothing where the type is already right."""
    if e.dtype == dtype:
        return e
    if isinstance(e, ir.Const):
        return const(e.value, dtype)
    if dtype == "bool":
        return ir.Compare("ne", e, const(0, e.dtype))
    if isinstance(e, ir.Cast) and types.is_integer(dtype) and types.is_integer(e.dtype):
        inner = e.a.dtype
        # i32(i64(i32 x)): a widening in between changes nothing
        if types.is_integer(inner) and types.bits(e.dtype) >= types.bits(dtype):
            return cast(e.a, dtype)
    return ir.Cast(e, dtype)


def truth(e: ir.Expr) -> ir.Expr:
    """Contextual conversion to bool."""
    return cast(e, "bool")


def negate(e: ir.Expr) -> ir.Expr:
    """Logical not of a bool; comparisons of integers are inverted (of floats not: NaN)."""
    if isinstance(e, ir.Const):
        return const(not e.value, "bool")
    if isinstance(e, ir.Unary) and e.op == "not":
        return e.a
    if isinstance(e, ir.Compare) and (not types.is_float(e.a.dtype) or e.op in ("eq", "ne")):
        return ir.Compare(_INVERSE[e.op], e.a, e.b)
    return ir.Unary("not", e, "bool")


def both(a: ir.Expr, b: ir.Expr) -> ir.Expr:
    """Logical and of two bools whose right side may be evaluated always."""
    if isinstance(a, ir.Const):
        return b if a.value else FALSE
    if isinstance(b, ir.Const) and b.value:
        return a
    return ir.Binary("and", a, b, "bool")


def either(a: ir.Expr, b: ir.Expr) -> ir.Expr:
    if isinstance(a, ir.Const):
        return TRUE if a.value else b
    if isinstance(b, ir.Const) and not b.value:
        return a
    return ir.Binary("or", a, b, "bool")


def select(cond: ir.Expr, a: ir.Expr, b: ir.Expr) -> ir.Expr:
    if isinstance(cond, ir.Const):
        return a if cond.value else b
    return a if a == b else ir.Select(cond, a, b, a.dtype)


def unary(op: ir.UnaryOp, a: ir.Expr) -> ir.Expr:
    if isinstance(a, ir.Const):
        if op == "neg":
            return const(-a.value, a.dtype)
        return const(not a.value, "bool") if a.dtype == "bool" else const(~int(a.value), a.dtype)
    return ir.Unary(op, a, a.dtype)


def binary(op: ir.BinaryOp, a: ir.Expr, b: ir.Expr) -> ir.Expr:
    """`a op b` on operands that have the same dtype already (shifts: any integer on the right)."""
    if isinstance(a, ir.Const) and isinstance(b, ir.Const):
        folded = _fold(op, a, b)
        if folded is not None:
            return folded
    if not types.is_float(a.dtype) and a.dtype != "bool":
        simple = _identity(op, a, b)
        if simple is not None:
            return simple
    return ir.Binary(op, a, b, a.dtype)


def arithmetic(op: ir.BinaryOp, a: ir.Expr, b: ir.Expr) -> ir.Expr:
    """`a op b` with the usual arithmetic conversions; shifts promote each side alone."""
    if op in ("shl", "shr"):
        return binary(op, cast(a, types.promote(a.dtype)), cast(b, types.promote(b.dtype)))
    dtype = types.common(a.dtype, b.dtype)
    return binary(op, cast(a, dtype), cast(b, dtype))


def compare(op: ir.CompareOp, a: ir.Expr, b: ir.Expr) -> ir.Expr:
    """`a op b` with the usual arithmetic conversions."""
    dtype = types.common(a.dtype, b.dtype) if (a.dtype, b.dtype) != ("bool", "bool") else "bool"
    a, b = cast(a, dtype), cast(b, dtype)
    if isinstance(a, ir.Const) and isinstance(b, ir.Const):
        x, y = a.value, b.value
        table = {"lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y, "eq": x == y, "ne": x != y}
        return const(table[op], "bool")
    if dtype == "bool" and isinstance(b, ir.Const) and op in ("eq", "ne"):
        return a if (op == "eq") == bool(b.value) else negate(a)
    return ir.Compare(op, a, b)


def call(fn: str, *args: ir.Expr, dtype: str | None = None) -> ir.Expr:
    """A call of `ops.FUNCTIONS[fn]`; the result has the first argument's dtype unless given."""
    folder = _FOLDED.get(fn)
    if folder and all(isinstance(a, ir.Const) for a in args):
        return const(folder(*(a.value for a in args if isinstance(a, ir.Const))), dtype or args[0].dtype)
    return ir.Call(fn, args, dtype or args[0].dtype)


def bitcast(e: ir.Expr, dtype: str) -> ir.Expr:
    """Same bits as another dtype of the same size."""
    if e.dtype == dtype:
        return e
    if isinstance(e, ir.Bitcast):
        return bitcast(e.a, dtype)
    if types.is_integer(e.dtype) and types.is_integer(dtype):
        return cast(e, dtype)
    if isinstance(e, ir.Const) and "bool" not in (dtype, e.dtype):
        value = np.array([e.value], e.dtype).view(dtype)[0]
        if not (types.is_float(dtype) and np.isnan(value)):  # a NaN's payload would be lost in a Python float
            return const(float(value) if types.is_float(dtype) else int(value), dtype)
    return ir.Bitcast(e, dtype)


def narrow(e: ir.Expr) -> ir.Expr:
    """`e` modulo 2^32 as int32, computed in 32 bits: for indices, whose true value is below 2^31."""
    if e.dtype == "int32":
        return e
    if isinstance(e, ir.Binary) and e.op in ("add", "sub", "mul", "and", "or", "xor"):
        return binary(e.op, narrow(e.a), narrow(e.b))
    if isinstance(e, ir.Binary) and e.op == "shl" and isinstance(e.b, ir.Const) and 0 <= e.b.value < 32:
        return binary("shl", narrow(e.a), e.b)
    if isinstance(e, ir.Unary) and e.op == "neg":
        return unary("neg", narrow(e.a))
    if isinstance(e, ir.Select):
        return select(e.cond, narrow(e.a), narrow(e.b))
    if isinstance(e, ir.Cast) and types.is_integer(e.a.dtype) and types.bits(e.dtype) >= 32:
        return narrow(e.a)
    return cast(e, "int32")


def _identity(op: ir.BinaryOp, a: ir.Expr, b: ir.Expr) -> ir.Expr | None:
    """x + 0, x * 1, x * 0 and their like, on integers."""
    if isinstance(a, ir.Const) and op in ("add", "mul"):
        a, b = b, a
    if not isinstance(b, ir.Const):
        return None
    if b.value == 0 and op in ("add", "sub", "or", "xor", "shl", "shr"):
        return a
    if b.value == 1 and op in ("mul", "div"):
        return a
    if b.value == 0 and op in ("mul", "and"):
        return const(0, a.dtype)
    if op == "add" and isinstance(a, ir.Binary) and a.op == "add" and isinstance(a.b, ir.Const):
        return binary("add", a.a, const(int(a.b.value) + int(b.value), a.dtype))  # (x + 1) + 2, modulo 2^n as well
    return None


def _fold(op: ir.BinaryOp, a: ir.Const, b: ir.Const) -> ir.Expr | None:
    if a.dtype == "bool":
        x, y = bool(a.value), bool(b.value)
        results: dict[str, bool] = {"and": x and y, "or": x or y, "xor": x != y}
        return const(results[op], "bool") if op in results else None
    if types.is_float(a.dtype):
        return _fold_float(op, a, b)
    i, j = int(a.value), int(b.value)
    if op in ("div", "rem"):
        if j == 0:
            return None
        quotient = abs(i) // abs(j) * (1 if (i < 0) == (j < 0) else -1)
        return const(quotient if op == "div" else i - quotient * j, a.dtype)
    if op in ("shl", "shr"):
        n = types.bits(a.dtype)
        if not 0 <= j < n:
            return const(-1 if op == "shr" and i < 0 else 0, a.dtype)
        return const(i << j if op == "shl" else i >> j, a.dtype)
    functions: dict[str, Callable[[int, int], int]] = {
        "add": lambda p, q: p + q,
        "sub": lambda p, q: p - q,
        "mul": lambda p, q: p * q,
        "and": lambda p, q: p & q,
        "or": lambda p, q: p | q,
        "xor": lambda p, q: p ^ q,
    }
    return const(functions[op](i, j), a.dtype)


def _fold_float(op: ir.BinaryOp, a: ir.Const, b: ir.Const) -> ir.Expr | None:
    scalar = np.dtype(a.dtype).type
    x: Any = scalar(a.value)
    y: Any = scalar(b.value)
    with np.errstate(all="ignore"):
        if op == "add":
            return const(float(x + y), a.dtype)
        if op == "sub":
            return const(float(x - y), a.dtype)
        if op == "mul":
            return const(float(x * y), a.dtype)
        if op == "div":
            return const(float(x / y), a.dtype)
    return None


_FOLDED: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "fabs": abs,
    "floor": lambda v: float(np.floor(v)),
    "ceil": lambda v: float(np.ceil(v)),
    "sqrt": lambda v: math.sqrt(v) if v >= 0 else math.nan,
    "popc": lambda v: int(v & 0xFFFFFFFFFFFFFFFF if v >= 0 else v & 0xFFFFFFFF).bit_count(),
}
