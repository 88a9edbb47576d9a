"""Implicit conversions of floating values to integers in device code: they saturate on a GPU, as the explicit ones do.

`int i = x * 255.0f;` becomes `int i = cuport::cast<int>(x * 255.0f);`. That is right for a value of any type, so it is
enough to be about right on which values may be floating: those that hold a name declared floating, a floating literal,
a cast, or a call of a mathematical function.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from cuport.cuda.declarations import Definition
from cuport.cuda.parse import ancestor, walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.program import Program
from cuport.cuda.unit import Unit

_INTEGER = re.compile(
    r"(?:const |volatile )*"
    r"(?:(?:(?:unsigned|signed|int|char|short|long)\s*)+|u?int\d+_t|size_t|uint|uchar|ushort|ulong)"
)
_FLOATING = re.compile(r"(?:const |volatile )*(?:float|double)[1-4]?")
_LITERAL = re.compile(r"(?!0[xX])(?:[\d']*\.[\d']*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)[fFlL]?")
_FUNCTION = re.compile(
    r"(?:std::|::)?(?:__)?(?:floor|ceil|round|rint|nearbyint|trunc|sqrt|rsqrt|cbrt|exp2?|exp10|expm1|log2?|log10|log1p|pow"
    r"|f(?:abs|min|max|mod|ma|dim)|sin|cos|tan|asin|acos|atan2?|sinh|cosh|tanh|hypot|half2float|bfloat162float|saturate"
    r"|fdivide|u?int2float_r.|(?:u?int_as|as)_float|double2float_r.)f?"
)


def rewrite_conversions(program: Program, edits: Edits) -> None:
    """To be called before the explicit casts are rewritten: of two edits at one place the first is the outer one."""
    for definition in program.definitions:
        if not program.is_device(definition):
            continue
        body = definition.node.child_by_field_name("body")
        if body is None or edits.covers(body.start_byte):
            continue
        types = _declared(program.unit, definition, body)
        if not any(_FLOATING.fullmatch(t) for t in types.values() if t) and not _LITERAL.search(
            program.unit.text_of(body)
        ):
            continue
        for target, value in (*_stores(program.unit, body, types), *_returns(program.unit, definition, body)):
            if _may_be_floating(program.unit, value, types):
                edits.wrap(value, f"cuport::cast<{target}>(", ")")


def _declared(unit: Unit, definition: Definition, body: Node) -> dict[str, str]:
    """Types of parameters and local variables, of pointers and arrays that of the elements; "" where they differ."""
    found: dict[str, str] = {}

    def add(name: str, ctype: str) -> None:
        found[name] = ctype if found.get(name, ctype) == ctype else ""

    for node in walk(definition.node):
        if node.type not in ("declaration", "parameter_declaration", "optional_parameter_declaration"):
            continue
        ctype = node.child_by_field_name("type")
        if ctype is None:
            continue
        for declarator in node.children_by_field_name("declarator"):
            name = _name(declarator)
            if name is not None:
                add(unit.text_of(name), unit.flat(ctype))
    return found


def _name(declarator: Node) -> Node | None:
    node: Node | None = declarator
    while node is not None and node.type != "identifier":
        if node.type == "function_declarator":
            return None
        inner = node.child_by_field_name("declarator")
        node = inner if inner is not None else (node.named_children[-1] if node.named_children else None)
    return node


def _stores(unit: Unit, body: Node, types: dict[str, str]) -> Iterator[tuple[str, Node]]:
    """Integer type and value of every initialisation and assignment of a plain integer."""
    for node in walk(body):
        if node.type == "init_declarator":
            declarator, value = node.child_by_field_name("declarator"), node.child_by_field_name("value")
            ctype = node.parent.child_by_field_name("type") if node.parent is not None else None
            if declarator is None or value is None or ctype is None or declarator.type != "identifier":
                continue
            if value.type in ("initializer_list", "argument_list", "number_literal"):
                continue
            if _INTEGER.fullmatch(unit.flat(ctype)):
                yield unit.flat(ctype), value
        elif node.type == "assignment_expression":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            operator = node.child_by_field_name("operator")
            if left is None or right is None or operator is None or unit.text_of(operator) != "=":
                continue
            if right.type in ("initializer_list", "number_literal"):
                continue
            target = types.get(_base(unit, left), "")
            if target and _INTEGER.fullmatch(target):
                yield target.replace("volatile ", "").replace("const ", ""), right


def _returns(unit: Unit, definition: Definition, body: Node) -> Iterator[tuple[str, Node]]:
    """The function's type and the value of each `return`, where that type is an integer."""
    ctype, declarator = definition.node.child_by_field_name("type"), definition.node.child_by_field_name("declarator")
    if ctype is None or declarator is None or declarator.type != "function_declarator":
        return  # a pointer or a reference
    target = unit.flat(ctype)
    if not _INTEGER.fullmatch(target):
        return
    for node in walk(body):
        if node.type == "return_statement" and node.named_children:
            value = node.named_children[0]
            if value.type not in ("initializer_list", "number_literal") and ancestor(node, "lambda_expression") is None:
                yield target, value


def _base(unit: Unit, left: Node) -> str:
    """The variable that an assignment's left side names, or whose element it is: `x`, `a[i]`, `*p`."""
    node: Node | None = left
    while node is not None and node.type in ("subscript_expression", "pointer_expression", "parenthesized_expression"):
        inner = node.child_by_field_name("argument")
        node = inner if inner is not None else (node.named_children[0] if node.named_children else None)
    return unit.text_of(node) if node is not None and node.type == "identifier" else ""


def _may_be_floating(unit: Unit, value: Node, types: dict[str, str]) -> bool:
    if value.type == "cast_expression":
        ctype = unit.flat(value.child_by_field_name("type"))
        if _INTEGER.fullmatch(ctype):
            return False
    for node in walk(value):
        if node.type == "lambda_expression":
            return False
        if node.type == "identifier":
            if _FLOATING.fullmatch(types.get(unit.text_of(node), "")):
                return True
        elif node.type == "number_literal":
            if _LITERAL.fullmatch(unit.text_of(node)):
                return True
        elif node.type in ("primitive_type", "type_descriptor"):
            if _FLOATING.fullmatch(unit.text_of(node)):
                return True
        elif node.type == "call_expression":
            function = node.child_by_field_name("function")
            if function is not None and _FUNCTION.fullmatch(unit.text_of(function)):
                return True
    return False
