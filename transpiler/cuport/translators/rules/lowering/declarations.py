"""Declarations inside functions: variables, references, shared memory, local types and aliases."""

from __future__ import annotations

from tree_sitter import Node, Tree

from cuport.cuda.parse import parse
from cuport.translators.rules import build, ir
from cuport.translators.rules.lowering import ctype, declare
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Opaque, Pointer, Record, Scalar
from cuport.translators.rules.lowering.declare import StructDecl, innermost, named, text_of, words
from cuport.translators.rules.lowering.dispatch import Dispatch
from cuport.translators.rules.lowering.pointers import ZERO
from cuport.translators.rules.lowering.typenames import OPAQUE
from cuport.translators.rules.lowering.values import (
    Closure,
    FunctionName,
    Group,
    Items,
    MemPlace,
    Place,
    Ptr,
    TypeName,
    Value,
    ValuePlace,
    type_of,
)


class Declarations(Dispatch):
    """What a declaration brings into scope."""

    mutated: list[tuple[set[str], set[str]]]  # a function's changed names; for pointers only the reassigned ones
    shared_seen: dict[tuple[int, str], Place]
    trees: list[Tree]  # kept alive for their nodes

    def initializers(self, body: Node) -> None:
        """A constructor's member initializers, and default member initializers."""
        frame = self.frame
        definition = body.parent
        if frame.record is None or frame.record.decl is None or definition is None or frame.this is None:
            return
        if frame.name != frame.record.decl.name:
            return
        listing = next((c for c in definition.children if c.type == "field_initializer_list"), None)
        given: dict[str, Node] = {}
        for item in named(listing) if listing is not None else []:
            parts = named(item)
            given[text_of(parts[0])] = parts[1]
        defaults = _default_members(frame.record.decl)
        for name, t in frame.record.fields:
            node = given.get(name)
            if node is not None:
                values = [self.value(c) for c in named(node)]
                value = values[0] if len(values) == 1 and not isinstance(t, Record) else Items(Auto(), tuple(values))
                if not values:
                    value = self.zero(t)
                self.store(self.member(frame.this, name, node), self.convert(value, t, node), node)
            elif name in defaults:
                value = self.convert(self.value(defaults[name]), t, defaults[name])
                self.store(self.member(frame.this, name, body), value, body)

    def template_declaration(self, node: Node) -> bool:
        """`Tile<32> t = f(x);` may parse like the comparison `(Tile < 32) > (t = f(x))`: declare t.

        False where it is a comparison.
        """
        comparison = named(node)[0]
        name = template_name(node)
        operator = comparison.child_by_field_name("operator")
        right = comparison.child_by_field_name("right")
        if name is None or operator is None or right is None or self.lookup(name) is not None:
            return False
        if name not in self.unit.structs and name not in self.unit.aliases and name not in OPAQUE:
            return False
        whole = text_of(node)
        split = operator.end_byte - node.start_byte
        alias = self.parse_at(f"using argument = {whole.encode()[:split].decode()};", node, bare=True)
        declared = self.parse_at(f"auto {text_of(right)};", right)
        kind, declaration = _first(alias, "alias_declaration"), _first(declared, "declaration")
        kind = kind.child_by_field_name("type") if kind is not None else None
        if kind is None or declaration is None:
            return False
        self.declaration(declaration, self.type_of_node(kind))
        return True

    def array_pointer(self, node: Node) -> bool:
        """`float (*p)[8] = a;` parses like an assignment to an element of `float(*p)`: declare p; say whether so."""
        assignment = next(iter(named(node)), None)
        if assignment is None or assignment.type != "assignment_expression":
            return False
        inner, extents = assignment.child_by_field_name("left"), []
        while inner is not None and inner.type == "subscript_expression":
            extents.append(inner.child_by_field_name("indices"))
            inner = inner.child_by_field_name("argument")
        function = (
            inner.child_by_field_name("function") if inner is not None and inner.type == "call_expression" else None
        )
        arguments = inner.child_by_field_name("arguments") if inner is not None else None
        value = assignment.child_by_field_name("right")
        if function is None or arguments is None or value is None or not extents:
            return False
        pointer = next(iter(named(arguments)), None)
        t = self.type_or_none(function)
        if t is None or pointer is None or pointer.type != "pointer_expression":
            return False
        for extent in extents:
            t = ArrayType(t, self.constant(named(extent)[0]) if extent is not None else None)
        name = text_of(pointer.child_by_field_name("argument"))
        self._local(name, Pointer(t), value, False, pointer, node)
        return True

    def _structured(self, names: Node, value: Node, reference: bool, node: Node) -> None:
        """`auto [a, b] = v;`: names for the members of a copy, or with `&` of the object itself."""
        place = self.place(value)
        t = self.place_type(place)
        if reference and not isinstance(place, ValuePlace):
            place = self.pinned(place)
        elif isinstance(t, Record):
            place = self.declare_local("t_", t, self.load(place, value), node.start_byte, node)
        if isinstance(t, Record):
            members = [self.member(place, field, node) for field, _ in t.fields]
        elif isinstance(t, ArrayType) and t.extent is not None and reference:
            base = self.load(place, node)
            assert isinstance(base, Ptr)
            members = [MemPlace(self.advance(base, build.const(k))) for k in range(t.extent)]
        else:
            raise Unsupported("structured-binding", f"a structured binding of `{ctype.show(t)}`", node)
        if len(members) != len(named(names)):
            raise Unsupported("structured-binding", "a structured binding with another number of names", node)
        for name, member in zip(named(names), members, strict=True):
            self.bind(text_of(name), member)

    def parse_at(self, text: str, node: Node, bare: bool = False) -> Node:
        """A piece of a function's body parsed again, standing where `node` stands."""
        row, column = node.start_point
        pad = "\n" * row + " " * column
        tree = parse(pad + text if bare else f"int f() {{{pad}{text}}}")
        self.trees.append(tree)
        return tree.root_node

    def declaration(self, node: Node, known: CType | None = None) -> None:
        """A declaration; `known` replaces its type specifier."""
        kind = node.child_by_field_name("type")
        if kind is None:
            raise Unsupported("declaration", "this declaration", node)
        if kind.type in ("struct_specifier", "class_specifier", "union_specifier", "enum_specifier"):
            self.local_type(kind)
        specifiers = words(node)
        base = known if known is not None else self.type_of_node(kind)
        const = bool(specifiers & {"const", "constexpr"})
        declarators = node.children_by_field_name("declarator")
        for d in declarators:
            value = d.child_by_field_name("value") if d.type == "init_declarator" else node.child_by_field_name("value")
            inner = d.child_by_field_name("declarator") if d.type == "init_declarator" else d
            if inner is not None and inner.type == "function_declarator":  # `T x(a, b)` parses like a prototype
                inner, value = self._constructor_call(inner)
            name_node, t, reference = self.declare(inner, base)
            name = text_of(name_node)
            if name_node is not None and name_node.type == "structured_binding_declarator" and value is not None:
                self._structured(name_node, value, reference, node)
                continue
            if "__shared__" in specifiers:
                self.bind(name, self.shared_object(node, name, t, "extern" in specifiers))
            elif "static" in specifiers and not const:
                raise Unsupported("static-local", "a static local variable", node)
            elif reference:
                self.bind(name, self._local_reference(t, value, node))
            else:
                self._local(name, t, value, const, d, node)

    def _constructor_call(self, declarator: Node) -> tuple[Node, Node]:
        """Name and argument_list of `x(a, b)`, parsed again as a call at the same place of the text."""
        name, parameters = declarator.child_by_field_name("declarator"), declarator.child_by_field_name("parameters")
        if name is None or parameters is None:
            raise Unsupported("declaration", "this declaration", declarator)
        found = _first(self.parse_at(f"g{text_of(parameters)};", parameters), "argument_list")
        if found is None or found.has_error:
            raise Unsupported("declaration", "a local function declaration", declarator)
        return name, found

    def shared_object(self, node: Node, name: str, t: CType, extern: bool) -> Place:
        """A shared object: one for each declaration, also where its function is inlined twice."""
        key = (node.start_byte, f"{name} {ctype.show(t)}")
        if extern:
            key = (-1, "extern")  # all extern arrays are the same memory
        if key not in self.shared_seen:
            if extern and not isinstance(t, ArrayType):
                raise Unsupported("extern-shared", "extern shared memory that is no array", node)
            root = self.new_root(name, t, "shared", None if extern else 1)
            self.shared_seen[key] = MemPlace(Ptr(root, ZERO, self._unit(t), t))
        place = self.shared_seen[key]
        assert isinstance(place, MemPlace)
        if extern:
            return MemPlace(Ptr(place.pointer.root, ZERO, self._unit(t), t))
        return place

    def _local_reference(self, t: CType, value: Node | None, node: Node) -> Place:
        if value is None:
            raise Unsupported("declaration", "a reference without initializer", node)
        place = self.place(value)
        if isinstance(place, ValuePlace):
            kept = place.value if isinstance(t, Auto) else self.convert(place.value, t, node)
            return ValuePlace(self.keep(kept))
        return self.pinned(place)

    def _local(self, name: str, t: CType, value: Node | None, const: bool, declarator: Node, node: Node) -> None:
        initial = self._initial_value(t, value)
        if isinstance(t, Auto):
            if initial is None:
                raise Unsupported("declaration", "`auto` without initializer", node)
            t = type_of(initial) or Auto()
        if isinstance(initial, Closure | FunctionName | Group) or (isinstance(t, Opaque) and initial is not None):
            self.bind(name, ValuePlace(initial if initial is not None else build.const(0)))
            return
        if isinstance(t, Opaque):
            raise Unsupported("type", f"a variable of type `{t.name}`", node)
        if initial is not None:
            if isinstance(t, ArrayType) and t.extent is None and isinstance(initial, Items):
                t = ArrayType(t.element, len(initial.values))
            initial = self.convert(initial, t, node)
        unchanged = name not in self.mutated[-1][1 if isinstance(t, Pointer) else 0]
        constant = isinstance(initial, ir.Const) or _constant_items(initial)
        if initial is not None and constant and (const or unchanged):
            self.bind(name, ValuePlace(initial))
            return
        if isinstance(t, Pointer) and isinstance(initial, Ptr) and unchanged:
            self.bind(name, ValuePlace(self._named_keep(name, initial)))
            return
        if isinstance(t, ArrayType) and t.extent is None:
            raise Unsupported("array", "a local array without extent", node)
        place = self.declare_local(name, t, None, declarator.start_byte, node)
        if initial is not None:
            self.store(place, initial, node)
        elif isinstance(t, Record) and t.decl is not None:
            built = self.construct(t, [], node)
            if built is not None:
                self.store(place, built, node)
            else:
                self._default_initialize(place, t, node)
        self.bind(name, place)

    def _default_initialize(self, place: Place, t: Record, node: Node) -> None:
        assert t.decl is not None
        for name, default in _default_members(t.decl).items():
            self.store(self.member(place, name, node), self.value(default), node)

    def _initial_value(self, t: CType, value: Node | None) -> Value | None:
        if value is None:
            return None
        if value.type == "argument_list":  # T x(1, 2)
            nodes = named(value)
            if isinstance(t, Record):
                place = self._construct(t, nodes, value)
                return self.load(place, value)
            return self.value(nodes[0])
        if value.type == "initializer_list":
            return self.construct_from(t, self.value(value), value) if not isinstance(t, Auto) else self.value(value)
        return self.value(value)

    def local_alias(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        if kind is None:
            return
        if node.type == "alias_declaration":
            self.bind(text_of(node.child_by_field_name("name")), TypeName(self.type_of_node(kind)))
            return
        for d in node.children_by_field_name("declarator"):
            self.bind(text_of(innermost(d)), TypeName(self.declare(d, self.type_of_node(kind))[1]))

    def local_type(self, node: Node) -> None:
        if node.type == "enum_specifier":
            body = node.child_by_field_name("body")
            following = 0
            for child in named(body) if body is not None else []:
                if child.type == "enumerator":
                    value = child.child_by_field_name("value")
                    following = self.constant(value) if value is not None else following
                    self.bind(text_of(child.child_by_field_name("name")), ValuePlace(build.const(following)))
                    following += 1
            name = text_of(node.child_by_field_name("name"))
            if name:
                self.bind(name, TypeName(Scalar("int32")))
            return
        if node.child_by_field_name("body") is not None:
            name = text_of(node.child_by_field_name("name"))
            local = declare.Unit()
            declare.add_struct(local, node, ())
            for decls in local.structs.values():
                for decl in decls:
                    self.unit.structs.setdefault(decl.name, [])
                    if all(d.node != decl.node for d in self.unit.structs[decl.name]):
                        self.unit.structs[decl.name].append(decl)
                    if decl.name == name:
                        self.bind(name, TypeName(self.record(decl, ())))


def template_name(node: Node) -> str | None:
    """`A` of a statement that reads `A < x > y`."""
    comparison = next(iter(named(node)), None)
    if comparison is None or comparison.type != "binary_expression":
        return None
    inner = comparison.child_by_field_name("left")
    if inner is None or inner.type != "binary_expression" or text_of(inner.child_by_field_name("operator")) != "<":
        return None
    name = inner.child_by_field_name("left")
    if text_of(comparison.child_by_field_name("operator")) != ">" or name is None:
        return None
    return text_of(name).split("::")[-1] if name.type in ("identifier", "qualified_identifier") else None


def _first(node: Node, kind: str) -> Node | None:
    if node.type == kind:
        return node
    return next((found for c in node.named_children if (found := _first(c, kind)) is not None), None)


def _constant_items(value: Value | None) -> bool:
    if isinstance(value, Items):
        return all(isinstance(v, ir.Const) or _constant_items(v) for v in value.values)
    return False


def _default_members(decl: StructDecl) -> dict[str, Node]:
    """Default member initializers."""
    found: dict[str, Node] = {}
    body = decl.node.child_by_field_name("body")
    for node in named(body) if body is not None else []:
        value = node.child_by_field_name("default_value")
        if node.type == "field_declaration" and value is not None and "static" not in words(node):
            found[text_of(innermost(node.child_by_field_name("declarator")))] = value
    return found
