"""Operators on values that are there already: arithmetic, comparisons, pointers, both sides of a conditional."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import Auto, Pointer
from cuport.translators.rules.lowering.declare import named, text_of
from cuport.translators.rules.lowering.names import Names
from cuport.translators.rules.lowering.values import Agg, ChoiceRoot, Place, Ptr, Root, Value

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


class Operators(Names):
    """`a op b`."""

    def place(self, node: Node) -> Place:
        raise NotImplementedError

    def _thunk(self, node: Node) -> Callable[[], Value]:
        return lambda: self.value(node)

    def truth(self, value: Value, node: Node) -> ir.Expr:
        raise NotImplementedError

    def scalar_of(self, node: Node) -> ir.Expr:
        """The value of an expression as a number."""
        return self.scalar(self.value(node), node)

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


def argument_of_node(node: Node) -> Node:
    found = node.child_by_field_name("argument")
    if found is None:
        found = named(node)[0]
    return found


def field_of(node: Node, name: str) -> Node:
    found = node.child_by_field_name(name)
    if found is None:
        raise Unsupported("syntax", f"`{clip(node)}` has no {name}", node)
    return found


def clip(node: Node) -> str:
    text = " ".join(text_of(node).split())
    return text if len(text) <= 60 else text[:57] + "..."
