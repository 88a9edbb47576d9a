"""Where a port needs barriers of its own.

Shared and per-thread arrays live in global scratch. The CUDA's barriers order what its threads exchange; but where one
Triton lane is held by several hardware threads (blocks under a warp, 64-wide wavefronts), or where warps exchange data
in lockstep without a barrier, a load after a store (or a store after a load) needs one more. The state is the set of
scratch accesses since the last barrier; it is carried through the structure, loops to a fixed point.
"""

from __future__ import annotations

from typing import TypeAlias

from cuport.translators.rules import ir, walk

State: TypeAlias = frozenset[tuple[str, str]]  # (memory, "load" | "store")
NOTHING: State = frozenset()


class Hazards:
    def __init__(self, function: ir.Function) -> None:
        self._scratch = {m.name for m in function.memories if m.space in ("shared", "local")}

    def before(self, s: ir.Stmt, state: State) -> bool:
        """Whether a barrier has to stand before this statement's own accesses."""
        return any((m, "store") in state for m in self._loads(s)) or any((m, "load") in state for m in self._stores(s))

    def after(self, s: ir.Stmt, state: State) -> State:
        """The state behind the statement's own accesses (its blocks left out)."""
        if isinstance(s, ir.Barrier) or _waits(s):
            return NOTHING
        if self.before(s, state):
            state = NOTHING
        return state | {(m, "load") for m in self._loads(s)} | {(m, "store") for m in self._stores(s)}

    def through(self, block: ir.Block, state: State) -> State:
        """The state behind a whole block."""
        for s in block:
            state = self.after(s, state)
            match s:
                case ir.If():
                    state = self.through(s.then, state) | self.through(s.orelse, state)
                case ir.For():
                    state |= self.through(s.body, self.loop_entry(s, state))
                case ir.While():
                    state |= self.after(s, self.through(s.body, self.loop_entry(s, state)))
        return state

    def loop_entry(self, s: ir.For | ir.While, state: State) -> State:
        """The state at the start of a loop's body, whichever iteration it is."""
        while True:
            end = self.through(s.body, state)
            if isinstance(s, ir.While):
                end = self.after(s, end)
            if end <= state:
                return state
            state |= end

    def _loads(self, s: ir.Stmt) -> set[str]:
        found = {x.memory for e in walk.own_expressions(s) for x in walk.expressions(e) if isinstance(x, ir.Load)}
        return found & self._scratch

    def _stores(self, s: ir.Stmt) -> set[str]:
        return {s.memory} & self._scratch if isinstance(s, ir.Store | ir.Atomic) else set()


def _waits(s: ir.Stmt) -> bool:
    return isinstance(s, ir.Collective) and s.scope == "block"
