"""A probe: a port of a small kernel that also tries something bad, and what may come of it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
from tests.adversarial.sandbox.world import World
from tests.cli.programs import SCALE
from tests.sandbox import launches

from cuport.candidate import Build, BuildRecord, Candidate, Execution, Outputs, Provenance
from cuport.case import Case
from cuport.judge import judge
from cuport.pipeline import Ground, Program, Road
from cuport.sandbox.launch import execute
from cuport.sandbox.limits import MIB, Limits
from cuport.settings import Settings
from cuport.store import Store
from cuport.targets import all_targets
from cuport.verdict import Verdict

Result = Literal["blocked", "contained", "LEAKED", "not run"]
QUICK = Limits(start_seconds=120, case_seconds=5, total_seconds=240, memory_bytes=3 << 30, cores=2)
# What a port sees when the system refuses. A system call that is made by hand gives a negative number; see `check`.
PRELUDE = """\
import atexit, ctypes, errno, gc, glob, os, re, resource, signal, socket, stat, subprocess, sys, threading, time
import numpy as np
libc = ctypes.CDLL(None, use_errno=True)
class Refused(OSError): pass
def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
def call(number, *arguments): return check(libc.syscall(ctypes.c_long(number), *arguments))
def hunt(paths):
    # 1 file with the bait in it is a success
    for path in paths:
        try:
            with open(path, "rb") as f:
                if WORLD["prefix"].encode() in f.read(1 << 20): return path
        except OSError: pass
    raise Refused(errno.EPERM, "nothing found")
def nothing(): raise Refused(errno.EPERM, "came to nothing")
"""


@dataclass(frozen=True)
class Probe:
    """`body` runs in the first call of the port. If it ends without an OSError the attempt worked.

    `harmless`: that it worked means nothing by itself, the world outside decides. `failures`: kinds that the port's
    own end may have; `said`: what the failure's message must then say. `top` stands at module level.
    """

    name: str
    body: str
    top: str = ""
    harmless: bool = False
    failures: tuple[str, ...] = ()
    said: str = ""
    limits: Limits = QUICK
    compiler: bool = False  # runs as a target's build does, which may start processes
    target: str = ""  # a real target; empty: plain numpy
    code: str = ""  # the whole port, in place of body and top
    attack_on_answer: bool = False  # tries to have its wrong answer pass

    def port(self, world: World) -> str:
        """The translation file. Called with the first case it is right, with all others wrong."""
        if self.code:
            return world.for_ports() + textwrap.dedent(self.code)
        body = textwrap.indent(textwrap.dedent(self.body).strip(), "        ")
        return f"""{PRELUDE}{world.for_ports()}
{textwrap.dedent(self.top)}
tried = []
def scale(n, a, x):
    if tried:
        x[:n] = 0
        return
    tried.append(1)
    x[:n] = a * x[:n] + 1
    x[n] = 1
    try:
{body}
    except (OSError, subprocess.SubprocessError):
        x[n] = 2
    else:
        x[n] = 3
"""


@dataclass
class Trial:
    """What became of a probe."""

    result: Result
    tier: str
    verdict: Verdict | None
    why: str
    execution: Execution | None = None
    leaks: list[str] = field(default_factory=list)


@cache
def ground() -> tuple[Program, Ground]:
    """The kernel that all probes port, its cases and what the original computes."""
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "scale.cu"
        source.write_text(SCALE)
        road = Road(Settings(cases=16), Store(None))
        program = road.open(source)
        return program, road.ground(program, program.source.kernels[0])


def run(probe: Probe, folder: Path, without: Sequence[str] = ()) -> Trial:
    """Run the port, look around outside, judge its outputs. Walls in `without` are left out."""
    program, known = ground()
    kernel = program.source.kernels[0]
    with World(folder) as world:
        target: Any = SimpleNamespace(requires=("numpy",), worker="numpy_worker")
        if probe.compiler:
            target = SimpleNamespace(requires=("numpy", "numpy_worker"), worker="compiling_worker")
        elif probe.target:
            target = all_targets()[probe.target]
        cases = [_first(kernel), *(r.case for r in known.references)]
        code = probe.port(world)
        execution = execute(target, code, kernel, cases, probe.limits, without=tuple(without), unsafe=True)
        leaks = world.touched()
    first, rest = execution.outputs[0], execution.outputs[1:]
    verdict = judge(
        source=program.source,
        kernel=kernel,
        target=probe.target or "triton",
        candidate=Candidate(probe.target or "triton", code, ("scale",), Provenance("file")),
        references=known.references,
        execution=Execution(rest, execution.how, execution.sandbox),
        build=Build((BuildRecord("paper", "compiled", True, ""),)),
    )
    result, why = _result(probe, first, leaks)
    return Trial(result, execution.sandbox, verdict, why, execution, leaks)


def _first(kernel: Any) -> Case:
    x = np.arange(16, dtype=np.float32)
    args = (launches.integer(8), launches.real(3.0), launches.pointer(0))
    return launches.case(kernel, args, (("x", x),))


def _result(probe: Probe, first: Outputs, leaks: list[str]) -> tuple[Result, str]:
    if leaks:
        return "LEAKED", "; ".join(leaks)[:2000]
    if first.failure is not None:
        told = f"{first.failure.kind}: {first.failure.message}"
        expected = first.failure.kind in probe.failures and probe.said in first.failure.message
        # a port that ends oddly has harmed itself only, but a probe that does not do what it is for shows nothing
        return ("contained" if expected else "not run"), told
    if probe.code and (first.arrays[0] == 777).any():  # the mark of a port that has no room for another
        return "LEAKED", "the attempt worked"
    step = int(first.arrays[0][8])
    if probe.code or (probe.attack_on_answer and probe.harmless):
        return "contained", ""
    if step == 2:
        return "blocked", ""
    if step == 3:
        return ("contained", "") if probe.harmless else ("LEAKED", "the attempt worked")
    return "not run", f"step {step}"


SMALL = Limits(start_seconds=120, case_seconds=4, total_seconds=200, memory_bytes=2 << 30, file_bytes=8 * MIB, cores=2)
