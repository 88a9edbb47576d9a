"""Clusters of blocks: how many blocks a kernel's cluster has, and that no case can hold one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cuport.cuda.declarations import Definition
from cuport.cuda.unit import Unit, split_arguments
from cuport.diagnostic import Diagnostic

_ATTRIBUTE = re.compile(r"\b__cluster_dims__\s*\(")
_USE = re.compile(r"\b(?:__cluster_dims__|this_cluster|cluster_group|map_shared_rank|__cluster_map_shared_rank)\b")


def cluster_extents(kernel: str) -> tuple[str, str, str]:
    """The three expressions of `__cluster_dims__(x, y, z)` in a kernel's text; `1` where it says nothing."""
    found = _ATTRIBUTE.search(kernel.partition("{")[0])
    if found is None:
        return ("1", "1", "1")
    end, depth = found.end(), 1
    while end < len(kernel) and depth:
        depth += (kernel[end] == "(") - (kernel[end] == ")")
        end += 1
    x, y, z = (*split_arguments(kernel[found.end() : end - 1]), "1", "1", "1")[:3]
    return (x or "1", y, z)


def cluster_use(unit: Unit, kernel: Definition, reached: Sequence[Definition]) -> list[Diagnostic]:
    """Why a kernel cannot be captured, at its first mention of clusters; empty for one that has none."""
    for d in reached:
        if found := _USE.search(unit.text_of(d.whole)):
            start = d.whole.start_byte + len(unit.text_of(d.whole)[: found.start()].encode())
            message = f"kernel {kernel.qualified} runs in clusters of blocks ({found[0]}), which no case describes"
            hint = "`cuport run` runs it; a port has no clusters"
            return [Diagnostic("unsupported.cluster", message, unit.span_of(start, start + len(found[0])), hint)]
    return []
