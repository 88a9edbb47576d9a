"""The head of a kernel in pieces, to write other functions of the same parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from cuport.cuda.rewrite.program import KernelHead
from cuport.cuda.unit import Unit


@dataclass(frozen=True)
class Signature:
    """A kernel's head in pieces, with names of our own for template parameters and parameters that have none."""

    template: str  # "template <typename T, int N = 4>" or ""
    bare_template: str  # the same without defaults
    template_args: str  # "<T, N>" or ""
    params: str  # "T* cuport_0, int cuport_1 = 3"
    types: str  # the same without defaults: a function type's parameters
    args: str  # "cuport_0, cuport_1"
    given: str  # the parameters as they are written, without defaults
    template_params: tuple[str, ...] = ()  # the parameters of `bare_template`
    references: frozenset[str] = frozenset()  # our names of parameters that are references


def read_signature(unit: Unit, head: KernelHead) -> Signature:
    definition = head.definition
    whole = definition.whole
    template = bare = args = ""
    bare_parts: list[str] = []
    if whole.type == "template_declaration":
        listed = whole.child_by_field_name("parameters")
        full_parts, names = [], []
        for given, node in zip(
            definition.template_params,
            (n for n in (listed.named_children if listed is not None else ()) if n.type != "comment"),
            strict=True,
        ):
            full, plain, name = _template_param(unit, node, given.name)
            full_parts.append(full)
            bare_parts.append(plain)
            names.append(name)
        template = f"template <{', '.join(full_parts)}>"
        bare = f"template <{', '.join(bare_parts)}>"
        args = f"<{', '.join(names)}>"
    declarator = definition.node.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator")
    parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
    full_params, types, names, given_params = [], [], [], []
    references: set[str] = set()
    for node in parameters.named_children if parameters is not None else ():
        if not node.type.endswith("parameter_declaration"):
            continue
        if unit.flat(node) == "void":
            continue
        full, plain, name = _param(unit, node, f"cuport_{len(names)}")
        full_params.append(full)
        types.append(plain)
        names.append(name)
        given_params.append(_as_written(unit, node))
        declared = node.child_by_field_name("declarator")
        if declared is not None and declared.type.endswith("reference_declarator") and not name.endswith("..."):
            references.add(name)
    written, plain_types, passed, as_given = (", ".join(p) for p in (full_params, types, names, given_params))
    pieces = (template, bare, args, written, plain_types, passed, as_given)
    return Signature(*pieces, tuple(bare_parts), frozenset(references))


def _template_param(unit: Unit, node: Node, name: str) -> tuple[str, str, str]:
    """A template parameter's text with and without its default, and its name as an argument; named if it was not."""
    pack = "variadic" in node.type
    default = node.child_by_field_name("default_type") or node.child_by_field_name("default_value")
    end = default.start_byte if default is not None else node.end_byte
    text = unit.bytes[node.start_byte : end].decode().rstrip()
    text = " ".join(text.removesuffix("=").split())
    if not re.search(rf"\b{re.escape(name)}\b", text):  # not always at the end: void (*F)(float)
        text = f"{text} {name}"
    full = text + (f" = {unit.flat(default)}" if default is not None else "")
    return full, text, name + ("..." if pack else "")


def _param(unit: Unit, node: Node, name: str) -> tuple[str, str, str]:
    """A parameter's text with our name in it, with and without its default, and how it is passed on."""
    declarator = node.child_by_field_name("declarator")
    default = node.child_by_field_name("default_value")
    end = default.start_byte if default is not None else node.end_byte
    body = unit.bytes[node.start_byte : end]
    pack = node.type == "variadic_parameter_declaration"
    named = _name_node(declarator)
    if named is not None:
        start, stop = named.start_byte - node.start_byte, named.end_byte - node.start_byte
        text = body[:start].decode() + name + body[stop:].decode()
    else:
        text = body.decode().rstrip().removesuffix("=") + f" {name}"
        if b"[" in body:
            before, bracket, rest = body.decode().partition("[")
            text = f"{before} {name}{bracket}{rest}"
    text = " ".join(text.split()).removesuffix("=").rstrip()
    text = text.replace("__grid_constant__", "").strip()
    full = text + (f" = {unit.flat(default)}" if default is not None else "")
    return full, text, name + ("..." if pack else "")


def _as_written(unit: Unit, node: Node) -> str:
    default = node.child_by_field_name("default_value")
    end = default.start_byte if default is not None else node.end_byte
    return " ".join(unit.bytes[node.start_byte : end].decode().split()).removesuffix("=").rstrip()


def _name_node(declarator: Node | None) -> Node | None:
    node = declarator
    while node is not None:
        if node.type == "identifier":
            return node
        inner = node.child_by_field_name("declarator")
        node = (
            inner
            if inner is not None
            else next(
                (c for c in reversed(node.named_children) if c.type.endswith("declarator") or c.type == "identifier"),
                None,
            )
        )
    return None
