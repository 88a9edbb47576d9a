"""Pass `dead`: assignments nobody reads, stores into memory nobody reads, empty ifs, unused declarations."""

from __future__ import annotations

from dataclasses import replace

from cuport.translators.rules import build, ir, walk


def dead(function: ir.Function) -> ir.Function:
    """The same function without what has no effect. Loops are kept: they may not end."""
    private = {m.name for m in function.memories if m.space in ("shared", "local", "table")}
    body = function.body
    while True:
        reads = walk.block_reads(body)
        atomics = {s.memory for s in walk.statements(body) if isinstance(s, ir.Atomic) and s.result is None}
        loaded = {
            x.memory
            for s in walk.statements(body)
            for e in walk.own_expressions(s)
            for x in walk.expressions(e)
            if isinstance(x, ir.Load)
        }
        loaded |= {s.memory for s in walk.statements(body) if isinstance(s, ir.Atomic) and s.result is not None}
        unread = (private - loaded) | ((private & atomics) - loaded)
        new = _block(body, reads.variables, frozenset(unread))
        if new == body:
            break
        body = new
    used = walk.block_reads(body).variables | walk.writes(body).variables
    touched = walk.block_reads(body).memories | walk.writes(body).memories
    memories = tuple(
        replace(m, written=m.name in walk.writes(body).memories)
        for m in function.memories
        if m.name in touched or m.space not in ("shared", "local", "table")
    )
    variables = {k: v for k, v in function.variables.items() if k in used}
    return replace(function, body=body, variables=variables, memories=memories)


def _block(block: ir.Block, read: frozenset[str], unread: frozenset[str]) -> ir.Block:
    out: list[ir.Stmt] = []
    for s in block:
        match s:
            case ir.Assign() if s.var not in read:
                continue
            case ir.Shuffle() | ir.Collective() if s.result not in read:
                continue
            case ir.Store() | ir.Atomic() if s.memory in unread:
                continue
            case ir.Atomic() if s.result is not None and s.result not in read:
                out.append(replace(s, result=None))
            case ir.If():
                then, orelse = _block(s.then, read, unread), _block(s.orelse, read, unread)
                if then:
                    out.append(replace(s, then=then, orelse=orelse))
                elif orelse:
                    out.append(replace(s, cond=build.negate(s.cond), then=orelse, orelse=()))
            case ir.For() | ir.While():
                body = _block(s.body, read, unread)
                if body or isinstance(s, ir.While):
                    out.append(replace(s, body=body))
            case _:
                out.append(s)
    return tuple(out)
