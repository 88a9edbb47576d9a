"""Start the child, watch it against the clock, end it and everything it started."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from cuport import interrupt
from cuport.sandbox.job import State
from cuport.sandbox.limits import Limits

_TAIL_BYTES = 8192
_HELLO_BYTES = 1 << 16
_TICK_SECONDS = 0.05
_MEASURE_SECONDS = 0.5


@dataclass
class Ended:
    """How a child ended. `hello` is what it said before the candidate was loaded; None: it never came so far.

    `timeout` names the limit on time that was passed, `overrun` another one; empty if none was. `returncode` is
    negative for a signal.
    """

    returncode: int = 0
    timeout: str = ""
    overrun: str = ""
    hello: dict[str, Any] | None = None
    tail: str = ""  # of stdout and stderr: foreign text
    seconds: float = 0.0
    cpu_seconds: float = 0.0  # of all its processes together
    cpu_limit: float = 0.0
    states: list[State] = field(default_factory=list)


def run(
    command: Callable[[int], Sequence[str]],
    states: Callable[[], list[State]],
    limits: Limits,
    *,
    cwd: Path,
    environment: dict[str, str],
    uid: int | None,
    build: bool,
    scratch: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Ended:
    """Run `command(handshake descriptor)` to its end or to a limit. Whatever happens, Ctrl-C included, it is dead then.

    `scratch` is the folder whose size is limited; where it is a file system of its own, it looks empty from here.
    `states()` reads the child's own word on where it is; it steers progress and the per-case limit, while the total
    limit holds whatever it says. `progress` is given the number of cases that are finished.
    """
    hello_read, hello_write = os.pipe()
    try:
        process = subprocess.Popen(
            command(hello_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environment,
            close_fds=True,
            pass_fds=(hello_write,),
            start_new_session=True,
            user=uid,
            group=uid,
            extra_groups=[] if uid is not None else None,
        )
    except BaseException:
        os.close(hello_read)
        raise
    finally:
        os.close(hello_write)
    watch = _Watch(process, hello_read, limits, build, scratch)
    try:
        watch.until_end(states, progress)
    finally:
        watch.kill()
    return watch.result(states())


class _Watch:
    def __init__(
        self, process: subprocess.Popen[bytes], hello: int, limits: Limits, build: bool, scratch: Path | None
    ) -> None:
        assert process.stdout is not None
        self._process, self._hello, self._limits, self._build = process, hello, limits, build
        self._output: IO[bytes] = process.stdout
        self._tail, self._greeting = b"", b""
        self._ended = Ended()
        self._scratch, self._measured = scratch, time.monotonic()
        self._selector = selectors.DefaultSelector()
        for descriptor in (self._output.fileno(), hello):
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ)
        self._began = time.monotonic()

    def until_end(self, states: Callable[[], list[State]], progress: Callable[[int], None] | None) -> None:
        seen, since, finished = states(), self._began, 0
        while not self._dead():
            interrupt.check()
            self._drain(_TICK_SECONDS)
            now, told = time.monotonic(), states()
            if told != seen:
                seen, since = told, now
                done = sum(state in (State.DONE, State.FAILED) for state in told[1:])
                if progress and done > finished:
                    progress(done)
                finished = max(finished, done)
            self._ended.timeout = self._passed(told, now - since, now - self._began)
            self._ended.overrun = self._too_large(now)
            if self._ended.timeout or self._ended.overrun:
                return

    def _passed(self, told: list[State], current: float, total: float) -> str:
        limits = self._limits
        if told[0] in (State.WAITING, State.RUNNING):
            return f"loading took more than {limits.start_seconds:g} s" if current > limits.start_seconds else ""
        allowed = limits.build_seconds if self._build else limits.case_seconds
        if current > allowed:
            return f"{'building' if self._build else 'one case'} took more than {allowed:g} s"
        whole = limits.start_seconds + limits.build_seconds if self._build else limits.deadline(len(told) - 1)
        return f"the whole run took more than {whole:g} s" if total > whole else ""

    def _too_large(self, now: float) -> str:
        """Look at the temporary files now and then; a look is cut short after some thousand of them."""
        if self._scratch is None or now - self._measured < _MEASURE_SECONDS:
            return ""
        self._measured = now
        most, files = self._limits.scratch_bytes, max(self._limits.scratch_bytes >> 14, 1024)
        size, count = measure(self._scratch, min(files, 50_000))
        if size > most or count > files:
            return f"the limit on temporary files was passed ({most} bytes or {files} files)"
        return ""

    def _dead(self) -> bool:
        """Whether the child has ended. It is not reaped, so its process group cannot be anyone else's yet."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _drain(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            try:
                data = os.read(key.fd, 1 << 16)
            except BlockingIOError:
                continue
            if not data:
                self._selector.unregister(key.fd)
            elif key.fd == self._hello:
                self._greeting = (self._greeting + data)[:_HELLO_BYTES]
            else:
                self._tail = (self._tail + data)[-_TAIL_BYTES:]
        if not self._selector.get_map():
            time.sleep(seconds)

    def kill(self) -> None:
        """End the child's whole process group, reap it, take what is left in the pipes."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        _, status, used = os.wait4(self._process.pid, 0)
        self._ended.returncode = self._process.returncode = os.waitstatus_to_exitcode(status)
        self._ended.cpu_seconds = used.ru_utime + used.ru_stime
        self._ended.seconds = time.monotonic() - self._began
        for _ in range(16):
            if self._selector.get_map():
                self._drain(0)
        self._selector.close()
        self._output.close()
        os.close(self._hello)

    def result(self, states: list[State]) -> Ended:
        self._ended.states = states
        self._ended.tail = self._tail.decode("utf-8", "replace")
        with contextlib.suppress(ValueError):
            hello = json.loads(self._greeting)
            self._ended.hello = hello if isinstance(hello, dict) else None
        return self._ended


def measure(folder: Path, most: int) -> tuple[int, int]:
    """Bytes and number of the files under a folder, counting `most` at the most. Links are not followed."""
    size = count = 0
    waiting = [str(folder)]
    while waiting and count <= most:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if count > most:
                        break
        except OSError:  # gone, closed, or deeper than a path can be
            continue
    return size, count
