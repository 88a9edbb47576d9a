"""Any program as a provider: the prompt goes to its stdin, the reply comes from its stdout.

So `llm`, `ollama run MODEL`, a script or an agent's command line work without an API. The program is the user's own and
runs with the user's environment; only what it prints is taken, and that is judged like any other port.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import PurePath

from cuport import interrupt
from cuport.providers.base import Message, ProviderFault, Reply
from cuport.providers.redact import foreign

_MOST_BYTES = 8 << 20  # of stdout
_KEPT_STDERR = 8192
_HINT = "check the setting `command` (CUPORT_COMMAND, a JSON list: the program and its arguments)"


class Command:
    """A `Provider` over one program. It is started anew for each exchange, in a process group of its own."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)

    @property
    def model(self) -> str:
        return PurePath(self.command[0]).name if self.command else ""

    def complete(self, messages: Sequence[Message], *, deadline: float) -> Reply | ProviderFault:
        """Run the program once. Never raises for what it does; KeyboardInterrupt ends it and passes."""
        if not self.command:
            return ProviderFault("unconfigured", "no command is given", _HINT)
        if shutil.which(self.command[0]) is None:
            return ProviderFault("unconfigured", f"there is no program {foreign(self.command[0])!r} to run", _HINT)
        try:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return ProviderFault("command-failed", f"{self.model} does not start: {foreign(str(error))}", _HINT)
        try:
            out, err, fault = self._talk(process, as_text(messages).encode("utf-8", "replace"), deadline)
        finally:
            _end(process)
        if fault is not None:
            return fault
        if process.returncode != 0:
            said = foreign(err.decode("utf-8", "replace"))
            return ProviderFault(
                "command-failed",
                f"{self.model} ended with {_ending(process.returncode)}" + (f": {said}" if said else ""),
                "run it by hand with a prompt on stdin to see why",
                model=self.model,
            )
        text = out.decode("utf-8", "replace")
        if not text.strip():
            return ProviderFault(
                "empty", f"{self.model} printed nothing", "it must print its reply on stdout", self.model
            )
        return Reply(text, self.model)

    def _talk(
        self, process: subprocess.Popen[bytes], prompt: bytes, deadline: float
    ) -> tuple[bytes, bytes, ProviderFault | None]:
        """Feed stdin and drain both outputs at once, within the deadline and the size limit."""
        assert process.stdin and process.stdout and process.stderr
        out, err, left = bytearray(), bytearray(), memoryview(prompt)
        with selectors.DefaultSelector() as ready:
            os.set_blocking(process.stdin.fileno(), False)
            ready.register(process.stdin, selectors.EVENT_WRITE)
            ready.register(process.stdout, selectors.EVENT_READ)
            ready.register(process.stderr, selectors.EVENT_READ)
            while process.stdout in {key.fileobj for key in ready.get_map().values()}:
                interrupt.check()
                events = ready.select(max(0.0, min(0.25, deadline - time.monotonic())))
                if time.monotonic() >= deadline:
                    return b"", b"", self._late()
                for key, _ in events:
                    if key.fileobj is process.stdin:
                        left = _write(process.stdin.fileno(), left)
                        if not left:
                            ready.unregister(process.stdin)
                            process.stdin.close()
                        continue
                    chunk = os.read(key.fd, 65536)
                    if not chunk:
                        ready.unregister(key.fileobj)
                    elif key.fileobj is process.stdout:
                        out += chunk
                    else:
                        err = (err + chunk)[-_KEPT_STDERR:]
                if len(out) > _MOST_BYTES:
                    message = f"{self.model} printed more than {_MOST_BYTES >> 20} MiB"
                    return b"", b"", ProviderFault("too-long", message, "it must print one port", self.model)
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                return b"", b"", self._late()
            if process.stderr in {key.fileobj for key in ready.get_map().values()}:
                os.set_blocking(process.stderr.fileno(), False)
                err = (err + (process.stderr.read() or b""))[-_KEPT_STDERR:]
        return bytes(out), bytes(err), None

    def _late(self) -> ProviderFault:
        return ProviderFault(
            "timeout",
            f"{self.model} did not finish in time",
            "raise CUPORT_MODEL_TIMEOUT (seconds)",
            model=self.model,
        )


def as_text(messages: Sequence[Message]) -> str:
    """A conversation as one text, for programs that take no roles."""
    headings = {"assistant": "# Your earlier reply", "user": "# What became of it"}
    parts, answered = [], False
    for message in messages:
        heading = headings[message.role] if message.role == "assistant" or (answered and message.role == "user") else ""
        parts.append(f"{heading}\n\n{message.content}" if heading else message.content)
        answered = answered or message.role == "assistant"
    return "\n\n".join(parts) + "\n"


def _write(fd: int, left: memoryview) -> memoryview:
    """What is still to be written; nothing once the program has closed its stdin, which it may."""
    try:
        return left[os.write(fd, left[:65536]) :]
    except BlockingIOError:
        return left
    except BrokenPipeError:
        return left[:0]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and everything it started that stayed in its group; close the pipes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None and not pipe.closed:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
