from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from cuport.targets.triton import worker

DOT = """
@triton.jit
def _k(a, b, o, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    i, j, k = tl.arange(0, M), tl.arange(0, N), tl.arange(0, K)
    x = tl.load(a + i[:, None] * K + k[None, :])
    y = tl.load(b + k[:, None] * N + j[None, :])
    tl.store(o + i[:, None] * N + j[None, :], tl.dot(x, y{extra}))

def k(a, b, o):
    _k[(1,)](a, b, o, 16, 32, 64)
"""


def dot(port, extra, dtype=np.float32):
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((16, 64)).astype(dtype), rng.standard_normal((64, 32)).astype(dtype)
    got = port(DOT.replace("{extra}", extra)).run("k", a=a.ravel(), b=b.ravel(), o=np.zeros(512, np.float32))["o"]
    return a.astype(np.float64), b.astype(np.float64), got.reshape(16, 32)


def test_dot_of_fp32_is_tf32_by_default(port):
    a, b, got = dot(port, "")
    exact = a @ b

    def cut(x):
        return (x.astype(np.float32).view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32).astype(np.float64)

    assert np.abs(got - cut(a) @ cut(b)).max() < 2e-5
    assert np.abs(got - exact).max() > 1e-3  # an fp32 result would be 100 times nearer
    assert any("TF32" in note for note in worker.notes())


@pytest.mark.parametrize("extra", [", input_precision='ieee'", ", input_precision='tf32x3'"])
def test_dot_keeps_fp32_when_asked(port, extra):
    a, b, got = dot(port, extra)
    assert np.abs(got - a @ b).max() < 3e-5


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_dot_of_halves_sums_in_fp32(port, dtype):
    a, b, got = dot(port, "", dtype)
    assert np.abs(got - a @ b).max() < 3e-5


def test_dot_of_bytes_is_exact(port):
    code = DOT.replace("{extra}", "")
    rng = np.random.default_rng(2)
    a, b = rng.integers(-128, 128, (16, 64)).astype(np.int8), rng.integers(-128, 128, (64, 32)).astype(np.int8)
    got = port(code).run("k", a=a.ravel(), b=b.ravel(), o=np.zeros(512, np.int32))["o"].reshape(16, 32)
    assert np.array_equal(got, a.astype(np.int32) @ b.astype(np.int32))


BLOCK = """
@triton.jit
def first(a, b):
    return a

@triton.jit
def affine(a1, b1, a2, b2):
    return a1 * a2, b1 * a2 + b2

@triton.jit
def xor(a, b):
    return a ^ b

@triton.jit
def _k(x, o, R: tl.constexpr, C: tl.constexpr):
    r, c = tl.arange(0, R), tl.arange(0, C)
    at = r[:, None] * C + c[None, :]
    v = tl.load(x + at)
    {body}

def k(x, o):
    _k[(1,)](x, o, 8, 16)
"""


def block(port, body, x, size):
    return port(BLOCK.replace("{body}", body)).run("k", x=x.ravel(), o=np.zeros(size, x.dtype))["o"]


def test_reductions_along_each_axis(port):
    x = np.random.default_rng(3).integers(-50, 50, (8, 16)).astype(np.int32)
    assert np.array_equal(block(port, "tl.store(o + r, tl.sum(v, 1))", x, 8), x.sum(1))
    assert np.array_equal(block(port, "tl.store(o + c, tl.max(v, 0))", x, 16), x.max(0))
    assert np.array_equal(block(port, "tl.store(o + c, tl.argmin(v, 0))", x, 16), x.argmin(0))
    assert block(port, "tl.store(o, tl.sum(v))", x, 1)[0] == x.sum()
    assert block(port, "tl.store(o, tl.xor_sum(tl.sum(v, 1), 0))", x, 1)[0] == np.bitwise_xor.reduce(x.sum(1))
    assert np.array_equal(block(port, "tl.store(o + r, tl.reduce(v, 1, xor))", x, 8), np.bitwise_xor.reduce(x, 1))


def test_ties_go_left(port):
    x = np.zeros((8, 16), np.float32)
    x[:, [3, 9]] = 1.0
    assert block(port, "tl.store(o + r, tl.argmax(v, 1))", x, 8).tolist() == [3.0] * 8


def test_scans_in_both_directions(port):
    x = np.random.default_rng(4).integers(1, 4, (8, 16)).astype(np.int32)
    assert np.array_equal(block(port, "tl.store(o + at, tl.cumsum(v, 1))", x, 128), x.cumsum(1).ravel())
    assert np.array_equal(block(port, "tl.store(o + at, tl.cumprod(v, 0))", x, 128), x.cumprod(0).ravel())
    got = block(port, "tl.store(o + at, tl.cumsum(v, 1, reverse=True))", x, 128)
    assert np.array_equal(got, x[:, ::-1].cumsum(1)[:, ::-1].ravel())


def test_scan_of_pairs(port):
    x = np.random.default_rng(5).integers(0, 3, (8, 16)).astype(np.int32)
    got = block(port, "p, q = tl.associative_scan((v, v + 1), 1, affine)\n    tl.store(o + at, q)", x, 128)
    want = np.zeros_like(x)
    for row in range(8):
        state = 0
        for col in range(16):
            state = state * x[row, col] + x[row, col] + 1
            want[row, col] = state
    assert np.array_equal(got.reshape(8, 16), want)


def test_sort_gather_histogram_flip_join_split(port):
    x = np.random.default_rng(6).integers(0, 16, (8, 16)).astype(np.int32)
    assert np.array_equal(block(port, "tl.store(o + at, tl.sort(v, 1))", x, 128), np.sort(x, 1).ravel())
    got = block(port, "tl.store(o + at, tl.sort(v, 1, descending=True))", x, 128)
    assert np.array_equal(got, np.sort(x, 1)[:, ::-1].ravel())
    want = np.take_along_axis(x, np.repeat(x[:, :1], 16, 1), 1).ravel()
    picked = "tl.gather(v, tl.broadcast_to(tl.sum(tl.where(c[None, :] == 0, v, 0), 1)[:, None], [8, 16]), 1)"
    assert np.array_equal(block(port, f"tl.store(o + at, {picked})", x, 128), want)
    flat = "tl.histogram(tl.reshape(v, [128]), 16)"
    assert np.array_equal(block(port, f"tl.store(o + c, {flat})", x, 16), np.bincount(x.ravel(), minlength=16))
    assert np.array_equal(block(port, "tl.store(o + at, tl.flip(v, 1))", x, 128), x[:, ::-1].ravel())
    body = "a, b = tl.split(tl.reshape(v, [8, 8, 2]))\n    tl.store(o + at, tl.reshape(tl.join(b, a), [8, 16]))"
    assert np.array_equal(block(port, body, x, 128), x.reshape(8, 8, 2)[:, :, ::-1].ravel())
    assert np.array_equal(block(port, "tl.store(o + c[:, None] * 8 + r[None, :], tl.trans(v))", x, 128), x.T.ravel())


def test_gather_outside_its_axis_is_an_error(port):
    x = np.full((8, 16), 16, np.int32)
    with pytest.raises(IndexError, match="16 is outside the axis of 16"):
        block(port, "tl.store(o + at, tl.gather(v, v, 1))", x, 128)


def test_a_combine_function_that_needs_an_order_does_not_pass_unseen(port):
    """The GPU combines lanes in an order of its own; a port that relies on one differs between two passes."""
    x = np.random.default_rng(10).integers(-99, 99, (8, 16)).astype(np.int32)
    horner = BLOCK.replace("return a\n", "return 2 * a + b\n", 1)
    loaded = port(horner.replace("{body}", "tl.store(o + r, tl.reduce(v, 1, first))"))
    results = {tuple(loaded.run("k", x=x.ravel() + s, o=np.zeros(8, np.int32))["o"]) for s in range(6)}
    left_to_right = {tuple(((x + s) * 2 ** np.arange(15, -1, -1)).sum(1)) for s in range(6)}
    assert not results & left_to_right
    assert any("different results" in note for note in worker.notes())


def test_a_combine_function_with_a_branch(port):
    x = np.random.default_rng(11).integers(-99, 99, (8, 16)).astype(np.int32)
    branch = BLOCK.replace(
        "    return a\n", "    if a > b:\n        c = a\n    else:\n        c = b\n    return c\n", 1
    )
    loaded = port(branch.replace("{body}", "tl.store(o + r, tl.reduce(v, 1, first))"))
    assert np.array_equal(loaded.run("k", x=x.ravel(), o=np.zeros(8, np.int32))["o"], x.max(1))


def test_online_softmax_pair(port):
    loaded = port("""
@triton.jit
def pair(m1, s1, m2, s2):
    m = tl.maximum(m1, m2)
    return m, s1 * tl.exp(m1 - m) + s2 * tl.exp(m2 - m)

@triton.jit
def _k(x, o, B: tl.constexpr):
    v = tl.load(x + tl.arange(0, B))
    m, s = tl.reduce((v, tl.full((B,), 1.0, tl.float32)), 0, pair)
    tl.store(o, m)
    tl.store(o + 1, s)

def k(x, o):
    _k[(1,)](x, o, 128)
""")
    x = np.random.default_rng(7).standard_normal(128).astype(np.float32) * 20
    got = loaded.run("k", x=x, o=np.zeros(2, np.float32))["o"]
    exact = np.exp(x.astype(np.float64) - x.max()).sum()
    assert got[0] == x.max()
    assert got[1] == pytest.approx(exact, rel=1e-6)
