"""Each overrun is an outcome of its own kind, whose message names the limit; and it stands in the verdict."""

from __future__ import annotations

import os
import textwrap
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.sandbox.launches import SCALE, scale_case

from cuport.candidate import Failure
from cuport.sandbox.launch import build, execute
from cuport.sandbox.limits import MIB, Limits
from cuport.sandbox.process import measure
from cuport.settings import load

BASE = Limits(start_seconds=60, case_seconds=60, total_seconds=120, memory_bytes=2 << 30, cores=1)
WALLS = pytest.mark.parametrize("without", [(), ("namespaces", "bubblewrap")], ids=["full", "reduced"])
SPIN = "while True: pass"
THREADS = """
threading.stack_size(1 << 16)
for _ in range(3000): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
"""
OVERRUNS = [
    ("wall clock of a case", SPIN, {"case_seconds": 1}, "timeout", "one case took more than 1 s"),
    ("wall clock in all", SPIN, {"total_seconds": 2}, "timeout", "the whole run took more than 2 s"),
    ("processor time", SPIN, {"cpu_seconds": 2}, "timeout", "processor time was passed (2 s"),
    ("memory", "kept = np.ones(1 << 30)", {}, "memory", "MemoryError"),
    ("size of a file", "open('f', 'wb').write(bytes(32 << 20))", {"file_bytes": 8 * MIB}, "limit", "size of one file"),
    (
        "temporary files",
        "for i in range(99): open(f'f{i}', 'wb').write(bytes(4 << 20)); time.sleep(0.05)",
        {"scratch_bytes": 32 * MIB},
        "limit",
        "temporary files",
    ),
    (
        "number of temporary files",
        "for i in range(60_000):\n    open(f'f{i}', 'wb').close()\ntime.sleep(2)",
        {"scratch_bytes": 32 * MIB},
        "limit",
        "temporary files",
    ),
    ("open files", "kept = [os.open('/dev/null', 0) for _ in range(999)]", {"open_files": 64}, "limit", "open files"),
    ("threads", THREADS, {"processes": 64}, "limit", "processes and threads"),
    ("output on stdout", "while True: os.write(1, bytes(1 << 20))", {"case_seconds": 1}, "timeout", "one case"),
    ("size of an output", "return {1: np.zeros(999, 'f4')}", {}, "contract", "bytes instead of"),
]


def fail(target: SimpleNamespace, body: str, limits: Limits, without: tuple[str, ...]) -> tuple[Failure, str]:
    top = "import os, threading, time\nimport numpy as np\n"
    code = f"{top}def scale(x, out, n):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
    execution = execute(target, code, SCALE, [scale_case(8)], limits, without=without, unsafe=True)
    (outputs,) = execution.outputs
    assert outputs.failure is not None, "the limit did not hold"
    return outputs.failure, execution.sandbox


@WALLS
@pytest.mark.parametrize(("name", "body", "given", "kind", "said"), OVERRUNS, ids=[o[0] for o in OVERRUNS])
def test_an_overrun_has_its_kind_and_names_the_limit(
    name: str,
    body: str,
    given: dict[str, float],
    kind: str,
    said: str,
    without: tuple[str, ...],
    numpy_target: SimpleNamespace,
) -> None:
    if name == "threads" and without and os.geteuid() == 0:
        pytest.skip("the system does not count root's processes; see docs/security.md")
    failure, sandbox = fail(numpy_target, body, replace(BASE, **given), without)
    assert (failure.kind, said in failure.message) == (kind, True), (failure, sandbox)


def test_a_build_that_takes_too_long_says_so(numpy_target: SimpleNamespace) -> None:
    code = "def scale(x, out, n): pass\ndef while_building():\n    while True: pass"
    built = build(numpy_target, code, SCALE, [scale_case(3)], replace(BASE, build_seconds=1))
    assert not built.ok and built.records[-1].detail == "timeout: building took more than 1 s"


def test_measuring_ends_early_and_follows_no_link(tmp_path: Path) -> None:
    for i in range(50):
        (tmp_path / f"f{i}").write_bytes(bytes(4096))
    (tmp_path / "link").symlink_to("/")
    assert measure(tmp_path, 1000) == (50 * 4096, 51)
    assert measure(tmp_path, 10)[1] == 11
    assert measure(tmp_path / "none", 10) == (0, 0)


def test_every_limit_can_be_set(tmp_path: Path) -> None:
    text = "port-cpu = 5\nprocesses = 64\nfile-size = 1000\nscratch = 2000\nmemory = 3000\nport-timeout = 4\n"
    (tmp_path / "cuport.toml").write_text(text)
    s = load(tmp_path)
    assert (s.port_cpu, s.processes, s.file_size, s.scratch, s.memory, s.port_timeout) == (5, 64, 1000, 2000, 3000, 4)
    assert Limits().processor_seconds(10) == 50 and Limits(cpu_seconds=3).processor_seconds(10) == 3
