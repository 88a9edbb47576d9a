"""Reading and writing places."""

from __future__ import annotations

from dataclasses import replace

from tree_sitter import Node

from cuport.translators.rules import build, ir, types, walk
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Relower, Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Pointer, Record, Scalar
from cuport.translators.rules.lowering.objects import Objects
from cuport.translators.rules.lowering.pointers import ZERO, reinterpret, times
from cuport.translators.rules.lowering.values import (
    Agg,
    AggPlace,
    BitsPlace,
    CastPlace,
    ChoiceRoot,
    Closure,
    FieldPlace,
    FlatRoot,
    FunctionName,
    Group,
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


class Places(Objects):
    """Load, store, choose."""

    # ------------------------------------------------------------------ reading

    def load(self, place: Place, node: Node | None = None) -> Value:
        """The value of a place; arrays decay to pointers."""
        match place:
            case VarPlace():
                return ir.Var(place.name, place.dtype)
            case AggPlace():
                return Agg(place.record, tuple(self.load(p, node) for p in place.parts))
            case ValuePlace():
                return place.value
            case PtrPlace():
                return self.pointer_value(place, node)
            case MemPlace():
                return self._load_memory(place.pointer, node)
            case CastPlace():
                return reinterpret(self.scalar(self.load(place.place, node), node), place.dtype)
            case BitsPlace():
                return self.join([self.scalar(self.load(p, node), node) for p in place.parts], place.dtype)
            case FieldPlace():
                word = self.scalar(self.load(place.place, node), node)
                return self.extract(word, build.const(place.shift), place.dtype)
            case LanePlace():
                values = [self.load(p, node) for p in place.places]
                result = values[-1]
                for k in reversed(range(len(values) - 1)):
                    result = self.choose(build.compare("eq", place.index, build.const(k)), values[k], result, node)
                return result

    def _load_memory(self, p: Ptr, node: Node | None) -> Value:
        t = p.pointee
        if isinstance(p.root, PlaceRoot):
            return self.load(self.place_at(p, t, node), node)
        if isinstance(p.root, ChoiceRoot):
            options = [self._load_memory(replace(p, root=o), node) for o in p.root.options]
            result = options[-1]
            for k in reversed(range(len(options) - 1)):
                here = build.compare("eq", ir.Var(p.root.selector, "int32"), build.const(k))
                result = self.choose(here, options[k], result, node)
            return result
        match t:
            case Scalar() if isinstance(p.root, FlatRoot):
                return self.load_flat(p.root, p, t.dtype)
            case Record():
                names = [name for name, _ in t.fields]
                return Agg(t, tuple(self.load(self.member(MemPlace(p), name, node), node) for name in names))
            case ArrayType():
                return replace(p, pointee=t.element)
        raise Unsupported("load", f"a load of `{ctype.show(t)}` from here", node)

    def choose(self, cond: ir.Expr, a: Value, b: Value, node: Node | None) -> Value:
        """`cond ? a : b` where evaluating both is harmless; loads are guarded."""
        if isinstance(cond, ir.Const):
            return a if cond.value else b
        if isinstance(a, Agg) and isinstance(b, Agg):
            return Agg(a.record, tuple(self.choose(cond, x, y, node) for x, y in zip(a.parts, b.parts, strict=True)))
        if isinstance(a, Ptr) and isinstance(b, Ptr):
            return self._choose_pointer(cond, a, b, node)
        x, y = self.scalar(a, node), self.scalar(b, node)
        if x.dtype != y.dtype:
            dtype = types.common(x.dtype, y.dtype)
            x, y = build.cast(x, dtype), build.cast(y, dtype)
        return build.select(cond, self.guarded(cond, x), self.guarded(build.negate(cond), y))

    def _choose_pointer(self, cond: ir.Expr, a: Ptr, b: Ptr, node: Node | None) -> Ptr:
        if a.root is None or b.root is None:
            raise Unsupported("pointer-choice", "a pointer that is null or not, chosen at run time", node)
        unit = a.unit if a.unit == b.unit else 1
        if unit == 1 and (isinstance(a.root, RecordRoot) or isinstance(b.root, RecordRoot)):
            unit = ctype.size_of(a.pointee)
        x, y = self.element_index(a, unit), self.element_index(b, unit)
        if a.root == b.root:
            return Ptr(a.root, build.select(cond, x, y), unit, a.pointee)
        options = (*self._options(a.root), *(o for o in self._options(b.root) if o not in self._options(a.root)))
        selector = self.variable("t_which", "int32")
        self.assign(selector.name, build.select(cond, self._selector(a.root, options), self._selector(b.root, options)))
        return Ptr(ChoiceRoot(selector.name, options), build.select(cond, x, y), unit, a.pointee)

    def _options(self, root: Root) -> tuple[Root, ...]:
        return root.options if isinstance(root, ChoiceRoot) else (root,)

    def _selector(self, root: Root, options: tuple[Root, ...]) -> ir.Expr:
        """Which of `options` the root is, as an int32."""
        if not isinstance(root, ChoiceRoot):
            return build.const(options.index(root))
        here: ir.Expr = ir.Var(root.selector, "int32")
        result: ir.Expr = build.const(options.index(root.options[-1]))
        for k in reversed(range(len(root.options) - 1)):
            at = build.const(options.index(root.options[k]))
            result = build.select(build.compare("eq", here, build.const(k)), at, result)
        return result

    # ------------------------------------------------------------------ writing

    def store(self, place: Place, value: Value, node: Node | None = None) -> None:
        """Assign, converting to the place's type."""
        match place:
            case VarPlace():
                self.assign(place.name, build.cast(self.scalar(value, node), place.dtype))
            case AggPlace():
                agg = self.convert(value, place.record, node)
                assert isinstance(agg, Agg)
                parts = self._settle(agg, place)
                for p, v in zip(place.parts, parts.parts, strict=True):
                    self.store(p, v, node)
            case PtrPlace():
                self.set_pointer(place, self.convert(value, Pointer(place.pointee), node), node)
            case MemPlace():
                self._store_memory(place.pointer, value, node)
            case CastPlace():
                inner = type_of(self.load(place.place, node))
                assert isinstance(inner, Scalar)
                bits = build.cast(self.scalar(value, node), place.dtype)
                self.store(place.place, reinterpret(bits, inner.dtype), node)
            case BitsPlace():
                bits = build.cast(self.scalar(value, node), place.dtype)
                first = type_of(self.load(place.parts[0], node))
                assert isinstance(first, Scalar)
                for p, v in zip(place.parts, self.split(bits, first.dtype), strict=True):
                    self.store(p, v, node)
            case FieldPlace():
                word = self.scalar(self.load(place.place, node), node)
                bits = build.cast(self.scalar(value, node), place.dtype)
                self.store(place.place, self.insert(word, place.shift, bits), node)
            case LanePlace():
                kept = self.keep(value)
                for k, p in enumerate(place.places):
                    with self.capture() as inner_block:
                        self.store(p, kept, node)
                    self.emit(
                        ir.If(build.compare("eq", place.index, build.const(k)), tuple(inner_block), (), self.line)
                    )
            case ValuePlace():
                raise Unsupported("assign", "an assignment to something that is not a variable", node)

    def _settle(self, agg: Agg, place: AggPlace) -> Agg:
        """`v = {v.y, v.x}`: read everything before the first part is written."""
        names = {p.name for p in place.parts if isinstance(p, VarPlace)}
        parts = list(agg.parts)
        for i, part in enumerate(parts[1:], 1):
            if not isinstance(part, Agg | Ptr | Items | Closure | FunctionName | Group):
                mine = place.parts[i]
                others = names - ({mine.name} if isinstance(mine, VarPlace) else set())
                if walk.reads(part).variables & others:
                    parts[i] = self.temp(part)
        return Agg(agg.record, tuple(parts))

    def keep(self, value: Value) -> Value:
        """The value with its numbers in variables, so that it can be used more than once."""
        match value:
            case Agg():
                return Agg(value.record, tuple(self.keep(p) for p in value.parts))
            case Items():
                return Items(value.element, tuple(self.keep(p) for p in value.values))
            case Ptr():
                return replace(value, root=self.fixed_root(value.root), offset=self.temp(value.offset))
            case Closure() | FunctionName() | Group():
                return value
            case _:
                return self.temp(value)

    def _store_memory(self, p: Ptr, value: Value, node: Node | None) -> None:
        t = p.pointee
        if isinstance(p.root, PlaceRoot):
            self.store(self.place_at(p, t, node), value, node)
            return
        if isinstance(p.root, ChoiceRoot):
            kept, offset = self.keep(value), self.temp(p.offset)
            for k, option in enumerate(p.root.options):
                with self.capture() as block:
                    self._store_memory(replace(p, root=option, offset=offset), kept, node)
                here = build.compare("eq", ir.Var(p.root.selector, "int32"), build.const(k))
                self.emit(ir.If(here, tuple(block), (), self.line))
            return
        if isinstance(t, Scalar) and isinstance(p.root, FlatRoot):
            self.store_flat(p.root, p, build.cast(self.scalar(value, node), t.dtype), node)
        elif isinstance(t, Record):
            agg = self.convert(value, t, node)
            assert isinstance(agg, Agg)
            if len(t.fields) > 1:
                p = replace(p, offset=self.temp(p.offset))
                agg = self._settled_loads(agg)
            for (name, _), part in zip(t.fields, agg.parts, strict=True):
                self.store(self.member(MemPlace(p), name, node), part, node)
        elif isinstance(t, ArrayType) and t.extent is not None:
            items = self.convert(value, t, node)
            for k in range(t.extent):
                part = items.values[k] if isinstance(items, Items) else self._element(items, k, node)
                self.store(MemPlace(self.advance(replace(p, pointee=t.element), build.const(k))), part, node)
        else:
            raise Unsupported("store", f"a store of `{ctype.show(t)}` to here", node)

    def _settled_loads(self, agg: Agg) -> Agg:
        """Loads of a copied struct happen before its first field is stored."""
        parts = [
            self.temp(p)
            if not isinstance(p, Agg | Ptr | Items | Closure | FunctionName | Group) and walk.reads(p).memories
            else (self._settled_loads(p) if isinstance(p, Agg) else p)
            for p in agg.parts
        ]
        return Agg(agg.record, tuple(parts))

    def _element(self, array: Value, k: int, node: Node | None) -> Value:
        if isinstance(array, Ptr):
            return self.load(MemPlace(self.advance(array, build.const(k))), node)
        raise Unsupported("array", "this array cannot be copied", node)

    def fixed_root(self, root: Root | None) -> Root | None:
        """The root as it is now: a pointer variable's choice may change later."""
        if not isinstance(root, ChoiceRoot):
            return root
        selector = self.variable("t_which", "int32")
        self.assign(selector.name, ir.Var(root.selector, "int32"))
        return ChoiceRoot(selector.name, root.options)

    # ---------------------------------------------------------- pointer variables

    def pointer_value(self, place: PtrPlace, node: Node | None) -> Ptr:
        if place.null:
            return Ptr(None, ZERO, 1, place.pointee)
        if place.root is None or place.offset is None:
            raise Unsupported("pointer", f"the pointer `{place.name}` is used before it is set", node)
        return Ptr(place.root, ir.Var(place.offset, "int32"), place.unit, place.pointee)

    def set_pointer(self, place: PtrPlace, value: Value, node: Node | None) -> None:
        """Assign to a pointer variable. A root that it did not have before makes the lowering start again."""
        if not isinstance(value, Ptr):
            raise Unsupported("pointer", f"`{place.name}` is set to something that is no pointer", node)
        if place.null or (value.root is None and place.root is not None):
            raise Unsupported("null-pointer", f"`{place.name}` is null at one time and not at another", node)
        if value.root is None:
            place.null = True
            return
        if place.root is None:
            self._first_root(place, value)
        assert place.root is not None and place.offset is not None
        which: ir.Expr | None = None
        if isinstance(place.root, ChoiceRoot) or value.root != place.root:
            known = self._options(place.root)
            missing = tuple(o for o in self._options(value.root) if o not in known)
            if missing:
                self.overrides.roots[place.key] = (*known, *missing)
                raise Relower
            which = self._selector(value.root, known)
        if value.unit % place.unit == 0:
            offset = times(value.offset, value.unit // place.unit)
        else:
            offset = self.element_index(value, place.unit)
        if isinstance(place.root, ChoiceRoot) and which is not None:
            self.assign(place.root.selector, which)
        self.assign(place.offset, offset)

    def _first_root(self, place: PtrPlace, value: Ptr) -> None:
        assert value.root is not None
        options = self.overrides.roots.get(place.key)
        place.offset = self.variable(place.name, "int32").name
        size = ctype.size_of(place.pointee)
        place.unit = value.unit if isinstance(value.root, RecordRoot) else min(size, value.unit)
        if options is None and isinstance(value.root, ChoiceRoot):
            options = value.root.options
        if options is None:
            place.root = value.root
            return
        if any(isinstance(o, PlaceRoot) for o in options):
            raise Unsupported("pointer", f"`{place.name}` points to different local variables")
        place.root = ChoiceRoot(self.variable(f"{place.name}_which", "int32").name, options)
