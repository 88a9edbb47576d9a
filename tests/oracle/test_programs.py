"""Whole CUDA programs on the CPU: each file in programs/ says in `// expect:` comments what CUDA defines it to print.

The values were worked out by hand from the programming guide's semantics, not taken from a run.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.diagnostic import CuportError
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


def test_arguments_that_allocate_when_they_are_copied(tmp_path: Path, oracle: Oracle) -> None:
    """A launch copies its arguments; a copy constructor may call the runtime meanwhile."""
    path = tmp_path / "text.cu"
    path.write_text(
        """#include <cstdio>
        struct Text {
          char* data;
          explicit Text(char c) { cudaMallocManaged(&data, 8), data[0] = c; }
          Text(const Text& other) { cudaMallocManaged(&data, 8), data[0] = other.data[0]; }
          ~Text() { cudaFree(data); }
        };
        __global__ void first(Text text, int* out) { out[blockIdx.x] = text.data[0]; }
        int main() {
          int* out;
          cudaMallocManaged(&out, 2000 * sizeof(int));
          first<<<2000, 1>>>(Text('a'), out);
          printf("%d %d\\n", cudaDeviceSynchronize(), out[1999]);
        }""",
        encoding="utf-8",
    )
    assert oracle.run_program(read(path)).stdout == "0 97\n"


def test_waiting_for_a_child_is_refused(tmp_path: Path, oracle: Oracle) -> None:
    path = tmp_path / "waits.cu"
    path.write_text(
        "__global__ void child() {}\n__global__ void parent() { child<<<1, 1>>>(); cudaDeviceSynchronize(); }\n"
        "int main() { parent<<<1, 1>>>(); }\n",
        encoding="utf-8",
    )
    with pytest.raises(CuportError, match="cudaDeviceSynchronize waits in device code"):
        oracle.run_program(read(path))
