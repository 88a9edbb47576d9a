"""What a kernel does with the memory behind each pointer parameter: reads it, writes it, or both.

Read off the syntax tree: accesses through a parameter, through local pointers and references made from it, and through
the device functions it is passed to. In doubt a memory that may be written counts as read and written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from tree_sitter import Node

from cuport.cuda.declarations import Definition
from cuport.cuda.parse import ancestor, walk
from cuport.cuda.unit import Unit, plain_name
from cuport.kernel import Struct

Role = Literal["in", "out", "in/out", "unused"]
_Roots: TypeAlias = frozenset[str]

_NOTHING: _Roots = frozenset()
_READ, _WRITE, _BOTH = "r", "w", "rw"
# (function, what it does with its first argument, with the second)
_KNOWN = (
    (re.compile(r"atomic\w+|red|__nv_atomic\w+"), _BOTH, ""),
    (re.compile(r"__ld\w+|assert|load_matrix_sync|load\w*"), _READ, _READ),
    (re.compile(r"__st(cs|cg|wt|wb)|store_matrix_sync"), _WRITE, ""),
    (re.compile(r"mem(cpy|move)|memcpy_async|__pipeline_memcpy_async"), _WRITE, _READ),
    (re.compile(r"memset"), _WRITE, ""),
    (re.compile(r"printf|prefetch\w*|sizeof|__cvta\w*|__isGlobal|tex\w+|surf\w+read"), "", ""),
)
_CASTS = re.compile(r"(reinterpret|static|const|dynamic)_cast|to_address|launder|assume_aligned")
_MOST_DEPTH = 8  # functions that call one another


def roles(
    unit: Unit, kernel: Definition, functions: Iterable[Definition], structs: Iterable[Struct]
) -> dict[str, Role]:
    """Roles by parameter; of a struct by value one for each pointer in it (`s.data`)."""
    by_name = {f.name: f for f in functions}
    reader = _Reader(unit, by_name, {s.qualified: s for s in structs})
    found = reader.of(kernel, 0)
    result: dict[str, Role] = {}
    for name, const in _pointers(kernel, reader.structs):
        marks = found.get(name, "")
        if const and marks:
            marks = _READ
        result[name] = "in/out" if marks == _BOTH else "in" if marks == _READ else "out" if marks else "unused"
    return result


def _pointers(definition: Definition, structs: Mapping[str, Struct]) -> Iterator[tuple[str, bool]]:
    """Every pointer among the parameters, and whether what it points to is const."""
    for param in definition.params:
        if param.is_pointer:
            yield param.name, param.ctype.const
        elif (struct := structs.get(param.ctype.struct or "")) is not None:
            for field in struct.fields:
                if field.is_pointer:
                    yield f"{param.name}.{field.name}", field.ctype.const


def _arrays(definition: Definition, structs: Mapping[str, Struct]) -> Iterator[tuple[str, int]]:
    """Arrays of pointers in structs, and how many dimensions they have."""
    for param in definition.params:
        struct = structs.get(param.ctype.struct or "")
        for field in struct.fields if struct is not None else ():
            if field.is_pointer and field.ctype.extents:
                yield f"{param.name}.{field.name}", len(field.ctype.extents)


class _Reader:
    def __init__(self, unit: Unit, functions: Mapping[str, Definition], structs: Mapping[str, Struct]) -> None:
        self.unit = unit
        self.functions = functions
        self.structs = structs
        self._done: dict[int, dict[str, str]] = {}

    def of(self, definition: Definition, depth: int) -> dict[str, str]:
        """Marks ("r", "w", "rw") by root: a pointer parameter, a pointer in a struct, or a reference parameter."""
        key = definition.node.start_byte
        if key not in self._done:
            self._done[key] = {}  # a recursive call adds nothing to what the other lines do
            self._done[key] = _Body(self, definition, depth).marks()
        return self._done[key]


class _Body:
    def __init__(self, reader: _Reader, definition: Definition, depth: int) -> None:
        self.reader, self.depth = reader, depth
        self.text = reader.unit.text_of
        self.body = definition.node.child_by_field_name("body") or definition.node
        self.roots = {name for name, _ in _pointers(definition, reader.structs)}
        self.arrays = dict(_arrays(definition, reader.structs))
        self.objects = {p.name for p in definition.params if p.ctype.struct and not p.is_pointer}
        by_reference = references(reader.unit, definition)
        self.pointers: dict[str, _Roots] = {}  # local pointers
        # names of what is pointed to
        self.places: dict[str, _Roots] = {name: frozenset({name}) for name in by_reference}
        self.found: dict[str, str] = {}
        for _ in range(4):  # pointers made from pointers made from ...
            before = dict(self.pointers), dict(self.places)
            self._aliases()
            if before == (self.pointers, self.places):
                break

    # -- which memory a pointer points into ------------------------------------------------------------------------

    def _aliases(self) -> None:
        for node in walk(self.body):
            if node.type == "init_declarator":
                declarator, value = node.child_by_field_name("declarator"), node.child_by_field_name("value")
                if declarator is None or value is None:
                    continue
                if value.type in ("argument_list", "initializer_list") and value.named_children:
                    value = value.named_children[0]
                name = _name(self.text, declarator)
                if declarator.type == "reference_declarator":
                    self._add(self.places, name, self.place(value))
                else:
                    self._add(self.pointers, name, self.pointer(value))
            elif node.type == "assignment_expression":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                if left is not None and right is not None and left.type == "identifier":
                    self._add(self.pointers, self.text(left), self.pointer(right))
            elif node.type == "for_range_loop":
                declarator, value = node.child_by_field_name("declarator"), node.child_by_field_name("right")
                if declarator is not None and value is not None and declarator.type == "reference_declarator":
                    self._add(self.places, _name(self.text, declarator), self.place(value))

    @staticmethod
    def _add(table: dict[str, _Roots], name: str, roots: _Roots) -> None:
        if name and roots:
            table[name] = table.get(name, _NOTHING) | roots

    def pointer(self, node: Node) -> _Roots:
        """The roots that a pointer expression may point into; none for what is no pointer of ours."""
        kind = node.type
        if kind == "identifier":
            name = self.text(node)
            return self.pointers.get(name) or (frozenset({name}) if name in self.roots else _NOTHING)
        if kind == "field_expression":
            path = self.text(node).replace(" ", "")
            return frozenset({path}) if path in self.roots else _NOTHING
        if kind == "subscript_expression":  # an element of an array of pointers
            base, depth = _base(node)
            return frozenset(r for r in self.pointer(base) if depth <= self.arrays.get(r, 0))
        if kind in ("parenthesized_expression", "cast_expression", "update_expression"):
            inner = node.child_by_field_name("value") or node.child_by_field_name("argument")
            return self.pointer(inner or node.named_children[-1]) if node.named_children else _NOTHING
        if kind == "binary_expression" and self.text(node.child_by_field_name("operator")) in ("+", "-"):
            return self._union(node, "left", "right")
        if kind == "conditional_expression":
            return self._union(node, "consequence", "alternative")
        if kind in ("assignment_expression", "comma_expression"):
            return self._union(node, "right")
        if kind == "pointer_expression" and self.text(node).startswith("&"):
            inner = node.child_by_field_name("argument")
            return self.place(inner) if inner is not None else _NOTHING
        if kind == "call_expression" and _CASTS.match(_callee(self.text, node)):
            listed = node.child_by_field_name("arguments")
            return self.pointer(listed.named_children[0]) if listed is not None and listed.named_children else _NOTHING
        return _NOTHING

    def _union(self, node: Node, *fields: str) -> _Roots:
        parts = [node.child_by_field_name(f) for f in fields]
        return frozenset().union(*(self.pointer(p) for p in parts if p is not None))

    def place(self, node: Node) -> _Roots:
        """The roots of an lvalue: `p[i]`, `*p`, `p->x`, a reference to one of these, or a part of it."""
        if node.type == "identifier":
            return self.places.get(self.text(node), _NOTHING)
        argument = node.child_by_field_name("argument")
        if node.type == "parenthesized_expression" and node.named_children:
            return self.place(node.named_children[0])
        if argument is None:
            return _NOTHING
        if node.type == "subscript_expression":
            return self.pointer(argument) - self.pointer(node) or self.place(argument)
        if node.type == "field_expression":
            arrow = self.text(node.child_by_field_name("operator")) == "->"
            return self.pointer(argument) if arrow else self.place(argument)
        if node.type == "pointer_expression" and self.text(node).startswith("*"):
            return self.pointer(argument)
        return _NOTHING

    # -- what is done with it --------------------------------------------------------------------------------------

    def marks(self) -> dict[str, str]:
        for node in walk(self.body):
            if node.type == "call_expression":
                self._call(node)
            elif node.type == "gnu_asm_expression":
                for operand in walk(node):
                    self._mark(self.pointer(operand), _BOTH)
            if node.type in ("subscript_expression", "pointer_expression", "field_expression", "identifier"):
                roots = self.place(node)
                if roots and not _is_part(node):
                    self._mark(roots, self._use(node))
        return self.found

    def _mark(self, roots: Iterable[str], marks: str) -> None:
        for root in roots:
            self.found[root] = "".join(m for m in _BOTH if m in self.found.get(root, "") + marks)

    def _use(self, node: Node) -> str:
        parent = node.parent
        while parent is not None and parent.type == "parenthesized_expression":
            node, parent = parent, parent.parent
        if parent is None:
            return _READ
        if parent.type == "assignment_expression" and parent.child_by_field_name("left") == node:
            return _WRITE if self.text(parent.child_by_field_name("operator")) == "=" else _BOTH
        if parent.type == "update_expression":
            return _BOTH
        if parent.type == "pointer_expression" and self.text(parent).startswith("&"):
            return ""  # a pointer: seen where it is used
        if parent.type == "init_declarator":
            declarator = parent.child_by_field_name("declarator")
            return "" if declarator is not None and declarator.type == "reference_declarator" else _READ
        if parent.type == "argument_list" and parent.parent is not None and parent.parent.type == "call_expression":
            return self._argument(parent.parent, parent.named_children.index(node), reference=True)
        if parent.type == "field_expression":  # a method of the element
            return _BOTH if parent.parent is not None and parent.parent.type == "call_expression" else _READ
        return _READ

    def _call(self, call: Node) -> None:
        listed = call.child_by_field_name("arguments")
        function = call.child_by_field_name("function")
        if function is not None and function.type == "field_expression":
            function = function.child_by_field_name("argument")  # a method
        for part in (function, *(listed.named_children if listed is not None else ())):
            if part is not None and part.type == "identifier" and self.text(part) in self.objects:
                self._mark((r for r in self.roots if r.startswith(f"{self.text(part)}.")), _BOTH)
        for index, argument in enumerate(listed.named_children if listed is not None else ()):
            if roots := self.pointer(argument):
                self._mark(roots, self._argument(call, index, reference=False))

    def _argument(self, call: Node, index: int, *, reference: bool) -> str:
        """What a function does with the memory behind its argument; `reference`: the argument is an element of it."""
        name = _callee(self.text, call)
        if _CASTS.match(name):
            return _READ if reference else ""
        function = self.reader.functions.get(name)
        if function is not None and self.depth < _MOST_DEPTH and index < len(function.params):
            param = function.params[index]
            if reference and param.name not in references(self.reader.unit, function):
                return _READ  # by value
            marks = self.reader.of(function, self.depth + 1).get(param.name, "")
            return _READ if param.ctype.const and marks else marks
        for pattern, first, second in _KNOWN:
            if pattern.fullmatch(name):
                return _READ if reference else (first, second)[index] if index < 2 else ""
        return _READ if reference else _BOTH


def _base(node: Node) -> tuple[Node, int]:
    """`a` and 2 of `a[i][j]`."""
    depth = 0
    while node.type == "subscript_expression" and (inner := node.child_by_field_name("argument")) is not None:
        node, depth = inner, depth + 1
    return node, depth


def _is_part(node: Node) -> bool:
    """`p[i]` in `p[i].x` or `p[i][j]`: the whole is what is read or written."""
    parent = node.parent
    if parent is None or parent.child_by_field_name("argument") != node:
        return False
    if parent.type == "field_expression":
        grand = parent.parent
        return not (grand is not None and grand.type == "call_expression")
    return parent.type == "subscript_expression"


def _callee(text: object, call: Node) -> str:
    function = call.child_by_field_name("function")
    assert callable(text)
    name: str = text(function) if function is not None else ""
    return re.split(r"::|\.|->", plain_name(name))[-1].strip()


def _name(text: object, declarator: Node) -> str:
    assert callable(text)
    for node in walk(declarator):
        if node.type == "identifier":
            found: str = text(node)
            return found
    return ""


def references(unit: Unit, definition: Definition) -> set[str]:
    """Names of parameters that are references."""
    names: set[str] = set()
    declarator = definition.node.child_by_field_name("declarator")
    for node in walk(declarator) if declarator is not None else ():
        if node.type == "reference_declarator" and ancestor(node, "parameter_declaration") is not None:
            names.add(_name(unit.text_of, node))
    return names
