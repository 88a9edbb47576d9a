"""Which values are the same in all threads of a block (or of the grid): those stay scalars, the others have one element
a lane.

A variable is uniform if every assignment to it has a uniform value and stands under uniform control. Found as a
greatest fixed point: all variables start uniform, and fall.
"""

from __future__ import annotations

from cuport.translators.rules import ir, walk


class Uniformity:
    """Answers for one function. `varying`: the indices that differ inside what is called uniform; ("tid",) for a block,
    ("tid", "bid") for the whole grid."""

    def __init__(self, function: ir.Function, varying: tuple[ir.IndexKind, ...] = ("tid",)) -> None:
        self._varying = varying
        private = ("local", "shared") if "bid" in varying else ("local",)
        self._private = {m.name for m in function.memories if m.space in private}
        self.variables = set(function.variables)
        size = -1
        while size != len(self.variables):
            size = len(self.variables)
            self._visit(function.body, True)

    def of(self, e: ir.Expr, control: bool) -> bool:
        """Whether `e`, evaluated under uniform (`control`) or divergent control, is one scalar for the block."""
        match e:
            case ir.Const() | ir.Param() | ir.IsNull():
                return True
            case ir.Index():
                return e.kind not in self._varying
            case ir.Var():
                return e.name in self.variables
            case ir.Load():  # where only some threads are active, an address need not be legal
                return control and e.memory not in self._private and e.mask is None and self.of(e.index, control)
            case _:
                return all(self.of(child, control) for child in walk.children(e))

    def scalar_loop(self, s: ir.For) -> bool:
        """Whether the loop runs the same iterations in all threads (under whatever control)."""
        return all(self.of(e, False) for e in (s.start, s.stop, s.step))

    def _visit(self, block: ir.Block, control: bool) -> None:
        for s in block:
            match s:
                case ir.Assign():
                    if not (control and self.of(s.value, control)):
                        self.variables.discard(s.var)
                case ir.Shuffle():
                    self.variables.discard(s.result)
                case ir.Collective():
                    if not (control and s.scope == "block" and "bid" not in self._varying):
                        self.variables.discard(s.result)
                case ir.Atomic():
                    self.variables.discard(s.result or "")
                case ir.If():
                    inner = control and self.of(s.cond, control)
                    # a uniform condition under divergent control keeps that control
                    self._visit(s.then, inner)
                    self._visit(s.orelse, inner)
                case ir.For():
                    if not self.scalar_loop(s):
                        self.variables.discard(s.var)
                    self._visit(s.body, control and self.scalar_loop(s))
                case ir.While():
                    self._visit(s.body, control and self.of(s.cond, control))
                case _:
                    pass


def homes(function: ir.Function) -> dict[str, int]:
    """The block (by identity) that a variable belongs to: the innermost one that holds every reference to it.

    In a loop's body that is its home only if the first thing done to it there is an assignment; otherwise its value
    may come from the iteration before, and it belongs to the block around all loops.
    """
    paths: dict[str, list[tuple[ir.Block, ...]]] = {}
    loops: set[int] = set()

    def visit(block: ir.Block, path: tuple[ir.Block, ...]) -> None:
        here = (*path, block)
        for s in block:
            names = {v.name for e in walk.own_expressions(s) for v in walk.expressions(e) if isinstance(v, ir.Var)}
            names |= walk.writes((_without_blocks(s),)).variables
            for name in names:
                paths.setdefault(name, []).append(here)
            if isinstance(s, ir.For | ir.While):
                loops.add(id(s.body))
                if isinstance(s, ir.While):  # its condition is read after every iteration
                    for name in names:
                        paths[name].append(here)
            for inner in walk.blocks(s):
                visit(inner, here)

    visit(function.body, ())
    found: dict[str, int] = {}
    for name, places in paths.items():
        common = places[0]
        for place in places[1:]:
            common = tuple(a for a, b in zip(common, place, strict=False) if a is b)
        if not _assigned_first(common[-1], name):
            first_loop = next((i for i, b in enumerate(common) if id(b) in loops), len(common))
            common = common[: max(first_loop, 1)]
        found[name] = id(common[-1])
    return found


def _assigned_first(block: ir.Block, name: str) -> bool:
    """Whether the first statement of the block that mentions the variable assigns it, unconditionally."""
    for s in block:
        mentioned = name in walk.block_reads((s,)).variables or name in walk.writes((s,)).variables
        if mentioned:
            reads = name in walk.block_reads((s,)).variables
            return not reads and isinstance(s, ir.Assign | ir.Shuffle | ir.Collective | ir.Atomic)
    return False


def _without_blocks(s: ir.Stmt) -> ir.Stmt:
    """The statement with empty blocks: what it does itself."""
    return walk.map_stmt(s, lambda e: e, lambda _: ())
