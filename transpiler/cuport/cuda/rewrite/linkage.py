"""Several units of one program.

nvcc keeps device variables private to their unit unless it links device code (`-rdc=true`): two files may each have a
`__constant__` array of the same name, from a common header for example. So what a unit defines is private here,
functions too, unless another unit declares it without defining it. The names that the rewriter makes are made distinct.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from cuport.cuda.declarations import Definition, at_namespace_scope
from cuport.cuda.parse import ancestor, walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.program import Program, program_of
from cuport.kernel import Source

_OURS = re.compile(r"\bcuport_(launch|info|pointer|shared|known|template|body|rows|cut|global|instance|entry)_(?=\w)")
_SHARED_WORDS = {"static", "inline", "__inline__", "__inline", "__forceinline__", "constexpr", "extern", "__host__"}
_DEVICE_VARIABLE = re.compile(r"\b__(constant|device|managed)__\b")


@dataclass(frozen=True)
class Place:
    """One unit among the units of a program."""

    mark: str  # part of every name of ours in it
    wanted: frozenset[str]  # qualified names of device code that some unit declares and does not define


def places(sources: Sequence[Source]) -> tuple[Place | None, ...]:
    """The place of each unit; None for a unit that is the whole program."""
    if len(sources) < 2:
        return (None,) * len(sources)
    wanted: set[str] = set()
    for source in sources:
        program = program_of(source)
        wanted |= program.missing_functions
        for node, head in _variables(program):
            if re.search(r"\bextern\b", head):
                wanted |= {"::".join((*program.unit.scope(node), name)) for name in _names(program, node)}
    return tuple(Place(f"u{number}", frozenset(wanted)) for number in range(len(sources)))


def keep_private(program: Program, edits: Edits, place: Place) -> None:
    """Makes `static` what no other unit asks for."""
    announced: dict[str, list[Definition]] = {}
    for p in program.prototypes:
        announced.setdefault(p.qualified, []).append(p)
    for d in program.definitions:
        heads = [d, *announced.get(d.qualified, ())]
        if "__device__" not in d.words or d.is_kernel or d.template_params or d.qualified in place.wanted:
            continue
        if "::" in d.spelled or not at_namespace_scope(d.node) or any(h.words & _SHARED_WORDS for h in heads):
            continue
        if ancestor(d.node, "field_declaration_list") is not None:  # a class's: `static` says something else there
            continue
        if any(ancestor(h.node, "linkage_specification") is not None for h in heads):
            continue
        for head in heads:
            if not head.template_params:
                edits.insert(head.node.start_byte, "static ")
    for node, head in _variables(program):
        scope = program.unit.scope(node)
        wanted = any("::".join((*scope, name)) in place.wanted for name in _names(program, node))
        if not wanted and not re.search(r"\b(static|extern|inline)\b", head):
            edits.insert(node.start_byte, "static ")


def marked(text: str, place: Place) -> str:
    """The rewritten text with the unit's mark in every name that the rewriter made."""
    return _OURS.sub(rf"cuport_\1_{place.mark}_", text)


def _variables(program: Program) -> list[tuple[Node, str]]:
    """Declarations of device variables at namespace scope, each with the text before its first declarator."""
    found = []
    for node in walk(program.unit.root):
        if node.type != "declaration" or not at_namespace_scope(node):
            continue
        if node.parent is not None and node.parent.type == "template_declaration":
            continue
        declarators = node.children_by_field_name("declarator")
        if not declarators or declarators[0].type == "function_declarator":
            continue
        head = program.unit.bytes[node.start_byte : declarators[0].start_byte].decode(errors="replace")
        if _DEVICE_VARIABLE.search(head):
            found.append((node, head))
    return found


def _names(program: Program, node: Node) -> list[str]:
    names = []
    for declarator in node.children_by_field_name("declarator"):
        inner: Node | None = declarator
        while inner is not None and inner.type != "identifier":
            following = inner.child_by_field_name("declarator")
            inner = following if following is not None else (inner.named_children[0] if inner.named_children else None)
        if inner is not None:
            names.append(program.unit.text_of(inner))
    return names
