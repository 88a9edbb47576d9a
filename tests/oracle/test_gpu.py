"""The unit that replays cases on a GPU is an ordinary CUDA program: here it runs on the CPU, with known results."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.cuda.rewrite.gpu import gpu_text
from cuport.kernel import Source
from cuport.oracle import Oracle
from cuport.oracle import gpu as gpus
from cuport.oracle.build import runtime_dir
from cuport.oracle.gpu import find_gpu, find_nvcc
from cuport.oracle.replay import case_file, read_results

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
# templates and overloads; structs by value with pointers in them; global variables; vector types
SOURCES = [
    EXAMPLES / "reduction" / "reduction.cu",
    EXAMPLES / "transpose" / "transpose.cu",
    EXAMPLES / "nbody" / "nbody.cu",
    HERE / "programs" / "globals.cu",
    HERE / "programs" / "types.cu",
]


def _unit(source: Source, instances: list[str], folder: Path) -> Source:
    """The unit as a program of its own: its lines are those of no other file."""
    text = gpu_text(source, instances)
    unit = folder / "unit.cu"
    unit.write_text("\n".join(line for line in text.splitlines() if not line.startswith("#line")))
    return read(unit, include_dirs=[runtime_dir() / "gpu"])


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_the_unit_loads_launches_and_stores_like_the_cpu_replay(path: Path, oracle: Oracle, tmp_path: Path) -> None:
    source = read(path)
    cases = [c.case for c in oracle.capture(source)]
    program = _unit(source, sorted({c.instance for c in cases}), tmp_path)
    (tmp_path / "cases").write_bytes(case_file(list(enumerate(cases))))
    result = oracle.run_program(program, [str(tmp_path / "cases"), str(tmp_path / "results")])
    assert result.returncode == 0, result.stderr
    found = read_results(source, Path(), dict(enumerate(cases)), (tmp_path / "results").read_bytes())
    assert sorted(found) == list(range(len(cases)))
    for number, replay in enumerate(oracle.replay(source, cases)):
        assert found[number].failure is None
        for expected, got in zip(replay.outputs, found[number].outputs, strict=True):
            assert expected.tobytes() == got.tobytes(), cases[number].instance


def test_an_argument_that_does_not_fit_is_said(oracle: Oracle, tmp_path: Path) -> None:
    source = read(EXAMPLES / "saxpy" / "saxpy.cu")
    case = oracle.capture(source)[0].case
    program = _unit(source, [case.instance], tmp_path)
    body = case_file([(0, case)]).replace(b"\narg p 0", b"\narg s 00000000\narg p 0", 1)
    (tmp_path / "cases").write_bytes(body)
    oracle.run_program(program, [str(tmp_path / "cases"), str(tmp_path / "results")])
    assert b"error 0 the recorded arguments do not fit" in (tmp_path / "results").read_bytes()


@pytest.mark.skipif(find_nvcc() is None, reason="no nvcc here: whether nvcc takes the unit was not seen")
@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_nvcc_builds_the_unit(path: Path, oracle: Oracle) -> None:
    source = read(path)
    instances = sorted({c.case.instance for c in oracle.capture(source)})
    nvcc = find_nvcc()
    assert nvcc is not None
    assert gpus.build_unit(source, instances, nvcc, "sm_90", oracle.settings).stat().st_size > 0


def _fake(folder: Path, name: str, text: str) -> None:
    tool = folder / name
    tool.write_text(f"#!/bin/sh\n{text}\n")
    tool.chmod(0o755)


def test_a_gpu_is_found_with_its_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake(tmp_path, "nvidia-smi", "echo 'NVIDIA H100 80GB HBM3, 9.0, 570.10'")
    _fake(tmp_path, "nvcc", "echo 'Cuda compilation tools, release 12.8, V12.8.93'")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDACXX", raising=False)
    find_gpu.cache_clear()
    try:
        gpu = find_gpu()
        assert not isinstance(gpu, str)
        assert (gpu.name, gpu.architecture, gpu.nvcc_version) == ("NVIDIA H100 80GB HBM3", "sm_90", "12.8.93")
        monkeypatch.setenv("CUPORT_GPU", "off")
        find_gpu.cache_clear()
        assert find_gpu() == "left out (CUPORT_GPU=off)"
    finally:
        monkeypatch.undo()
        find_gpu.cache_clear()


def test_a_unit_that_nvcc_refuses_costs_no_verdict(
    oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake(tmp_path, "nvcc", 'echo "unit.cu(3): error: no such thing" >&2; exit 2')
    found = gpus.Gpu("a GPU", "sm_90", "1", str(tmp_path / "nvcc"), "1")
    monkeypatch.setattr(gpus, "find_gpu", lambda: found)
    source = read(EXAMPLES / "saxpy" / "saxpy.cu")
    case = oracle.capture(source)[0].case
    [reference] = oracle.reference(source, [case])
    assert reference.oracle == "cpu"
    assert any(note.startswith("not on the GPU: nvcc does not build the kernel alone") for note in reference.notes)
