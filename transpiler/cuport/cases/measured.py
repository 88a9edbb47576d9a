"""Launches as numbers, with what fitting them has found out so far."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from cuport.case import Case
from cuport.cases.constants import integers_of
from cuport.cases.expressions import Bin, Expr, Num, names_in, value_or_none
from cuport.cases.facts import AXES, facts, global_numbers, leaves
from cuport.cases.fit import Env, Fit, Price, fit
from cuport.cases.hosttext import Hints
from cuport.kernel import Kernel, Source

BLOCK_PRICE = 2.2
_LONGEST = 16  # elements of an array whose numbers may be sizes


class Measured:
    """`envs`: the distinct sets of numbers; `doubtful`: quantities that more launches might explain otherwise."""

    def __init__(self, source: Source, kernel: Kernel, cases: Sequence[Case], hints: Hints) -> None:
        self.source, self.kernel = source, kernel
        self.case = cases[0]
        distinct = {tuple(sorted(f.items())): f for f in (facts(kernel, c) for c in cases)}
        self.envs: list[Env] = list(distinct.values())
        self.hints = _of_these(hints, self.envs)
        numbers = [x.name for x in leaves(kernel, self.case) if x.kind == "int"] + list(global_numbers(self.case))
        self.scalars = _without_tables(numbers)
        self.templates = [n for n, v in self.case.template_args if isinstance(v, int) and not isinstance(v, bool)]
        self.parts = tuple(dict.fromkeys(p for axis in self.hints.grid for h in axis for p in _products(h)))
        self.doubtful: list[str] = []
        self.rivals: dict[str, tuple[Expr, ...]] = {}
        self.unexplained: set[str] = set()  # quantities that no expression gives on every launch
        self.tied: dict[str, Expr] = {}
        self.integers = integers_of(source, kernel)

    def values(self, name: str) -> list[int]:
        return [e[name] for e in self.envs]

    def gives(self, name: str, expr: Expr) -> bool:
        """Whether an expression is this quantity on every launch."""
        return all(value_or_none(expr, e) == e[name] for e in self.envs)

    def constant(self, name: str) -> bool:
        return len(set(self.values(name))) == 1

    def fit(
        self,
        name: str,
        price: Mapping[str, float],
        hints: Iterable[Expr],
        divisors: Sequence[str] = (),
        constant: float = 3.6,
        parts: Sequence[Expr] = (),
    ) -> Fit:
        near = nearness(name)
        price = {n: c - 0.2 * near(n) for n, c in price.items()}
        found = fit(
            self.values(name),
            self.envs,
            Price(
                price,
                tuple(divisors),
                constant,
                (*self.parts, *parts),
                frozenset(n for n in price if near(n)),
                1.6 if "(" in name else 3.6,
                self._factors(),
            ),
            hints,
        )
        if found is None:
            self.doubtful.append(name)
            self.unexplained.add(name)
            return Fit(Num(self.values(name)[0]), 9.0)
        guessed = isinstance(found.expr, Num) and abs(found.expr.value) > 4 and not found.hinted
        if found.others:
            self.rivals[name] = found.others
        if found.rivals or (guessed and len(self.envs) == 1):
            self.doubtful.append(name)
        return found

    def _factors(self) -> frozenset[int]:
        """Factors of integers that follow from others: `threads = 6 * h * w` says 6 for a buffer's length as well."""
        return frozenset(f for e in self.tied.values() if (f := _number_factor(e)) > 1)


def _without_tables(names: Sequence[str]) -> list[str]:
    """The names without those of long arrays in structs: a table is data, and stays as captured."""
    arrays = Counter(re.sub(r"\[\d+\]$", "", n) for n in names)
    return [n for n in names if arrays[re.sub(r"\[\d+\]$", "", n)] <= _LONGEST]


def _number_factor(expr: Expr) -> int:
    match expr:
        case Num(value):
            return value
        case Bin("*", left, right):
            return _number_factor(left) * _number_factor(right)
        case _:
            return 1


def _products(expr: Expr) -> Iterator[Expr]:
    """Products of names in what the host text says of a grid: `rows * cols` of `ceil(rows * cols / 256)`."""
    if isinstance(expr, Bin):
        names = names_in(expr)
        if expr.op == "*" and len(names) > 1 and not any(n.startswith(("block", "grid")) for n in names):
            yield expr
        yield from _products(expr.left)
        yield from _products(expr.right)


def nearness(name: str) -> Callable[[str], int]:
    """How near other names are to a quantity's own: 1 where they share a word (`len(src)` and `src_pitch`) or a struct.

    It decides between expressions that fit equally well.
    """
    inner = re.sub(r"^(len|offset)\((.*)\)$", r"\2", name)
    *path, own = re.split(r"\.|::", inner)
    words = {w for w in _words(own) if len(w) > 1 and not w.isdigit()}

    def near(other: str) -> int:
        *other_path, last = re.split(r"\.|::", other)
        leads = re.fullmatch(r"(?i)(?:ld|inc|n|num|len|stride|size)_?(\w+)", last)  # `lda` of `A`
        own_lead = leads is not None and leads[1].lower() in _words(own)
        return int(bool(words & set(_words(last))) or own_lead or bool(path and path == other_path))

    return near


def _words(name: str) -> list[str]:
    """`srcPitch`, `src_pitch` -> src, pitch."""
    return [w.lower() for w in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]


def _of_these(hints: Hints, envs: Sequence[Env]) -> Hints:
    """The hints without those of launch sites whose grid or block none of these launches has."""

    def may_be(site: Hints, env: Env) -> bool:
        for word, axes in (("grid", site.grid), ("block", site.block)):
            for axis, options in zip(AXES, axes, strict=True):
                values = [value_or_none(e, env) for e in options]
                if values and None not in values and env[f"{word}.{axis}"] not in values:
                    return False
        return True

    fitting = [s for s in hints.sites if any(may_be(s, e) for e in envs)]
    return hints.of(fitting) if 0 < len(fitting) < len(hints.sites) else hints


def prices(work: Measured) -> dict[str, float]:
    """Scalars and template values; a tied one costs a little more than what it is made of."""
    price = {s: (1.3 if s in work.tied else 1.0) for s in work.scalars}
    return price | {t: 1.3 for t in work.templates}
