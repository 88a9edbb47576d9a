"""The interpreter on the hand-written programs, against numpy."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from cuport.translators.rules import arith, interpret

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("n", [0, 1, 31, 33, 97])
def test_saxpy(programs: ModuleType, n: int) -> None:
    x, y = RNG.normal(size=(2, n)).astype(np.float32)
    arrays = {"x": x.copy(), "y": y.copy()}
    interpret.run(programs.saxpy().kernels[0].functions[0], (4, 1, 1), (32, 1, 1), {"n": n, "a": 0.5}, arrays)
    np.testing.assert_array_equal(arrays["y"], np.float32(0.5) * x + y)


@pytest.mark.parametrize("n", [1, 200, 512])
def test_block_sum(programs: ModuleType, n: int) -> None:
    x = RNG.integers(-9, 9, n).astype(np.float32)
    arrays = {"x": x, "out": np.zeros(2, np.float32)}
    interpret.run(programs.block_sum().kernels[0].functions[0], (2, 1, 1), (256, 1, 1), {"n": n}, arrays)
    np.testing.assert_array_equal(arrays["out"], [x[:256].sum(), x[256:].sum()])


def test_collatz(programs: ModuleType) -> None:
    arrays = {"x": np.array([1, 2, 3, 6, 7, 27], np.uint32), "steps": np.zeros(6, np.int32)}
    interpret.run(programs.collatz().kernels[0].functions[0], (1, 1, 1), (8, 1, 1), {"n": 6}, arrays)
    assert arrays["steps"].tolist() == [0, 1, 7, 8, 16, 111]


def test_warp_row_max(programs: ModuleType) -> None:
    x = RNG.normal(size=(3, 45)).astype(np.float32)
    arrays = {"x": x.reshape(-1), "out": np.zeros(3, np.float32)}
    interpret.run(programs.warp_row_max().kernels[0].functions[0], (3, 1, 1), (32, 1, 1), {"n": 45}, arrays)
    np.testing.assert_array_equal(arrays["out"], x.max(axis=1))


def test_histogram(programs: ModuleType) -> None:
    x = RNG.integers(0, 16, 1000).astype(np.uint8)
    arrays = {"x": x, "bins": np.zeros(16, np.uint32)}
    interpret.run(programs.histogram().kernels[0].functions[0], (3, 1, 1), (32, 1, 1), {"n": 1000}, arrays)
    np.testing.assert_array_equal(arrays["bins"], np.bincount(x, minlength=16))


@pytest.mark.parametrize(
    ("op", "a", "b", "dtype", "result"),
    [
        ("div", -7, 2, "int32", -3),
        ("rem", -7, 2, "int32", -1),
        ("div", -(2**31), -1, "int32", -(2**31)),
        ("div", 5, 0, "int32", 0),
        ("add", 2**31 - 1, 1, "int32", -(2**31)),
        ("sub", 0, 1, "uint32", 2**32 - 1),
        ("mul", 65537, 65537, "uint32", 131073),
        ("shl", 1, 32, "uint32", 0),
        ("shr", -8, 40, "int32", -1),
        ("shr", 8, -1, "uint32", 0),
        ("xor", True, True, "bool", False),
    ],
)
def test_integer_arithmetic(op: str, a: int, b: int, dtype: str, result: int) -> None:
    assert arith.binary(op, a, b, dtype) == result


@pytest.mark.parametrize(
    ("value", "source", "target", "result"),
    [
        (3e9, "float32", "int32", 2**31 - 1),
        (-5.7, "float32", "int32", -5),
        (float("nan"), "float32", "int32", 0),
        (-1.5, "float64", "uint8", 0),
        (300, "int32", "uint8", 44),
        (-1, "int32", "uint64", 2**64 - 1),
        (0.3, "float64", "bool", True),
        (2**24 + 1, "int32", "float32", float(2**24)),
        (2**63 + 2**39 + 1, "uint64", "float32", float(2**63 + 2**40)),
    ],
)
def test_casts(value: float, source: str, target: str, result: float) -> None:
    assert arith.cast(value, source, target) == result


def test_fma_rounds_once() -> None:
    a = float(np.float32(1 + 2**-12))
    product = a * a  # exact in double, not in float
    assert arith.call("fma", [a, a, -float(np.float32(product))], ["float32"] * 3, "float32") == float(
        np.float32(product - float(np.float32(product)))
    )
