"""What lies outside the sandbox during a probe, and whether anything of it was touched.

Bait (files with a secret, listening sockets, an environment variable, a mapped secret, signal handlers) is laid before
a port runs; afterwards whatever a port left behind, or reached, is listed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGTERM, signal.SIGCONT, signal.SIGURG)
PREFIX = "cuport-bait-"  # ports look for this; what follows they cannot know


class World:
    """A context manager; `touched()` is asked once the port's process has ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = PREFIX + secrets.token_hex(8)
        self.seen: list[str] = []
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> World:
        undo = self._undo
        for name in ("temp", "open", "cache"):
            (self.folder / name).mkdir()
            (self.folder / name).chmod(0o777)
        for name in ("open/secret", "cache/store.sqlite"):
            (self.folder / name).write_text(self.secret)
            (self.folder / name).chmod(0o666)
        before = tempfile.tempdir
        tempfile.tempdir = str(self.folder / "temp")
        undo.callback(setattr, tempfile, "tempdir", before)
        os.environ["CUPORT_PROBE_API_KEY"] = self.secret
        undo.callback(os.environ.pop, "CUPORT_PROBE_API_KEY", None)
        self._bait = ctypes.create_string_buffer(self.secret.encode())  # in this process's memory
        self._sockets()
        self._descriptor = os.open(self.folder / "open/secret", os.O_RDWR)
        os.set_inheritable(self._descriptor, True)
        undo.callback(os.close, self._descriptor)
        for number in SIGNALS:
            undo.callback(signal.signal, number, signal.signal(number, self._signalled))
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: what a port leaves running becomes our child
        undo.callback(ctypes.CDLL(None).prctl, 36, 0, 0, 0, 0)
        self._before = self._state()
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._children() - self._before["processes"]:
            with contextlib.suppress(OSError):
                os.kill(int(pid), signal.SIGKILL)
                os.waitpid(int(pid), 0)
        self._undo.close()

    def for_ports(self) -> str:
        """As Python text: where things are, never what they hold."""
        told = {
            "pid": os.getpid(),
            "open": str(self.folder / "open"),
            "cache": str(self.folder / "cache"),
            "tcp": self.tcp.getsockname()[1],
            "udp": self.udp.getsockname()[1],
            "unix": str(self.folder / "open/socket"),
            "abstract": self.abstract,
            "prefix": PREFIX,
            "tests": str(Path(__file__).parents[3]),
        }
        return f"WORLD = {json.dumps(told)}\n"

    def touched(self) -> list[str]:
        """What a port reached or left, in words; empty if nothing."""
        found = list(self.seen)
        for name, listening in (("TCP", self.tcp), ("unix", self.unix), ("abstract unix", self.abstract_socket)):
            with contextlib.suppress(BlockingIOError):
                listening.accept()[0].close()
                found.append(f"a connection to the {name} socket")
        with contextlib.suppress(BlockingIOError):
            self.udp.recv(1)
            found.append("a datagram to the UDP socket")
        self._let_end()
        after = self._state()
        for what, was in self._before.items():
            found += [f"{what}: {item}" for item in sorted(after[what] ^ was)]
        for name in ("open/secret", "cache/store.sqlite"):
            if (self.folder / name).read_text() != self.secret:
                found.append(f"{name} was changed")
        return found

    def _let_end(self, seconds: float = 3.0) -> None:
        """A process that was killed takes a moment to end, and is ours to reap."""
        deadline = time.monotonic() + seconds
        while (new := self._children() - self._before["processes"]) and time.monotonic() < deadline:
            for pid in new:
                with contextlib.suppress(OSError):
                    os.waitpid(int(pid), os.WNOHANG)
            time.sleep(0.02)

    def _sockets(self) -> None:
        def opened(family: int, kind: int, address: object) -> socket.socket:
            one = socket.socket(family, kind)
            self._undo.callback(one.close)
            one.bind(address)  # type: ignore[arg-type]
            one.setblocking(False)
            if kind == socket.SOCK_STREAM:
                one.listen()
            return one

        self.tcp = opened(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        self.udp = opened(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        self.unix = opened(socket.AF_UNIX, socket.SOCK_STREAM, str(self.folder / "open/socket"))
        self.abstract = f"cuport-{secrets.token_hex(4)}"
        self.abstract_socket = opened(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{self.abstract}")

    def _signalled(self, number: int, _: object) -> None:
        self.seen.append(f"signal {signal.Signals(number).name}")

    def _state(self) -> dict[str, set[str]]:
        return {
            "processes": self._children(),
            "mounts": set(Path("/proc/self/mountinfo").read_text().splitlines()),
            "files": set(self._files()),
            "descriptors": {str(len(os.listdir("/proc/self/fd")))},
            "shared memory": {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]},
            "priority": {str(os.getpriority(os.PRIO_PROCESS, 0)), str(len(os.sched_getaffinity(0)))},
        }

    def _files(self) -> Iterator[str]:
        for folder in (self.folder, Path.cwd()):
            depth = "**/*" if folder == self.folder else "*"
            yield from (str(path) for path in folder.glob(depth) if "pytest" not in path.name)
        for place in ("/tmp", "/dev/shm"):
            yield from (str(path) for path in Path(place).glob("cuport-probe*"))

    def _children(self) -> set[str]:
        found: set[str] = set()
        for task in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):
                found.update((task / "children").read_text().split())
        return found
