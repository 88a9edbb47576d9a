"""Run one candidate over many cases in a fresh sandboxed process, or have it compiled and lowered there.

    execute(target, code, kernel, cases) -> Execution
    build(target, code, kernel, cases)   -> Build

The child gets inputs only: expected values, bounds and verdicts never leave this process. What comes back is bytes at
places fixed beforehand, and short texts that are escaped and believed in nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeVar, overload

from cuport.candidate import Build, Execution, Failure, Outputs
from cuport.case import Case
from cuport.diagnostic import fail
from cuport.kernel import Kernel
from cuport.sandbox import outcome
from cuport.sandbox.call import Call, UnsupportedCall
from cuport.sandbox.command import Device, prepare
from cuport.sandbox.contract import Contract, call_of, contract_of
from cuport.sandbox.job import Job, clean, places
from cuport.sandbox.limits import Limits
from cuport.sandbox.process import Ended, run
from cuport.sandbox.tiers import refusal
from cuport.sandbox.workspace import Workspace, sizes_of

Progress = Callable[[int, int], None]  # cases finished, cases in all
Mode = Literal["execute", "build"]
T = TypeVar("T")


class Runnable(Protocol):
    """The part of a Target that running needs."""

    @property
    def requires(self) -> tuple[str, ...]: ...
    @property
    def worker(self) -> str: ...


def execute(
    target: Runnable,
    code: str,
    kernel: Kernel,
    cases: Sequence[Case],
    limits: Limits | None = None,
    *,
    device: Device = "cpu",
    progress: Progress | None = None,
    unsafe: bool = False,
    without: Sequence[str] = (),
) -> Execution:
    """Run the port on every case. A failure in one case leaves the outputs of the cases before it alone.

    `unsafe`: also where the sandbox does not hold. `without`: walls to leave out (tests and docs/security.md).
    Raises CuportError `sandbox.*` where the sandbox itself could not work; whatever the port does is a Failure.
    """
    job = _Run("execute", target, code, kernel, cases, limits or Limits(), device, unsafe, without)
    if not job.calls:
        return Execution(tuple(job.all_outputs([])), "interpreted", "not started")
    ended, (read, said) = job.go(_outputs_and_notes, progress)
    hello = ended.hello or {}
    how = hello.get("how")
    versions = tuple((str(name), str(version)) for name, version in hello.get("versions", ()))
    return Execution(
        tuple(job.all_outputs(read)),
        how if how in ("gpu", "compiled-cpu") else "interpreted",
        str(hello.get("tier", "process+rlimits")),
        versions,
        (*_notes(hello), *said),
    )


def build(
    target: Runnable,
    code: str,
    kernel: Kernel,
    cases: Sequence[Case],
    limits: Limits | None = None,
    *,
    device: Device = "cpu",
    unsafe: bool = False,
    without: Sequence[str] = (),
) -> Build:
    """Compile and lower the port for everything its target knows, once per distinct specialisation among the cases.

    Raises CuportError `sandbox.*` where the sandbox itself could not work. A port that cannot be built gives failed
    records; no record at all means that nothing was tried, and the notes say why.
    """
    job = _Run("build", target, code, kernel, cases, limits or Limits(), device, unsafe, without)
    if not job.calls:
        return Build((), tuple(sorted({failure.message for failure in job.unsupported.values()})))
    ended, (records, notes) = job.go(outcome.records, None)
    return Build(tuple(records), (*_notes(ended.hello or {}), *notes))


@overload
def run_candidate(
    target: Runnable, code: str, kernel: Kernel, cases: Sequence[Case], limits: Limits, *, mode: Literal["execute"]
) -> Execution: ...
@overload
def run_candidate(
    target: Runnable, code: str, kernel: Kernel, cases: Sequence[Case], limits: Limits, *, mode: Literal["build"]
) -> Build: ...
def run_candidate(
    target: Runnable, code: str, kernel: Kernel, cases: Sequence[Case], limits: Limits, *, mode: Mode = "execute"
) -> Execution | Build:
    """`execute` or `build`, by `mode`."""
    if mode == "execute":
        return execute(target, code, kernel, cases, limits)
    return build(target, code, kernel, cases, limits)


class _Run:
    """One candidate in one mode: its calls, then its child from start to end."""

    def __init__(
        self,
        mode: Mode,
        target: Runnable,
        code: str,
        kernel: Kernel,
        cases: Sequence[Case],
        limits: Limits,
        device: Device,
        unsafe: bool,
        without: Sequence[str],
    ) -> None:
        self.unsafe, self.without = unsafe, without
        self.mode, self.target, self.code, self.limits, self.device = mode, target, code, limits, device
        self.contract: Contract = contract_of(kernel)
        self.calls: list[Call] = []
        self.cases: list[Case] = []  # one a call
        self.unsupported: dict[int, Failure] = {}
        for index, case in enumerate(cases):
            try:
                self.calls.append(call_of(self.contract, case, index))
                self.cases.append(case)
            except UnsupportedCall as error:
                self.unsupported[index] = Failure("unsupported", str(error))

    def all_outputs(self, read: Sequence[Outputs]) -> list[Outputs]:
        """Outputs in the order of the cases that were given, unsupported ones in their places."""
        rest = iter(read)
        total = len(self.calls) + len(self.unsupported)
        return [Outputs(failure=self.unsupported[i]) if i in self.unsupported else next(rest) for i in range(total)]

    def go(
        self, read: Callable[[Workspace, Sequence[Case], Ended, Limits], T], progress: Progress | None
    ) -> tuple[Ended, T]:
        """Start, watch and end the child; `read` takes what is wanted out of its workspace before that is removed."""
        if sys.platform != "linux" and not self.unsafe:
            raise refusal("none")
        outputs = places(sizes_of(self.cases))
        job = Job(self.target.worker, self.mode, self.device, self.contract, tuple(self.calls), (), outputs)
        modules = (*self.target.requires, self.target.worker.partition(".")[0])
        launch = prepare(modules, self.device, without=self.without, unsafe=self.unsafe)
        limits, data = self.limits, sum(buffer.nbytes for call in self.calls for buffer in call.buffers)
        building = self.mode == "build"
        seconds = limits.start_seconds + limits.build_seconds if building else limits.deadline(len(self.calls))
        total = len(self.calls)
        with Workspace(job, self.code, launch.uid) as workspace:
            folder = str(workspace.folder)
            ended = run(
                lambda handshake: launch.command(
                    folder, handshake, limits, seconds=seconds, data=data, largest=job.output_bytes
                ),
                workspace.states,
                limits,
                cwd=workspace.folder / "tmp",
                environment=launch.environment(workspace.folder / "tmp"),
                uid=launch.uid,
                build=building,
                scratch=workspace.folder / "tmp",
                progress=(lambda done: progress(done, total)) if progress else None,
            )
            ended.cpu_limit = limits.processor_seconds(seconds)
            if (ended.hello or {}).get("refused"):
                raise refusal(str((ended.hello or {}).get("tier")))
            if ended.hello is None:
                why = ended.timeout or f"it ended with {outcome.ending(ended.returncode)}"
                told = clean(ended.tail.strip(), 600)
                raise fail("sandbox.start", f"the sandboxed process did not start: {why}", hint=told)
            return ended, read(workspace, self.cases, ended, limits)


def _outputs_and_notes(
    workspace: Workspace, cases: Sequence[Case], ended: Ended, limits: Limits
) -> tuple[list[Outputs], list[str]]:
    return outcome.outputs(workspace, cases, ended, limits), workspace.records(limits.message_chars)[1]


def _notes(hello: dict[str, Any]) -> tuple[str, ...]:
    notes = tuple(str(note) for note in hello.get("notes", ()))
    walls = set(hello.get("walls", ()))
    if hello.get("walls") is not None and not walls & {"landlock", "bubblewrap"}:
        notes += ("sandbox: this system offers no wall around the file system (neither Landlock nor bubblewrap)",)
    return notes
