"""Structs that can be walked member by member, and global variables that are known by name."""

from __future__ import annotations

import re

from tree_sitter import Node

from cuport.cuda.declarations import at_namespace_scope
from cuport.cuda.lexer import names
from cuport.cuda.parse import walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.program import Program
from cuport.cuda.unit import Unit

_CLASSES = ("struct_specifier", "class_specifier")
_HOST_ONLY = re.compile(
    r"\bstd\s*::\s*(?!complex|array|pair|u?int|size_t|ptrdiff_t|numeric_limits|integral_constant|is_)"
)


def rewrite_structs(program: Program, edits: Edits) -> None:
    """Gives every struct that device code may hold a member function that names its members in order."""
    unit = program.unit
    wanted = _device_words(program)
    for node in walk(unit.root):
        if node.type not in _CLASSES:
            continue
        body = node.child_by_field_name("body")
        if body is None:
            continue
        name = node.child_by_field_name("name")
        typedef = node.parent is not None and node.parent.type == "type_definition"
        if name is None and not typedef:
            continue  # an unnamed member or variable's type
        if wanted is not None and name is not None and not (names(unit.text_of(name)) & wanted):
            continue
        if _HOST_ONLY.search("".join(unit.text_of(c) for c in body.named_children if c.type == "field_declaration")):
            continue
        calls = _member_calls(unit, node, body)
        if not calls:
            continue
        if _is_packed(unit, node, body):
            calls = ["cuport_v.opaque();"]  # no reference can be made to its members
        edits.insert(
            body.end_byte - 1, f" public: void cuport_visit(cuport::Fields& cuport_v) {{ {' '.join(calls)} }} "
        )


def _device_words(program: Program) -> frozenset[str] | None:
    """Every name in device code and in launches; None: any, since a template takes any type."""
    words: set[str] = set()
    for kernel in program.source.kernels:
        words |= names(kernel.text)
        for site in kernel.launches:
            words |= names(" ".join((*site.args, *site.template_args)))
        if any(p.kind == "type" for p in kernel.template_params):
            return None
    for f in program.source.functions:
        if f.device:
            words |= names(f.text)
    for g in program.source.globals:
        words |= names(g.ctype.name)
    for _ in range(4):  # structs inside structs
        for s in program.source.structs:
            if s.name in words:
                for p in s.fields:
                    words |= names(p.ctype.name)
    return frozenset(words)


def _member_calls(unit: Unit, node: Node, body: Node) -> list[str]:
    calls: list[str] = []
    for clause in (c for c in node.children if c.type == "base_class_clause"):
        for base in clause.named_children:
            if base.type in ("type_identifier", "template_type", "qualified_identifier"):
                text = unit.flat(base)
                calls.append(f'cuport_v("{text}", static_cast<{text}&>(*this));')
    for member in body.named_children:
        if member.type != "field_declaration":
            continue
        if any(unit.text_of(c) in ("static", "friend", "constexpr", "typedef", "using") for c in member.children):
            continue
        declarators = member.children_by_field_name("declarator")
        ctype = member.child_by_field_name("type")
        if not declarators:
            if (
                ctype is not None
                and ctype.type in ("union_specifier", *_CLASSES)
                and ctype.child_by_field_name("name") is None
            ):
                calls.append("cuport_v.opaque();")
            continue
        if any(c.type == "bitfield_clause" for c in member.children):
            calls.append("cuport_v.opaque();")
            continue
        for declarator in declarators:
            name, plain = _member(unit, declarator)
            if name is None:
                continue  # a method
            calls.append(f'cuport_v("{name}", {name});' if plain else "cuport_v.opaque();")
    return calls


_PRAGMA_PACK = re.compile(r"#\s*pragma\s+pack\s*\(([^)\n]*)\)")


def _is_packed(unit: Unit, node: Node, body: Node) -> bool:
    """Whether its members may lie where their types would not."""
    head = unit.bytes[node.start_byte : body.start_byte]
    tail = unit.bytes[body.end_byte : body.end_byte + 80].split(b";")[0]
    if re.search(rb"\bpacked\b|__packed__", head + b" " + tail):
        return True
    pragmas = _PRAGMA_PACK.findall(unit.bytes[: node.start_byte].decode(errors="replace"))
    return bool(pragmas) and any(c.isdigit() for c in pragmas[-1])


def _member(unit: Unit, declarator: Node) -> tuple[str | None, bool]:
    """A data member's name, and whether a reference to it can be taken; (None, ...) for a method."""
    node: Node | None = declarator
    plain = True
    while node is not None:
        if node.type == "field_identifier":
            return unit.text_of(node), plain
        if node.type == "reference_declarator":
            plain = False
        if node.type == "function_declarator":
            inner = node.child_by_field_name("declarator")
            if inner is None or inner.type != "parenthesized_declarator":
                return None, False
        if node.type == "array_declarator" and node.child_by_field_name("size") is None:
            plain = False
        inner = node.child_by_field_name("declarator")
        node = inner if inner is not None else (node.named_children[-1] if node.named_children else None)
    return None, False


def rewrite_globals(program: Program, edits: Edits) -> None:
    """Registers `__constant__`, `__device__` and `__managed__` variables after their definitions."""
    unit = program.unit
    known = {g.qualified for g in program.source.globals}
    number = 0
    for node in walk(unit.root):
        if node.type != "declaration" or not at_namespace_scope(node) or edits.covers(node.start_byte):
            continue
        if node.parent is not None and node.parent.type == "template_declaration":
            continue
        declarators = node.children_by_field_name("declarator")
        if not declarators:
            continue
        head = unit.bytes[node.start_byte : declarators[0].start_byte].decode(errors="replace")
        if not re.search(r"\b__(constant|device|managed)__\b", head) or re.search(r"\bextern\b", head):
            continue
        scope = unit.scope(node)
        for declarator in declarators:
            name = _variable(unit, declarator)
            qualified = "::".join((*scope, name or ""))
            if name is None or qualified not in known:
                continue
            edits.insert_after(
                node.end_byte,
                # in two parentheses, since nvcc does not take a managed variable's name alone
                f" static const cuport::RegisterGlobal<std::remove_reference_t<decltype(({name}))>> "
                f'cuport_global_{number}("{qualified}", &{name});',
            )
            number += 1


def _variable(unit: Unit, declarator: Node) -> str | None:
    node: Node | None = declarator
    while node is not None:
        if node.type == "identifier":
            return unit.text_of(node)
        if node.type == "qualified_identifier":  # a class's static member, defined outside
            return unit.flat(node).replace(" ", "")
        if node.type == "function_declarator":
            inner = node.child_by_field_name("declarator")
            if inner is None or inner.type != "parenthesized_declarator":
                return None
        inner = node.child_by_field_name("declarator")
        node = inner if inner is not None else (node.named_children[0] if node.named_children else None)
    return None
