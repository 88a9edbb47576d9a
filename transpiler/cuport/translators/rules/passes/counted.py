"""Pass `counted`: `v = a; while (v < b) { ...; v = v + c; }` becomes `for v = a to b step c`.

Holds where only the loop touches `v`, and `b` and `c` do not change in it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from cuport.translators.rules import build, ir, types, walk


def counted(function: ir.Function) -> ir.Function:
    """The same function with counted loops as `For`."""
    return replace(function, body=_Counted(function).block(function.body))


class _Counted:
    def __init__(self, function: ir.Function) -> None:
        self.reads = _read_counts(function.body)
        self.writes = _write_counts(function.body)

    def block(self, block: ir.Block) -> ir.Block:
        out: list[ir.Stmt] = []
        for s in block:
            if isinstance(s, ir.While):
                found = self.loop(s, out)
                if found is not None:
                    at, loop = found
                    del out[at]
                    out.append(replace(loop, body=self.block(loop.body)))
                    continue
            out.append(walk.map_stmt(s, lambda e: e, self.block))
        return tuple(out)

    def loop(self, s: ir.While, before: list[ir.Stmt]) -> tuple[int, ir.For] | None:
        """The counted form, and where in `before` its start is assigned."""
        if s.test_after or s.step or not s.body or not isinstance(s.cond, ir.Compare):
            return None
        var, last = s.cond.a, s.body[-1]
        if not isinstance(var, ir.Var) or not isinstance(last, ir.Assign) or last.var != var.name:
            return None
        if not types.is_integer(var.dtype) or self.writes[var.name] != 2:
            return None
        if self.reads[var.name] != _read_counts((s,))[var.name]:
            return None
        at = next((i for i in reversed(range(len(before))) if _assigns(before[i], var.name)), None)
        if at is None:
            return None
        first = before[at]
        if not isinstance(first, ir.Assign) or walk.disturbs(tuple(before[at + 1 :]), first.value):
            return None
        return self._bounds(s, var, last, first, at)

    def _bounds(
        self, s: ir.While, var: ir.Var, last: ir.Assign, first: ir.Assign, at: int
    ) -> tuple[int, ir.For] | None:
        assert isinstance(s.cond, ir.Compare)
        body = s.body[:-1]
        step = _step(last.value, var)
        if step is None:
            return None
        down = isinstance(step, ir.Const) and step.value < 0
        if not down and not positive(step):
            return None
        stop, op = s.cond.b, s.cond.op
        if walk.disturbs(s.body, stop) or walk.disturbs(s.body, step):
            return None
        one = build.const(1, var.dtype)
        if op == "le" and not down and not build.is_const(stop, types.limits(var.dtype)[1]):
            stop = build.binary("add", stop, one)
        elif op == "ge" and down and types.is_signed(var.dtype):
            stop = build.binary("sub", stop, one)
        elif (op, down) not in (("lt", False), ("gt", True)):
            return None
        if down and not types.is_signed(var.dtype):
            return None
        return at, ir.For(var.name, first.value, stop, step, body, down, s.line)


def _assigns(s: ir.Stmt, name: str) -> bool:
    return name in walk.writes((s,)).variables


def _step(value: ir.Expr, var: ir.Var) -> ir.Expr | None:
    """`c` of `v = v + c`, `v = c + v` or `v = v - c`."""
    if not isinstance(value, ir.Binary):
        return None
    if value.op == "add" and value.a == var:
        return value.b
    if value.op == "add" and value.b == var:
        return value.a
    if value.op == "sub" and value.a == var and isinstance(value.b, ir.Const):
        return build.unary("neg", value.b)
    return None


def positive(e: ir.Expr) -> bool:
    """Whether the value is known to be above zero: constants, block and grid sizes, their products and sums."""
    match e:
        case ir.Const():
            return e.value > 0
        case ir.Index():
            return e.kind in ("bdim", "gdim")
        case ir.Cast():
            return positive(e.a) and types.bits(e.dtype) >= 32
        case ir.Binary() if e.op in ("mul", "add"):
            return positive(e.a) and positive(e.b)
    return False


def _read_counts(block: ir.Block) -> Counter[str]:
    found: Counter[str] = Counter()
    for s in walk.statements(block):
        for e in walk.own_expressions(s):
            found.update(x.name for x in walk.expressions(e) if isinstance(x, ir.Var))
    return found


def _write_counts(block: ir.Block) -> Counter[str]:
    found: Counter[str] = Counter()
    for s in walk.statements(block):
        match s:
            case ir.Assign() | ir.For():
                found[s.var] += 1
            case ir.Shuffle() | ir.Collective():
                found[s.result] += 1
            case ir.Atomic() if s.result is not None:
                found[s.result] += 1
    return found
