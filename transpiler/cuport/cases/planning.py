"""`plan`: from captured launches to the cases a port is judged on, and the domain they stand for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cuport.case import Array, Case
from cuport.cases.checking import OracleLike, Outcome, check
from cuport.cases.conditions import explain, powers_of_two
from cuport.cases.constants import device_text, integers_of, waits
from cuport.cases.expressions import Bin, Expr, Num, Var, value_or_none
from cuport.cases.facts import facts
from cuport.cases.groups import Group, Launched, group, numbers
from cuport.cases.hosttext import Hints, HostText
from cuport.cases.infer import Inferred, infer
from cuport.cases.making import Mold, make, special
from cuport.cases.relations import Relations, one_line
from cuport.cases.rerun import reruns
from cuport.cases.shapes import Limits, Proposer, Shape, as_numbers, block_choices, captured_shape
from cuport.cases.values import MAIN, WILD
from cuport.diagnostic import Diagnostic, Span
from cuport.kernel import Kernel, Source

MOST_SHAPES = 12  # each distinct set of static numbers is a compile
_MOST_CAPTURED = 10  # captured launches looked at
_PROPOSED = 26


@dataclass(frozen=True)
class Budget:
    """How many cases a kernel gets, and how many CUDA threads over all of them."""

    cases: int
    threads: int


@dataclass(frozen=True, eq=False)
class Planned:
    """Cases of one group of launches with the relations they keep."""

    cases: tuple[Case, ...]
    domain: str
    relations: Relations
    notes: tuple[str, ...]


@dataclass(eq=False)
class _State:
    source: Source
    kernel: Kernel
    oracle: OracleLike
    seed: int
    budget: Budget
    notes: list[str] = field(default_factory=list)


def plan_captured(
    source: Source,
    kernel: Kernel,
    captures: Sequence[Any],
    oracle: OracleLike,
    *,
    seed: int,
    budget: Budget,
    args: Sequence[str] = (),
) -> tuple[list[Planned], list[Diagnostic]]:
    """Plans for each group of captured launches. Raises CuportError where the original cannot be built."""
    state = _State(source, kernel, oracle, seed, budget)
    chosen = representatives(kernel, [(c.case, c.outputs) for c in captures])
    outcomes = check(oracle, source, [case for case, _ in chosen])
    clean = [launch for launch, outcome in zip(chosen, outcomes, strict=True) if outcome.clean]
    diagnostics = [_wrong(source, kernel, o) for o in outcomes if not o.clean]
    diagnostics = list(dict.fromkeys(diagnostics))
    if not clean:
        return [], diagnostics
    if diagnostics:  # others of its launches run clean, so the kernel can still be judged on those
        diagnostics = [replace(d, severity="warning") for d in diagnostics]
    if any(o.benign for o in outcomes):
        state.notes.append("threads of the original write the same value to the same place (a benign race)")
    host = HostText(source)
    groups = group(kernel, clean)
    groups.sort(key=lambda g: -len({numbers(kernel, c) for c in g.cases}))
    groups = groups[:4]
    share = Budget(max(8, budget.cases // len(groups)), budget.threads // len(groups))
    planned: list[Planned] = []
    for members in groups:
        part = _State(source, kernel, oracle, seed, share, list(state.notes))
        planned.append(_plan_group(part, members, host.hints(kernel), args))
    return planned, diagnostics


def representatives(kernel: Kernel, launches: Sequence[Launched]) -> list[Launched]:
    """A few launches that stand for all: distinct numbers first, small before large, then other contents."""
    by_numbers: dict[object, list[Launched]] = {}
    for launch in launches:
        known = by_numbers.setdefault(numbers(kernel, launch[0]), [])
        if all(launch[0].digest != other.digest for other, _ in known):
            known.append(launch)
    ordered = sorted(by_numbers.values(), key=lambda same: (same[0][0].threads, _bytes(same[0][0])))
    instances: dict[str, int] = Counter()
    chosen: list[Launched] = []
    for rank in range(3):
        for same in ordered:
            if rank < len(same) and len(chosen) < _MOST_CAPTURED + 2 * len(instances):
                instances[same[rank][0].instance] += 1
                chosen.append(same[rank])
    return chosen


def _bytes(case: Case) -> int:
    return sum(b.data.nbytes for b in case.buffers)


def _wrong(source: Source, kernel: Kernel, outcome: Outcome) -> Diagnostic:
    """Why a captured launch cannot be judged on."""
    if outcome.failure is not None:
        return outcome.failure
    if outcome.fault is not None:
        fault = outcome.fault
        span = Span(fault.path or source.path, fault.line) if fault.line else kernel.span
        return Diagnostic(
            "cases.original-faults",
            f"the original {kernel.qualified} is wrong on its own launch: {outcome.reason}",
            span,
            "mend the CUDA program first: a port cannot be judged by a result that means nothing",
        )
    return Diagnostic(
        "cases.order-dependent",
        f"the result of the original {kernel.qualified} {outcome.reason.replace('`', '', 0)}",
        kernel.span,
        "there is no one right answer to compare with; a race, or an order that the program does not care about",
    )


def _plan_group(state: _State, members: Group, hints: Hints, args: Sequence[str]) -> Planned:
    kernel = state.kernel
    inferred = infer(state.source, kernel, members.cases, hints)
    if inferred.doubtful and state.source.has_main:
        members = _with_reruns(state, members, inferred, args)
        inferred = infer(state.source, kernel, members.cases, hints)
    molds = members.molds()
    captured = [facts(kernel, c) for c in members.cases]
    relations, shapes = _clean_shapes(state, inferred, molds, members, captured)
    cases = _fill(state, members, molds, shapes, relations)
    domain = _domain(inferred, relations, shapes, members)
    if inferred.doubtful and inferred.launches == 1:
        names = ", ".join(inferred.doubtful[:4])
        state.notes.append(f"from one launch alone, the relation of {names} is a guess; it holds on every case used")
    return Planned(tuple(cases), domain, relations, tuple(dict.fromkeys(state.notes)))


def _with_reruns(state: _State, members: Group, inferred: Inferred, args: Sequence[str]) -> Group:
    """The group with launches of the program's re-runs that are like its own and run clean."""
    base = facts(state.kernel, members.cases[0])
    interest = [base[n] for n in (*inferred.doubtful, *inferred.relations.roots) if n in base]
    interest += [base[n] for n in (*inferred.relations.tied, *inferred.relations.loose) if n in base]
    interest += [base[f"len({n})"] for n in inferred.relations.lengths]
    wanted = [v for v in dict.fromkeys(interest) if v > 4][:5]
    found = reruns(state.source, state.oracle, args).of(state.kernel, wanted)
    launches = representatives(state.kernel, [(c.case, c.outputs) for c in found])
    known = {numbers(state.kernel, c) for c in members.cases}
    launches = [x for x in launches if numbers(state.kernel, x[0]) not in known]
    alike = [g for g in group(state.kernel, [*members.launches, *launches]) if g.launches[0] is members.launches[0]]
    fresh = [x for g in alike for x in g.launches if x not in members.launches]
    outcomes = check(state.oracle, state.source, [case for case, _ in fresh])
    clean = [x for x, o in zip(fresh, outcomes, strict=True) if o.clean]
    if clean:
        state.notes.append(f"relations checked on {len(clean)} more launches of the program with other size constants")
    return Group(state.kernel, (*members.launches, *clean))


def _clean_shapes(
    state: _State, inferred: Inferred, molds: Sequence[Mold], members: Group, captured: Sequence[dict[str, int]]
) -> tuple[Relations, list[Shape]]:
    """Shapes on which the original runs clean, captured ones first, and the relations with conditions learned."""
    relations = inferred.relations
    limits = Limits(min(16384, max(1024, state.budget.threads // 8)), max(2048, state.budget.threads // 4))
    hot = {*integers_of(state.source, state.kernel), *as_numbers(relations), *(k["block.x"] for k in captured)}
    hot |= {k["block"] for k in captured}
    together = waits(state.source, state.kernel)
    blocks = block_choices(relations, captured, waits=together, bound=_launch_bound(state.source, state.kernel))
    clean: list[Outcome] = []
    shapes: list[Shape] = []
    failing: list[Shape] = []
    reasons: Counter[str] = Counter()

    def round_of(multiples: int, powers: bool, most: int) -> None:
        proposer = Proposer(
            replace(inferred, relations=relations),
            molds,
            captured,
            hot=hot,
            free_blocks=blocks,
            limits=limits,
            seed=state.seed,
            multiples=multiples,
            powers=powers,
        )
        seen = {s.key for s in (*shapes, *failing)} | {_key(m, k) for m in molds for k in captured}
        proposed = [s for s in proposer.shapes(most) if s.key not in seen]
        made = [make(s.mold, s.known, seed=state.seed, label=s.label) for s in proposed]
        for shape, outcome in zip(proposed, check(state.oracle, state.source, made), strict=True):
            if outcome.clean:
                shapes.append(shape)
                clean.append(outcome)
            else:
                failing.append(shape)
                reasons[outcome.reason] += 1

    round_of(1, False, _PROPOSED)
    names = [*relations.roots, *relations.loose]
    if len(shapes) < 8 and failing:
        steps = [_step(captured, names), *sorted({k["block.x"] for k in captured})]
        for step in dict.fromkeys(s for s in steps if s > 1):
            if len(shapes) < 8:
                round_of(step, False, 14)
        if len(shapes) < 8 and all(k[n] & (k[n] - 1) == 0 for k in captured for n in relations.roots if n in k):
            round_of(1, True, 14)
    if failing:
        conditions, unexplained = explain(
            [*captured, *(s.known for s in shapes)], [s.known for s in failing], names, sorted(hot)
        )
        for condition in conditions:
            relations = relations.with_condition(condition)
        for name in relations.roots:
            if powers_of_two([*captured, *(s.known for s in shapes)], [s.known for s in failing], name):
                state.notes.append(f"only powers of two were found to be legal for {name}")
        if unexplained:
            reason = reasons.most_common(1)[0][0]
            state.notes.append(f"{unexplained} sizes were left out for no simple reason: {_short(reason)}")
    shapes = [s for s in shapes if _meets(relations.require, s)]
    return _with_zero(relations, shapes), _choose(state, members, molds, shapes, relations)


def _with_zero(relations: Relations, shapes: Sequence[Shape]) -> Relations:
    """A root may be 0 only where a shape with 0 ran clean."""
    for root in relations.roots:
        if not any(c in relations.require for c in (Bin(">=", Var(root), Num(1)), Bin(">=", Var(root), Num(2)))):
            least = 0 if any(s.known[root] == 0 for s in shapes) else 1
            if not any(root in str(c) and ">=" in str(c) for c in relations.require):
                relations = relations.with_condition(Bin(">=", Var(root), Num(least)))
    return relations


def _meets(conditions: Iterable[Expr], shape: Shape) -> bool:
    return all(value_or_none(c, shape.known) == 1 for c in conditions)


def _key(mold: Mold, known: dict[str, int]) -> tuple[object, ...]:
    return (mold.base.instance, *sorted(known.items()))


def _step(captured: Sequence[dict[str, int]], names: Sequence[str]) -> int:
    """The largest power of two, up to 64, that divides every captured size above 8."""
    sizes = [k[n] for k in captured for n in names if k.get(n, 0) > 8]
    step = 64
    while step > 1 and any(s % step for s in sizes):
        step //= 2
    return step


def _launch_bound(source: Source, kernel: Kernel) -> int:
    found = re.search(r"__launch_bounds__\s*\(\s*(\d+)", device_text(source, kernel))
    return int(found[1]) if found else 1024


def _choose(
    state: _State, members: Group, molds: Sequence[Mold], shapes: Sequence[Shape], relations: Relations
) -> list[Shape]:
    """At most `MOST_SHAPES`: a few captured ones that can be borne, then proposed ones in their order."""
    kernel = state.kernel
    by_instance = {m.base.instance: m for m in molds}
    captured: dict[tuple[object, ...], Shape] = {}
    for case in sorted(members.cases, key=lambda c: c.threads):
        known = facts(kernel, case)
        shape = captured_shape(by_instance[case.instance], known, relations)
        captured.setdefault(shape.key, shape)
    bearable = [s for s in captured.values() if s.threads <= state.budget.threads // 3]
    if not bearable:
        smallest = min(captured.values(), key=lambda s: s.threads)
        if len(shapes) < 4:
            bearable = [smallest]
        state.notes.append(
            f"captured launches have {smallest.threads} threads and more, too many for interpreters;"
            " their relations were kept and sizes made smaller"
        )
    keep = bearable[: max(3, min(6, len(molds) * 2))] if len(bearable) > 3 else bearable
    return [*keep, *shapes][:MOST_SHAPES]


def _fill(
    state: _State, members: Group, molds: Sequence[Mold], shapes: Sequence[Shape], relations: Relations
) -> list[Case]:
    """Cases for the shapes: captured contents as they are, then families of values in turn, within the budget."""
    kernel, budget = state.kernel, state.budget
    spent = 0
    cases: list[Case] = []
    for shape in shapes:
        if shape.captured:
            originals = [c for c in members.cases if _key(shape.mold, facts(kernel, c)) == shape.key]
            for case in originals[:2]:
                cases.append(replace(case, label=shape.label, seed=state.seed))
                spent += case.threads
    families = applicable(molds)
    proposed: list[Case] = []
    rank = 0
    while len(proposed) < budget.cases and rank < 16:
        added = False
        for place, shape in enumerate(shapes):
            room = len(cases) + len(proposed) < budget.cases + 6 and spent + shape.threads <= budget.threads
            if not room and not (rank == 0 and not shape.captured):
                continue
            family = MAIN if rank % 2 == 0 or not families else families[(rank // 2 + place) % len(families)]
            label = shape.label if family == MAIN else f"{shape.label}, {family} values"
            proposed.append(make(shape.mold, shape.known, family=family, seed=state.seed + rank, label=label))
            spent += shape.threads
            added = True
        rank += 1
        if not added:
            break
    outcomes = check(state.oracle, state.source, proposed)
    dropped = Counter(o.kind for o in outcomes if not o.clean)
    if dropped:
        what = ", ".join(f"{n} {_WORDS[k]}" for k, n in sorted(dropped.items()))
        state.notes.append(f"left out: {what}")
    kept = [_suited(o) for o in outcomes if o.clean]
    cases = _distinct([*cases, *kept])[: budget.cases]
    return _distinct([*cases, *_specials(state, molds, shapes), *_wide(state, shapes, relations)])


_WORDS = {
    "fault": "cases on which the original is wrong",
    "failed": "cases on which the original fails",
    "order": "cases whose result depends on the order of threads",
}


def _suited(outcome: Outcome) -> Case:
    """NaN or infinities that came out of finite values put a case among the special ones."""
    return outcome.case if outcome.finite else replace(outcome.case, suite="special")


def applicable(molds: Sequence[Mold]) -> list[str]:
    """Families of values that give something new for these buffers."""
    profiles = [p for m in molds for p in m.profiles if not p.fresh and p.sample.dtype.names is None]
    floats = [p for p in profiles if p.sample.dtype.kind in "fV"]
    integers = [p for p in profiles if p.sample.dtype.kind in "iu" and not p.bound and not p.ordered]
    signed = [p for p in floats if p.sign == "any"]
    scalars = any(getattr(a, "dtype", "").startswith(("float", "bfloat", "bool")) for m in molds for a in m.base.args)
    if not floats and not integers:
        return ["normal", "zeros"] if scalars else []
    wanted = []
    for family in WILD:
        if family in ("negative", "cancelling") and not signed:
            continue
        if family in ("large", "small") and not floats:
            continue
        if family == "extremes" and not integers:
            continue
        wanted.append(family)
    return wanted


def _specials(state: _State, molds: Sequence[Mold], shapes: Sequence[Shape]) -> list[Case]:
    """NaN and infinities in float inputs, on two small shapes."""
    has_floats = any(
        p.sample.dtype.names is None and p.sample.dtype.kind in "fV" and not p.fresh for m in molds for p in m.profiles
    )
    if not has_floats:
        return []
    small = sorted((s for s in shapes if s.known["grid"] * s.known["block"] > 1), key=lambda s: s.threads)[:2]
    made = [
        special(s.mold, make(s.mold, s.known, seed=state.seed + 50 + i, label=s.label), kind)
        for i, (s, kind) in enumerate((s, k) for s in small for k in ("nan", "inf"))
    ]
    return [o.case for o in check(state.oracle, state.source, made) if o.clean][:3]


def _wide(state: _State, shapes: Sequence[Shape], relations: Relations) -> list[Case]:
    """Longer buffers, and grids that cover more or less than the size: how far the claim reaches, never a rejection."""
    own = [s for s in shapes if not s.captured and s.threads <= 8192] or list(shapes[:1])
    if not own:
        return []
    made = []
    if relations.lengths:
        made.append(
            make(own[0].mold, own[0].known, seed=state.seed + 70, label=f"{own[0].label}, longer buffers", longer=7)
        )
    shape = own[-1]
    if relations.grid[0] is not None and not isinstance(relations.grid[0], Num):
        for step in (1, -1):
            grid = shape.known["grid.x"] + step
            if grid >= 1:
                total = grid * shape.known["grid.y"] * shape.known["grid.z"]
                known = {**shape.known, "grid.x": grid, "grid": total}
                made.append(make(shape.mold, known, seed=state.seed + 71, label=f"{shape.label}, grid.x={grid}"))
    wide = [replace(c, suite="width") for c in made]
    return [o.case for o in check(state.oracle, state.source, wide) if o.clean]


def _distinct(cases: Iterable[Case]) -> list[Case]:
    found: dict[str, Case] = {}
    for case in cases:
        found.setdefault(case.digest, case)
    return list(found.values())


def _domain(inferred: Inferred, relations: Relations, shapes: Sequence[Shape], members: Group) -> str:
    seen = {name: set(values) for name, values in inferred.seen.items()}
    for shape in shapes:
        for name in seen:
            seen[name].add(shape.known[name])
    return one_line(relations, {n: frozenset(v) for n, v in seen.items()})


def _short(reason: str) -> str:
    return reason if len(reason) <= 160 else reason[:157] + "..."


def outputs_of(outcome: Outcome) -> tuple[Array, ...]:
    return outcome.outputs
