"""Python names for kernels and their parameters: the translation file's naming rules."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence

EXTRAS = frozenset({"grid", "block", "shared_bytes"})


def python_name(qualified: str, taken: Iterable[str]) -> str:
    """`a::k` -> `a__k`; a Python keyword gets a trailing `_`; a taken name (an overload) gets `__2`, `__3`, ..."""
    name = _identifier(qualified.replace("::", "__"))
    used = set(taken)
    if name not in used:
        return name
    number = 2
    while f"{name}__{number}" in used:
        number += 1
    return f"{name}__{number}"


def param_names(names: Sequence[str], extras: Iterable[str]) -> tuple[str, ...]:
    """One Python name a parameter. Keywords and the names of extras (template parameters and globals among them) get
    a trailing `_`, and another where that would meet a neighbour."""
    reserved = EXTRAS | set(extras)
    others = {n for n in names if _identifier(n) == n and n not in reserved}
    out: list[str] = []
    for name in names:
        python = _identifier(name)
        while python in reserved or python in out or (python != name and python in others):
            python += "_"
        out.append(python)
    return tuple(out)


def _identifier(name: str) -> str:
    name = re.sub(r"\W", "_", name)
    return f"{name}_" if keyword.iskeyword(name) else name
