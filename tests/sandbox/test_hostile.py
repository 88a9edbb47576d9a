"""Ports that attack: each must be stopped, and must not keep an honest parent from going on.

Where a wall depends on the system (Landlock, seccomp), the test asks the tier that was reported; on the systems that
lack it, the evidence says so and there is nothing to test.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.sandbox.launches import SCALE, case, integer, pointer, scale_case

from cuport.candidate import Execution
from cuport.sandbox.launch import execute
from cuport.sandbox.limits import MIB, Limits

QUICK = Limits(start_seconds=60, case_seconds=2)


def run(target: SimpleNamespace, body: str, limits: Limits = QUICK, top: str = "") -> Execution:
    """Run a port with this body over one launch of eight elements."""
    code = f"import os, sys\n{top}\ndef scale(x, out, n):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    return execute(target, code, SCALE, [scale_case(8)], limits)


def tried(target: SimpleNamespace, attempt: str, wall: str, top: str = "") -> float:
    """What the port wrote to out[0]: 1 where `attempt` worked, 0 where the system refused it."""
    body = f"out[0] = 1\ntry:\n{textwrap.indent(textwrap.dedent(attempt), '    ')}\nexcept OSError:\n    out[0] = 0\n"
    execution = run(target, body, top=top)
    if wall not in execution.sandbox and "bubblewrap" not in execution.sandbox:
        pytest.skip(f"no {wall} here: {execution.sandbox}")
    (outputs,) = execution.outputs
    assert outputs.failure is None, outputs.failure
    return float(outputs.arrays[1][0])


@pytest.mark.parametrize(
    ("attempt", "wall"),
    [
        ("open(f'/proc/{os.getppid()}/environ', 'rb').read()", "landlock"),
        ("open('/proc/1/environ', 'rb').read()", "landlock"),
        ("open('/etc/passwd').read()", "landlock"),
        ("open(os.path.expanduser('~root/.bashrc')).read()", "landlock"),
        ("os.listdir('/proc')", "landlock"),
        ("os.listdir('/home')", "landlock"),
        ("open('/dev/sda', 'rb')", "landlock"),
        ("open('/tmp/cuport-was-here', 'w')", "landlock"),
        ("open('../port.py', 'a')", "landlock"),
        ("open('../inputs.bin', 'r+b')", "landlock"),
        ("open('../job.json', 'w')", "landlock"),
        ("os.rename('../out', '../in')", "landlock"),
        ("os.chmod('../port.py', 0o700)", "seccomp"),
        ("os.utime('../port.py', (1, 1))", "seccomp"),
        ("os.fork() or os._exit(0)", "seccomp"),
        ("os.execv(sys.executable, [sys.executable, '-c', 'pass'])", "seccomp"),
        ("subprocess.run(['true'])", "seccomp"),
        ("socket.socket(socket.AF_INET)", "seccomp"),
        ("socket.socket(socket.AF_UNIX).connect('/run/docker.sock')", "seccomp"),
        ("os.setsid()", "seccomp"),
        ("os.kill(os.getppid(), 0) if os.getppid() else os.kill(12345, 0)", "seccomp"),
        ("os.kill(-1, 0)", "seccomp"),
        ("os.chroot('.')", "seccomp"),
        ("check(libc.ptrace(16, os.getppid() or 12345, 0, 0))", "seccomp"),
        ("check(libc.unshare(0x10000000))", "seccomp"),
        ("check(libc.mount(b'none', b'.', b'tmpfs', 0, None))", "seccomp"),
        ("check(libc.syscall(425, 1, 0))", "seccomp"),
    ],
)
def test_the_system_refuses(numpy_target: SimpleNamespace, attempt: str, wall: str) -> None:
    top = """
import ctypes, socket, subprocess
libc = ctypes.CDLL(None)
def check(result):
    if result < 0: raise OSError
"""
    assert tried(numpy_target, attempt, wall, top) == 0


def test_threads_still_work(numpy_target: SimpleNamespace) -> None:
    body = "t = threading.Thread(target=lambda: out.__setitem__(0, 5)); t.start(); t.join()"
    (outputs,) = run(numpy_target, body, top="import threading").outputs
    assert outputs.failure is None and outputs.arrays[1][0] == 5


def test_no_secret_of_the_parent_is_inherited(numpy_target: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    body = "raise ValueError(repr(dict(os.environ)) + repr(sys.argv) + repr(os.listdir('/dev/fd') if 0 else ''))"
    (outputs,) = run(numpy_target, body).outputs
    assert outputs.failure is not None
    assert "sk-secret" not in outputs.failure.message and "OPENAI" not in outputs.failure.message


def test_no_descriptor_of_the_parent_is_inherited(numpy_target: SimpleNamespace, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("expected values")
    descriptor = os.open(secret, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        body = """
        for fd in range(3, 256):
            try:
                if b"expected" in os.pread(fd, 100, 0): out[0] = 1
            except OSError: pass
        """
        (outputs,) = run(numpy_target, body).outputs
    finally:
        os.close(descriptor)
    assert outputs.failure is None and outputs.arrays[1][0] == 7


@pytest.mark.parametrize(
    "body", ["while True: pass", "time.sleep(1000)", "signal.pthread_sigmask(0, range(1, 65)); time.sleep(99)"]
)
def test_an_endless_port_is_ended(numpy_target: SimpleNamespace, body: str) -> None:
    (outputs,) = run(numpy_target, body, Limits(case_seconds=1), top="import time, signal").outputs
    assert outputs.failure is not None and outputs.failure.kind == "timeout"


def test_the_total_limit_holds_against_a_port_that_fakes_progress(numpy_target: SimpleNamespace) -> None:
    body = """
    fd = os.open("../out/status.bin", os.O_WRONLY)
    while True:
        for state in (0, 1, 2):
            os.pwrite(fd, bytes([state]), 1)
            time.sleep(0.05)
    """
    (outputs,) = run(
        numpy_target, body, Limits(start_seconds=60, case_seconds=60, total_seconds=3), "import time"
    ).outputs
    assert outputs.failure is None or outputs.failure.kind == "timeout"


@pytest.mark.parametrize(
    "body", ["x = np.ones(10**11)", "b = bytearray(10**11)", "[bytearray(10**9) for _ in range(100)]"]
)
def test_a_memory_bomb_is_a_memory_failure(numpy_target: SimpleNamespace, body: str) -> None:
    (outputs,) = run(numpy_target, body, Limits(memory_bytes=2048 * MIB), top="import numpy as np").outputs
    assert outputs.failure is not None and outputs.failure.kind == "memory"


def test_a_file_bomb_is_stopped(numpy_target: SimpleNamespace) -> None:
    body = "f = open('big', 'wb')\nfor _ in range(64): f.write(bytes(1 << 20)); f.flush()"
    (outputs,) = run(numpy_target, body, Limits(file_bytes=8 * MIB)).outputs
    assert outputs.failure is not None and "OSError" in outputs.failure.message


def test_megabytes_of_output_are_thrown_away(numpy_target: SimpleNamespace) -> None:
    body = "for _ in range(200): print('x' * 100_000); os.write(2, b'\\x1b[2J' * 1000)\nout[:n] = 2 * x[:n]"
    (outputs,) = run(numpy_target, body, Limits(case_seconds=30)).outputs
    assert outputs.failure is None


def test_messages_are_escaped_and_cut(numpy_target: SimpleNamespace) -> None:
    (outputs,) = run(numpy_target, "raise ValueError('\\x1b[31m\\0\\u202e' + 'A' * 10**7)").outputs
    assert outputs.failure is not None
    message = outputs.failure.message
    assert len(message) < 3000 and not set("\x1b\0\u202e") & set(message)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("sys.exit(0)", "exception"),
        ("sys.exit('ACCEPTED')", "exception"),
        ("raise KeyboardInterrupt", "exception"),
        ("raise GeneratorExit", "exception"),
        ("raise Odd", "exception"),
        ("raise BaseExceptionGroup('many', [Odd(), Odd()])", "exception"),
        ("f = lambda: f(); f()", "exception"),
        ("os.abort()", "crash"),
        ("os.kill(os.getpid(), 9)", "memory"),
        ("os._exit(1)", "crash"),
        ("return 5", "exception"),
        ("return {1: object()}", "contract"),
        ("return {1: np.array([object()] * 11)}", "contract"),
        ("return {1: np.full(22, np.nan)}", "contract"),
    ],
)
def test_odd_ends_are_typed_failures(numpy_target: SimpleNamespace, body: str, kind: str) -> None:
    top = """
import numpy as np
class Odd(BaseException):
    def __str__(self): raise self
    __repr__ = __str__
"""
    (outputs,) = run(numpy_target, body, top=top).outputs
    if outputs.failure is None:  # a PID namespace's first process ignores its own SIGKILL
        assert body == "os.kill(os.getpid(), 9)"
        return
    assert outputs.failure.kind == kind, outputs.failure


def test_recursion_without_a_limit_ends_somehow(numpy_target: SimpleNamespace) -> None:
    body = "sys.setrecursionlimit(10**9)\nf = lambda: f()\nf()"
    (outputs,) = run(numpy_target, body, Limits(case_seconds=5, memory_bytes=1024 * MIB)).outputs
    assert outputs.failure is not None and outputs.failure.kind in ("crash", "memory", "timeout")


def test_a_lying_array_counts_by_its_bytes(numpy_target: SimpleNamespace) -> None:
    top = """
import numpy as np
class Liar(np.ndarray):
    def __new__(cls): return np.zeros(11, np.float32).view(cls)
    def __array__(self, *a, **k): raise ValueError
    def __getattribute__(self, name): raise ValueError
"""
    (outputs,) = run(numpy_target, "return {1: Liar()}", top=top).outputs
    assert outputs.failure is None
    np.testing.assert_array_equal(outputs.arrays[1], np.zeros(11, np.float32))


def test_cutting_or_replacing_the_output_files_gains_nothing(numpy_target: SimpleNamespace) -> None:
    body = """
    os.truncate("../out/outputs.bin", 5)
    os.unlink("../out/status.bin")
    os.symlink("/dev/zero", "../out/status.bin")
    os.pwrite(os.open("../out/records.jsonl", os.O_WRONLY), b"\\xff{", 0)
    """
    code = f"import os\ndef scale(x, out, n):\n{textwrap.indent(textwrap.dedent(body), '    ')}    os._exit(0)\n"
    (outputs,) = execute(numpy_target, code, SCALE, [scale_case(8)], QUICK).outputs
    assert outputs.failure is not None


def test_done_without_outputs_is_an_output_failure(numpy_target: SimpleNamespace) -> None:
    body = """
    fd = os.open("../out/status.bin", os.O_WRONLY)
    os.truncate("../out/outputs.bin", 5)
    os.pwrite(fd, bytes([2]), 1)
    os._exit(0)
    """
    (outputs,) = run(numpy_target, body).outputs
    assert outputs.failure is not None and outputs.failure.kind == "output"


def test_a_malformed_status_is_not_believed(numpy_target: SimpleNamespace) -> None:
    body = """
    fd = os.open("../out/status.bin", os.O_WRONLY)
    os.pwrite(fd, bytes([255] * 8192), 0)
    os._exit(0)
    """
    (outputs,) = run(numpy_target, body).outputs
    assert outputs.failure is not None


def test_a_port_may_change_its_inputs_only_for_itself(numpy_target: SimpleNamespace) -> None:
    cases = [scale_case(8), scale_case(8)]
    code = "def scale(x, out, n):\n    out[:n] = 2 * x[:n]\n    x[:] = 0\n"
    first, second = execute(numpy_target, code, SCALE, cases).outputs
    for outputs in (first, second):
        assert outputs.failure is None
        assert not outputs.arrays[0].any()
        np.testing.assert_array_equal(outputs.arrays[1][:8], 2 * cases[0].buffers[0].data[:8])


def test_background_threads_and_exit_handlers_do_not_outlive_the_run(numpy_target: SimpleNamespace) -> None:
    body = """
    atexit.register(lambda: os.truncate("../out/outputs.bin", 0))
    threading.Thread(target=lambda: time.sleep(1000)).start()
    out[:n] = 2 * x[:n]
    """
    began = time.monotonic()
    (outputs,) = run(numpy_target, body, Limits(case_seconds=500), top="import atexit, threading, time").outputs
    assert outputs.failure is None and outputs.arrays[1].size
    assert time.monotonic() - began < 400


def test_interrupting_the_parent_ends_the_child_and_cleans_up(tmp_path: Path) -> None:
    code = "import time\ndef scale(x, out, n):\n    time.sleep(1000)\n"
    script = f"""
import sys, tempfile
from types import SimpleNamespace
sys.path[:0] = [{str(Path(__file__).parents[2])!r}, {str(Path(__file__).parent)!r}]
tempfile.tempdir = {str(tmp_path)!r}
from tests.sandbox.launches import SCALE, scale_case
from cuport.sandbox.launch import execute
cases = [scale_case(4)]
target = SimpleNamespace(requires=("numpy",), worker="numpy_worker")
execute(target, {code!r}, SCALE, cases)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while not _running(tmp_path) and time.monotonic() < deadline and parent.poll() is None:
            time.sleep(0.05)
        parent.send_signal(signal.SIGINT)
        _, errors = parent.communicate(timeout=60)
    finally:
        parent.kill()
    assert b"KeyboardInterrupt" in errors
    assert list(tmp_path.iterdir()) == []
    assert not _processes_in(tmp_path)


def _running(folder: Path) -> bool:
    """Whether the one case has begun."""
    return any(path.read_bytes()[1:2] == b"\x01" for path in folder.glob("cuport-*/out/status.bin"))


def _processes_in(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder) in (process / "cmdline").read_text() and "confine" in (process / "cmdline").read_text():
                found.append(process.name)
        except OSError:
            continue
    return found


def test_a_large_case_comes_back_whole(numpy_target: SimpleNamespace) -> None:
    n = 3_000_001
    x = np.arange(n, dtype=np.float32)
    one = case(SCALE, (pointer(0), pointer(1), integer(n)), (("x", x), ("out", np.zeros(n, "f4"))))
    (outputs,) = execute(numpy_target, "def scale(x, out, n): out[:] = x + 1", SCALE, [one]).outputs
    assert outputs.failure is None
    np.testing.assert_array_equal(outputs.arrays[1], x + 1)
