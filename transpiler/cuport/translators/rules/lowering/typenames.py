"""Type specifiers, declarators and template arguments of the syntax tree, as `ctype` types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Context, Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Opaque, Pointer, Record, Scalar, Void
from cuport.translators.rules.lowering.declare import (
    AliasDecl,
    FunctionDecl,
    StructDecl,
    TemplateParamDecl,
    best,
    named,
    text_of,
    words,
)
from cuport.translators.rules.lowering.traits import type_trait
from cuport.translators.rules.lowering.values import Binding, Pack, TypeName, ValuePlace

TemplateArg: TypeAlias = CType | ir.Const
TypeThunk: TypeAlias = Callable[[], CType]

_REFERENCES = ("reference_declarator", "abstract_reference_declarator")
_POINTERS = ("pointer_declarator", "abstract_pointer_declarator", "pointer_type_declarator")
_ARRAYS = ("array_declarator", "abstract_array_declarator", "array_type_declarator")
_PARENS = ("parenthesized_declarator", "abstract_parenthesized_declarator")
OPAQUE = ("thread_group", "thread_block", "grid_group", "thread_block_tile", "curandState", "curandState_t")


class Types(Context):
    """Types need constants (array extents), which need expressions: `constant` is defined by a later layer."""

    def constant(self, node: Node) -> int:
        """An integer constant expression's value; Unsupported if it is none."""
        raise NotImplementedError

    def expression_type(self, node: Node) -> CType:
        """decltype(node)."""
        raise NotImplementedError

    # -------------------------------------------------------------- specifiers

    def type_of_node(self, node: Node) -> CType:
        """A type specifier or type_descriptor."""
        match node.type:
            case "primitive_type" | "sized_type_specifier":
                return self._builtin(node)
            case "type_descriptor":
                inner = node.child_by_field_name("type")
                if inner is None:
                    raise Unsupported("type", f"the type `{text_of(node)}` is not understood", node)
                base = self.type_of_node(inner)
                return self.declare(node.child_by_field_name("declarator"), base)[1]
            case "type_identifier" | "identifier" | "namespace_identifier":
                return self._named_type(text_of(node), node)
            case "qualified_identifier":
                return self._qualified_type(node)
            case "template_type" | "template_function":
                return self._template_type(node)
            case "dependent_type":
                return self.type_of_node(named(node)[0])
            case "placeholder_type_specifier" | "auto":
                return Auto()
            case "decltype":
                return self.expression_type(named(node)[0])
            case "struct_specifier" | "class_specifier" | "union_specifier" | "enum_specifier":
                if node.type == "enum_specifier":
                    return self._enum_type(text_of(node.child_by_field_name("name")))
                for decls in self.unit.structs.values():
                    for decl in decls:
                        if decl.node == node:
                            return self.record(decl, ())
                name = node.child_by_field_name("name")
                if name is not None:
                    return self.type_of_node(name)
        raise Unsupported("type", f"the type `{text_of(node)}` is not understood", node)

    def _builtin(self, node: Node) -> CType:
        text = text_of(node).split()
        if "double" in text:
            return Scalar("float64")
        if any(w in ("long", "short", "unsigned", "signed") for w in text):
            kind = "char" if "char" in text else "short" if "short" in text else "long" if "long" in text else "int"
            inner = node.child_by_field_name("type")
            if inner is not None and text_of(inner) not in ("int", "char", "short", "long"):
                known = ctype.named(text_of(inner))
                if isinstance(known, Scalar):
                    return Scalar(types.unsigned(known.dtype)) if "unsigned" in text else known
            found = ctype.named(f"unsigned {kind}" if "unsigned" in text else kind)
        else:
            found = ctype.named(" ".join(text))
        if found is None:
            raise Unsupported("type", f"the type `{text_of(node)}` is not understood", node)
        return found

    def _enum_type(self, name: str) -> CType:
        base = self.unit.enum_types.get(name)
        return self.type_of_node(base) if base is not None else Scalar("int32")

    def _named_type(self, name: str, node: Node, qualified: str = "") -> CType:
        if not qualified:
            found = self.lookup(name)
            if isinstance(found, TypeName):
                return found.ctype
            member = self._member_type(self.frame.record, name) if self.frames else None
            if member is not None:
                return member
        where = qualified or (f"{self.frame.namespace}::{name}" if self.frames else name)
        if name in self.unit.structs:
            primary = [d for d in self.unit.structs[name] if d.specialized is None]
            decl = best(primary or self.unit.structs[name], where)
            return self.record(decl, ())
        if name in self.unit.aliases:
            return self._alias(best(self.unit.aliases[name], where), ())
        if name in self.unit.enums:
            return self._enum_type(name)
        builtin = ctype.named(name)
        if builtin is not None:
            return builtin
        if name in OPAQUE:
            return Opaque(name)
        raise Unsupported("type", f"the type `{qualified or name}` is not known here", node)

    def _member_type(self, record: Record | None, name: str) -> CType | None:
        if record is None or record.decl is None:
            return None
        for parameter, value in record.template_args:
            if parameter == name and not isinstance(value, int):
                return value
        if name in record.decl.aliases:
            kind, declarator = record.decl.aliases[name]
            return self.within(record, lambda: self.declare(declarator, self.type_of_node(kind))[1])
        if name == record.decl.name:
            return record
        return None

    def within(self, record: Record, thunk: TypeThunk) -> CType:
        """Run `thunk` with the members of `record` visible."""
        frame = self.frame
        outer, frame.record = frame.record, record
        frame.scopes.append(self.record_bindings(record))
        try:
            return thunk()
        finally:
            frame.scopes.pop()
            frame.record = outer

    def record_bindings(self, record: Record) -> dict[str, Binding]:
        """The template parameters of a struct instance as names."""
        found: dict[str, Binding] = {}
        for name, value in record.template_args:
            found[name] = ValuePlace(ir.Const("int32", value)) if isinstance(value, int) else TypeName(value)
        return found

    def _qualified_type(self, node: Node) -> CType:
        scope, name = node.child_by_field_name("scope"), node.child_by_field_name("name")
        if name is None:
            raise Unsupported("type", f"the type `{text_of(node)}` is not understood", node)
        full = "".join(text_of(node).split())
        if name.type == "qualified_identifier":
            inner = name.child_by_field_name("scope")
            if scope is not None and inner is not None and inner.type == "template_type":
                return self._qualified_type(name)
            return self._qualified_type(name)
        if scope is not None and scope.type == "template_type":
            trait = self._trait(scope, text_of(name))
            if trait is not None:
                return trait
            owner = self._template_type(scope)
            if isinstance(owner, Record):
                member = self._member_type(owner, text_of(name))
                if member is not None:
                    return member
        elif scope is not None:
            local = self.lookup(text_of(scope))
            owner_type = local.ctype if isinstance(local, TypeName) else None
            if owner_type is None and text_of(scope) in self.unit.structs:
                owner_type = self._named_type(text_of(scope), scope)
            if isinstance(owner_type, Record):
                member = self._member_type(owner_type, text_of(name))
                if member is not None:
                    return member
        if name.type in ("template_type", "template_function"):
            return self._template_type(name)
        return self._named_type(text_of(name), node, full)

    def _template_type(self, node: Node) -> CType:
        name_node, listing = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        name = text_of(name_node).split("::")[-1]
        trait = self._trait(node, "type") if name.endswith("_t") else None
        if trait is not None:
            return trait
        arguments = self.template_arguments(listing)
        if name in self.unit.aliases:
            return self._alias(best(self.unit.aliases[name], name), arguments)
        if name in self.unit.structs:
            return self.record(self._specialization(self.unit.structs[name], arguments), arguments)
        if name in OPAQUE:
            return Opaque(name, tuple(int(a.value) if isinstance(a, ir.Const) else a for a in arguments))
        if name in ("array",) and len(arguments) == 2 and not isinstance(arguments[0], ir.Const):
            extent = arguments[1]
            if isinstance(extent, ir.Const):
                return ArrayType(arguments[0], int(extent.value))
        raise Unsupported("type", f"the template `{name}` is not known here", node)

    def _trait(self, node: Node, member: str) -> CType | None:
        """std::conditional<...>::type and the transformations that only touch cv and references."""
        name = text_of(node.child_by_field_name("name")).split("::")[-1].removesuffix("_t")
        listing = node.child_by_field_name("arguments")
        if member != "type" or listing is None:
            return None
        if name == "conditional":
            cond, a, b = named(listing)[:3]
            return self.type_of_node(a if self.constant(cond) else b)
        if name == "enable_if":
            return self.type_of_node(named(listing)[-1]) if len(named(listing)) > 1 else Void()
        if name in self.unit.structs or name in self.unit.aliases:
            return None
        try:
            arguments = [self.type_of_node(n) for n in named(listing)]
        except Unsupported:
            return None
        return type_trait(name, arguments)

    def _alias(self, decl: AliasDecl, arguments: Sequence[TemplateArg]) -> CType:
        frame = self.frame
        frame.scopes.append(self.template_scope(decl.templates, arguments))
        try:
            return self.declare(decl.declarator, self.type_of_node(decl.type_node))[1]
        finally:
            frame.scopes.pop()

    # ---------------------------------------------------------------- templates

    def template_arguments(self, listing: Node | None) -> list[TemplateArg]:
        """The arguments of a template_argument_list; values must be constants."""
        found: list[TemplateArg] = []
        for node in named(listing) if listing is not None else []:
            if node.type == "parameter_pack_expansion":
                pack = self.lookup(text_of(named(node)[0]))
                for item in pack.items if isinstance(pack, Pack) else ():
                    if isinstance(item, TypeName):
                        found.append(item.ctype)
                continue
            found.append(self.template_argument(node))
        return found

    def template_argument(self, node: Node) -> TemplateArg:
        if node.type == "type_descriptor" and node.child_by_field_name("declarator") is None:
            inner = node.child_by_field_name("type")
            if inner is not None and inner.type in ("type_identifier", "qualified_identifier"):
                value = self.constant_named(inner)  # `f<N>` parses like a type
                if value is not None:
                    return value
        if node.type in ("type_descriptor", "type_identifier", "primitive_type"):
            return self.type_of_node(node)
        if node.type in ("template_type", "template_function"):
            return self.type_of_node(node)
        return ir.Const("int64", self.constant(node))

    def constant_named(self, node: Node) -> ir.Const | None:
        """The constant that a name stands for, or None if the name is no constant."""
        raise NotImplementedError

    def template_scope(
        self, parameters: Sequence[TemplateParamDecl], arguments: Sequence[TemplateArg]
    ) -> dict[str, Binding]:
        """Names of template parameters for these arguments; defaults fill the rest. A pack takes what is left."""
        scope: dict[str, Binding] = {}
        rest = list(arguments)
        self.frame.scopes.append(scope)
        try:
            for p in parameters:
                if p.pack:
                    items = [ValuePlace(a) if isinstance(a, ir.Const) else TypeName(a) for a in rest]
                    scope[p.name] = Pack(tuple(items))
                    rest = []
                elif rest:
                    a = rest.pop(0)
                    scope[p.name] = self._value_argument(p, a) if isinstance(a, ir.Const) else TypeName(a)
                elif p.default is not None:
                    if p.kind == "type":
                        scope[p.name] = TypeName(self.type_of_node(p.default))
                    else:
                        scope[p.name] = self._value_argument(p, ir.Const("int64", self.constant(p.default)))
        finally:
            self.frame.scopes.pop()
        return scope

    def _value_argument(self, parameter: TemplateParamDecl, value: ir.Const) -> ValuePlace:
        """The argument in the parameter's own type: `template <unsigned N>` makes N unsigned."""
        kind = self.type_of_node(parameter.type_node) if parameter.type_node is not None else Auto()
        if isinstance(kind, Scalar):
            return ValuePlace(build.const(value.value, kind.dtype))
        return ValuePlace(build.const(value.value, "int32"))

    def _specialization(self, decls: Sequence[StructDecl], arguments: Sequence[TemplateArg]) -> StructDecl:
        """The explicit specialization with exactly these arguments, else the primary template."""
        for decl in decls:
            nodes = decl.specialized
            if nodes is None or decl.templates or len(nodes) != len(arguments):
                continue
            if all(same_argument(self.template_argument(n), a) for n, a in zip(nodes, arguments, strict=True)):
                return decl
        for decl in decls:
            if decl.specialized is None:
                return decl
        return decls[0]

    # ------------------------------------------------------------------ structs

    def record(self, decl: StructDecl, arguments: Sequence[TemplateArg]) -> Record:
        """A struct instance: fields of base classes first, then its own in order."""
        scope = self.template_scope(decl.templates, arguments) if decl.specialized is None else {}
        bound: list[tuple[str, CType | int]] = []
        for name, binding in scope.items():
            if isinstance(binding, TypeName):
                bound.append((name, binding.ctype))
            elif isinstance(binding, ValuePlace) and isinstance(binding.value, ir.Const):
                bound.append((name, int(binding.value.value)))
        shell = Record(decl.qualified, (), False, 0, decl, tuple(bound))
        fields: list[tuple[str, CType]] = []
        frame = self.frame
        outer, frame.record = frame.record, shell
        frame.scopes.append(scope)
        try:
            for base in (c for c in decl.node.children if c.type == "base_class_clause"):
                for kind in (c for c in named(base) if c.type != "access_specifier"):
                    parent = self.type_of_node(kind)
                    if not isinstance(parent, Record):
                        raise Unsupported("base-class", f"`{text_of(kind)}` is no struct of this file", kind)
                    fields += parent.fields
            body = decl.node.child_by_field_name("body")
            for node in named(body) if body is not None else []:
                if node.type == "field_declaration" and "static" not in words(node):
                    fields += self._fields(node)
        finally:
            frame.scopes.pop()
            frame.record = outer
        suffix = f"<{', '.join(str(v) if isinstance(v, int) else ctype.show(v) for _, v in bound)}>" if bound else ""
        return Record(decl.qualified + suffix, tuple(fields), False, self._align(decl), decl, tuple(bound))

    def _align(self, decl: StructDecl) -> int:
        for child in decl.node.children:
            if "align" in child.type or text_of(child).startswith(("__align__", "alignas")):
                digits = "".join(c for c in text_of(child) if c.isdigit())
                return int(digits) if digits else 0
        return 0

    def _fields(self, node: Node) -> list[tuple[str, CType]]:
        kind = node.child_by_field_name("type")
        if kind is None:
            return []
        declarators = node.children_by_field_name("declarator")
        if any(c.type == "bitfield_clause" for c in node.children):
            raise Unsupported("bit-field", "bit-fields are not supported", node)
        if any(d.type == "function_declarator" or "function" in d.type for d in declarators):
            return []  # a method's prototype
        base = self.type_of_node(kind)
        found = []
        for d in declarators:
            name, t, reference = self.declare(d, base)
            if reference:
                raise Unsupported("reference-member", "references as struct members are not supported", d)
            found.append((text_of(name), t))
        if not declarators and isinstance(base, Record):
            found += list(base.fields)  # an anonymous struct
        return found

    # --------------------------------------------------------------- declarators

    def declare(self, declarator: Node | None, base: CType) -> tuple[Node | None, CType, bool]:
        """Name node, type and whether it is a reference, for a declarator around the type `base`."""
        if declarator is None:
            return None, base, False
        kind = declarator.type
        if kind in _REFERENCES:
            inner = declarator.child_by_field_name("declarator") or next(
                (c for c in named(declarator) if "qualifier" not in c.type), None
            )
            name, t, _ = self.declare(inner, base)
            return name, t, True
        inner = declarator.child_by_field_name("declarator")
        if kind in _POINTERS:
            if inner is None:
                inner = next((c for c in named(declarator) if "declarator" in c.type or c.type == "identifier"), None)
            return self.declare(inner, Pointer(base))
        if kind in _ARRAYS:
            size = declarator.child_by_field_name("size")
            return self.declare(inner, ArrayType(base, self.constant(size) if size is not None else None))
        if kind in _PARENS or kind == "attributed_declarator":
            return self.declare(inner or next(iter(named(declarator)), None), base)
        if kind in ("function_declarator", "abstract_function_declarator"):
            raise Unsupported("function-pointer", "function pointers are not supported", declarator)
        if kind == "init_declarator":
            return self.declare(inner, base)
        return declarator, base, False

    def parameter(self, node: Node) -> tuple[str, CType, bool]:
        """Name, type and whether it is a reference, of a parameter_declaration. Arrays decay to pointers."""
        kind = node.child_by_field_name("type")
        if kind is None:
            raise Unsupported("type", f"the parameter `{text_of(node)}` is not understood", node)
        name, t, reference = self.declare(node.child_by_field_name("declarator"), self.type_of_node(kind))
        if isinstance(t, ArrayType) and not reference:
            t = Pointer(t.element)
        return text_of(name), t, reference

    def return_type(self, decl: FunctionDecl) -> CType:
        """The declared return type; Auto for `auto` and lambdas without one."""
        trailing = next((c for c in decl.declarator.children if c.type == "trailing_return_type"), None)
        if trailing is not None:
            return self.type_of_node(named(trailing)[0])
        operator = decl.node.child_by_field_name("declarator")
        if operator is not None and operator.type == "operator_cast":
            kind = operator.child_by_field_name("type")
            base = self.type_of_node(kind) if kind is not None else Auto()
            inner = operator.child_by_field_name("declarator")
            while inner is not None and inner.type == "abstract_pointer_declarator":
                base, inner = Pointer(base), inner.child_by_field_name("declarator")
            return base
        kind = decl.node.child_by_field_name("type")
        if kind is None:
            return Auto()
        base = self.type_of_node(kind)
        node = decl.node.child_by_field_name("declarator")
        while node is not None and node.type != "function_declarator":
            if node.type in _POINTERS:
                base = Pointer(base)
            node = node.child_by_field_name("declarator") or next(
                (c for c in named(node) if "declarator" in c.type), None
            )
        return base


def returns_reference(decl: FunctionDecl) -> bool:
    """Whether a function returns a reference."""
    node = decl.node.child_by_field_name("declarator")
    while node is not None and node.type != "function_declarator":
        if node.type in _REFERENCES:
            return True
        node = node.child_by_field_name("declarator") or next((c for c in named(node) if "declarator" in c.type), None)
    return False


def same_argument(a: TemplateArg, b: TemplateArg) -> bool:
    """Whether two template arguments are the same type or the same value."""
    if isinstance(a, ir.Const) and isinstance(b, ir.Const):
        return a.value == b.value
    return a == b
