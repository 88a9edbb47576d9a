"""Near ties end with the item of a loop over items: `for (i = start; i < n; i += stride)` in a shadow build.

A thread that met a near tie is tainted from there on. In a loop over independent items only the rest of the item is in
doubt, so the mark is put back to what it was before the loop when the next item begins. That is right only if nothing
crosses from item to item but through memory, where stores leave marks of their own. What is checked, on the syntax, is
more than enough for that: a step by `+=`; no jump out, no barrier, no lambda; every plain variable that is assigned was
declared inside; every other target is reached through a pointer parameter or shared memory; no address of an outer
variable is taken and no function that takes references is called.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from cuport.cuda.declarations import Definition
from cuport.cuda.parse import walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.program import Program

_JUMPS = {"break_statement", "return_statement", "goto_statement", "lambda_expression", "labeled_statement"}
_MEETINGS = re.compile(r"\b(__sync\w*|sync|__barrier\w*|arrive|wait|asm|__asm__)\s*\(")
_NESTED = {"for_statement", "while_statement", "do_statement", "switch_statement"}


def end_ties_with_items(program: Program, edits: Edits) -> None:
    """Wrap each loop over independent items in device code."""
    referring = {d.name for d in program.definitions if any("&" in _text(program, p) for p in _parameters(d.node))}
    for node in walk(program.unit.root):
        if node.type != "for_statement" or edits.covers(node.start_byte) or not program.in_device_code(node):
            continue
        function = program.function_around(node)
        body = node.child_by_field_name("body")
        if function is None or body is None or not _steps(program, node):
            continue
        if _independent(program, node, body, function, referring):
            edits.wrap(node, "{ const ::cuport::taint::Items cuport_items; ", " }")
            if body.type == "compound_statement":
                edits.insert(body.start_byte + 1, " cuport_items.next();")
            else:
                edits.wrap(body, "{ cuport_items.next(); ", " }")


def _text(program: Program, node: Node | None) -> str:
    return program.unit.text_of(node)


def _parameters(function: Node) -> list[Node]:
    return [n for n in walk(function) if n.type == "parameter_declaration"]


def _steps(program: Program, loop: Node) -> bool:
    update = loop.child_by_field_name("update")
    return (
        update is not None
        and update.type == "assignment_expression"
        and _text(program, update.child_by_field_name("operator")) == "+="
    )


def _independent(program: Program, loop: Node, body: Node, function: Definition, referring: set[str]) -> bool:
    if _MEETINGS.search(_text(program, body)):
        return False
    inside = {name for n in walk(body) for name in _declared(program, n)}
    ways = _ways_to_memory(program, function)
    for node in walk(body):
        if node.type in _JUMPS and not (node.type == "break_statement" and _stays(node, body)):
            return False
        if node.type == "call_expression":
            called = _text(program, node.child_by_field_name("function")).split("::")[-1].split("<")[0]
            if called in referring:
                return False
        target = None
        if node.type == "assignment_expression":
            target = node.child_by_field_name("left")
        elif node.type == "update_expression" or (
            node.type == "pointer_expression" and _text(program, node).startswith("&")
        ):
            target = node.child_by_field_name("argument")
        if target is not None and not _harmless(program, target, inside, ways):
            return False
    return True


def _stays(jump: Node, body: Node) -> bool:
    """Whether a break leaves a loop or switch inside the body only."""
    node = jump.parent
    while node is not None and node.start_byte >= body.start_byte and node != body:
        if node.type in _NESTED:
            return True
        node = node.parent
    return False


def _declared(program: Program, node: Node) -> list[str]:
    """Names that a declaration inside the loop introduces; references to outside are none."""
    if node.type != "declaration":
        return []
    found = []
    for declarator in node.children_by_field_name("declarator"):
        inner: Node | None = declarator
        while inner is not None and inner.type not in ("identifier", "reference_declarator", "pointer_declarator"):
            inner = inner.child_by_field_name("declarator")
        if inner is not None and inner.type == "identifier":
            found.append(_text(program, inner))
    return found


def _ways_to_memory(program: Program, function: Definition) -> set[str]:
    """Pointer parameters, shared variables, globals: what is stored through them is marked where it lies."""
    found = {p.name for p in function.params if p.ctype.pointer > 0}
    found |= {g.name for g in program.source.globals}
    for node in walk(function.node):
        if node.type == "declaration" and re.search(r"\b__shared__\b", _text(program, node)):
            found |= set(re.findall(r"\w+", _text(program, node)))
    return found


def _harmless(program: Program, target: Node, inside: set[str], ways: set[str]) -> bool:
    """Whether storing to this place carries nothing into the next item unmarked."""
    node: Node | None = target
    direct = True
    while node is not None:
        if node.type == "identifier":
            name = _text(program, node)
            return name in inside or (not direct and name in ways)
        direct = direct and node.type == "parenthesized_expression"
        inner = node.child_by_field_name("argument")
        node = inner if inner is not None else (node.named_children[0] if node.named_children else None)
    return False
