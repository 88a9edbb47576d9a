"""`tl.multiple_of`, `tl.max_contiguous`, `tl.max_constancy`: promises of the port that the compiler believes.

A false one makes it join loads that do not belong together. Scalars and one dimension are checked where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from cuport.targets.triton.interpreter.registry import Machine, full, shape_of
from cuport.targets.triton.interpreter.syntax import Op

_NUMBER = re.compile(r"(\d+)")
_NAMES = {
    "tt.divisibility": "tl.multiple_of",
    "tt.contiguity": "tl.max_contiguous",
    "tt.constancy": "tl.max_constancy",
}


def hint_of(op: Op, machine: Machine) -> Callable[[Any], None] | None:
    """What checks an operation's result against its hints; None if it has none that can be checked."""
    told = {name: _amount(op.attributes[name]) for name in _NAMES if name in op.attributes}
    if not told or len(op.results) != 1 or len(shape_of(op.result_types[0])) > 1:
        return None
    shape = shape_of(op.result_types[0])

    def check(value: Any) -> None:
        flat = np.asarray(full(value, shape)).reshape(-1).astype(np.int64)
        for name, amount in told.items():
            group = flat.reshape(-1, amount) if flat.size % amount == 0 and amount else flat.reshape(1, -1)
            if name == "tt.contiguity":
                held = bool((group == group[:, :1] + np.arange(group.shape[1])).all())
            elif name == "tt.constancy":
                held = bool((group == group[:, :1]).all())
            else:
                run = told.get("tt.contiguity", 1)
                starts = flat[::run] if run and flat.size % run == 0 else flat[:1]
                held = not (starts % amount).any()
            if not held:
                machine.note(f"{_NAMES[name]}(..., {amount}) does not hold; the compiler believes it")

    return check


def _amount(text: str) -> int:
    """`dense<16> : tensor<1xi32>` or `16 : i32` -> 16."""
    found = _NUMBER.search(text.partition("<")[2] or text)
    return max(int(found.group(1)), 1) if found else 1
