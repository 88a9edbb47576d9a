"""The docstring at the top of a generated port: where it comes from, and one real call of each kernel."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cuport.candidate import Candidate
from cuport.case import Arg, Case, PointerArg, ScalarArg
from cuport.kernel import Kernel


@dataclass(frozen=True, eq=False)
class Piece:
    """One kernel's port: the module a translator wrote for it, and a launch of the original to show."""

    kernel: Kernel
    candidate: Candidate
    example: Case | None


def docstring_of(source: Path, label: str, pieces: Sequence[Piece]) -> str:
    """The text between the quotes, for a file of these pieces."""
    authors = ", ".join(dict.fromkeys(_author(p.candidate) for p in pieces))
    what = pieces[0].kernel.qualified if len(pieces) == 1 else "The kernels"
    lines = [f"{what} of {source.name}, ported to {label} by cuport ({authors})."]
    calls = [example_call(p.kernel, p.example, _keywords(p)) for p in pieces if p.example is not None]
    if calls:
        many = len(calls) > 1
        lines += ["", "Launches of the original, as calls:" if many else "A launch of the original, as a call:", ""]
        lines += [f"    {call}" for call in calls]
    return "\n".join(lines).replace("\\", "\\\\").replace('"""', "'''") + "\n"


def example_call(kernel: Kernel, case: Case, keywords: frozenset[str]) -> str:
    """`saxpy(1000, 2.5, x, y, grid=(4, 1, 1), block=(256, 1, 1))`; only keywords that the port declares."""
    parts = [_value(name, arg) for name, arg in zip(kernel.param_names, case.args, strict=False)]
    extras: dict[str, object] = {"grid": case.grid, "block": case.block, "shared_bytes": case.shared_bytes}
    parts += [f"{k}={v}" for k, v in extras.items() if k in keywords]
    parts += [f"{k}={v}" for k, v in case.template_args if k in keywords]
    return f"{kernel.python_name}({', '.join(parts)})"


def _value(name: str, arg: Arg) -> str:
    if isinstance(arg, ScalarArg):
        return repr(arg.value)
    if isinstance(arg, PointerArg) and arg.buffer is None:
        return "None"
    return name


def _keywords(piece: Piece) -> frozenset[str]:
    for statement in ast.parse(piece.candidate.code).body:
        if isinstance(statement, ast.FunctionDef) and statement.name == piece.kernel.python_name:
            return frozenset(a.arg for a in statement.args.kwonlyargs + statement.args.args)
    return frozenset()


def _author(candidate: Candidate) -> str:
    p = candidate.provenance
    return f"{p.translator}, {p.model}" if p.model else p.translator
