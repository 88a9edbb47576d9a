"""Which function a call means: a cast, a lambda, a method, the source's own function, or one of CUDA's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering import ctype, library, literals
from cuport.translators.rules.lowering.access import COMBINERS
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import CType, Opaque, Pointer, Record, Scalar
from cuport.translators.rules.lowering.declare import best, named, text_of
from cuport.translators.rules.lowering.intrinsics import Site
from cuport.translators.rules.lowering.overloads import Argument
from cuport.translators.rules.lowering.parallel import VOID, Parallel
from cuport.translators.rules.lowering.typenames import TemplateArg
from cuport.translators.rules.lowering.values import (
    Agg,
    Closure,
    FunctionName,
    Group,
    Items,
    Pack,
    Place,
    PlaceRoot,
    Ptr,
    TypeName,
    Value,
    ValuePlace,
)

_CASTS = ("static_cast", "reinterpret_cast", "const_cast", "dynamic_cast", "bit_cast")


class Dispatch(Parallel):
    """`call`, and what needs it."""

    def call(self, node: Node, discard: bool = False) -> Place:
        function = node.child_by_field_name("function")
        listing = node.child_by_field_name("arguments")
        if function is None or listing is None:
            raise Unsupported("call", "this call", node)
        nodes = named(listing)
        match function.type:
            case "primitive_type" | "sized_type_specifier" | "type_identifier" | "template_type" | "dependent_type":
                return self._construct(self.type_of_node(function), nodes, node)
            case "lambda_expression":
                closure = self.closure(function)
                assert isinstance(closure, Closure)
                return self.call_closure(closure, self.arguments(nodes), node)
            case "parenthesized_expression":
                inner = named(function)[0]
                t = self.type_or_none(inner)
                if t is not None and len(nodes) == 1:  # `(T)(x)`
                    return ValuePlace(self.cast_to(t, self.value(nodes[0]), node))
                return self._call_value(self.place(inner), nodes, node)
            case "field_expression":
                return self._method_call(function, nodes, node)
            case "call_expression":
                return self._call_value(self.call(function), nodes, node)
            case "identifier" | "qualified_identifier" | "template_function" | "operator_name":
                return self._named_call(function, nodes, node, discard)
        raise Unsupported("call", f"a call of `{text_of(function)}`", node)

    def _call_value(self, place: Place, nodes: Sequence[Node], node: Node) -> Place:
        """A call of an object: a lambda, a functor, a function's name."""
        value = place.value if isinstance(place, ValuePlace) else None
        if isinstance(value, Closure):
            return self.call_closure(value, self.arguments(nodes), node)
        if isinstance(value, FunctionName):
            return self._by_name(value.name, (), self.arguments(nodes), node, False)
        if isinstance(self.place_type(place), Record):
            return self.method(place, "operator()", self.arguments(nodes), node)
        raise Unsupported("call", "a call of something that is no function", node)

    # ------------------------------------------------------------------- by name

    def _named_call(self, function: Node, nodes: Sequence[Node], node: Node, discard: bool) -> Place:
        full = "".join(text_of(function).split()).removeprefix("::")
        inner, scope = function, None
        while inner.type == "qualified_identifier":
            scope = inner.child_by_field_name("scope")
            found = inner.child_by_field_name("name")
            if found is None:
                raise Unsupported("call", f"a call of `{full}`", node)
            inner = found
        explicit_nodes: list[Node] = []
        name_node = inner
        if inner.type in ("template_function", "template_method"):
            arguments = inner.child_by_field_name("arguments")
            explicit_nodes = named(arguments) if arguments is not None else []
            name_node = inner.child_by_field_name("name") or inner
        name = text_of(name_node)
        if name in library.OUTPUT and name not in self.unit.functions:
            for argument in nodes:
                if "string" not in argument.type:
                    self.effect(argument)
            self.note("output-dropped", f"`{name}` has no counterpart in a port and is left out", node)
            return ValuePlace(VOID)
        if name in _CASTS:
            return self._cast_call(name, explicit_nodes, nodes, node)
        if scope is not None and "numeric_limits<" in full:
            return self._numeric_limit(scope, name, node)
        local = self.lookup(name) if scope is None else None
        if local is not None and not isinstance(local, TypeName | Pack):
            return self._call_value(local, nodes, node)
        if name in COMBINERS and not nodes and (name not in self.unit.structs):
            return ValuePlace(Group(name))
        t = self.type_or_none(function)
        if t is not None:
            return self._construct(t, nodes, node)
        explicit = self._explicit(explicit_nodes)
        owner = self.type_or_none(scope) if scope is not None else None
        if isinstance(owner, Record):
            return self._static_call(owner, name, explicit, self.arguments(nodes), node)
        return self._by_name(full, explicit, self.arguments(nodes), node, discard, nodes)

    def _explicit(self, nodes: Sequence[Node]) -> tuple[TemplateArg, ...]:
        return tuple(self.template_argument(n) for n in nodes)

    def _by_name(
        self,
        full: str,
        explicit: tuple[TemplateArg, ...],
        arguments: Sequence[Argument],
        node: Node,
        discard: bool,
        nodes: Sequence[Node] = (),
    ) -> Place:
        name = full.split("<")[0].split("::")[-1]
        std = full.startswith(("std::", "cuda::std::", "thrust::"))
        record = self.frame.record
        if record is not None and self.methods_of(record, name):
            if self.frame.this is None:
                return self._static_call(record, name, explicit, arguments, node)
            return self.method(self.frame.this, name, list(arguments), node, explicit)
        own = [] if std else self.unit.functions.get(name, [])
        if own:
            local = [f for f in own if f.qualified == best(own, f"{self.frame.namespace}::{full}").qualified]
            site = Site(name, explicit, arguments, node)
            builtin = self._is_builtin(name)
            chosen = self.choose_function(local, arguments, explicit, builtin)
            if chosen is None and not builtin:
                chosen = self.choose_function(own, arguments, explicit, False)
            if chosen is not None:
                if chosen[0].kernel:
                    raise Unsupported("dynamic-parallelism", f"a kernel calls the kernel `{name}`", node)
                return self.inline(chosen[0], arguments, chosen[1], node)
            if not builtin:
                raise Unsupported("call", f"no overload of `{name}` fits this call", node)
            return ValuePlace(self._intrinsic(site, discard, std))
        return ValuePlace(self._intrinsic(Site(name, explicit, arguments, node), discard, std))

    def _is_builtin(self, name: str) -> bool:
        tables = (library.FLOATING, library.ARITHMETIC, library.CASTS, library.BITCASTS, library.INTEGER)
        vector = name.startswith("make_") and ctype.named(name.removeprefix("make_")) is not None
        return (
            vector or any(name in t for t in tables) or name.startswith(("atomic", "__shfl")) or name in ("min", "max")
        )

    def _intrinsic(self, site: Site, discard: bool, std: bool) -> Value:
        name = site.name
        if name in library.IGNORED:
            return VOID
        if std and name in ("min", "max") and len(site.arguments) == 2:
            return self._std_min_max(site)
        if name == "swap" and len(site.arguments) == 2:
            return self._swap(site)
        if name in ("move", "forward") and len(site.arguments) == 1:
            return self.load(site.arguments[0].place, site.node)
        if name in ("sincosf", "sincos", "__sincosf", "sincospif", "sincospi"):
            return self._sine_cosine(site)
        if name in ("modff", "modf"):
            return self._modf(site)
        if name in ("memcpy", "memset"):
            return self._memory_function(site)
        for method in (self.arithmetic_intrinsic, self.group_function):
            value = method(site)
            if value is not None:
                return value
        value = self.parallel_intrinsic(site, discard)
        if value is None:
            hint = "write it as a __device__ function in this file" if not name.startswith("__") else ""
            raise Unsupported("unknown-function", f"the function `{name}` is not known", site.node, hint)
        return value

    # ------------------------------------------------------------------- special

    def _cast_call(self, name: str, explicit: Sequence[Node], nodes: Sequence[Node], node: Node) -> Place:
        if len(explicit) != 1 or len(nodes) != 1:
            raise Unsupported("cast", f"`{name}` of this", node)
        declarator = explicit[0].child_by_field_name("declarator")
        inner = explicit[0].child_by_field_name("type")
        if declarator is not None and "reference" in declarator.type and inner is not None:
            t = self.type_of_node(inner)
            if name == "static_cast" and self.place_type(self.place(nodes[0])) == t:
                return self.place(nodes[0])
            return self.reference_cast(t, nodes[0])
        t = self.type_of_node(explicit[0])
        value = self.value(nodes[0])
        if name == "bit_cast" and isinstance(t, Scalar):
            return ValuePlace(build.bitcast(self.scalar(value, node), t.dtype))
        return ValuePlace(self.cast_to(t, value, node))

    def _construct(self, t: CType, nodes: Sequence[Node], node: Node) -> Place:
        """`T(arguments)`."""
        if isinstance(t, Scalar | Pointer) and len(nodes) == 1:
            return ValuePlace(self.cast_to(t, self.value(nodes[0]), node))
        if not nodes:
            return ValuePlace(self.construct_from(t, Items(t, ()), node))
        if isinstance(t, Opaque):
            raise Unsupported("type", f"an object of type `{t.name}`", node)
        values = [self.load(a.place, node) for a in self.arguments(nodes)]
        if isinstance(t, Record):
            built = self.construct(t, values, node)
            if built is None and len(values) == 1 and isinstance(values[0], Agg):
                built = self.convert(values[0], t, node)
            if built is None and t.name == "dim3":
                ones = [build.const(1, "uint32")] * (3 - len(values))
                built = Agg(t, tuple(build.cast(self.scalar(v, node), "uint32") for v in [*values, *ones]))
            return ValuePlace(built if built is not None else self.convert(Items(t, tuple(values)), t, node))
        raise Unsupported("call", "a construction of this type", node)

    def _numeric_limit(self, scope: Node, name: str, node: Node) -> Place:
        arguments = scope.child_by_field_name("arguments")
        t = self.type_of_node(named(arguments)[0]) if arguments is not None else None
        found = literals.numeric_limit(t.dtype, name) if isinstance(t, Scalar) else None
        if found is None:
            raise Unsupported("numeric-limits", f"numeric_limits<...>::{name}", node)
        return ValuePlace(found)

    def _static_call(
        self, owner: Record, name: str, explicit: tuple[TemplateArg, ...], arguments: Sequence[Argument], node: Node
    ) -> Place:
        frame = self.frame
        frame.scopes.append(self.record_bindings(owner))
        try:
            chosen = self.choose_function(self.methods_of(owner, name), arguments, explicit, False)
        finally:
            frame.scopes.pop()
        if chosen is None:
            raise Unsupported("method", f"`{owner.name}` has no static function `{name}` for this call", node)
        return self.inline(chosen[0], arguments, chosen[1], node, record=owner)

    def _method_call(self, function: Node, nodes: Sequence[Node], node: Node) -> Place:
        base_node, field = function.child_by_field_name("argument"), function.child_by_field_name("field")
        if base_node is None or field is None:
            raise Unsupported("call", "this method call", node)
        explicit: tuple[TemplateArg, ...] = ()
        if field.type in ("template_method", "template_function"):
            listing = field.child_by_field_name("arguments")
            explicit = self._explicit(named(listing) if listing is not None else [])
            field = field.child_by_field_name("name") or field
        elif field.type == "dependent_name":
            field = named(field)[0]
        name = text_of(field)
        if text_of(function.child_by_field_name("operator")) == "->":
            place = self.deref(self.value(base_node), node)
        else:
            place = self.place(base_node)
        value = place.value if isinstance(place, ValuePlace) else None
        if isinstance(value, Group):
            arguments = [self.load(a.place, node) for a in self.arguments(nodes)]
            return ValuePlace(self.group_method(value, name, arguments, node))
        record = self.place_type(place)
        if isinstance(record, Record) and record.position(name) is not None:
            return self._call_value(self.member(place, name, node), nodes, node)
        return self.method(place, name, self.arguments(nodes), node, explicit)

    def _std_min_max(self, site: Site) -> Value:
        """std::min and std::max return one of the two by `<`: a NaN comes through as the comparison decides."""
        a, b = self.numbers(site, 2)
        if isinstance(a, ir.Const) and isinstance(b, ir.Const) is False and site.explicit:
            a = build.cast(a, b.dtype)
        if site.explicit and isinstance(site.explicit[0], Scalar):
            a, b = build.cast(a, site.explicit[0].dtype), build.cast(b, site.explicit[0].dtype)
        dtype = types.common(a.dtype, b.dtype) if a.dtype != b.dtype else a.dtype
        a, b = build.cast(a, dtype), build.cast(b, dtype)
        if not types.is_float(dtype):
            return build.call(site.name, a, b)
        first, second = (b, a) if site.name == "min" else (a, b)
        return build.select(build.compare("lt", first, second), b, a)

    def _swap(self, site: Site) -> Value:
        a, b = site.arguments
        first = self.keep(self.load(a.place, site.node))
        second = self.keep(self.load(b.place, site.node))
        self.store(a.place, second, site.node)
        self.store(b.place, first, site.node)
        return VOID

    def _sine_cosine(self, site: Site) -> Value:
        x, s, c = (self.load(a.place, site.node) for a in site.arguments)
        dtype = "float32" if site.name.rstrip("_").endswith("f") else "float64"
        angle = self.temp(build.cast(self.scalar(x, site.node), dtype))
        suffix = "pi" if "pi" in site.name else ""
        self.store(self.deref(s, site.node), build.call(f"sin{suffix}", angle), site.node)
        self.store(self.deref(c, site.node), build.call(f"cos{suffix}", angle), site.node)
        return VOID

    def _modf(self, site: Site) -> Value:
        x, whole = (self.load(a.place, site.node) for a in site.arguments)
        dtype = "float32" if site.name.endswith("f") else "float64"
        value = self.temp(build.cast(self.scalar(x, site.node), dtype))
        integral = self.temp(build.call("trunc", value))
        self.store(self.deref(whole, site.node), integral, site.node)
        infinite = build.call("isinf", value, dtype="bool")
        fraction = build.select(infinite, build.const(0.0, dtype), build.binary("sub", value, integral))
        return build.call("copysign", fraction, value)

    def _memory_function(self, site: Site) -> Value:
        """memcpy between local objects, which is how bits are copied in portable C++."""
        values = self.values(site, 3)
        target, source, size = values
        if site.name != "memcpy" or not isinstance(target, Ptr) or not isinstance(source, Ptr):
            raise Unsupported("unknown-function", f"`{site.name}` of this", site.node)
        t = target.root.place if isinstance(target.root, PlaceRoot) else None
        if t is None or not isinstance(size, ir.Const):
            raise Unsupported("unknown-function", "memcpy to something that is no local variable", site.node)
        kind = self.place_type(t)
        self.store(t, self.load(self.deref(replace(source, pointee=kind), site.node), site.node), site.node)
        return VOID
