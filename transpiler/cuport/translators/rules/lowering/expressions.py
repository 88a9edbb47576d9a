"""C++ expressions: what each node denotes, in the order of evaluation of C++17."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tree_sitter import Node

from cuport.translators.rules import build, ir, types, walk
from cuport.translators.rules.lowering import ctype, literals
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Pointer, Record, Scalar
from cuport.translators.rules.lowering.declare import named, text_of
from cuport.translators.rules.lowering.members import field_offset
from cuport.translators.rules.lowering.names import Names
from cuport.translators.rules.lowering.pointers import times
from cuport.translators.rules.lowering.values import (
    Agg,
    AggPlace,
    ChoiceRoot,
    Group,
    Items,
    LanePlace,
    MemPlace,
    Place,
    PlaceRoot,
    Ptr,
    Root,
    Value,
    ValuePlace,
    type_of,
)

BINARY: dict[str, ir.BinaryOp] = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "%": "rem",
    "&": "and",
    "|": "or",
    "^": "xor",
    "<<": "shl",
    ">>": "shr",
    "bitand": "and",
    "bitor": "or",
    "xor": "xor",
}
COMPARE: dict[str, ir.CompareOp] = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
COMBINERS = ("plus", "less", "greater", "bit_and", "bit_or", "bit_xor")  # of cooperative_groups::reduce
_LVALUES = ("identifier", "field_expression", "subscript_expression", "pointer_expression", "qualified_identifier")


class Expressions(Names):
    """Operators; names and calls come from the neighbouring layers."""

    # --------------------------------------------------------------- entry points

    def value(self, node: Node) -> Value:
        """The value of an expression."""
        match node.type:
            case "number_literal":
                return literals.number(node)
            case "char_literal":
                return literals.character(node)
            case "true":
                return build.TRUE
            case "false":
                return build.FALSE
            case "null" | "nullptr":
                return build.const(0, "int64")
            case "parenthesized_expression":
                return self.value(named(node)[0])
            case "binary_expression":
                return self._binary(node)
            case "unary_expression":
                return self._unary(node)
            case "pointer_expression" if text_of(node.child_by_field_name("operator")) == "&":
                return self._address_of(node)
            case "update_expression":
                return self._update(node, True)
            case "assignment_expression":
                return self.load(self._assignment(node), node)
            case "conditional_expression":
                return self._conditional(node)
            case "cast_expression":
                return self._cast(node)
            case "comma_expression":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                assert left is not None and right is not None
                self.effect(left)
                return self.value(right)
            case "sizeof_expression" | "alignof_expression":
                return self._sizeof(node)
            case "initializer_list":
                return Items(Auto(), tuple(self.operands([self._thunk(c) for c in named(node)])))
            case "compound_literal_expression":
                return self._compound_literal(node)
            case "lambda_expression":
                return self.closure(node)
            case "call_expression":
                place = self.call(node)
                return self.load(place, node)
        if node.type in (*_LVALUES, "this", "template_function"):
            return self.load(self.place(node), node)
        raise Unsupported("expression", f"`{_clip(node)}` ({node.type.replace('_', ' ')}) is not supported", node)

    def place(self, node: Node) -> Place:
        """What an expression refers to; a value that is no object comes back as a ValuePlace."""
        match node.type:
            case "identifier" | "qualified_identifier" | "template_function":
                return self.named_place(node)
            case "this":
                if self.frame.this is None:
                    raise Unsupported("this", "`this` outside of a method", node)
                return ValuePlace(self.address(self.frame.this, node))
            case "parenthesized_expression":
                return self.place(named(node)[0])
            case "subscript_expression":
                return self._subscript(node)
            case "field_expression":
                return self._field(node)
            case "pointer_expression" if text_of(node.child_by_field_name("operator")) == "*":
                return self.deref(self.value(_argument(node)), node)
            case "assignment_expression":
                return self._assignment(node)
            case "update_expression" if node.children[0].type in ("++", "--"):
                self._update(node, False)
                return self.place(_argument(node))
            case "comma_expression":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                assert left is not None and right is not None
                self.effect(left)
                return self.place(right)
            case "call_expression":
                return self.call(node)
        return ValuePlace(self.value(node))

    def effect(self, node: Node) -> None:
        """Evaluate for side effects only."""
        match node.type:
            case "update_expression":
                self._update(node, False)
            case "assignment_expression":
                self._assignment(node)
            case "comma_expression":
                for child in named(node):
                    self.effect(child)
            case "parenthesized_expression":
                self.effect(named(node)[0])
            case "call_expression":
                self.call(node, discard=True)
            case "cast_expression" if text_of(node.child_by_field_name("type")) == "void":
                self.effect(_field_of(node, "value"))
            case "conditional_expression":
                cond = self.condition(_field_of(node, "condition"))
                sides = []
                for side in ("consequence", "alternative"):
                    with self.capture() as block:
                        self.effect(_field_of(node, side))
                    sides.append(tuple(block))
                if isinstance(cond, ir.Const):
                    self.out += sides[0 if cond.value else 1]
                elif any(sides):
                    self.emit(ir.If(cond, sides[0], sides[1], self.line))
            case "string_literal" | "concatenated_string":
                return
            case _:
                self.value(node)

    def scalar_of(self, node: Node) -> ir.Expr:
        return self.scalar(self.value(node), node)

    def condition(self, node: Node) -> ir.Expr:
        """An expression contextually converted to bool."""
        return self.truth(self.value(node), node)

    def truth(self, value: Value, node: Node) -> ir.Expr:
        if isinstance(value, Ptr):
            return self.pointer_truth(value)
        return build.truth(self.scalar(self.conversion_operator(value, Scalar("bool"), node), node))

    def _thunk(self, node: Node) -> Callable[[], Value]:
        return lambda: self.value(node)

    def expression_type(self, node: Node) -> CType:
        """decltype and the like: lower it, throw the code away."""
        before = dict(self.variables), set(self.taken), dict(self.memories)
        with self.capture():
            t = self.place_type(self.place(node))
        self.variables, self.taken, self.memories = before
        return t

    def constant(self, node: Node) -> int:
        with self.capture() as block:
            value = self.value(node)
        if not isinstance(value, ir.Const) or block or types.is_float(value.dtype):
            raise Unsupported("not-constant", f"`{_clip(node)}` is no integer constant known at compile time", node)
        return int(value.value)

    # ------------------------------------------------------------------ operators

    def _binary(self, node: Node) -> Value:
        operator = text_of(node.child_by_field_name("operator"))
        left, right = _field_of(node, "left"), _field_of(node, "right")
        if operator in ("&&", "and", "||", "or"):
            return self._short_circuit(left, right, operator in ("&&", "and"))
        a, b = self.operands([self._thunk(left), self._thunk(right)])
        return self.operate(operator, a, b, node)

    def operate(self, operator: str, a: Value, b: Value, node: Node) -> Value:
        """A binary operator on two values."""
        if isinstance(a, Agg) or isinstance(b, Agg):
            return self.user_operator(operator, (a, b), node)
        if isinstance(a, Ptr) or isinstance(b, Ptr):
            return self._pointer_operator(operator, a, b, node)
        x, y = self.scalar(a, node), self.scalar(b, node)
        if operator in COMPARE:
            return build.compare(COMPARE[operator], x, y)
        if operator not in BINARY:
            raise Unsupported("operator", f"the operator `{operator}`", node)
        op = BINARY[operator]
        if op in ("rem", "and", "or", "xor", "shl", "shr") and (types.is_float(x.dtype) or types.is_float(y.dtype)):
            raise Unsupported("operator", f"`{operator}` on floating-point operands", node)
        if op in ("and", "or", "xor") and x.dtype == y.dtype == "bool":
            return build.cast(build.binary(op, x, y), "int32")
        return build.arithmetic(op, x, y)

    def _pointer_operator(self, operator: str, a: Value, b: Value, node: Node) -> Value:
        if operator in COMPARE:
            return self._compare_pointers(COMPARE[operator], a, b, node)
        if operator == "-" and isinstance(a, Ptr) and isinstance(b, Ptr):
            return self.difference(a, b, node)
        if operator == "+" and isinstance(b, Ptr):
            a, b = b, a
        if operator in "+-" and isinstance(a, Ptr) and not isinstance(b, Ptr):
            step = self.scalar(b, node)
            if operator == "-":
                step = build.unary("neg", build.narrow(step))
            return self.advance(a, step)
        raise Unsupported("pointer-operator", f"`{operator}` on pointers", node)

    def _compare_pointers(self, op: ir.CompareOp, a: Value, b: Value, node: Node) -> ir.Expr:
        p, q = self.convert(a, Pointer(Auto()), node), self.convert(b, Pointer(Auto()), node)
        assert isinstance(p, Ptr) and isinstance(q, Ptr)
        if p.root is None or q.root is None:
            if op not in ("eq", "ne"):
                raise Unsupported("pointer-operator", "an ordering of null pointers", node)
            truth = self.pointer_truth(q if p.root is None else p)
            return truth if op == "ne" else build.negate(truth)
        unit = min(p.unit, q.unit)
        offsets = self.element_index(p, unit), self.element_index(q, unit)
        if p.root == q.root and not isinstance(p.root, ChoiceRoot):
            return build.compare(op, *offsets)
        if op not in ("eq", "ne"):  # defined only for pointers into one array
            if not set(self._options(p.root)) & set(self._options(q.root)):
                raise Unsupported("pointer-comparison", "an ordering of pointers into different arrays", node)
            return build.compare(op, *offsets)
        same = build.both(self._same_root(p.root, q.root), build.compare("eq", *offsets))
        return same if op == "eq" else build.negate(same)

    def _same_root(self, a: Root, b: Root) -> ir.Expr:
        """Whether two pointers point into one array."""
        same: ir.Expr = build.FALSE
        for i, x in enumerate(self._options(a)):
            for j, y in enumerate(self._options(b)):
                if x == y:
                    here: ir.Expr = build.TRUE
                    for root, k in ((a, i), (b, j)):
                        if isinstance(root, ChoiceRoot):
                            chosen = build.compare("eq", ir.Var(root.selector, "int32"), build.const(k))
                            here = build.both(here, chosen)
                    same = build.either(same, here) if not build.is_const(same, False) else here
        return same

    def _short_circuit(self, left: Node, right: Node, conjunction: bool) -> ir.Expr:
        a = self.condition(left)
        if isinstance(a, ir.Const):
            return self.condition(right) if bool(a.value) == conjunction else a
        when = a if conjunction else build.negate(a)
        with self.capture() as block:
            b = self.condition(right)
        if not block:
            b = self.guarded(when, b)
            return build.both(a, b) if conjunction else build.either(a, b)
        result = self.variable("t_", "bool")
        self.assign(result.name, a)
        block.append(ir.Assign(result.name, b, self.line))
        self.emit(ir.If(result if conjunction else build.negate(result), tuple(block), (), self.line))
        return result

    def _conditional(self, node: Node) -> Value:
        cond = self.condition(_field_of(node, "condition"))
        yes, no = _field_of(node, "consequence"), _field_of(node, "alternative")
        if isinstance(cond, ir.Const):
            chosen, other = (yes, no) if cond.value else (no, yes)
            return self._common_typed(self.value(chosen), other)
        with self.capture() as first:
            a = self.value(yes)
        with self.capture() as second:
            b = self.value(no)
        if not first and not second:
            a, b = self._alike(a, b, node)
            return self.choose(cond, a, b, node)
        return self.branch(cond, first, a, second, b, node)

    def _common_typed(self, value: Value, other: Node) -> Value:
        """The chosen side of a conditional, in the type that both sides have in common."""
        if not isinstance(type_of(value), Scalar):
            return value
        try:
            t = self.expression_type(other)
        except Unsupported:
            return value  # a side that is never taken need not be understood
        x = self.scalar(value, other)
        return build.cast(x, types.common(x.dtype, t.dtype)) if isinstance(t, Scalar) and t.dtype != x.dtype else x

    def branch(
        self, cond: ir.Expr, first: list[ir.Stmt], a: Value, second: list[ir.Stmt], b: Value, node: Node
    ) -> Value:
        """`cond ? a : b` where evaluating the sides takes statements."""
        a, b = self._alike(a, b, node)
        t = type_of(a)
        if t is None or isinstance(t, Pointer):
            raise Unsupported("conditional", "this conditional expression", node)
        place = self.new_local("t_", t)
        blocks = []
        for statements, value in ((first, a), (second, b)):
            with self.capture() as block:
                self.out += statements
                self.store(place, value, node)
            blocks.append(tuple(block))
        self.emit(ir.If(cond, blocks[0], blocks[1], self.line))
        return self.load(place, node)

    def _alike(self, a: Value, b: Value, node: Node) -> tuple[Value, Value]:
        """Both sides of a conditional in their common type."""
        if isinstance(a, Agg) or isinstance(b, Agg):
            record = a.record if isinstance(a, Agg) else b.record if isinstance(b, Agg) else None
            assert record is not None
            return self.convert(a, record, node), self.convert(b, record, node)
        if isinstance(a, Ptr) or isinstance(b, Ptr):
            pointee = a.pointee if isinstance(a, Ptr) else b.pointee if isinstance(b, Ptr) else Auto()
            return self.convert(a, Pointer(pointee), node), self.convert(b, Pointer(pointee), node)
        x, y = self.scalar(a, node), self.scalar(b, node)
        if x.dtype == y.dtype:
            return x, y
        dtype = types.common(x.dtype, y.dtype)
        return build.cast(x, dtype), build.cast(y, dtype)

    def _unary(self, node: Node) -> Value:
        operator = text_of(node.child_by_field_name("operator"))
        value = self.value(_argument(node))
        if operator in ("!", "not"):
            return build.negate(self.truth(value, node))
        if isinstance(value, Agg):
            return self.user_operator(operator, (value,), node)
        x = self.scalar(value, node)
        x = build.cast(x, types.promote(x.dtype))
        if operator == "-":
            return build.unary("neg", x)
        if operator in ("~", "compl"):
            return build.unary("not", x)
        if operator == "+":
            return x
        raise Unsupported("operator", f"the operator `{operator}`", node)

    # ------------------------------------------------------------------- assignment

    def _assignment(self, node: Node) -> Place:
        operator = text_of(node.child_by_field_name("operator")).removesuffix("=")
        left, right = _field_of(node, "left"), _field_of(node, "right")
        value = self.value(right)
        mark = len(self.out)
        place = self.place(left)
        later = self.out[mark:]
        if later:
            del self.out[mark:]
            value = self._keep(value, tuple(later))
            self.out += later
        if isinstance(place, ValuePlace):
            raise Unsupported("assign", f"`{_clip(left)}` cannot be assigned to here", node)
        t = self.place_type(place)
        if isinstance(t, Record) and (operator or self.has_operator(t, "operator=")):
            return self.user_assignment(operator, place, value, node)
        if operator:
            place = self.frozen(place)
            value = self.operate(operator, self.load(place, node), value, node)
        self.store(place, value, node)
        return place

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

    def _update(self, node: Node, need: bool) -> Value:
        """++ and --; the old value for the postfix forms, only where it is needed."""
        operator = "+" if "++" in text_of(node.child_by_field_name("operator")) else "-"
        prefix = node.children[0].type in ("++", "--")
        place = self.frozen(self.place(_argument(node)))
        old = self.load(place, node)
        if isinstance(old, Agg):
            return self.user_operator(operator * 2, (old,), node)
        if need and not prefix:
            old = self.keep(old) if isinstance(old, Ptr) else self.temp(self.scalar(old, node))
        self.store(place, self.operate(operator, old, build.const(1), node), node)
        return self.load(place, node) if prefix else old

    # ------------------------------------------------------- memory and members

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
        base_node = _argument(node)
        indices = named(_field_of(node, "indices"))
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
            raise Unsupported("subscript", f"`{_clip(base_node)}` cannot be indexed", node)
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
        base_node = _argument(node)
        field_node = _field_of(node, "field")
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
        inner = _argument(node)
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
            base = self.value(_argument(node))
            whole = base if isinstance(base, Ptr) and isinstance(base.root, PlaceRoot) else None
        else:
            inner = _argument(node)
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
        k = record.position(text_of(_field_of(node, "field")))
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

    # ------------------------------------------------------------------------ casts

    def _cast(self, node: Node) -> Value:
        t = self.type_of_node(_field_of(node, "type"))
        return self.cast_to(t, self.value(_field_of(node, "value")), node)

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
        name = text_of(_field_of(node, "type")).split("<")[0].split("::")[-1]
        if name in COMBINERS and name not in self.unit.structs:
            return Group(name)
        t = self.type_of_node(_field_of(node, "type"))
        return self.construct_from(t, self.value(_field_of(node, "value")), node)

    def construct_from(self, t: CType, items: Value, node: Node) -> Value:
        """`T{...}`."""
        if isinstance(items, Items) and not items.values:
            built = self.construct(t, [], node) if isinstance(t, Record) else None
            return built if built is not None else self.zero(t)
        return self.convert(items, t, node)


def _argument(node: Node) -> Node:
    found = node.child_by_field_name("argument")
    if found is None:
        found = named(node)[0]
    return found


def _field_of(node: Node, name: str) -> Node:
    found = node.child_by_field_name(name)
    if found is None:
        raise Unsupported("syntax", f"`{_clip(node)}` has no {name}", node)
    return found


def _clip(node: Node) -> str:
    text = " ".join(text_of(node).split())
    return text if len(text) <= 60 else text[:57] + "..."
