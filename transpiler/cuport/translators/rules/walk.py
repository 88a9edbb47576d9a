"""Going over IR: children, rewriting, and what an expression reads or a block writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cuport.translators.rules import ir


def children(e: ir.Expr) -> tuple[ir.Expr, ...]:
    """The operands of an expression, the mask of a load last."""
    match e:
        case ir.Unary() | ir.Cast() | ir.Bitcast():
            return (e.a,)
        case ir.Binary() | ir.Compare():
            return (e.a, e.b)
        case ir.Select():
            return (e.cond, e.a, e.b)
        case ir.Call():
            return e.args
        case ir.Load():
            return (e.index,) if e.mask is None else (e.index, e.mask)
        case _:
            return ()


def expressions(e: ir.Expr) -> Iterator[ir.Expr]:
    """`e` and everything under it."""
    yield e
    for child in children(e):
        yield from expressions(child)


def map_expr(e: ir.Expr, f: Callable[[ir.Expr], ir.Expr]) -> ir.Expr:
    """Rewrite bottom-up: operands first, then `f` on the rebuilt node."""
    match e:
        case ir.Unary() | ir.Cast() | ir.Bitcast():
            new: ir.Expr = replace(e, a=map_expr(e.a, f))
        case ir.Binary() | ir.Compare():
            new = replace(e, a=map_expr(e.a, f), b=map_expr(e.b, f))
        case ir.Select():
            new = replace(e, cond=map_expr(e.cond, f), a=map_expr(e.a, f), b=map_expr(e.b, f))
        case ir.Call():
            new = replace(e, args=tuple(map_expr(a, f) for a in e.args))
        case ir.Load():
            mask = None if e.mask is None else map_expr(e.mask, f)
            new = replace(e, index=map_expr(e.index, f), mask=mask)
        case _:
            new = e
    return f(new)


def own_expressions(s: ir.Stmt) -> tuple[ir.Expr, ...]:
    """The expressions that stand in the statement itself, not in its blocks."""
    match s:
        case ir.Assign():
            return (s.value,)
        case ir.Store():
            return (s.index, s.value)
        case ir.Atomic():
            return (s.index, s.value) if s.compare is None else (s.index, s.value, s.compare)
        case ir.If() | ir.While():
            return (s.cond,)
        case ir.For():
            return (s.start, s.stop, s.step)
        case ir.Shuffle():
            return tuple(e for e in (s.value, s.lane, s.width, s.members) if e is not None)
        case ir.Collective():
            return (s.value,) if s.members is None else (s.value, s.members)
        case _:
            return ()


def blocks(s: ir.Stmt) -> tuple[ir.Block, ...]:
    """The blocks of a statement."""
    match s:
        case ir.If():
            return (s.then, s.orelse)
        case ir.For() | ir.Scope():
            return (s.body,)
        case ir.While():
            return (s.body, s.step)
        case _:
            return ()


def statements(block: ir.Block) -> Iterator[ir.Stmt]:
    """All statements, outer before inner."""
    for s in block:
        yield s
        for inner in blocks(s):
            yield from statements(inner)


def map_stmt(s: ir.Stmt, f: Callable[[ir.Expr], ir.Expr], g: Callable[[ir.Block], ir.Block]) -> ir.Stmt:
    """The statement with `f` applied to its own expressions (as wholes) and `g` to its blocks."""
    match s:
        case ir.Assign():
            return replace(s, value=f(s.value))
        case ir.Store():
            return replace(s, index=f(s.index), value=f(s.value))
        case ir.Atomic():
            compare = None if s.compare is None else f(s.compare)
            return replace(s, index=f(s.index), value=f(s.value), compare=compare)
        case ir.If():
            return replace(s, cond=f(s.cond), then=g(s.then), orelse=g(s.orelse))
        case ir.For():
            return replace(s, start=f(s.start), stop=f(s.stop), step=f(s.step), body=g(s.body))
        case ir.While():
            return replace(s, cond=f(s.cond), body=g(s.body), step=g(s.step))
        case ir.Shuffle():
            members = None if s.members is None else f(s.members)
            return replace(s, value=f(s.value), lane=f(s.lane), width=f(s.width), members=members)
        case ir.Collective():
            members = None if s.members is None else f(s.members)
            return replace(s, value=f(s.value), members=members)
        case ir.Scope():
            return replace(s, body=g(s.body))
        case _:
            return s


def map_block(block: ir.Block, f: Callable[[ir.Expr], ir.Expr]) -> ir.Block:
    """Every expression node of the block rewritten bottom-up by `f`."""
    return tuple(map_stmt(s, lambda e: map_expr(e, f), lambda b: map_block(b, f)) for s in block)


@dataclass(frozen=True)
class Effects:
    """Variables and memories; `barrier`: other threads' stores may become visible."""

    variables: frozenset[str] = frozenset()
    memories: frozenset[str] = frozenset()
    barrier: bool = False


def reads(e: ir.Expr) -> Effects:
    """What the value of `e` depends on."""
    variables, memories = set(), set()
    for x in expressions(e):
        if isinstance(x, ir.Var):
            variables.add(x.name)
        elif isinstance(x, ir.Load):
            memories.add(x.memory)
    return Effects(frozenset(variables), frozenset(memories))


def writes(block: ir.Block) -> Effects:
    """What running `block` may change."""
    variables, memories, barrier = set(), set(), False
    for s in statements(block):
        match s:
            case ir.Assign() | ir.For():
                variables.add(s.var)
            case ir.Store():
                memories.add(s.memory)
            case ir.Atomic():
                memories.add(s.memory)
                if s.result:
                    variables.add(s.result)
            case ir.Shuffle() | ir.Collective():
                variables.add(s.result)
            case ir.Barrier():
                barrier = True
    return Effects(frozenset(variables), frozenset(memories), barrier)


def block_reads(block: ir.Block) -> Effects:
    """What running `block` may read."""
    variables: set[str] = set()
    memories: set[str] = set()
    for s in statements(block):
        for e in own_expressions(s):
            r = reads(e)
            variables |= r.variables
            memories |= r.memories
        if isinstance(s, ir.Atomic):
            memories.add(s.memory)
    return Effects(frozenset(variables), frozenset(memories))


def disturbs(block: ir.Block, e: ir.Expr) -> bool:
    """Whether running `block` before `e` could change the value of `e`."""
    w, r = writes(block), reads(e)
    return bool(w.variables & r.variables or w.memories & r.memories or (w.barrier and r.memories))
