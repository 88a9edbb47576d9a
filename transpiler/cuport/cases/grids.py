"""Which extents of block and grid are free, and what gives the others."""

from __future__ import annotations

from collections.abc import Sequence

from cuport.cases.constants import reads
from cuport.cases.expressions import Bin, Expr, Num, Var, names_in, value_or_none
from cuport.cases.facts import AXES
from cuport.cases.fit import Env, Price, fit
from cuport.cases.measured import BLOCK_PRICE, Measured, prices


def block_rules(work: Measured) -> list[Expr | None]:
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
        told = any(isinstance(h, Num) and work.gives(name, h) for h in hints)  # the host text has a number there
        if told and found is not None and isinstance(found.expr, Bin) and not found.hinted:
            found = None
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


def grid_rules(work: Measured, block: Sequence[Expr | None]) -> tuple[list[Expr | None], list[Expr | None]]:
    """(rule or None where free, the host's rule where the axis is free but the host derives it)."""
    grid: list[Expr | None] = []
    derived: list[Expr | None] = []
    for axis, hints in zip(AXES, work.hints.grid, strict=True):
        name = f"grid.{axis}"
        # an extent that is another number's name adds nothing but a second way to say the same
        plain = {a for a, rule in zip(AXES, block, strict=True) if rule is None or isinstance(rule, Num)}
        price = prices(work) | {f"block.{a}": BLOCK_PRICE if a in plain else 9.0 for a in AXES}
        price["block"] = BLOCK_PRICE + 0.2
        divisors = [f"block.{a}" for a in (axis, *AXES) if a in plain] + ["block", *work.templates]
        options = [h for hint in hints for h in (_with_block(hint, axis, work.envs, block), hint)]
        options = [h for h in options if names_in(h) <= price.keys() and work.gives(name, h)]
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
        if by_host_number and not reads_axis:  # `dim3 grid(8, 6)`: does it just cover a size?
            covering = fit(work.values(name), work.envs, Price(price, tuple(divisors)), ())
            by_host_number = covering is None or not _covers(work, covering.expr, axis)
            if covering is not None and not by_host_number:
                found = covering
                del work.doubtful[before:]
        chance = len(work.envs) == 1 and not found.hinted and not _plain(found.expr)
        if chance or by_host_number or not names_in(found.expr) & {*told, "block"}:
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


def _plain(expr: Expr) -> bool:
    """Whether an expression has no bare number but powers of two beside a block extent (`ceil(n / (2 * block.x))`)."""
    if isinstance(expr, Num):
        return expr.value == 1
    if isinstance(expr, Bin):
        beside = [s for s in (expr.left, expr.right) if isinstance(s, Num)]
        others = [s for s in (expr.left, expr.right) if not isinstance(s, Num)]
        if beside and expr.op == "*" and others:
            return beside[0].value & (beside[0].value - 1) == 0 and any(
                n.startswith("block") for n in names_in(others[0])
            )
        return _plain(expr.left) and _plain(expr.right)
    return True


def _covers(work: Measured, expr: Expr, axis: str) -> bool:
    """Whether an expression is a scalar split into this axis's blocks, or a scalar alone with blocks of one thread."""
    if isinstance(expr, Bin) and expr.op in ("ceil", "//"):
        return isinstance(expr.left, Var) and expr.left.name in work.scalars and expr.right == Var(f"block.{axis}")
    return isinstance(expr, Var) and expr.name in work.scalars and set(work.values(f"block.{axis}")) == {1}


def whole_blocks(work: Measured, expr: Expr) -> list[Expr]:
    """A grid of `n / block` blocks covers n only where that comes out even: a host that rounds down means it to.

    Where it rounds down and adds one (`n / block + 1`) it does not.
    """
    if not isinstance(expr, Bin):
        return []
    if expr.op == "//":
        even = Bin("==", Bin("%", expr.left, expr.right), Num(0))
        return [even] if all(value_or_none(even, e) == 1 for e in work.envs) else []
    return [c for side in (expr.left, expr.right) for c in whole_blocks(work, side)] if expr.op == "*" else []


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
