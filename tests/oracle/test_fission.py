"""Kernels cut at their barriers leave the same bytes as fibers do, in every launch of every program here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cuport.cuda import read
from cuport.cuda.rewrite import program_text
from cuport.cuda.rewrite.loops.fission import cut_kernels
from cuport.cuda.rewrite.program import program_of
from cuport.oracle import Oracle
from cuport.oracle.build import PROGRAM, build
from cuport.oracle.capture import read_capture

ROOT = Path(__file__).parents[2]
FILES = [
    *sorted((Path(__file__).parent / "programs").glob("*.cu")),
    *sorted(ROOT.glob("examples/*/*.cu")),
]
WITH_BARRIERS = [p for p in FILES if "__syncthreads" in p.read_text(encoding="utf-8")]


def raw(data: np.ndarray) -> np.ndarray:
    return np.frombuffer(data.tobytes(), np.uint8)


@pytest.mark.parametrize("path", WITH_BARRIERS, ids=lambda p: p.stem)
def test_cut_kernels_give_the_bits_of_fibers(path: Path, oracle: Oracle, tmp_path: Path) -> None:
    source = read(path)
    if not source.has_main or not cut_kernels(program_of(source)):
        pytest.skip("no kernel of it is cut")
    program = build(source, program_text(source), PROGRAM, oracle.settings)
    said, kept = [], []
    for fission in ("1", "0"):
        folder = tmp_path / fission
        folder.mkdir()
        environment = {**os.environ, "CUPORT_FISSION": fission, "CUPORT_CAPTURE": str(folder)}
        done = subprocess.run(
            [program], cwd=path.parent, env=environment, capture_output=True, timeout=120, check=False
        )
        said.append((done.returncode, done.stdout))
        kept.append([read_capture(p) for p in sorted(folder.glob("*.case"))])
    assert said[0] == said[1]
    assert len(kept[0]) == len(kept[1]) > 0 or not kept[0]
    for cut, fibers in zip(*kept, strict=True):
        assert cut.case.instance == fibers.case.instance
        for i, (one, other) in enumerate(zip(cut.outputs, fibers.outputs, strict=True)):
            # what the host never wrote may differ from run to run
            same = raw(cut.case.buffers[i].data) == raw(fibers.case.buffers[i].data)
            assert np.array_equal(raw(one)[same], raw(other)[same]), cut.case.instance


def test_the_kernels_that_can_be_cut_are() -> None:
    source = read(Path(__file__).parent / "programs" / "cut.cu")
    program = program_of(source)
    cut = {program.heads[[h.index for h in program.heads].index(i)].kernel.name for i in cut_kernels(program)}
    assert cut == {"tell", "reverse", "carry", "shapes", "turn", "gather", "typed", "scan", "late"}
