"""C++ integer expressions, as they stand in host code, in the language of `cases.expressions`."""

from __future__ import annotations

import re

from tree_sitter import Node

from cuport.cases.expressions import Bin, Expr, Num, Var
from cuport.cuda.parse import parse
from cuport.cuda.types import builtin
from cuport.cuda.unit import Unit

_OPERATORS = {"+": "+", "-": "-", "*": "*", "/": "//", "%": "%", "<<": "<<", ">>": ">>"}
_CASTS = {"int", "unsigned", "size_t", "long", "uint", "uint32_t", "int64_t", "uint64_t", "float", "double"}
_NUMBER = re.compile(r"(0[xX][0-9a-fA-F']+|\d[\d']*)(\.0*f?)?[uUlLzZf]*")


def read_c(text: str) -> Expr | None:
    """A C++ integer expression given as text."""
    pair = _as_node(text)
    return _read(*pair) if pair is not None else None


def _as_node(text: str) -> tuple[Unit, Node] | None:
    if len(text) > 2000 or not text.strip():
        return None
    whole = f"auto z = {text};"
    root = parse(whole).root_node
    declarations = [c for c in root.named_children if c.type == "declaration"]
    if root.has_error or len(declarations) != 1 or len(root.named_children) != 1:
        return None
    declarator = declarations[0].child_by_field_name("declarator")
    value = declarator.child_by_field_name("value") if declarator is not None else None
    return (Unit("", whole, ()), value) if value is not None else None


def _read(unit: Unit, node: Node) -> Expr | None:
    match node.type:
        case "number_literal":
            found = _NUMBER.fullmatch(unit.text_of(node))
            return Num(int(found[1].replace("'", ""), 0 if found[1][:2].lower() == "0x" else 10)) if found else None
        case "identifier" | "qualified_identifier" | "field_expression":
            return Var(unit.flat(node).replace("->", ".").replace("this.", "").replace(" ", ""))
        case "parenthesized_expression":
            return _read(unit, node.named_children[0]) if node.named_children else None
        case "cast_expression":
            value = node.child_by_field_name("value")
            return _read(unit, value) if value is not None else None
        case "sizeof_expression":
            return _sizeof(unit, node)
        case "binary_expression":
            return _binary(unit, node)
        case "conditional_expression":
            return _conditional(unit, node)
        case "unary_expression" if unit.text_of(node).startswith("+"):
            return _read(unit, node.named_children[-1])
        case "call_expression":
            return _call(unit, node)
    return None


def _binary(unit: Unit, node: Node) -> Expr | None:
    operator = unit.text_of(node.child_by_field_name("operator"))
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return None
    if operator in ("!=", ">", "=="):
        remains = _remainder(unit, node)
        return _rest(*remains[:2]) if remains is not None and remains[2] else None
    op = _OPERATORS.get(operator)
    a, b = _read(unit, left), _read(unit, right)
    if op is None or a is None or b is None:
        return None
    if op == "+" and isinstance(b, Bin) and b.op == "-" and b.right == a:  # a / c + (a % c != 0)
        return b.left
    return Bin(op, a, b)


def _rest(a: Expr, b: Expr) -> Expr:
    """1 where `a % b` is not 0, else 0: `ceil(a / b) - a / b`."""
    return Bin("-", Bin("ceil", a, b), Bin("//", a, b))


def _remainder(unit: Unit, node: Node) -> tuple[Expr, Expr, bool] | None:
    """(a, b, whether the condition holds where a remainder is left) of `a % b`, `!(a % b)`, `a % b != 0`, ..."""
    while node.type in ("parenthesized_expression", "condition_clause") and node.named_children:
        node = node.named_children[0]
    if node.type == "unary_expression" and unit.text_of(node).startswith("!"):
        inner = _remainder(unit, node.named_children[-1])
        return (inner[0], inner[1], not inner[2]) if inner is not None else None
    if node.type != "binary_expression":
        return None
    operator = unit.text_of(node.child_by_field_name("operator"))
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return None
    if operator in ("!=", ">", "==") and unit.text_of(right) == "0":
        inner = _remainder(unit, left)
        return (inner[0], inner[1], inner[2] == (operator != "==")) if inner is not None else None
    a, b = (_read(unit, left), _read(unit, right)) if operator == "%" else (None, None)
    return (a, b, True) if a is not None and b is not None else None


def _conditional(unit: Unit, node: Node) -> Expr | None:
    """`a % b ? a / b + 1 : a / b` and its kin: a quotient rounded up, or the 0 or 1 to add to it."""
    condition = node.child_by_field_name("condition")
    yes, no = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
    remains = _remainder(unit, condition) if condition is not None else None
    if remains is None or yes is None or no is None:
        return None
    a, b, left_over = remains
    more, less = (_read(unit, yes), _read(unit, no)) if left_over else (_read(unit, no), _read(unit, yes))
    if (more, less) == (Num(1), Num(0)):
        return _rest(a, b)
    quotient = Bin("//", a, b)
    return Bin("ceil", a, b) if less == quotient and more == Bin("+", quotient, Num(1)) else None


def _call(unit: Unit, node: Node) -> Expr | None:
    function = unit.flat(node.child_by_field_name("function")).removeprefix("std::")
    listed = node.child_by_field_name("arguments")
    arguments = [_read(unit, c) for c in listed.named_children if c.type != "comment"] if listed is not None else []
    if any(a is None for a in arguments):
        return None
    known = [a for a in arguments if a is not None]
    base = function.split("<")[0]
    if len(known) == 1 and (base in _CASTS or base == "static_cast"):
        return known[0]
    if len(known) == 1 and base in ("ceil", "ceilf"):
        inner = known[0]
        return Bin("ceil", inner.left, inner.right) if isinstance(inner, Bin) and inner.op == "//" else inner
    if len(known) == 2 and base in ("min", "max"):
        return Bin(base, known[0], known[1])
    if len(known) == 2 and re.search(r"(?i)(div|round|ceil).*(up|ceil|div)|ceil_?div|cdiv|divup|iDivUp", base):
        return Bin("ceil", known[0], known[1])
    if not known and re.search(r"\.(size|length|count)$", base):
        return Var(base + "()")
    return None


def _sizeof(unit: Unit, node: Node) -> Expr | None:
    kind = node.child_by_field_name("type")
    inner = unit.flat(kind) if kind is not None else unit.flat(node.child_by_field_name("value")).strip("()")
    if inner.endswith("*"):
        return Num(8)
    found = builtin(inner)
    if found is None:
        return Var(f"sizeof({inner})")
    return Num(bytes_of_dtype(found[0]) * found[1])


def bytes_of_dtype(dtype: str) -> int:
    return {"bool": 1}.get(dtype) or int(re.sub(r"\D", "", dtype)) // 8
