"""From captured launches and the host's words to `Relations`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cuport.case import Case, PointerArg
from cuport.cases.constants import integers_of, reads
from cuport.cases.expressions import Bin, Expr, Num, Var, names_in, simplify, value_or_none
from cuport.cases.facts import AXES, buffer_names, facts, global_numbers, leaves, step_of
from cuport.cases.fit import Env, Fit, Price, fit
from cuport.cases.hosttext import Hints
from cuport.cases.making import Mold
from cuport.cases.relations import Relations, rename
from cuport.kernel import Kernel, Source

_BLOCK_PRICE = 2.2
_TIE_PRICE = 3.3


@dataclass
class Inferred:
    """`doubtful`: quantities whose expression other captures might refute; `seen`: values of what stays as captured."""

    relations: Relations
    doubtful: tuple[str, ...] = ()
    seen: dict[str, frozenset[int]] = field(default_factory=dict)
    launches: int = 1  # distinct sets of numbers the relations were checked on


class _Work:
    def __init__(self, source: Source, kernel: Kernel, cases: Sequence[Case], hints: Hints) -> None:
        self.source, self.kernel, self.hints = source, kernel, hints
        self.case = cases[0]
        distinct = {tuple(sorted(f.items())): f for f in (facts(kernel, c) for c in cases)}
        self.envs: list[Env] = list(distinct.values())
        self.scalars = [x.name for x in leaves(kernel, self.case) if x.kind == "int"] + list(global_numbers(self.case))
        self.templates = [n for n, v in self.case.template_args if isinstance(v, int) and not isinstance(v, bool)]
        self.doubtful: list[str] = []
        self.tied: dict[str, Expr] = {}
        self.integers = integers_of(source, kernel)

    def values(self, name: str) -> list[int]:
        return [e[name] for e in self.envs]

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
            return Fit(Num(self.values(name)[0]), 9.0)
        guessed = isinstance(found.expr, Num) and abs(found.expr.value) > 4 and not found.hinted
        if found.rivals or (guessed and len(self.envs) == 1):
            self.doubtful.append(name)
        return found


def infer(source: Source, kernel: Kernel, cases: Sequence[Case], hints: Hints) -> Inferred:
    """Relations that hold on all of these launches. They must be alike: same instance types, same null pointers."""
    work = _Work(source, kernel, cases, hints)
    _ties(work)
    block = _block(work)
    grid, derived = _grid(work, block)
    lengths = _lengths(work, grid)
    offsets = _offsets(work, lengths)
    shared = _shared(work, block)
    rules = [*lengths.values(), *offsets.values(), *(g for g in (*grid, *derived, *block) if g is not None), shared]
    used = {n for rule in (*rules, *work.tied.values()) for n in names_in(rule)}
    roots = tuple(s for s in work.scalars if s in used and s not in work.tied)
    loose = tuple(s for s in work.scalars if s not in used and s not in work.tied)
    require = tuple(dict.fromkeys(c for g in grid if g is not None for c in _whole(work, g)))
    relations = Relations(
        roots, loose, work.tied, lengths, offsets, tuple(grid), tuple(block), shared, tuple(derived), require
    )
    seen = {n: frozenset(work.values(n)) for n in (*work.templates, *loose)}
    return Inferred(relations, tuple(dict.fromkeys(work.doubtful)), seen, len(work.envs))


def _ties(work: _Work) -> None:
    """Integers that follow from other integers."""
    for name, options in work.hints.tied.items():
        if name in work.scalars:
            for expr in options:
                if names_in(expr) <= set(work.scalars) | set(work.templates) and _holds(work, name, expr):
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
        product = isinstance(found.expr, Bin) and found.expr.op == "*" and not _number_in(found.expr)
        if varied >= 2 and found.cost <= _TIE_PRICE and not work.constant(name):
            _tie(work, name, found.expr)
        elif varied == 1 and (isinstance(found.expr, Var) or (product and work.values(name)[0] >= 32)):
            work.doubtful.append(name)
            _tie(work, name, found.expr)


def _number_in(expr: Expr) -> bool:
    if isinstance(expr, Bin):
        return _number_in(expr.left) or _number_in(expr.right)
    return isinstance(expr, Num)


def _tie(work: _Work, name: str, expr: Expr) -> None:
    if not any(_leads_to(work, n, name) for n in names_in(expr)):
        work.tied[name] = expr


def _leads_to(work: _Work, start: str, goal: str) -> bool:
    """Whether `start` is computed, by ties, from `goal`."""
    if start == goal:
        return True
    return start in work.tied and any(_leads_to(work, n, goal) for n in names_in(work.tied[start]))


def _holds(work: _Work, name: str, expr: Expr) -> bool:
    return all(value_or_none(expr, e) == e[name] for e in work.envs)


def _prices(work: _Work) -> dict[str, float]:
    """Scalars and template values; a tied one costs a little more than what it is made of."""
    price = {s: (1.3 if s in work.tied else 1.0) for s in work.scalars}
    return price | {t: 1.3 for t in work.templates}


def _block(work: _Work) -> list[Expr | None]:
    """A number where a block extent is fixed, an expression where it is made of other numbers, None where it is free.

    It is free only if the kernel reads it and no constant of the device code equals it or the whole block's size.
    """
    block: list[Expr | None] = []
    whole = set(work.values("block"))
    for axis, hints in zip(AXES, work.hints.block, strict=True):
        name = f"block.{axis}"
        values = set(work.values(name))
        price = {t: 1.0 for t in work.templates}
        if not work.constant(name) or any(names_in(h) & set(work.scalars) for h in hints):
            price |= {s: 1.2 for s in work.scalars}
        found = fit(work.values(name), work.envs, Price(price), hints)
        if found is not None and not isinstance(found.expr, Num):
            block.append(found.expr)
            continue
        free = reads(work.source, work.kernel, "blockDim", axis) and not (values | whole) & work.integers
        if values == {1}:
            block.append(Num(1))
        elif free and min(values) > 1:
            block.append(None)
        else:
            block.append(Num(max(values)) if len(values) == 1 else None)
    return block


def _grid(work: _Work, block: Sequence[Expr | None]) -> tuple[list[Expr | None], list[Expr | None]]:
    """(rule or None where free, the host's rule where the axis is free but the host derives it)."""
    grid: list[Expr | None] = []
    derived: list[Expr | None] = []
    for axis, hints in zip(AXES, work.hints.grid, strict=True):
        name = f"grid.{axis}"
        # an extent that is another number's name adds nothing but a second way to say the same
        plain = {a for a, rule in zip(AXES, block, strict=True) if rule is None or isinstance(rule, Num)}
        price = _prices(work) | {f"block.{a}": _BLOCK_PRICE for a in AXES if a in plain} | {"block": _BLOCK_PRICE + 0.2}
        divisors = [f"block.{a}" for a in (axis, *AXES) if a in plain] + ["block", *work.templates]
        options = [h for hint in hints for h in (_with_block(hint, axis, work.envs, block), hint)]
        options = [h for h in options if names_in(h) <= price.keys() and _gives(work, name, h)]
        told = {*work.scalars, *work.templates}
        sized = [h for h in options if names_in(h) & told]
        reads_axis = reads(work.source, work.kernel, "gridDim", axis)
        if work.constant(name) and work.values(name)[0] == 1 and not sized:
            grid.append(None if reads_axis else Num(1))
            derived.append(None)
            continue
        if hints and not options and any(names_in(h) - price.keys() for h in hints):  # of numbers it is not told
            grid.append(None)
            derived.append(None)
            continue
        by_host_number = bool(options) and not sized and len(work.envs) == 1
        before = len(work.doubtful)
        found = work.fit(name, price, sized or options, divisors)
        if by_host_number or not names_in(found.expr) & {*told, "block"}:
            del work.doubtful[before:]
            grid.append(None)
            derived.append(None)
        elif reads_axis:
            grid.append(None)
            derived.append(found.expr)
        else:
            grid.append(found.expr)
            derived.append(None)
    return grid, derived


def _whole(work: _Work, expr: Expr) -> list[Expr]:
    """A grid of `n / block` blocks covers n only where that comes out even: a host that rounds down means it to.

    Where it rounds down and adds one (`n / block + 1`) it does not.
    """
    if not isinstance(expr, Bin):
        return []
    if expr.op == "//":
        even = Bin("==", Bin("%", expr.left, expr.right), Num(0))
        return [even] if all(value_or_none(even, e) == 1 for e in work.envs) else []
    return [c for side in (expr.left, expr.right) for c in _whole(work, side)] if expr.op == "*" else []


def _gives(work: _Work, name: str, expr: Expr) -> bool:
    return all(value_or_none(expr, e) == e[name] for e in work.envs)


def _with_block(expr: Expr, axis: str, envs: Sequence[Env], block: Sequence[Expr | None]) -> Expr:
    """`ceil(n / 256)` with blocks of 256: the 256 is the block, so that other blocks give other grids.

    A small divisor is taken for a block extent only where that extent is free.
    """
    names = [f"block.{axis}", *(f"block.{a}" for a in AXES if a != axis)]
    free = {f"block.{a}" for a, rule in zip(AXES, block, strict=True) if rule is None}
    sizes = {n: envs[0][n] for n in names if len({e[n] for e in envs}) == 1}

    def divisor(number: int) -> Expr:
        for name, size in sizes.items():
            if size == number > 1 and (number >= 8 or name in free):
                return Var(name)
        for name, size in sizes.items():
            if size >= 32 and number % size == 0:
                return Bin("*", Num(number // size), Var(name))
        return Num(number)

    def put(e: Expr) -> Expr:
        if not isinstance(e, Bin):
            return e
        if e.op in ("ceil", "//") and isinstance(e.right, Num):
            return Bin(e.op, put(e.left), divisor(e.right.value))
        return Bin(e.op, put(e.left), put(e.right))

    return put(expr)


def _lengths(work: _Work, grid: Sequence[Expr | None]) -> dict[str, Expr]:
    """Buffer lengths in elements."""
    price = _prices(work) | {f"block.{a}": _BLOCK_PRICE for a in AXES}
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
        hints += [_numbers_as(h, numbers) for h in hints]
        spelled = work.values(f"len({name})")[0] in work.integers  # a table whose size the kernel's code knows
        constant = 1.9 if spelled else 3.6
        lengths[name] = work.fit(f"len({name})", price, hints, ("block.x", *work.templates), constant).expr
    return lengths


def _hint_names(work: _Work, index: int, name: str) -> list[str]:
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
    return simplify(whole if step == 1 else Bin("//", whole, Num(step)))


def _known_numbers(work: _Work, grid: Sequence[Expr | None]) -> dict[int, Expr]:
    """Numbers that stand for something on these launches: a scalar's only value, a free grid axis, what that covers."""
    first = work.envs[0]
    known: dict[int, Expr] = {}
    for name in work.scalars:
        value = first[name]
        if work.constant(name) and value > 8 and name not in work.tied:
            known[value] = Num(value) if value in known else Var(name)
    for axis, rule in zip(AXES, grid, strict=True):
        if rule is None and work.constant(f"grid.{axis}") and work.constant(f"block.{axis}"):
            blocks, threads = first[f"grid.{axis}"], first[f"block.{axis}"]
            if threads > 1 and blocks * threads > 8:
                known.setdefault(blocks * threads, Bin("*", Var(f"grid.{axis}"), Var(f"block.{axis}")))
            if blocks > 2:
                known.setdefault(blocks, Var(f"grid.{axis}"))
    return known


def _numbers_as(expr: Expr, known: Mapping[int, Expr]) -> Expr:
    if isinstance(expr, Bin):
        return Bin(expr.op, _numbers_as(expr.left, known), _numbers_as(expr.right, known))
    return known.get(expr.value, expr) if isinstance(expr, Num) else expr


def _offsets(work: _Work, lengths: Mapping[str, Expr]) -> dict[str, Expr]:
    """Elements before a pointer, where it does not point to its buffer's start on every launch."""
    price = _prices(work) | {f"len({n})": 1.5 for n in lengths} | {f"grid.{a}": 1.6 for a in AXES}
    offsets: dict[str, Expr] = {}
    for leaf in leaves(work.kernel, work.case):
        name = f"offset({leaf.name})"
        if leaf.kind == "pointer" and any(e.get(name, 0) for e in work.envs) and all(name in e for e in work.envs):
            offsets[leaf.name] = work.fit(name, price, (), constant=1.2).expr
    return offsets


def _shared(work: _Work, block: Sequence[Expr | None]) -> Expr:
    """Bytes of dynamic shared memory. A bare number that is a few bytes a thread follows a block that is free."""
    if work.constant("shared") and work.values("shared")[0] == 0:
        return Num(0)
    price = _prices(work) | {f"block.{a}": 1.0 for a in AXES} | {"block": 1.2}
    sizes: list[Expr] = [Var("block.x"), Bin("*", Var("block.x"), Var("block.y"))]
    by_thread = [simplify(Bin("*", Num(k), s)) for s in sizes for k in (4, 8, 16, 2, 1, 12)]
    numbers_only = _only_numbers(work.hints.shared)
    if numbers_only and all(rule is not None for rule in block):
        return work.fit("shared", price, work.hints.shared).expr
    return work.fit("shared", price, by_thread if numbers_only else [*work.hints.shared, *by_thread]).expr


def _only_numbers(hints: Sequence[Expr]) -> bool:
    return bool(hints) and all(isinstance(h, Num) for h in hints)


def pointer_steps(case: Case, kernel: Kernel) -> dict[str, int]:
    """Bytes of one element behind each pointer."""
    return {
        leaf.name: step_of(leaf.value, case.buffers[leaf.value.buffer].data)
        for leaf in leaves(kernel, case)
        if isinstance(leaf.value, PointerArg) and leaf.value.buffer is not None
    }


def with_free_lengths(inferred: Inferred, molds: Sequence[Mold], cases: Sequence[Case]) -> Inferred:
    """Lengths that nothing explains but that indices in other buffers stay below are sizes in their own right.

    A sparse matrix's number of nonzeros is such a one: the kernel learns it from the contents of its row pointers.
    """
    relations = inferred.relations
    kernel = molds[0].kernel
    bounds = {p.bound for m in molds for p in m.profiles}
    known = [facts(kernel, c) for c in cases]
    lengths = dict(relations.lengths)
    free: list[str] = []
    for name, expr in relations.lengths.items():
        own = f"len({name})"
        if isinstance(expr, Num) and expr.value > 8 and own in bounds:
            free.append(own)
            del lengths[name]
    for name, expr in list(lengths.items()):
        same = [f for f in free if all(k[f] == k[f"len({name})"] for k in known)]
        if isinstance(expr, Num) and same:
            lengths[name] = Var(same[0])
    changed = replace(relations, lengths=lengths, roots=(*relations.roots, *free))
    return replace(inferred, relations=changed)
