"""Whole CUDA programs on the CPU: each file in programs/ says in `// expect:` comments what CUDA defines it to print.

The values were worked out by hand from the programming guide's semantics, not taken from a run.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.oracle import Oracle

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.cu"))


def expected(path: Path) -> list[str]:
    return re.findall(r"// expect: (.*)", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_program_prints_what_cuda_defines(path: Path, oracle: Oracle) -> None:
    result = oracle.run_program(read(path))
    assert result.stdout.splitlines() == expected(path), result.stderr
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_checked_replay_gives_what_the_program_gave_and_finds_nothing(path: Path, oracle: Oracle) -> None:
    """Every captured launch, run again by itself from its inputs, leaves the same bytes; clean code raises no alarm."""
    source = read(path)
    captures = oracle.capture(source)
    replays = oracle.replay(source, [c.case for c in captures], build="checked")
    for capture, replay in zip(captures, replays, strict=True):
        assert replay.failure is None, str(replay.failure)
        assert [f for f in replay.faults if not f.benign] == [], capture.case.instance
        for buffer, was, now in zip(capture.case.buffers, capture.outputs, replay.outputs, strict=True):
            assert was.tobytes() == now.tobytes(), f"{capture.case.instance}: {buffer.name}"
