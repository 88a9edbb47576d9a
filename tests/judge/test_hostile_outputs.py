"""Whatever a port gives back, and whatever the shadow says, there is a verdict and never an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cuport.case import Bound, Reference
from cuport.verdict import Status, Verdict

DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, np.int32, np.uint8, np.bool_]
DTYPES += [np.int64, np.dtype([("a", np.float32), ("b", np.int16, (2,)), ("c", [("d", np.float64)])]), np.dtype("V3")]
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _random(rng: np.random.Generator, dtype: Any, shape: tuple[int, ...]) -> Any:
    """Any bytes at all: NaNs with payloads, denormals, booleans that are neither."""
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if np.dtype(dtype) == np.bool_:
        return rng.integers(0, 2, shape).astype(np.bool_)
    return np.frombuffer(rng.bytes(count), dtype=dtype).reshape(shape).copy()


def _bound(rng: np.random.Generator, shape: tuple[int, ...]) -> Bound:
    special = np.array([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf, 1e-320, 1e300, -3.5])
    return Bound(
        rng.choice(special, shape),
        np.abs(rng.choice(special, shape)),
        rng.integers(0, 2, shape).astype(np.bool_),
        rng.integers(0, 2, shape).astype(np.bool_),
    )


@quick
@given(seed=st.integers(0, 2**32), bounded=st.booleans(), variants=st.integers(0, 2), cases=st.integers(1, 3))
def test_random_data_gets_a_verdict(
    court: Callable[..., Verdict],
    make_reference: Callable[..., Reference],
    seed: int,
    bounded: bool,
    variants: int,
    cases: int,
) -> None:
    rng = np.random.default_rng(seed)
    references, outputs = [], []
    for _ in range(cases):
        before, after, bounds = {}, {}, {}
        for i in range(int(rng.integers(1, 4))):
            dtype = DTYPES[rng.integers(len(DTYPES))]
            shape = [(0,), (1,), (7,), (5, 2), (3, 4)][rng.integers(5)]
            before[f"b{i}"] = _random(rng, dtype, shape)
            after[f"b{i}"] = _random(rng, dtype, shape) if rng.integers(2) else before[f"b{i}"]
            if bounded and rng.integers(2):
                bounds[f"b{i}"] = _bound(rng, shape)
        others = [{n: _random(rng, a.dtype, a.shape) for n, a in after.items()} for _ in range(variants)]
        suite = ["domain", "special", "width"][rng.integers(3)]
        r = make_reference(before, after, bounds, variants=others, suite=suite, doubtful=int(rng.integers(0, 3)))
        references.append(r)
        given_: list[Any] = [a if rng.integers(2) else _random(rng, a.dtype, a.shape) for a in r.outputs]
        if not rng.integers(6):
            given_ = given_[1:]
        if given_ and not rng.integers(6):
            given_[0] = _random(rng, np.float32, (2, 2, 2))
        outputs.append(given_)
    verdict = court(references, outputs)
    assert verdict.status in (Status.ACCEPTED, Status.REJECTED, Status.INCONCLUSIVE)
    if verdict.status is Status.REJECTED:
        assert verdict.counterexample or verdict.diagnostics
    verdict.to_dict()


@quick
@given(seed=st.integers(0, 2**32), flip=st.integers(0, 63))
def test_one_wrong_bit_of_an_exact_output_rejects(
    court: Callable[..., Verdict], make_reference: Callable[..., Reference], seed: int, flip: int
) -> None:
    rng = np.random.default_rng(seed)
    references, outputs = [], []
    for _ in range(2):
        a = rng.integers(-(2**62), 2**62, 9)
        references.append(make_reference({"a": a, "o": np.zeros(9, np.int64)}, {"o": a ^ 12345}))
        outputs.append([a, a ^ 12345])
    assert court(references, outputs).status is Status.ACCEPTED
    outputs[1][1][rng.integers(9)] ^= np.int64(np.uint64(1 << flip).astype(np.int64))
    assert court(references, outputs).status is Status.REJECTED


@pytest.mark.parametrize("value", [0.0, 1.0, -3.25, 1e-30, 7e4])
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_rounding_to_narrow_formats_is_to_nearest_even_in_one_step(dtype: Any, value: float) -> None:
    with np.errstate(all="ignore"):
        _check_rounding(dtype, value)


def _check_rounding(dtype: Any, value: float) -> None:
    from cuport.judge.elements import rounded

    rng = np.random.default_rng(1)
    near = value * (1 + rng.uniform(-1, 1, 1000) * 2.0**-9)
    # Points just beside the middle between two neighbours, which rounding through float32 would send the wrong way.
    grid = near.astype(dtype).astype(np.float64)
    up = np.nextafter(grid.astype(dtype), np.asarray(1e9, dtype)).astype(np.float64)
    middle = (grid + up) / 2
    for points in (near, middle, middle * (1 + 1e-12), middle * (1 - 1e-12)):
        got = rounded(points, np.dtype(dtype))
        low, high = np.minimum(grid, up), np.maximum(grid, up)
        finite = np.isfinite(got) & np.isfinite(up)
        error = np.abs(got - points)
        for other in (low, high):
            assert (error[finite] <= np.abs(other - points)[finite] * (1 + 1e-15)).all()
