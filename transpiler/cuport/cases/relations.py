"""What holds between a kernel's sizes, scalars, grid, block and shared memory, and the domain this spans."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cuport.cases.expressions import Bin, Expr, Num, Undefined, Var, evaluate, names_in
from cuport.cases.facts import AXES

ONE, ZERO = Num(1), Num(0)


@dataclass(frozen=True)
class Relations:
    """Quantities as expressions of free ones.

    `roots` are integers that sizes depend on and that may be chosen; `loose` are integers nothing else depends on;
    `pinned` quantities stay as on the launch a case is made from; `tied` integers follow from roots. A grid or block
    axis that is None is free: it may be chosen as well.
    """

    roots: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    tied: Mapping[str, Expr] = field(default_factory=dict)
    lengths: Mapping[str, Expr] = field(default_factory=dict)  # of buffers, by the name of their first pointer
    offsets: Mapping[str, Expr] = field(default_factory=dict)  # of pointers that do not point to their buffer's start
    grid: tuple[Expr | None, ...] = (ONE, ONE, ONE)
    block: tuple[Expr | None, ...] = (ONE, ONE, ONE)
    shared: Expr = ZERO
    derived_grid: tuple[Expr | None, ...] = (None, None, None)  # how the host sets a free axis, where that is known
    require: tuple[Expr, ...] = ()  # conditions that every case must meet

    def complete(self, chosen: Mapping[str, int]) -> dict[str, int] | None:
        """All quantities from the chosen ones: roots, loose integers, template values, free axes of block and grid.

        None where an expression has no value, a size is negative, or a condition fails. A free axis that is not chosen
        follows the host's own expression; names already chosen are never overwritten.
        """
        known = dict(chosen)
        pending: dict[str, Expr] = {n: e for n, e in self.tied.items() if n not in known}
        for axis, free, derived in zip(AXES, self.grid, self.derived_grid, strict=True):
            rule = free if free is not None else derived
            if f"grid.{axis}" not in known and rule is not None:
                pending[f"grid.{axis}"] = rule
        for axis, rule in zip(AXES, self.block, strict=True):
            if f"block.{axis}" not in known and rule is not None:
                pending[f"block.{axis}"] = rule
        pending["shared"] = self.shared
        pending |= {f"len({n})": e for n, e in self.lengths.items()}
        pending |= {f"offset({n})": e for n, e in self.offsets.items()}
        while pending:
            for word in ("block", "grid"):
                if all(f"{word}.{a}" in known for a in AXES):
                    known[word] = known[f"{word}.x"] * known[f"{word}.y"] * known[f"{word}.z"]
            ready = [n for n, e in pending.items() if names_in(e) <= known.keys()]
            if not ready:
                return None
            for name in ready:
                try:
                    value = evaluate(pending.pop(name), known)
                except Undefined:
                    return None
                if value < 0 and not name.startswith(("grid", "block")) and "(" in name:
                    return None
                known[name] = value
        for word in ("block", "grid"):
            if not all(f"{word}.{a}" in known for a in AXES):
                return None
            known[word] = known[f"{word}.x"] * known[f"{word}.y"] * known[f"{word}.z"]
        if any(known[f"{w}.{a}"] < 1 for w in ("block", "grid") for a in AXES) or known["shared"] < 0:
            return None
        try:
            return known if all(evaluate(c, known) for c in self.require) else None
        except Undefined:
            return None

    def with_condition(self, condition: Expr) -> Relations:
        """These relations under one more condition, without weaker bounds that it makes superfluous."""
        match condition:
            case Bin("<=", Var(name), Num(bound)):
                weaker = [c for c in self.require if _bound(c, "<=", name) >= bound]
            case Bin(">=", Var(name), Num(bound)):
                weaker = [c for c in self.require if -_bound(c, ">=", name) >= -bound]
            case _:
                weaker = [c for c in self.require if c == condition]
        return replace(self, require=(*(c for c in self.require if c not in weaker), condition))


def _bound(condition: Expr, op: str, name: str) -> float:
    """The number of `name <= 5`; for other conditions one that is weaker than none."""
    match condition:
        case Bin(found, Var(own), Num(value)) if found == op and own == name:
            return value
    return -math.inf if op == "<=" else math.inf


def one_line(relations: Relations, captured: Mapping[str, frozenset[int]], notes: tuple[str, ...] = ()) -> str:
    """The domain for people. `captured`: values seen of template values, loose integers and fixed axes."""
    parts: list[str] = []
    conditions = [str(c) for c in relations.require]
    bounded = {n for c in relations.require for n in names_in(c)}
    parts += [f"{root} >= 1" for root in relations.roots if root not in bounded]
    parts += conditions
    parts += [f"{name} = {expr}" for name, expr in relations.tied.items()]
    by_rule: dict[str, list[str]] = {}
    for name, expr in relations.lengths.items():
        by_rule.setdefault(str(expr), []).append(f"len({name})")
    parts += [" = ".join([*names, rule]) for rule, names in by_rule.items()]
    parts += [f"{name} as captured" for name in relations.pinned]
    parts += [f"offset({n}) = {e}" for n, e in relations.offsets.items() if e != Num(0)]
    parts.append(_extents("grid", relations.grid, captured))
    parts.append(_extents("block", relations.block, captured))
    if relations.shared != Num(0):
        parts.append(f"shared = {relations.shared} bytes")
    for name, values in captured.items():
        if "." not in name or name.split(".")[0] not in ("grid", "block"):
            parts.append(
                f"{name} in {{{', '.join(map(str, sorted(values)))}}}" if len(values) > 1 else _is(name, values)
            )
    return "; ".join(p for p in (*parts, *notes) if p)


def _is(name: str, values: frozenset[int]) -> str:
    return f"{name} = {next(iter(values))}" if values else ""


def _extents(word: str, rules: tuple[Expr | None, ...], captured: Mapping[str, frozenset[int]]) -> str:
    if all(r is None or r == Num(1) for r in rules[1:]) and rules[1:] == (Num(1), Num(1)):
        rule = rules[0]
        if rule is None:
            return f"{word} free"
        return f"{word} fixed at {rule}" if isinstance(rule, Num) else f"{word} = {_short(rule)}"
    shown = ["free" if r is None else str(r) for r in rules]
    while len(shown) > 1 and shown[-1] == "1":
        shown.pop()
    if all(s == "free" for s in shown):
        return f"{word} free"
    fixed = all(isinstance(r, Num) for r in rules)
    return f"{word} fixed at ({', '.join(shown)})" if fixed else f"{word} = ({', '.join(shown)})"


def _short(expr: Expr) -> str:
    """In one dimension `block.x` reads `block`."""
    return str(rename(expr, {"block.x": "block", "grid.x": "grid"}))


def rename(expr: Expr, names: Mapping[str, str]) -> Expr:
    match expr:
        case Var(name):
            return Var(names.get(name, name))
        case Bin(op, left, right):
            return Bin(op, rename(left, names), rename(right, names))
        case _:
            return expr
