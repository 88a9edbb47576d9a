"""SIGKILL at any moment of a run leaves no process, mount or temporary folder. CUPORT_TEST_KILLS=20 tries harder."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.programs import SCALE

KILLS = int(os.environ.get("CUPORT_TEST_KILLS", "4"))
PORT = """import jax.numpy as jnp


def scale(n, a, x):
    return {"x": x.at[:n].set(a * x[:n] + jnp.float32(1.0))}
"""
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a sandbox")


@pytest.fixture
def subreaper() -> Iterator[None]:
    """Whatever loses its parent becomes this process's child, so that nothing can hide."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    yield
    ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)


def _left_running(known: set[str]) -> dict[str, str]:
    """pid: command line of the children that are not `known`; the ended ones are reaped."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            for pid in set((task / "children").read_text().split()) - known:
                with contextlib.suppress(OSError):
                    if os.waitpid(int(pid), os.WNOHANG)[0]:
                        continue
                    found[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:300]
    return found


def _children() -> set[str]:
    return {p for t in Path("/proc/self/task").iterdir() for p in (t / "children").read_text().split()}


def _half_made(cache: Path) -> list[str]:
    return [str(p) for p in cache.rglob(".*") if not p.name.startswith(".nfs")]


@LINUX
@pytest.mark.usefixtures("subreaper")
def test_a_killed_run_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "prog.cu").write_text(SCALE)
    (tmp_path / "prog_jax.py").write_text(PORT)
    temp = tmp_path / "temp"
    temp.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CUPORT_", "OPENAI_", "AZURE_"))}
    known, mounts = _children(), Path("/proc/self/mountinfo").read_text()
    rng, seconds = random.Random(5), 12.0
    for turn in range(KILLS):
        cache = tmp_path / f"cache{turn // 3}"  # now and then from nothing, so that builds are met too
        environment = clean | {"TMPDIR": str(temp), "CUPORT_CACHE_DIR": str(cache), "HOME": str(tmp_path)}
        command = [sys.executable, "-m", "cuport", "verify", "prog.cu", "prog_jax.py", "--fresh", "-q"]
        began = time.monotonic()
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0.2, seconds))
            seconds = min(seconds, time.monotonic() - began)  # it ended by itself: kill earlier
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            left = {
                "processes": _left_running(known),
                "folders": [p.name for p in temp.iterdir()],
                "half made": _half_made(cache) if cache.exists() else [],
            }
            if not any(left.values()):
                break
            time.sleep(0.1)
        assert not any(left.values()), f"turn {turn}: {left}"
    assert Path("/proc/self/mountinfo").read_text() == mounts
