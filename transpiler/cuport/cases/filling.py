"""From relations to cases: shapes on which the original runs clean, then values for them, within the budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cuport.case import Case
from cuport.cases.checking import OracleLike, Outcome, check
from cuport.cases.conditions import explain, powers_of_two
from cuport.cases.constants import integers_of, kept_together
from cuport.cases.expressions import Bin, Num, Var, value_or_none
from cuport.cases.facts import facts, is_float
from cuport.cases.infer import Inferred
from cuport.cases.making import Mold, Steady, make, special, with_captured_integers, without_poison
from cuport.cases.relations import Relations
from cuport.cases.rivals import alternatives
from cuport.cases.shapes import Limits, Proposer, Shape, as_numbers, captured_shape, key_of
from cuport.cases.values import MAIN, WILD
from cuport.kernel import Kernel, Source

MOST_SHAPES = 12  # each distinct set of static numbers is a compile
_PROPOSED = 26
_ROUND = 14
_MOST_IDLE = 3
_SECONDS = 20.0  # for one round of proposals in one build
_PROBE_SECONDS = 5.0


@dataclass(frozen=True)
class Budget:
    """How many cases a kernel gets, and how many CUDA threads over all of them."""

    cases: int
    threads: int


@dataclass(eq=False)
class Work:
    """One group of launches on its way to cases. `originals`: captured cases; `examples`: numbers known to be good."""

    source: Source
    kernel: Kernel
    oracle: OracleLike
    seed: int
    budget: Budget
    inferred: Inferred
    molds: Sequence[Mold]
    originals: Sequence[Case]
    examples: Sequence[Mapping[str, int]]
    blocks: Sequence[Mapping[str, int]] = ()
    grids: Sequence[Mapping[str, int]] = ()
    notes: list[str] = field(default_factory=list)
    seconds: float = _SECONDS  # for one round of proposals in one build; less once one did not end
    steady: Steady = ""  # which integers in buffers keep their captured contents

    @property
    def kept(self) -> frozenset[str]:
        if any(m.origin == "generated" for m in self.molds):  # a case file says what may be chosen
            return frozenset()
        return kept_together(self.source, self.kernel, self.inferred.relations.loose)

    def make(self, shape: Shape, family: str = MAIN, seed: int = 0, label: str = "", longer: int = 0) -> Case:
        title = label or shape.label
        return make(shape.mold, shape.known, family=family, seed=seed, label=title, longer=longer, steady=self.steady)

    @property
    def hot(self) -> set[int]:
        """Numbers around which sizes are telling."""
        found = {*integers_of(self.source, self.kernel), *as_numbers(self.inferred.relations)}
        return found | {k["block.x"] for k in self.examples} | {k["block"] for k in self.examples}


def fill_group(work: Work) -> tuple[list[Case], Relations, list[Shape]]:
    """Cases, the relations with the conditions that were learned, and the shapes used."""
    relations, proposed = _clean_shapes(work)
    shapes = _choose(work, _zeros_early(relations, proposed), relations)
    relations = _with_least(relations, shapes)
    return _cases(work, shapes, relations), relations, shapes


# -- shapes --------------------------------------------------------------------------------------------------------


class _Search:
    """Rounds of proposals, each checked at once."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.shapes: list[Shape] = []
        self.failing: list[Shape] = []
        self.idle: list[Shape] = []  # the original runs clean on them, but changes nothing
        self.reasons: dict[tuple[object, ...], str] = {}
        threads = work.budget.threads
        self.limits = Limits(min(16384, max(1024, threads // 24)), max(2048, threads // 6))

    def round(self, multiples: int, powers: bool, most: int, alignments: Mapping[str, int] | None = None) -> None:
        work = self.work
        proposer = Proposer(
            work.inferred,
            work.molds,
            work.examples,
            hot=work.hot,
            blocks=work.blocks,
            grids=work.grids,
            limits=self.limits,
            seed=work.seed,
            multiples=multiples,
            alignments=alignments,
            powers=powers,
            kept=work.kept,
        )
        captured = [key_of(m, facts(work.kernel, c)) for m in work.molds for c in work.originals]
        seen = {s.key for s in (*self.shapes, *self.failing, *self.idle)} | set(captured)
        self.try_all([s for s in proposer.shapes(most) if s.key not in seen])

    def try_all(self, proposed: Sequence[Shape]) -> None:
        work = self.work
        zero = [s for s in proposed if any(s.known[r] == 0 for r in work.inferred.relations.roots)]
        others = [s for s in proposed if s not in zero]
        # a size of 0 is what the original is likeliest to run for ever on
        done = {
            s: o
            for group, limit in ((zero, _PROBE_SECONDS), (others, work.seconds))
            for s, o in self._checked(group, limit)
        }
        for shape in proposed:
            outcome = done[shape]
            if outcome.clean:
                (self.shapes if outcome.writes else self.idle).append(shape)
            else:
                self.failing.append(shape)
                self.reasons[shape.key] = outcome.reason
                if "does not end" in outcome.reason or "did not end" in outcome.reason:
                    work.seconds = _PROBE_SECONDS

    def _checked(self, shapes: Sequence[Shape], seconds: float) -> Iterable[tuple[Shape, Outcome]]:
        made = [self.work.make(s, seed=self.work.seed) for s in shapes]
        return zip(shapes, check(self.work.oracle, self.work.source, made, timeout=seconds), strict=True)


def _clean_shapes(work: Work) -> tuple[Relations, list[Shape]]:
    """Shapes on which the original runs clean, in the order of their proposal."""
    captured = work.examples
    search = _Search(work)
    search.round(1, False, _PROPOSED)
    search = _with_rivals(work, search)
    if len(search.failing) > len(search.shapes) and _has_integers(work):
        search = _steadier(work, search)
    relations = work.inferred.relations
    names = [*relations.roots, *relations.loose]
    if len(search.shapes) < 8 and (search.failing or relations.require):
        alignments = {n: step for n in relations.roots if (step := min(16, _step(captured, [n]))) > 1}
        if alignments:
            search.round(1, False, _PROPOSED, alignments)
    if len(search.shapes) < 8 and (search.failing or relations.require):
        steps = [*_moduli(relations, captured), _step(captured, names), *sorted({k["block.x"] for k in captured})]
        for step in dict.fromkeys(s for s in steps if s > 1):
            if len(search.shapes) < 8:
                search.round(step, False, _ROUND)
        if len(search.shapes) < 8 and all(_power(k[n]) for k in captured for n in relations.roots if n in k):
            search.round(1, True, _ROUND)
    if search.failing:
        good = [*captured, *(s.known for s in (*search.shapes, *search.idle))]
        bad = [s.known for s in search.failing]
        words = [n for n, v in work.molds[0].base.template_args if isinstance(v, int) and not isinstance(v, bool)]
        conditions, unexplained = explain(good, bad, names, sorted(work.hot), words, captured)
        if unexplained:  # launches that change nothing run clean on sizes that are too large, or misaligned
            others = [e for e in bad if all(value_or_none(c, e) != 0 for c in conditions)]
            telling = [*captured, *(s.known for s in search.shapes)]
            more, fewer = explain(telling, others, names, sorted(work.hot), words, captured)
            if fewer < unexplained:
                conditions, unexplained = [*conditions, *more], fewer
        for condition in conditions:
            relations = relations.with_condition(condition)
        for name in relations.roots:
            if powers_of_two(good, bad, name):
                work.notes.append(f"only powers of two were found to be legal for {name}")
        if unexplained:
            left = [s for s in search.failing if all(value_or_none(c, s.known) == 1 for c in conditions)]
            reason = Counter(search.reasons[s.key] for s in left or search.failing).most_common(1)[0][0]
            work.notes.append(f"{unexplained} sizes were left out for no simple reason: {_short(reason)}")
    # launches that change nothing tell little: sizes of 0 are worth one, of the others a few will do
    zero = [s for s in search.idle if any(s.known[r] == 0 for r in relations.roots)]
    rest = [s for s in search.idle if s not in zero]
    few = [*zero[:_MOST_IDLE], *rest[: _MOST_IDLE if search.shapes else None]]
    shapes = [*search.shapes, *few]
    shapes = [s for s in shapes if all(value_or_none(c, s.known) == 1 for c in relations.require)]
    return relations, shapes


def _with_rivals(work: Work, search: _Search) -> _Search:
    """The search with that expression of a doubtful length on which most sizes run clean."""
    if sum("out-of-bounds" in reason for reason in search.reasons.values()) < 2:
        return search
    for other in alternatives(work.inferred):
        before, work.inferred = work.inferred, other
        trial = _Search(work)
        trial.round(1, False, _PROPOSED)
        if len(trial.shapes) > len(search.shapes) and len(trial.failing) < len(search.failing):
            search = trial
        else:
            work.inferred = before
    return search


def _has_integers(work: Work) -> bool:
    """Whether some buffer holds integers whose meaning is not known, so that other contents may be illegal."""
    profiles = [p for m in work.molds if m.origin == "widened" for p in m.profiles if not p.fresh]
    return any(p.sample.dtype.kind in "iu" or p.sample.dtype.type is np.void for p in profiles)


def _steadier(work: Work, search: _Search) -> _Search:
    """The search once more with the integers in buffers as captured, cut to length, if that goes better.

    Positions that belong to flags, row pointers, links: one buffer's contents may be legal only beside another's.
    """
    before, work.steady = work.steady, "all"
    again = _Search(work)
    again.round(1, False, _PROPOSED)
    if len(again.shapes) > len(search.shapes):
        work.notes.append("integers in buffers keep their captured contents, cut to length: others broke the original")
        return again
    work.steady = before
    return search


def _zeros_early(relations: Relations, shapes: Sequence[Shape]) -> list[Shape]:
    """A shape with a zero for each root that can be zero goes to the front, so that it is among those used."""
    first: dict[tuple[object, ...], Shape] = {}
    for root in relations.roots:
        shape = next((s for s in shapes if s.known[root] == 0), None)
        if shape is not None:
            first[shape.key] = shape
    return [*list(first.values())[:3], *(s for s in shapes if s.key not in first)]


def _with_least(relations: Relations, shapes: Sequence[Shape]) -> Relations:
    """A root may be 0 only where a shape with 0 ran clean."""
    for root in relations.roots:
        bounded = any(isinstance(c, Bin) and c.op == ">=" and c.left == Var(root) for c in relations.require)
        if not bounded:
            least = 0 if any(s.known[root] == 0 for s in shapes) else 1
            relations = relations.with_condition(Bin(">=", Var(root), Num(least)))
    return relations


def _moduli(relations: Relations, captured: Sequence[Mapping[str, int]]) -> list[int]:
    """What sizes have to be multiples of by conditions that are known already."""
    found: set[int] = set()
    for condition in relations.require:
        if isinstance(condition, Bin) and isinstance(condition.left, Bin) and condition.left.op == "%":
            found |= {value_or_none(condition.left.right, k) or 1 for k in captured}
    return sorted(found)


def _step(captured: Sequence[Mapping[str, int]], names: Sequence[str]) -> int:
    """The largest power of two, up to 64, that divides every captured size above 8."""
    sizes = [k[n] for k in captured for n in names if k.get(n, 0) > 8]
    step = 64
    while step > 1 and any(s % step for s in sizes):
        step //= 2
    return step


def _power(value: int) -> bool:
    return value & (value - 1) == 0


def _choose(work: Work, proposed: Sequence[Shape], relations: Relations) -> list[Shape]:
    """At most `MOST_SHAPES`: a few captured ones that can be borne, then proposed ones in their order."""
    by_instance = {m.base.instance: m for m in work.molds}
    captured: dict[tuple[object, ...], Shape] = {}
    for case in sorted(work.originals, key=lambda c: c.threads):
        shape = captured_shape(by_instance[case.instance], facts(work.kernel, case), relations)
        captured.setdefault(shape.key, shape)
    bearable = [s for s in captured.values() if s.threads <= work.budget.threads // 4]
    if captured and not bearable:
        smallest = min(captured.values(), key=lambda s: s.threads)
        if len(proposed) < 4:
            bearable = [smallest]
        work.notes.append(
            f"captured launches have {smallest.threads} threads and more, too many for interpreters;"
            " their relations were kept and sizes made smaller"
        )
    chosen = bearable[: max(3, min(6, len(work.molds) * 2))]
    spent = sum(s.threads for s in chosen)
    for shape in proposed:
        if len(chosen) < MOST_SHAPES and (spent + shape.threads <= work.budget.threads // 2 or len(chosen) < 4):
            chosen.append(shape)
            spent += shape.threads
    return chosen


# -- values --------------------------------------------------------------------------------------------------------


def _cases(work: Work, shapes: Sequence[Shape], relations: Relations) -> list[Case]:
    """Captured contents as they are, then families of values in turn."""
    budget = work.budget
    cases: list[Case] = []
    for shape in shapes:
        if shape.captured:
            own = [c for c in work.originals if key_of(shape.mold, facts(work.kernel, c)) == shape.key]
            cases += [without_poison(replace(c, label=shape.label, seed=work.seed), work.seed) for c in own[:2]]
    spent = sum(c.threads for c in cases)
    families = applicable(work.molds)
    _still_counters(work, shapes)
    proposed: list[Case] = []
    for rank in range(16):
        before = len(proposed)
        for place, shape in enumerate(shapes):
            room = len(cases) + len(proposed) < budget.cases + 6 and spent + shape.threads <= budget.threads
            if not room and (rank > 0 or shape.captured):
                continue
            wild = rank % 2 == 1 and bool(families)
            family = families[(rank // 2 + place) % len(families)] if wild else MAIN
            label = f"{shape.label}, {family} values" if wild else shape.label
            proposed.append(work.make(shape, family, work.seed + rank, label))
            spent += shape.threads
        if len(proposed) == before:
            break
    outcomes = check(work.oracle, work.source, proposed, timeout=work.seconds)
    bad = [i for i, o in enumerate(outcomes) if not o.clean]
    if work.steady != "all" and 4 * len(bad) > len(outcomes) and _has_integers(work):
        outcomes = _steady_values(work, proposed, outcomes, bad)
    dropped = Counter(o.kind for o in outcomes if not o.clean)
    if dropped:
        work.notes.append("left out: " + ", ".join(f"{n} {_WORDS[k]}" for k, n in sorted(dropped.items())))
    clean = [o for o in outcomes if o.clean]
    idle = [o for o in clean if not o.writes]
    clean = [o for o in clean if o.writes or len(idle) == len(clean) or o in idle[:_MOST_IDLE]]
    cases = _distinct([*cases, *(_suited(o) for o in clean)])[: budget.cases]
    return _distinct([*cases, *_specials(work, shapes), *_wide(work, shapes, relations)])


def _still_counters(work: Work, shapes: Sequence[Shape]) -> None:
    """Counters start from other values as well, unless that breaks the original, as it does with locks and tickets."""
    counting = any(p.counter and not p.fresh for m in work.molds if m.origin == "widened" for p in m.profiles)
    own = sorted((s for s in shapes if s.threads > 1), key=lambda s: s.threads)[:1]
    if work.steady or not counting or not own:
        return
    probe = [work.make(own[0], "integers", work.seed + 90), work.make(own[0], "normal", work.seed + 91)]
    if not all(o.clean for o in check(work.oracle, work.source, probe, timeout=_PROBE_SECONDS)):
        work.steady = "counters"
        work.notes.append("counters start as captured: other values broke the original")


def _steady_values(work: Work, cases: Sequence[Case], outcomes: list[Outcome], bad: Sequence[int]) -> list[Outcome]:
    """The outcomes with those of bad cases replaced where they run clean with captured integers in their buffers."""
    molds = {m.base.instance: m for m in work.molds}
    again = [with_captured_integers(molds[cases[i].instance], cases[i]) for i in bad]
    better = check(work.oracle, work.source, again, timeout=work.seconds)
    if sum(o.clean for o in better) * 2 < len(better):
        return outcomes
    work.notes.append("in some cases integers in buffers keep their captured contents: others broke the original")
    found = dict(zip(bad, better, strict=True))
    return [found.get(i, o) for i, o in enumerate(outcomes)]


_WORDS = {
    "fault": "cases on which the original is wrong",
    "failed": "cases on which the original fails",
    "order": "cases whose result depends on the order of threads",
}


def _suited(outcome: Outcome) -> Case:
    """NaN or infinities that came out of finite values put a case among the special ones.

    Infinities that come out of values like the program's own are how the kernel works (a mask).
    """
    usual = outcome.finite or (outcome.case.suite == "domain" and outcome.no_nan)
    return outcome.case if usual else replace(outcome.case, suite="special")


def applicable(molds: Sequence[Mold]) -> list[str]:
    """Families of values that give something new for these buffers."""
    profiles = [p for m in molds for p in m.profiles if not p.fresh]
    floats = [p for p in profiles if is_float(p.sample.dtype)]
    integers = [p for p in profiles if p.sample.dtype.kind in "iu" and not p.bound and not p.ordered]
    signed = [p for p in floats if p.sign == "any"]
    scalars = any(getattr(a, "dtype", "").startswith(("float", "bfloat", "bool")) for m in molds for a in m.base.args)
    if not floats and not integers:
        return ["normal", "zeros"] if scalars else []
    useless = set()
    if not signed:
        useless |= {"negative", "cancelling"}
    if not floats:
        useless |= {"large", "small"}
    if not integers:
        useless.add("extremes")
    return [f for f in WILD if f not in useless]


def _specials(work: Work, shapes: Sequence[Shape]) -> list[Case]:
    """NaN and infinities in float inputs, on two small shapes."""
    if not any(is_float(p.sample.dtype) and not p.fresh for m in work.molds for p in m.profiles):
        return []
    small = sorted((s for s in shapes if s.threads > 1), key=lambda s: s.threads)[:2]
    made = [
        special(s.mold, work.make(s, seed=work.seed + 50 + i), kind)
        for i, (s, kind) in enumerate((s, k) for s in small for k in ("nan", "inf"))
    ]
    return [o.case for o in check(work.oracle, work.source, made, timeout=work.seconds) if o.clean][:3]


def _wide(work: Work, shapes: Sequence[Shape], relations: Relations) -> list[Case]:
    """Longer buffers, and grids that cover more or less than the size: how far the claim reaches, never a rejection."""
    own = [s for s in shapes if not s.captured and s.threads <= 8192] or list(shapes[:1])
    if not own:
        return []
    made = []
    if relations.lengths:
        title = f"{own[0].label}, longer buffers"
        made.append(work.make(own[0], seed=work.seed + 70, label=title, longer=7))
    shape = own[-1]
    if relations.grid[0] is not None and not isinstance(relations.grid[0], Num):
        for step in (1, -1):
            grid = shape.known["grid.x"] + step
            if grid >= 1:
                total = grid * shape.known["grid.y"] * shape.known["grid.z"]
                known = {**shape.known, "grid.x": grid, "grid": total}
                other = replace(shape, known=known)
                made.append(work.make(other, seed=work.seed + 71, label=f"{shape.label}, grid.x={grid}"))
    wide = [replace(c, suite="width") for c in made]
    return [o.case for o in check(work.oracle, work.source, wide, timeout=work.seconds) if o.clean]


def _distinct(cases: Iterable[Case]) -> list[Case]:
    found: dict[str, Case] = {}
    for case in cases:
        found.setdefault(case.digest, case)
    return list(found.values())


def _short(reason: str) -> str:
    return reason if len(reason) <= 160 else reason[:157] + "..."
