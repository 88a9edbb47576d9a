"""Sources from text, launches by hand, and a small oracle in Python that notices what the real one notices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cuport.case import Buffer, Case, PointerArg, ScalarArg
from cuport.cuda.preprocess import Preprocessed
from cuport.cuda.reading import build
from cuport.diagnostic import Diagnostic
from cuport.kernel import Kernel, Source


def source_of(text: str, path: str = "program.cu") -> Source:
    """A source without running a preprocessor."""
    line_map = tuple((path, i + 1) for i in range(text.count("\n") + 1))
    return build(Path(path), Preprocessed(text, text, line_map, (), (), ()))


def launch(
    kernel: Kernel,
    args: Sequence[Any],
    grid: tuple[int, ...],
    block: tuple[int, ...],
    *,
    shared: int = 0,
    template: tuple[tuple[str, Any], ...] = (),
    instance: str = "",
) -> Case:
    """A case: arrays become buffers, None a null pointer, numbers scalars of the parameter's dtype."""
    buffers: list[Buffer] = []
    out: list[Any] = []
    for param, value in zip(kernel.params, args, strict=True):
        if value is None:
            out.append(PointerArg(None, 0, "float32"))
        elif isinstance(value, np.ndarray):
            out.append(PointerArg(len(buffers), 0, value.dtype.name, value.shape[1] if value.ndim == 2 else 1))
            data = value.copy()
            data.setflags(write=False)
            buffers.append(Buffer(param.name, data))
        else:
            out.append(ScalarArg(param.ctype.dtype or "float32", value))
    gx, gy, gz = (*grid, 1, 1)[:3]
    bx, by, bz = (*block, 1, 1)[:3]
    return Case(
        kernel.qualified,
        instance or kernel.qualified,
        (gx, gy, gz),
        (bx, by, bz),
        shared,
        tuple(out),
        tuple(buffers),
        template,
    )


@dataclass(frozen=True, eq=False)
class Captured:
    case: Case
    outputs: tuple[Any, ...]


@dataclass(frozen=True)
class FakeFault:
    kind: str
    message: str
    line: int = 0
    path: str = ""
    benign: bool = False


@dataclass(frozen=True, eq=False)
class FakeReplay:
    outputs: tuple[Any, ...]
    faults: tuple[FakeFault, ...] = ()
    failure: Diagnostic | None = None


class Guarded(np.ndarray):
    """An array in which an index past the end is an error, negative ones included."""

    def _checked(self, key: Any) -> None:
        index = np.asarray(key)
        if index.size and (index.min() < 0 or index.max() >= self.shape[0]):
            raise IndexError(f"out of bounds: {int(index.max())} of {self.shape[0]}")

    def __getitem__(self, key: Any) -> Any:
        self._checked(key)
        return np.asarray(self).__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._checked(key)
        np.asarray(self).__setitem__(key, value)


Body = Callable[..., None]


@dataclass
class FakeOracle:
    """`bodies[kernel](case, order, *values)` does one launch on guarded copies; `order` is "forward" or "reverse"."""

    bodies: dict[str, Body]
    programs: list[Any] = field(default_factory=list)
    replayed: int = 0

    def replay(
        self,
        source: Source,
        cases: Sequence[Case],
        *,
        build: str = "plain",
        schedule: str = "forward",
        seed: int = 0,
        timeout: float = 60.0,
    ) -> list[FakeReplay]:
        self.replayed += len(cases)
        return [self._one(case, schedule) for case in cases]

    def _one(self, case: Case, schedule: str) -> FakeReplay:
        if 0 in case.grid or 0 in case.block:
            return FakeReplay((), failure=Diagnostic("oracle.case-failed", "invalid configuration"))
        arrays = [b.data.copy().view(Guarded) for b in case.buffers]
        values: list[Any] = []
        for arg in case.args:
            if isinstance(arg, PointerArg):
                values.append(None if arg.buffer is None else arrays[arg.buffer])
            else:
                values.append(arg.value)
        try:
            with np.errstate(all="ignore"):
                self.bodies[case.kernel](case, schedule, *values)
        except IndexError as error:
            return FakeReplay((), (FakeFault("out-of-bounds", str(error), 7, "program.cu"),))
        return FakeReplay(tuple(np.asarray(a) for a in arrays))

    def run(self, case: Case) -> Captured:
        """A launch as if captured."""
        replay = self._one(case, "forward")
        assert not replay.faults and replay.failure is None
        return Captured(replace(case, origin="captured"), replay.outputs)

    def captured_launches(self, source: Source, args: Sequence[str], *, timeout: float) -> list[Captured]:
        return [c for program in self.programs for c in program(source, args)]


def threads(case: Case) -> np.ndarray:
    """Global x indices of all threads of a one-dimensional launch."""
    return np.arange(case.grid[0] * case.block[0])
