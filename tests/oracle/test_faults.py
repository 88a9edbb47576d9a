"""The checked build: every injected fault is found and named by its line; clean kernels like them are silent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.oracle import Fault, Oracle

FAULTY = Path(__file__).parent / "faults" / "faulty.cu"
TEXT = FAULTY.read_text(encoding="utf-8")
INJECTED = [
    (match[1], match[2], number)
    for number, line in enumerate(TEXT.splitlines(), 1)
    for match in re.finditer(r"// fault: (\w+) ([\w-]+)$", line)
]
CLEAN = re.findall(r"__global__ void (clean_\w+)", TEXT)


@pytest.fixture(scope="module")
def found(oracle: Oracle) -> dict[str, tuple[Fault, ...]]:
    source = read(FAULTY)
    captures = oracle.capture(source)
    replays = oracle.replay(source, [c.case for c in captures], build="checked")
    assert not [r.failure for r in replays if r.failure]
    return {c.case.kernel: r.faults for c, r in zip(captures, replays, strict=True)}


@pytest.mark.parametrize(("kernel", "kind", "line"), INJECTED, ids=[k for k, _, _ in INJECTED])
def test_injected_fault_is_found(kernel: str, kind: str, line: int, found: dict[str, tuple[Fault, ...]]) -> None:
    faults = found[kernel]
    assert (kind, line) in {(f.kind, f.line) for f in faults}, faults
    assert all(Path(f.path) == FAULTY for f in faults)


@pytest.mark.parametrize("kernel", CLEAN)
def test_clean_kernel_is_silent(kernel: str, found: dict[str, tuple[Fault, ...]]) -> None:
    assert found[kernel] == ()


def test_fault_names_the_buffer_thread_and_block(found: dict[str, tuple[Fault, ...]]) -> None:
    fault = found["bounds_write"][0]
    assert fault.thread == (64, 0, 0)
    assert fault.block == (0, 0, 0)
    assert "byte 256 of a (256 bytes)" in fault.message


def test_only_harmless_kinds_are_benign(found: dict[str, tuple[Fault, ...]]) -> None:
    assert all(f.benign for f in found["race_same"] + found["race_atomic"])
    assert not any(f.benign for f in found["race_shared"])
