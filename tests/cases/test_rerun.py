"""Constants of a program's text and how they are changed."""

from __future__ import annotations

import pytest

from cuport.cases.rerun import constants, other_sizes

TEXT = """#define N (1 << 10)
const int M = 64 * 16; // 1024
/* 1024 */ int k = 1024u, o = 0100, f = 1024.0f, h = 0x400; const char *s = "1024";
dim3 g(N / 256, 2 * 512 * 1);
"""


def test_constants_are_found_whole_and_in_code_only() -> None:
    found = [(TEXT[p.start : p.end], p.value) for p in constants("x.cu", TEXT)]
    assert found == [
        ("1 << 10", 1024),
        ("64 * 16", 1024),
        ("1024u", 1024),
        ("0x400", 1024),
        ("256", 256),
        ("2 * 512 * 1", 1024),
    ]


@pytest.mark.parametrize("value", [5, 7, 64, 100, 1000, 1024, 1000003, 50000, 96])
def test_other_sizes_keep_their_divisibility(value: int) -> None:
    step = min(value & -value, 64)
    bigger, smaller = other_sizes(value)
    assert bigger > value > smaller > 0
    assert bigger % step == 0 and (smaller % step == 0 or smaller == value // 2)
