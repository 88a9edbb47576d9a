"""Clears up after a cuport that was killed: its temporary folders, and whatever it had started.

A run's temporary files all lie in one folder. A small process of its own session waits at a pipe whose other end only
cuport holds. If that is closed without a last word (SIGKILL), it ends every process of this user that works in the
folder or whose environment names it, and removes the folder, with what builds left half-made in the cache. Ports cannot
hide from it by rewriting their environment: what ends them is their parent's death (`cuport.sandbox.confine`).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TOKEN = secrets.token_hex(4)  # stands in the name of everything half-made that this process puts into the cache

_KEEPER = """\
import os, shutil, signal, sys, time
folder, cache, token = sys.argv[1:]
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
done = b""
while True:
    data = os.read(0, 16)
    if not data: break
    done = data
def started():
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else []):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file: told = file.read()
            if folder.encode() in told or os.readlink(f"/proc/{pid}/cwd").startswith(folder): yield int(pid)
        except OSError: pass
def half_made():
    for place, folders, files in os.walk(cache):
        yield from (os.path.join(place, name) for name in folders + files if name[:1] == "." and token in name)
        folders[:] = [name for name in folders if name[:1] != "."] if place.count("/") < cache.count("/") + 4 else []
for turn in range(0 if done else 20):
    pids, quiet = list(started()), True
    for pid in pids:
        try: os.kill(pid, signal.SIGKILL); quiet = False
        except OSError: pass
    shutil.rmtree(folder, ignore_errors=True)
    for path in list(half_made()):
        quiet = False
        shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.unlink(path)
    if quiet and not os.path.exists(folder) and turn > 2: break
    time.sleep(0.25)
"""


@contextlib.contextmanager
def kept(cache: Path) -> Iterator[Path]:
    """A folder for every temporary file of this process while the context lasts, removed whatever happens."""
    before = tempfile.tempdir
    folder = tempfile.mkdtemp(prefix="cuport-")
    os.chmod(folder, 0o755)  # a port's own user passes through; what lies inside is private
    read, write = os.pipe()
    keeper = None
    try:
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _KEEPER, folder, str(cache.absolute()), TOKEN],
            stdin=read,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
        )
    except OSError:  # then nothing clears up after SIGKILL; all else is as always
        pass
    finally:
        os.close(read)
    tempfile.tempdir = folder
    try:
        yield Path(folder)
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.write(write, b".")
        os.close(write)
        if keeper is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                keeper.wait(5)
