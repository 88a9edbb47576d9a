"""C++ expressions: what each node denotes, in the order of evaluation of C++17."""

from __future__ import annotations

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering import literals
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import Auto, CType, Pointer, Record, Scalar
from cuport.translators.rules.lowering.declare import named, text_of
from cuport.translators.rules.lowering.operators import argument_of_node, clip, field_of
from cuport.translators.rules.lowering.packs import Packs
from cuport.translators.rules.lowering.values import (
    Agg,
    Items,
    Place,
    Ptr,
    Value,
    ValuePlace,
    type_of,
)

_LVALUES = ("identifier", "field_expression", "subscript_expression", "pointer_expression", "qualified_identifier")


class Expressions(Packs):
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
                size = self.pack_size(node)
                return size if size is not None else self._sizeof(node)
            case "fold_expression":
                return self.fold(node)
            case "initializer_list":
                return Items(Auto(), tuple(self.operands([self._thunk(c) for c in named(node)])))
            case "compound_literal_expression":
                return self._compound_literal(node)
            case "lambda_expression":
                return self.closure(node)
            case "call_expression":
                place = self.call(node)
                return self.load(place, node)
        if node.type == "gnu_asm_expression":
            raise Unsupported("inline-asm", "inline assembly", node, "replace it by the matching intrinsic")
        if node.type in (*_LVALUES, "this", "template_function"):
            return self.load(self.place(node), node)
        raise Unsupported("expression", f"`{clip(node)}` ({node.type.replace('_', ' ')}) is not supported", node)

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
                return self.deref(self.value(argument_of_node(node)), node)
            case "assignment_expression":
                return self._assignment(node)
            case "update_expression" if node.children[0].type in ("++", "--"):
                self._update(node, False)
                return self.place(argument_of_node(node))
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
                self.effect(field_of(node, "value"))
            case "conditional_expression":
                cond = self.condition(field_of(node, "condition"))
                sides = []
                for side in ("consequence", "alternative"):
                    with self.capture() as block:
                        self.effect(field_of(node, side))
                    sides.append(tuple(block))
                if isinstance(cond, ir.Const):
                    self.out += sides[0 if cond.value else 1]
                elif any(sides):
                    self.emit(ir.If(cond, sides[0], sides[1], self.line))
            case "string_literal" | "concatenated_string":
                return
            case _:
                self.value(node)

    def condition(self, node: Node) -> ir.Expr:
        """An expression contextually converted to bool."""
        return self.truth(self.value(node), node)

    def truth(self, value: Value, node: Node) -> ir.Expr:
        if isinstance(value, Ptr):
            return self.pointer_truth(value)
        return build.truth(self.scalar(self.conversion_operator(value, Scalar("bool"), node), node))

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
            raise Unsupported("not-constant", f"`{clip(node)}` is no integer constant known at compile time", node)
        return int(value.value)

    # ------------------------------------------------------------------ operators

    def _binary(self, node: Node) -> Value:
        operator = text_of(node.child_by_field_name("operator"))
        left, right = field_of(node, "left"), field_of(node, "right")
        if operator in ("&&", "and", "||", "or"):
            return self._short_circuit(left, right, operator in ("&&", "and"))
        a, b = self.operands([self._thunk(left), self._thunk(right)])
        return self.operate(operator, a, b, node)

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
        cond = self.condition(field_of(node, "condition"))
        yes, no = field_of(node, "consequence"), field_of(node, "alternative")
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

    def _unary(self, node: Node) -> Value:
        operator = text_of(node.child_by_field_name("operator"))
        value = self.value(argument_of_node(node))
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
        left, right = field_of(node, "left"), field_of(node, "right")
        value = self.value(right)
        mark = len(self.out)
        place = self.place(left)
        later = self.out[mark:]
        if later:
            del self.out[mark:]
            value = self._keep(value, tuple(later))
            self.out += later
        if isinstance(place, ValuePlace):
            raise Unsupported("assign", f"`{clip(left)}` cannot be assigned to here", node)
        t = self.place_type(place)
        if isinstance(t, Record) and (operator or self.has_operator(t, "operator=")):
            return self.user_assignment(operator, place, value, node)
        if operator:
            place = self.frozen(place)
            value = self.operate(operator, self.load(place, node), value, node)
        self.store(place, value, node)
        return place

    def _update(self, node: Node, need: bool) -> Value:
        """++ and --; the old value for the postfix forms, only where it is needed."""
        operator = "+" if "++" in text_of(node.child_by_field_name("operator")) else "-"
        prefix = node.children[0].type in ("++", "--")
        place = self.frozen(self.place(argument_of_node(node)))
        old = self.load(place, node)
        if isinstance(old, Agg):
            return self.user_operator(operator * 2, (old,), node)
        if need and not prefix:
            old = self.keep(old) if isinstance(old, Ptr) else self.temp(self.scalar(old, node))
        self.store(place, self.operate(operator, old, build.const(1), node), node)
        return self.load(place, node) if prefix else old

    # ------------------------------------------------------- memory and members
