"""Pass `fold`: constants and copies are propagated forward, conditions that are known are decided.

A fact `variable = expression` holds from an assignment until the variable, or something the expression reads, changes.
Atoms (literals, parameters, indices, other variables) replace every use; a temporary of the lowering that is used once
is replaced by its expression, if that is in the same loop.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from cuport.translators.rules import build, ir, types, walk

Facts = dict[str, ir.Expr]


def fold(function: ir.Function) -> ir.Function:
    """The same function with less in it."""
    uses: Counter[str] = Counter()
    assigned: Counter[str] = Counter()
    for s in walk.statements(function.body):
        for e in walk.own_expressions(s):
            uses.update(x.name for x in walk.expressions(e) if isinstance(x, ir.Var))
        assigned.update(walk.writes((s,)).variables if not walk.blocks(s) else ())
    once = {n for n, k in uses.items() if k == 1 and assigned[n] == 1 and n.startswith("t_")}
    return replace(function, body=_Fold(once).block(function.body, {}))


def simplify(e: ir.Expr) -> ir.Expr:
    """One node, its operands simplified already, through the folding constructors."""
    match e:
        case ir.Unary():
            return build.negate(e.a) if e.dtype == "bool" and e.op == "not" else build.unary(e.op, e.a)
        case ir.Binary() if e.dtype == "bool":
            return _logical(e)
        case ir.Binary():
            return build.binary(e.op, e.a, e.b)
        case ir.Compare():
            return build.compare(e.op, e.a, e.b)
        case ir.Select():
            return _select(e)
        case ir.Cast():
            return _cast(e)
        case ir.Bitcast():
            return build.bitcast(e.a, e.dtype)
        case ir.Call():
            return build.call(e.fn, *e.args, dtype=e.dtype)
        case ir.Load() if e.mask is not None and build.is_const(e.mask, True):
            return replace(e, mask=None)
    return e


def _logical(e: ir.Binary) -> ir.Expr:
    if e.op == "and":
        return build.FALSE if build.is_const(e.b, False) else build.both(e.a, e.b)
    if e.op == "or":
        return build.TRUE if build.is_const(e.b, True) else build.either(e.a, e.b)
    return build.binary(e.op, e.a, e.b)


def _select(e: ir.Select) -> ir.Expr:
    if e.dtype == "bool" and isinstance(e.a, ir.Const) and isinstance(e.b, ir.Const):
        return e.cond if e.a.value else build.negate(e.cond)
    if isinstance(e.cond, ir.Unary) and e.cond.op == "not":
        return build.select(e.cond.a, e.b, e.a)
    return build.select(e.cond, e.a, e.b)


def _cast(e: ir.Cast) -> ir.Expr:
    """32-bit results of wider or unsigned sums and products are computed in 32 bits: the same modulo 2^32."""
    if e.dtype == "int32" and e.a.dtype in ("uint32", "int64", "uint64") and _modular(e.a):
        return build.narrow(e.a)
    return build.cast(e.a, e.dtype)


def _modular(e: ir.Expr) -> bool:
    """A sum, difference or product whose parts need no conversion but from 32 bits up."""
    if isinstance(e, ir.Binary):
        return e.op in ("add", "sub", "mul") and _modular(e.a) and _modular(e.b)
    return isinstance(e, ir.Const | ir.Cast | ir.Index | ir.Var | ir.Param)


def _is_atom(e: ir.Expr) -> bool:
    if isinstance(e, ir.Cast):
        return isinstance(e.a, ir.Index) and types.is_integer(e.dtype)
    return isinstance(e, ir.Const | ir.Var | ir.Param | ir.Index | ir.IsNull)


class _Fold:
    def __init__(self, once: set[str]) -> None:
        self.once = once

    def expr(self, e: ir.Expr, facts: Facts) -> ir.Expr:
        def visit(x: ir.Expr) -> ir.Expr:
            if isinstance(x, ir.Var) and x.name in facts:
                return facts[x.name]
            return simplify(x)

        return walk.map_expr(e, visit)

    def block(self, block: ir.Block, facts: Facts) -> ir.Block:
        """The folded block; `facts` is what holds before it and, afterwards, after it."""
        out: list[ir.Stmt] = []
        for s in block:
            out += self.statement(s, facts)
        return tuple(out)

    def statement(self, s: ir.Stmt, facts: Facts) -> list[ir.Stmt]:
        match s:
            case ir.Assign():
                value = self.expr(s.value, facts)
                self.forget(facts, (s,))
                if isinstance(value, ir.Var) and value.name == s.var:
                    return []
                if (_is_atom(value) or s.var in self.once) and s.var not in walk.reads(value).variables:
                    facts[s.var] = value
                return [replace(s, value=value)]
            case ir.If():
                return self._if(s, facts)
            case ir.While():
                return self._while(s, facts)
            case ir.For():
                start, stop, step = (self.expr(e, facts) for e in (s.start, s.stop, s.step))
                inner = self.into_loop(facts, (s,))
                body = self.block(s.body, inner)
                self.forget(facts, (s,))
                return [replace(s, start=start, stop=stop, step=step, body=body)]
            case _:
                new = walk.map_stmt(s, lambda e: self.expr(e, facts), lambda b: b)
                self.forget(facts, (s,))
                return [new]

    def _if(self, s: ir.If, facts: Facts) -> list[ir.Stmt]:
        cond = self.expr(s.cond, facts)
        if isinstance(cond, ir.Const):
            return list(self.block(s.then if cond.value else s.orelse, facts))
        yes, no = dict(facts), dict(facts)
        then, orelse = self.block(s.then, yes), self.block(s.orelse, no)
        self.forget(facts, (*then, *orelse))
        if not then and not orelse:
            return []
        if not then:
            return [replace(s, cond=build.negate(cond), then=orelse, orelse=())]
        return [replace(s, cond=cond, then=then, orelse=orelse)]

    def _while(self, s: ir.While, facts: Facts) -> list[ir.Stmt]:
        if not s.test_after and build.is_const(self.expr(s.cond, facts), False):
            return []
        inner = self.into_loop(facts, (s,))
        entering = dict(inner)
        body = self.block(s.body, inner)
        # the condition is evaluated after the body too: only what holds at both times may be used
        common = {k: v for k, v in inner.items() if entering.get(k) == v}
        cond = self.expr(s.cond, common if not s.test_after else inner)
        self.forget(facts, (s,))
        if s.test_after and build.is_const(cond, False):
            return list(self.block(s.body, facts))
        return [replace(s, cond=cond, body=body)]

    def into_loop(self, facts: Facts, loop: ir.Block) -> Facts:
        """What holds in every iteration; single uses stay outside."""
        inner = {k: v for k, v in facts.items() if _is_atom(v)}
        self.forget(inner, loop)
        return inner

    def forget(self, facts: Facts, statements: ir.Block) -> None:
        """Drop what running `statements` may make untrue."""
        w = walk.writes(statements)
        for name in list(facts):
            r = walk.reads(facts[name])
            if (
                name in w.variables
                or r.variables & w.variables
                or r.memories & w.memories
                or (w.barrier and r.memories)
            ):
                del facts[name]
