"""Running what was built: in a group of its own, with limits, killed as a whole."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from cuport import interrupt
from cuport.environment import without_secrets
from cuport.oracle.results import ProgramResult

# $1: most data in KiB, $2: most CPU seconds, so that it ends even if cuport was killed. A core file helps nobody.
_LIMITED = 'ulimit -c 0; ulimit -d "$1" 2>/dev/null; ulimit -t "$2" 2>/dev/null; shift 2; exec "$@"'
_MOST_OUTPUT = 256 << 20  # bytes after which a program that only prints is stopped


def program_environment(schedule: str, seed: int, name: str) -> dict[str, str]:
    """What the runtime in a built program reads: the order of threads, and the program's own name (argv[0])."""
    env = {"CUPORT_SCHEDULE": schedule, "CUPORT_SEED": str(seed), "CUPORT_NAME": name}
    return env | {k: os.environ[k] for k in ("CUPORT_JOBS", "CUPORT_FISSION") if k in os.environ}


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    timeout: float,
    memory: int,
    env: Mapping[str, str] | None = None,
    output_limit: int = 16 << 20,
    passthrough: bool = False,
    inherit: bool = False,
) -> ProgramResult:
    """Run a command with an almost empty environment. `passthrough`: it has our own standard streams; `inherit`: it
    also has our environment, without what looks like a key.

    Raises OSError if it cannot be started.
    """
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cuport-home-") as home:
        environment = {"PATH": os.defpath, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", **(env or {})}
        if inherit:
            environment = without_secrets() | dict(env or {})
        stream = None if passthrough else subprocess.PIPE
        child = subprocess.Popen(
            ["/bin/sh", "-c", _LIMITED, "sh", str(max(memory >> 10, 1)), str(_cpu_seconds(timeout)), *command],
            cwd=cwd,
            env=environment,
            stdin=None if passthrough else subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=not passthrough,  # a program on a terminal stays in its foreground group
        )
        try:
            kept, timed_out = _wait(child, begin + timeout, output_limit)
        except BaseException:
            _kill(child, group=not passthrough)
            raise
        if timed_out:
            _kill(child, group=not passthrough)
        code = child.wait()
        if not passthrough:
            _kill(child, group=True)  # whatever it left behind
    out, err = (bytes(k).decode(errors="replace") for k in kept)
    return ProgramResult(code, out, err, timed_out, time.monotonic() - begin)


def _cpu_seconds(timeout: float) -> int:
    """CPU time that no program within `timeout` seconds can use up, on all processors together."""
    return int(timeout + 5) * (os.cpu_count() or 1)


def _wait(child: subprocess.Popen[bytes], deadline: float, limit: int) -> tuple[tuple[bytearray, bytearray], bool]:
    """Collect output until the child has ended; True if the deadline or the output limit came first."""
    kept = (bytearray(), bytearray())
    if child.stdout is None or child.stderr is None:
        return kept, not _ended(child, deadline)
    seen = 0
    with selectors.DefaultSelector() as selector:
        for stream, buffer in zip((child.stdout, child.stderr), kept, strict=True):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ, buffer)
        while selector.get_map():
            interrupt.check()
            left = deadline - time.monotonic()
            if left <= 0 or seen > _MOST_OUTPUT:
                return kept, True
            ended = child.poll() is not None
            ready = selector.select(0.05 if ended else min(left, 0.5))
            for key, _ in ready:
                try:
                    data = os.read(key.fd, 1 << 16)
                except BlockingIOError:
                    continue
                if not data:
                    selector.unregister(key.fileobj)
                    continue
                seen += len(data)
                room = limit - len(key.data)
                key.data.extend(data[:room])
            if ended and not ready:
                break  # a grandchild holds the pipe open
    child.stdout.close()
    child.stderr.close()
    while child.poll() is None:
        interrupt.check()
        if time.monotonic() > deadline:
            return kept, True
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.05)
    return kept, False


def _ended(child: subprocess.Popen[bytes], deadline: float) -> bool:
    """Wait for the child to end; False if the deadline came first. Told by the system where it can: looking now and
    then would cost a short program up to 50 ms."""
    with contextlib.suppress(AttributeError, OSError):
        handle = os.pidfd_open(child.pid)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(handle, selectors.EVENT_READ)
                selector.select(max(deadline - time.monotonic(), 0))
        finally:
            os.close(handle)
    try:
        child.wait(max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill(child: subprocess.Popen[bytes], *, group: bool) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if group:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
