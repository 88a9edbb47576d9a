"""One kernel's run over a grid."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cuport.targets.triton.interpreter.generate import generate
from cuport.targets.triton.interpreter.memory import Memory
from cuport.targets.triton.interpreter.races import Watch
from cuport.targets.triton.interpreter.syntax import parse_module

Grid = tuple[int, int, int]


class TooLong(Exception):
    """A pass that may be given up ran out of its time."""


@dataclass
class Machine:
    """State that the operations of all kernels share. `notes` are things that the run could not show."""

    program: Grid = (0, 0, 0)
    grid: Grid = (1, 1, 1)
    variant: int = 0
    strict_masks: bool = False
    open_masks: bool = False
    memory: Memory = field(default_factory=Memory)
    watching: bool = False  # look for lanes that meet without a barrier
    watch: Watch | None = None
    deadline: float | None = None
    notes: dict[str, None] = field(default_factory=dict)
    approximate: set[str] = field(default_factory=set)

    def note(self, text: str) -> None:
        self.notes.setdefault(text)

    def approximates(self, what: str) -> None:
        self.approximate.add(what)

    def all_notes(self) -> list[str]:
        """What has to stand in the evidence."""
        if not self.approximate:
            return list(self.notes)
        names = ", ".join(sorted(self.approximate))
        return [*self.notes, f"fp32 {names}: rounded once here; the GPU's approximations may be off by about 2 ulp"]

    def tick(self) -> None:
        """Called in loops without a known end."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise TooLong


class Kernel:
    """A compiled specialisation: its generic IR text, ready to run."""

    def __init__(self, text: str, machine: Machine, port: Path) -> None:
        self.machine = machine
        self.prepare: Callable[..., Callable[[], None]] = generate(parse_module(text), machine, port)

    def run(self, arguments: Sequence[Any], grid: Grid, programs: Iterable[Grid]) -> None:
        machine = self.machine
        machine.grid = grid
        machine.watch = watch = Watch(machine, machine.memory) if machine.watching else None
        with np.errstate(all="ignore"):
            program = self.prepare(*arguments)
            for machine.program in programs:
                machine.tick()
                if watch is not None:
                    watch.epoch += 1
                program()
