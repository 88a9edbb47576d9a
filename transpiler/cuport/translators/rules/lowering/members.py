"""Members, addresses, and local objects seen as another type."""

from __future__ import annotations

from dataclasses import replace

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Pointer, Record, Scalar
from cuport.translators.rules.lowering.pointers import ZERO, Pointers
from cuport.translators.rules.lowering.values import (
    Agg,
    AggPlace,
    BitsPlace,
    CastPlace,
    ChoiceRoot,
    FieldPlace,
    FlatRoot,
    Items,
    LanePlace,
    MemPlace,
    Place,
    PlaceRoot,
    Ptr,
    PtrPlace,
    RecordRoot,
    Root,
    Value,
    ValuePlace,
    VarPlace,
    type_of,
)

_MOST_CHOICES = 64  # elements of a local object that is indexed at run time
_ALIASES = {"r": "x", "g": "y", "b": "z", "a": "w"}


class Members(Pointers):
    """Ways from one place to another."""

    # ------------------------------------------------------- members, addresses

    def member(self, place: Place, name: str, node: Node | None) -> Place:
        """`place.name`."""
        if isinstance(place, ValuePlace):
            return ValuePlace(self.member_value(place.value, name, node))
        if isinstance(place, AggPlace):
            return place.parts[self._position(place.record, name, node)]
        if isinstance(place, LanePlace):
            return LanePlace(place.index, tuple(self.member(p, name, node) for p in place.places))
        if not isinstance(place, MemPlace) or not isinstance(place.pointer.pointee, Record):
            raise Unsupported("member", f"`.{name}` of something that is no struct", node)
        p = place.pointer
        record = place.pointer.pointee
        k = self._position(record, name, node)
        t = record.fields[k][1]
        if isinstance(p.root, ChoiceRoot):
            options = tuple(self._field_root(o, record, k, node) for o in p.root.options)
            return MemPlace(
                self._field_pointer(replace(p, root=ChoiceRoot(p.root.selector, options)), options[0], p, t)
            )
        if isinstance(p.root, PlaceRoot):
            return self.member(self.place_at(p, record, node), name, node)
        if isinstance(p.root, RecordRoot):
            root = self._field_root(p.root, record, k, node)
            return MemPlace(self._field_pointer(replace(p, root=root), root, p, t))
        return MemPlace(replace(self.advance_bytes(p, field_offset(record, k)), pointee=t))

    def _field_root(self, root: Root, record: Record, k: int, node: Node | None) -> Root:
        if isinstance(root, RecordRoot) and root.record.name == record.name:
            return root.fields[k]
        raise Unsupported("struct-cast", f"memory of another type is used as `{record.name}`", node)

    def _field_pointer(self, p: Ptr, field: Root, owner: Ptr, t: CType) -> Ptr:
        root = owner.root.options[0] if isinstance(owner.root, ChoiceRoot) else owner.root
        assert isinstance(root, RecordRoot)
        record = root.record
        k = next(i for i, f in enumerate(root.fields) if f == field)
        count = root.counts[k]
        index = self.element_index(owner, ctype.size_of(record))
        if isinstance(field, FlatRoot):
            return Ptr(p.root, index, types.size(field.dtype) * count, t)
        assert isinstance(field, RecordRoot)
        return Ptr(p.root, build.binary("mul", index, build.const(count)), ctype.size_of(field.record), t)

    def advance_bytes(self, p: Ptr, k: int) -> Ptr:
        """The pointer `k` bytes further."""
        if k % p.unit == 0:
            return self.advance(p, build.const(k // p.unit), p.unit)
        return self.advance(p, build.const(k), 1)

    def _position(self, record: Record, name: str, node: Node | None) -> int:
        k = record.position(name)
        if k is None and record.vector:
            k = record.position(_ALIASES.get(name, name))
        if k is None:
            raise Unsupported("member", f"`{record.name}` has no member `{name}`", node)
        return k

    def member_value(self, value: Value, name: str, node: Node | None) -> Value:
        if isinstance(value, Agg):
            return value.parts[self._position(value.record, name, node)]
        raise Unsupported("member", f"`.{name}` of something that is no struct", node)

    def address(self, place: Place, node: Node | None) -> Ptr:
        """`&place`."""
        if isinstance(place, MemPlace):
            return place.pointer
        t = self.place_type(place)
        return Ptr(PlaceRoot(place), ZERO, max(ctype.size_of(t), 1), t)

    def place_type(self, place: Place) -> CType:
        match place:
            case VarPlace():
                return Scalar(place.dtype)
            case AggPlace():
                return place.record
            case PtrPlace():
                return Pointer(place.pointee)
            case MemPlace():
                return place.pointer.pointee
            case CastPlace() | BitsPlace() | FieldPlace():
                return Scalar(place.dtype)
            case LanePlace():
                return self.place_type(place.places[0])
            case ValuePlace():
                if isinstance(place.value, Items):
                    return ArrayType(place.value.element, len(place.value.values))
                return type_of(place.value) or Auto()

    def place_at(self, p: Ptr, t: CType, node: Node | None) -> Place:
        """What a pointer to a local variable points to, seen as `t`."""
        assert isinstance(p.root, PlaceRoot)
        whole = p.root.place
        have = self.place_type(whole)
        if build.is_const(p.offset, 0) and have == t:
            return whole
        if not isinstance(p.offset, ir.Const):
            return self._element_at(p, t, ctype.size_of(have), node)
        leaves = self._leaves(whole, 0)
        if isinstance(t, Record) and not t.fields:
            return AggPlace(t, ())
        if isinstance(t, Record):
            parts = []
            for k, (_, field_type) in enumerate(t.fields):
                at = self.advance_bytes(p, field_offset(t, k)) if field_offset(t, k) else p
                parts.append(self.place_at(replace(at, pointee=field_type), field_type, node))
            return AggPlace(t, tuple(parts))
        if not isinstance(t, Scalar):
            raise Unsupported("reinterpret", f"a local variable is seen as `{ctype.show(t)}`", node)
        start = int(p.offset.value) * p.unit
        return self._leaf_at(leaves, start, t.dtype, node)

    def _element_at(self, p: Ptr, t: CType, total: int, node: Node | None) -> Place:
        """`((T *)&v)[i]` with `i` known at run time only: one of all the places that `i` may mean."""
        size = ctype.size_of(t)
        count = total // size
        if not 2 <= count <= _MOST_CHOICES or not isinstance(t, Scalar | Record):
            raise Unsupported("reinterpret", f"a local variable is indexed as an array of `{ctype.show(t)}`", node)
        index = self.temp(self.element_index(p, size))
        at = [replace(p, offset=build.const(k), unit=size) for k in range(count)]
        return LanePlace(index, tuple(self.place_at(q, t, node) for q in at))

    def _leaf_at(self, leaves: list[tuple[Place, str, int]], start: int, dtype: str, node: Node | None) -> Place:
        size = types.size(dtype)
        inside = [(p, d, at) for p, d, at in leaves if at < start + size and start < at + types.size(d)]
        if len(inside) == 1:
            place, have, at = inside[0]
            if have == dtype:
                return place
            if types.size(have) == size:
                return CastPlace(place, dtype)
            if types.size(have) > size:
                return FieldPlace(place, (start - at) * 8, dtype)
        widths = {types.size(d) for _, d, _ in inside}
        if inside and len(widths) == 1 and len(inside) * widths.pop() == size:
            return BitsPlace(tuple(p for p, _, _ in inside), dtype)
        raise Unsupported("reinterpret", f"no {dtype} stands at byte {start} of a local variable", node)

    def _leaves(self, place: Place, start: int) -> list[tuple[Place, str, int]]:
        """Scalar places with dtype and byte offset, in order of memory."""
        t = self.place_type(place)
        if isinstance(t, Scalar):
            return [(place, t.dtype, start)]
        if isinstance(t, Record):
            found = []
            for k, (name, _) in enumerate(t.fields):
                found += self._leaves(self.member(place, name, None), start + field_offset(t, k))
            return found
        if isinstance(t, ArrayType) and isinstance(place, MemPlace):
            size = ctype.size_of(t.element)
            first = replace(place.pointer, pointee=t.element)
            found = []
            for k in range(t.extent or 0):
                found += self._leaves(MemPlace(self.advance(first, build.const(k))), start + k * size)
            return found
        raise Unsupported("reinterpret", f"a local `{ctype.show(t)}` is seen as another type")


def field_offset(record: Record, k: int) -> int:
    """Byte offset of field `k`."""
    if record.decl is not None and record.decl.union:
        return 0
    offset = 0
    for i, (_, t) in enumerate(record.fields):
        if not record.vector:
            offset = -(-offset // ctype.align_of(t)) * ctype.align_of(t)
        if i == k:
            return offset
        offset += ctype.size_of(t)
    raise IndexError(k)


def elements(t: CType) -> int:
    """How many scalars (or structs) of a field's memory one object holds."""
    count = 1
    while isinstance(t, ArrayType):
        count *= t.extent or 1
        t = t.element
    return count * (len(t.fields) if isinstance(t, Record) and t.vector else 1)
