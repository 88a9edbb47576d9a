"""IR as Python text: what the emitters of all targets have in common.

Precedences, literals, constants cast at translation time, unsigned index arithmetic read as signed, and names kept
apart from the emitted frame's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cuport.translators.rules import ir, types, walk

# Python's precedences, higher binds tighter
ATOM, UNARY, MUL, ADD, SHIFT, AND, XOR, OR, COMPARE = 13, 11, 10, 9, 8, 7, 6, 5, 4
BINARY = {
    "add": ("+", ADD),
    "sub": ("-", ADD),
    "mul": ("*", MUL),
    "div": ("//", MUL),
    "rem": ("%", MUL),
    "and": ("&", AND),
    "or": ("|", OR),
    "xor": ("^", XOR),
    "shl": ("<<", SHIFT),
    "shr": (">>", SHIFT),
}
COMPARES = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_MODULAR = ("add", "sub", "mul", "and", "or", "xor")  # the low bits of the result depend on the low bits only


@dataclass(frozen=True)
class Text:
    """An expression's text and how tightly its outermost operator binds."""

    text: str
    binds: int = ATOM

    def at(self, level: int) -> str:
        """The text, in parentheses where something binding at `level` stands around it."""
        return self.text if self.binds >= level else f"({self.text})"


def literal(e: ir.Const) -> Text:
    """A bare literal: the shortest text that reads back as the same value of the dtype."""
    value = e.value
    if e.dtype == "bool":
        return Text("True" if value else "False")
    if not types.is_float(e.dtype):
        return Text(str(int(value)), ATOM if value >= 0 else UNARY)
    number = float(value)
    if np.isnan(number) or np.isinf(number):
        sign = "-" if number < 0 else ""
        return Text(f'{sign}float("{"nan" if np.isnan(number) else "inf"}")', UNARY if sign else ATOM)
    short = repr(number)
    if e.dtype != "float64" and abs(number) < 3.4e38:
        single = np.float32(number)
        forms = (
            np.format_float_positional(single, unique=True, trim="0"),
            np.format_float_scientific(single, unique=True, trim="0"),
        )
        best = min(forms, key=len)
        if len(best) < len(short) and np.float32(best) == single:
            short = best
    return Text(short, ATOM if not short.startswith("-") else UNARY)


def converted(c: ir.Const, to: str) -> ir.Const:
    """A constant cast at translation time, by the IR's rules."""
    value = c.value
    if to == "bool":
        return ir.Const(to, bool(value != 0))
    if types.is_float(to):
        return ir.Const(to, float(np.dtype(to).type(value)))
    if types.is_float(c.dtype):
        low, high = types.limits(to)
        number = float(value)
        return ir.Const(to, 0 if np.isnan(number) else int(min(max(number, low), high)))
    return ir.Const(to, types.wrap(int(value), to))


def narrow(e: ir.Expr, to: str) -> ir.Expr | None:
    """An unsigned expression rewritten in the signed type of its size, where that gives the same bits: so that
    `blockIdx.x * blockDim.x + threadIdx.x` stays as readable as it was. None where it may not."""
    match e:
        case ir.Index():
            return ir.Cast(e, to)
        case ir.Const():
            return converted(e, to)
        case ir.Cast() if e.a.dtype == to:
            return e.a
        case ir.Cast() if types.is_integer(e.a.dtype) and types.bits(e.a.dtype) <= types.bits(to):
            return ir.Cast(e.a, to)
        case ir.Binary() if e.op in _MODULAR:
            a, b = narrow(e.a, to), narrow(e.b, to)
            return None if a is None or b is None else ir.Binary(e.op, a, b, to)
        case _:
            return None


def fresh(name: str, taken: Iterable[str]) -> str:
    """`name`, with underscores behind it until it is not taken."""
    used = set(taken)
    while name in used:
        name += "_"
    return name


def apart(function: ir.Function, frame: frozenset[str]) -> ir.Function:
    """The function with every variable, parameter and memory that is named like part of the frame renamed."""
    own = [*function.variables, *(s.name for s in function.scalars), *(m.name for m in function.memories)]
    names = {n: fresh(n, frame | set(own)) for n in own if n in frame or n.startswith("_")}
    return _renamed(function, names) if names else function


def _renamed(function: ir.Function, names: Mapping[str, str]) -> ir.Function:
    def new(name: str) -> str:
        return names.get(name, name)

    def expression(e: ir.Expr) -> ir.Expr:
        match e:
            case ir.Var() | ir.Param():
                return replace(e, name=new(e.name))
            case ir.Load() | ir.IsNull():
                return replace(e, memory=new(e.memory))
            case _:
                return e

    def statement(s: ir.Stmt) -> ir.Stmt:
        s = walk.map_stmt(s, lambda e: walk.map_expr(e, expression), block)
        match s:
            case ir.Assign() | ir.For():
                return replace(s, var=new(s.var))
            case ir.Store():
                return replace(s, memory=new(s.memory))
            case ir.Atomic():
                return replace(s, memory=new(s.memory), result=s.result and new(s.result))
            case ir.Shuffle() | ir.Collective():
                return replace(s, result=new(s.result))
            case _:
                return s

    def block(b: ir.Block) -> ir.Block:
        return tuple(statement(s) for s in b)

    return replace(
        function,
        scalars=tuple(replace(s, name=new(s.name)) for s in function.scalars),
        memories=tuple(replace(m, name=new(m.name)) for m in function.memories),
        variables={new(n): dtype for n, dtype in function.variables.items()},
        body=block(function.body),
        nullable=tuple(new(n) for n in function.nullable),
    )
