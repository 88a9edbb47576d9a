"""The IR run by plain Python, one thread at a time: the definition of every node, for tests and for doubt.

Threads are generators; they stop at barriers and warp operations, where the block's scheduler lets them meet. Anything
structured or not (`Scope`, `Leave`) runs. Numbers are Python ints and floats held exactly in their dtype; elementary
functions are computed in double and rounded once. A thread that reads undefined memory reads zero.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from cuport.translators.rules import arith, ir, types, walk

Number = int | float | bool
Wait = tuple[ir.Stmt, tuple[Any, ...]]
Thread = Generator[Wait, Any, None]
WARP = 32


class Left(Exception):
    """A `Leave` on its way out to its scope."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


def run(
    function: ir.Function,
    grid: tuple[int, int, int],
    block: tuple[int, int, int],
    arguments: Mapping[str, Number],
    arrays: Mapping[str, npt.NDArray[Any] | None],
    shared_bytes: int = 0,
) -> None:
    """Run a launch; `arrays` (flat, by memory name; None is a null pointer) are changed in place."""
    tables = {m.name: np.array(m.data, m.dtype) for m in function.memories if m.space == "table"}
    for z, y, x in product(*(range(n) for n in reversed(grid))):
        _Block(function, grid, block, (x, y, z), arguments, {**arrays, **tables}, shared_bytes).run()


class _Block:
    def __init__(
        self,
        function: ir.Function,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        bid: tuple[int, int, int],
        arguments: Mapping[str, Number],
        arrays: Mapping[str, npt.NDArray[Any] | None],
        shared_bytes: int,
    ) -> None:
        self.function = function
        self.launch = {"gdim": grid, "bdim": block, "bid": bid}
        self.arguments, self.arrays = arguments, dict(arrays)
        for m in function.memories:
            if m.space == "shared":
                extent = m.extent if m.extent is not None else shared_bytes // types.size(m.dtype)
                self.arrays[m.name] = np.zeros(extent, m.dtype)
        self.order = {id(s): k for k, s in enumerate(walk.statements(function.body))}

    def run(self) -> None:
        x, y, z = self.launch["bdim"]
        tids = [(i, j, k) for k, j, i in product(range(z), range(y), range(x))]
        lanes = [_Lane(self, tid) for tid in tids]
        threads: list[Thread] = [lane.block(self.function.body) for lane in lanes]
        waiting: dict[int, Wait] = {}
        answers: dict[int, Any] = dict.fromkeys(range(len(threads)))
        while answers or waiting:
            for i, answer in answers.items():
                try:
                    waiting[i] = threads[i].send(answer)
                except StopIteration:
                    waiting.pop(i, None)
                except Left:
                    waiting.pop(i, None)
            answers = self._meet(waiting)
            for i in answers:
                del waiting[i]

    def _meet(self, waiting: dict[int, Wait]) -> dict[int, Any]:
        """Who may go on, and with what. Warp operations first, the earliest statement of each warp."""
        answers: dict[int, Any] = {}
        warps: dict[int, list[int]] = {}
        for i, (s, _) in waiting.items():
            if not _is_block_wide(s):
                warps.setdefault(i // WARP, []).append(i)
        for members in warps.values():
            first = min(members, key=lambda i: self.order[id(waiting[i][0])])
            s = waiting[first][0]
            group = {i: waiting[i][1] for i in members if waiting[i][0] is s}
            answers |= _together(s, group)
        if not answers and waiting:
            s = waiting[min(waiting, key=lambda i: self.order[id(waiting[i][0])])][0]
            group = {i: payload for i, (other, payload) in waiting.items() if other is s or isinstance(s, ir.Barrier)}
            answers = _together(s, group)
        return answers


def _is_block_wide(s: ir.Stmt) -> bool:
    return (isinstance(s, ir.Barrier) and s.scope == "block") or (isinstance(s, ir.Collective) and s.scope == "block")


def _together(s: ir.Stmt, group: Mapping[int, tuple[Any, ...]]) -> dict[int, Any]:
    """The result of a statement where the threads of `group` (by linear index) meet."""
    match s:
        case ir.Shuffle():
            return {i: _shuffled(s, i, payload, group) for i, payload in group.items()}
        case ir.Collective():
            return {i: _collected(s, i, payload, group) for i, payload in group.items()}
        case _:
            return dict.fromkeys(group)


def _shuffled(s: ir.Shuffle, i: int, payload: tuple[Any, ...], group: Mapping[int, tuple[Any, ...]]) -> Number:
    own, lane, width = payload
    first = i - i % WARP
    me = i % WARP
    segment = me - me % width
    place = me - segment
    match s.mode:
        case "idx":
            source = segment + lane % width
        case "xor":
            source = me ^ lane if (me ^ lane) < segment + width else me
        case _:
            moved = place - lane if s.mode == "up" else place + lane
            source = segment + moved if 0 <= moved < width else me
    found: Number = group[first + source][0] if first + source in group else own
    return found


def _collected(s: ir.Collective, i: int, payload: tuple[Any, ...], group: Mapping[int, tuple[Any, ...]]) -> Number:
    first = 0 if s.scope == "block" else i - i % WARP
    members = payload[1]
    inside = {
        j: p[0]
        for j, p in group.items()
        if s.scope == "block" or (j - j % WARP == first and (members is None or members >> (j % WARP) & 1))
    }
    values = list(inside.values())
    dtype = s.value.dtype
    match s.op:
        case "any":
            return any(values)
        case "all":
            return all(values)
        case "count":
            return sum(map(bool, values))
        case "ballot":
            return sum(1 << (j % WARP) for j, v in inside.items() if v)
        case "match":
            mine = payload[0]
            return sum(1 << (j % WARP) for j, v in inside.items() if v == mine)
        case "add":
            return types.wrap(sum(values), dtype)
        case "min":
            return min(values)  # type: ignore[no-any-return]
        case "max":
            return max(values)  # type: ignore[no-any-return]
    result = values[0]
    for v in values[1:]:
        result = result & v if s.op == "and" else result | v if s.op == "or" else result ^ v
    return types.wrap(result, dtype)


class _Lane:
    """One thread: its variables and local memory."""

    def __init__(self, block: _Block, tid: tuple[int, int, int]) -> None:
        self.parent = block
        self.tid = tid
        self.variables: dict[str, Number] = {}
        function = block.function
        self.local = {m.name: np.zeros(m.extent or 0, m.dtype) for m in function.memories if m.space == "local"}

    def memory(self, name: str) -> npt.NDArray[Any]:
        array = self.local[name] if name in self.local else self.parent.arrays[name]
        assert array is not None, f"null pointer {name}"
        return array

    # ---------------------------------------------------------------- statements

    def block(self, block: ir.Block) -> Thread:
        for s in block:
            yield from self.statement(s)

    def statement(self, s: ir.Stmt) -> Thread:
        match s:
            case ir.Assign():
                self.variables[s.var] = self.value(s.value)
            case ir.Store():
                index = int(self.value(s.index))
                self.memory(s.memory)[index] = self.value(s.value)
            case ir.Atomic():
                self._atomic(s)
            case ir.If():
                yield from self.block(s.then if self.value(s.cond) else s.orelse)
            case ir.For():
                yield from self._for(s)
            case ir.While():
                while s.test_after or self.value(s.cond):
                    yield from self.block(s.body)
                    yield from self.block(s.step)
                    if s.test_after and not self.value(s.cond):
                        break
            case ir.Scope():
                try:
                    yield from self.block(s.body)
                except Left as left:
                    if left.label != s.label:
                        raise
            case ir.Leave():
                raise Left(s.label)
            case ir.Barrier():
                if s.scope != "fence":
                    yield s, ()
            case ir.Shuffle():
                payload = (self.value(s.value), self.value(s.lane), self.value(s.width))
                self.variables[s.result] = yield s, payload
            case ir.Collective():
                members = None if s.members is None else self.value(s.members)
                self.variables[s.result] = yield s, (self.value(s.value), members)

    def _for(self, s: ir.For) -> Thread:
        at, stop, step = (int(self.value(e)) for e in (s.start, s.stop, s.step))
        while at > stop if s.down else at < stop:
            self.variables[s.var] = at
            yield from self.block(s.body)
            at += step

    def _atomic(self, s: ir.Atomic) -> None:
        memory = self.memory(s.memory)
        dtype = s.value.dtype
        if memory.dtype != np.dtype(dtype):
            memory = memory.view(dtype)
        index = int(self.value(s.index))
        old: Number = memory[index].item() if dtype != "bfloat16" else float(memory[index])
        value = self.value(s.value)
        compare = None if s.compare is None else self.value(s.compare)
        memory[index] = arith.atomic(s.op, old, value, compare, dtype)
        if s.result is not None:
            self.variables[s.result] = old

    # --------------------------------------------------------------- expressions

    def value(self, e: ir.Expr) -> Number:
        match e:
            case ir.Const():
                return e.value
            case ir.Var():
                return self.variables.get(e.name, 0)
            case ir.Param():
                return self.parent.arguments[e.name]
            case ir.Index():
                axis = "xyz".index(e.axis)
                return self.tid[axis] if e.kind == "tid" else self.parent.launch[e.kind][axis]
            case ir.Unary():
                return arith.unary(e.op, self.value(e.a), e.dtype)
            case ir.Binary():
                return arith.binary(e.op, self.value(e.a), self.value(e.b), e.dtype)
            case ir.Compare():
                return arith.compare(e.op, self.value(e.a), self.value(e.b))
            case ir.Select():
                return self.value(e.a if self.value(e.cond) else e.b)
            case ir.Cast():
                return arith.cast(self.value(e.a), e.a.dtype, e.dtype)
            case ir.Bitcast():
                return arith.bitcast(self.value(e.a), e.a.dtype, e.dtype)
            case ir.Call():
                return arith.call(e.fn, [self.value(a) for a in e.args], [a.dtype for a in e.args], e.dtype)
            case ir.Load():
                if e.mask is not None and not self.value(e.mask):
                    return 0
                found = self.memory(e.memory)[int(self.value(e.index))]
                return float(found) if types.is_float(e.dtype) else found.item()
            case ir.IsNull():
                return self.parent.arrays[e.memory] is None
