"""What a text declares besides kernels: typedefs, structs, functions, globals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from cuport.cuda.lexer import significant
from cuport.cuda.parse import matches
from cuport.cuda.types import Types
from cuport.cuda.unit import Unit, plain_name
from cuport.kernel import CType, GlobalVar, Param, Struct, TemplateParam

_SPACES = {"__constant__": "constant", "__device__": "device", "__managed__": "managed"}


@dataclass(frozen=True)
class Definition:
    """A function definition as a node, with what its head says. `words`: every token before the declarator."""

    node: Node
    name: str  # last part of the name, without template arguments
    qualified: str
    spelled: str  # the name with its template arguments: an explicit specialisation where they differ
    words: frozenset[str]
    scope: tuple[str, ...]
    params: tuple[Param, ...]
    template_params: tuple[TemplateParam, ...]

    @property
    def is_kernel(self) -> bool:
        return "__global__" in self.words

    @property
    def whole(self) -> Node:
        """The definition with its `template <...>` line."""
        parent = self.node.parent
        return parent if parent is not None and parent.type == "template_declaration" else self.node


def read_types(unit: Unit) -> Types:
    """All typedefs, aliases, enums and struct names of the text, structs first, the rest in order."""
    types = Types(unit)
    found: list[tuple[int, str, Node]] = []
    for captures in (*matches("structs", unit.root), *matches("typedefs", unit.root)):
        for kind, nodes in captures.items():
            found += ((n.start_byte, kind, n) for n in nodes)
    found.sort(key=lambda entry: (entry[1] != "struct", entry[0]))
    for _, kind, node in found:
        scope = unit.scope(node)
        if kind == "struct":
            if (name := node.child_by_field_name("name")) is not None:
                plain = plain_name(unit.flat(name))
                types.structs["::".join((*scope, plain))] = plain
        elif kind == "enum":
            name = node.child_by_field_name("name")
            if name is not None and node.child_by_field_name("body") is not None:
                types.aliases["::".join((*scope, unit.text_of(name)))] = types.base(node, scope)
        elif kind == "typedef":
            _typedef(types, node, scope)
        elif node.parent is not None and node.parent.type != "template_declaration":
            descriptor = node.child_by_field_name("type")
            name = node.child_by_field_name("name")
            if descriptor is not None and name is not None:
                _, ctype = types.declared(descriptor, descriptor.child_by_field_name("declarator"), scope)
                types.aliases["::".join((*scope, unit.text_of(name)))] = ctype
    return types


def _typedef(types: Types, node: Node, scope: tuple[str, ...]) -> None:
    struct = node.child_by_field_name("type")
    unnamed = (
        struct is not None
        and struct.type in ("struct_specifier", "class_specifier")
        and struct.child_by_field_name("name") is None
    )
    for declarator in node.children_by_field_name("declarator"):
        name, ctype = types.declared(node, declarator, scope)
        if not name or name == ctype.name:  # typedef struct P { ... } P;
            continue
        qualified = "::".join((*scope, name))
        if unnamed and declarator.type == "type_identifier":
            types.structs[qualified] = name
        else:
            types.aliases[qualified] = ctype


def read_structs(unit: Unit, types: Types) -> tuple[Struct, ...]:
    """Structs with their data members; those of base classes come first."""
    found: dict[str, Struct] = {}
    for captures in matches("structs", unit.root):
        node = captures["struct"][0]
        scope = unit.scope(node)
        name_node = node.child_by_field_name("name")
        name = plain_name(unit.flat(name_node)) if name_node is not None else _typedef_name(unit, node)
        if not name or (name_node is not None and name_node.type == "template_type"):  # no partial specialisations
            continue
        qualified = "::".join((*scope, name))
        parameters = template_params(unit, node)
        hidden = frozenset(p.name for p in parameters)
        fields: list[Param] = []
        for base in (c for c in node.children if c.type == "base_class_clause"):
            for part in base.named_children:
                inherited = types.lookup(unit.flat(part), scope) if part.type != "access_specifier" else None
                if inherited and inherited.struct in found:
                    fields += found[inherited.struct].fields
        body = node.child_by_field_name("body")
        for member in body.named_children if body is not None else ():
            fields += _fields(unit, types, member, (*scope, name), hidden)
        found[qualified] = Struct(name, qualified, tuple(fields), unit.span(node), parameters)
    return tuple(found.values())


def _typedef_name(unit: Unit, node: Node) -> str:
    parent = node.parent
    if parent is None or parent.type != "type_definition":
        return ""
    declarators = parent.children_by_field_name("declarator")
    return next((unit.text_of(d) for d in declarators if d.type == "type_identifier"), "")


def _fields(unit: Unit, types: Types, member: Node, scope: tuple[str, ...], hidden: frozenset[str]) -> list[Param]:
    if member.type != "field_declaration":
        return []
    if any(unit.text_of(c) == "static" for c in member.children if c.type == "storage_class_specifier"):
        return []
    fields = []
    for declarator in member.children_by_field_name("declarator"):
        inner = declarator
        while inner.type in ("pointer_declarator", "reference_declarator") and inner.named_children:
            inner = inner.named_children[-1]
        if inner.type == "function_declarator" and not _is_function_pointer(inner):
            continue
        name, ctype = types.declared(member, declarator, scope, hidden)
        if name:
            fields.append(Param(name, ctype, unit.span(declarator)))
    return fields


def _is_function_pointer(declarator: Node) -> bool:
    inner = declarator.child_by_field_name("declarator")
    return inner is not None and inner.type == "parenthesized_declarator"


def template_params(unit: Unit, node: Node) -> tuple[TemplateParam, ...]:
    """Parameters of the `template <...>` directly around a definition."""
    parent = node.parent
    if parent is None or parent.type != "template_declaration":
        return ()
    listed = parent.child_by_field_name("parameters")
    found: list[TemplateParam] = []
    for index, p in enumerate(listed.named_children if listed is not None else ()):
        if p.type == "comment":
            continue
        fallback = f"targ{index}"
        if p.type == "template_template_parameter_declaration":
            inner = p.named_children[-1]
            found.append(TemplateParam(_last_identifier(unit, inner) or fallback, "type", "template"))
        elif "type_parameter" in p.type:
            default = p.child_by_field_name("default_type")
            name = _last_identifier(unit, p.child_by_field_name("name") or p, stop=default) or fallback
            text = unit.flat(default) if default is not None else None
            found.append(TemplateParam(name, "type", "", text, pack="variadic" in p.type))
        else:
            default = p.child_by_field_name("default_value")
            declarator = p.child_by_field_name("declarator")
            name = (_last_identifier(unit, declarator) if declarator is not None else "") or fallback
            kind = unit.flat(p.child_by_field_name("type"))
            text = unit.flat(default) if default is not None else None
            found.append(TemplateParam(name, "value", kind, text, pack="variadic" in p.type))
    return tuple(found)


def _last_identifier(unit: Unit, node: Node, stop: Node | None = None) -> str:
    if node.type in ("identifier", "type_identifier"):
        return unit.text_of(node)
    for child in reversed(node.named_children):
        if stop is not None and child.start_byte == stop.start_byte:
            continue
        if name := _last_identifier(unit, child):
            return name
    return ""


def read_definitions(unit: Unit, types: Types) -> list[Definition]:
    """Every function, method and kernel with a body, in source order."""
    found = []
    for captures in matches("functions", unit.root):
        definition = define(unit, types, captures["function"][0])
        if definition is not None:
            found.append(definition)
    return found


def define(unit: Unit, types: Types, node: Node) -> Definition | None:
    """Read the head of a function definition or prototype; None if it has no readable name."""
    declarator = node.child_by_field_name("declarator")
    function = declarator
    while function is not None and function.type != "function_declarator":
        function = function.child_by_field_name("declarator") or next(
            (c for c in function.named_children if c.type.endswith("declarator")), None
        )
    if function is None or declarator is None:
        return None
    named = function.child_by_field_name("declarator")
    if named is None:
        return None
    spelled = unit.flat(named).removeprefix("::")
    qualified = "::".join((*unit.scope(node), *_parts(spelled)))
    name = _parts(spelled)[-1] if _parts(spelled) else ""
    if not name:
        return None
    scope = tuple(qualified.split("::")[:-1]) if "operator" not in name else (*unit.scope(node), *_parts(spelled)[:-1])
    whole = node.parent if node.parent is not None and node.parent.type == "template_declaration" else node
    own = template_params(unit, node)
    outer = frozenset(p.name for p in own) | _outer_template_names(unit, whole)
    head = unit.bytes[node.start_byte : named.start_byte].decode(errors="replace")
    # with `extern "C"` and attributes between: what stands before the node may belong to it as well
    if node.parent is not None and node.parent.type == "linkage_specification":
        head = unit.bytes[node.parent.start_byte : named.start_byte].decode(errors="replace")
    parameters = function.child_by_field_name("parameters")
    params = read_params(unit, types, parameters, scope, outer)
    return Definition(node, name, qualified, spelled, frozenset(significant(head)), scope, params, own)


def _parts(name: str) -> list[str]:
    if "operator" in name:
        before, _, after = name.partition("operator")
        return [*(p for p in plain_name(before).split("::") if p), "operator" + "".join(after.split())]
    return [p for p in plain_name(name).split("::") if p]


def _outer_template_names(unit: Unit, node: Node) -> frozenset[str]:
    names: set[str] = set()
    current = node.parent
    while current is not None:
        if current.type in ("struct_specifier", "class_specifier", "template_declaration"):
            names |= {p.name for p in template_params(unit, current)}
        current = current.parent
    return frozenset(names)


def read_params(
    unit: Unit, types: Types, listed: Node | None, scope: tuple[str, ...], hidden: frozenset[str]
) -> tuple[Param, ...]:
    """Parameters of a function; unnamed ones are `arg<i>`; `(void)` has none."""
    params: list[Param] = []
    for p in listed.named_children if listed is not None else ():
        if not p.type.endswith("parameter_declaration"):
            continue
        name, ctype = types.declared(p, p.child_by_field_name("declarator"), scope, hidden, decays=True)
        if ctype.name == "void" and ctype.pointer == 0 and not name:
            continue
        params.append(Param(name or f"arg{len(params)}", ctype, unit.span(p), pack="variadic" in p.type))
    return tuple(params)


def read_globals(unit: Unit, types: Types) -> tuple[GlobalVar, ...]:
    """`__constant__`, `__device__` and `__managed__` variables at namespace and class scope.

    An `extern` declaration counts only where no definition follows.
    """
    found: dict[str, tuple[bool, GlobalVar]] = {}
    for captures in matches("variables", unit.root):
        node = captures["variable"][0]
        if not at_namespace_scope(node):
            continue
        for declarator in node.children_by_field_name("declarator"):
            if _declares_function(declarator):
                continue
            head = set(significant(unit.bytes[node.start_byte : declarator.start_byte].decode(errors="replace")))
            spaces = [space for word, space in _SPACES.items() if word in head]
            if not spaces:
                continue
            scope = unit.scope(node)
            name, ctype = types.declared(node, declarator, scope)
            if not name:
                continue
            qualified = "::".join((*scope, name))
            ctype = _sized(unit, declarator, ctype)
            space = "managed" if "managed" in spaces else "constant" if "constant" in spaces else "device"
            variable = GlobalVar(name, qualified, ctype, space, unit.span(declarator))  # type: ignore[arg-type]
            external = "extern" in head
            if qualified not in found or found[qualified][0]:
                found[qualified] = (external, variable)
    return tuple(variable for _, variable in found.values())


def _sized(unit: Unit, declarator: Node, ctype: CType) -> CType:
    """`float c[] = {1, 2}`: the extent is the number of initialisers."""
    if not ctype.extents or ctype.extents[0]:
        return ctype
    value = declarator.child_by_field_name("value") or declarator.child_by_field_name("default_value")
    if value is None or value.type != "initializer_list":
        return ctype
    count = sum(c.type != "comment" for c in value.named_children)
    return CType(**{**ctype.__dict__, "extents": (str(count), *ctype.extents[1:])})


def at_namespace_scope(node: Node) -> bool:
    current = node.parent
    while current is not None:
        if current.type in ("compound_statement", "parameter_list", "lambda_expression"):
            return False
        current = current.parent
    return True


def _declares_function(declarator: Node) -> bool:
    node: Node | None = declarator
    while node is not None:
        if node.type == "function_declarator":
            return not _is_function_pointer(node)
        if node.type not in ("pointer_declarator", "reference_declarator"):
            return False
        node = node.named_children[-1] if node.named_children else None
    return False


def read_prototypes(unit: Unit, types: Types) -> list[Definition]:
    """Functions declared without a body at namespace scope."""
    found: Sequence[Definition | None] = [
        define(unit, types, c["prototype"][0])
        for c in matches("prototypes", unit.root)
        if at_namespace_scope(c["prototype"][0])
    ]
    return [d for d in found if d is not None]
