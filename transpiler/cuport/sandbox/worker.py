"""The child process: loads one port, runs it over every case of a job, writes raw arrays.

The parent believes nothing of this process but the bytes of the outputs, which it compares with values that this
process never sees. `TargetWorker` is what a target's worker module offers.
"""

from __future__ import annotations

import errno
import faulthandler
import importlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal, NoReturn, Protocol, TypeAlias

import numpy as np

from cuport.candidate import BuildRecord, Failure, FailureKind
from cuport.case import Array
from cuport.sandbox.call import Call, ContractViolation, Raw, UnsupportedCall
from cuport.sandbox.confine import Boot, grade, lock, tier
from cuport.sandbox.contract import Contract, raw_bytes
from cuport.sandbox.job import Job, Place, State, load, record_line, slot, slot_offset

Mode: TypeAlias = Literal["execute", "build"]
Device: TypeAlias = Literal["cpu", "gpu"]


@dataclass(frozen=True)
class Runtime:
    """What a target's worker says about itself, before any of the candidate's code has run."""

    how: Literal["gpu", "compiled-cpu", "interpreted"]
    versions: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


_LIMITS = {
    errno.EFBIG: "the limit on the size of one file was passed",
    errno.ENOSPC: "the limit on temporary files was passed",
    errno.EDQUOT: "the limit on temporary files was passed",
    errno.EAGAIN: "the limit on processes and threads was passed",
    errno.EMFILE: "the limit on open files was passed",
}


class TargetWorker(Protocol):
    """A target's module named by `Target.worker`; the functions are module-level. Order: prepare, load, call* or build.

    The module itself imports nothing heavy at its top. If it must start programs (a compiler), it says in which modes:
    `STARTS_PROCESSES = ("build",)`; else, once a port is loaded, every attempt fails with EPERM. Exceptions mean:
    `ContractViolation` -> contract, `UnsupportedCall` -> unsupported, MemoryError -> memory, anything else ->
    exception, with the line in the port (`error.line`, an int, where the exception knows better than its traceback).

    A module may also offer `notes() -> Sequence[str]`: what the executed cases have to say for the evidence.
    """

    def prepare(self, mode: Mode, device: Device) -> Runtime:
        """Set environment variables, import the target's libraries. ImportError here means missing-target."""
        ...

    def load(self, path: Path, mode: Mode) -> ModuleType:
        """Import the translation file."""
        ...

    def call(self, module: ModuleType, contract: Contract, call: Call) -> Mapping[int, Array]:
        """Run `contract.function` on one case; give {buffer index: its new contents, all its bytes, any dtype}.

        A buffer that is left out is unchanged. The extras to pass are `contract.keywords(function, call)`.
        """
        ...

    def build(self, module: ModuleType, contract: Contract, calls: Sequence[Call]) -> Iterator[BuildRecord | str]:
        """Compile or lower once per distinct specialisation among `calls`. A str is a note for the evidence."""
        ...


def run(boot: Boot, walls: list[str]) -> NoReturn:
    """Do the whole job of this process, then end it without running any exit handler."""
    faulthandler.enable()  # a crash prints the port's line to stderr
    folder = Path(boot.job)
    inputs = folder / "inputs.bin"
    data = np.memmap(inputs, np.uint8, "r") if inputs.stat().st_size else np.zeros(0, np.uint8)
    job = load((folder / "job.json").read_text(), np.asarray(data))
    mode: Mode = "build" if job.mode == "build" else "execute"
    device: Device = "gpu" if job.device == "gpu" else "cpu"
    worker: TargetWorker = importlib.import_module(job.worker)
    try:
        runtime = worker.prepare(mode, device)
    except ImportError as error:
        _greet(boot, {"missing": str(error)})
        os._exit(0)
    walls += lock(boot, may_start_processes=mode in getattr(worker, "STARTS_PROCESSES", ()))
    if grade(walls) == "none" and not boot.unsafe:
        _greet(boot, {"tier": tier(walls), "walls": walls, "refused": True})
        os._exit(0)
    _greet(boot, {"tier": tier(walls), "walls": walls, **asdict(runtime)})

    # From here on the candidate's code may have run: the parent believes nothing but the outputs' bytes.
    report = _Report(folder, len(job.calls))
    port = folder / "port.py"
    report.state(0, State.RUNNING)
    try:
        module = worker.load(port, mode)
        if not callable(getattr(module, job.contract.function, None)):
            raise ContractViolation(f"the file defines no `{job.contract.function}`; write `{job.contract.def_line}`")
    except BaseException as error:  # a port may raise anything, SystemExit included
        report.fail(0, failure_of(error, port, "import"))
        os._exit(0)
    report.state(0, State.DONE)
    if mode == "build":
        _build(worker, module, job, report, port)
    else:
        for position, call in enumerate(job.calls):
            report.state(position + 1, State.RUNNING)
            try:
                results = worker.call(module, job.contract, call)
                report.outputs(job.outputs[position], call, results)
            except BaseException as error:
                report.fail(position + 1, failure_of(error, port, "exception"))
            else:
                report.state(position + 1, State.DONE)
        for note in getattr(worker, "notes", tuple)():
            report.record(note)
    os._exit(0)


def _build(worker: TargetWorker, module: ModuleType, job: Job, report: _Report, port: Path) -> None:
    report.state(1, State.RUNNING)
    try:
        for record in worker.build(module, job.contract, job.calls):
            report.record(record)
    except BaseException as error:
        report.fail(1, failure_of(error, port, "exception"))
    else:
        report.state(1, State.DONE)


def _greet(boot: Boot, told: Mapping[str, object]) -> None:
    os.write(boot.handshake, json.dumps(told).encode() + b"\n")
    os.close(boot.handshake)


class _Report:
    """The child's side of the out/ files; every one was created, and sized, by the parent."""

    def __init__(self, folder: Path, cases: int) -> None:
        self._cases = cases
        self._status = os.open(folder / "out/status.bin", os.O_WRONLY)
        self._outputs = os.open(folder / "out/outputs.bin", os.O_WRONLY)
        self._records = os.open(folder / "out/records.jsonl", os.O_WRONLY | os.O_APPEND)

    def state(self, index: int, state: State) -> None:
        os.pwrite(self._status, bytes([state]), index)

    def fail(self, index: int, failure: Failure) -> None:
        os.pwrite(self._status, slot(failure), slot_offset(self._cases, index))
        self.state(index, State.FAILED)

    def outputs(self, places: Sequence[Place], call: Call, results: Mapping[int, Array]) -> None:
        for index, place in enumerate(places):
            raw = _raw(index, results[index]) if index in results else call.buffers[index]
            if raw.nbytes != place.nbytes:
                raise ContractViolation(f"buffer {index} came back with {raw.nbytes} bytes instead of {place.nbytes}")
            data, offset = memoryview(raw.data), place.offset
            while data:
                written = os.pwrite(self._outputs, data[: 1 << 30], offset)
                data, offset = data[written:], offset + written

    def record(self, record: BuildRecord | str) -> None:
        os.write(self._records, record_line(record))


def _raw(index: int, result: object) -> Raw:
    array = np.asarray(result)
    if array.dtype.hasobject:
        raise ContractViolation(f"buffer {index} came back as Python objects ({type(result).__name__}), not numbers")
    return raw_bytes(array)


def failure_of(error: BaseException, port: Path, kind: FailureKind) -> Failure:
    """Sort an exception into a failure; the line is the innermost one of the port that the traceback passes."""
    if isinstance(error, ContractViolation):
        return Failure("contract", str(error), error.line if error.line is not None else _line(error, str(port)))
    if isinstance(error, UnsupportedCall):
        return Failure("unsupported", str(error))
    try:
        text = str(error)
    except BaseException:
        text = "(its message cannot be shown)"
    name = getattr(type(error), "__name__", "exception")
    exhausted = isinstance(error, MemoryError) or text.startswith("RESOURCE_EXHAUSTED")
    try:
        told = getattr(error, "line", None)
    except BaseException:
        told = None
    line = told if type(told) is int else _line(error, str(port))
    said = f"{name}: {text}" if text else str(name)
    passed = _passed(error, text)
    if passed:
        return Failure("limit", f"{passed} ({said})", line)
    return Failure("memory" if exhausted else kind, said, line)


def _passed(error: BaseException, text: str) -> str:
    """Which limit an exception tells of; empty if none. Memory has a kind of its own."""
    try:
        number = error.errno if isinstance(error, OSError) else None
    except BaseException:
        return ""
    if type(error) is RuntimeError and "can't start new thread" in text:
        return "the limit on processes and threads was passed"
    return _LIMITS.get(number, "") if type(number) is int else ""


def _line(error: BaseException | None, port: str) -> int | None:
    for _ in range(10):
        if error is None:
            return None
        found = error.lineno if isinstance(error, SyntaxError) and error.filename == port else None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == port:
                found = trace.tb_lineno
            trace = trace.tb_next
        if found is not None:
            return found
        error = error.__cause__ or error.__context__
    return None
