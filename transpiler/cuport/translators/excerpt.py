"""The part of a source that one kernel needs: what a model is shown of a file.

Kept are the kernel, the device functions it reaches, and the declarations at namespace scope whose names these mention
(constants, enums, typedefs, structs, globals), each with the comment above it, in the order of the file. Names are
followed until nothing new turns up, so that a macro-free text stands on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from cuport.cuda.parse import parse
from cuport.kernel import Kernel, Source

_NAME = re.compile(r"[A-Za-z_]\w*")
_SCOPES = ("namespace_definition", "linkage_specification", "declaration_list")
_VECTOR = re.compile(r"\b[a-z]+[1-4]\b")
_BODIES = ("compound_statement", "field_declaration_list", "parameter_list", "initializer_list", "lambda_expression")


@dataclass(frozen=True)
class _Item:
    """One declaration at namespace scope. `names` is what it declares."""

    text: str
    comment: str
    names: frozenset[str]
    function: bool
    scope: str


def excerpt(source: Source, kernel: Kernel) -> str:
    """CUDA text with everything `kernel` needs; at least the kernel itself, whatever the parser makes of the rest."""
    wanted = kernel.text.strip()
    items = [item for item in _items(source.text) if item.text.strip() not in wanted or wanted in item.text]
    kept = {i for i, item in enumerate(items) if wanted in item.text}
    # Where the grammar took the kernel apart (extern "C" before a qualifier), its own text is put at the end.
    alone = [] if kept else [wanted]
    mentioned = _words(wanted) | {name.rpartition("::")[2] for name in (*kernel.calls, *kernel.globals)}
    types = {name for item in items if not item.function for name in item.names} | set(_VECTOR.findall(source.text))
    while True:
        new = {i for i, item in enumerate(items) if i not in kept and _needed(item, mentioned, types)}
        if not new:
            break
        kept |= new
        for i in new:
            mentioned |= _words(items[i].text)
    return "\n\n".join([*(_shown(items[i], kernel) for i in sorted(kept)), *alone])


def _needed(item: _Item, mentioned: set[str], types: set[str]) -> bool:
    if item.function and ("__global__" in item.text or not _on_device(item.text)):
        return False
    if any(name.startswith("operator") for name in item.names):
        return bool(_words(item.text.partition("{")[0]) & mentioned & types)
    return bool(item.names & mentioned)


def _on_device(text: str) -> bool:
    head = text.partition("{")[0]
    return "__device__" in head or "constexpr" in head


def _shown(item: _Item, kernel: Kernel) -> str:
    scope = kernel.qualified.rpartition("::")[0]
    where = f"// in namespace {item.scope}\n" if item.scope and item.scope != scope else ""
    return f"{where}{item.comment}{item.text}"


def _items(text: str) -> Iterator[_Item]:
    data = text.encode()
    yield from _below(parse(text).root_node, data, "")


def _below(parent: Node, data: bytes, scope: str) -> Iterator[_Item]:
    comment: list[str] = []
    last_row = -2
    for node in parent.named_children:
        body = data[node.start_byte : node.end_byte].decode(errors="replace")
        if node.type == "comment":
            if node.start_point[0] > last_row + 1:
                comment.clear()
            comment.append(body)
            last_row = node.end_point[0]
            continue
        if node.type in _SCOPES:
            name = node.child_by_field_name("name")
            inner = node.child_by_field_name("body")
            label = name.text.decode(errors="replace") if name is not None and name.text else ""
            within = "::".join(filter(None, (scope, label)))
            yield from _below(inner if inner is not None else node, data, within)
        elif not node.type.startswith("preproc_"):
            above = "\n".join(comment) + "\n" if comment and node.start_point[0] <= last_row + 1 else ""
            # A declaration's `;` may stand beside its node.
            tail = data[node.end_byte : node.end_byte + 1]
            if tail == b";" and not body.endswith(";"):
                body += ";"
            yield _Item(body, above, frozenset(_declared(node)), _is_function(node), scope)
        comment.clear()


def _is_function(node: Node) -> bool:
    while node.type == "template_declaration" and node.named_children:
        node = node.named_children[-1]
    return node.type == "function_definition"


def _declared(node: Node) -> Iterator[str]:
    """Names that a declaration introduces: of types, functions, variables and enumerators, not of their members."""
    stack = [node]
    while stack:
        current = stack.pop()
        for index, child in enumerate(current.children):
            field = current.field_name_for_child(index)
            passive = field in ("value", "default_value", "parameters", "type") and not _defines(child)
            if passive or child.type in _BODIES:
                continue
            if field in ("name", "declarator") and child.type in _LEAVES:
                name = child.text.decode(errors="replace") if child.text else ""
                yield name.rpartition("::")[2].strip()
            stack.append(child)


_LEAVES = (
    "identifier",
    "type_identifier",
    "qualified_identifier",
    "operator_name",
    "field_identifier",
    "template_type",
)


def _defines(node: Node) -> bool:
    """`typedef struct {...} P;` and `struct P {...} p;` declare inside their type; other types only mention names."""
    return node.type in ("struct_specifier", "class_specifier", "union_specifier", "enum_specifier")


def _words(text: str) -> set[str]:
    return set(_NAME.findall(text))
