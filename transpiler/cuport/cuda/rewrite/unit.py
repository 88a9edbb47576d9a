"""Unit builds: which declarations stay, how instances are registered, how scalars are replaced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from cuport.cuda.launches import split_template
from cuport.cuda.lexer import names
from cuport.cuda.parse import walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.program import Program
from cuport.cuda.unit import Unit, plain_name
from cuport.diagnostic import fail

# Headers that device code needs at most for a name the runtime does not bring; kept only if such a name is used.
_HEADER_NAMES = re.compile(r"<(\w[\w./]*)>")
_ALWAYS_KEPT = re.compile(
    r"cooperative_groups.*|cuda_fp16.*|cuda_bf16.*|cuda_fp8.*|math_constants.*|cuda.*|vector_.*|helper_math.*|mma.*|cub/.*"
    r"|thrust/.*|cu\w+|cuComplex\.h|curand.*|c?float(\.h)?|c?limits(\.h)?|c?stdint(\.h)?|type_traits|limits|cstddef"
    r"|stddef\.h|utility|cmath|math\.h"
    r"|cassert|assert\.h|c?stdio(\.h)?|c?stdlib(\.h)?|c?string(\.h)?|initializer_list|device_\w+.*|\w*_functions.*|complex"
    r"|array|tuple|algorithm|numeric|bit|cuda/.*"
)
_HEAVY = {"complex": "complex", "array": "array", "tuple": "tuple|tie|get", "algorithm": "", "numeric": ""}


@dataclass(frozen=True)
class _Item:
    """Something at namespace or class scope that stays or goes as a whole."""

    node: Node
    given: frozenset[str]
    used: frozenset[str]
    root: bool  # stays in any case


# Words in the head of any operator that lead nowhere.
_PLAIN = {"const", "inline", "static", "template", "typename", "float", "double", "int", "unsigned", "bool"} | {
    "__device__",
    "__host__",
}


def blank_host_code(program: Program, edits: Edits, wanted: frozenset[str], instances: Sequence[str] = ()) -> None:
    """Remove what none of the wanted kernels (qualified names) leads to, nor the template arguments of `instances`.

    Names are followed without regard to scope: rather too much than too little.
    """
    unit = program.unit
    items: list[_Item] = []
    _collect(program, unit.root, items, wanted)
    reached: set[str] = set()
    kept: set[int] = set()
    todo: set[str] = {name for instance in instances for name in names(instance)}
    for item in items:
        if item.root:
            kept.add(item.node.start_byte)
            todo |= item.used
    while todo:
        reached |= todo
        more: set[str] = set()
        for item in items:
            if item.node.start_byte not in kept and item.given & todo:
                kept.add(item.node.start_byte)
                more |= item.used
        todo = more - reached
    for item in items:
        if item.node.start_byte not in kept:
            edits.blank(item.node.start_byte, item.node.end_byte)
        else:
            _blank_methods(program, item.node, edits)
    _blank_includes(unit, edits, reached)


_KEPT_WHOLE = ("using_declaration", "namespace_alias_definition", "static_assert_declaration")


def _collect(program: Program, node: Node, items: list[_Item], wanted: frozenset[str]) -> None:
    """The items of a scope and of the namespaces in it."""
    for child in node.named_children:
        body = child.child_by_field_name("body")
        if child.type == "namespace_definition" or (
            child.type == "linkage_specification" and body is not None and body.type == "declaration_list"
        ):
            if body is not None:
                _collect(program, body, items, wanted)
        elif child.type == "linkage_specification" and body is not None:
            items.append(_item(program, child, body, wanted))
        elif child.type == "using_declaration" and not re.match(r"using\s+namespace\b", program.unit.text_of(child)):
            # `using std::cout;` goes with the header it needs, unless kept code says `cout`
            named = names(program.unit.text_of(child))
            last = re.search(r"(\w+)\s*;?\s*$", program.unit.text_of(child))
            items.append(_Item(child, frozenset({last[1]} if last else named), frozenset(named), root=False))
        elif (
            not child.type.startswith("preproc") and child.type not in ("comment", *_KEPT_WHOLE) and not child.is_error
        ):
            items.append(_item(program, child, child, wanted))


def _item(program: Program, whole: Node, node: Node, wanted: frozenset[str]) -> _Item:
    unit = program.unit
    inner = node
    if node.type == "template_declaration":
        inner = node.named_children[-1]
    text = unit.text_of(whole)
    used = frozenset(names(text))
    if inner.type == "function_definition":
        definition = next((d for d in program.definitions if d.node.start_byte == inner.start_byte), None)
        if definition is None:
            return _Item(whole, frozenset(), used, root=True)
        if definition.is_kernel:
            return _Item(whole, frozenset(), used, root=definition.qualified in wanted)
        runs = program.is_device(definition) or bool(definition.words & {"constexpr", "consteval"})
        # a method defined outside its class goes with the class
        given = {definition.name, *definition.scope[-1:]} if runs else set()
        if runs and definition.name.startswith("operator"):  # `a * b` has no name: it goes with its operands' types
            body = inner.child_by_field_name("body")
            given |= names(text[: len(text) - len(unit.text_of(body))] if body is not None else text) - _PLAIN
        return _Item(whole, frozenset(given), used, root=False)
    if inner.type == "declaration" and re.search(r"\b__global__\b", text):
        declared = next((d for d in program.prototypes if d.node.start_byte == inner.start_byte), None)
        return _Item(whole, frozenset(), used, root=declared is None or declared.qualified in wanted)
    return _Item(whole, _given(unit, inner), used, root=inner.type in _KEPT_WHOLE)


def _given(unit: Unit, node: Node) -> frozenset[str]:
    """The names a declaration introduces, for the closure over names."""
    given: set[str] = set()
    if node.type in ("struct_specifier", "class_specifier", "union_specifier", "enum_specifier"):
        name = node.child_by_field_name("name")
        given |= names(plain_name(unit.flat(name))) if name is not None else set()
        body = node.child_by_field_name("body")
        for part in walk(body) if body is not None and node.type == "enum_specifier" else ():
            if part.type == "enumerator":
                given |= names(unit.text_of(part.child_by_field_name("name")))
        return frozenset(given)
    if node.type in ("alias_declaration", "concept_definition"):
        return frozenset(names(unit.text_of(node.child_by_field_name("name") or node.named_children[0])))
    for declarator in node.children_by_field_name("declarator"):
        given |= _leading(unit, declarator)
    ctype = node.child_by_field_name("type")
    if ctype is not None and ctype.child_by_field_name("body") is not None:
        given |= _given(unit, ctype)
    return frozenset(given)


def _leading(unit: Unit, declarator: Node) -> set[str]:
    node: Node | None = declarator
    while node is not None:
        if node.type in ("identifier", "type_identifier", "field_identifier"):
            return {unit.text_of(node)}
        if node.type == "qualified_identifier":
            return names(unit.text_of(node))
        inner = node.child_by_field_name("declarator")
        node = inner if inner is not None else (node.named_children[0] if node.named_children else None)
    return set()


def _blank_methods(program: Program, item: Node, edits: Edits) -> None:
    """Drop the host methods of a class: they may call what is not here."""
    by_start = {d.node.start_byte: d for d in program.definitions}
    for node in walk(item):
        if node.type != "field_declaration_list":
            continue
        for member in node.named_children:
            inner = (
                member.named_children[-1] if member.type == "template_declaration" and member.named_children else member
            )
            if inner.type != "function_definition":
                continue
            definition = by_start.get(inner.start_byte)
            if definition is None or program.is_device(definition):
                continue
            if definition.words & {"constexpr", "consteval"} or inner.child_by_field_name("body") is None:
                continue
            if not _touches_host(program.unit.text_of(inner)):
                continue
            edits.blank(member.start_byte, member.end_byte)


_HOST_WORDS = re.compile(
    r"<<<|\bcuda[A-Z]\w*|\bstd\s*::|\b(?:f?printf|puts|exit|abort|malloc|free|new|delete|throw|try|fopen)\b"
)


def _touches_host(text: str) -> bool:
    return _HOST_WORDS.search(text) is not None


def _blank_includes(unit: Unit, edits: Edits, reached: set[str]) -> None:
    for node in walk(unit.root):
        if node.type != "preproc_include":
            continue
        header = _HEADER_NAMES.search(unit.text_of(node))
        if header is None:
            continue
        name = header[1]
        if _ALWAYS_KEPT.fullmatch(name):
            wanted = _HEAVY.get(name)
            if wanted is None or (reached & set(wanted.split("|")) if wanted else "std" in reached):
                continue
        elif name in reached or (
            "std" in reached and name not in ("iostream", "fstream", "sstream", "chrono", "thread")
        ):
            continue
        # keep the newline that the node may end in
        end = node.end_byte - unit.bytes[node.start_byte : node.end_byte].count(b"\n")
        edits.blank(node.start_byte, end)


def wanted_kernels(program: Program, instances: Sequence[str]) -> frozenset[str]:
    """Qualified names of the kernels of these instances. Raises CuportError if there is none of a name."""
    heads = {h.name: h for h in program.heads}
    found = set()
    for instance in instances:
        name, _ = split_template(instance)
        if name not in heads:
            raise fail("oracle.no-kernel", f"no kernel of {program.source.path} is called {name}")
        found.add(heads[name].kernel.qualified)
    return frozenset(found)


def registrations(program: Program, instances: Sequence[str]) -> str:
    """The lines that make kernel instances known to the replay program under their C++ spelling."""
    lines = []
    heads = {h.name: h for h in program.heads}
    for number, instance in enumerate(dict.fromkeys(instances)):
        name, _ = split_template(instance)
        head = heads[name]
        template = instance[len(name) :].strip() if head.kernel.template_params else ""
        scope = "::".join((*head.kernel.qualified.split("::")[:-1], f"cuport_entry_{head.index}"))
        escaped = instance.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'static const cuport::Instance cuport_instance_{number}("{escaped}", &{scope}{template});')
    return "\n".join(lines)
