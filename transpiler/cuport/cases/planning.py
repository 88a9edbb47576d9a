"""`plan`: from captured launches to the cases a port is judged on, and the domain they stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cuport.case import Case
from cuport.cases.checking import OracleLike, Outcome, check
from cuport.cases.constants import launch_bound, waits
from cuport.cases.facts import facts
from cuport.cases.filling import Budget, Work, fill_group
from cuport.cases.groups import Group, Launched, group, likeness, numbers
from cuport.cases.hosttext import Hints, HostText
from cuport.cases.infer import Inferred, infer, with_free_lengths
from cuport.cases.relations import Relations, one_line
from cuport.cases.rerun import reruns
from cuport.cases.shapes import Shape, block_choices
from cuport.diagnostic import Diagnostic, Span
from cuport.kernel import Kernel, Source

_MOST_CAPTURED = 10  # captured launches looked at
_CHECK_SECONDS = 40.0  # for all captured launches of a kernel
_MOST_GROUPS = 4
_MOST_RERUNS = 3  # of the program, for one kernel


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
    checked: bool = True  # whether the captured launches are known to run clean


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
    outcomes = check(oracle, source, [case for case, _ in chosen], timeout=_CHECK_SECONDS)
    clean = [launch for launch, outcome in zip(chosen, outcomes, strict=True) if outcome.clean]
    wrong = [o for o in outcomes if not o.clean and not _too_long(o)]
    if not clean and not wrong:  # nothing bad is known of them; their numbers are enough to choose smaller sizes
        clean, state.checked = chosen[:3], False
        state.notes.append("captured launches are too large to be checked; only their relations were used")
    diagnostics = list(dict.fromkeys(_wrong(source, kernel, o) for o in wrong))
    if not clean:
        return [], diagnostics
    if diagnostics:  # others of its launches run clean, so the kernel can still be judged on those
        diagnostics = [replace(d, severity="warning") for d in diagnostics]
    if any(o.benign for o in outcomes):
        state.notes.append("threads of the original write the same value to the same place (a benign race)")
    host = HostText(source)
    groups = group(kernel, clean)
    hints = host.hints(kernel)
    groups = [part for g in groups for part in _by_instance(source, g, hints)]
    groups.sort(key=lambda g: -len({numbers(kernel, c) for c in g.cases}))
    if len(groups) > _MOST_GROUPS:
        state.notes.append(f"{len(groups) - _MOST_GROUPS} kinds of launches (types, null pointers) were left out")
    groups = groups[:_MOST_GROUPS]
    share = Budget(max(8, budget.cases // len(groups)), budget.threads // len(groups))
    planned: list[Planned] = []
    for members in groups:
        part = replace(state, budget=share, notes=list(state.notes))
        planned.append(_plan_group(part, members, hints, args))
    return planned, diagnostics


def _by_instance(source: Source, members: Group, hints: Hints) -> list[Group]:
    """The group, or one a template instance where no relation explains a length for all of them together."""
    instances: dict[str, list[Launched]] = {}
    for launch in members.launches:
        instances.setdefault(launch[0].instance, []).append(launch)
    if not 1 < len(instances) <= _MOST_GROUPS:
        return [members]
    pinned = infer(source, members.kernel, members.cases, hints).relations.pinned
    if not any(n.startswith("len(") for n in pinned):
        return [members]
    return [Group(members.kernel, tuple(found), True) for found in instances.values()]


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


def _too_long(outcome: Outcome) -> bool:
    return outcome.failure is not None and outcome.failure.code.endswith("timeout")


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
        f"launched by its own program, {kernel.qualified} has no one result: {outcome.reason}",
        kernel.span,
        "there is no one right answer to compare with; a race, or an order that the program does not care about",
    )


def _plan_group(state: _State, members: Group, hints: Hints, args: Sequence[str]) -> Planned:
    source, kernel = state.source, state.kernel
    inferred = infer(source, kernel, members.cases, hints)
    if source.has_main:
        members, inferred = _with_reruns(state, members, inferred, hints, args)
    molds = members.molds(source)
    inferred = with_free_lengths(inferred, molds, members.cases)
    examples = [facts(kernel, c) for c in members.cases]
    bound = launch_bound(source, kernel)
    blocks = block_choices(inferred.relations, examples, waits=waits(source, kernel), bound=bound)
    work = Work(
        source,
        kernel,
        state.oracle,
        state.seed,
        state.budget,
        inferred,
        molds,
        members.cases if state.checked else [],
        examples,
        blocks,
        notes=state.notes,
    )
    cases, relations, shapes = fill_group(work)
    inferred = work.inferred
    if inferred.doubtful and inferred.launches == 1:
        names = ", ".join(inferred.doubtful[:4])
        state.notes.append(f"from one launch alone, the relation of {names} is a guess; it holds on every case used")
    domain = domain_line(inferred, relations, shapes)
    return Planned(tuple(cases), domain, relations, tuple(dict.fromkeys(state.notes)))


def domain_line(inferred: Inferred, relations: Relations, shapes: Sequence[Shape]) -> str:
    """One line for people: conditions, sizes, grid, block, and the values seen of what is not free."""
    seen = {name: set(values) for name, values in inferred.seen.items()}
    for shape in shapes:
        for name in seen:
            seen[name].add(shape.known[name])
    return one_line(relations, {n: frozenset(v) for n, v in seen.items()})


def _with_reruns(
    state: _State, members: Group, inferred: Inferred, hints: Hints, args: Sequence[str]
) -> tuple[Group, Inferred]:
    """The group with launches of the program's re-runs, as long as doubt is left.

    Only those count that are like its own, run clean, and break none of the relations that were not in doubt: where a
    changed number leaves another behind that belonged to it, the program is no longer the program.
    """
    source, kernel = state.source, state.kernel
    base = facts(kernel, members.cases[0])
    program = reruns(source, state.oracle, args)
    added = 0
    for attempt in range(_MOST_RERUNS + 1):
        if not inferred.doubtful:
            break
        fresh = _alike(kernel, members, [(c.case, c.outputs) for c in program.of(kernel)])
        fresh = [x for x in fresh if inferred.sure_of(facts(kernel, x[0]))]
        outcomes = check(state.oracle, source, [case for case, _ in fresh])
        clean = [x for x, o in zip(fresh, outcomes, strict=True) if o.clean]
        if clean:
            added += len(clean)
            members = replace(members, launches=(*members.launches, *clean))
            inferred = infer(source, kernel, members.cases, hints)
        wanted = _interest(inferred, base)
        if not inferred.doubtful or attempt == _MOST_RERUNS or not program.step(wanted):
            break
    if added:
        state.notes.append(f"relations checked on {added} more launches of the program with other size constants")
    return members, inferred


def _alike(kernel: Kernel, members: Group, launches: Sequence[Launched]) -> list[Launched]:
    """Launches with other numbers than the group's, but of its types, null pointers and aliasing."""
    known = {numbers(kernel, c) for c in members.cases}
    fresh = [x for x in representatives(kernel, launches) if numbers(kernel, x[0]) not in known]
    own = {c.instance for c in members.cases}
    fresh = [x for x in fresh if not members.alone or x[0].instance in own]
    return [x for x in fresh if likeness(kernel, x[0]) == likeness(kernel, members.cases[0])]


def _interest(inferred: Inferred, base: dict[str, int]) -> list[int]:
    """Sizes whose change would tell most: those of doubtful quantities, of roots, of what roots determine."""
    relations = inferred.relations
    names = [*inferred.doubtful, *relations.roots, *relations.tied, *relations.loose]
    values = [base[n] for n in names if n in base] + [base[f"len({n})"] for n in relations.lengths]
    return [v for v in dict.fromkeys(values) if v > 4][:5]
