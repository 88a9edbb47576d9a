"""What a name refers to: locals, members of `this`, constants, device variables, thread indices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tree_sitter import Node

from cuport.translators.rules import build, ir
from cuport.translators.rules.lowering import ctype, literals
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Record, Scalar
from cuport.translators.rules.lowering.declare import EnumeratorDecl, VariableDecl, best, named, text_of, words
from cuport.translators.rules.lowering.places import Places
from cuport.translators.rules.lowering.pointers import ZERO
from cuport.translators.rules.lowering.traits import value_trait
from cuport.translators.rules.lowering.values import (
    Agg,
    FlatRoot,
    FunctionName,
    Items,
    MemPlace,
    Pack,
    Place,
    Ptr,
    RecordRoot,
    Root,
    TypeName,
    Value,
    ValuePlace,
)

INDICES: Mapping[str, ir.IndexKind] = {
    "threadIdx": "tid",
    "blockIdx": "bid",
    "blockDim": "bdim",
    "gridDim": "gdim",
}
AXES: tuple[ir.Axis, ...] = ("x", "y", "z")
_TABLE_AT = 8  # from so many elements on a constant array that is indexed at run time becomes a table


class Names(Places):
    """Lookup in C++'s order; expressions and calls are defined by later layers."""

    symbols: Mapping[str, str]  # qualified name of a global -> the keyword that the translation file gets it by
    globals_seen: dict[str, Place]

    def value(self, node: Node) -> Value:
        raise NotImplementedError

    def call(self, node: Node, discard: bool = False) -> Place:
        raise NotImplementedError

    def method(self, place: Place, name: str, arguments: list[Value], node: Node) -> Place:
        raise NotImplementedError

    def user_operator(self, operator: str, values: tuple[Value, ...], node: Node) -> Value:
        raise NotImplementedError

    def user_assignment(self, operator: str, place: Place, value: Value, node: Node) -> Place:
        raise NotImplementedError

    def has_operator(self, record: Record, name: str) -> bool:
        raise NotImplementedError

    def closure(self, node: Node) -> Value:
        raise NotImplementedError

    def shared_object(self, node: Node, name: str, t: CType, extern: bool) -> Place:
        raise NotImplementedError

    # ------------------------------------------------------------------- lookup

    def thread_index(self, base: Node, axis: str) -> ir.Index | None:
        """`threadIdx.x` and its like."""
        kind = INDICES.get(text_of(base)) if base.type == "identifier" else None
        if kind is None or self.lookup(text_of(base)) is not None:
            return None
        for known in AXES:
            if axis == known:
                return ir.Index(kind, known)
        return None

    def named_place(self, node: Node) -> Place:
        """The place (or read-only value) that an identifier or qualified name denotes."""
        if node.type == "qualified_identifier":
            return self._qualified(node)
        if node.type == "template_function":
            trait = self._trait_value(None, node)
            if trait is not None:
                return ValuePlace(trait)
            return ValuePlace(FunctionName(text_of(node)))
        name = text_of(node)
        found = self.lookup(name)
        if found is not None and not isinstance(found, TypeName | Pack):
            return found
        member = self._member_of_this(name, node)
        if member is not None:
            return member
        return self._outer_name(name, node, f"{self.frame.namespace}::{name}")

    def _member_of_this(self, name: str, node: Node) -> Place | None:
        record = self.frame.record
        if record is None:
            return None
        if record.position(name) is not None and self.frame.this is not None:
            return self.member(self.frame.this, name, node)
        return self._static_member(record, name, node)

    def _static_member(self, record: Record, name: str, node: Node) -> Place | None:
        for parameter, value in record.template_args:
            if parameter == name and isinstance(value, int):
                return ValuePlace(build.const(value))
        if record.decl is not None and name in record.decl.constants:
            declaration, initializer = record.decl.constants[name]
            return ValuePlace(self._initial(record, declaration, initializer))
        return None

    def _initial(self, record: Record, declaration: Node, initializer: Node) -> Value:
        """A static constant's value, evaluated inside its struct."""
        results: list[Value] = []

        def evaluate() -> CType:
            kind = declaration.child_by_field_name("type")
            value = self.value(initializer)
            t = self.type_of_node(kind) if kind is not None else Auto()
            declarator = declaration.child_by_field_name("declarator")
            if declarator is not None and declarator.type == "array_declarator":
                t = ArrayType(t, None)
            results.append(self.convert(value, t, initializer))
            return t

        self.within(record, evaluate)
        return results[0]

    def _outer_name(self, name: str, node: Node, qualified: str) -> Place:
        if name in self.unit.enumerators:
            return ValuePlace(self._enumerator(self.unit.enumerators[name]))
        if name in self.unit.variables:
            return self.global_place(best(self.unit.variables[name], qualified), node)
        constant = literals.predefined(name)
        if constant is not None:
            return ValuePlace(constant)
        if name in INDICES:
            record = ctype.named("uint3")
            assert isinstance(record, Record)
            return ValuePlace(Agg(record, tuple(ir.Index(INDICES[name], axis) for axis in AXES)))
        if name in self.unit.functions:
            return ValuePlace(FunctionName(name))
        raise Unsupported("unknown-name", f"`{name}` is not known here", node)

    def _enumerator(self, decl: EnumeratorDecl) -> ir.Const:
        """Explicit value, or one more than the previous one's."""
        if decl.value is not None:
            return build.const(self.constant(decl.value))
        return build.const(0 if decl.previous is None else int(self._enumerator(decl.previous).value) + 1)

    def _qualified(self, node: Node) -> Place:
        full = "".join(text_of(node).split()).removeprefix("::")
        if full in self.unit.enumerators:
            return ValuePlace(self._enumerator(self.unit.enumerators[full]))
        scope, name_node = node.child_by_field_name("scope"), node.child_by_field_name("name")
        while name_node is not None and name_node.type == "qualified_identifier":
            scope, name_node = name_node.child_by_field_name("scope"), name_node.child_by_field_name("name")
        name = text_of(name_node)
        trait = self._trait_value(scope, name_node)
        if trait is not None:
            return ValuePlace(trait)
        owner = self.type_or_none(scope) if scope is not None else None
        if isinstance(owner, Record):
            member = self._static_member(owner, name, node)
            if member is not None:
                return member
        if scope is not None and f"{text_of(scope)}::{name}" in self.unit.enumerators:
            return ValuePlace(self._enumerator(self.unit.enumerators[f"{text_of(scope)}::{name}"]))
        return self._outer_name(name, node, full)

    def _trait_value(self, scope: Node | None, name_node: Node | None) -> ir.Const | None:
        """`std::is_same<A, B>::value` or `std::is_same_v<A, B>`."""
        node = None
        if text_of(name_node) == "value" and scope is not None and scope.type == "template_type":
            node, suffix = scope, ""
        elif name_node is not None and name_node.type == "template_function":
            node, suffix = name_node, "_v"
        if node is None:
            return None
        name = text_of(node.child_by_field_name("name"))
        if name in self.unit.structs or not name.endswith(suffix):
            return None
        listing = node.child_by_field_name("arguments")
        types = [self.type_or_none(n) for n in named(listing)] if listing is not None else []
        known = [t for t in types if t is not None]
        found = value_trait(name.removesuffix("_v"), known) if len(known) == len(types) else None
        return None if found is None else build.const(found, "bool")

    def type_or_none(self, node: Node) -> CType | None:
        """The type a node names, or None if it names none."""
        if node.type in ("identifier", "namespace_identifier"):
            found = self.lookup(text_of(node))
            if found is not None:
                return found.ctype if isinstance(found, TypeName) else None
        kinds = ("primitive_type", "sized_type_specifier", "type_identifier", "identifier", "namespace_identifier")
        templates = ("template_type", "template_function", "qualified_identifier", "type_descriptor", "dependent_type")
        if node.type not in (*kinds, *templates, "decltype"):
            return None
        try:
            return self.type_of_node(node)
        except Unsupported:
            return None

    def constant_named(self, node: Node) -> ir.Const | None:
        try:
            with self.capture():
                place = self.named_place(node)
        except Unsupported:
            return None
        value: Any = place.value if isinstance(place, ValuePlace) else None
        return value if isinstance(value, ir.Const) else None

    # ------------------------------------------------------------------ globals

    def global_place(self, decl: VariableDecl, node: Node) -> Place:
        """A variable at namespace scope: a folded constant, or memory that the launch passes."""
        if decl.qualified not in self.globals_seen:
            self.globals_seen[decl.qualified] = self._new_global(decl, node)
        return self.globals_seen[decl.qualified]

    def _new_global(self, decl: VariableDecl, node: Node) -> Place:
        kind = decl.declaration.child_by_field_name("type")
        if kind is None:
            raise Unsupported("type", f"the type of `{decl.name}`", node)
        frame = self.frame
        outer, frame.scopes = frame.scopes, [{}]  # locals of the user are not visible there
        record, frame.record = frame.record, None
        try:
            t = self.declare(decl.declarator, self.type_of_node(kind))[1]
            if decl.const and decl.value is not None and decl.qualified not in self.symbols:
                return ValuePlace(self.convert(self.value(decl.value), t, decl.value))
            if isinstance(t, ArrayType) and t.extent is None and decl.value is not None:
                items = self.value(decl.value)
                t = ArrayType(t.element, len(items.values)) if isinstance(items, Items) else t
        finally:
            frame.scopes, frame.record = outer, record
        if decl.space == "shared":
            return self.shared_object(decl.declaration, decl.name, t, "extern" in words(decl.declaration))
        if decl.qualified not in self.symbols:
            raise Unsupported("host-variable", f"`{decl.name}` is a host variable", node)
        root = self.new_root(decl.name, t, "symbol")
        self._set_access(root, self.symbols[decl.qualified], t)
        return MemPlace(Ptr(root, ZERO, self._unit(t), t))

    def _set_access(self, root: Root, access: str, t: CType) -> None:
        """Tell every memory of a root how the translation file reaches it."""
        from dataclasses import replace

        if isinstance(root, FlatRoot):
            while isinstance(t, ArrayType):
                t = t.element
            lanes = len(t.fields) if isinstance(t, Record) and t.vector else 1
            self.memories[root.memory] = replace(self.memories[root.memory], access=access, lanes=lanes)
        elif isinstance(root, RecordRoot):
            for (name, ft), field in zip(root.record.fields, root.fields, strict=True):
                inner = f'{access[:-2]}.{name}"]' if access.endswith('"]') else f'{access}["{name}"]'
                self._set_access(field, inner, ft)

    def table(self, items: Items) -> Ptr | None:
        """A constant array as a memory with known contents, where it is long enough to be worth one."""
        constants = _flat_constants(items)
        if constants is None or len(constants) < _TABLE_AT:
            return None
        dtype = constants[0].dtype
        data = tuple(c.value for c in constants)
        pointee = _element_type(items, dtype)
        for memory in self.memories.values():
            if memory.space == "table" and memory.data == data and memory.dtype == dtype:
                break
        else:
            memory = self.memory(ir.Memory(self.unique("table"), "table", dtype, len(data), data=data))
        return Ptr(FlatRoot(memory.name, dtype), ZERO, ctype.size_of(Scalar(dtype)), pointee)


def _flat_constants(items: Items) -> list[ir.Const] | None:
    """The scalars of a constant (also multi-dimensional) array in order; None if it is something else."""
    found: list[ir.Const] = []
    for value in items.values:
        if isinstance(value, ir.Const):
            found.append(value)
        elif isinstance(value, Items):
            inner = _flat_constants(value)
            if inner is None:
                return None
            found += inner
        else:
            return None
    return found if len({c.dtype for c in found}) == 1 else None


def _element_type(items: Items, dtype: str) -> CType:
    first = items.values[0]
    return ArrayType(_element_type(first, dtype), len(first.values)) if isinstance(first, Items) else Scalar(dtype)
