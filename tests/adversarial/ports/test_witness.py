"""The ports of the examples are right on many sizes, and each broken copy is wrong on a legal call: by numpy alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from broken import HERE, TARGETS, broken_ports, example_names, port_path

CASES = [pytest.param(e, t, id=f"{e}-{t}") for e in example_names() for t in TARGETS]


def run_calls(target: str, example: str, ports: list[str]) -> list[dict[str, list[str]]]:
    """What each port got wrong: kernel -> messages."""
    command = [sys.executable, str(HERE / "run_calls.py"), target, example, *ports]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line)["wrong"] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("example", "target"), CASES)
def test_ports_and_their_broken_copies(example: str, target: str, tmp_path: Path) -> None:
    pytest.importorskip(target)
    wrong_ports = [b for b in broken_ports(example, target) if b.witness]
    ports = [str(port_path(example, target))]
    for number, broken in enumerate(wrong_ports):
        file = tmp_path / f"{example}_{target}_{number}.py"
        file.write_text(broken.code)
        ports.append(f"{file}:{broken.kernel}")

    good, *bad = run_calls(target, example, ports)

    assert good == {}
    assert len(bad) >= 3
    for broken, wrong in zip(wrong_ports, bad, strict=True):
        assert broken.kernel in wrong, f"{broken.fault}: nothing differs"
        crashed = [m for messages in wrong.values() for m in messages if "Error" in m and "stored outside" not in m]
        assert not crashed, f"{broken.fault}: a crash is no wrong answer: {crashed[0]}"
