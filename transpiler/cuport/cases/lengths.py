"""Buffer lengths, pointer offsets and shared bytes as expressions of the other numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cuport.case import Case, PointerArg
from cuport.cases.expressions import Bin, Expr, Num, Var, names_in, simplify
from cuport.cases.facts import AXES, buffer_names, leaves
from cuport.cases.fit import evident
from cuport.cases.measured import BLOCK_PRICE, Measured, prices
from cuport.cases.relations import rename


def length_rules(work: Measured, grid: Sequence[Expr | None]) -> dict[str, Expr]:
    """Buffer lengths in elements."""
    price = prices(work) | {f"block.{a}": BLOCK_PRICE for a in AXES}
    for axis, rule in zip(AXES, grid, strict=True):
        price[f"grid.{axis}"] = 1.1 if rule is None else 1.9
    if any(e["grid.y"] > 1 or e["grid.z"] > 1 for e in work.envs):
        price["grid"] = 1.7 if grid[0] is None and (grid[1] is None or grid[2] is None) else 2.6
    aliases = {
        h.name: f"grid.{axis}"
        for axis, hints in zip(AXES, work.hints.grid, strict=True)
        for h in hints
        if isinstance(h, Var) and h.name not in price
    }
    numbers = _known_numbers(work, grid)
    lengths: dict[str, Expr] = {}
    for name, index in buffer_names(work.kernel, work.case).items():
        hints: list[Expr] = []
        step = _element_bytes(work.case, index)
        words = _hint_names(work, index, name)
        for word in words:
            hints += work.hints.lengths.get(word, ())
            hints += (in_elements(h, step) for h in work.hints.bytes.get(word, ()))
        hints = [rename(h, aliases) for h in hints]
        hints += [numbers_as(h, numbers) for h in hints]
        spelled = work.values(f"len({name})")[0] in work.integers  # a table whose size the kernel's code knows
        constant = 1.9 if spelled else 3.6
        wide = _in_steps(work, step)
        costs = price
        if work.hints.named_block and any(isinstance(h, Num) and work.gives(f"len({name})", h) for h in hints):
            costs = price | {f"block.{a}": 9.0 for a in AXES}
        lengths[name] = work.fit(f"len({name})", costs, hints, ("block.x", *work.templates), constant, wide).expr
    return lengths


_PITCH = re.compile(r"(?i)pitch|stride|bytes")


def whole_pitches(lengths: Iterable[Expr]) -> Iterator[Expr]:
    """A pitch in bytes is a whole number of elements."""
    for expr in lengths:
        match expr:
            case Bin("//", whole, Num(step)):
                found = [n for n in names_in(whole) if _PITCH.search(n)]
            case Bin("*", Bin("//", Var(name), Num(step)), _) | Bin("*", _, Bin("//", Var(name), Num(step))):
                found = [name] if _PITCH.search(name) else []
            case _:
                continue
        yield from (Bin("==", Bin("%", Var(n), Num(step)), Num(0)) for n in found)


def _in_steps(work: Measured, step: int) -> list[Expr]:
    """Pitches in bytes as elements of a buffer."""
    pitches = [s for s in work.scalars if _PITCH.search(s)] if step > 1 else []
    return [Bin("//", Var(s), Num(step)) for s in pitches if all(v % step == 0 for v in work.values(s))]


def _hint_names(work: Measured, index: int, name: str) -> list[str]:
    """Parameters whose pointers lead to this buffer, its namesake first: a sibling's allocation may be the one read."""
    others = [
        x.name
        for x in leaves(work.kernel, work.case)
        if isinstance(x.value, PointerArg) and x.value.buffer == index and x.name != name
    ]
    return [name, *others]


def _element_bytes(case: Case, index: int) -> int:
    data = case.buffers[index].data
    return int(data.dtype.itemsize) * (int(data.shape[1]) if data.ndim == 2 else 1)


def in_elements(expr: Expr, step: int) -> Expr:
    """A byte count as an element count: factors of the element size are taken out; an unknown `sizeof` is that size."""

    def sized(e: Expr) -> Expr:
        match e:
            case Var(name) if name.startswith("sizeof("):
                return Num(step)
            case Bin(op, left, right):
                return Bin(op, sized(left), sized(right))
            case _:
                return e

    factors: list[Expr] = []

    def collect(e: Expr) -> None:
        if isinstance(e, Bin) and e.op == "*":
            collect(e.left)
            collect(e.right)
        else:
            factors.append(e)

    collect(simplify(sized(expr)))
    number = 1
    rest: list[Expr] = []
    for factor in factors:
        if isinstance(factor, Num):
            number *= factor.value
        else:
            rest.append(factor)
    if step and number % step == 0:
        number //= step
        step = 1
    whole: Expr = Num(number)
    for factor in rest:
        whole = Bin("*", whole, factor)
    common = math.gcd(number, step)
    if step > 1 and common > 1:  # 2 * n * n / 4 is n * n / 2
        number, step = number // common, step // common
        whole = Num(number)
        for factor in rest:
            whole = Bin("*", whole, factor)
    return simplify(whole if step == 1 else Bin("//", whole, Num(step)))


def known_scalars(work: Measured, without: str = "") -> dict[int, Expr]:
    """Scalars by their only value: macros are expanded before they are read, so that a number may stand for one."""
    known: dict[int, Expr] = {}
    for name in work.scalars:
        value = work.envs[0][name]
        if work.constant(name) and value > 8 and name not in work.tied and name != without:
            known[value] = Num(value) if value in known else Var(name)
    return known


def _known_numbers(work: Measured, grid: Sequence[Expr | None]) -> dict[int, Expr]:
    """Numbers that stand for something on these launches: a scalar's only value, a free grid axis, what that covers."""
    first = work.envs[0]
    known = known_scalars(work)
    for axis, rule in zip(AXES, grid, strict=True):
        if rule is None and work.constant(f"grid.{axis}") and work.constant(f"block.{axis}"):
            blocks, threads = first[f"grid.{axis}"], first[f"block.{axis}"]
            if threads > 1 and blocks * threads > 8:
                known.setdefault(blocks * threads, Bin("*", Var(f"grid.{axis}"), Var(f"block.{axis}")))
            if blocks > 2:
                known.setdefault(blocks, Var(f"grid.{axis}"))
    return known


def numbers_as(expr: Expr, known: Mapping[int, Expr]) -> Expr:
    if isinstance(expr, Bin):
        return Bin(expr.op, numbers_as(expr.left, known), numbers_as(expr.right, known))
    return known.get(expr.value, expr) if isinstance(expr, Num) else expr


def offset_rules(work: Measured, lengths: Mapping[str, Expr]) -> dict[str, Expr]:
    """Elements before a pointer, where it does not point to its buffer's start on every launch.

    An expression that the launches do not prove is not taken: such an offset stays as captured.
    """
    price = prices(work) | {f"len({n})": 1.5 for n in lengths} | {f"grid.{a}": 1.6 for a in AXES}
    offsets: dict[str, Expr] = {}
    for leaf in leaves(work.kernel, work.case):
        name = f"offset({leaf.name})"
        if leaf.kind == "pointer" and any(e.get(name, 0) for e in work.envs) and all(name in e for e in work.envs):
            expr = work.fit(name, price, (), constant=1.2).expr
            told = isinstance(expr, Var) and min(map(abs, work.values(name))) >= 8
            if names_in(expr) and not told and not evident(work.envs, name, expr, len(price)):
                work.unexplained.add(name)
            offsets[leaf.name] = expr
    return offsets


def shared_rule(work: Measured, block: Sequence[Expr | None]) -> Expr:
    """Bytes of dynamic shared memory. A bare number that is a few bytes a thread follows a block that is free."""
    if work.constant("shared") and work.values("shared")[0] == 0:
        return Num(0)
    fixed = all(isinstance(rule, Num) for rule in block)  # then the block is as good as a number
    price = (
        prices(work) | {f"block.{a}": BLOCK_PRICE if fixed else 1.0 for a in AXES} | {"block": 2.4 if fixed else 1.2}
    )
    sizes: list[Expr] = [Var("block.x"), Bin("*", Var("block.x"), Var("block.y"))]
    by_thread = [simplify(Bin("*", Num(k), s)) for s in sizes for k in (4, 8, 16, 2, 1, 12)]
    numbers_only = _only_numbers(work.hints.shared)
    if numbers_only and all(rule is not None for rule in block):
        return work.fit("shared", price, work.hints.shared).expr
    return work.fit("shared", price, by_thread if numbers_only else [*work.hints.shared, *by_thread]).expr


def _only_numbers(hints: Sequence[Expr]) -> bool:
    return bool(hints) and all(isinstance(h, Num) for h in hints)
