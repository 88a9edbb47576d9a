"""Contents: each family keeps the captured domain, dtypes and lanes stay, indices stay legal, seeds decide."""

from __future__ import annotations

from typing import Any

import ml_dtypes  # noqa: F401
import numpy as np
import pytest
from tests.cases.simulation import Captured, launch, source_of

from cuport.case import ScalarArg
from cuport.cases.profile import POISON, poisoned, profile
from cuport.cases.values import MAIN, WILD, fill, generator, noise, scalar, with_specials

FAMILIES = (MAIN, *WILD)
KERNEL = source_of("__global__ void k(float *a, float *b, int n) { }").kernels[0]


def profile_of(
    data: np.ndarray, *, after: np.ndarray | None = None, other: np.ndarray | None = None, n: int = 0
) -> Any:
    """The profile of a first buffer, with a second one beside it."""
    beside = np.zeros(1, np.float32) if other is None else other
    case = launch(KERNEL, [data, beside, n or data.shape[0]], (1,), (1,))
    outputs = (data if after is None else after, beside)
    return profile(KERNEL, [(case, outputs)], 0)


def filled(p: Any, like: np.ndarray, rows: int, family: str, seed: int = 0, **known: int) -> np.ndarray:
    return fill(p, like, rows, {"len(a)": rows, "n": rows, **known}, family, generator(seed, family))


@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "float32", "float64", "int8", "uint8", "int32", "uint64", "bool"]
)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("lanes", [1, 4])
def test_dtype_and_shape_stay(dtype: str, family: str, lanes: int) -> None:
    rng = np.random.default_rng(3)
    shape = (50, lanes) if lanes > 1 else (50,)
    data = (rng.normal(0, 20, shape)).astype(np.dtype(dtype))
    p = profile_of(data)
    for rows in (0, 1, 33):
        out = filled(p, data, rows, family)
        assert out.dtype == data.dtype and out.shape == (rows, *shape[1:])
        again = filled(p, data, rows, family)
        assert out.tobytes() == again.tobytes()
    assert np.isfinite(filled(p, data, 200, family).astype(np.float64)).all()
    if dtype != "bool":
        assert filled(p, data, 200, family, seed=1).tobytes() != filled(p, data, 200, family).tobytes()


@pytest.mark.parametrize("family", FAMILIES)
def test_positive_stays_positive_and_sorted_stays_sorted(family: str) -> None:
    rng = np.random.default_rng(4)
    positive = filled(profile_of(rng.uniform(5, 30, 90).astype(np.float32)), np.zeros(1, np.float32), 300, family)
    assert (positive > 0).all()
    nonnegative = np.maximum(rng.normal(0, 1, 90), 0).astype(np.float32)
    assert (filled(profile_of(nonnegative), nonnegative, 300, family) >= 0).all()
    ordered = np.sort(rng.normal(0, 1, 90)).astype(np.float32)
    assert (np.diff(filled(profile_of(ordered), ordered, 300, family)) >= 0).all()


def test_main_family_stays_in_the_captured_range() -> None:
    data = np.random.default_rng(5).uniform(0.2, 0.9, 500).astype(np.float32)
    out = filled(profile_of(data), data, 2000, MAIN)
    assert out.min() >= data.min() and out.max() <= data.max() and np.unique(out).size > 500


def test_a_constant_input_becomes_varied() -> None:
    ones = np.full(64, 2.0, np.float32)
    assert np.unique(filled(profile_of(ones), ones, 100, MAIN)).size > 50
    scaled_in_place = filled(profile_of(ones, after=ones * 2), ones, 100, MAIN)
    assert np.unique(scaled_in_place).size > 50


def test_an_accumulator_starts_from_zero_and_now_and_then_does_not() -> None:
    zeros = np.zeros(64, np.float32)
    p = profile_of(zeros, after=zeros + 1)
    assert not filled(p, zeros, 100, MAIN).any()
    assert filled(p, zeros, 100, "normal").any()
    counts = np.zeros(64, np.int32)
    assert filled(profile_of(counts, after=counts + 1), counts, 100, "normal").any()


def test_what_was_never_written_is_noise() -> None:
    raw = np.full(100, POISON, np.uint16).view(np.float32)
    assert poisoned(raw).all() and profile_of(raw).fresh
    out = filled(profile_of(raw), raw, 80, MAIN)
    assert np.isfinite(out).all() and np.unique(out).size > 70
    half_written = raw.copy()
    half_written[:10] = 1
    assert not profile_of(half_written).fresh and profile_of(half_written).sample.size == 10


@pytest.mark.parametrize("family", FAMILIES)
def test_indices_stay_below_the_new_size(family: str) -> None:
    rng = np.random.default_rng(6)
    data = rng.integers(0, 40, 200).astype(np.int32)
    data[0] = 39
    p = profile_of(data, other=np.zeros(40, np.float32))
    assert p.bound == "len(b)" and not p.inclusive
    out = filled(p, data, 500, family, **{"len(b)": 9})
    assert out.min() >= 0 and out.max() <= 8 and np.unique(out).size > 5


def test_row_pointers_and_permutations_and_marks() -> None:
    pointers = np.array([0, 3, 3, 9, 12, 20], np.int32)
    p = profile_of(pointers, other=np.zeros(20, np.float32), n=5)
    assert (p.bound, p.inclusive, p.ordered, p.starts_at_zero) == ("len(b)", True, True, True)
    out = filled(p, pointers, 31, MAIN, **{"len(b)": 77})
    assert out[0] == 0 and out[-1] == 77 and (np.diff(out) >= 0).all()
    order = np.random.default_rng(7).permutation(50).astype(np.int64)
    assert sorted(filled(profile_of(order), order, 33, MAIN)) == list(range(33))
    marked = np.array([-1, 5, 7, 19, -1, 3, 18, 2], np.int32)
    out = filled(profile_of(marked, other=np.zeros(20, np.float32)), marked, 400, MAIN, **{"len(b)": 6})
    assert set(np.unique(out)) <= set(range(-1, 6)) and (out == -1).any()


def test_records_are_drawn_whole() -> None:
    dtype = np.dtype([("id", "i4"), ("w", "f4"), ("v", "f4", (3,))])
    data = np.zeros(20, dtype)
    data["id"] = np.arange(20)
    data["w"] = np.arange(20) + 1.0
    case = launch(KERNEL, [np.zeros(20, np.float32), np.zeros(1, np.float32), 3], (1,), (1,))
    from dataclasses import replace

    case = replace(case, buffers=(replace(case.buffers[0], data=data), case.buffers[1]))
    p = profile(KERNEL, [(case, (data, case.buffers[1].data))], 0)
    out = filled(p, data, 60, MAIN)
    assert out.dtype == dtype and (np.abs(out["w"] - (out["id"] + 1)) <= 0.11 * out["w"] / 0.9 + 1e-6).all()
    assert np.isfinite(noise(dtype, (5,), generator(1))["v"]).all()


def test_wild_families_are_what_they_say() -> None:
    data = np.random.default_rng(8).normal(0, 1, 300).astype(np.float32)
    p = profile_of(data)
    assert np.abs(filled(p, data, 300, "large")).max() > 1e5
    assert np.abs(filled(p, data, 300, "small")).max() < 1e-5
    assert (filled(p, data, 300, "negative") <= 0).all()
    assert np.unique(filled(p, data, 300, "ties")).size <= 3
    zeros = filled(p, data, 300, "zeros")
    assert (zeros == 0).sum() > 100 and np.signbit(zeros[zeros == 0]).any()
    cancelling = filled(p, data, 300, "cancelling").astype(np.float64)
    assert abs(cancelling.sum()) < 0.05 * np.abs(cancelling).sum()
    integers = filled(p, data, 300, "integers")
    assert (integers == np.round(integers)).all()
    wide = np.random.default_rng(9).integers(-(2**31), 2**31, 300).astype(np.int32)
    extremes = filled(profile_of(wide), wide, 300, "extremes")
    assert {-(2**31), 2**31 - 1} <= set(extremes.tolist())


def test_large_values_stay_finite_in_half_precision() -> None:
    data = np.random.default_rng(10).normal(0, 30, 300).astype(np.float16)
    assert np.isfinite(filled(profile_of(data), data, 300, "large").astype(np.float64)).all()


def test_scalars() -> None:
    arg = ScalarArg("float32", 2.5)
    assert scalar(arg, MAIN, generator(0)) == arg
    moved = [float(scalar(arg, "normal", generator(s)).value) for s in range(20)]
    assert all(v > 0 for v in moved) and len(set(moved)) == 20
    assert all(np.float32(v) == v for v in moved)
    assert {float(scalar(arg, "zeros", generator(s)).value) for s in range(30)} == {0.0, 1.0}
    assert float(scalar(ScalarArg("float32", 1e-5), "zeros", generator(1)).value) > 0
    assert {scalar(ScalarArg("bool", True), "ties", generator(s)).value for s in range(20)} == {True, False}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_specials(dtype: str) -> None:
    data = np.ones(50).astype(np.dtype(dtype))
    assert np.isnan(with_specials(data, "nan", generator(1)).astype(np.float64)).any()
    assert np.isinf(with_specials(data, "inf", generator(1)).astype(np.float64)).any()
    whole = np.ones(5, np.int32)
    assert with_specials(whole, "nan", generator(1)) is whole


def test_captured_helper() -> None:
    assert Captured(launch(KERNEL, [np.zeros(2, np.float32), None, 1], (1,), (1,)), ()).case.args[1].buffer is None
