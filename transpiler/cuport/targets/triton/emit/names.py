"""Names of the port that the CUDA's own names must not take: those of the emitted frame, and Triton's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cuport.translators.rules import ir, walk

_FRAME = "lane active program P tl triton torch libdevice range float min max abs len print"
_INDICES = [f"{kind}_{axis}" for kind in ("tid", "bid", "bdim", "gdim") for axis in "xyz"]
DEVICE = frozenset([*_FRAME.split(), *_INDICES])


def fresh(name: str, taken: Iterable[str]) -> str:
    """`name`, with underscores behind it until it is not taken."""
    used = set(taken)
    while name in used:
        name += "_"
    return name


def apart(function: ir.Function) -> ir.Function:
    """The function with every variable, parameter and memory that is named like part of the frame renamed."""
    own = [*function.variables, *(s.name for s in function.scalars), *(m.name for m in function.memories)]
    names = {n: fresh(n, DEVICE | set(own)) for n in own if n in DEVICE or n.startswith("_")}
    return _renamed(function, names) if names else function


def _renamed(function: ir.Function, names: Mapping[str, str]) -> ir.Function:
    def new(name: str) -> str:
        return names.get(name, name)

    def expression(e: ir.Expr) -> ir.Expr:
        match e:
            case ir.Var() | ir.Param():
                return replace(e, name=new(e.name))
            case ir.Load() | ir.IsNull():
                return replace(e, memory=new(e.memory))
            case _:
                return e

    def statement(s: ir.Stmt) -> ir.Stmt:
        s = walk.map_stmt(s, lambda e: walk.map_expr(e, expression), block)
        match s:
            case ir.Assign() | ir.For():
                return replace(s, var=new(s.var))
            case ir.Store():
                return replace(s, memory=new(s.memory))
            case ir.Atomic():
                return replace(s, memory=new(s.memory), result=s.result and new(s.result))
            case ir.Shuffle() | ir.Collective():
                return replace(s, result=new(s.result))
            case _:
                return s

    def block(b: ir.Block) -> ir.Block:
        return tuple(statement(s) for s in b)

    return replace(
        function,
        scalars=tuple(replace(s, name=new(s.name)) for s in function.scalars),
        memories=tuple(replace(m, name=new(m.name)) for m in function.memories),
        variables={new(n): dtype for n, dtype in function.variables.items()},
        body=block(function.body),
        nullable=tuple(new(n) for n in function.nullable),
    )
