"""Calls of functions that the source defines: overloads, template arguments, and inlining."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Opaque, Pointer, Record, Scalar, Void
from cuport.translators.rules.lowering.declare import FunctionDecl, StructDecl, best, innermost, named, text_of
from cuport.translators.rules.lowering.expressions import Expressions
from cuport.translators.rules.lowering.mutation import mutated_names, reassigned_names
from cuport.translators.rules.lowering.typenames import TemplateArg, returns_reference, same_argument
from cuport.translators.rules.lowering.values import (
    Agg,
    AggPlace,
    Binding,
    Closure,
    Frame,
    FunctionName,
    Group,
    Items,
    Pack,
    Place,
    Ptr,
    PtrPlace,
    TypeName,
    Value,
    ValuePlace,
    VarPlace,
)

_DEPTH = 48  # nested inlining, template recursion included
_RANK = {name: k for k, name in enumerate(("bool", "int8", "int16", "int32", "int64", "float32", "float64"))}


@dataclass(frozen=True)
class Argument:
    place: Place
    ctype: CType


class Calls(Expressions):
    """Inlining. What a function's body means is defined by the statement layer."""

    def function_body(self, body: Node) -> None:
        raise NotImplementedError

    # ---------------------------------------------------------------- arguments

    def arguments(self, nodes: Sequence[Node]) -> list[Argument]:
        """Places of the arguments, left to right; expansions of packs are spread."""
        places: list[Place] = []
        marks: list[int] = []
        for node in nodes:
            if node.type == "parameter_pack_expansion":
                pack = self.lookup(text_of(named(node)[0]))
                if not isinstance(pack, Pack):
                    raise Unsupported("parameter-pack", "this expansion of a parameter pack", node)
                found = [p for p in pack.items if not isinstance(p, TypeName)]
            else:
                found = [self.place(node)]
            places += found
            marks += [len(self.out)] * len(found)
        for i in reversed(range(len(places))):
            place = places[i]
            if isinstance(place, ValuePlace) and len(self.out) > marks[i]:
                tail = self.out[marks[i] :]
                del self.out[marks[i] :]
                places[i] = ValuePlace(self._keep(place.value, tuple(tail)))
                self.out += tail
        return [Argument(p, self.place_type(p)) for p in places]

    def argument_of(self, value: Value) -> Argument:
        place = ValuePlace(value)
        return Argument(place, self.place_type(place))

    # ------------------------------------------------------------ choosing one

    def choose_function(
        self, decls: Sequence[FunctionDecl], arguments: Sequence[Argument], explicit: Sequence[TemplateArg], exact: bool
    ) -> tuple[FunctionDecl, dict[str, Binding]] | None:
        """The best viable overload and its template bindings; `exact`: only one that needs no conversion."""
        ranked: list[tuple[float, FunctionDecl, dict[str, Binding]]] = []
        for decl in decls:
            found = self._viable(decl, arguments, explicit)
            if found is not None and not (exact and found[0] >= 1):
                ranked.append((found[0], decl, found[1]))
        if not ranked:
            return None
        cost, decl, bindings = min(ranked, key=lambda r: r[0])
        special = [r for r in ranked if r[1].specialized is not None and r[0] <= cost + 0.5]
        return (special[0][1], special[0][2]) if special else (decl, bindings)

    def _viable(
        self, decl: FunctionDecl, arguments: Sequence[Argument], explicit: Sequence[TemplateArg]
    ) -> tuple[float, dict[str, Binding]] | None:
        parameters = decl.parameters
        pack = bool(parameters) and parameters[-1].type == "variadic_parameter_declaration"
        needed = [p for p in parameters if p.type == "parameter_declaration"]
        if len(arguments) < len(needed) or (len(arguments) > len(parameters) and not pack):
            return None
        if explicit and not decl.templates and decl.specialized is None:
            return None
        try:
            bindings = self.deduce(decl, arguments, explicit)
        except Unsupported:
            return None
        if bindings is None:
            return None
        cost = (0.25 if decl.templates else 0.0) + (0.25 - 0.01 * len(parameters) if pack else 0.0)
        frame = self.frame
        frame.scopes.append(bindings)
        try:
            for p, argument in zip(parameters, arguments, strict=False):
                if p.type == "variadic_parameter_declaration":
                    break
                _, t, _ = self.parameter(p)
                step = conversion_cost(argument, t)
                if step is None:
                    return None
                cost += step
        except Unsupported:
            return None
        finally:
            frame.scopes.pop()
        return cost, bindings

    # ---------------------------------------------------------------- deduction

    def deduce(
        self, decl: FunctionDecl, arguments: Sequence[Argument], explicit: Sequence[TemplateArg]
    ) -> dict[str, Binding] | None:
        """Template bindings for these arguments, or None where deduction fails."""
        if decl.specialized is not None:
            given = [self.template_argument(n) for n in decl.specialized]
            same = all(same_argument(a, b) for a, b in zip(explicit, given, strict=False))
            return {} if same and (explicit or decl.specialized) else None
        if not decl.templates:
            return {}
        names = {p.name for p in decl.templates}
        bound: dict[str, Binding] = {}
        for p, a in zip(decl.templates, explicit, strict=False):
            if p.pack:
                break
            bound[p.name] = self._value_argument(p, a) if isinstance(a, ir.Const) else TypeName(a)
        parameters = decl.parameters
        for i, parameter in enumerate(parameters):
            kind = parameter.child_by_field_name("type")
            if kind is None:
                continue
            if parameter.type == "variadic_parameter_declaration":
                rest = arguments[i:]
                if text_of(kind) in names:
                    bound[text_of(kind)] = Pack(tuple(TypeName(a.ctype) for a in rest))
                break
            if i < len(arguments):
                self._unify(kind, parameter.child_by_field_name("declarator"), arguments[i].ctype, names, bound)
        missing = [p for p in decl.templates if p.name not in bound]
        if missing:
            self.frame.scopes.append(bound)
            try:
                filled = self.template_scope([p for p in missing if p.default is not None], ())
            finally:
                self.frame.scopes.pop()
            bound.update(filled)
            for p in missing:
                if p.pack:
                    bound.setdefault(p.name, Pack(()))
        return bound if all(p.name in bound for p in decl.templates) else None

    def _unify(self, kind: Node, declarator: Node | None, t: CType, names: set[str], bound: dict[str, Binding]) -> None:
        """Match a parameter's declared type against an argument's; what matches nothing is left to conversion."""
        while declarator is not None:
            if "reference" in declarator.type or "parenthesized" in declarator.type:
                inner = declarator.child_by_field_name("declarator")
                declarator = inner or next((c for c in named(declarator) if "declarator" in c.type), None)
            elif "pointer" in declarator.type:
                if not isinstance(t, Pointer | ArrayType):
                    return
                t = t.pointee if isinstance(t, Pointer) else t.element
                declarator = declarator.child_by_field_name("declarator")
            elif "array" in declarator.type:
                if not isinstance(t, Pointer | ArrayType):
                    return
                size = declarator.child_by_field_name("size")
                if isinstance(t, ArrayType) and size is not None and text_of(size) in names and t.extent is not None:
                    bound.setdefault(text_of(size), ValuePlace(build.const(t.extent)))
                t = t.pointee if isinstance(t, Pointer) else t.element
                declarator = declarator.child_by_field_name("declarator")
            else:
                break
        self._unify_base(kind, t, names, bound)

    def _unify_base(self, kind: Node, t: CType, names: set[str], bound: dict[str, Binding]) -> None:
        if kind.type == "type_descriptor":
            inner = kind.child_by_field_name("type")
            if inner is not None:
                self._unify(inner, kind.child_by_field_name("declarator"), t, names, bound)
        elif kind.type == "qualified_identifier" and kind.child_by_field_name("name") is not None:
            self._unify_base(kind.child_by_field_name("name") or kind, t, names, bound)
        elif kind.type in ("type_identifier", "identifier") and text_of(kind) in names:
            if isinstance(t, ArrayType):
                t = Pointer(t.element)
            bound.setdefault(text_of(kind), TypeName(t))
        elif kind.type == "template_type" and isinstance(t, Record | Opaque):
            listing = kind.child_by_field_name("arguments")
            values = [v for _, v in t.template_args] if isinstance(t, Record) else list(t.args)
            for node, value in zip(named(listing) if listing is not None else [], values, strict=False):
                if isinstance(value, int):
                    if text_of(node) in names:
                        bound.setdefault(text_of(node), ValuePlace(build.const(value)))
                else:
                    self._unify_base(node, value, names, bound)

    # ----------------------------------------------------------------- inlining

    def inline(
        self,
        decl: FunctionDecl,
        arguments: Sequence[Argument],
        bindings: dict[str, Binding],
        node: Node,
        *,
        this: Place | None = None,
        record: Record | None = None,
        captured: tuple[dict[str, Binding], ...] = (),
    ) -> Place:
        """The body of `decl` in place of a call; the place (or value) it returns."""
        if len(self.frames) > _DEPTH:
            raise Unsupported("recursion", f"`{decl.name}` calls itself (or {_DEPTH} calls nest)", node)
        scopes: list[dict[str, Binding]] = [*captured]
        if record is not None:
            scopes.append(self.record_bindings(record))
        scopes += [bindings, {}]
        namespace = decl.qualified.rpartition("::")[0]
        frame = Frame(decl.name, scopes, namespace, self.label(f"{_word(decl.name)}_"), Void(), None)
        frame.this, frame.record = this, record
        mutated = mutated_names(decl.body), reassigned_names(decl.body)
        evaluated = [(p, self._default(p, frame, arguments, i)) for i, p in enumerate(decl.parameters)]
        self.frames.append(frame)
        line = self.line
        try:
            for i, (p, argument) in enumerate(evaluated):
                if p.type == "variadic_parameter_declaration":
                    name = text_of(innermost(p.child_by_field_name("declarator"))).removeprefix("...").strip()
                    items = [self._bind_value("pack", a, a.ctype, False, -1, p) for a in arguments[i:]]
                    self.bind(name, Pack(tuple(items)))
                    break
                self._bind_parameter(p, argument, mutated, node)
            frame.returns, frame.reference = self.return_type(decl), returns_reference(decl)
            with self.capture() as block:
                self.function_body(decl.body)
            if any(isinstance(s, ir.Leave) and s.label == frame.label for s in _all(block)):
                self.emit(ir.Scope(frame.label, tuple(block), line))
            else:
                self.out += block
        finally:
            self.frames.pop()
            self.line = line
        if frame.result is not None:
            return frame.result
        return ValuePlace(build.const(0))

    def _default(self, p: Node, frame: Frame, arguments: Sequence[Argument], i: int) -> Argument:
        """Argument `i`, or the parameter's default."""
        if i < len(arguments) or p.type == "variadic_parameter_declaration":
            return arguments[i] if i < len(arguments) else self.argument_of(build.const(0))
        default = p.child_by_field_name("default_value")
        if default is None:
            raise Unsupported("call", "an argument is missing", p)
        self.frames.append(frame)
        try:
            return self.argument_of(self.value(default))
        finally:
            self.frames.pop()

    def _bind_parameter(self, p: Node, argument: Argument, mutated: tuple[set[str], set[str]], node: Node) -> None:
        name, t, reference = self.parameter(p)
        if not name:
            return
        if isinstance(t, Auto):
            t = argument.ctype
            if isinstance(t, ArrayType) and not reference:
                t = Pointer(t.element)
        if reference:
            self.bind(name, self._reference(name, argument, t, node))
        else:
            changes = name in mutated[1 if isinstance(t, Pointer) else 0]
            self.bind(name, self._bind_value(name, argument, t, changes, p.start_byte, node))

    def _reference(self, name: str, argument: Argument, t: CType, node: Node) -> Place:
        place = argument.place
        have = argument.ctype
        if isinstance(place, ValuePlace):
            value = place.value
            if isinstance(t, Scalar | Record) and have != t:
                value = self.convert(value, t, node)
            return ValuePlace(self._named_keep(name, value))
        if isinstance(t, Scalar) and isinstance(have, Scalar) and t != have:
            return ValuePlace(self._named_keep(name, self.convert(self.load(place, node), t, node)))
        return self.pinned(place)

    def _named_keep(self, name: str, value: Value) -> Value:
        """The value in variables that are called after a parameter."""
        match value:
            case Agg():
                fields = [f for f, _ in value.record.fields]
                parts = zip(fields, value.parts, strict=True)
                return Agg(value.record, tuple(self._named_keep(f"{name}_{f}", v) for f, v in parts))
            case Items():
                return Items(value.element, tuple(self._named_keep(name, v) for v in value.values))
            case Ptr():
                offset = value.offset
                if not isinstance(offset, ir.Const):
                    offset = self.temp(offset, name)
                return Ptr(self.fixed_root(value.root), offset, value.unit, value.pointee)
            case Closure() | FunctionName() | Group():
                return value
            case _:
                return self.temp(value, name)

    def _bind_value(self, name: str, argument: Argument, t: CType, mutable: bool, key: int, node: Node) -> Place:
        value = self.load(argument.place, node)
        if isinstance(value, Closure | FunctionName | Group) or isinstance(t, Opaque):
            return ValuePlace(value)
        value = self.convert(value, t, node)
        if not mutable:
            return ValuePlace(self._named_keep(name, value))
        return self.declare_local(name, t, value, key, node)

    def declare_local(self, name: str, t: CType, value: Value | None, key: int, node: Node) -> Place:
        """A new local object with an initial value."""
        if isinstance(t, Pointer):
            place: Place = PtrPlace(name, key, t.pointee)
        else:
            place = self.new_local(name, t, key)
        if value is not None:
            self.store(place, value, node)
        return place

    # ------------------------------------------------------------------- lambdas

    def closure(self, node: Node) -> Value:
        """A lambda; what it captures by copy is copied now."""
        declarator = node.child_by_field_name("declarator") or node
        body = node.child_by_field_name("body")
        if body is None:
            raise Unsupported("lambda", "this lambda", node)
        decl = FunctionDecl("lambda", f"{self.frame.namespace}::lambda", node, declarator, body)
        scopes = [dict(s) for s in self.frame.scopes]
        captures = node.child_by_field_name("captures")
        listed = [text_of(c) for c in captures.children] if captures is not None else []
        copies: dict[str, Binding] = {}
        by_copy = {w for w in listed if w.isidentifier()} if "=" not in listed else _identifiers(body)
        if "&" not in listed:
            for name in sorted(by_copy):
                place = self.lookup(name)
                if isinstance(place, VarPlace | AggPlace | PtrPlace):
                    copies[name] = ValuePlace(self.keep(self.load(place, node)))
        scopes.append(copies)
        return Closure(decl, tuple(scopes), self.frame.this)

    def call_closure(self, closure: Closure, arguments: Sequence[Argument], node: Node) -> Place:
        """Inline a lambda; `auto` parameters take the arguments' types."""
        bindings = self.deduce(closure.decl, arguments, ())
        record = self.frame.record
        return self.inline(
            closure.decl, arguments, bindings or {}, node, this=closure.this, record=record, captured=closure.scopes
        )

    # -------------------------------------------------------- methods, operators

    def methods_of(self, record: Record, name: str) -> list[FunctionDecl]:
        """A struct's methods with this name, then its bases'."""
        found: list[FunctionDecl] = []
        if record.decl is not None:
            found += record.decl.methods.get(name, [])
            for base in self._bases(record.decl):
                found += base.methods.get(name, [])
        return found

    def _bases(self, decl: StructDecl) -> list[StructDecl]:
        found = []
        for clause in (c for c in decl.node.children if c.type == "base_class_clause"):
            for kind in named(clause):
                name = text_of(kind).split("<")[0].split("::")[-1]
                if name in self.unit.structs:
                    base = best(self.unit.structs[name], name)
                    found += [base, *self._bases(base)]
        return found

    def method(
        self,
        place: Place,
        name: str,
        arguments: list[Value] | list[Argument],
        node: Node,
        explicit: Sequence[TemplateArg] = (),
    ) -> Place:
        """`place.name(arguments)`."""
        given = [a if isinstance(a, Argument) else self.argument_of(a) for a in arguments]
        record = self.place_type(place)
        if not isinstance(record, Record):
            raise Unsupported("method", f"the method `{name}` of something that is no struct", node)
        chosen = None
        frame = self.frame
        frame.scopes.append(self.record_bindings(record))
        outer, frame.record = frame.record, record
        try:
            chosen = self.choose_function(self.methods_of(record, name), given, explicit, False)
        finally:
            frame.scopes.pop()
            frame.record = outer
        if chosen is None:
            raise Unsupported("method", f"`{record.name}` has no method `{name}` for these arguments", node)
        return self.inline(chosen[0], given, chosen[1], node, this=self.pinned(place), record=record)

    def has_operator(self, record: Record, name: str) -> bool:
        return bool(self.methods_of(record, name))

    def user_operator(self, operator: str, values: tuple[Value, ...], node: Node) -> Value:
        """An operator on structs: a method of the first, a free function, or CUDA's own for half2."""
        name = f"operator{operator}"
        first = values[0]
        if isinstance(first, Agg) and self.methods_of(first.record, name):
            return self.load(self.method(ValuePlace(self.keep(first)), name, list(values[1:]), node), node)
        arguments = [self.argument_of(v) for v in values]
        chosen = self.choose_function(self.unit.functions.get(name, []), arguments, (), False)
        if chosen is not None:
            return self.load(self.inline(chosen[0], arguments, chosen[1], node), node)
        packed = self._packed_operator(operator, values, node)
        if packed is not None:
            return packed
        names = " and ".join(ctype.show(a.ctype) for a in arguments)
        raise Unsupported("operator", f"`{operator}` on {names}", node)

    def _packed_operator(self, operator: str, values: tuple[Value, ...], node: Node) -> Value | None:
        """half2 and __nv_bfloat162 have element-wise operators in CUDA's headers."""
        aggs = [v for v in values if isinstance(v, Agg)]
        record = aggs[0].record
        if record.name not in ("half2", "__nv_bfloat162") or len(aggs) != len(values):
            return None
        if len(aggs) == 1:
            if operator == "-":
                return Agg(record, tuple(build.unary("neg", self.scalar(p, node)) for p in aggs[0].parts))
            return None
        pairs = zip(aggs[0].parts, aggs[1].parts, strict=True)
        if operator in ("+", "-", "*", "/"):
            return Agg(record, tuple(self.operate(operator, a, b, node) for a, b in pairs))
        if operator in ("==", "!=", "<", "<=", ">", ">="):
            tests = [self.scalar(self.operate(operator, a, b, node), node) for a, b in pairs]
            return build.both(tests[0], tests[1])
        return None

    def user_assignment(self, operator: str, place: Place, value: Value, node: Node) -> Place:
        """`place op= value` on structs; without such an operator `place = place op value`."""
        name = f"operator{operator}="
        record = self.place_type(place)
        assert isinstance(record, Record)
        if self.methods_of(record, name):
            self.method(place, name, [value], node)
            return place
        arguments = [Argument(place, record), self.argument_of(value)]
        chosen = self.choose_function(self.unit.functions.get(name, []), arguments, (), False)
        if chosen is not None:
            self.inline(chosen[0], arguments, chosen[1], node)
            return place
        if not operator:
            self.store(place, value, node)
            return place
        place = self.frozen(place)
        self.store(place, self.user_operator(operator, (self.load(place, node), value), node), node)
        return place

    def conversion_operator(self, value: Value, t: CType, node: Node | None) -> Value:
        if isinstance(value, Agg) and isinstance(t, Scalar) and value.record.decl is not None and node is not None:
            for name, decls in value.record.decl.methods.items():
                if name.startswith("operator") and name[8:].isidentifier():
                    return self.load(
                        self.inline(decls[0], [], {}, node, this=ValuePlace(value), record=value.record), node
                    )
        return value

    def construct(self, record: Record, arguments: list[Value], node: Node | None) -> Value | None:
        """A user-defined constructor's object."""
        if record.decl is None or node is None:
            return None
        decls = record.decl.methods.get(record.decl.name, [])
        if not decls:
            return None
        given = [self.argument_of(a) for a in arguments]
        frame = self.frame
        frame.scopes.append(self.record_bindings(record))
        try:
            chosen = self.choose_function(decls, given, (), False)
        finally:
            frame.scopes.pop()
        if chosen is None:
            return None
        place = self.new_local(f"t_{_word(record.decl.name)}", record)
        self.inline(chosen[0], given, chosen[1], node, this=place, record=record)
        return self.load(place, node)


def conversion_cost(argument: Argument, t: CType) -> float | None:
    """How far an argument is from a parameter type: 0 same, below 1 qualification, 1 promotion, 2 conversion."""
    have = argument.ctype
    value = argument.place.value if isinstance(argument.place, ValuePlace) else None
    if isinstance(t, Auto | Opaque) or isinstance(have, Opaque):
        return 0.5
    if isinstance(value, Closure | FunctionName | Group):
        return 0.5 if not isinstance(t, Scalar | Pointer) else None
    if isinstance(t, Pointer):
        if isinstance(have, ArrayType):
            have = Pointer(have.element)
        if isinstance(have, Pointer):
            if have.pointee == t.pointee:
                return 0.0
            return 2.0 if isinstance(t.pointee, Void) else None
        return 2.0 if isinstance(value, ir.Const) and value.value == 0 else None
    if isinstance(t, ArrayType):
        return 0.0 if isinstance(have, ArrayType) and have.element == t.element else None
    if isinstance(t, Record):
        if isinstance(have, Record):
            return 0.0 if have.name == t.name else None
        return 2.0 if isinstance(value, Items) or (t.decl is not None and t.decl.methods.get(t.decl.name)) else None
    if isinstance(t, Scalar):
        if isinstance(have, Record):
            return 3.0 if have.decl is not None and any(m.startswith("operator") for m in have.decl.methods) else None
        if isinstance(have, Pointer):
            return 3.0 if t.dtype == "bool" else None
        if not isinstance(have, Scalar):
            return None if not isinstance(value, Items) else 2.0
        if have.dtype == t.dtype:
            return 0.0
        promoted = types.promote(have.dtype) == t.dtype or (have.dtype, t.dtype) == ("float32", "float64")
        return 1.0 if promoted else 2.0
    return None


def _identifiers(node: Node) -> set[str]:
    found = {text_of(node)} if node.type == "identifier" else set()
    for child in node.named_children:
        found |= _identifiers(child)
    return found


def _word(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def _all(block: Sequence[ir.Stmt]) -> list[ir.Stmt]:
    from cuport.translators.rules import walk

    return list(walk.statements(tuple(block)))
