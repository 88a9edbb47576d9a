"""The parent's side of a job directory: made, filled with inputs, read once the child is dead, removed.

The files that the child writes are opened here before it starts and read through those descriptors, so replacing
them by links or pipes gains nothing; they are read, never mapped, so cutting them short gains nothing either.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from cuport.candidate import BuildRecord, Failure, Outputs
from cuport.case import Array, Case
from cuport.diagnostic import fail
from cuport.sandbox.call import Raw
from cuport.sandbox.job import (
    ALIGN,
    RECORDS_BYTES,
    SLOT_BYTES,
    Job,
    Place,
    State,
    dump,
    read_records,
    read_slot,
    read_state,
    slot_offset,
)


class Workspace:
    """A context manager around one private directory. `uid`: the user the child runs as, if not ours."""

    def __init__(self, job: Job, code: str, uid: int | None) -> None:
        self._cases = len(job.calls)
        self._descriptors: list[int] = []
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="cuport-"))
        except OSError as error:
            raise fail("sandbox.disk", f"no temporary directory could be made: {error.strerror}") from error
        try:
            self._fill(job, code, uid)
        except OSError as error:
            self.remove()
            hint = "free some space or point TMPDIR elsewhere"
            raise fail("sandbox.disk", f"the inputs could not be written: {error.strerror}", hint=hint) from error
        except BaseException:
            self.remove()
            raise

    def _fill(self, job: Job, code: str, uid: int | None) -> None:
        (self.folder / "port.py").write_text(code, encoding="utf-8", errors="surrogateescape")
        stored: dict[bytes, Place] = {}
        with open(self.folder / "inputs.bin", "wb") as file:
            inputs = tuple(tuple(_store(file, raw, stored) for raw in call.buffers) for call in job.calls)
        self.job = replace(job, inputs=inputs)
        (self.folder / "job.json").write_text(dump(self.job))
        for name in ("out", "tmp"):
            (self.folder / name).mkdir(mode=0o700)
        sizes = {"outputs.bin": job.output_bytes, "status.bin": job.status_bytes, "records.jsonl": 0}
        for name, size in sizes.items():
            descriptor = os.open(self.folder / "out" / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            self._descriptors.append(descriptor)
            os.ftruncate(descriptor, size)
        self._outputs, self._status, self._records = self._descriptors
        if uid is not None:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, uid, uid)
        for name in ("port.py", "inputs.bin", "job.json"):
            os.chmod(self.folder / name, stat.S_IRUSR)

    def states(self) -> list[State]:
        """The start's state, then each case's, as the child tells them."""
        told = os.pread(self._status, self._cases + 1, 0)
        return [read_state(told[i]) if i < len(told) else State.WAITING for i in range(self._cases + 1)]

    def failure(self, index: int, message_chars: int) -> Failure:
        """What stands in slot `index` (0: the start, i + 1: case i)."""
        return read_slot(os.pread(self._status, SLOT_BYTES, slot_offset(self._cases, index)), message_chars)

    def outputs(self, index: int, case: Case) -> Outputs:
        """Case `index`'s buffers, exactly as long and of the dtype that the parent knows."""
        arrays = []
        for place, buffer in zip(self.job.outputs[index], case.buffers, strict=True):
            raw = _read(self._outputs, place)
            if len(raw) != place.nbytes:
                return Outputs(failure=Failure("output", f"the contents of `{buffer.name}` were cut short"))
            arrays.append(_typed(raw, buffer.data))
        return Outputs(tuple(arrays))

    def records(self, message_chars: int) -> tuple[list[BuildRecord], list[str]]:
        """Build records and notes."""
        return read_records(os.pread(self._records, RECORDS_BYTES, 0), message_chars)

    def remove(self) -> None:
        """Close and delete everything, whatever a child left behind."""
        for descriptor in self._descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._descriptors = []
        try:
            shutil.rmtree(self.folder, onerror=_insist)
        except (OSError, RecursionError):
            # `rm` bears trees that are deeper than Python's stack.
            subprocess.run(["rm", "-rf", "--", str(self.folder)], check=False, capture_output=True)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.remove()


def _store(file: Any, raw: Raw, stored: dict[bytes, Place]) -> Place:
    digest = hashlib.blake2b(raw.data if raw.size else b"").digest()
    if digest not in stored:
        file.write(b"\0" * (-file.tell() % ALIGN))
        stored[digest] = Place(file.tell(), raw.nbytes)
        file.write(raw.data if raw.size else b"")
    return stored[digest]


def _read(descriptor: int, place: Place) -> bytearray:
    data = bytearray(place.nbytes)
    view, done = memoryview(data), 0
    while done < place.nbytes:
        got = os.preadv(descriptor, [view[done : done + (1 << 30)]], place.offset + done)
        if not got:
            break
        done += got
    return data if done == place.nbytes else bytearray(data[:done])


def _typed(raw: bytearray, like: Array) -> Array:
    if like.dtype == np.bool_:
        array: Array = np.frombuffer(raw, np.uint8) != 0  # any other byte is no bool to numpy
    else:
        array = np.frombuffer(raw, like.dtype)
    array = array.reshape(like.shape)
    array.flags.writeable = False
    return array


def _insist(function: Callable[..., Any], path: str, _: Any) -> None:
    """rmtree met an error, most likely a directory whose rights were taken away: give them back, once."""
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)


def sizes_of(cases: Sequence[Case]) -> list[list[int]]:
    """Bytes of each buffer of each case."""
    return [[buffer.data.nbytes for buffer in case.buffers] for case in cases]
