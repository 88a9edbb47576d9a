"""Which variables a loop carries: those that one iteration leaves to the next, or to what follows the loop."""

from __future__ import annotations

from cuport.translators.rules import ir, walk

Names = frozenset[str]


def carried(function: ir.Function) -> dict[int, Names]:
    """For every loop of a structured function (by `id` of the statement) the variables that it carries, one a thread."""
    found: dict[int, Names] = {}
    _before(function.body, frozenset(), found)
    return found


def _used(*expressions: ir.Expr | None) -> Names:
    return frozenset().union(*(walk.reads(e).variables for e in expressions if e is not None))


def _before(block: ir.Block, after: Names, found: dict[int, Names]) -> Names:
    """Variables live before the block, given those live after it."""
    live = after
    for s in reversed(block):
        live = _statement(s, live, found)
    return live


def _statement(s: ir.Stmt, after: Names, found: dict[int, Names]) -> Names:
    match s:
        case ir.Assign():
            return (after - {s.var}) | _used(s.value)
        case ir.If():
            return _before(s.then, after, found) | _before(s.orelse, after, found) | _used(s.cond)
        case ir.While():
            return _loop(s, s.body, after, _used(s.cond), not s.test_after, found)
        case ir.For():
            live = _loop(s, s.body, after, frozenset(), True, found)
            return (live - {s.var}) | _used(s.start, s.stop, s.step)
        case ir.Shuffle() | ir.Collective():
            return (after - {s.result}) | _used(*walk.own_expressions(s))
        case ir.Atomic():
            return (after - {s.result} if s.result is not None else after) | _used(*walk.own_expressions(s))
        case _:
            return after | _used(*walk.own_expressions(s))


def _loop(
    s: ir.For | ir.While, body: ir.Block, after: Names, cond: Names, may_skip: bool, found: dict[int, Names]
) -> Names:
    """Iterate to the fixed point of liveness at the loop's head."""
    head: Names = frozenset()
    while True:
        tail = after | cond | head
        new = _before(body, tail, found) | ((after | cond) if may_skip else frozenset())
        if new == head:
            break
        head = new
    assigned = walk.writes(body).variables
    found[id(s)] = assigned & (head | after | cond)
    return head


def loop_locals(s: ir.For | ir.While) -> Names:
    """Variables assigned inside a loop."""
    return walk.writes(s.body).variables
