"""Compiling without a GPU: what is compiled, how often, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

SAXPY = """
@triton.jit
def _k(x, y, a, n, B: tl.constexpr):
    i = tl.program_id(0) * B + tl.arange(0, B)
    {body}

def k(x, y, a, n):
    _k[(triton.cdiv(n, 256),)](x, y, a, n, B=256{options})
"""
RIGHT = "tl.store(y + i, a * tl.load(x + i, mask=i < n) + tl.load(y + i, mask=i < n), mask=i < n)"


def launch(n, dtype=np.float32, a=1.5):
    return {"x": np.zeros(n, dtype), "y": np.zeros(n, dtype), "a": a, "n": n}


def saxpy(body=RIGHT, options=""):
    return SAXPY.replace("{body}", body).replace("{options}", options)


def test_once_per_specialisation_and_platform(port):
    sizes = (1000, 1001, 1024, 2048, 1, 3001, 1000)
    records, notes = port(saxpy()).build("k", *(launch(n) for n in sizes), launch(1000, np.float16))
    assert all(r.ok and r.kind == "compiled" and len(r.artifact) == 64 for r in records)
    details = [(r.platform, re.sub(r" num_.*", "", r.detail)) for r in records]
    assert len(details) == len(set(details))
    on_cuda = {d for p, d in details if p == "cuda:90"}
    # n: plain, divisible by 16, equal to 1; the float scalar's value is no specialisation; fp16 once.
    assert len(on_cuda) == 4
    assert {p for p, _ in details} == {"cuda:90", "hip:gfx942"}
    assert len({r.artifact for r in records if r.platform == "cuda:90"}) == 4
    assert not notes


def failed(port, code, name="k", **args):
    records, _ = port(code).build(name, args or launch(1000))
    assert records
    assert not any(r.ok for r in records if r.platform == "cuda:90")
    return records[0].detail


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("if i < n:\n        tl.store(y + i, 0.0)", "line 12: .*ambiguous"),
        ("for j in range(4):\n        if j == 2:\n            break\n        tl.store(y + i, 0.0)", "line 14: .*Break"),
        ("for j in range(n):\n        if j == 2:\n            return", "line 13: .*return"),
        ("tl.store(y + tl.arange(0, 48), 0.0)", "line 12: .*power of 2"),
        ("tl.store(y + i, tl.load(x + i, mask=i < n, other='a'))", "line 12"),
        ("v = 0\n    while v < n:\n        v += 1.5\n    tl.store(y + i, v)", "line 13: .*v"),
        ("undefined_name(i)", "line 12: .*undefined_name is not defined"),
    ],
)
def test_what_the_compiler_rejects(port, body, told):
    assert re.search(told, failed(port, saxpy(body)), re.DOTALL)


def test_limits_that_the_compiler_leaves_to_the_driver(port):
    assert "2048 threads" in failed(port, saxpy(options=", num_warps=64"))
    records, _ = port(saxpy(options=", num_warps=16")).build("k", launch(1000))
    assert [r.ok for r in records] == [True, True]  # 512 threads of NVIDIA, 1024 of AMD
    records, _ = port(saxpy(options=", num_warps=32")).build("k", launch(1000))
    assert [r.ok for r in records] == [True, False]  # 1024 and 2048


TILE = """
{decorator}
@triton.jit
def _k(a, b, o, K, S: tl.constexpr):
    i, j = tl.arange(0, S)[:, None], tl.arange(0, S)[None, :]
    t = tl.zeros((S, S), tl.float32)
    for k in range(0, K, S):
        t = tl.dot(tl.load(a + i * K + k + j), tl.load(b + (k + i) * S + j), t)
    tl.store(o + i * S + j, t)

def k(a, b, o, n):
    _k[(1,)](a, b, o, n{options})
"""
TILE_ARGS = {"a": np.zeros(16, np.float32), "b": np.zeros(16, np.float32), "o": np.zeros(16, np.float32), "n": 512}


def test_shared_memory_is_counted_for_each_platform(port):
    code = TILE.replace("{decorator}", "").replace("{options}", ", S=64, num_stages=4, num_warps=8")
    records, _ = port(code).build("k", TILE_ARGS)
    assert [r.ok for r in records] == [True, False]
    assert re.search(r"needs \d+ bytes of shared memory; the limit is 65536", records[1].detail)


def test_the_autotuner_may_drop_what_does_not_fit(port):
    configs = "triton.Config({'S': 64}, num_stages=4, num_warps=8), triton.Config({'S': 32})"
    code = TILE.replace("{decorator}", f"@triton.autotune(configs=[{configs}], key=['K'])").replace("{options}", "")
    records, notes = port(code).build("k", TILE_ARGS)
    assert all(r.ok for r in records)
    assert sorted(r.platform for r in records) == ["cuda:90", "cuda:90", "hip:gfx942"]
    assert len(notes) == 1
    assert "drops 1 of 2" in notes[0]


def test_a_launch_that_cannot_be_bound_is_a_failed_record(port):
    assert "unrecognised" in failed(port, saxpy(options=", C=3"))
    assert "the limit is 65535" in failed(port, saxpy().replace("(triton.cdiv(n, 256),)", "(1, 1 << 20)"))
