"""Run one candidate over many cases in a fresh sandboxed process, or have it compiled and lowered there.

    execute(target, code, kernel, cases) -> Execution
    build(target, code, kernel, cases)   -> Build

The child gets inputs only: expected values, bounds and verdicts never leave this process. What comes back is bytes at
places fixed beforehand, and short texts that are escaped and believed in nothing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, overload

import cuport
from cuport.candidate import Build, Execution, Failure, Outputs
from cuport.case import Case
from cuport.diagnostic import fail
from cuport.kernel import Kernel
from cuport.sandbox import bubblewrap, outcome
from cuport.sandbox.call import Call, UnsupportedCall
from cuport.sandbox.child import BOOTSTRAP
from cuport.sandbox.confine import Boot
from cuport.sandbox.contract import Contract, call_of, contract_of
from cuport.sandbox.job import Job, clean, places
from cuport.sandbox.limits import Limits
from cuport.sandbox.process import Ended, run
from cuport.sandbox.workspace import Workspace, sizes_of

Progress = Callable[[int, int], None]  # cases finished, cases in all
Device = Literal["cpu", "gpu"]
Mode = Literal["execute", "build"]
T = TypeVar("T")

# A range that distributions keep for short-lived service users; nothing else runs under these.
_FIRST_UID, _UIDS = 61184, 4336
_GPU_VARIABLES = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "ROCR_VISIBLE_DEVICES")


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
) -> Execution:
    """Run the port on every case. A failure in one case leaves the outputs of the cases before it alone.

    Raises CuportError `sandbox.*` where the sandbox itself could not work; whatever the port does is a Failure.
    """
    job = _Run("execute", target, code, kernel, cases, limits or Limits(), device)
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
) -> Build:
    """Compile and lower the port for everything its target knows, once per distinct specialisation among the cases.

    Raises CuportError `sandbox.*` where the sandbox itself could not work. A port that cannot be built gives failed
    records; no record at all means that nothing was tried, and the notes say why.
    """
    job = _Run("build", target, code, kernel, cases, limits or Limits(), device)
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
    ) -> None:
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
        outputs = places(sizes_of(self.cases))
        job = Job(self.target.worker, self.mode, self.device, self.contract, tuple(self.calls), (), outputs)
        search = _search(self.target)
        uid = _spare_uid((*search, sys.prefix, sys.base_prefix, tempfile.gettempdir()))
        total = len(self.calls)
        with Workspace(job, self.code, uid) as workspace:
            ended = run(
                lambda handshake: self._command(workspace, handshake, search, uid),
                workspace.states,
                self.limits,
                cwd=workspace.folder / "tmp",
                environment=_environment(workspace.folder / "tmp", self.device),
                uid=uid,
                build=self.mode == "build",
                progress=(lambda done: progress(done, total)) if progress else None,
            )
            if ended.hello is None:
                why = ended.timeout or f"it ended with {outcome.ending(ended.returncode)}"
                told = clean(ended.tail.strip(), 600)
                raise fail("sandbox.start", f"the sandboxed process did not start: {why}", hint=told)
            return ended, read(workspace, self.cases, ended, self.limits)

    def _command(self, workspace: Workspace, handshake: int, search: list[str], uid: int | None) -> list[str]:
        limits, folder = self.limits, str(workspace.folder)
        data = sum(buffer.nbytes for call in self.calls for buffer in call.buffers)
        seconds = (
            limits.start_seconds + limits.build_seconds if self.mode == "build" else limits.deadline(len(self.calls))
        )
        wrapped = bubblewrap.works(uid)
        boot = Boot(
            job=folder,
            handshake=handshake,
            readable=tuple(search),
            own_user=uid is not None,
            cpu_seconds=int(seconds * (os.cpu_count() or 1)) + 10,
            memory_bytes=limits.memory_bytes + 3 * data,
            file_bytes=max(limits.file_bytes, workspace.job.output_bytes),
            processes=limits.processes,
            open_files=limits.open_files,
            bubblewrap=wrapped,
            gpu=self.device == "gpu",
        )
        told = json.dumps({"boot": asdict(boot), "search": search})
        command = [sys.executable, "-I", "-B", "-c", BOOTSTRAP, told]
        return bubblewrap.wrap(command, folder, search, gpu=self.device == "gpu") if wrapped else command


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


def _search(target: Runnable) -> list[str]:
    """Folders that hold cuport (first) and every package the child needs, found without importing them."""
    found = [str(Path(cuport.__file__).resolve().parent.parent)]
    for name in ("numpy", "ml_dtypes", *target.requires, target.worker.partition(".")[0]):
        spec = importlib.util.find_spec(name)  # of a top-level name: imports nothing
        for place in (spec.submodule_search_locations or [spec.origin or ""]) if spec else []:
            folder = str(Path(place).parent)
            if place and folder not in found and os.path.isabs(folder):
                found.append(folder)
    return found


def _spare_uid(paths: Sequence[str]) -> int | None:
    """A user id for the child alone, where we are root and Python is readable for everyone; else None."""
    needed = (*paths, cuport.__file__, sys.executable, os.path.realpath(sys.executable))
    if os.geteuid() != 0 or not all(map(_open_to_all, needed)):
        return None
    return _FIRST_UID + secrets.randbelow(_UIDS) if _maps_user(_FIRST_UID + _UIDS) else None


def _open_to_all(path: str) -> bool:
    place = Path(path)
    try:
        return all(p.stat().st_mode & 0o001 for p in place.parents) and bool(place.stat().st_mode & 0o004)
    except OSError:
        return False


def _maps_user(uid: int) -> bool:
    """Whether this user namespace (a container's, perhaps) knows the user id."""
    try:
        rows = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    except (OSError, ValueError):
        return False
    return any(first <= uid < first + count for first, _, count in rows)


def _environment(home: Path, device: Device) -> dict[str, str]:
    """Everything the child finds in its environment. Nothing is inherited: it may hold keys."""
    folder = str(home)
    told = {name: folder for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    gpu = {name: os.environ[name] for name in _GPU_VARIABLES if name in os.environ} if device == "gpu" else {}
    path = "/usr/local/bin:/usr/bin:/bin"
    return {**told, **threads, **gpu, "PATH": path, "LANG": "C.UTF-8", "USER": "port", "LOGNAME": "port"}
