"""Which kernels can be cut at their barriers, and where.

A kernel whose barriers stand where all threads of a block come together (top level, or inside loops and ifs whose
conditions are the same for the whole block) is the same as a row of loops over the threads, one for each stretch
between two barriers. Anything in doubt is left to fibers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tree_sitter import Node

from cuport.cuda.declarations import Definition, at_namespace_scope
from cuport.cuda.parse import walk
from cuport.cuda.unit import Unit

_LOOPS = ("for_statement", "while_statement", "do_statement")
_CONTROL = (*_LOOPS, "if_statement")
_OPERATORS = {
    "binary_expression",
    "unary_expression",
    "parenthesized_expression",
    "cast_expression",
    "type_descriptor",
    "conditional_expression",
    "field_expression",
    "field_identifier",
    "number_literal",
    "char_literal",
    "primitive_type",
    "sized_type_specifier",
    "type_identifier",
    "true",
    "false",
    "comment",
}
_REFUSED = {
    "lambda_expression",
    "goto_statement",
    "labeled_statement",
    "gnu_asm_expression",
    "for_range_loop",
    "try_statement",
    "preproc_if",
    "preproc_ifdef",
    "preproc_call",
    "preproc_def",
    "class_specifier",
    "using_declaration",
    "structured_binding_declarator",
    "co_return_statement",
}


class Doubt(Exception):
    """The kernel keeps its fibers."""


@dataclass
class Segment:
    """Statements of one stretch: every thread does them before any goes on."""

    statements: list[Node] = field(default_factory=list)


@dataclass
class Once:
    """Done once for the block: a declaration or an assignment that is the same for all threads, shared variables."""

    statement: Node


@dataclass
class Control:
    """A loop or an if around barriers; `regions`: its body, and an if's else."""

    statement: Node
    regions: list[Region]


@dataclass
class Region:
    node: Node
    items: list[Segment | Once | Control]


@dataclass
class FissionPlan:
    region: Region
    crossing: dict[str, Node]  # variables that live across a barrier -> their declarations
    declarators: dict[str, Node]
    remade: dict[str, frozenset[str]]  # those of them that are as well computed anew -> the others they need


def plan(
    unit: Unit, definition: Definition, constants: frozenset[str], takes_values: Callable[[str], bool]
) -> FissionPlan:
    """`constants`: names of compile-time constants; `takes_values`: of a function without references. Raises Doubt."""
    return _Planner(unit, definition, constants, takes_values).plan()


def is_barrier(unit: Unit, node: Node) -> bool:
    return (
        node.type == "expression_statement"
        and re.fullmatch(r"__syncthreads\s*\(\s*\)\s*;", unit.flat(node)) is not None
    )


class _Planner:
    def __init__(
        self, unit: Unit, definition: Definition, constants: frozenset[str], takes_values: Callable[[str], bool]
    ) -> None:
        body = definition.node.child_by_field_name("body")
        if body is None or any("&" in str(p.ctype) for p in definition.params):
            raise Doubt
        self.unit, self.body, self.takes_values = unit, body, takes_values
        self.constants = constants | {p.name for p in definition.template_params if p.kind == "value"}
        self.params = frozenset(p.name for p in definition.params if p.name)
        self.declared: dict[str, list[Node]] = {}  # local variable -> its declarators
        self.assigned: dict[str, list[Node]] = {}  # variable -> the expressions that change it
        self._read()
        if self.params & set(self.declared):
            raise Doubt
        self.scalars = self.params - set(self.assigned)
        self.uniform = self._uniform_variables()
        if (self.params & set(self.assigned)) - self.uniform:
            raise Doubt  # every thread has a copy of its own

    def plan(self) -> FissionPlan:
        region = self._region(self.body, None)
        barriers = [n for n in walk(self.body) if n.type == "call_expression" and self._is_sync(n)]
        if not barriers:
            raise Doubt
        crossing: dict[str, Node] = {}
        declarators: dict[str, Node] = {}
        for segment in _segments(region):
            for statement in segment.statements:
                if statement.type == "declaration":
                    for declarator in statement.children_by_field_name("declarator"):
                        name = _name(self.unit, declarator)
                        if name is None:
                            raise Doubt
                        if self._used_outside(name, segment):
                            if len(self.declared.get(name, ())) != 1:
                                raise Doubt
                            crossing[name], declarators[name] = statement, declarator
        return FissionPlan(region, crossing, declarators, self._remade(declarators))

    def _remade(self, declarators: dict[str, Node]) -> dict[str, frozenset[str]]:
        """Variables that never change, computed from the thread's place and from what does not change either."""
        found: dict[str, frozenset[str]] = {}
        fixed = self.scalars | self.constants | {n for n in self.uniform if n not in self.assigned}
        fixed |= {"threadIdx", "blockIdx", "blockDim", "gridDim"}
        for name, declarator in sorted(declarators.items(), key=lambda d: d[1].start_byte):
            value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
            inner = declarator.child_by_field_name("declarator")
            if value is None or inner is None or inner.type != "identifier" or name in self.assigned:
                continue
            if any(n.is_named and n.type not in (*_OPERATORS, "identifier") for n in walk(value)):
                continue
            used = {self.unit.text_of(n) for n in walk(value) if n.type == "identifier"}
            if used <= fixed | set(found):
                found[name] = frozenset(used & set(found))
        return found

    def _is_sync(self, node: Node) -> bool:
        return self.unit.flat(node.child_by_field_name("function")) == "__syncthreads"

    def _read(self) -> None:
        for node in walk(self.body):
            if node.type in _REFUSED or node.is_error:
                raise Doubt
            target: Node | None = None
            if node.type == "declaration":
                for declarator in node.children_by_field_name("declarator"):
                    name = _name(self.unit, declarator)
                    if name is not None:
                        self.declared.setdefault(name, []).append(declarator)
                    if any(n.type == "reference_declarator" for n in walk(declarator)):
                        value = declarator.child_by_field_name("value")
                        self._change(_root(self.unit, value), node)
            elif node.type == "assignment_expression":
                target = node.child_by_field_name("left")
            elif node.type == "update_expression":
                target = node.child_by_field_name("argument")
            elif node.type == "pointer_expression" and self.unit.text_of(node).startswith("&"):
                self._change(_root(self.unit, node.child_by_field_name("argument")), node)
            elif node.type == "call_expression":
                arguments = node.child_by_field_name("arguments")
                name = self.unit.flat(node.child_by_field_name("function"))
                if arguments is not None and not self.takes_values(name):
                    for a in arguments.named_children:
                        if a.type == "identifier":
                            self._change(self.unit.text_of(a), node)  # perhaps by reference
            if target is not None:
                self._change(_root(self.unit, target), node)

    def _change(self, name: str, node: Node) -> None:
        if name:
            self.assigned.setdefault(name, []).append(node)

    def _uniform_variables(self) -> frozenset[str]:
        """Locals and parameters with one value for all threads, changed only where all threads come together."""
        self.uniform = frozenset(self.declared) | (self.params & set(self.assigned))
        while True:
            kept = frozenset(n for n in self.uniform if self._stays_uniform(n))
            if kept == self.uniform:
                return kept
            self.uniform = kept

    def _stays_uniform(self, name: str) -> bool:
        if not all(self._begins_uniform(d) for d in self.declared.get(name, ())):
            return False
        for change in self.assigned.get(name, ()):
            if change.type == "assignment_expression":
                right, left = change.child_by_field_name("right"), change.child_by_field_name("left")
                if right is None or left is None or left.type != "identifier" or not self.is_uniform(right):
                    return False
            elif change.type != "update_expression":
                return False
            holder = change.parent
            if holder is None or not self._at_level(holder if holder.type == "expression_statement" else change):
                return False
        return True

    def _begins_uniform(self, declarator: Node) -> bool:
        value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
        inner, declaration = declarator.child_by_field_name("declarator"), declarator.parent
        if value is None or inner is None or declaration is None or declaration.type != "declaration":
            return False
        if inner.type == "pointer_declarator":
            inner = inner.child_by_field_name("declarator")
        plain = inner is not None and inner.type == "identifier"
        # a declaration is written once, for the block or for each thread
        together = declaration.children_by_field_name("declarator")
        whole = all(_name(self.unit, d) in self.uniform for d in together)
        return plain and whole and self.is_uniform(value) and self._at_level(declaration)

    def _at_level(self, node: Node) -> bool:
        """Whether a statement, or part of a loop's head, stands where all threads come together."""
        current = node
        while current.parent is not None and current != self.body:
            parent = current.parent
            if parent.type == "compound_statement" or parent == self.body:
                pass
            elif parent.type in _CONTROL:
                if not self._holds_barrier(parent) or not self._is_uniform_control(parent):
                    return False
            elif parent.type in ("else_clause", "condition_clause"):
                pass
            else:
                return False
            current = parent
        return True

    def _is_uniform_control(self, node: Node) -> bool:
        condition = node.child_by_field_name("condition")
        if condition is None:
            return False
        inner = condition.child_by_field_name("value") if condition.type == "condition_clause" else condition
        if inner is None or not self.is_uniform(inner):
            return False
        if node.type != "for_statement":
            return True
        initializer, update = node.child_by_field_name("initializer"), node.child_by_field_name("update")
        if initializer is not None and initializer.type == "declaration":
            for declarator in initializer.children_by_field_name("declarator"):
                if _name(self.unit, declarator) not in self.uniform:
                    return False
        elif initializer is not None and not self._changes_uniformly(initializer):
            return False
        return update is None or self._changes_uniformly(update)

    def _changes_uniformly(self, node: Node) -> bool:
        if node.type == "comma_expression":
            return all(self._changes_uniformly(c) for c in node.named_children)
        if node.type == "assignment_expression":
            return self.unit.text_of(node.child_by_field_name("left")) in self.uniform
        if node.type == "update_expression":
            return self.unit.text_of(node.child_by_field_name("argument")) in self.uniform
        return False

    def is_uniform(self, node: Node) -> bool:
        """Whether an expression has the same value in all threads of a block and no effect."""
        if node.type == "field_expression":
            text = self.unit.flat(node)
            if re.fullmatch(r"(?:blockIdx|blockDim|gridDim)\.[xyz]", text):
                return True
            argument = node.child_by_field_name("argument")
            return (
                argument is not None
                and argument.type == "identifier"
                and "->" not in text
                and self.is_uniform(argument)
            )
        if node.type == "identifier":
            name = self.unit.text_of(node)
            if name in self.declared:
                return name in self.uniform
            return name in self.scalars or name in self.constants or name in self.uniform
        if node.is_named and node.type not in _OPERATORS:
            if node.type == "call_expression":
                function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
                plain = self.unit.flat(function) in ("min", "max", "int", "unsigned", "float", "size_t")
                return plain and arguments is not None and all(self.is_uniform(a) for a in arguments.named_children)
            return False
        return all(self.is_uniform(c) for c in node.named_children)

    def _holds_barrier(self, node: Node) -> bool:
        return any(n.type == "call_expression" and self._is_sync(n) for n in walk(node))

    def _region(self, node: Node, loop: Node | None) -> Region:
        """`loop`: the innermost loop around that is cut."""
        statements = (
            [node] if node.type != "compound_statement" else [c for c in node.named_children if c.type != "comment"]
        )
        region = Region(node, [])
        for statement in statements:
            if is_barrier(self.unit, statement):
                region.items.append(Segment())
                continue
            if statement.type == "compound_statement" and self._holds_barrier(statement):
                raise Doubt
            if self._holds_barrier(statement):
                region.items.append(self._control(statement, loop))
            elif self._is_once(statement):
                region.items.append(Once(statement))
            else:
                self._check_leaving(statement)
                if not region.items or not isinstance(region.items[-1], Segment):
                    region.items.append(Segment())
                last = region.items[-1]
                assert isinstance(last, Segment)
                last.statements.append(statement)
        return region

    def _control(self, statement: Node, loop: Node | None) -> Control:
        if statement.type not in _CONTROL or not self._is_uniform_control(statement):
            raise Doubt
        if statement.type == "if_statement":
            parts = [statement.child_by_field_name("consequence")]
            alternative = statement.child_by_field_name("alternative")
            if alternative is not None:
                parts.append(next((c for c in alternative.named_children if c.type != "comment"), None))
        else:
            parts, loop = [statement.child_by_field_name("body")], statement
        if any(p is None for p in parts):
            raise Doubt
        return Control(statement, [self._region(p, loop) for p in parts if p is not None])

    def _is_once(self, statement: Node) -> bool:
        if statement.type in ("static_assert_declaration", "alias_declaration", "type_definition"):
            return True
        if statement.type == "declaration":
            if any(self.unit.text_of(c) == "__shared__" for c in statement.children):
                return True
            if any(self.unit.text_of(c) in ("static", "extern") for c in statement.children):
                raise Doubt
            found = [_name(self.unit, d) for d in statement.children_by_field_name("declarator")]
            return bool(found) and all(n in self.uniform for n in found)
        if statement.type == "expression_statement" and len(statement.named_children) == 1:
            return self._changes_uniformly(statement.named_children[0])
        if statement.type == "if_statement" and self._leaves(statement):
            condition = statement.child_by_field_name("condition")
            value = condition.child_by_field_name("value") if condition is not None else None
            simple = statement.child_by_field_name("consequence")
            if value is not None and simple is not None and self.is_uniform(value) and _only_leaves(statement):
                return True
        return False

    def _leaves(self, statement: Node) -> bool:
        try:
            self._check_leaving(statement)
        except Doubt:
            return True
        return False

    def _check_leaving(self, statement: Node) -> None:
        """A stretch may be left only at its end; `return` in the last one is seen to by the writer."""
        for node in walk(statement):
            if node.type in ("break_statement", "continue_statement"):
                around = node.parent
                while around is not None and around != statement.parent:
                    if around.type in _LOOPS or (around.type == "switch_statement" and node.type == "break_statement"):
                        break
                    around = around.parent
                if around is None or around == statement.parent:
                    raise Doubt
            elif node.type == "return_statement" and not self._is_last(statement):
                raise Doubt

    def _is_last(self, statement: Node) -> bool:
        """Whether no barrier follows, so that a thread that returns misses none."""
        if statement.parent != self.body:
            return False
        after = [c for c in self.body.named_children if c.start_byte > statement.start_byte]
        return not any(self._holds_barrier(c) for c in after)

    def _used_outside(self, name: str, segment: Segment) -> bool:
        spans = [(s.start_byte, s.end_byte) for s in segment.statements]
        return any(
            node.type == "identifier"
            and self.unit.text_of(node) == name
            and not any(start <= node.start_byte < end for start, end in spans)
            for node in walk(self.body)
        )


def _only_leaves(statement: Node) -> bool:
    """`if (c) return;`, `if (c) { break; }`"""
    if statement.child_by_field_name("alternative") is not None:
        return False
    inner = statement.child_by_field_name("consequence")
    if inner is not None and inner.type == "compound_statement":
        parts = [c for c in inner.named_children if c.type != "comment"]
        inner = parts[0] if len(parts) == 1 else None
    return inner is not None and inner.type in ("return_statement", "break_statement", "continue_statement")


def _segments(region: Region) -> list[Segment]:
    found: list[Segment] = []
    for item in region.items:
        if isinstance(item, Segment):
            found.append(item)
        elif isinstance(item, Control):
            for inner in item.regions:
                found += _segments(inner)
    return found


def _name(unit: Unit, declarator: Node) -> str | None:
    node: Node | None = declarator
    while node is not None and node.type != "identifier":
        inner = node.child_by_field_name("declarator")
        if inner is None and node.type in ("reference_declarator", "parenthesized_declarator") and node.named_children:
            inner = node.named_children[-1]
        node = inner
    return unit.text_of(node) if node is not None else None


def _root(unit: Unit, node: Node | None) -> str:
    """The variable that an assigned expression is or is a member of; "" for what an array or a pointer leads to."""
    while node is not None and node.type != "identifier":
        if node.type == "parenthesized_expression" and node.named_children:
            node = node.named_children[0]
        elif node.type == "field_expression" and "->" not in unit.text_of(node):
            node = node.child_by_field_name("argument")
        else:
            return ""
    return unit.text_of(node) if node is not None else ""


def compile_time_constants(unit: Unit) -> frozenset[str]:
    """Names of constants at namespace scope, enumerators among them."""
    found: set[str] = set()
    for node in walk(unit.root):
        if node.type == "enumerator":
            found.add(unit.text_of(node.child_by_field_name("name")))
        elif node.type == "declaration" and at_namespace_scope(node):
            words = {unit.text_of(c) for c in node.children}
            if words & {"const", "constexpr"} and not words & {"__device__", "__constant__", "extern"}:
                for declarator in node.children_by_field_name("declarator"):
                    inner = declarator.child_by_field_name("declarator")
                    if declarator.type == "init_declarator" and inner is not None and inner.type == "identifier":
                        found.add(unit.text_of(inner))
    return frozenset(found)
