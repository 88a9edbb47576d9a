"""Memory and members, addresses, casts: expressions that name a place or change a type."""

from __future__ import annotations

from dataclasses import replace

from tree_sitter import Node

from cuport.translators.rules import build, ir, walk
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Pointer, Record, Scalar
from cuport.translators.rules.lowering.declare import named, text_of
from cuport.translators.rules.lowering.members import field_offset
from cuport.translators.rules.lowering.operators import Operators, argument_of_node, clip, field_of
from cuport.translators.rules.lowering.pointers import times
from cuport.translators.rules.lowering.values import (
    Agg,
    AggPlace,
    Group,
    Items,
    LanePlace,
    MemPlace,
    Place,
    PlaceRoot,
    Ptr,
    Value,
    ValuePlace,
)

COMBINERS = ("plus", "less", "greater", "bit_and", "bit_or", "bit_xor")  # of cooperative_groups::reduce


class Access(Operators):
    """What `*`, `[]`, `.`, `->`, `&` and casts mean."""

    def deref(self, value: Value, node: Node) -> Place:
        """`*value`."""
        if isinstance(value, Agg):
            return ValuePlace(self.user_operator("*", (value,), node))
        if not isinstance(value, Ptr):
            raise Unsupported("dereference", "`*` on something that is no pointer", node)
        if value.root is None:
            raise Unsupported("null-pointer", "a null pointer is dereferenced", node)
        if isinstance(value.root, PlaceRoot):
            return self.place_at(value, value.pointee, node)
        return MemPlace(value)

    def _subscript(self, node: Node) -> Place:
        base_node = argument_of_node(node)
        indices = named(field_of(node, "indices"))
        if len(indices) != 1:
            raise Unsupported("subscript", "a subscript with several indices", node)
        base_place = self.place(base_node)
        t = self.place_type(base_place)
        if isinstance(t, Record):
            return self.method(base_place, "operator[]", [self.value(indices[0])], node)
        if isinstance(base_place, ValuePlace) and isinstance(base_place.value, Items):
            return self._item(base_place.value, self.scalar_of(indices[0]), node)
        base, index = self.operands([lambda: self.load(base_place, node), self._thunk(indices[0])])
        if isinstance(index, Ptr):
            base, index = index, base
        if not isinstance(base, Ptr):
            raise Unsupported("subscript", f"`{clip(base_node)}` cannot be indexed", node)
        return self.deref(self.advance(base, self.scalar(index, node)), node)

    def _item(self, items: Items, index: ir.Expr, node: Node) -> Place:
        places = tuple(ValuePlace(v) for v in items.values)
        if isinstance(index, ir.Const):
            if 0 <= int(index.value) < len(places):
                return places[int(index.value)]
            raise Unsupported("subscript", "a constant index outside of its array", node)
        table = self.table(items)
        if table is not None:
            return MemPlace(self.advance(table, index))
        return LanePlace(self.temp(build.narrow(index)), places)

    def _field(self, node: Node) -> Place:
        base_node = argument_of_node(node)
        field_node = field_of(node, "field")
        name = text_of(field_node)
        index = self.thread_index(base_node, name)
        if index is not None:
            return ValuePlace(index)
        if text_of(node.child_by_field_name("operator")) == "->":
            base = self.value(base_node)
            place = self.deref(base, node)
        else:
            place = self.place(base_node)
        record = self.place_type(place)
        if isinstance(record, Record) and record.position(name) is None:
            static = self._static_member(record, name, node)
            if static is not None:
                return static
        return self.member(place, name, node)

    def _address_of(self, node: Node) -> Value:
        inner = argument_of_node(node)
        while inner.type == "parenthesized_expression":
            inner = named(inner)[0]
        if inner.type == "field_expression":
            within = self._address_of_member(inner)
            if within is not None:
                return within
        place = self.place(inner)
        if isinstance(place, ValuePlace):
            place = self.materialise(place, node)
        return self.address(place, node)

    def _address_of_member(self, node: Node) -> Ptr | None:
        """`&v.x` of a local struct: a pointer into the whole of it, from which its neighbours can be reached."""
        if text_of(node.child_by_field_name("operator")) == "->":
            base = self.value(argument_of_node(node))
            whole = base if isinstance(base, Ptr) and isinstance(base.root, PlaceRoot) else None
        else:
            inner = argument_of_node(node)
            if inner.type not in ("identifier", "field_expression", "parenthesized_expression"):
                return None
            if inner.type == "identifier" and self.thread_index(inner, "x") is not None:
                return None
            place = self.place(inner)
            deeper = self._address_of_member(inner) if inner.type == "field_expression" else None
            whole = deeper or (self.address(place, node) if isinstance(place, AggPlace) else None)
        record = whole.pointee if whole is not None else None
        if whole is None or not isinstance(record, Record):
            return None
        k = record.position(text_of(field_of(node, "field")))
        if k is None:
            return None
        t = record.fields[k][1]
        unit = max(self._unit(t), 1)
        whole = replace(whole, offset=self.element_index(whole, unit), unit=unit) if whole.unit % unit == 0 else whole
        return replace(self.advance_bytes(whole, field_offset(record, k)), pointee=t)

    def materialise(self, place: ValuePlace, node: Node) -> Place:
        """A value as an object of its own."""
        t = self.place_type(place)
        if isinstance(t, Auto):
            raise Unsupported("address", "the address of this value", node)
        local = self.new_local("t_", t)
        self.store(local, place.value, node)
        return local

    def _cast(self, node: Node) -> Value:
        t = self.type_of_node(field_of(node, "type"))
        return self.cast_to(t, self.value(field_of(node, "value")), node)

    def cast_to(self, t: CType, value: Value, node: Node) -> Value:
        """An explicit conversion."""
        if isinstance(t, Pointer):
            return self.convert(value, t, node)
        if isinstance(t, Scalar) and isinstance(value, Ptr) and t.dtype in ("uint64", "int64"):
            return self.pointer_number(value, t.dtype, node)
        if isinstance(t, ctype.Void):
            return build.const(0)
        return self.convert(value, t, node)

    def pointer_number(self, p: Ptr, dtype: str, node: Node) -> ir.Expr:
        """A pointer as an integer: only its distance from its (aligned) array is meaningful, for alignment tests."""
        if isinstance(p.root, PlaceRoot) or p.root is None:
            raise Unsupported("pointer-as-number", "the address of a local object as a number", node)
        return build.cast(times(p.offset, p.unit), dtype)

    def reference_cast(self, t: CType, node: Node) -> Place:
        """reinterpret_cast<T &>(node)."""
        place = self.place(node)
        if isinstance(place, ValuePlace):
            place = self.materialise(place, node)
        return self.deref(replace(self.address(place, node), pointee=t), node)

    def _sizeof(self, node: Node) -> Value:
        t_node = node.child_by_field_name("type")
        if t_node is not None:
            t = self.type_of_node(t_node)
        else:
            inner = named(node)[-1]
            while inner.type == "parenthesized_expression":
                inner = named(inner)[0]
            t = self.type_or_none(inner) or self.expression_type(inner)
        size = ctype.align_of(t) if node.type == "alignof_expression" else ctype.size_of(t)
        if isinstance(t, ArrayType) and t.extent is None:
            raise Unsupported("sizeof", "sizeof of an array without extent", node)
        return build.const(size, "uint64")

    def _compound_literal(self, node: Node) -> Value:
        name = text_of(field_of(node, "type")).split("<")[0].split("::")[-1]
        if name in COMBINERS and name not in self.unit.structs:
            return Group(name)
        t = self.type_of_node(field_of(node, "type"))
        return self.construct_from(t, self.value(field_of(node, "value")), node)

    def construct_from(self, t: CType, items: Value, node: Node) -> Value:
        """`T{...}`."""
        if isinstance(items, Items) and not items.values:
            built = self.construct(t, [], node) if isinstance(t, Record) else None
            return built if built is not None else self.zero(t)
        return self.convert(items, t, node)

    def frozen(self, place: Place) -> Place:
        """The place with its address evaluated once."""
        if isinstance(place, MemPlace) and walk.children(place.pointer.offset):
            return MemPlace(replace(place.pointer, offset=self.temp(place.pointer.offset)))
        if isinstance(place, AggPlace):
            return AggPlace(place.record, tuple(self.frozen(p) for p in place.parts))
        return place

    def pinned(self, place: Place) -> Place:
        """The place as it is now, for a reference: variables in its address may change later."""
        if isinstance(place, MemPlace) and not isinstance(place.pointer.root, PlaceRoot):
            p = place.pointer
            return MemPlace(replace(p, root=self.fixed_root(p.root), offset=self.temp(p.offset)))
        if isinstance(place, AggPlace):
            return AggPlace(place.record, tuple(self.pinned(p) for p in place.parts))
        return place
