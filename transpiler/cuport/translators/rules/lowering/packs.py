"""Parameter packs: expansions in argument lists, and fold expressions."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from cuport.translators.rules import build, ir
from cuport.translators.rules.lowering.access import Access
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.declare import named, text_of
from cuport.translators.rules.lowering.values import Pack, Value


class Packs(Access):
    """`f(xs...)` and `(xs + ...)`."""

    def effect(self, node: Node) -> None:
        raise NotImplementedError

    def pack_names(self, node: Node) -> list[str]:
        """Names in an expression that are packs."""
        found = []
        if node.type in ("identifier", "type_identifier") and isinstance(self.lookup(text_of(node)), Pack):
            found.append(text_of(node))
        for child in node.named_children:
            found += self.pack_names(child)
        return found

    def expanded(self, node: Node) -> Iterator[Node]:
        """The pattern once for each element of its packs, with their names bound to that element."""
        names = list(dict.fromkeys(self.pack_names(node)))
        packs = [p for p in (self.lookup(name) for name in names) if isinstance(p, Pack)]
        if not packs:
            raise Unsupported("parameter-pack", "this expansion of a parameter pack", node)
        for k in range(len(packs[0].items)):
            with self.scope():
                for name, pack in zip(names, packs, strict=True):
                    self.bind(name, pack.items[k])
                yield node

    def fold(self, node: Node) -> Value:
        """A fold expression ([expr.prim.fold])."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        tokens = [text_of(c) for c in node.children if not c.is_named and text_of(c) not in ("(", ")", "...")]
        operator = tokens[0] if tokens else "+"
        pattern = next((n for n in (left, right) if n is not None and self.pack_names(n)), None)
        if pattern is None:
            raise Unsupported("parameter-pack", "this fold expression", node)
        if operator == ",":
            for element in self.expanded(pattern):
                self.effect(element)
            return build.const(0)
        values = [self.keep(self.value(element)) for element in self.expanded(pattern)]
        initial = right if pattern is left else left
        from_left = left is None or initial is left
        if initial is not None:
            value = self.value(initial)
            values = [value, *values] if from_left else [*values, value]
        if not values:
            empty = {"&&": build.TRUE, "||": build.FALSE}.get(operator)
            if empty is None:
                raise Unsupported("parameter-pack", f"an empty pack folded by `{operator}`", node)
            return empty
        if not from_left:
            values.reverse()
        result = values[0]
        for value in values[1:]:
            a, b = (result, value) if from_left else (value, result)
            result = self._folded(operator, a, b, node)
        return result

    def _folded(self, operator: str, a: Value, b: Value, node: Node) -> Value:
        if operator in ("&&", "||"):
            x, y = self.truth(a, node), self.truth(b, node)
            return build.both(x, y) if operator == "&&" else build.either(x, y)
        return self.operate(operator, a, b, node)

    def pack_size(self, node: Node) -> ir.Const | None:
        """`sizeof...(xs)`, or None for another sizeof."""
        if all(text_of(c) != "..." for c in node.children):
            return None
        pack = self.lookup(text_of(named(node)[-1]))
        return build.const(len(pack.items), "uint64") if isinstance(pack, Pack) else None
