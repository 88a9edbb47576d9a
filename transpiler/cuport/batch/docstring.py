"""The docstring at the top of a generated port: where it comes from and one real call."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from cuport.candidate import Candidate
from cuport.case import Arg, Case, PointerArg, ScalarArg
from cuport.kernel import Kernel


def with_docstring(candidate: Candidate, source: Path, label: str, kernel: Kernel, cases: Sequence[Case]) -> str:
    """The candidate's code, headed by a docstring unless it has one. The text that is judged is the text written."""
    try:
        tree = ast.parse(candidate.code)
    except SyntaxError:
        return candidate.code
    if ast.get_docstring(tree) is not None:
        return candidate.code
    lines = [f"{kernel.qualified} of {source.name}, ported to {label} by cuport ({_author(candidate)})."]
    if cases:
        call = example_call(kernel, cases[0], _keywords(tree, kernel.python_name))
        lines += ["", "A launch of the original, as a call:", "", f"    {call}"]
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""\n\n{candidate.code.lstrip()}'


def merged_docstring(source: Path, label: str, docstrings: Sequence[str]) -> str:
    """One docstring for several kernels' modules: each one's own, under a common first line."""
    text = "\n\n".join([f"The kernels of {source.name}, ported to {label} by cuport.", *filter(None, docstrings)])
    return text.replace("\\", "\\\\").replace('"""', "'''") + "\n"


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


def _keywords(tree: ast.Module, name: str) -> frozenset[str]:
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == name:
            return frozenset(a.arg for a in statement.args.kwonlyargs + statement.args.args)
    return frozenset()


def _author(candidate: Candidate) -> str:
    p = candidate.provenance
    return f"{p.translator}, {p.model}" if p.model else p.translator
