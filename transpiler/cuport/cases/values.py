"""Contents for buffers and scalars of a new case, in families, from a seed.

`resampled` stays inside what the program itself used: values drawn from the captured ones and moved a little, indices
scaled to the new sizes. The other families are wilder and come second; each keeps the sign domain that was captured
(prices, variances and probabilities never turn negative).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from cuport.case import Array, ScalarArg
from cuport.cases.expressions import NotAnExpression, parse_expression, value_or_none
from cuport.cases.facts import is_float
from cuport.cases.profile import Profile

MAIN = "resampled"
WILD = ("normal", "cancelling", "integers", "large", "small", "ties", "negative", "zeros", "extremes")


def generator(seed: int, *words: object) -> np.random.Generator:
    """A generator that depends on the seed and the words, and on nothing else."""
    digest = hashlib.sha256(repr((seed, words)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))


def fill(
    profile: Profile, like: Array, length: int, known: Mapping[str, int], family: str, rng: np.random.Generator
) -> Array:
    """New contents of `length` rows with the dtype and lanes of `like`. `known`: the new case's quantities."""
    shape = (length, *like.shape[1:])
    if length == 0:
        return np.zeros(shape, like.dtype)
    if profile.fresh or profile.sample.size == 0:
        return noise(like.dtype, shape, rng)
    if like.dtype.type is np.void:
        return _records(profile.sample, length, rng)
    if like.dtype.kind == "b":
        both = profile.constant and not profile.written
        return rng.random(shape) < 0.5 if both else _rows(profile.sample, length, rng)
    if like.dtype.kind in "iu":
        return _integers(profile, like.dtype, shape, known, family, rng)
    values = _floats(profile, shape, family, rng)
    return to_dtype(values, like.dtype)


def noise(dtype: np.dtype[Any], shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Finite values that no kernel writes by chance, so that elements left alone show."""
    if dtype.names:
        out = np.zeros(shape, dtype)
        for name in dtype.names:
            field = dtype[name]
            if field.base.type is np.void and not field.base.names:
                continue
            out[name] = noise(field.base, (*shape, *field.shape), rng)
        return out
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind in "iu":
        low = 0 if dtype.kind == "u" else -100
        return rng.integers(low, 101, shape).astype(dtype)
    return to_dtype(rng.normal(0.0, 3.0, shape), dtype)


def to_dtype(values: Array, dtype: np.dtype[Any]) -> Array:
    """Cast without warnings; what is too large becomes infinite, as on the device."""
    with np.errstate(all="ignore"):
        return np.asarray(values.astype(dtype))


def _rows(sample: Array, length: int, rng: np.random.Generator) -> Array:
    return np.asarray(sample[rng.integers(0, sample.shape[0], length)])


def _records(sample: Array, length: int, rng: np.random.Generator) -> Array:
    """Whole records drawn from the captured ones, their floats moved by up to a tenth."""
    out = _rows(sample, length, rng).copy()
    for name in out.dtype.names or ():
        field = out[name]
        if is_float(field.dtype):
            out[name] = to_dtype(field.astype(np.float64) * rng.uniform(0.9, 1.1, field.shape), field.dtype)
    return out


def _floats(profile: Profile, shape: tuple[int, ...], family: str, rng: np.random.Generator) -> Array:
    sample = profile.sample.astype(np.float64)
    sample = sample[np.isfinite(sample).reshape(sample.shape[0], -1).all(axis=1)]
    if sample.size == 0:
        return rng.normal(0.0, 1.0, shape)
    scale = float(np.abs(sample).max()) or 1.0
    if profile.written and profile.constant and _neutral(sample.flat[0]):  # an accumulator: mostly as it is
        same = np.broadcast_to(sample[:1], shape).copy()
        return same if family in (MAIN, "large", "small", "extremes") else same + rng.normal(0.0, 1.0, shape) * scale
    values = _float_family(profile, sample, scale, shape, family, rng)
    if profile.sign != "any":
        values = np.abs(values)
        if profile.sign == "positive":
            smallest = float(np.abs(sample).min())
            values = np.where(values == 0, smallest, values)
    if profile.low is not None or profile.high is not None:
        values = np.clip(values, profile.low, profile.high)
    return np.sort(values, axis=0) if profile.ordered else values


def _neutral(value: float) -> bool:
    """What sums, maxima and minima start from."""
    return value == 0 or abs(value) >= 1e30


def _float_family(
    profile: Profile, sample: Array, scale: float, shape: tuple[int, ...], family: str, rng: np.random.Generator
) -> Array:
    drawn = _rows(sample, shape[0], rng).reshape(shape)
    wide = float(np.finfo(np.float32).max) if profile.sample.dtype.itemsize > 2 else 6e4
    factor = 1e6 if scale * 1e6 < wide else max(1.0, wide / scale / 256)
    match family:
        case "normal":
            return rng.normal(0.0, 1.0, shape) * (float(sample.std()) or scale)
        case "cancelling":
            values = drawn * rng.uniform(0.5, 2.0, shape)
            pairs = values[1::2]
            values[1::2] = -values[0::2][: pairs.shape[0]] * (1 + rng.normal(0, 1e-3, pairs.shape))
            return values
        case "integers":
            return rng.integers(-8, 9, shape).astype(np.float64)
        case "large":
            return drawn * factor
        case "small":
            return drawn * (1e-6 if profile.sample.dtype.itemsize > 2 else 2.0**-6)
        case "ties":
            return np.asarray(rng.choice(_rows(sample.reshape(-1), 3, rng), shape))
        case "negative":
            return -np.abs(drawn)
        case "zeros":
            picked = rng.random(shape)
            return np.where(picked < 0.4, 0.0, np.where(picked < 0.6, -0.0, drawn))
        case _ if profile.few:
            return drawn
        case _ if profile.constant:
            return drawn * rng.uniform(0.5, 1.5, shape) + (rng.random(shape) if not sample.any() else 0.0)
        case _:
            moved = drawn * rng.uniform(0.9, 1.1, shape)
            return np.clip(moved, sample.min(), sample.max())


def _integers(
    profile: Profile,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    known: Mapping[str, int],
    family: str,
    rng: np.random.Generator,
) -> Array:
    length = shape[0]
    sample = profile.sample.astype(np.int64)
    if profile.permutation:
        return rng.permutation(length).reshape(shape).astype(dtype)
    limit = limit_of(profile.bound, known)
    if limit is not None:
        return _indices(profile, sample, shape, limit, known, rng).astype(dtype)
    if profile.low is not None and profile.high is not None:
        inside = rng.integers(int(profile.low), int(profile.high), shape, endpoint=True)
        return (np.sort(inside, axis=0) if profile.ordered else inside).astype(dtype)
    extreme = np.iinfo(dtype)
    if profile.counter and int(sample.flat[0]) in (0, -1, extreme.min, extreme.max):  # a counter
        same = np.broadcast_to(sample[:1], shape).copy()
        grown = family in ("normal", "ties", "integers", "cancelling")
        return (same + rng.integers(0, 4, shape) if grown else same).astype(dtype)
    info = np.iinfo(dtype)
    values = _rows(sample, length, rng).reshape(shape)
    if profile.ordered:
        return np.sort(values, axis=0).astype(dtype)
    if family == "extremes":
        edges = [info.min, info.max, 0, 1] + ([-1] if info.min < 0 else [])
        picked = rng.random(shape) < 0.5
        return np.where(picked, rng.choice(np.array(edges, dtype), shape), values.astype(dtype))
    if family == "ties":
        return rng.choice(_rows(sample.reshape(-1), 3, rng), shape).astype(dtype)
    if family == "zeros":
        return np.where(rng.random(shape) < 0.7, 0, values).astype(dtype)
    low, high = int(sample.min()), int(sample.max())
    if profile.constant and not profile.few:
        return rng.integers(min(0, 2 * low), max(1, 2 * high) + 1, shape).clip(info.min, info.max).astype(dtype)
    if family in ("normal", "integers", "cancelling") and high > low and not profile.few:
        return rng.integers(low, high, shape, endpoint=True).astype(dtype)
    return values.astype(dtype)


def limit_of(bound: str, known: Mapping[str, int]) -> int | None:
    if not bound:
        return None
    if bound in known:
        return known[bound]
    try:
        return value_or_none(parse_expression(bound), known)
    except NotAnExpression:
        return None


def _indices(
    profile: Profile,
    sample: Array,
    shape: tuple[int, ...],
    limit: int,
    known: Mapping[str, int],
    rng: np.random.Generator,
) -> Array:
    """Indices below `limit` (up to it where the captured ones reach theirs); negative marks stay as they are."""
    top = limit if profile.inclusive else limit - 1
    values = rng.integers(0, max(top, 0) + 1, shape)
    marks = sample[sample < 0]
    if marks.size:
        share = marks.size / sample.size
        drawn = known[profile.mark] if profile.mark in known else rng.choice(marks, shape)
        values = np.where(rng.random(shape) < share, drawn, values)
    if profile.ordered:
        values = np.sort(values, axis=0)
        if profile.starts_at_zero and values.size:
            values.reshape(-1)[0] = 0
        if profile.inclusive and values.size > 1:
            values.reshape(-1)[-1] = max(top, 0)
    return np.asarray(values)


def scalar(arg: ScalarArg, family: str, rng: np.random.Generator) -> ScalarArg:
    """A float or bool scalar for a family: as captured, or moved; its sign is kept."""
    value = arg.value
    if arg.dtype == "bool":
        return ScalarArg("bool", bool(value) if family in (MAIN, "large", "small") else bool(rng.random() < 0.5))
    number = float(value)
    if family in (MAIN, "large", "small", "extremes") or not np.isfinite(number):
        return arg
    if family == "zeros" and number > 0.05:  # not what looks like an epsilon
        return _rounded(arg, 0.0 if rng.random() < 0.5 else 1.0)
    if number == 0.0:
        return _rounded(arg, float(rng.uniform(0.25, 1.5)) if family in ("normal", "integers") else 0.0)
    return _rounded(arg, number * float(rng.uniform(0.6, 1.6)))


def _rounded(arg: ScalarArg, value: float) -> ScalarArg:
    """The value as the kernel receives it: rounded to the parameter's type."""
    return ScalarArg(arg.dtype, float(np.dtype(arg.dtype).type(value)))


def with_specials(data: Array, kind: str, rng: np.random.Generator) -> Array:
    """Some elements replaced by NaN or by infinities; data that is no float stays as it is."""
    if not is_float(data.dtype) or data.size == 0:
        return data
    values = data.astype(np.float64)
    marks = [np.nan] if kind == "nan" else [np.inf, -np.inf]
    picked = rng.random(values.shape) < max(0.05, 1.5 / max(values.size, 1))
    picked.reshape(-1)[int(rng.integers(values.size))] = True
    return to_dtype(np.where(picked, rng.choice(marks, values.shape), values), data.dtype)
