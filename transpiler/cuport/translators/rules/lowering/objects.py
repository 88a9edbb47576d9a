"""Conversions of values, and storage for new objects."""

from __future__ import annotations

from dataclasses import replace

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Opaque, Pointer, Record, Scalar, Void
from cuport.translators.rules.lowering.members import Members, elements
from cuport.translators.rules.lowering.pointers import ZERO
from cuport.translators.rules.lowering.values import (
    Agg,
    AggPlace,
    Closure,
    FlatRoot,
    FunctionName,
    Group,
    Items,
    MemPlace,
    Place,
    Ptr,
    PtrPlace,
    RecordRoot,
    Root,
    Value,
    VarPlace,
    type_of,
)


class Objects(Members):
    """How values become values of another type, and where objects live."""

    def scalar(self, value: Value, node: Node | None) -> ir.Expr:
        """The value as an expression; Unsupported if it is no number."""
        if isinstance(value, Ptr):
            raise Unsupported("pointer-as-number", "a pointer is used as a number", node)
        if isinstance(value, Agg):
            if len(value.parts) == 1:
                return self.scalar(value.parts[0], node)
            raise Unsupported("struct-as-number", f"a `{value.record.name}` is used as a number", node)
        if isinstance(value, Items):
            if len(value.values) == 1:
                return self.scalar(value.values[0], node)
            raise Unsupported("array-as-number", "an initializer list is used as a number", node)
        if isinstance(value, Closure | FunctionName | Group):
            raise Unsupported("function-as-number", "a function is used as a number", node)
        return value

    # -------------------------------------------------------------- conversions

    def convert(self, value: Value, t: CType, node: Node | None) -> Value:
        """Implicit (or static_cast) conversion to `t`."""
        if isinstance(value, Agg) and isinstance(t, Scalar | Pointer):
            value = self.conversion_operator(value, t, node)
        match t:
            case Scalar():
                if isinstance(value, Ptr) and t.dtype == "bool":
                    return self.pointer_truth(value)
                return build.cast(self.scalar(value, node), t.dtype)
            case Pointer():
                if isinstance(value, ir.Const) and value.value == 0:
                    return Ptr(None, ZERO, 1, t.pointee)
                if isinstance(value, Ptr):
                    same = isinstance(t.pointee, Auto) or isinstance(value.pointee, ArrayType)
                    return value if same else replace(value, pointee=t.pointee)
                raise Unsupported("pointer-from-number", "a number is used as a pointer", node)
            case Record():
                return self._to_record(value, t, node)
            case ArrayType():
                if isinstance(value, Items):
                    values = self._grouped(list(value.values), t.element)
                    extent = t.extent if t.extent is not None else len(values)
                    given = [self.convert(v, t.element, node) for v in values]
                    zeros = [self.zero(t.element) for _ in range(extent - len(given))]
                    return Items(t.element, tuple(given + zeros))
                return value
            case Void() | Auto() | Opaque():
                return value

    def _grouped(self, values: list[Value], element: CType) -> list[Value]:
        """`int a[2][2] = {1, 2, 3}`: numbers gathered into rows where the inner braces are left out."""
        flat = isinstance(element, ArrayType) and values and not isinstance(values[0], Items | Ptr)
        if not flat or not isinstance(element, ArrayType):
            return values
        inner, count = element, 1
        while isinstance(inner, ArrayType):
            count *= inner.extent or 1
            inner = inner.element  # type: ignore[assignment]
        return [Items(Auto(), tuple(values[k : k + count])) for k in range(0, len(values), count)]

    def conversion_operator(self, value: Value, t: CType, node: Node | None) -> Value:
        """User-defined conversions to a scalar; a later layer knows methods."""
        return value

    def construct(self, record: Record, arguments: list[Value], node: Node | None) -> Value | None:
        """A user-defined constructor's result, or None if no constructor fits; a later layer knows methods."""
        return None

    def _to_record(self, value: Value, t: Record, node: Node | None) -> Agg:
        if isinstance(value, Agg):
            if value.record == t or value.record.name == t.name:
                return Agg(t, value.parts)
            if value.record.vector and t.vector and len(value.parts) == len(t.fields):
                return Agg(t, tuple(build.cast(self.scalar(p, node), t.lane) for p in value.parts))
        arguments: list[Value] = [*value.values] if isinstance(value, Items) else [value]
        built = self.construct(t, arguments, node)
        if isinstance(built, Agg):
            return built
        if isinstance(value, Items):
            if len(arguments) == 1 and isinstance(arguments[0], Agg) and arguments[0].record == t:
                return arguments[0]
            return self._braces(arguments, t, node)
        if t.name == "dim3":
            one = build.const(1, "uint32")
            return Agg(t, (build.cast(self.scalar(value, node), "uint32"), one, one))
        raise Unsupported("conversion", f"a conversion to `{t.name}`", node)

    def _braces(self, given: list[Value], t: Record, node: Node | None) -> Agg:
        """Aggregate initialization, with the braces of members left out where they may be."""
        rest = [*given]
        parts: list[Value] = []
        for _, field_type in t.fields:
            if not rest:
                parts.append(self.zero(field_type))
            elif (
                isinstance(field_type, Record)
                and not isinstance(rest[0], Items | Agg)
                and type_of(rest[0]) != field_type
            ):
                count = len(field_type.fields)
                parts.append(self._braces(rest[:count], field_type, node))
                del rest[:count]
            elif isinstance(field_type, ArrayType) and not isinstance(rest[0], Items | Ptr):
                count = field_type.extent or 0
                parts.append(self.convert(Items(field_type.element, tuple(rest[:count])), field_type, node))
                del rest[:count]
            else:
                parts.append(self.convert(rest.pop(0), field_type, node))
        if rest:
            raise Unsupported("initializer", f"too many initializers for `{t.name}`", node)
        return Agg(t, tuple(parts))

    def zero(self, t: CType) -> Value:
        """A value-initialized object."""
        match t:
            case Scalar():
                return build.const(0, t.dtype)
            case Record():
                return Agg(t, tuple(self.zero(f) for _, f in t.fields))
            case ArrayType():
                return Items(t.element, tuple(self.zero(t.element) for _ in range(t.extent or 0)))
            case Pointer():
                return Ptr(None, ZERO, 1, t.pointee)
        raise Unsupported("initializer", f"a zero `{ctype.show(t)}`")

    def pointer_truth(self, p: Ptr) -> ir.Expr:
        """`p != nullptr`: a pointer parameter may be null, anything else points somewhere."""
        if p.root is None:
            return build.FALSE
        if isinstance(p.root, FlatRoot) and self.memories[p.root.memory].space == "global":
            return build.negate(ir.IsNull(p.root.memory))
        if isinstance(p.root, RecordRoot):
            first = p.root
            while isinstance(first, RecordRoot) and first.fields:
                inner = first.fields[0]
                if isinstance(inner, FlatRoot):
                    if self.memories[inner.memory].space == "global":
                        return build.negate(ir.IsNull(inner.memory))
                    break
                assert isinstance(inner, RecordRoot)
                first = inner
        return build.TRUE

    # ------------------------------------------------------------------- storage

    def new_local(self, name: str, t: CType, key: int = -1) -> Place:
        """Storage for a local object: variables where it can be split, else a local memory."""
        match t:
            case Scalar():
                var = self.variable(name, t.dtype)
                return VarPlace(var.name, t.dtype)
            case Record() if not (t.decl is not None and t.decl.union):
                return AggPlace(
                    t,
                    tuple(
                        self.new_local(f"{name}_{field}", ft, key * 64 + k) for k, (field, ft) in enumerate(t.fields)
                    ),
                )
            case Pointer():
                return PtrPlace(name, key, t.pointee)
            case ArrayType() | Record():
                return MemPlace(Ptr(self.new_root(name, t, "local"), ZERO, self._unit(t), t))
        raise Unsupported("type", f"a local object of type `{ctype.show(t)}`")

    def _unit(self, t: CType) -> int:
        while isinstance(t, ArrayType):
            t = t.element
        if isinstance(t, Record) and t.vector:
            return types.size(t.lane)
        return ctype.size_of(t)

    def new_root(self, name: str, t: CType, space: str, extent: int | None = 1, rigid: bool = False) -> Root:
        """Memory for `extent` objects of type `t` (None: as many as the launch's shared bytes hold)."""
        count = 1
        while isinstance(t, ArrayType):
            if t.extent is None:
                extent = None
            else:
                count *= t.extent
            t = t.element
        if isinstance(t, Record) and t.decl is not None and t.decl.union:
            size = max([ctype.size_of(f) for _, f in t.fields], default=1)
            dtype = self.overrides.dtypes.get(self.peek(name), "uint8")
            return self._flat(
                name, dtype, None if extent is None else extent * count * size // types.size(dtype), space
            )
        if isinstance(t, Record) and not t.vector:
            if extent is None:
                raise Unsupported("extern-shared-struct", "extern shared memory of structs")
            fields = tuple(self.new_root(f"{name}_{f}", ft, space, extent * count, True) for f, ft in t.fields)
            return RecordRoot(t, fields, tuple(elements(ft) for _, ft in t.fields))
        if isinstance(t, Pointer):
            raise Unsupported("array-of-pointers", "an array of pointers")
        lanes = 1
        if isinstance(t, Record):
            lanes, t = len(t.fields), Scalar(t.lane)
        if not isinstance(t, Scalar):
            raise Unsupported("type", f"memory of type `{ctype.show(t)}`")
        total = None if extent is None else extent * count * lanes
        dtype = self.overrides.dtypes.get(self.peek(name), t.dtype)
        if total is not None and dtype != t.dtype:
            total = -(-total * types.size(t.dtype) // types.size(dtype))
        return self._flat(name, dtype, total, space, rigid, count * lanes)

    def peek(self, name: str) -> str:
        """The name that `unique(name)` would give."""
        before = set(self.taken)
        found = self.unique(name)
        self.taken = before
        return found

    def _flat(
        self, name: str, dtype: str, extent: int | None, space: str, rigid: bool = False, count: int = 1
    ) -> FlatRoot:
        memory = ir.Memory(self.unique(name), space, dtype, extent)  # type: ignore[arg-type]
        self.memory(memory)
        return FlatRoot(memory.name, dtype, rigid, count)
