"""Rewrites of the IR, each a module with one reason to be, and the order in which they run."""

from __future__ import annotations

from cuport.translators.rules import ir
from cuport.translators.rules.passes.counted import counted
from cuport.translators.rules.passes.dead import dead
from cuport.translators.rules.passes.fold import fold
from cuport.translators.rules.passes.structure import structure

_LIMIT = 10  # rounds of fold and dead; each makes the program smaller


def normalise(function: ir.Function) -> ir.Function:
    """From what the lowering makes to the structured form that emitters take."""
    function = structure(function)
    for _ in range(_LIMIT):
        before = function
        function = dead(fold(function))
        if function == before:
            break
    return dead(counted(function))
