"""Arrays as sequences of scalars: leaves of structured dtypes, floating formats, agreement in bits.

Shapes: a leaf has its buffer's shape plus the extents of array members; opaque bytes get one more axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from cuport.case import Array, Bound

Mask = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]
Path = tuple[str, ...]


@dataclass(frozen=True)
class Format:
    """A floating format: significand bits (the hidden one too), smallest normal and largest finite number."""

    bits: int
    smallest: float
    largest: float

    @property
    def unit(self) -> float:
        """Half an ulp, relative to the value."""
        return 2.0**-self.bits

    @property
    def narrow(self) -> bool:
        """Stored results are compared by the interval of what may round to them."""
        return self.bits < 24

    @property
    def flushes_below(self) -> float:
        """Numbers below this may be flushed to zero by a target. Half precision has no such targets."""
        return 0.0 if self.bits == 11 else self.smallest


def float_format(dtype: np.dtype[Any]) -> Format | None:
    """The format of a floating dtype, those of ml_dtypes included; None for anything else."""
    if dtype.names is not None or dtype.kind not in "fV":
        return None
    try:
        info = ml_dtypes.finfo(dtype)
    except ValueError:
        return None
    return Format(int(info.nmant) + 1, float(info.smallest_normal), float(info.max))


def leaves(array: Array, path: Path = ()) -> Iterator[tuple[Path, Array]]:
    """The scalar arrays inside an array, in order of declaration; padding is left out."""
    dtype = array.dtype
    if dtype.names is not None:
        for name in dtype.names:
            yield from leaves(array[name], (*path, name))
    elif dtype.kind == "V" and float_format(dtype) is None:
        raw = np.ascontiguousarray(array)
        yield path, raw.view(np.uint8).reshape(*raw.shape, dtype.itemsize) if dtype.itemsize else raw.astype(np.uint8)
    else:
        yield path, array


def leaf(array: Array, path: Path) -> Array:
    """The leaf at a path."""
    return next(found for place, found in leaves(array) if place == path)


def bound_leaf(bound: Bound | None, path: Path, at: int, total: int, like: Array) -> tuple[F64, F64, Mask, Mask] | None:
    """Value, bound, tainted, touched for one leaf; None where the bound has another shape.

    A structured buffer's bound is structured alike, or plain with `total` scalars for each element, in order: the
    leaf's begin at `at`.
    """
    if bound is None:
        return None
    parts = []
    for part in (bound.value, bound.bound, bound.tainted, bound.touched):
        found: Array = part
        if part.dtype.names is not None:
            places = dict(leaves(part))
            if path not in places:
                return None
            found = places[path]
        elif path:
            elements = part.size // max(1, total)
            if elements * total != part.size or (elements and like.size % elements):
                return None
            count = like.size // max(1, elements)
            found = part.reshape(elements, total)[:, at : at + count].reshape(-1)
            if found.size != like.size:
                return None
            found = found.reshape(like.shape)
        if found.shape != like.shape:
            return None
        parts.append(found)
    value, width, tainted, touched = parts
    return value.astype(np.float64), width.astype(np.float64), tainted.astype(np.bool_), touched.astype(np.bool_)


def same_bits(a: Array, b: Array) -> Mask:
    """Element by element: the same bytes."""
    if a.dtype.itemsize == 0 or a.size == 0:
        return np.ones(a.shape, np.bool_)
    left = np.ascontiguousarray(a).view(np.uint8).reshape(*a.shape, a.dtype.itemsize)
    right = np.ascontiguousarray(b).view(np.uint8).reshape(*b.shape, b.dtype.itemsize)
    equal: Mask = (left == right).all(axis=-1)
    return equal


def rounded(values: F64, dtype: np.dtype[Any]) -> F64:
    """To the nearest number of a narrow format, ties to even, in one rounding.

    ml_dtypes goes through float32, which would round twice; odd rounding to float32 first makes the second exact
    (S. Boldo, G. Melquiond, Emulation of FMA and correctly rounded sums, 2008).
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype == np.float16:
            return values.astype(np.float16).astype(np.float64)
        single = values.astype(np.float32)
        inexact = (single.astype(np.float64) != values) & np.isfinite(single)
        bits = single.view(np.uint32).copy()
        over = np.abs(single.astype(np.float64)) > np.abs(values)
        bits = np.where(inexact & over, bits - 1, bits)  # truncated, then the last bit is set where something was cut
        bits = np.where(inexact, bits | 1, bits).astype(np.uint32)
        result: F64 = bits.view(np.float32).astype(dtype).astype(np.float64)
        return result
