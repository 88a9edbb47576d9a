"""Loops in which threads wait for one another: they end on a GPU and never in lockstep, so no port has them.

A loop makes progress of its own if something its end depends on changes from one iteration to the next through itself
(a counter, the assumed value of a compare-and-swap loop), or if it stores to the memory it looks at. A loop without,
whose end depends on memory that other threads write, is a wait: a spin lock released behind the loop, a flag.
"""

from __future__ import annotations

from cuport.translators.rules import ir, walk

_RESERVING = ("cas", "exch")


def waiting_loop(function: ir.Function) -> ir.While | None:
    """The first loop that waits for other threads, in a structured function."""
    written = {s.memory for s in walk.statements(function.body) if isinstance(s, ir.Store | ir.Atomic)} - {
        m.name for m in function.memories if m.space == "local"
    }
    for s in walk.statements(function.body):
        if isinstance(s, ir.While) and _waits(s, written):
            return s
    return None


def _waits(loop: ir.While, written: set[str]) -> bool:
    edges, memories = _dependencies(loop)
    reached = _closure(walk.reads(loop.cond).variables, edges)
    if any(name in _closure(edges.get(name, frozenset()), edges) for name in reached):
        return False
    looked_at = set(walk.reads(loop.cond).memories)
    for name in reached:
        looked_at |= memories.get(name, set())
    inside = {s.memory for s in walk.statements(loop.body) if isinstance(s, ir.Store)}
    for s in walk.statements(loop.body):
        if isinstance(s, ir.Atomic) and not (s.op in _RESERVING and s.result in reached):
            inside.add(s.memory)
    return bool(looked_at & written) and not (looked_at & inside)


def _dependencies(loop: ir.While) -> tuple[dict[str, frozenset[str]], dict[str, set[str]]]:
    """For every variable assigned in the loop: the variables and the memories that its new value depends on."""
    edges: dict[str, frozenset[str]] = {}
    memories: dict[str, set[str]] = {}

    def note(name: str, expressions: tuple[ir.Expr, ...], under: walk.Effects, memory: str | None = None) -> None:
        variables, looked = set(under.variables), set(under.memories)
        for e in expressions:
            r = walk.reads(e)
            variables |= r.variables
            looked |= r.memories
        edges[name] = edges.get(name, frozenset()) | variables
        memories.setdefault(name, set()).update(looked | ({memory} if memory else set()))

    def visit(block: ir.Block, under: walk.Effects) -> None:
        for s in block:
            own = walk.own_expressions(s)
            match s:
                case ir.Assign():
                    note(s.var, own, under)
                case ir.Shuffle() | ir.Collective():
                    note(s.result, own, under)
                case ir.Atomic() if s.result is not None:
                    note(s.result, own, under, s.memory)
                case ir.For():
                    note(s.var, (*own, ir.Var(s.var, "int32")), under)
                case _:
                    pass
            inner = under
            if isinstance(s, ir.If):
                r = walk.reads(s.cond)
                inner = walk.Effects(under.variables | r.variables, under.memories | r.memories)
            for child in walk.blocks(s):
                visit(child, inner)

    visit(loop.body, walk.Effects())
    return edges, memories


def _closure(start: frozenset[str], edges: dict[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(start)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += edges.get(name, frozenset())
    return found
