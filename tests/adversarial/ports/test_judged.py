"""The whole road over the examples: every hand-written port is accepted, every broken copy is rejected.

Three broken copies a port are judged here, each of another kind; CUPORT_TEST_ALL_BROKEN=1 judges all of them.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import cuport.pipeline
from cuport.candidate import Candidate, Provenance
from cuport.kernel import Kernel
from cuport.pipeline import Program, Road
from cuport.settings import Settings
from cuport.store import Store
from cuport.targets import all_targets
from cuport.verdict import Status, Verdict

sys.path.insert(0, str(Path(__file__).parent))
from broken import TARGETS, Broken, broken_ports, example_names, port_path, source_path

# one worker an example: its cases and references are computed once
PAIRS = [pytest.param(e, t, id=f"{e}-{t}", marks=pytest.mark.xdist_group(e)) for e in example_names() for t in TARGETS]
Judge = Callable[[str, str, str, str], Verdict]


def _chosen() -> list[Broken]:
    """Three a port, the first of each kernel before the second of any."""
    chosen: list[Broken] = []
    for example in example_names():
        for target in TARGETS:
            ports = broken_ports(example, target)
            of_kernel = Counter[str]()
            turn = {}
            for b in ports:
                turn[b] = of_kernel[b.kernel]
                of_kernel[b.kernel] += 1
            everything = bool(os.environ.get("CUPORT_TEST_ALL_BROKEN"))
            chosen += sorted(ports, key=turn.__getitem__)[: len(ports) if everything else 3]
    return chosen


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """(example, target, code, kernel) -> Verdict; a program is read and run once."""
    place = tmp_path_factory.mktemp("road")
    road = Road(Settings(cache_dir=place), Store(None))
    program: Callable[[str], Program] = cache(lambda example: road.open(source_path(example)))

    def verdict(example: str, target: str, code: str, kernel: str) -> Verdict:
        opened = program(example)
        names = tuple(k.python_name for k in opened.source.kernels)
        candidate = Candidate(target, code, names, Provenance("file"))
        return road.try_candidate(opened, opened.source.kernel(kernel), all_targets()[target], candidate)

    def kernels(example: str) -> tuple[Kernel, ...]:
        return program(example).source.kernels

    verdict.kernels = kernels  # type: ignore[attr-defined]
    return verdict


@pytest.mark.parametrize(("example", "target"), PAIRS)
def test_hand_written_ports_are_accepted(judged: Judge, example: str, target: str) -> None:
    code = port_path(example, target).read_text()
    for kernel in judged.kernels(example):  # type: ignore[attr-defined]
        verdict = judged(example, target, code, kernel.python_name)
        assert verdict.status is Status.ACCEPTED, f"{kernel.name}: {verdict.reason} {verdict.counterexample}"
        assert verdict.evidence.nulls_rejected
        assert all(record.ok for record in verdict.evidence.builds)


BROKEN = [pytest.param(b, id=b.id, marks=pytest.mark.xdist_group(b.example)) for b in _chosen()]


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_copies_are_rejected(judged: Judge, broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    # They are wrong, not uncompilable: the compilers have nothing to say here and take most of the time.
    monkeypatch.setattr(cuport.pipeline, "build", lambda *args, **kwargs: None)
    verdict = judged(broken.example, broken.target, broken.code, broken.kernel)
    assert verdict.status is Status.REJECTED, f"{broken.fault}: {verdict.status}: {verdict.reason}"
    found = verdict.counterexample
    if found is None:  # it was stopped before it gave an answer, at an access outside its buffers
        assert "out of bounds" in verdict.reason
        assert any("cuport verify" in d.hint and d.span is not None for d in verdict.diagnostics)
        return
    assert found.differing >= 1 and found.index != () and "cuport verify" in found.replay
