"""The outer wall where bubblewrap is installed: an empty root with only what the run needs bound into it.

Inside: no network, own PID, IPC, UTS and user namespaces, private /proc, /dev and /tmp, everything else read-only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache

from cuport.sandbox.confine import SYSTEM


def wrap(command: Sequence[str], job: str, readable: Iterable[str], *, gpu: bool = False) -> list[str]:
    """The command that runs `command` inside bubblewrap, or the command as it is where there is no bubblewrap."""
    program = shutil.which("bwrap")
    return [*_prefix(program, job, readable, gpu), *command] if program else list(command)


@lru_cache(maxsize=2)
def works(uid: int | None) -> bool:
    """Whether bubblewrap is here and allowed to make its namespaces, as this user (in many containers it is not)."""
    program = shutil.which("bwrap")
    if not program:
        return False
    readable = (sys.prefix, sys.base_prefix)
    command = [*_prefix(program, "", readable, False), sys.executable, "-I", "-S", "-c", ""]
    groups: list[int] | None = [] if uid is not None else None
    try:
        ended = subprocess.run(
            command, env={}, capture_output=True, timeout=20, user=uid, group=uid, extra_groups=groups, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return ended.returncode == 0


def _prefix(program: str, job: str, readable: Iterable[str], gpu: bool) -> list[str]:
    namespaces = [f"--unshare-{name}" for name in ("user", "net", "pid", "ipc", "uts")]
    arguments = [program, *namespaces, "--die-with-parent", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev"]
    arguments += ["--size", str(1 << 20), "--tmpfs", "/tmp"]
    system = [path for path in SYSTEM if not path.startswith("/proc")]
    for path in (*system, sys.prefix, sys.base_prefix, *readable):
        if os.path.exists(path):
            arguments += ["--ro-bind-try", path, path]
    if gpu:
        arguments += ["--dev-bind", "/dev", "/dev", "--ro-bind", "/sys", "/sys"]
    if job:
        arguments += ["--ro-bind", job, job, "--bind", f"{job}/tmp", f"{job}/tmp"]  # measured from outside
        for name in ("outputs.bin", "status.bin", "records.jsonl"):
            arguments += ["--bind", f"{job}/out/{name}", f"{job}/out/{name}"]
        arguments += ["--chdir", f"{job}/tmp"]
    return [*arguments, "--"]
