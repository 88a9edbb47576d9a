from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from cuport.sandbox.call import Call, Scalar, View
from cuport.sandbox.contract import Contract
from cuport.sandbox.worker import failure_of
from cuport.targets.triton import worker
from cuport.targets.triton.interpreter.memory import BadAccess

COPY = """
@triton.jit
def _k(x, o, n, B: tl.constexpr):
    i = tl.program_id(0) * B + tl.arange(0, B)
    v = tl.load(x + {load})
    tl.store(o + {store})

def k(x, o, n):
    _k[(triton.cdiv(n, 32),)](x, o, n, B=32)
"""


def copy(port, n, load="i, mask=i < n", store="i, v, mask=i < n"):
    x = np.arange(1, n + 1, dtype=np.float32)
    loaded = port(COPY.replace("{load}", load).replace("{store}", store))
    return x, loaded.run("k", x=x, o=np.zeros(n, np.float32), n=n)["o"]


@pytest.mark.parametrize("n", [1, 31, 32, 33, 97])
def test_masked_lanes_touch_nothing(port, n):
    x, got = copy(port, n)
    assert np.array_equal(x, got)


@pytest.mark.parametrize(
    ("load", "store", "told"),
    [
        ("i", "i, v, mask=i < n", r"load out of bounds: element 63 of `x`, which holds 33"),
        ("i, mask=i < n", "i, v", r"store out of bounds: element 63 of `o`, which holds 33"),
        ("i - 1, mask=i < n", "i, v, mask=i < n", r"load out of bounds: element -1 of `x`"),
        ("i, mask=i <= n", "i, v, mask=i < n", r"load out of bounds: element 33 of `x`"),
        ("i, mask=i < n", "i + (1 << 28), v, mask=i < n", r"store out of bounds: element 268435487 of `o`"),
    ],
)
def test_out_of_bounds_is_an_error_with_its_line(port, load, store, told):
    with pytest.raises(BadAccess, match=told) as caught:
        copy(port, 33, load, store)
    failure = failure_of(caught.value, Path(caught.traceback[-1].path).parent / "?", "exception")
    assert failure.line is None  # of another file
    ports = [entry for entry in caught.traceback if Path(entry.path).name.startswith("port")]
    assert ports[-1].lineno + 1 == (12 if told.startswith("load") else 13)
    assert failure_of(caught.value, Path(ports[-1].path), "exception").line == ports[-1].lineno + 1


@pytest.mark.parametrize("distance", [4, -1, 64, -64, 1000, 1 << 20, -(1 << 20), (1 << 31) - 1, -(1 << 31)])
def test_an_offset_never_lands_in_another_buffer(port, distance):
    """However far two buffers are apart, pointer arithmetic cannot cross from one to the other."""
    loaded = port("""
@triton.jit
def _k(x, o, d):
    tl.store(o, tl.load(x + d))

def k(x, y, z, o, d):
    more = [torch.zeros(1 << 16) for _ in range(4)]
    _k[(1,)](x, o, d)
""")
    arrays = {name: np.ones(1 << 12, np.float32) for name in "yz"}
    with pytest.raises(BadAccess, match="of `x`, which holds 4"):
        loaded.run("k", x=np.zeros(4, np.float32), **arrays, o=np.zeros(1, np.float32), d=distance)


def test_misaligned_access_is_an_error(port):
    loaded = port("""
@triton.jit
def _k(x, o):
    tl.store(o, tl.load((x + 1).to(tl.pointer_type(tl.float32))))

def k(x, o):
    _k[(1,)](x, o)
""")
    with pytest.raises(BadAccess, match="misaligned"):
        loaded.run("k", x=np.zeros(16, np.uint8), o=np.zeros(1, np.float32))


def test_null_pointers_arrive_as_none(port):
    loaded = port("""
@triton.jit
def _k(x, o):
    if x is None:
        tl.store(o, 1.0)
    else:
        tl.store(o, tl.load(x))

def k(x, o):
    _k[(1,)](x, o)
""")
    assert loaded.run("k", x=None, o=np.zeros(1, np.float32))["o"][0] == 1.0
    assert loaded.run("k", x=np.float32([5.0]), o=np.zeros(1, np.float32))["o"][0] == 5.0


def test_overlapping_pointers_are_one_buffer(port):
    loaded = port("""
@triton.jit
def _k(a, b, B: tl.constexpr):
    i = tl.arange(0, B)
    tl.store(b + i, tl.load(a + i) + 1)

def k(a, b):
    _k[(1,)](a, b, B=4)
""")
    raw = np.arange(8, dtype=np.int32).view(np.uint8)
    call = Call(0, ("a", "b"), (View("a", 0, 0, "int32", 1, 8), View("b", 0, 16, "int32", 1, 4)), {}, (raw,))
    got = np.asarray(worker.call(loaded.module, Contract("k", "k", ("a", "b")), call)[0]).view(np.int32)
    assert got.tolist() == [0, 1, 2, 3, 1, 2, 3, 4]


def test_vector_elements_are_rows(port):
    loaded = port("""
@triton.jit
def _k(x, o, n, B: tl.constexpr):
    i, lane = tl.arange(0, B)[:, None], tl.arange(0, 4)[None, :]
    tl.store(o + i, tl.sum(tl.load(x + 4 * i + lane, mask=i < n), 1)[:, None], mask=i < n)

def k(x, o, n):
    assert x.shape == (n, 4)
    _k[(1,)](x, o, n, B=16)
""")
    x = np.arange(36, dtype=np.float32).reshape(9, 4)
    assert np.array_equal(loaded.run("k", x=x, o=np.zeros(9, np.float32), n=9)["o"], x.sum(1))


def test_bool_and_half_buffers(port):
    loaded = port("""
@triton.jit
def _k(f, h, b, B: tl.constexpr):
    i = tl.arange(0, B)
    on = tl.load(f + i)
    tl.store(h + i, tl.where(on, tl.load(h + i) * 2, 0.0))
    tl.store(b + i, tl.where(on, tl.load(b + i) + 1, -1.0))
    tl.store(f + i, on == 0)

def k(f, h, b):
    _k[(1,)](f, h, b, B=4)
""")
    flags = np.array([True, False, True, False])
    got = loaded.run("k", f=flags, h=np.float16([1, 2, 3, 4]), b=np.array([1, 2, 256, 4], ml_dtypes.bfloat16))
    assert got["f"].tolist() == [False, True, False, True]
    assert got["h"].tolist() == [2, 0, 6, 0]
    assert got["b"].astype(np.float32).tolist() == [2, -1, 256, -1]  # 257 is no bf16


ATOMIC = """
@triton.jit
def _k(x, o, old, n, B: tl.constexpr):
    i = tl.program_id(0) * B + tl.arange(0, B)
    v = tl.load(x + i, mask=i < n, other=0)
    r = tl.atomic_{kind}(o + i % 3, v, mask=i < n)
    tl.store(old + i, r, mask=i < n)

def k(x, o, old, n):
    _k[(triton.cdiv(n, 16),)](x, o, old, n, B=16)
"""


@pytest.mark.parametrize(
    ("kind", "combine", "start"),
    [("add", np.add, 5), ("max", np.maximum, 0), ("min", np.minimum, 10**6), ("xor", np.bitwise_xor, 1)],
)
def test_atomics_combine_every_lane(port, kind, combine, start):
    x = np.random.default_rng(8).integers(-1000, 1000, 45).astype(np.int32)
    before = np.full(3, start, np.int32)
    got = port(ATOMIC.replace("{kind}", kind)).run("k", x=x, o=before, old=np.zeros(45, np.int32), n=45)
    assert got["o"].tolist() == [combine.reduce(np.append(x[k::3], start)) for k in range(3)]
    if kind == "add":  # some order of the additions explains the old values
        for k in range(3):
            steps = sorted(zip(got["old"][k::3].tolist(), x[k::3].tolist(), strict=True))
            state = {start}
            assert {o for o, _ in steps} <= {start} | {o + v for o, v in steps}
            assert state & {o for o, _ in steps}


def test_float_and_unsigned_atomics(port):
    x = np.float32([-1.5, 2.25, -0.5, 8.0, -9.0])
    for kind, combine in (("add", np.sum), ("max", np.max), ("min", np.min)):
        loaded = port(ATOMIC.replace("{kind}", kind).replace("i % 3", "i * 0"))
        got = loaded.run("k", x=x, o=np.zeros(1, np.float32), old=np.zeros(5, np.float32), n=5)["o"]
        assert got[0] == combine(np.append(x, 0.0))
    u = np.uint32([1, 2**32 - 1, 7])
    loaded = port(ATOMIC.replace("{kind}", "max").replace("i % 3", "i * 0"))
    got = loaded.run("k", x=u, o=np.zeros(1, np.uint32), old=np.zeros(3, np.uint32), n=3)["o"]
    assert got[0] == 2**32 - 1


def test_compare_and_swap_lets_one_lane_win(port):
    loaded = port("""
@triton.jit
def _k(lock, o, B: tl.constexpr):
    i = tl.arange(0, B)
    seen = tl.atomic_cas(lock + i * 0, i * 0, i + 1)
    tl.store(o + i, seen)

def k(lock, o):
    _k[(1,)](lock, o, B=8)
""")
    got = loaded.run("k", lock=np.zeros(1, np.int32), o=np.zeros(8, np.int32))
    winner = got["lock"][0]
    assert 1 <= winner <= 8
    assert sorted(got["o"].tolist()) == [0] + [winner] * 7


def test_tensor_descriptors(port):
    loaded = port("""
@triton.jit
def _k(x, o, m, n, B: tl.constexpr):
    a = tl.make_tensor_descriptor(x, shape=[m, n], strides=[n, 1], block_shape=[B, B])
    b = tl.make_tensor_descriptor(o, shape=[m, n], strides=[n, 1], block_shape=[B, B])
    at = [tl.program_id(0) * B, tl.program_id(1) * B]
    b.store(at, a.load(at) * 2)

def k(x, o, m, n):
    _k[(triton.cdiv(m, 16), triton.cdiv(n, 16))](x, o, m, n, B=16)
""")
    x = np.random.default_rng(9).random((40, 36)).astype(np.float32)
    got = loaded.run("k", x=x.ravel(), o=np.zeros(x.size, np.float32), m=40, n=36)["o"]
    assert np.array_equal(got, x.ravel() * 2)


def test_a_double_scalar_and_a_struct(port):
    from cuport.sandbox.call import StructValue

    loaded = port("""
@triton.jit
def _k(o, scale, shift: tl.float64):
    tl.store(o, tl.load(o) * scale + shift)

def k(o, p):
    _k[(1,)](o, p.scale, p.shift)
""")
    fields = (("scale", Scalar("int32", 3)), ("shift", Scalar("float64", 0.1)))
    call = Call(
        0, ("o", "p"), (View("o", 0, 0, "float64", 1, 1), StructValue("P", fields)), {}, (np.ones(1).view(np.uint8),)
    )
    got = np.asarray(worker.call(loaded.module, Contract("k", "k", ("o", "p")), call)[0]).view(np.float64)
    assert got[0] == 3.1
