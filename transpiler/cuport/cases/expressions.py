"""Integer expressions over a launch's quantities: sizes, scalars, grid, block.

One small language serves what is inferred, what a case file declares and what the evidence prints:
`n`, `p.rows`, `4 * n`, `ceil(n / block)`, `(nx + 2) * (ny + 2)`, `len(x)`, `n % block == 0`. `/` rounds towards minus
infinity, like `//`; `ceil(a / b)` rounds up; `block` and `grid` alone are the products of their three extents.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Num:
    value: int

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Var:
    """`n`, `p.n`, `block.x`, `len(x)`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Bin:
    """`op` is one of + - * // % ceil min max << >> and, in conditions, == != < <= > >= and or."""

    op: str
    left: Expr
    right: Expr

    def __str__(self) -> str:
        if self.op == "ceil":
            return f"ceil({_wrap(self.left, 5)} / {_wrap(self.right, 6)})"
        if self.op in ("min", "max"):
            return f"{self.op}({self.left}, {self.right})"
        level = _LEVEL[self.op]
        shown = "/" if self.op == "//" else self.op
        # a - (b + c), a * (b // c * d): only a chain of the same + or * may lose its parentheses on the right
        strict = self.op in ("-", "//", "%", "<<", ">>") or not _chain(self.right, self.op)
        return f"{_wrap(self.left, level)} {shown} {_wrap(self.right, level + strict)}"


Expr: TypeAlias = Num | Var | Bin

_LEVEL = {"or": 0, "and": 1, **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 2)}
_LEVEL |= {"<<": 3, ">>": 3, "+": 4, "-": 4, "*": 5, "//": 5, "%": 5}
_LARGEST = 1 << 62


def _chain(expr: Expr, op: str) -> bool:
    """Whether everything of `op`'s level at the left of the expression is `op` itself."""
    if not isinstance(expr, Bin) or _LEVEL.get(expr.op, 9) != _LEVEL[op]:
        return True
    return expr.op == op and _chain(expr.left, op)


def _wrap(expr: Expr, level: int) -> str:
    loose = isinstance(expr, Bin) and _LEVEL.get(expr.op, 9) < level
    return f"({expr})" if loose else str(expr)


def _divide(a: int, b: int) -> int:
    if b == 0:
        raise Undefined("division by zero")
    return a // b


def _shift(a: int, b: int) -> int:
    if not 0 <= b < 63:
        raise Undefined("shift out of range")
    return a << b


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": _divide,
    "%": lambda a, b: a - b * _divide(a, b),
    "ceil": lambda a, b: -_divide(-a, b),
    "min": min,
    "max": max,
    "<<": _shift,
    ">>": lambda a, b: a >> min(max(b, 0), 63),
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b),
    ">=": lambda a, b: int(a >= b),
    "and": lambda a, b: int(bool(a) and bool(b)),
    "or": lambda a, b: int(bool(a) or bool(b)),
}


class Undefined(Exception):
    """The expression has no value here: an unknown name, a division by zero, a number past 2^62."""


def evaluate(expr: Expr, known: Mapping[str, int]) -> int:
    """Raises Undefined."""
    match expr:
        case Num(value):
            return value
        case Var(name):
            if name not in known:
                raise Undefined(f"`{name}` is not known")
            return int(known[name])
        case Bin(op, left, right):
            value = _OPERATIONS[op](evaluate(left, known), evaluate(right, known))
            if abs(value) > _LARGEST:
                raise Undefined("the value is too large")
            return value


def value_or_none(expr: Expr, known: Mapping[str, int]) -> int | None:
    try:
        return evaluate(expr, known)
    except Undefined:
        return None


def names_in(expr: Expr) -> frozenset[str]:
    match expr:
        case Var(name):
            return frozenset({name})
        case Bin(_, left, right):
            return names_in(left) | names_in(right)
        case _:
            return frozenset()


def size_of(expr: Expr) -> int:
    """How many numbers and names it has."""
    return size_of(expr.left) + size_of(expr.right) if isinstance(expr, Bin) else 1


# Names that Python reserves or cannot spell: `in`, `c::n`.
_MARK, _COLONS = "_cuportkw", "_cuportcc_"
_WORDS = sorted(set(keyword.kwlist) - {"and", "or", "not", "True", "False", "None"})
_KEYWORD = re.compile(rf"\b({'|'.join(_WORDS)})\b")


class NotAnExpression(Exception):
    """Text outside the language; the message says what is wrong."""


_AST_OPS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "//",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.And: "and",
    ast.Or: "or",
}


def parse_expression(text: str) -> Expr:
    """Raises NotAnExpression."""
    if len(text) > 1000:
        raise NotAnExpression("longer than 1000 characters")
    try:
        tree = ast.parse(_KEYWORD.sub(rf"\1{_MARK}", text.strip()).replace("::", _COLONS), mode="eval")
        return _convert(tree.body)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise NotAnExpression(f"`{text}` is no expression") from None


def _convert(node: ast.expr) -> Expr:
    match node:
        case ast.Constant(value=bool(value)):
            return Num(int(value))
        case ast.Constant(value=int(value)):
            return Num(value)
        case ast.Name() | ast.Attribute() | ast.Subscript():
            return Var(_name(node))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _AST_OPS:
            return Bin(_AST_OPS[type(op)], _convert(left), _convert(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Bin("-", Num(0), _convert(operand))
        case ast.BoolOp(op=op, values=values):
            parts = [_convert(v) for v in values]
            return _fold(_AST_OPS[type(op)], parts)
        case ast.Compare(left=left, ops=ops, comparators=comparators) if all(type(o) in _AST_OPS for o in ops):
            sides = [_convert(left), *(_convert(c) for c in comparators)]
            pairs = [Bin(_AST_OPS[type(o)], a, b) for o, a, b in zip(ops, sides, sides[1:], strict=False)]
            return _fold("and", pairs)
        case ast.Call(func=ast.Name(id="len"), args=[argument], keywords=[]):
            return Var(f"len({_name(argument)})")
        case ast.Call(func=ast.Name(id="ceil"), args=[ast.BinOp(left=left, op=ast.Div(), right=right)], keywords=[]):
            return Bin("ceil", _convert(left), _convert(right))
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=[first, *rest], keywords=[]) if rest:
            return _fold(name, [_convert(a) for a in (first, *rest)])
        case _:
            raise NotAnExpression(f"`{ast.unparse(node)}` is not allowed in an expression")


def _fold(op: str, parts: list[Expr] | list[Bin]) -> Expr:
    whole: Expr = parts[0]
    for part in parts[1:]:
        whole = Bin(op, whole, part)
    return whole


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name.removesuffix(_MARK).replace(_COLONS, "::")
        case ast.Attribute(value=value, attr=attr):
            return f"{_name(value)}.{attr.removesuffix(_MARK)}"
        case ast.Subscript(value=value, slice=ast.Constant(value=int(index))):
            return f"{_name(value)}[{index}]"
        case _:
            raise NotAnExpression(f"`{ast.unparse(node)}` is not a name")


def simplify(expr: Expr) -> Expr:
    """Fold constants and neutral elements; `(a + b - 1) / b` and `(a - 1) / b + 1` become `ceil(a / b)`."""
    if not isinstance(expr, Bin):
        return expr
    left, right = simplify(expr.left), simplify(expr.right)
    if isinstance(left, Num) and isinstance(right, Num):
        try:
            return Num(evaluate(Bin(expr.op, left, right), {}))
        except Undefined:
            return Bin(expr.op, left, right)
    op = expr.op
    if op == "<<" and isinstance(right, Num) and 0 <= right.value < 62:
        return simplify(Bin("*", left, Num(1 << right.value)))
    if op == ">>" and isinstance(right, Num) and 0 <= right.value < 62:
        return simplify(Bin("//", left, Num(1 << right.value)))
    if op in ("*", "//", "ceil") and right == Num(1):
        return left
    if op == "*" and left == Num(1):
        return right
    match op, left, right:
        case "*", Bin("*", inner, Num(a)), Num(b):
            return simplify(Bin("*", inner, Num(a * b)))
    if op == "+" and right == Num(1) and isinstance(left, Bin) and left.op == "//":
        match left.left:  # (a - 1) / b + 1
            case Bin("-", whole, Num(1)):
                return Bin("ceil", whole, left.right)
    if op in ("+", "-") and right == Num(0):
        return left
    if op == "+" and left == Num(0):
        return right
    if op == "//" and (rounded := _rounding_up(left, right)) is not None:
        return Bin("ceil", rounded, right)
    return Bin(op, left, right)


def _rounding_up(numerator: Expr, divisor: Expr) -> Expr | None:
    """`a` where the numerator is a + (divisor - 1), in any association."""
    terms = _terms(numerator, 1)
    constant = sum(sign * t.value for sign, t in terms if isinstance(t, Num))
    rest = [(sign, t) for sign, t in terms if not isinstance(t, Num)]
    if isinstance(divisor, Num):
        constant -= divisor.value - 1
    elif (1, divisor) in rest:
        rest.remove((1, divisor))
        constant += 1
    else:
        return None
    if constant != 0 or not rest or rest[0][0] < 0:
        return None
    whole = rest[0][1]
    for sign, term in rest[1:]:
        whole = Bin("+" if sign > 0 else "-", whole, term)
    return whole


def _terms(expr: Expr, sign: int) -> list[tuple[int, Expr]]:
    if isinstance(expr, Bin) and expr.op in ("+", "-"):
        return _terms(expr.left, sign) + _terms(expr.right, sign if expr.op == "+" else -sign)
    return [(sign, expr)]
