"""Library functions: values against independent formulas, and coverage of what Triton offers."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

ONE = """
@triton.jit
def _k(x, o, B: tl.constexpr):
    i = tl.arange(0, B)
    tl.store(o + i, {name}(tl.load(x + i)))

def k(x, o):
    _k[(1,)](x, o, B=16)
"""
TWO = """
@triton.jit
def _k(x, y, o, B: tl.constexpr):
    i = tl.arange(0, B)
    tl.store(o + i, {name}(tl.load(x + i), tl.load(y + i)))

def k(x, y, o):
    _k[(1,)](x, y, o, B=16)
"""
X = np.float32([-3.5, -1.0, -0.75, -0.3, -1e-3, 0.0, 1e-7, 1e-3, 0.25, 0.5, 0.9, 1.0, 1.5, 2.5, 7.0, 11.0])
Y = np.float32([2.0, 0.5, -1.0, 3.0, 1.0, 2.0, -2.0, 0.1, 0.7, 5.0, -0.3, 1.0, 2.0, -1.5, 0.2, 1.1])


def _domain(compute, *args):
    try:
        return compute(*args)
    except (ValueError, ZeroDivisionError, OverflowError):
        return math.nan


UNARY = {
    "libdevice.tanh": math.tanh,
    "libdevice.exp": math.exp,
    "libdevice.expm1": math.expm1,
    "libdevice.log1p": math.log1p,
    "libdevice.log2": math.log2,
    "libdevice.log10": math.log10,
    "libdevice.sin": math.sin,
    "libdevice.tan": math.tan,
    "libdevice.asin": math.asin,
    "libdevice.acos": math.acos,
    "libdevice.atan": math.atan,
    "libdevice.sinh": math.sinh,
    "libdevice.asinh": math.asinh,
    "libdevice.acosh": math.acosh,
    "libdevice.atanh": math.atanh,
    "libdevice.cbrt": lambda v: math.copysign(abs(v) ** (1 / 3), v),
    "libdevice.erf": math.erf,
    "libdevice.erfc": math.erfc,
    "libdevice.lgamma": math.lgamma,
    "libdevice.tgamma": math.gamma,
    "libdevice.normcdf": lambda v: 0.5 * math.erfc(-v / math.sqrt(2)),
    "libdevice.sinpi": lambda v: math.sin(math.pi * v),
    "libdevice.cospi": lambda v: math.cos(math.pi * v),
    "libdevice.rint": round,
    "libdevice.round": lambda v: math.copysign(math.floor(abs(v) + 0.5), v),
    "libdevice.trunc": math.trunc,
    "libdevice.exp10": lambda v: 10.0**v,
    "tl.erf": math.erf,
    "tl.exp2": lambda v: 2.0**v,
    "tl.cos": math.cos,
    "tl.floor": math.floor,
    "tl.sigmoid": lambda v: 1 / (1 + math.exp(-v)),
}


@pytest.mark.parametrize("name", UNARY)
def test_unary(port, name):
    got = port(ONE.replace("{name}", name)).run("k", x=X, o=np.zeros(16, np.float32))["o"]
    for value, result in zip(X, got, strict=True):
        want = _domain(UNARY[name], float(value))
        if math.isnan(want):
            assert not math.isfinite(result), (name, value)
        else:
            assert result == pytest.approx(want, rel=3e-7, abs=2e-7), (name, value)


@pytest.mark.parametrize(
    ("name", "compute"),
    [
        ("libdevice.pow", lambda a, b: math.nan if a < 0 and b != int(b) else a**b if a or b > 0 else math.inf),
        ("libdevice.atan2", math.atan2),
        ("libdevice.fmod", math.fmod),
        ("libdevice.remainder", math.remainder),
        ("libdevice.hypot", math.hypot),
        ("libdevice.copysign", math.copysign),
        ("libdevice.fdim", lambda a, b: max(a - b, 0.0)),
        ("libdevice.fast_dividef", lambda a, b: a / b),
    ],
)
def test_binary(port, name, compute):
    got = port(TWO.replace("{name}", name)).run("k", x=X, y=Y, o=np.zeros(16, np.float32))["o"]
    for a, b, result in zip(X, Y, got, strict=True):
        want = compute(float(a), float(b))
        assert result == pytest.approx(want, rel=3e-7, abs=1e-30, nan_ok=True), (name, a, b)


def test_fp64_is_not_narrowed(port):
    x = np.linspace(0.1, 2.0, 16)
    got = port(ONE.replace("{name}", "libdevice.tanh")).run("k", x=x, o=np.zeros(16))["o"]
    assert np.allclose(got, np.tanh(x), rtol=1e-15, atol=0)


@pytest.mark.parametrize(
    ("name", "values", "want"),
    [
        ("libdevice.clz", [0, 1, -1, 1 << 20], [32, 31, 0, 11]),
        ("libdevice.popc", [0, 1, -1, 0b1011], [0, 1, 32, 3]),
        ("libdevice.ffs", [0, 1, -8, 1 << 31], [0, 1, 4, 32]),
        ("libdevice.brev", [0, 1, 3, -1], [0, -(2**31), -(2**30), -1]),
    ],
)
def test_bit_functions(port, name, values, want):
    x = np.resize(np.array(values, np.int64).astype(np.int32), 16)
    got = port(ONE.replace("{name}", name)).run("k", x=x, o=np.zeros(16, np.int32))["o"]
    assert got[:4].tolist() == [w if w < 2**31 else w - 2**32 for w in want]


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("float2int_rn", [2, 2, -2, 2**31 - 1]),
        ("float2int_rz", [1, 2, -1, 2**31 - 1]),
        ("float2int_rd", [1, 2, -2, 2**31 - 1]),
        ("float2int_ru", [2, 3, -1, 2**31 - 1]),
    ],
)
def test_conversions_with_a_rounding_mode(port, name, want):
    x = np.resize(np.float32([1.5, 2.5, -1.5, 3e9]), 16)
    got = port(ONE.replace("{name}", f"libdevice.{name}")).run("k", x=x, o=np.zeros(16, np.int32))["o"]
    assert got[:4].tolist() == want


def test_directed_rounding_brackets_the_exact_result(port):
    x, y = np.float32([0.1] * 16), np.float32([0.7] * 16)
    down, up = (
        port(TWO.replace("{name}", f"libdevice.add_{mode}")).run("k", x=x, y=y, o=np.zeros(16, np.float32))["o"][0]
        for mode in ("rd", "ru")
    )
    exact = float(x[0]) + float(y[0])
    assert float(down) < exact < float(up)
    assert np.nextafter(down, np.float32(2)) == up


def test_nearly_all_of_libdevice_is_known(triton_ready):
    """Every symbol that Triton's own libdevice.py can reach, but those listed, has a meaning here."""
    import triton

    from cuport.targets.triton.interpreter.functions import libdevice
    from cuport.targets.triton.interpreter.machine import Machine

    text = (Path(triton.__file__).parent / "language/extra/cuda/libdevice.py").read_text()
    symbols = sorted(set(re.findall(r'"__nv_(\w+)"', text)))
    unknown = {s for s in symbols if libdevice(s, np.dtype(np.float32), Machine()) is None}
    directed_fp64 = {s for s in unknown if re.fullmatch(r"d(add|sub|mul|div|rcp|sqrt)_r[zdu]|u?ll2\w+_r[zdu]", s)}
    assert unknown - directed_fp64 <= {"rcp64h", "jn", "jnf", "yn", "ynf"} | {
        f"fma{f}_r{mode}" for f in ("", "f") for mode in "zdu"
    }


def test_an_unknown_function_is_unsupported_not_wrong(port):
    from cuport.sandbox.call import UnsupportedCall

    loaded = port("""
@triton.jit
def _k(x, o, B: tl.constexpr):
    i = tl.arange(0, B)
    tl.store(o + i, libdevice.jn(2, tl.load(x + i)))

def k(x, o):
    _k[(1,)](x, o, B=16)
""")
    with pytest.raises(UnsupportedCall, match="__nv_jn"):
        loaded.run("k", x=X, o=np.zeros(16, np.float32))
