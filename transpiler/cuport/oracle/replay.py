"""Recorded launches run again: writes case files, runs the unit build, reads its results (runtime/replay.h)."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cuport.case import Array, Bound, Case
from cuport.diagnostic import Diagnostic, Span
from cuport.kernel import Source
from cuport.oracle.build import runtime_dir
from cuport.oracle.faults import RawFault, parse_fault, place_faults
from cuport.oracle.layout import leaves
from cuport.oracle.process import run
from cuport.oracle.results import ProgramResult, Replay, Schedule
from cuport.oracle.settings import OracleSettings

_ENDLESS = ": it does not end, "  # what the checked build says of a kernel that it gave up


def case_file(cases: Sequence[tuple[int, Case]]) -> bytes:
    """The unit's input: numbered cases."""
    out: list[bytes] = [b"cuport-cases 1\n"]
    for number, case in cases:
        out.append(f"case {number} {case.instance}\n".encode())
        out.append("grid {} {} {}\n".format(*case.grid).encode())
        out.append("block {} {} {}\n".format(*case.block).encode())
        out.append(f"shared {case.shared_bytes}\n".encode())
        for buffer in case.buffers:
            raw = np.ascontiguousarray(buffer.data).tobytes()
            out += (f"buffer {len(raw)} {buffer.name}\n".encode(), raw, b"\n")
        out += (f"global {index} {name}\n".encode() for name, index in case.globals)
        for arg in case.args:
            out += (line.encode() + b"\n" for line in leaves(arg))
        out.append(b"end\n")
    return b"".join(out)


def replay_cases(
    source: Source,
    program: Path,
    cases: Sequence[Case],
    settings: OracleSettings,
    *,
    schedule: Schedule,
    seed: int,
    timeout: float,
) -> list[Replay]:
    """Run all cases within `timeout` seconds; one that crashes fails alone, the others are run again without it."""
    done: dict[int, Replay] = {}
    deadline = time.monotonic() + timeout
    with tempfile.TemporaryDirectory(prefix="cuport-replay-") as folder:
        todo = list(enumerate(cases))
        while todo:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            result, found = _run(source, program, todo, Path(folder), settings, schedule, seed, left)
            done |= found
            todo = [(n, c) for n, c in todo if n not in done]
            if todo:
                number, case = todo.pop(0)
                done[number] = Replay((), failure=_failure(source, case, result, timeout))
        for number, case in todo:
            done[number] = Replay((), failure=_failure(source, case, None, timeout))
        racing = [(n, c) for n, c in enumerate(cases) if _races(done[n])]
        if racing and schedule == "forward":
            orders: dict[Schedule, dict[int, Replay]] = {}
            for order in _ORDERS:
                if (left := deadline - time.monotonic()) > 0:
                    orders[order] = _run(source, program, racing, Path(folder), settings, order, seed, left)[1]
            for number, _ in racing:
                note = order_note(done[number], {o: found[number] for o, found in orders.items() if number in found})
                done[number] = replace(done[number], notes=(*done[number].notes, note))
    return [done[n] for n in range(len(cases))]


_ORDERS: tuple[Schedule, ...] = ("reverse", "random")


def _races(replay: Replay) -> bool:
    return replay.failure is None and any(f.kind == "race" for f in replay.faults)


def order_note(forward: Replay, others: dict[Schedule, Replay]) -> str:
    """What other orders of blocks and threads make of a case in which the checked build saw a race."""
    raced = sorted({f.line for f in forward.faults if f.kind == "race"})
    where = f"the race at line{'s' if len(raced) > 1 else ''} {', '.join(map(str, raced))}"
    mine = [o.tobytes() for o in forward.outputs]
    unlike = [order for order, r in others.items() if r.failure or [o.tobytes() for o in r.outputs] != mine]
    if unlike:
        return f"{where} shows: the results in {' and '.join(unlike)} order differ from those in forward order"
    if not others:
        return f"there was no time to run the case in other orders, which may show {where}"
    return f"{where} shows in no order that was run: forward, {' and '.join(others)} order give the same results"


def _run(
    source: Source,
    program: Path,
    cases: Sequence[tuple[int, Case]],
    folder: Path,
    settings: OracleSettings,
    schedule: Schedule,
    seed: int,
    timeout: float,
) -> tuple[ProgramResult, dict[int, Replay]]:
    given, results = folder / "cases", folder / "results"
    given.write_bytes(case_file(cases))
    results.unlink(missing_ok=True)
    ended = run(
        [str(program), str(given), str(results), "--schedule", schedule, "--seed", str(seed)],
        cwd=folder,
        timeout=timeout,
        memory=settings.memory,
        env={"CUPORT_SECONDS": f"{timeout - 1.5:.2f}"} if timeout > 3 else {},
        output_limit=64 << 10,
    )
    data = results.read_bytes() if results.is_file() else b""
    return ended, read_results(source, program, dict(cases), data)


def read_results(source: Source, program: Path, cases: dict[int, Case], data: bytes) -> dict[int, Replay]:
    """Every case the unit finished; an unfinished one at the end is left out."""
    reader = _Reader(data)
    found: dict[int, Replay] = {}
    faults: dict[int, list[RawFault]] = {}
    if reader.line() != "cuport-results 1":
        return found
    while (line := reader.line()) is not None:
        word, _, rest = line.partition(" ")
        if word != "case":
            break
        number = int(rest)
        replay = _read_case(source, reader, cases[number], faults.setdefault(number, []))
        if replay is None:
            break
        found[number] = replay
    placed = place_faults(source, program, [faults[n] for n in found], runtime_dir())
    for number, those in zip(list(found), placed, strict=True):
        found[number] = replace(found[number], faults=those)
    return found


def _read_case(source: Source, reader: _Reader, case: Case, faults: list[RawFault]) -> Replay | None:
    outputs: list[Array] = [b.data for b in case.buffers]
    bounds: list[Bound | None] = [None] * len(case.buffers)
    notes: list[str] = []
    failure: Diagnostic | None = None
    while (line := reader.line()) is not None:
        word, _, rest = line.partition(" ")
        if word == "end":
            return Replay(() if failure else tuple(outputs), (), tuple(notes), failure, tuple(bounds))
        if word == "buffer":
            index, size = (int(w) for w in rest.split())
            raw = reader.raw(size)
            if raw is None:
                return None
            before = case.buffers[index].data
            outputs[index] = np.frombuffer(raw, dtype=before.dtype).reshape(before.shape)
        elif word == "stream":
            index, count = (int(w) for w in rest.split())
            raw = reader.raw(18 * count)
            if raw is None:
                return None
            bounds[index] = _bound(raw, count, case.buffers[index].data)
        elif word == "fault":
            faults.append(parse_fault(rest))
        elif word == "note":
            notes.append(rest)
        elif word == "error":
            code, _, message = rest.partition(" ")
            failure = Diagnostic(
                "oracle.case-timeout" if message.find(_ENDLESS) >= 0 else "oracle.case-failed",
                f"{case.instance} fails on case {case.label or case.digest[:12]}: {message}",
                kernel_span(source, case),
                "" if code == "0" else "a case counts only if the original runs clean on it",
            )
        else:
            return None
    return None


def kernel_span(source: Source, case: Case) -> Span:
    try:
        return source.kernel(case.kernel).span
    except KeyError:
        return Span(source.path, 1)


def _bound(raw: bytes, count: int, data: Array) -> Bound | None:
    """A stream's four arrays, shaped like the buffer (structs are flat: one entry a scalar)."""
    shape = data.shape if data.size == count else (count,)
    value = np.frombuffer(raw, np.float64, count).reshape(shape)
    bound = np.frombuffer(raw, np.float64, count, 8 * count).reshape(shape)
    touched = np.frombuffer(raw, np.uint8, count, 16 * count).astype(np.bool_).reshape(shape)
    tainted = np.frombuffer(raw, np.uint8, count, 17 * count).astype(np.bool_).reshape(shape)
    return Bound(value, bound, tainted, touched)


def _failure(source: Source, case: Case, result: ProgramResult | None, timeout: float) -> Diagnostic:
    where = f"{case.instance} on case {case.label or case.digest[:12]}"
    span = kernel_span(source, case)
    if result is None or result.timed_out:
        return Diagnostic("oracle.case-timeout", f"{where} did not end within {timeout:g} s", span)
    said = result.stderr.strip().splitlines()[-1:] or [f"exit code {result.returncode}"]
    return Diagnostic("oracle.case-crash", f"{where} ended the process: {said[0][:200]}", span)


class _Reader:
    """Lines and raw stretches of a result file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def line(self) -> str | None:
        end = self._data.find(b"\n", self._at)
        if end < 0:
            return None
        line = self._data[self._at : end].decode(errors="replace")
        self._at = end + 1
        return line

    def raw(self, size: int) -> bytes | None:
        """Bytes followed by a newline; None if the file ends before."""
        end = self._at + size
        if end + 1 > len(self._data):
            return None
        raw = self._data[self._at : end]
        self._at = end + 1
        return raw
