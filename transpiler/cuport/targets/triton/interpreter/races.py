"""Lanes of one program that meet in memory without a barrier between them.

An interpreter runs a program one operation after the other, so a missing `tl.debug_barrier()` never shows in values. A
pass with a `Watch` looks for it instead: what one lane stored, another may not load or overwrite before a barrier, nor
may it store what another has loaded. Lanes are the same thread only if they have one position in tensors of one shape.
A reduction or another operation across lanes usually holds a barrier of the GPU's; a port that leans on one gets a
note, not an error. Atomics are in order among themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cuport.targets.triton.interpreter.memory import SHIFT, Memory
from cuport.targets.triton.interpreter.registry import Machine, full

LARGEST = 1 << 22  # bytes of a buffer that is watched
MANY = -2  # several lanes, or atomics: no lane is the same as these


class Race(Exception):
    """Two lanes of a program use one element without a barrier between."""


@dataclass
class _Trace:
    """Of each byte where an element begins: the last access's epoch, soft epoch, lane and tensor shape."""

    epoch: npt.NDArray[np.int64]
    soft: npt.NDArray[np.int64]
    lane: npt.NDArray[np.int64]
    shape: npt.NDArray[np.int64]

    @classmethod
    def of(cls, size: int) -> _Trace:
        return cls(*(np.full(size, -1, np.int64) for _ in range(4)))

    def put(self, at: Any, epoch: int, soft: int, lanes: Any, shape: int) -> None:
        self.epoch[at], self.soft[at], self.lane[at], self.shape[at] = epoch, soft, lanes, shape


class Watch:
    """The accesses of one launch. `epoch` counts barriers and programs, `soft` operations across lanes."""

    def __init__(self, machine: Machine, memory: Memory) -> None:
        self.machine = machine
        self.memory = memory
        self.epoch = 0
        self.soft = 0
        self.shapes: dict[tuple[int, ...], int] = {}
        sizes = [b.raw.size if b.raw.size <= LARGEST else 0 for b in memory.buffers]
        self.writes = [_Trace.of(size) for size in sizes]
        self.reads = [_Trace.of(size) for size in sizes]

    def load(self, address: Any, mask: Any, shape: tuple[int, ...]) -> None:
        for number, at, lanes, kind in self._lanes(address, mask, shape):
            self._check(number, self.writes[number], at, lanes, kind, "loads what lane {other} stored")
            self._read(number, at, lanes, kind)

    def store(self, address: Any, mask: Any, shape: tuple[int, ...]) -> None:
        for number, at, lanes, kind in self._lanes(address, mask, shape):
            self._check(number, self.reads[number], at, lanes, kind, "stores over what lane {other} loads")
            self._check(number, self.writes[number], at, lanes, kind, "stores over what lane {other} stored")
            self.writes[number].put(at, self.epoch, self.soft, lanes, kind)

    def atomic(self, address: Any, mask: Any, shape: tuple[int, ...]) -> None:
        for number, at, lanes, kind in self._lanes(address, mask, shape):
            writes = self.writes[number]
            plain = ~((writes.epoch[at] == self.epoch) & (writes.lane[at] == MANY))
            some, mine = at[plain], lanes[plain]
            self._check(number, writes, some, mine, kind, "changes atomically what lane {other} stored")
            self._check(number, self.reads[number], some, mine, kind, "changes atomically what lane {other} loads")
            writes.put(at, self.epoch, self.soft, MANY, kind)
        if not shape:
            self.soft += 1  # its result reaches all threads through a barrier

    def _lanes(self, address: Any, mask: Any, shape: tuple[int, ...]) -> Any:
        """(buffer, first bytes, lanes, shape's number) of the active lanes."""
        flat = full(address, shape).reshape(-1)
        lanes = np.arange(flat.size)
        if mask is not None:
            chosen = full(mask, shape).reshape(-1)
            flat, lanes = flat[chosen], lanes[chosen]
        kind = self.shapes.setdefault(shape, len(self.shapes))
        numbers = ((flat + (1 << (SHIFT - 1))) >> SHIFT) - 1
        for number in np.unique(numbers):
            if 0 <= number < len(self.memory.buffers):
                mine = numbers == number
                at = flat[mine] - self.memory.buffers[number].start
                inside = (at >= 0) & (at < self.writes[number].epoch.size)  # others are reported elsewhere
                yield int(number), at[inside], lanes[mine][inside], kind

    def _read(self, number: int, at: Any, lanes: Any, kind: int) -> None:
        trace = self.reads[number]
        shared = (trace.epoch[at] == self.epoch) & ((trace.lane[at] != lanes) | (trace.shape[at] != kind))
        trace.put(at, self.epoch, self.soft, np.where(shared, MANY, lanes), kind)
        together = (trace.lane[at] != lanes) & ~shared  # one element for several lanes of this very load
        trace.lane[at[together]] = MANY

    def _check(self, number: int, trace: _Trace, at: Any, lanes: Any, kind: int, told: str) -> None:
        met = (trace.epoch[at] == self.epoch) & ((trace.lane[at] != lanes) | (trace.shape[at] != kind))
        if not met.any():
            return
        hard = met & (trace.soft[at] == self.soft)
        name = self.memory.buffers[number].name
        if not hard.any():
            self.machine.note(
                f"lanes meet in `{name}` with only a reduction (or the like) between, which is a barrier for most "
                "layouts; tl.debug_barrier() would be one for all"
            )
            return
        first = int(np.flatnonzero(hard)[0])
        other = int(trace.lane[at[first]])
        who = told.format(other="another" if other == MANY else other).replace("lane another", "another lane")
        raise Race(f"lane {int(lanes[first])} {who} in `{name}`, with no tl.debug_barrier() between")
