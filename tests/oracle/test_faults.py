"""The checked build: every injected fault is found and named by its line; clean kernels like them are silent.

In faults/*.cu `// fault: KERNEL KIND` ends the line that is to be named, `// benign: KERNEL KIND` the same for what
decides nothing by itself; nothing may be said of kernels called clean_*, in any order of blocks and threads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from cuport.case import Buffer, Case, PointerArg
from cuport.cuda import read
from cuport.kernel import Source
from cuport.oracle import Fault, Oracle
from cuport.oracle.faults import plain_symbol
from cuport.oracle.program import Program, build_for, run_checked
from cuport.oracle.replay import order_note
from cuport.oracle.results import ProgramResult, Replay, Schedule

FOLDER = Path(__file__).parent / "faults"
REPLAYED = FOLDER / "faulty.cu"  # launch by launch, from captured inputs
HANGS = FOLDER / "hangs.cu"
WHOLE = sorted(set(FOLDER.glob("*.cu")) - {REPLAYED, HANGS})  # as programs


class Mark(NamedTuple):
    path: Path
    kernel: str
    kind: str
    line: int

    def __str__(self) -> str:
        return f"{self.path.stem}-{self.kernel}-{self.kind}"


def marks(path: Path) -> list[Mark]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        Mark(path, match[1], match[2], number)
        for number, line in enumerate(lines, 1)
        for match in re.finditer(r"// (?:fault|benign): (\w+) ([\w-]+)$", line)
    ]


def clean_kernels(path: Path) -> list[str]:
    return re.findall(r"__global__ void (clean_\w+)", path.read_text(encoding="utf-8"))


class Programs:
    """The programs of the folder, built when they are asked for, and what was found in them."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self._built: dict[Path, tuple[Program, Path]] = {}
        self._found: dict[tuple[Path, str], tuple[Fault, ...]] = {}

    def run(
        self, path: Path, args: tuple[str, ...] = (), *, schedule: Schedule = "forward", timeout: float = 60.0
    ) -> ProgramResult:
        if path not in self._built:
            self._built[path] = build_for([path], self.oracle.settings, checked=True)
        program, executable = self._built[path]
        settings = self.oracle.settings
        return run_checked(program, executable, args, settings, cwd=FOLDER, schedule=schedule, seed=5, timeout=timeout)

    def found(self, path: Path, schedule: Schedule = "forward") -> tuple[Fault, ...]:
        if (path, schedule) not in self._found:
            result = self.run(path, schedule=schedule)
            assert result.returncode == 0, result.stderr
            self._found[path, schedule] = result.faults
        return self._found[path, schedule]


@pytest.fixture(scope="module")
def programs(oracle: Oracle) -> Programs:
    return Programs(oracle)


@pytest.fixture(scope="module")
def replayed(oracle: Oracle) -> dict[str, tuple[Fault, ...]]:
    source = read(REPLAYED)
    captures = oracle.capture(source)
    replays = oracle.replay(source, [c.case for c in captures], build="checked")
    assert not [r.failure for r in replays if r.failure]
    return {c.case.kernel: r.faults for c, r in zip(captures, replays, strict=True)}


@pytest.mark.parametrize("mark", [m for p in WHOLE for m in marks(p)], ids=str)
def test_injected_fault_is_found_in_a_program(mark: Mark, programs: Programs) -> None:
    faults = [f for f in programs.found(mark.path) if f.kernel == mark.kernel]
    assert (mark.kind, mark.line) in {(f.kind, f.line) for f in faults}, faults
    assert all(Path(f.path) == mark.path for f in faults)


@pytest.mark.parametrize("schedule", ["forward", "reverse", "random"])
@pytest.mark.parametrize("path", WHOLE, ids=lambda p: p.stem)
def test_clean_kernels_are_silent(path: Path, schedule: Schedule, programs: Programs) -> None:
    marked = {m.kernel for m in marks(path)}
    assert [f for f in programs.found(path, schedule) if f.kernel not in marked] == []


@pytest.mark.parametrize("path", WHOLE, ids=lambda p: p.stem)
def test_every_kernel_is_marked_or_clean(path: Path) -> None:
    known = {m.kernel for m in marks(path)} | set(clean_kernels(path))
    kernels = set(re.findall(r"__global__ void (\w+)", path.read_text(encoding="utf-8")))
    assert kernels - known <= {"first_writes", "writes_it"}  # they only prepare what a clean one reads


def test_the_suite_is_as_large_as_it_says() -> None:
    paths = [*WHOLE, REPLAYED, HANGS]
    assert sum(len(marks(p)) for p in paths) >= 60
    assert sum(len(clean_kernels(p)) for p in paths) >= 40


@pytest.mark.parametrize("mark", marks(REPLAYED), ids=str)
def test_injected_fault_is_found_in_a_replay(mark: Mark, replayed: dict[str, tuple[Fault, ...]]) -> None:
    faults = replayed[mark.kernel]
    assert (mark.kind, mark.line) in {(f.kind, f.line) for f in faults}, faults
    assert all(Path(f.path) == REPLAYED for f in faults)


@pytest.mark.parametrize("kernel", clean_kernels(REPLAYED))
def test_clean_kernel_is_silent_in_a_replay(kernel: str, replayed: dict[str, tuple[Fault, ...]]) -> None:
    assert replayed[kernel] == ()


@pytest.mark.parametrize(("number", "mark"), list(enumerate(marks(HANGS))), ids=str)
def test_kernel_that_hangs_is_stopped_and_named(number: int, mark: Mark, programs: Programs) -> None:
    result = programs.run(HANGS, (str(number),), timeout=4)
    assert not result.timed_out, "the program goes on after its kernel was given up"
    assert [(f.kernel, f.kind, f.line) for f in result.faults] == [(mark.kernel, mark.kind, mark.line)]


def test_fault_names_the_buffer_thread_and_block(programs: Programs, replayed: dict[str, tuple[Fault, ...]]) -> None:
    fault = replayed["bounds_write"][0]
    assert fault.thread == (64, 0, 0)
    assert fault.block == (0, 0, 0)
    assert "byte 256 of a (256 bytes)" in fault.message
    named = {f.kernel: f.message for f in programs.found(FOLDER / "bounds_global.cu")}
    assert "byte 240 of x (240 bytes)" in named["off_by_one"]
    shared = {f.kernel: f.message for f in programs.found(FOLDER / "bounds_shared.cu")}
    assert "byte 240 of dynamic shared memory (240 bytes)" in shared["dynamic_small"]
    assert "byte 20 of weights (20 bytes)" in shared["constant_past"]
    kinds = {f.kernel: f.message for f in programs.found(FOLDER / "memory_kinds.cu")}
    assert "host variable on_host" in kinds["host_variable"]
    assert "which was freed" in kinds["freed_write"]
    assert "null pointer" in kinds["null_write"]


def test_race_names_the_other_access(programs: Programs) -> None:
    faults = [f for f in programs.found(FOLDER / "races_block.cu") if f.kernel == "missing_barrier"]
    written = next(m.line for m in marks(FOLDER / "races_block.cu") if m.kernel == "missing_barrier") - 1
    assert any(f"of block (0,0,0) writes at line {written}" in f.message for f in faults), faults


def test_warp_synchronous_code_is_called_so(programs: Programs) -> None:
    faults = [f for f in programs.found(FOLDER / "races_warp.cu") if f.kernel == "old_reduction"]
    assert all("warp-synchronous" in f.message for f in faults if f.kind == "race")


def test_only_harmless_kinds_are_benign(programs: Programs, replayed: dict[str, tuple[Fault, ...]]) -> None:
    assert all(f.benign for f in replayed["race_same"] + replayed["race_atomic"])
    assert not any(f.benign for f in replayed["race_shared"])
    assert all(f.benign for f in programs.found(FOLDER / "arithmetic.cu"))


def test_names_of_linkers_are_read() -> None:
    assert plain_symbol("_ZL7on_host") == "on_host"
    assert plain_symbol("_ZN3abcL5tableE") == "table"
    assert plain_symbol("counter.0") == "counter"


ORDERS = """
#include <cstdio>
#include <cuda_runtime.h>
__global__ void shown(int* x) { x[0] = (int)threadIdx.x; }
__global__ void calm(int* x) { atomicAdd(x, 1); }
int main() {
  int* x;
  cudaMalloc(&x, 256), cudaMemset(x, 0, 256);
  shown<<<1, 64>>>(x);
  calm<<<1, 64>>>(x);
  return cudaDeviceSynchronize();
}
"""


def test_replays_say_whether_an_order_shows_a_race(oracle: Oracle, source: Callable[[str], Source]) -> None:
    program = source(ORDERS)
    cases = {c.case.kernel: c.case for c in oracle.capture(program)}
    replays = oracle.replay(program, list(cases.values()), build="checked")
    notes = {kernel: " ".join(r.notes) for kernel, r in zip(cases, replays, strict=True)}
    assert "shows: the results in reverse" in notes["shown"]
    assert notes["calm"] == ""


@pytest.mark.parametrize("schedule", ["reverse", "random"])
def test_other_orders_reveal_a_program_that_depends_on_them(
    schedule: Schedule, oracle: Oracle, source: Callable[[str], Source]
) -> None:
    program = source(ORDERS.replace("return cudaDeviceSynchronize();", PRINT_SHOWN))
    forward = oracle.run_program(program)
    other = oracle.run_program(program, schedule=schedule, seed=1)
    assert forward.stdout == "127\n", forward.stderr
    assert other.stdout not in ("", forward.stdout)


PRINT_SHOWN = 'int v; cudaMemcpy(&v, x, 4, cudaMemcpyDeviceToHost); printf("%d\\n", v); return 0;'


def test_notes_on_orders() -> None:
    fault = Fault("race", "writes", 12, (0, 0, 0), (0, 0, 0))
    same, unlike = Replay((np.zeros(3),), (fault,)), Replay((np.ones(3),))
    assert "line 12 shows in no order" in order_note(same, {"reverse": same, "random": same})
    assert "random order differ" in order_note(same, {"reverse": same, "random": unlike})
    assert "no time" in order_note(same, {})


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_an_empty_buffer_has_no_first_element(
    dtype: type[np.generic], oracle: Oracle, source: Callable[[str], Source]
) -> None:
    name = {np.uint8: "unsigned char", np.float32: "float", np.float64: "double"}[dtype]
    read_ = source(f"__global__ void k(const {name}* x, {name}* y) {{ y[threadIdx.x] = x[threadIdx.x * 0]; }}")
    buffers = (Buffer("x", np.zeros(0, dtype)), Buffer("y", np.zeros(4, dtype)))
    args = tuple(PointerArg(i, 0, np.dtype(dtype).name) for i in range(2))
    case = Case("k", "k", (1, 1, 1), (4, 1, 1), 0, args, buffers)
    [replay] = oracle.replay(read_, [case], build="checked")
    assert [f.kind for f in replay.faults if not f.benign][:1] == ["out-of-bounds"]
