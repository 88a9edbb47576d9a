"""What a translation unit declares, found in the syntax tree: functions, structs, aliases, constants, globals.

Names are looked up by their last component and, where several declarations share it, by how much of the qualified name
agrees: enough for the single-file programs this reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from tree_sitter import Node

CONVERSION = "operator cast"  # the name of conversion functions, whatever type they convert to


def text_of(node: Node | None) -> str:
    """The source text of a node; empty for None."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def named(node: Node) -> list[Node]:
    """Named children without comments."""
    return [c for c in node.named_children if c.type != "comment"]


@dataclass(frozen=True)
class TemplateParamDecl:
    name: str
    kind: Literal["type", "value"]
    default: Node | None = None
    pack: bool = False
    type_node: Node | None = None  # of a value parameter


@dataclass(frozen=True, eq=False)
class FunctionDecl:
    """A function with a body. `node` is the function_definition (or lambda_expression)."""

    name: str
    qualified: str
    node: Node
    declarator: Node  # the function_declarator
    body: Node
    templates: tuple[TemplateParamDecl, ...] = ()
    specialized: tuple[Node, ...] | None = None  # template arguments of an explicit specialization
    kernel: bool = False
    device: bool = False
    owner: str = ""  # qualified name of the struct it belongs to
    static: bool = False

    @property
    def parameters(self) -> list[Node]:
        listing = self.declarator.child_by_field_name("parameters")
        kinds = ("parameter_declaration", "optional_parameter_declaration", "variadic_parameter_declaration")
        found = [c for c in named(listing) if c.type in kinds] if listing is not None else []
        return [p for p in found if text_of(p) != "void"]


@dataclass(frozen=True, eq=False)
class StructDecl:
    """A struct, class or union."""

    name: str
    qualified: str
    node: Node
    templates: tuple[TemplateParamDecl, ...] = ()
    specialized: tuple[Node, ...] | None = None
    methods: dict[str, list[FunctionDecl]] = field(default_factory=dict)
    constants: dict[str, tuple[Node, Node]] = field(default_factory=dict)  # name -> (declaration, initializer)
    aliases: dict[str, tuple[Node, Node | None]] = field(default_factory=dict)
    union: bool = False


@dataclass(frozen=True, eq=False)
class AliasDecl:
    """typedef or using: the type specifier (or type_descriptor) and the declarator that names it."""

    name: str
    qualified: str
    type_node: Node
    declarator: Node | None
    templates: tuple[TemplateParamDecl, ...] = ()


@dataclass(frozen=True, eq=False)
class VariableDecl:
    """A variable at namespace scope. space: constant, device, managed, shared, or host."""

    name: str
    qualified: str
    declaration: Node
    declarator: Node
    value: Node | None
    space: str
    const: bool


@dataclass(frozen=True, eq=False)
class EnumeratorDecl:
    name: str
    value: Node | None
    previous: EnumeratorDecl | None


@dataclass(eq=False)
class Unit:
    """The index. Each table maps a plain name to its declarations in source order."""

    functions: dict[str, list[FunctionDecl]] = field(default_factory=dict)
    structs: dict[str, list[StructDecl]] = field(default_factory=dict)
    aliases: dict[str, list[AliasDecl]] = field(default_factory=dict)
    variables: dict[str, list[VariableDecl]] = field(default_factory=dict)
    enumerators: dict[str, EnumeratorDecl] = field(default_factory=dict)
    enums: set[str] = field(default_factory=set)
    enum_types: dict[str, Node] = field(default_factory=dict)

    def kernel(self, qualified: str, line: int | None = None) -> FunctionDecl | None:
        """The kernel with this qualified name; of overloads the one whose definition holds `line`."""
        found = [f for fs in self.functions.values() for f in fs if f.kernel and f.qualified == qualified]
        if line is not None:
            for f in found:
                outer = f.node.parent if f.node.parent is not None and f.templates else f.node
                if outer.start_point.row + 1 <= line <= f.node.end_point.row + 1:
                    return f
        return found[0] if found else None


class _Qualified(Protocol):
    @property
    def qualified(self) -> str: ...


T_ = TypeVar("T_", bound=_Qualified)


def best(candidates: Sequence[T_], qualified: str) -> T_:
    """The declaration whose qualified name shares the longest tail with `qualified`; the last one of equals."""
    wanted = qualified.split("::")[::-1]

    def score(candidate: T_) -> int:
        have = candidate.qualified.split("::")[::-1]
        same = 0
        for a, b in zip(wanted, have, strict=False):
            if a != b:
                break
            same += 1
        return same

    return max(candidates, key=score)


SPACES = {
    "__constant__": "constant",
    "__managed__": "managed",
    "__shared__": "shared",
    "__device__": "device",
}


def unit_of(root: Node) -> Unit:
    """Index a whole tree."""
    unit = Unit()
    _walk(unit, root, "", (), None)
    return unit


def _join(prefix: str, name: str) -> str:
    return f"{prefix}::{name}" if prefix else name


def _walk(
    unit: Unit, node: Node, prefix: str, templates: tuple[TemplateParamDecl, ...], owner: StructDecl | None
) -> None:
    for child in named(node):
        _declaration(unit, child, prefix, templates, owner)


def _declaration(
    unit: Unit, node: Node, prefix: str, templates: tuple[TemplateParamDecl, ...], owner: StructDecl | None
) -> None:
    kind = node.type
    if kind == "namespace_definition":
        name = text_of(node.child_by_field_name("name"))
        body = node.child_by_field_name("body")
        if body is not None:
            _walk(unit, body, _join(prefix, name) if name else prefix, (), None)
    elif kind == "linkage_specification":
        body = node.child_by_field_name("body")
        if body is not None:
            if body.type == "declaration_list":
                _walk(unit, body, prefix, (), None)
            else:
                _declaration(unit, body, prefix, (), None)
    elif kind == "template_declaration":
        inner = template_params(node.child_by_field_name("parameters"))
        for child in named(node):
            if child.type not in ("template_parameter_list", "requires_clause"):
                _declaration(unit, child, prefix, (*templates, *inner), owner)
    elif kind == "function_definition":
        _function(unit, node, prefix, templates, owner)
    elif kind in ("struct_specifier", "class_specifier", "union_specifier"):
        _struct(unit, node, prefix, templates)
    elif kind == "enum_specifier":
        _enum(unit, node)
    elif kind in ("type_definition", "alias_declaration"):
        _alias(unit, node, prefix, templates, owner)
    elif kind in ("declaration", "field_declaration"):
        _variables(unit, node, prefix, templates, owner)


def template_params(node: Node | None) -> tuple[TemplateParamDecl, ...]:
    """The parameters of a template_parameter_list."""
    found: list[TemplateParamDecl] = []
    for child in named(node) if node is not None else []:
        if "type_parameter" in child.type:
            default = child.child_by_field_name("default_type")
            names = [c for c in named(child) if c.type == "type_identifier" and c != default]
            name = child.child_by_field_name("name") or (names[0] if names else None)
            found.append(TemplateParamDecl(text_of(name), "type", default, child.type.startswith("variadic")))
        elif "parameter_declaration" in child.type:
            declarator = child.child_by_field_name("declarator")
            default = child.child_by_field_name("default_value")
            pack = child.type.startswith("variadic")
            kind = child.child_by_field_name("type")
            found.append(TemplateParamDecl(text_of(innermost(declarator)), "value", default, pack, kind))
    return tuple(found)


def innermost(declarator: Node | None) -> Node | None:
    """The name inside a declarator: through pointers, references, arrays, functions, parentheses."""
    node = declarator
    while node is not None:
        inner = node.child_by_field_name("declarator")
        if inner is None and node.type in (
            "parenthesized_declarator",
            "reference_declarator",
            "variadic_declarator",
            "attributed_declarator",
        ):
            inner = next((c for c in named(node)), None)
        if inner is None:
            return node
        node = inner
    return None


def function_declarator(node: Node | None) -> Node | None:
    """The function_declarator inside a function_definition's declarator."""
    while node is not None and node.type != "function_declarator":
        inner = node.child_by_field_name("declarator")
        node = inner if inner is not None else next((c for c in named(node) if "declarator" in c.type), None)
    return node


def words(node: Node) -> set[str]:
    """Specifiers and qualifiers that stand directly in a declaration, as text."""
    return {text_of(c) for c in node.children if c.type not in ("compound_statement",) and c.child_count <= 1}


def _function(
    unit: Unit, node: Node, prefix: str, templates: tuple[TemplateParamDecl, ...], owner: StructDecl | None
) -> None:
    whole = node.child_by_field_name("declarator")
    body = node.child_by_field_name("body")
    if whole is not None and whole.type == "operator_cast" and owner is not None and body is not None:
        name = CONVERSION
        inner = whole
        while inner.type != "abstract_function_declarator":
            deeper = inner.child_by_field_name("declarator")
            if deeper is None:
                return
            inner = deeper
        decl = FunctionDecl(name, f"{owner.qualified}::{name}", node, inner, body, templates, owner=owner.qualified)
        owner.methods.setdefault(name, []).append(decl)
        return
    declarator = function_declarator(whole)
    if declarator is None or body is None:
        return
    name_node = declarator.child_by_field_name("declarator")
    if name_node is None:
        return
    scope = prefix
    while name_node.type == "qualified_identifier":
        scope = _join(scope, text_of(name_node.child_by_field_name("scope")))
        at = name_node.child_by_field_name("name")
        if at is None:
            return
        name_node = at
    specialized = None
    if name_node.type in ("template_function", "template_method"):
        arguments = name_node.child_by_field_name("arguments")
        specialized = tuple(named(arguments)) if arguments is not None else ()
        name_node = name_node.child_by_field_name("name") or name_node
    name = "".join(text_of(name_node).split())
    specifiers = words(node)
    decl = FunctionDecl(
        name,
        _join(scope, name),
        node,
        declarator,
        body,
        templates,
        specialized,
        "__global__" in specifiers,
        "__device__" in specifiers,
        owner.qualified if owner is not None else (scope if scope != prefix else ""),
        "static" in specifiers,
    )
    if owner is not None:
        owner.methods.setdefault(name, []).append(decl)
        return
    if scope != prefix:  # S::f defined outside of its struct
        for struct in unit.structs.get(scope.split("::")[-1], []):
            struct.methods.setdefault(name, []).append(decl)
    unit.functions.setdefault(name, []).append(decl)


def _struct(unit: Unit, node: Node, prefix: str, templates: tuple[TemplateParamDecl, ...]) -> StructDecl | None:
    body = node.child_by_field_name("body")
    if body is None:
        return None
    name_node = node.child_by_field_name("name")
    specialized = None
    if name_node is not None and name_node.type == "template_type":
        arguments = name_node.child_by_field_name("arguments")
        specialized = tuple(named(arguments)) if arguments is not None else ()
        name_node = name_node.child_by_field_name("name")
    name = text_of(name_node) or f"unnamed_{node.start_byte}"
    decl = StructDecl(name, _join(prefix, name), node, templates, specialized, union=node.type == "union_specifier")
    unit.structs.setdefault(name, []).append(decl)
    for child in named(body):
        if child.type == "field_declaration":
            _nested(unit, child, decl)
        else:
            _declaration(unit, child, decl.qualified, (), decl)
    return decl


def _nested(unit: Unit, node: Node, owner: StructDecl) -> None:
    """A data member: keep static constants; index a struct that is defined in place."""
    kind = node.child_by_field_name("type")
    if kind is not None and kind.type in ("struct_specifier", "class_specifier", "union_specifier"):
        _struct(unit, kind, owner.qualified, ())
    elif kind is not None and kind.type == "enum_specifier":
        _enum(unit, kind)
    value = node.child_by_field_name("default_value")
    if "static" in words(node) and value is not None:
        owner.constants[text_of(innermost(node.child_by_field_name("declarator")))] = (node, value)


def _enum(unit: Unit, node: Node) -> None:
    name = text_of(node.child_by_field_name("name"))
    if name:
        unit.enums.add(name)
        base = node.child_by_field_name("base")
        if base is not None:
            unit.enum_types[name] = base
    previous: EnumeratorDecl | None = None
    body = node.child_by_field_name("body")
    for child in named(body) if body is not None else []:
        if child.type == "enumerator":
            previous = EnumeratorDecl(
                text_of(child.child_by_field_name("name")), child.child_by_field_name("value"), previous
            )
            unit.enumerators.setdefault(previous.name, previous)
            if name:
                unit.enumerators.setdefault(f"{name}::{previous.name}", previous)


def _alias(
    unit: Unit, node: Node, prefix: str, templates: tuple[TemplateParamDecl, ...], owner: StructDecl | None
) -> None:
    kind = node.child_by_field_name("type")
    if kind is None:
        return
    if kind.type in ("struct_specifier", "class_specifier", "union_specifier"):
        _struct(unit, kind, prefix, ())
    elif kind.type == "enum_specifier":
        _enum(unit, kind)
    if node.type == "alias_declaration":
        pairs: list[tuple[str, Node | None]] = [(text_of(node.child_by_field_name("name")), None)]
    else:
        pairs = [(text_of(innermost(d)), d) for d in node.children_by_field_name("declarator")]
    for name, declarator in pairs:
        if owner is not None:
            owner.aliases[name] = (kind, declarator)
        unit.aliases.setdefault(name, []).append(AliasDecl(name, _join(prefix, name), kind, declarator, templates))


def _variables(
    unit: Unit, node: Node, prefix: str, templates: tuple[TemplateParamDecl, ...], owner: StructDecl | None
) -> None:
    kind = node.child_by_field_name("type")
    if kind is not None and kind.type in ("struct_specifier", "class_specifier", "union_specifier"):
        _struct(unit, kind, prefix, templates)
    elif kind is not None and kind.type == "enum_specifier":
        _enum(unit, kind)
    specifiers = words(node)
    space = next((name for word, name in SPACES.items() if word in specifiers), "host")
    const = bool(specifiers & {"const", "constexpr"}) and not any(
        "pointer" in d.type for d in node.children_by_field_name("declarator")
    )
    for d in node.children_by_field_name("declarator"):
        value = None
        declarator = d
        if d.type == "init_declarator":
            value = d.child_by_field_name("value")
            declarator = d.child_by_field_name("declarator") or d
        if function_declarator(declarator) is not None and declarator.type != "parenthesized_declarator":
            continue  # a prototype
        name = text_of(innermost(declarator))
        if owner is not None:
            if value is not None:
                owner.constants[name] = (node, value)
            continue
        unit.variables.setdefault(name, []).append(
            VariableDecl(name, _join(prefix, name), node, declarator, value, space, const or "constexpr" in specifiers)
        )


def add_struct(unit: Unit, node: Node, templates: tuple[TemplateParamDecl, ...]) -> None:
    """Index one struct: for those that functions define inside."""
    _struct(unit, node, "", templates)
