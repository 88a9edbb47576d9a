"""What a captured buffer's contents look like: enough to fill a buffer of another length with legal values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cuport.case import Array, Case
from cuport.cases.facts import facts
from cuport.kernel import Kernel

# Device memory that nothing was written to holds this 16-bit pattern (a NaN in every float type): oracle/runtime.
POISON = 0x7FF7
_SAMPLE = 1 << 16
_ROWS = 1 << 18
Sign = Literal["any", "nonnegative", "positive"]


@dataclass(frozen=True, eq=False)
class Profile:
    """`sample`: rows of captured contents. `fresh`: the launch was the first to touch the buffer (only poison before).

    Integers: `bound` is the quantity that they index into (`len(x)`, `n`), `inclusive` where they reach it.
    """

    sample: Array
    written: bool
    fresh: bool
    sign: Sign = "any"
    constant: bool = False
    ordered: bool = False
    permutation: bool = False
    bound: str = ""
    inclusive: bool = False
    starts_at_zero: bool = False
    few: bool = False  # at most 8 distinct values: flags, masks, classes
    touched: bool = False  # the kernel may write it, even where these launches left it as it was (a lock)
    mark: str = ""  # the quantity that all negative indices equal: "ignore this one"
    low: float | None = None  # declared limits, which no family leaves
    high: float | None = None

    @property
    def counter(self) -> bool:
        """Integers all alike that the kernel may change: counters, locks, tickets, flags."""
        return self.constant and (self.written or self.touched) and self.sample.dtype.kind in "iu"


def same_bytes(a: Array, b: Array) -> bool:
    """Whether two arrays hold the same bits, NaN included."""
    if a.nbytes != b.nbytes:
        return False
    return bool(np.array_equal(np.ascontiguousarray(a).view(np.uint8), np.ascontiguousarray(b).view(np.uint8)))


def _thinned(data: Array) -> Array:
    """At most `_ROWS` rows, first and last among them, in order: enough to see what a buffer is like."""
    if data.shape[0] <= _ROWS:
        return data
    return np.asarray(data[np.linspace(0, data.shape[0] - 1, _ROWS).astype(np.int64)])


def poisoned(data: Array) -> Array:
    """Rows of a buffer that still hold the poison pattern only."""
    if data.size == 0 or data.dtype.itemsize == 0:
        return np.zeros(data.shape[0], bool)
    raw = np.ascontiguousarray(data).view(np.uint8).reshape(data.shape[0], -1)
    pattern = np.resize(np.array([POISON & 0xFF, POISON >> 8], np.uint8), raw.size).reshape(raw.shape)
    return np.asarray((raw == pattern).all(axis=1))


def profile(
    kernel: Kernel, launches: Sequence[tuple[Case, tuple[Array, ...]]], index: int, *, indexes: bool = True
) -> Profile:
    """The profile of buffer `index` over launches that agree in their buffers, the one to start from first.

    `indexes`: whether integers in it may be indices; else their range is only a range.
    """
    written = any(
        len(outputs) > index and not same_bytes(outputs[index], case.buffers[index].data) for case, outputs in launches
    )
    before = [_thinned(case.buffers[index].data) for case, _ in launches]
    fresh = all(bool(poisoned(b).all()) for b in before)
    rows = np.concatenate([b[~poisoned(b)] for b in before]) if before else np.zeros(0)
    if rows.shape[0] > _SAMPLE:
        rows = rows[np.linspace(0, rows.shape[0] - 1, _SAMPLE).astype(np.int64)]
    if rows.dtype.type is np.void:  # records may point into each other: only those of one launch go together
        return Profile(before[0][~poisoned(before[0])], written, fresh)
    if rows.size == 0:
        return Profile(rows, written, fresh)
    constant = bool((rows == rows[:1]).all())
    if rows.dtype.kind in "iu":
        return _integers(kernel, launches, index, rows, written, fresh, constant, indexes)
    if rows.dtype.kind == "b":
        return Profile(rows, written, fresh, constant=constant, few=True)
    numbers = rows.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    low = float(finite.min()) if finite.size else 0.0
    sign: Sign = "positive" if low > 0 else "nonnegative" if low >= 0 else "any"
    ordered = all(b.ndim == 1 and b.shape[0] > 3 and _rising(b.astype(np.float64)) for b in before)
    few = np.unique(finite).size <= 8 and finite.size > 32
    return Profile(rows, written, fresh, sign, constant, ordered and not constant, few=few and not constant)


def _rising(values: Array) -> bool:
    with np.errstate(all="ignore"):
        return bool((values[1:] >= values[:-1]).all())


def _integers(
    kernel: Kernel,
    launches: Sequence[tuple[Case, tuple[Array, ...]]],
    index: int,
    rows: Array,
    written: bool,
    fresh: bool,
    constant: bool,
    indexes: bool,
) -> Profile:
    pairs = [(_thinned(case.buffers[index].data), facts(kernel, case)) for case, _ in launches]
    pairs = [(data.reshape(-1).astype(np.int64), known) for data, known in pairs if data.size]
    sign: Sign = "nonnegative" if rows.min() >= 0 else "any"
    ordered = all(d.size > 3 and _rising(d) for d, _ in pairs) and not constant
    permutation = all(d.size > 3 and bool((np.sort(d) == np.arange(d.size)).all()) for d, _ in pairs)
    bound, inclusive = _bound(pairs, 8 * rows.dtype.itemsize) if indexes else ("", False)
    few = np.unique(rows).size <= 8 and rows.size > 32 and not bound
    first = all(int(d[0]) == 0 for d, _ in pairs)
    start = ordered and first
    found = Profile(rows, written, fresh, sign, constant, ordered, permutation, bound, inclusive, start, few)
    return replace(found, mark=_mark(pairs)) if bound else found


def _mark(pairs: Sequence[tuple[Array, Mapping[str, int]]]) -> str:
    """The quantity that is the only negative value: `ignore_index`."""
    names = set.intersection(*(set(known) for _, known in pairs))
    negative = [{int(v) for v in d[d < 0]} for d, _ in pairs]
    fitting = [n for n in names if all(v <= {k[n]} for v, (_, k) in zip(negative, pairs, strict=True))]
    return min(fitting, default="") if any(negative) else ""


def _bound(pairs: Sequence[tuple[Array, Mapping[str, int]]], width: int) -> tuple[str, bool]:
    """The smallest quantity that all values stay below and come close to; and whether they reach it."""
    if not pairs or any(d.size < 4 for d, _ in pairs):
        return "", False
    highest = [int(d.max()) for d, _ in pairs]
    if min(highest) < 3:
        return "", False
    names = set.intersection(*(set(known) for _, known in pairs))
    found: list[tuple[float, int, str, bool]] = []
    for name in names:
        if name.startswith(("offset", "grid", "block", "shared")):
            continue
        limits = [known[name] for _, known in pairs]
        if any(limit == 1 << width for limit in limits):  # every value of a byte is below 256, index or not
            continue
        reaches = any(h == limit for h, limit in zip(highest, limits, strict=True))
        below = all(h <= limit for h, limit in zip(highest, limits, strict=True))
        close = all(h >= 0.7 * limit - 2 for h, limit in zip(highest, limits, strict=True))
        if below and close and all(limit > 3 for limit in limits):
            slack = sum(limit - h for h, limit in zip(highest, limits, strict=True))
            found.append((slack + (0.5 if reaches else 0), 0 if name.startswith("len(") else 1, name, reaches))
    if not found:
        return "", False
    _, _, name, reaches = min(found)
    return name, reaches
