"""The programs of corpus/: what each is, and one run of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from cuport.case import Array
from cuport.cases import plan
from cuport.cuda import read
from cuport.diagnostic import CuportError
from cuport.kernel import Source
from cuport.oracle import Oracle
from cuport.oracle.results import Schedule

ROOT = Path(__file__).parents[2] / "corpus"
SCHEDULES: tuple[Schedule, ...] = ("forward", "reverse", "random")


@dataclass(frozen=True)
class Entry:
    """One folder of corpus/. `kind` and `constructs` stand in its README."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def said(self) -> dict[str, str]:
        line = (self.path.parent / "README").read_text(encoding="utf-8").strip()
        return dict(re.findall(r"(\w+): ([^;]+)", line))

    @property
    def kind(self) -> str:
        return self.said.get("class", "")

    @cached_property
    def source(self) -> Source:
        return read(self.path)


def entries() -> list[Entry]:
    return [Entry(folder / f"{folder.name}.cu") for folder in sorted(ROOT.iterdir()) if folder.is_dir()]


def run(entry: Entry, oracle: Oracle, schedule: Schedule, seed: int = 7) -> str:
    """How a program ends: "PASS", or what is wrong with it.

    One without main() says nothing itself: each of its cases must end without a failure, and in every schedule alike.
    """
    try:
        source = entry.source
        if not source.has_main:
            return _replay(source, oracle, schedule, seed)
        result = oracle.run_program(source, schedule=schedule, seed=seed, timeout=60)
    except CuportError as error:
        return str(error.diagnostics[0])
    if result.timed_out:
        return "more than 60 s"
    lines = result.stdout.strip().splitlines()
    if result.returncode != 0 or not any(re.search(r"\bPASS", line) for line in lines) or "FAIL" in result.stdout:
        return f"exit code {result.returncode}: {(lines or result.stderr.strip().splitlines() or ['no output'])[-1]}"
    return "PASS"


def _same(a: Array, b: Array) -> bool:
    """The same bits, or sums of floats that were added in another order."""
    if a.tobytes() == b.tobytes():
        return True
    if a.dtype.kind != "f":
        return False
    scale = float(np.nanmax(np.abs(a), initial=0.0))
    return bool(np.allclose(a, b, rtol=1e-5, atol=1e-5 * scale, equal_nan=True))


def _replay(source: Source, oracle: Oracle, schedule: Schedule, seed: int) -> str:
    for kernel in source.kernels:
        planned = plan(source, kernel, [], oracle, seed=0, cases=12, threads=1 << 18)
        if not planned.cases:
            return str(planned.diagnostics[0]) if planned.diagnostics else f"{kernel.name}: no cases"
        forward = oracle.replay(source, planned.cases)
        others = oracle.replay(source, planned.cases, schedule=schedule, seed=seed)
        for case, one, other in zip(planned.cases, forward, others, strict=True):
            if (failure := one.failure or other.failure) is not None:
                return str(failure)
            if not all(_same(a, b) for a, b in zip(one.outputs, other.outputs, strict=True)):
                return f"{kernel.name} depends on the schedule on case {case.label or case.digest[:12]}"
    return "PASS"
