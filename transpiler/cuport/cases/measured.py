"""Launches as numbers, with what fitting them has found out so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cuport.case import Case
from cuport.cases.constants import integers_of
from cuport.cases.expressions import Expr, Num, value_or_none
from cuport.cases.facts import facts, global_numbers, leaves
from cuport.cases.fit import Env, Fit, Price, fit
from cuport.cases.hosttext import Hints
from cuport.kernel import Kernel, Source

BLOCK_PRICE = 2.2


class Measured:
    """`envs`: the distinct sets of numbers; `doubtful`: quantities that more launches might explain otherwise."""

    def __init__(self, source: Source, kernel: Kernel, cases: Sequence[Case], hints: Hints) -> None:
        self.source, self.kernel, self.hints = source, kernel, hints
        self.case = cases[0]
        distinct = {tuple(sorted(f.items())): f for f in (facts(kernel, c) for c in cases)}
        self.envs: list[Env] = list(distinct.values())
        self.scalars = [x.name for x in leaves(kernel, self.case) if x.kind == "int"] + list(global_numbers(self.case))
        self.templates = [n for n, v in self.case.template_args if isinstance(v, int) and not isinstance(v, bool)]
        self.doubtful: list[str] = []
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
    ) -> Fit:
        found = fit(self.values(name), self.envs, Price(price, tuple(divisors), constant), hints)
        if found is None:
            self.doubtful.append(name)
            self.unexplained.add(name)
            return Fit(Num(self.values(name)[0]), 9.0)
        guessed = isinstance(found.expr, Num) and abs(found.expr.value) > 4 and not found.hinted
        if found.rivals or (guessed and len(self.envs) == 1):
            self.doubtful.append(name)
        return found


def prices(work: Measured) -> dict[str, float]:
    """Scalars and template values; a tied one costs a little more than what it is made of."""
    price = {s: (1.3 if s in work.tied else 1.0) for s in work.scalars}
    return price | {t: 1.3 for t in work.templates}
