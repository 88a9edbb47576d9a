"""Pass `structure`: return, break, continue and switch become flags and nested ifs; loops lose their step block.

    if (a) return;  rest          ->  if (!a) { rest }
    while (c) { x; if (b) break; y; }  ->  left = false; while (!left && c) { x; if (b) left = true; else y; }

A flag is false when its scope is entered and true once a thread has left it. Flags nobody reads go in pass `dead`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cuport.translators.rules import build, ir, walk


def structure(function: ir.Function) -> ir.Function:
    """The same function without `Scope`, `Leave` and `While.step`."""
    state = _Structure(function)
    body, _ = state.block(function.body)
    return replace(function, body=body, variables=state.variables)


class _Structure:
    def __init__(self, function: ir.Function) -> None:
        self.variables = dict(function.variables)
        taken = {*self.variables, *(s.name for s in function.scalars), *(m.name for m in function.memories)}
        self.flags: dict[str, ir.Var] = {}
        for s in walk.statements(function.body):
            if isinstance(s, ir.Scope) and s.label not in self.flags:
                name = f"left_{s.label}"
                while name in taken:
                    name += "_"
                taken.add(name)
                self.variables[name] = "bool"
                self.flags[s.label] = ir.Var(name, "bool")

    def block(self, statements: Sequence[ir.Stmt]) -> tuple[ir.Block, frozenset[str]]:
        """The structured block and the labels that it may leave."""
        out: list[ir.Stmt] = []
        for i, s in enumerate(statements):
            rest = statements[i + 1 :]
            if isinstance(s, ir.Leave):
                out.append(ir.Assign(self.flags[s.label].name, build.TRUE, s.line))
                return tuple(out), frozenset([s.label])
            if isinstance(s, ir.If) and rest:
                if _always_leaves(s.then):
                    s, rest = replace(s, orelse=(*s.orelse, *rest)), ()
                elif _always_leaves(s.orelse):
                    s, rest = replace(s, then=(*s.then, *rest)), ()
            done, exits = self.statement(s)
            out += done
            if exits and rest:
                following, more = self.block(rest)
                if following:
                    out.append(ir.If(self.staying(exits), following, (), s.line))
                return tuple(out), exits | more
            if exits or not rest:
                return tuple(out), exits
        return tuple(out), frozenset()

    def staying(self, exits: frozenset[str]) -> ir.Expr:
        """Whether the thread has left none of the scopes."""
        result: ir.Expr = build.TRUE
        for label in sorted(exits):
            result = build.both(result, build.negate(self.flags[label]))
        return result

    def statement(self, s: ir.Stmt) -> tuple[list[ir.Stmt], frozenset[str]]:
        match s:
            case ir.Scope():
                body, exits = self.block(s.body)
                start = ir.Assign(self.flags[s.label].name, build.FALSE, s.line)
                return [start, *body], exits - {s.label}
            case ir.If():
                then, a = self.block(s.then)
                orelse, b = self.block(s.orelse)
                return [replace(s, then=then, orelse=orelse)], a | b
            case ir.While():
                return self._while(s)
            case ir.For():
                body, exits = self.block(s.body)
                assert not exits, "counted loops are found after this pass"
                return [replace(s, body=body)], frozenset()
            case _:
                return [s], frozenset()

    def _while(self, s: ir.While) -> tuple[list[ir.Stmt], frozenset[str]]:
        body, exits = self.block(s.body)
        step, more = self.block(s.step)
        if step:
            body = (*body, ir.If(self.staying(exits), step, (), s.line)) if exits else (*body, *step)
        exits |= more
        cond = s.cond
        if exits:
            stays = self.staying(exits)
            cond = build.both(stays, _guarded(stays, cond))
        return [ir.While(cond, body, (), s.test_after, s.line)], exits


def _guarded(cond: ir.Expr, e: ir.Expr) -> ir.Expr:
    def mask(x: ir.Expr) -> ir.Expr:
        if isinstance(x, ir.Load):
            return replace(x, mask=cond if x.mask is None else build.both(cond, x.mask))
        return x

    return walk.map_expr(e, mask)


def _always_leaves(block: Sequence[ir.Stmt]) -> bool:
    if not block:
        return False
    last = block[-1]
    if isinstance(last, ir.If):
        return _always_leaves(last.then) and _always_leaves(last.orelse)
    return isinstance(last, ir.Leave)
