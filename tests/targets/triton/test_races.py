"""Lanes of a program that meet in memory: an error without a barrier, fine with one."""

from __future__ import annotations

import numpy as np
import pytest

from cuport.targets.triton import worker
from cuport.targets.triton.interpreter.races import Race

KERNEL = """
@triton.jit
def _k(x, s, o, B: tl.constexpr):
    p = tl.program_id(0) * B
    i = tl.arange(0, B)
    j = B - 1 - i
    {body}

def k(x, o):
    _k[(x.numel() // 32,)](x, torch.zeros_like(x), o, B=32)
"""
BARRIER = "tl.debug_barrier()"


def run(port, *lines):
    x = np.random.default_rng(0).standard_normal(96).astype(np.float32)
    loaded = port(KERNEL.replace("{body}", "\n    ".join(lines)))
    return x, loaded.run("k", x=x, o=np.zeros(96, np.float32))


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("tl.store(s + p + i, tl.load(x + p + i))", "tl.store(o + p + i, tl.load(s + p + j))", "loads what lane"),
        ("v = tl.load(x + p + i)", "tl.store(x + p + j, v)", "stores over what lane"),
        ("tl.store(o + p + i, 0.0)", "tl.store(o + p + j, tl.load(x + p + i))", "stored in `o`"),
        ("tl.store(o + p + i, 0.0)", "tl.atomic_add(o + p + j, tl.load(x + p + i))", "changes atomically what lane"),
        ("tl.atomic_add(s + p + j, tl.load(x + p + i))", "tl.store(o + p + i, tl.load(s + p + i))", "another lane"),
        ("tl.store(s + p, 1.0)", "tl.store(o + p + i, tl.load(s + p + i))", "loads what lane 0 stored"),
        ("b = tl.load(x + p)", "tl.store(x + p + i, tl.load(x + p + i) + b)", "stores over what"),
    ],
)
def test_a_missing_barrier_is_found(port, first, second, told):
    with pytest.raises(Race, match=told):
        run(port, first, second)
    run(port, first, BARRIER, second)


@pytest.mark.parametrize(
    "lines",
    [
        ("tl.store(s + p + i, tl.load(x + p + i))", "tl.store(o + p + i, tl.load(s + p + i))"),
        ("tl.store(x + p + i, 2 * tl.load(x + p + i))",),
        ("tl.atomic_add(o + i % 3, 1.0)", "tl.atomic_add(o + j % 5, 2.0)"),
        ("c = tl.load(s + p)", "tl.store(s + p, c + 1)", "tl.store(o + p, tl.load(s + p))"),
        ("v = tl.load(x + p + j)", "tl.store(o + p + i, v)", "w = tl.load(x + p + i // 2)"),
        ("tl.store(o + p + i, tl.load(x + p + i), mask=i < 16)", "v = tl.load(o + p + j, mask=j >= 16, other=0.0)"),
    ],
)
def test_lanes_that_keep_to_themselves_are_fine(port, lines):
    run(port, *lines)


def test_a_reduction_between_is_a_note(port):
    x, got = run(port, "v = tl.load(x + p + i)", "tl.store(x + p + j, v / tl.sum(tl.abs(v), 0))")
    rows = x.reshape(3, 32)
    want = (rows / np.abs(rows).sum(1, keepdims=True))[:, ::-1]
    assert np.allclose(got["x"].reshape(3, 32), want, rtol=1e-5)
    assert any("only a reduction" in note for note in worker.notes())


def test_other_programs_are_not_this_programs_lanes(port):
    run(port, "tl.store(o + i, 1.0)", "tl.store(s + p + i, 2.0)")
