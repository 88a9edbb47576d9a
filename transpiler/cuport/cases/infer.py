"""From captured launches and the host's words to `Relations`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cuport.case import Case
from cuport.cases.expressions import Bin, Expr, Num, Var, names_in, value_or_none
from cuport.cases.facts import AXES, facts
from cuport.cases.fit import Price, bare_numbers, evident, fit
from cuport.cases.grids import block_rules, grid_rules, whole_blocks
from cuport.cases.hosttext import Hints
from cuport.cases.lengths import known_scalars, length_rules, numbers_as, offset_rules, shared_rule, whole_pitches
from cuport.cases.making import Mold
from cuport.cases.measured import Measured, nearness
from cuport.cases.relations import Relations
from cuport.kernel import Kernel, Source

_TIE_PRICE = 3.3


@dataclass
class Inferred:
    """`doubtful`: quantities whose expression other captures might refute; `seen`: values of what stays as captured."""

    relations: Relations
    doubtful: tuple[str, ...] = ()
    seen: dict[str, frozenset[int]] = field(default_factory=dict)
    launches: int = 1  # distinct sets of numbers the relations were checked on
    rivals: dict[str, tuple[Expr, ...]] = field(default_factory=dict)  # other expressions for doubtful lengths
    blocks: frozenset[tuple[int, ...]] = frozenset()  # blocks seen, where the host sets them by no rule

    def sure_of(self, known: Mapping[str, int]) -> bool:
        """Whether a launch keeps every relation that is not doubtful."""
        r = self.relations
        if self.blocks and tuple(known[f"block.{a}"] for a in AXES) not in self.blocks:
            return False
        rules: dict[str, Expr] = {f"len({n})": e for n, e in r.lengths.items()}
        rules |= {f"offset({n})": e for n, e in r.offsets.items()} | dict(r.tied)
        for axis, grid, block in zip(AXES, r.grid, r.block, strict=True):
            rules |= {f"grid.{axis}": grid} if grid is not None else {}
            rules |= {f"block.{axis}": block} if block is not None else {}
        return all(value_or_none(e, known) == known.get(n) for n, e in rules.items() if n not in self.doubtful)


def infer(source: Source, kernel: Kernel, cases: Sequence[Case], hints: Hints) -> Inferred:
    """Relations that hold on all of these launches. They must be alike: same instance types, same null pointers."""
    work = Measured(source, kernel, cases, hints)
    _ties(work)
    block = block_rules(work)
    grid, derived = grid_rules(work, block)
    lengths = length_rules(work, grid)
    offsets = offset_rules(work, lengths)
    shared = shared_rule(work, block)
    rules = [*lengths.values(), *offsets.values(), *(g for g in (*grid, *derived, *block) if g is not None), shared]
    used = {n for rule in (*rules, *work.tied.values()) for n in names_in(rule)}
    unexplained = tuple(f"len({n})" for n in lengths if f"len({n})" in work.unexplained)
    unexplained += tuple(f"offset({n})" for n in offsets if f"offset({n})" in work.unexplained)
    lengths = {n: e for n, e in lengths.items() if f"len({n})" not in unexplained}
    offsets = {n: e for n, e in offsets.items() if f"offset({n})" not in unexplained}
    grid = [None if f"grid.{a}" in work.unexplained else g for a, g in zip(AXES, grid, strict=True)]
    roots = tuple(s for s in work.scalars if s in used and s not in work.tied)
    loose = tuple(s for s in work.scalars if s not in used and s not in work.tied)
    require = tuple(dict.fromkeys(c for g in (*grid, *block) if g is not None for c in whole_blocks(work, g)))
    whole = (c for c in whole_pitches(lengths.values()) if all(value_or_none(c, e) == 1 for e in work.envs))
    require = tuple(c for c in (*require, *whole) if names_in(c) & {*work.scalars})
    relations = Relations(
        roots,
        loose,
        unexplained,
        work.tied,
        lengths,
        offsets,
        tuple(grid),
        tuple(block),
        shared,
        tuple(derived),
        require,
    )
    seen = {n: frozenset(work.values(n)) for n in (*work.templates, *loose)}
    ruled = any(names_in(b) for b in block if b is not None)
    blocks = frozenset() if ruled else frozenset(tuple(e[f"block.{a}"] for a in AXES) for e in work.envs)
    rivals = {n: work.rivals[f"len({n})"] for n in lengths if f"len({n})" in work.rivals}
    return Inferred(relations, tuple(dict.fromkeys(work.doubtful)), seen, len(work.envs), rivals, blocks)


def _ties(work: Measured) -> None:
    """Integers that follow from other integers."""
    for name, options in work.hints.tied.items():
        if name in work.scalars:
            numbers = known_scalars(work, name)
            for expr in sorted((numbers_as(e, numbers) for e in options), key=bare_numbers):
                if names_in(expr) <= set(work.scalars) | set(work.templates) and work.gives(name, expr):
                    _tie(work, name, expr)
                    break
    for group in work.hints.same:
        members = [s for s in work.scalars if s in group and s not in work.tied]
        for other in members[1:]:
            if work.values(other) == work.values(members[0]):
                _tie(work, other, Var(members[0]))
    by_size = sorted(work.scalars, key=lambda s: (-max(work.values(s)), -work.scalars.index(s)))
    for name in by_size:
        if name in work.tied or max(map(abs, work.values(name))) < 2:
            continue
        others = {s: 1.0 for s in work.scalars if s != name and s not in work.tied and not _leads_to(work, s, name)}
        found = fit(work.values(name), work.envs, Price(others), ())
        if found is None or isinstance(found.expr, Num):
            continue
        varied = len({tuple(e[n] for n in sorted(names_in(found.expr) | {name})) for e in work.envs})
        near = nearness(name)
        small = max(map(abs, work.values(name))) <= 4 and not any(map(near, names_in(found.expr)))
        product = isinstance(found.expr, Bin) and found.expr.op == "*" and not _number_in(found.expr)
        if varied >= 2 and found.cost <= _TIE_PRICE:
            alike = any(map(near, names_in(found.expr)))
            if isinstance(found.expr, Var) and _separate(work.hints, name, found.expr.name):
                continue
            if evident(work.envs, name, found.expr, len(others), 1.0 if alike else 3.0):
                _tie(work, name, found.expr)
        elif varied == 1 and isinstance(found.expr, Var) and not small:
            if not _separate(work.hints, name, found.expr.name):
                work.doubtful.append(name)
                _tie(work, name, found.expr)
        elif varied == 1 and product and work.values(name)[0] >= 32:
            work.doubtful.append(name)
            _tie(work, name, found.expr)


def _separate(hints: Hints, a: str, b: str) -> bool:
    """Whether the host keeps two parameters in variables of their own, so that equal values are chance."""
    first, second = hints.words.get(a), hints.words.get(b)
    return first is not None and second is not None and not first & second


def _number_in(expr: Expr) -> bool:
    if isinstance(expr, Bin):
        return _number_in(expr.left) or _number_in(expr.right)
    return isinstance(expr, Num)


def _tie(work: Measured, name: str, expr: Expr) -> None:
    if not any(_leads_to(work, n, name) for n in names_in(expr)):
        work.tied[name] = expr


def _leads_to(work: Measured, start: str, goal: str) -> bool:
    """Whether `start` is computed, by ties, from `goal`."""
    if start == goal:
        return True
    return start in work.tied and any(_leads_to(work, n, goal) for n in names_in(work.tied[start]))


def with_free_lengths(inferred: Inferred, molds: Sequence[Mold], cases: Sequence[Case]) -> Inferred:
    """Lengths that nothing explains but that indices in other buffers stay below are sizes in their own right.

    A sparse matrix's number of nonzeros is such a one: the kernel learns it from the contents of its row pointers.
    """
    relations = inferred.relations
    kernel = molds[0].kernel
    bounds = {p.bound for m in molds for p in m.profiles}
    known = [facts(kernel, c) for c in cases]
    lengths = dict(relations.lengths)
    constant = {f"len({n})": n for n, e in lengths.items() if isinstance(e, Num) and e.value > 8}
    free = [own for own in (*constant, *relations.pinned) if own in bounds]
    for own in free:
        lengths.pop(constant.get(own, ""), None)
    for name, expr in list(lengths.items()):
        same = [f for f in free if all(k[f] == k[f"len({name})"] for k in known)]
        if isinstance(expr, Num) and same:
            lengths[name] = Var(same[0])
    pinned = []
    for own in relations.pinned:
        if own.startswith("offset("):
            pinned.append(own)
            continue
        same = [f for f in free if f != own and all(k[f] == k[own] for k in known)]
        if own not in free and same:
            lengths[own[4:-1]] = Var(same[0])
        elif own not in free:
            pinned.append(own)
    changed = replace(relations, lengths=lengths, roots=(*relations.roots, *free), pinned=tuple(pinned))
    return replace(inferred, relations=changed)
