"""Calls of functions that the source defines: overloads, template arguments, and inlining."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from cuport.translators.rules import build, ir
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Opaque, Pointer, Record, Scalar, Void
from cuport.translators.rules.lowering.declare import (
    CONVERSION,
    FunctionDecl,
    StructDecl,
    best,
    innermost,
    named,
    text_of,
)
from cuport.translators.rules.lowering.mutation import mutated_names, reassigned_names
from cuport.translators.rules.lowering.overloads import Argument, Overloads
from cuport.translators.rules.lowering.typenames import TemplateArg, returns_reference
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
    Value,
    ValuePlace,
    VarPlace,
)

_DEPTH = 48  # nested inlining, template recursion included
_RANK = {name: k for k, name in enumerate(("bool", "int8", "int16", "int32", "int64", "float32", "float64"))}


class Calls(Overloads):
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
                found = [self.place(element) for element in self.expanded(named(node)[0])]
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
        except Unsupported as error:
            if error.node is not None and not self.in_source(error.node) and self.in_source(node):
                raise Unsupported(error.code, f"{error.message} (in `{decl.name}`)", node, error.hint) from None
            raise
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
        """A struct's own conversion to a number or pointer: one to exactly that type, else any to a number."""
        if not isinstance(value, Agg) or node is None:
            return value
        found: list[FunctionDecl] = []
        frame = self.frame
        frame.scopes.append(self.record_bindings(value.record))
        try:
            for decl in self.methods_of(value.record, CONVERSION):
                result = self.return_type(decl)
                if result == t or (isinstance(t, Pointer) and isinstance(result, Pointer)):
                    found.insert(0, decl)
                elif isinstance(t, Scalar) and isinstance(result, Scalar):
                    found.append(decl)
        finally:
            frame.scopes.pop()
        if not found:
            return value
        return self.load(self.inline(found[0], [], {}, node, this=ValuePlace(value), record=value.record), node)

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
