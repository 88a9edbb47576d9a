"""Kernels whose threads differ only in one running index, so that a block is a plain loop over it.

Two shapes, with `i = blockIdx.x * blockDim.x + threadIdx.x` in any spelling and `n` the same for every thread:
- a guard: `if (i < n) ...` as the last statement, or `if (i >= n) return;`, with nothing but arithmetic before it;
- a grid stride: `for (i = ...; i < n; i += blockDim.x * gridDim.x) ...`, with nothing after it, whose body changes no
  variable from outside, so that the rounds of all threads may be interleaved.
Threads that fail the guard do nothing and need not run; the guard of the others is known to hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from cuport.cuda.declarations import Definition
from cuport.cuda.parse import walk
from cuport.cuda.unit import Unit, plain_name

_TYPES = {
    "int": "int",
    "auto": "unsigned",
    "unsigned": "unsigned",
    "uint": "unsigned",
    "int64_t": "int64_t",
    "int32_t": "int",
    "uint32_t": "unsigned",
    "uint64_t": "uint64_t",
    "size_t": "size_t",
    "std::size_t": "size_t",
    "unsigned int": "unsigned",
    "unsigned long": "unsigned long",
    "unsigned long long": "unsigned long long",
    "long": "long",
    "long long": "long long",
    "long int": "long",
    "unsigned long int": "unsigned long",
}
_PURE = {
    "binary_expression",
    "unary_expression",
    "parenthesized_expression",
    "identifier",
    "field_expression",
    "field_identifier",
    "number_literal",
    "cast_expression",
    "type_descriptor",
    "primitive_type",
    "sized_type_specifier",
    "type_identifier",
    "conditional_expression",
    "true",
    "false",
    "comment",
}
_BUILTIN_FIELD = re.compile(r"(threadIdx|blockIdx|blockDim|gridDim)\.[xyz]")
_INEXACT = re.compile(r"&|float|double|half|bfloat")
_ORDERED = re.compile(r"\b(?:printf|assert|__assert\w*|atomic\w+|__trap|volatile|goto|clock|clock64)\b")


@dataclass(frozen=True)
class Canonical:
    """How to make a loop of it. Places are byte offsets in the unit."""

    index: str  # the C++ type of the running index
    bound: str  # text of `n`
    initial: Node  # the expression that computes the index: replaced by the running index
    guard: Node | None  # the comparison that is known to hold; None: a stride loop
    negated: bool  # the guard says `i >= n`
    loop: Node | None = None  # the stride loop

    @property
    def strided(self) -> bool:
        return self.loop is not None


def canonical(unit: Unit, definition: Definition, by_value: frozenset[str]) -> Canonical | None:
    """The shape of a kernel's body, if it has one of the two. `by_value`: functions that take no references."""
    body = definition.node.child_by_field_name("body")
    if body is None or body.type != "compound_statement" or any(n.type == "lambda_expression" for n in walk(body)):
        return None
    statements = [c for c in body.named_children if c.type != "comment"]
    indices: dict[str, tuple[str, Node]] = {}  # variable -> its type, its initial value
    strides: set[str] = set()
    look = _Changes(unit, by_value)
    changed = look.below(body)
    reader = _Reader(unit, definition, changed)
    for at, statement in enumerate(statements):
        last = at == len(statements) - 1
        if statement.type == "declaration":
            if not _pure_declaration(statement):
                return None
            written = unit.flat(statement.child_by_field_name("type"))
            for declarator in statement.children_by_field_name("declarator"):
                name, value = _initialised(unit, declarator)
                if name is None or value is None or name in changed - look.counted(statements, name):
                    continue
                kind = _TYPES.get(written)
                if written == "auto" and "(" in unit.text_of(value):
                    kind = None  # a cast gives it another type
                if kind is not None and reader.is_index(value):
                    indices[name] = (kind, value)
                elif reader.is_stride(value):
                    strides.add(name)
            continue
        if statement.type == "if_statement":
            return _guarded(unit, reader, statement, indices, changed, last=last)
        if statement.type == "for_statement" and last:
            return _strided(unit, reader, look, statement, indices, strides, body)
        return None
    return None


class _Reader:
    def __init__(self, unit: Unit, definition: Definition, changed: set[str]) -> None:
        self.unit = unit
        self._scalars = {
            p.name for p in definition.params if p.name and not p.ctype.pointer and not _INEXACT.search(str(p.ctype))
        } - changed
        self._values = {p.name for p in definition.template_params if p.kind == "value"}

    def is_index(self, node: Node) -> bool:
        """`blockIdx.x * blockDim.x + threadIdx.x`, either way round, with casts and brackets."""
        node = _bare(node)
        if node.type != "binary_expression" or self._operator(node) != "+":
            return False
        sides = (_bare(node.child_by_field_name("left")), _bare(node.child_by_field_name("right")))
        for one, other in (sides, sides[::-1]):
            if self.unit.flat(one) == "threadIdx.x" and self._is_product(other, "blockIdx.x", "blockDim.x"):
                return True
        return False

    def is_stride(self, node: Node) -> bool:
        return self._is_product(_bare(node), "gridDim.x", "blockDim.x")

    def _is_product(self, node: Node, a: str, b: str) -> bool:
        if node.type != "binary_expression" or self._operator(node) != "*":
            return False
        sides = {self.unit.flat(_bare(node.child_by_field_name(side))) for side in ("left", "right")}
        return sides == {a, b}

    def _operator(self, node: Node) -> str:
        return self.unit.text_of(node.child_by_field_name("operator"))

    def is_uniform(self, node: Node) -> bool:
        """Whether an expression has the same value for all threads of the grid, at any time."""
        for part in walk(node):
            if part.type == "field_expression":
                text = self.unit.flat(part)
                if _BUILTIN_FIELD.fullmatch(text) and text[0] not in "t" and not text.startswith("blockIdx"):
                    continue
                argument = part.child_by_field_name("argument")
                if argument is None or argument.type != "identifier" or "->" in text:
                    return False
            elif part.type == "identifier":
                name = self.unit.text_of(part)
                if name in ("blockDim", "gridDim"):
                    continue
                if name not in self._scalars and name not in self._values:
                    return False
            elif part.is_named and part.type not in _PURE:
                return False
        return True

    def comparison(self, node: Node, index: str) -> tuple[Node, bool] | None:
        """`i < n` or `i >= n` (n > i, n <= i): the bound, and whether it is the negated form."""
        if node.type != "binary_expression":
            return None
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = self._operator(node)
        if left is None or right is None:
            return None
        if self.unit.text_of(right) == index and operator in (">", "<="):
            left, right, operator = right, left, {">": "<", "<=": ">="}[operator]
        if self.unit.text_of(left) != index or operator not in ("<", ">=") or not self.is_uniform(right):
            return None
        return right, operator == ">="


def _guarded(
    unit: Unit, reader: _Reader, statement: Node, indices: dict[str, tuple[str, Node]], changed: set[str], *, last: bool
) -> Canonical | None:
    condition = statement.child_by_field_name("condition")
    value = condition.child_by_field_name("value") if condition is not None else None
    consequence = statement.child_by_field_name("consequence")
    if value is None or consequence is None or statement.child_by_field_name("alternative") is not None:
        return None
    joined, operands = _operands(unit, value)
    for guard in operands:
        for name, (kind, initial) in indices.items():
            found = reader.comparison(guard, name) if name not in changed else None
            if found is None:
                continue
            bound, negated = found
            if negated and joined != "&&" and _returns(consequence):
                return Canonical(kind, unit.flat(bound), initial, guard, True)
            if not negated and joined != "||" and last:
                return Canonical(kind, unit.flat(bound), initial, guard, False)
        if not _is_pure(guard):
            return None  # threads that fail a later comparison would not evaluate this one
    return None


def _operands(unit: Unit, node: Node) -> tuple[str, list[Node]]:
    """`a && b && c` or `a || b || c`: the operator and the operands in order; ("", [node]) for anything else."""
    node = _inside(node)
    operator = unit.text_of(node.child_by_field_name("operator")) if node.type == "binary_expression" else ""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if operator not in ("&&", "||") or left is None or right is None:
        return "", [node]
    inner, operands = _operands(unit, left)
    return operator, [*(operands if inner == operator else [_inside(left)]), _inside(right)]


def _inside(node: Node) -> Node:
    while node.type == "parenthesized_expression" and len(node.named_children) == 1:
        node = node.named_children[0]
    return node


def _returns(node: Node) -> bool:
    if node.type == "compound_statement":
        inner = [c for c in node.named_children if c.type != "comment"]
        return len(inner) == 1 and inner[0].type == "return_statement"
    return node.type == "return_statement"


def _strided(
    unit: Unit,
    reader: _Reader,
    look: _Changes,
    loop: Node,
    indices: dict[str, tuple[str, Node]],
    strides: set[str],
    body: Node,
) -> Canonical | None:
    condition, update = loop.child_by_field_name("condition"), loop.child_by_field_name("update")
    initializer, inner = loop.child_by_field_name("initializer"), loop.child_by_field_name("body")
    if condition is None or update is None or inner is None or _ORDERED.search(unit.text_of(body)):
        return None
    name, initial, kind = None, None, None
    if initializer is not None:
        declarators = initializer.children_by_field_name("declarator")
        if initializer.type != "declaration" or len(declarators) != 1:
            return None
        kind = _TYPES.get(unit.flat(initializer.child_by_field_name("type")))
        name, initial = _initialised(unit, declarators[0])
        if initial is not None and initial.type == "identifier" and unit.text_of(initial) in indices:
            pass  # `for (int i = first; ...`
        elif initial is None or not reader.is_index(initial):
            return None
    else:
        name = _counter(unit, update)
        if name not in indices:
            return None
        kind, initial = indices[name]
    if name is None or initial is None or kind is None:
        return None
    found = reader.comparison(condition, name)
    if found is None or found[1] or not _advances(unit, reader, update, name, strides):
        return None
    if _leaves(inner) or look.outside(inner, name):
        return None
    return Canonical(kind, unit.flat(found[0]), initial, None, False, loop)


def _advances(unit: Unit, reader: _Reader, update: Node, name: str, strides: set[str]) -> bool:
    """`i += stride` or `i = i + stride`."""
    if update.type != "assignment_expression" or unit.text_of(update.child_by_field_name("left")) != name:
        return False
    right = update.child_by_field_name("right")
    operator = unit.text_of(update.child_by_field_name("operator"))
    if right is None:
        return False
    if operator == "=" and right.type == "binary_expression":
        sides = [right.child_by_field_name("left"), right.child_by_field_name("right")]
        if unit.text_of(right.child_by_field_name("operator")) != "+" or unit.text_of(sides[0]) != name:
            return False
        right = sides[1]
        operator = "+="
    return right is not None and operator == "+=" and (unit.text_of(right) in strides or reader.is_stride(right))


def _counter(unit: Unit, update: Node) -> str:
    return unit.text_of(update.child_by_field_name("left"))


def _leaves(body: Node) -> bool:
    """Whether a loop's body may leave the loop: `return`, or a `break` of its own."""
    for node in walk(body):
        if node.type in ("return_statement", "goto_statement", "throw_statement", "co_return_statement"):
            return True
        if node.type == "break_statement":
            around = node.parent
            while around is not None and around != body:
                if around.type in (
                    "for_statement",
                    "while_statement",
                    "do_statement",
                    "switch_statement",
                    "for_range_loop",
                ):
                    break
                around = around.parent
            if around is None or around == body:
                return True
    return False


_BY_VALUE = re.compile(
    r"(?:std::)?(?:__\w+|f?(?:min|max)f?|abs|fabsf?|sqrtf?|rsqrtf?|expf?|exp2f?|logf?|log2f?|log10f?|powf?|sinf?|cosf?|tanf?"
    r"|tanhf?|sinhf?|coshf?|atanf?|atan2f?|erff?|floorf?|ceilf?|roundf?|truncf?|rintf?|fmaf?|fmodf?|cbrtf?|hypotf?"
    r"|copysignf?|make_\w+|atomic\w+|printf|int|float|double|unsigned|size_t|bool|long|char|short)"
)


class _Changes:
    """Which variables a stretch of code changes, or lets somebody change."""

    def __init__(self, unit: Unit, by_value: frozenset[str]) -> None:
        self.unit = unit
        self._by_value = by_value

    def below(self, node: Node) -> set[str]:
        """Names of variables that are assigned, counted, or whose address or reference may be taken below a node."""
        found: set[str] = set()
        for part in walk(node):
            target: Node | None = None
            if part.type == "assignment_expression":
                target = part.child_by_field_name("left")
            elif part.type == "update_expression" or (
                part.type == "pointer_expression" and self.unit.text_of(part).startswith("&")
            ):
                target = part.child_by_field_name("argument")
            elif part.type == "reference_declarator":
                target = part.parent.child_by_field_name("value") if part.parent is not None else None
            elif part.type == "for_range_loop":
                target = part.child_by_field_name("right")
            elif part.type == "call_expression":
                arguments, function = part.child_by_field_name("arguments"), part.child_by_field_name("function")
                if arguments is not None and not self._takes_values(function):
                    found |= {self._root(a) for a in arguments.named_children}
                if function is not None and function.type == "field_expression":
                    target = function.child_by_field_name("argument")  # a method may change its object
            found.add(self._root(target))
        return found - {""}

    def outside(self, body: Node, counter: str) -> bool:
        """Whether a loop's body changes its counter or a variable that it does not declare itself."""
        changed = self.below(body)
        return counter in changed or bool(changed - _declared(self.unit, body))

    def counted(self, statements: list[Node], name: str) -> set[str]:
        """The name itself if only the header of a final stride loop changes it."""
        loop = statements[-1]
        update, inner = loop.child_by_field_name("update"), loop.child_by_field_name("body")
        if loop.type != "for_statement" or update is None or inner is None or _counter(self.unit, update) != name:
            return set()
        others = [*statements[:-1], inner]
        return {name} if not any(name in self.below(other) for other in others) else set()

    def _takes_values(self, function: Node | None) -> bool:
        if function is None:
            return False
        if function.type == "template_function" and self.unit.text_of(function).startswith("static_cast"):
            return True
        name = plain_name(self.unit.flat(function))
        return _BY_VALUE.fullmatch(name) is not None or name in self._by_value

    def _root(self, node: Node | None) -> str:
        """The variable that an expression is, or is a member of; "" for what a pointer or an array leads to."""
        while node is not None and node.type != "identifier":
            if node.type == "parenthesized_expression" and node.named_children:
                node = node.named_children[0]
            elif node.type == "field_expression" and "->" not in self.unit.text_of(node):
                node = node.child_by_field_name("argument")
            else:
                return ""
        return self.unit.text_of(node)


def _declared(unit: Unit, node: Node) -> set[str]:
    found: set[str] = set()
    for part in walk(node):
        if part.type == "declaration":
            for declarator in part.children_by_field_name("declarator"):
                inner: Node | None = declarator
                while inner is not None and inner.type != "identifier":
                    inner = inner.child_by_field_name("declarator") or (
                        inner.named_children[-1]
                        if inner.type == "reference_declarator" and inner.named_children
                        else None
                    )
                if inner is not None:
                    found.add(unit.text_of(inner))
    return found


def _initialised(unit: Unit, declarator: Node) -> tuple[str | None, Node | None]:
    """`i = value`: the name of a plain variable and its initial value."""
    if declarator.type != "init_declarator":
        return None, None
    name, value = declarator.child_by_field_name("declarator"), declarator.child_by_field_name("value")
    if (
        name is None
        or name.type != "identifier"
        or value is None
        or value.type in ("argument_list", "initializer_list")
    ):
        return None, None
    return unit.text_of(name), value


def _pure_declaration(statement: Node) -> bool:
    """Declarations that only compute: no call, no load, no class."""
    for declarator in statement.children_by_field_name("declarator"):
        if declarator.type == "identifier":
            continue
        value = declarator.child_by_field_name("value")
        name = declarator.child_by_field_name("declarator")
        if declarator.type != "init_declarator" or value is None or name is None or name.type != "identifier":
            return False
        if not _is_pure(value):
            return False
    return True


def _is_pure(node: Node) -> bool:
    """Arithmetic on variables: no call, no load, no assignment."""
    if node.type == "call_expression":
        inner = _bare(node)
        return inner != node and _is_pure(inner)
    if node.is_named and node.type not in _PURE:
        return False
    return all(_is_pure(c) for c in node.children)


def _bare(node: Node | None) -> Node:
    """Without brackets and casts around it."""
    assert node is not None
    while True:
        inner: Node | None = None
        if node.type == "parenthesized_expression" and len(node.named_children) == 1:
            inner = node.named_children[0]
        elif node.type == "cast_expression":
            inner = node.child_by_field_name("value")
        elif node.type == "call_expression":
            function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
            cast = function is not None and (
                function.type in ("primitive_type", "sized_type_specifier")
                or (function.type == "template_function" and (function.text or b"").startswith(b"static_cast"))
                or function.text in (b"size_t", b"int64_t", b"uint64_t")
            )
            if cast and arguments is not None and len(arguments.named_children) == 1:
                inner = arguments.named_children[0]
        if inner is None:
            return node
        node = inner
