"""Where Triton's own interpreter and the hardware part ways, ours follows the hardware."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

ELEMENTWISE = """
@triton.jit
def _k(x, o, n, B: tl.constexpr):
    i = tl.arange(0, B)
    v = tl.load(x + i, mask=i < n)
    tl.store(o + i, {expression}, mask=i < n)

def k(x, o, n):
    _k[(1,)](x, o, n, B=64)
"""


def run(port, expression, x, out):
    loaded = port(ELEMENTWISE.replace("{expression}", expression))
    return loaded.run("k", x=np.asarray(x), o=np.zeros(len(x), out), n=len(x))["o"]


def test_bf16_rounds_to_nearest_even(port):
    ties = np.array([0x3F808000, 0x3F818000, 0x3F80C000, 0x3F807FFF, 0xBF818000], np.uint32).view(np.float32)
    got = run(port, "v.to(tl.bfloat16)", ties, ml_dtypes.bfloat16).view(np.uint16)
    assert got.tolist() == [0x3F80, 0x3F82, 0x3F81, 0x3F80, 0xBF82]


def test_f16_rounds_to_nearest_even_and_overflows_to_infinity(port):
    x = np.float32([1 + 2**-11, 1 + 3 * 2**-11, 65504.0, 65519.9, 65520.0, 6e-8, 2e-8])
    got = run(port, "v.to(tl.float16)", x, np.float16)
    assert got.tolist() == [1.0, 1 + 2**-9, 65504.0, 65504.0, np.inf, np.float16(6e-8), 0.0]


def test_fp8_saturates(port):
    x = np.float32([1.0, 17.0, 1e6, -1e6, np.inf, 0.0])
    got = run(port, "v.to(tl.float8e4nv).to(tl.float32)", x, np.float32)
    assert got.tolist() == [1.0, 16.0, 448.0, -448.0, 448.0, 0.0]


@pytest.mark.parametrize(
    ("kind", "out", "want"),
    [
        ("int32", np.int32, [2**31 - 1, -(2**31), 0, 2**31 - 1, -(2**31), -1, 1]),
        ("uint32", np.uint32, [2**32 - 1, 0, 0, 2**32 - 1, 0, 0, 1]),
        ("int64", np.int64, [10**10, -(10**10), -(2**63), 2**63 - 1, -(2**63), -1, 1]),
        ("uint64", np.uint64, [10**10, 0, 2**63, 2**64 - 1, 0, 0, 1]),
        ("int16", np.int16, [32767, -32768, 0, 32767, -32768, -1, 1]),
        # sm_90 converts to 16 bits and drops the upper half.
        ("int8", np.int8, [-1, 0, 0, -1, 0, -1, 1]),
    ],
)
def test_float_to_integer_saturates(port, kind, out, want):
    x = np.float32([1e10, -1e10, np.nan, np.inf, -np.inf, -1.9, 1.9])
    assert run(port, f"v.to(tl.{kind})", x, out).tolist() == want


def test_integer_division_truncates(port):
    x = np.int32([7, -7, 8, -8, -1, -(2**31)])
    assert run(port, "v // 4", x, np.int32).tolist() == [1, -1, 2, -2, 0, -(2**29)]
    assert run(port, "v % 4", x, np.int32).tolist() == [3, -3, 0, 0, -1, 0]
    assert run(port, "v // (0 - n)", x, np.int32).tolist() == [-1, 1, -1, 1, 0, 357913941]


def test_unsigned_wraps_and_divides_unsigned(port):
    x = np.uint32([0, 1, 2**31, 2**32 - 1])
    assert run(port, "v - 1", x, np.uint32).tolist() == [2**32 - 1, 0, 2**31 - 1, 2**32 - 2]
    assert run(port, "v // 3", x, np.uint32).tolist() == [0, 0, 715827882, 1431655765]
    assert run(port, "(v > 5).to(tl.int32)", x, np.int32).tolist() == [0, 0, 1, 1]
    assert run(port, "v >> 4", x, np.uint32).tolist() == [0, 0, 2**27, 2**28 - 1]
    assert run(port, "v.to(tl.float32)", x, np.float32).tolist() == [0.0, 1.0, 2.0**31, 2.0**32]
    assert run(port, "v.to(tl.uint64)", x, np.uint64).tolist() == x.tolist()


def test_signed_shift_and_overflow(port):
    x = np.int32([-8, -1, 2**31 - 1])
    assert run(port, "v >> 1", x, np.int32).tolist() == [-4, -1, 2**30 - 1]
    assert run(port, "v + 1", x, np.int32).tolist() == [-7, 0, -(2**31)]
    assert run(port, "v * v", x, np.int32).tolist() == [64, 1, 1]
    assert run(port, "v << n", x, np.int32).tolist() == [-64, -8, -8]


def test_bytes_do_not_promote(port):
    x = np.uint8([200, 255, 3])
    assert run(port, "v + v", x, np.uint8).tolist() == [144, 254, 6]
    assert run(port, "v.to(tl.int32) + v", x, np.int32).tolist() == [400, 510, 6]


def test_large_product_takes_its_high_half(port):
    x = np.uint32([2**32 - 1, 2**31, 3])
    assert run(port, "tl.umulhi(v, v)", x, np.uint32).tolist() == [2**32 - 2, 2**30, 0]


def test_loop_counter_is_32_bits(port):
    loaded = port("""
@triton.jit
def _k(o, n):
    total = 0
    for i in range(n, n + 3):
        total = i * 65536
    tl.store(o, total)
    last = 0
    for i in range(10, 0, -3):
        last = last * 100 + i
    tl.store(o + 1, last)

def k(o, n):
    _k[(1,)](o, n)
""")
    assert loaded.run("k", o=np.zeros(2, np.int32), n=65534)["o"].tolist() == [0, 10070401]


def test_fma_rounds_once(port):
    x = np.float32([1 + 2**-12])
    got = run(port, "tl.fma(v, v, -1.0 - 2 * 2.0**-12)", x, np.float32)
    assert got[0] == np.float32(2.0**-24)
    assert run(port, "v * v - 1.0 - 2 * 2.0**-12", x, np.float32)[0] == 0.0


def test_denormals_are_kept(port):
    x = np.float32([1e-39, -1e-44])
    assert run(port, "v * 0.5 + v", x, np.float32).tolist() == (x * np.float32(0.5) + x).tolist()


def test_max_drops_nan_unless_asked(port):
    x = np.float32([np.nan, 2.0])
    assert run(port, "tl.maximum(v, 1.0)", x, np.float32).tolist() == [1.0, 2.0]
    kept = run(port, "tl.maximum(v, 1.0, propagate_nan=tl.PropagateNan.ALL)", x, np.float32)
    assert np.isnan(kept[0])
    assert kept[1] == 2.0


def test_comparisons_with_nan(port):
    x = np.float32([np.nan, 0.0, -0.0, 1.0])
    assert run(port, "(v == v).to(tl.int32)", x, np.int32).tolist() == [0, 1, 1, 1]
    assert run(port, "(v != 0.0).to(tl.int32)", x, np.int32).tolist() == [1, 0, 0, 1]
    assert run(port, "(~(v < 1.0)).to(tl.int32)", x, np.int32).tolist() == [1, 0, 0, 1]


def test_and_or_not_on_blocks(port):
    x = np.int32([0, 1, 5, 9])
    assert run(port, "((v > 0) and (v < 9)).to(tl.int32)", x, np.int32).tolist() == [0, 1, 1, 0]
    assert run(port, "((v > 0) & (n > 2)).to(tl.int32)", x, np.int32).tolist() == [0, 1, 1, 1]
    assert run(port, "((n > 2) & (v > 0)).to(tl.int32)", x, np.int32).tolist() == [0, 1, 1, 1]
    assert run(port, "(0 < v <= 5).to(tl.int32)", x, np.int32).tolist() == [0, 1, 1, 0]


SCALAR = """
@triton.jit
def _k(o, a{annotation}):
    tl.store(o, a)

def k(o, a):
    _k[(1,)](o, a)
"""


def test_a_float_scalar_is_fp32_unless_the_signature_says_otherwise(port):
    value = 0.1
    plain = port(SCALAR.replace("{annotation}", "")).run("k", o=np.zeros(1), a=value)["o"]
    assert plain[0] == np.float64(np.float32(value))
    wide = port(SCALAR.replace("{annotation}", ": tl.float64")).run("k", o=np.zeros(1), a=value)["o"]
    assert wide[0] == value


def test_integer_scalars_specialise_by_size(port):
    for value in (1, 16, -5, 2**31 - 1, 2**31, 2**40, -(2**40)):
        got = port(SCALAR.replace("{annotation}", "")).run("k", o=np.zeros(1, np.int64), a=value)["o"]
        assert got[0] == value


def test_template_type_is_a_triton_dtype(port):
    loaded = port("""
@triton.jit
def _k(x, o, T: tl.constexpr):
    tl.store(o, tl.load(x).to(T))

def k(x, o, *, T):
    _k[(1,)](x, o, T)
""")
    got = loaded.run("k", {"T": "int32"}, x=np.float32([3.7]), o=np.zeros(1, np.int32))
    assert got["o"].tolist() == [3]
