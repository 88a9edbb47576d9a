"""Which sizes to try: sets of numbers inside the relations, the telling ones first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cuport.cases.expressions import Num, names_in
from cuport.cases.facts import AXES, facts, integer_ranges
from cuport.cases.infer import Inferred
from cuport.cases.making import MOST_BYTES, Mold, bytes_of
from cuport.cases.relations import Relations
from cuport.cases.values import generator

_MOST_WORK = 1 << 22  # the roots' product: what loops over all of them would cost


@dataclass(frozen=True, eq=False)
class Shape:
    """One set of numbers for one instance."""

    mold: Mold
    known: Mapping[str, int]
    label: str
    captured: bool = False

    @property
    def threads(self) -> int:
        return self.known["grid"] * self.known["block"]

    @property
    def key(self) -> tuple[object, ...]:
        return key_of(self.mold, self.known)


def key_of(mold: Mold, known: Mapping[str, int]) -> tuple[object, ...]:
    """What makes two shapes the same: all numbers but offsets, which only some of the ways to get them name."""
    return (mold.base.instance, *sorted((n, v) for n, v in known.items() if not n.startswith("offset(")))


@dataclass(frozen=True)
class Limits:
    """Threads of one case, for most cases and for the one or two larger ones."""

    usual: int
    large: int


def captured_shape(mold: Mold, known: Mapping[str, int], relations: Relations) -> Shape:
    """The shape of a launch that was captured, or that the case file spells out."""
    words = "captured: " if mold.origin == "widened" else ""
    return Shape(mold, known, words + label(known, relations, mold), True)


class Proposer:
    """Proposes shapes for one group.

    `multiples`: every root a multiple of it, `alignments`: some roots, for kernels that refuse other sizes.
    """

    def __init__(
        self,
        inferred: Inferred,
        molds: Sequence[Mold],
        captured: Sequence[Mapping[str, int]],
        *,
        hot: Iterable[int],
        blocks: Sequence[Mapping[str, int]],
        limits: Limits,
        seed: int,
        multiples: int = 1,
        alignments: Mapping[str, int] | None = None,
        powers: bool = False,
        grids: Sequence[Mapping[str, int]] = (),
        kept: Collection[str] = (),
    ) -> None:
        """`kept`: loose integers that take captured values only, those of one launch together.

        `blocks`, `grids`: extents to try where they are free (`{"block.x": 64}`); no `grids`: near captured ones.
        """
        self.inferred, self.molds, self.captured = inferred, molds, captured
        self.relations = inferred.relations
        self.hot = sorted({h for h in hot if 1 < h <= 1024}, reverse=True)
        self.blocks, self.grids, self.kept = blocks, grids, kept
        self.ranges = integer_ranges(molds[0].kernel, molds[0].base)
        self.limits = limits
        self.alignments = dict(alignments or {})
        words = (multiples, powers, *sorted(self.alignments.items()))
        self.rng = generator(seed, "shapes", molds[0].kernel.qualified, molds[0].base.instance, *words)
        self.multiples, self.powers = multiples, powers

    def shapes(self, most: int) -> list[Shape]:
        """Up to `most` distinct shapes that are no captured ones."""
        found: dict[tuple[object, ...], Shape] = {}
        for tries, chosen in enumerate(self._choices()):
            if len(found) >= most or tries >= 40 * most:
                break
            mold = self.molds[len(found) % len(self.molds)]
            limit = self.limits.large if len(found) in (4, 9) else self.limits.usual
            shape = self._complete(mold, chosen, limit)
            if shape is not None:
                found.setdefault(shape.key, shape)
        return list(found.values())

    def _complete(self, mold: Mold, chosen: Mapping[str, int], limit: int) -> Shape | None:
        """The shape with these choices; roots are made smaller until it is not too large."""
        base = facts(mold.kernel, mold.base)
        given = {n: base[n] for n, v in mold.base.template_args if n in base and isinstance(v, int)}
        given |= dict(chosen)
        for axis, rule in zip(AXES, self.relations.block, strict=True):
            if rule is None:
                given.setdefault(f"block.{axis}", base[f"block.{axis}"])
        for axis, rule, derived in zip(AXES, self.relations.grid, self.relations.derived_grid, strict=True):
            if rule is None and derived is None:
                given.setdefault(f"grid.{axis}", base[f"grid.{axis}"])
        for name in (*self.relations.loose, *self.relations.pinned):
            given.setdefault(name, base[name])
        for _ in range(12):
            known = self.relations.complete(given)
            if known is None:
                return None
            if self._bearable(mold, known, limit):
                return Shape(mold, known, label(known, self.relations, mold))
            shrinkable = [r for r in (*self.relations.roots, *self._free_grid()) if given.get(r, 0) > 1]
            if not shrinkable:
                return None
            largest = max(shrinkable, key=lambda r: given[r])
            given[largest] = self._legal(largest, given[largest] * 2 // 5)
        return None

    def _bearable(self, mold: Mold, known: Mapping[str, int], limit: int) -> bool:
        if known["block"] > 1024 or known["block.z"] > 64 or known["shared"] > 227 << 10:
            return False
        if known["grid.y"] > 65535 or known["grid.z"] > 65535 or known["grid"] * known["block"] > limit:
            return False
        work = 1
        for root in self.relations.roots:
            work *= max(1, known.get(root, 1))
        return work <= _MOST_WORK and bytes_of(mold, known) <= MOST_BYTES

    def _choices(self) -> Iterator[dict[str, int]]:
        """Endless choices of roots, loose integers and free axes."""
        roots = [*self.relations.roots, *self._free_sizes()]
        lists = {root: self._sizes(root) for root in roots}
        orders = {root: [0, *(1 + self.rng.permutation(max(len(lists[root]) - 1, 0)))] for root in roots}
        index = 0
        while True:
            chosen: dict[str, int] = {}
            for number, root in enumerate(roots):
                sizes = lists[root]
                if len(roots) == 1:
                    place = index % len(sizes)
                elif index == 0:
                    place = number % min(3, len(sizes))
                elif index == 1:
                    place = sizes.index(self._legal(root, 1)) if self._legal(root, 1) in sizes else 0
                else:
                    place = int(orders[root][(index + number * (index // len(sizes))) % len(sizes)])
                chosen[root] = sizes[place]
            chosen |= self._loose(index, chosen)
            chosen |= self._axes(index)
            yield chosen
            index += 1

    def _sizes(self, root: str) -> list[int]:
        """Sizes for one root, the most telling first."""
        seen = [k.get(root, 1) for k in self.captured] or [1]
        most = max(seen)
        if most <= 8:
            wanted = [most + 1, 1, 2, most, 3, 5, most + 3, 7, 0, 4]
        else:
            tile = next((h for h in self.hot if h <= 4 * most), 32)
            wanted = [tile + 1, 1, tile - 1, 33, next_prime(min(most, 2000) // 2), tile, 31, next_prime(2 * tile + 4)]
            wanted += [2, 32, 0, min(most, 5000) - 1, 257, 7, next_prime(3 * tile + 1), 100]
            wanted += [h + d for h in self.hot[:3] for d in (1, -1)]
        return list(dict.fromkeys(self._legal(root, w) for w in wanted if w >= 0))

    def _legal(self, root: str, value: int) -> int:
        """Rounded up to what `multiples`, `alignments` and `powers` ask for."""
        if self.powers and value > 0:
            return 1 << (value - 1).bit_length()
        step = max(self.multiples, self.alignments.get(root, 1))
        return -(-value // step) * step

    def _free_grid(self) -> list[str]:
        return [f"grid.{a}" for a, r in zip(AXES, self.relations.grid, strict=True) if r is None]

    def _free_sizes(self) -> list[str]:
        """Free grid axes that buffers are sized by and that the host does not derive: sizes in their own right."""
        used = {n for e in self.relations.lengths.values() for n in names_in(e)}
        pairs = zip(AXES, self.relations.grid, self.relations.derived_grid, strict=True)
        return [f"grid.{a}" for a, r, d in pairs if r is None and d is None and f"grid.{a}" in used]

    def _axes(self, index: int) -> dict[str, int]:
        """Other blocks and grids on some of the shapes, where they are free."""
        chosen: dict[str, int] = {}
        if self.blocks and index % 3 == 2:
            chosen |= self.blocks[(index // 3) % len(self.blocks)]
        if self.grids:
            return {**chosen, **self.grids[index % len(self.grids)]}
        sizes = set(self._free_sizes())
        for name, derived in zip(AXES, self.relations.derived_grid, strict=True):
            axis = f"grid.{name}"
            if axis in self._free_grid() and axis not in sizes and (derived is None or index % 2 == 1):
                seen = [k[axis] for k in self.captured]
                chosen[axis] = int(self.rng.choice([1, 2, 3, 5, *seen]))
        return chosen

    def _loose(self, index: int, chosen: Mapping[str, int]) -> dict[str, int]:
        """Integers that no size depends on: those of one captured launch on every other shape, near them otherwise."""
        out: dict[str, int] = {}
        roots = self.relations.roots
        pick = self.captured[int(self.rng.integers(len(self.captured)))] if self.captured else {}
        for name in self.relations.loose:
            value = pick.get(name, 0)
            if name in self.kept:
                out[name] = value
                continue
            inside = [r for r in roots if pick.get(r, 0) > 8 and 0 < value <= pick[r]]
            if inside and chosen[inside[0]] < pick[inside[0]]:
                scaled = value * chosen[inside[0]] // pick[inside[0]]
                value = 1 << max(scaled, 1).bit_length() - 1 if value & (value - 1) == 0 else scaled
            elif index % 2 == 1:
                low, high = self.ranges.get(name, (value - 1, 2 * value + 1))
                near = [value + 1, value - 1, 2 * value] if abs(value) > 1 else [1 - value, value, value + 1]
                value = int(self.rng.choice([v for v in near if (v >= 0 or value < 0) and low <= v <= high] or [value]))
            out[name] = value
        return out


def label(known: Mapping[str, int], relations: Relations, mold: Mold) -> str:
    """What tells this shape from others, for people."""
    names = [*relations.roots, *relations.loose]
    parts = [f"{n}={known[n]}" for n in names[:6] if n in known]
    for word, rules in (("grid", relations.grid), ("block", relations.block)):
        if any(r is None for r in rules) or (not names and word == "grid"):
            extents = [known[f"{word}.{a}"] for a in AXES]
            while len(extents) > 1 and extents[-1] == 1:
                extents.pop()
            parts.append(f"{word}={'x'.join(map(str, extents))}")
    values = [(n, v) for n, v in mold.base.template_args if not isinstance(v, str)]
    parts += [f"{n}={v}" for n, v in values]
    return " ".join(parts) or "as captured"


def block_choices(
    relations: Relations, captured: Sequence[Mapping[str, int]], *, waits: bool, bound: int
) -> list[dict[str, int]]:
    """Other extents for a free block: powers of two where threads work together in such blocks, else any multiple of a
    warp. `bound`: most threads of a block."""
    free = [a for a, r in zip(AXES, relations.block, strict=True) if r is None]
    if not free:
        return []
    seen = {k["block"] for k in captured}
    power = all(s & (s - 1) == 0 for s in seen)
    options = [64, 32, 128, 256, 512] if waits and power else [64, 96, 32, 128, 160, 256]
    totals = [o for o in options if o not in seen and o <= bound]
    if len(free) == 1:
        fixed = max((k["block"] // max(k[f"block.{free[0]}"], 1) for k in captured), default=1)
        return [{f"block.{free[0]}": max(1, t // fixed)} for t in totals]
    found = []
    for total, first in zip(totals, (8, 32, 16, 4, 64, 2), strict=False):
        found.append({f"block.{free[0]}": first, f"block.{free[1]}": max(1, total // first)})
    return found


def next_prime(value: int) -> int:
    """The smallest prime that is not below the value."""
    value = max(2, value)
    while any(value % d == 0 for d in range(2, int(np.sqrt(value)) + 1)):
        value += 1
    return value


def as_numbers(relations: Relations) -> tuple[int, ...]:
    """Fixed block extents: sizes around them are telling."""
    return tuple(r.value for r in relations.block if isinstance(r, Num))
