"""What a kernel depends on: the device functions it calls, the globals it uses, the text its digest covers."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from cuport.cuda.declarations import Definition, at_namespace_scope
from cuport.cuda.lexer import names, significant
from cuport.cuda.parse import matches, walk
from cuport.cuda.unit import Unit, meanings, plain_name
from cuport.kernel import GlobalVar, Struct

_OPERATIONS = {
    "binary_expression",
    "unary_expression",
    "assignment_expression",
    "update_expression",
    "pointer_expression",
    "field_expression",
    "comma_expression",
}
_OPERATOR_WORDS = re.compile(r"operator(\W+)$")


@dataclass(frozen=True)
class _Item:
    """A declaration a kernel may depend on: the names it gives, the names it uses, its tokens."""

    start: int
    given: frozenset[str]
    used: frozenset[str]
    tokens: tuple[str, ...]


class Reach:
    def __init__(
        self,
        unit: Unit,
        definitions: list[Definition],
        device: set[int],
        globals_: Iterable[GlobalVar],
        structs: Iterable[Struct],
    ) -> None:
        """`device`: start bytes of the definitions that run on the device."""
        self._unit = unit
        self._by_name: dict[str, list[Definition]] = defaultdict(list)
        for definition in definitions:
            if definition.node.start_byte in device and not definition.is_kernel:
                self._by_name[definition.name].append(definition)
        self._definitions = definitions
        self._device = device
        self._globals: dict[str, list[GlobalVar]] = defaultdict(list)
        for variable in globals_:
            self._globals[variable.name].append(variable)
        self._structs = {s.qualified for s in structs}
        self._bodies: dict[int, _Body] = {}

    def body(self, definition: Definition) -> _Body:
        """What one function mentions; read once."""
        start = definition.node.start_byte
        if start not in self._bodies:
            self._bodies[start] = _read_body(self._unit, definition.node)
        return self._bodies[start]

    def functions(self, kernel: Definition, extra: frozenset[str] = frozenset()) -> list[Definition]:
        """Device functions reached, nearest first. `extra`: names that come in through launches (functors)."""
        found: dict[int, Definition] = {}
        queue = deque([(kernel, extra)])
        seen_names = set(extra)
        while queue:
            current, more = queue.popleft()
            body = self.body(current)
            seen_names |= body.mentioned
            wanted = [*body.called, *sorted(body.mentioned | more)]
            for name in dict.fromkeys(wanted):
                for option in self._resolve(name, current):
                    if option.node.start_byte not in found and option is not kernel:
                        found[option.node.start_byte] = option
                        queue.append((option, frozenset()))
            for name, options in self._by_name.items():
                if not name.startswith("operator"):
                    continue
                symbol = _OPERATOR_WORDS.match(name)  # none: a conversion to a type
                if symbol and symbol[1] not in body.operators:
                    continue
                for option in options:
                    owner = option.scope[-1] if option.scope and "::".join(option.scope) in self._structs else ""
                    if option.node.start_byte not in found and (not owner or owner in seen_names):
                        found[option.node.start_byte] = option
                        queue.append((option, frozenset()))
        return list(found.values())

    def _resolve(self, name: str, caller: Definition) -> list[Definition]:
        """Overloads of a function name: the innermost scope that has some; methods by their last name alone."""
        parts = [p for p in plain_name(name).split("::") if p]
        if not parts:
            return []
        options = self._by_name.get(parts[-1], [])
        if not options:
            return []
        for qualified in meanings(name, caller.scope):
            exact = [o for o in options if o.qualified == qualified]
            if exact:
                return exact
        return options

    def globals(self, reached: Iterable[Definition]) -> list[GlobalVar]:
        """Globals that any of these functions names, in order of declaration."""
        found: dict[str, GlobalVar] = {}
        for definition in reached:
            body = self.body(definition)
            for name in body.mentioned:
                simple = plain_name(name).split("::")[-1]
                options = self._globals.get(simple, [])
                for qualified in meanings(name, definition.scope):
                    exact = [o for o in options if o.qualified == qualified]
                    if exact:
                        options = exact
                        break
                found.update((o.qualified, o) for o in options)
        order = [v.qualified for group in self._globals.values() for v in group]
        return sorted(found.values(), key=lambda v: order.index(v.qualified))

    @cached_property
    def _items(self) -> list[_Item]:
        """Everything at namespace scope that device code can depend on, function bodies of the host left out."""
        items: list[_Item] = []

        def add(node: Node, given: Iterable[str]) -> None:
            text = self._unit.text_of(node)
            items.append(_Item(node.start_byte, frozenset(given), frozenset(names(text)), tuple(significant(text))))

        for d in self._definitions:
            runs = d.node.start_byte in self._device or d.template_params
            if runs and not d.is_kernel and at_namespace_scope(d.node):
                add(d.whole, {d.name, *d.scope[-1:]} if d.scope else {d.name})
        for query in ("structs", "typedefs", "variables"):
            for captures in matches(query, self._unit.root):
                for kind, nodes in captures.items():
                    for node in nodes:
                        if at_namespace_scope(node) and node.type != "field_declaration":
                            outer = node.parent if node.parent and node.parent.type == "template_declaration" else node
                            add(outer, _given(self._unit, node, kind))
        return sorted(items, key=lambda i: i.start)

    def digest(self, kernel: Definition, extra: frozenset[str]) -> str:
        """SHA-256 over the tokens of the kernel and of every declaration its names lead to, in source order.

        Names are followed without regard to scope, so it covers too much rather than too little.
        """
        text = self._unit.text_of(kernel.whole)
        reached: dict[int, _Item] = {}
        todo = set(names(text)) | extra
        seen: set[str] = set()
        while todo:
            seen |= todo
            more: set[str] = set()
            for item in self._items:
                if item.start not in reached and item.given & todo:
                    reached[item.start] = item
                    more |= item.used | item.given
            todo = more - seen
        h = hashlib.sha256("\0".join(significant(text)).encode())
        for start in sorted(reached):
            h.update(b"\1" + "\0".join(reached[start].tokens).encode())
        return h.hexdigest()


@dataclass(frozen=True)
class _Body:
    called: tuple[str, ...]  # in order of first call
    mentioned: frozenset[str]  # free names: neither members nor introduced here
    operators: frozenset[str]
    all_names: frozenset[str]


def _read_body(unit: Unit, node: Node) -> _Body:
    called: dict[str, None] = {}
    for captures in matches("calls", node):
        callee = captures["callee"][0]
        if callee.type == "field_expression":
            callee = callee.child_by_field_name("field") or callee
        called[plain_name(unit.flat(callee))] = None
    introduced = set()
    for captures in matches("locals", node):
        introduced |= _leading_names(unit, captures["local"][0])
    mentioned, operators, everything = set(), set(), set()
    for part in walk(node):
        if part.type in ("identifier", "type_identifier", "namespace_identifier"):
            name = unit.text_of(part)
            everything.add(name)
            if part.parent is not None and part.parent.type == "qualified_identifier":
                continue
            if name not in introduced:
                mentioned.add(name)
        elif part.type == "qualified_identifier":
            mentioned.add(plain_name(unit.flat(part)))
        elif part.type == "field_identifier":
            everything.add(unit.text_of(part))
        elif part.type in ("call_expression", "subscript_expression"):
            operators.add("()" if part.type == "call_expression" else "[]")
        elif not part.is_named and part.parent is not None and part.parent.type in _OPERATIONS:
            operators.add(part.type)
    own = node.child_by_field_name("declarator")
    while own is not None and own.type != "identifier":
        own = own.child_by_field_name("declarator")
    if own is not None:
        mentioned.discard(unit.text_of(own))
        if unit.text_of(own) in called:  # recursion keeps it
            mentioned.add(unit.text_of(own))
    return _Body(tuple(called), frozenset(mentioned), frozenset(operators), frozenset(everything))


def _leading_names(unit: Unit, declarator: Node) -> set[str]:
    node: Node | None = declarator
    while node is not None:
        if node.type in ("identifier", "field_identifier"):
            return {unit.text_of(node)}
        if node.type == "structured_binding_declarator":
            return {unit.text_of(c) for c in node.named_children}
        inner = node.child_by_field_name("declarator")
        node = inner if inner is not None else (node.named_children[-1] if node.named_children else None)
    return set()


def _given(unit: Unit, node: Node, kind: str) -> set[str]:
    given: set[str] = set()
    for name in (node.child_by_field_name("name"), *node.children_by_field_name("declarator")):
        if name is not None:
            given |= {plain_name(unit.flat(name))} if name.type.endswith("type") else names(unit.text_of(name))
    body = node.child_by_field_name("body")
    if kind == "enum" and body is not None:
        given |= {unit.text_of(e.child_by_field_name("name")) for e in body.named_children if e.type == "enumerator"}
    return given
