"""Kernels whose result cannot depend on the order of their blocks, so that blocks may run on several cores.

Proved, else no: every function reached is in the source or known; none orders or counts across blocks (atomics,
volatile, fences, printf, clocks, the device's heap, static variables); nothing writes to a place that has the same
address for every block by its very spelling (`*p = ...`, `count[0]++`, a global variable). What is left are kernels
whose blocks race with each other; their result is as open as on a GPU, and no verdict rests on a run like that.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from cuport.cuda.declarations import Definition
from cuport.cuda.parse import matches, walk
from cuport.cuda.rewrite.loops.rows import PLAIN
from cuport.cuda.rewrite.program import Program
from cuport.cuda.unit import plain_name
from cuport.kernel import Kernel

_ORDERING = re.compile(
    r"\b(?:atomic\w*|volatile|__threadfence\w*|printf|f?puts|putchar|assert|__assert\w*|__trap|__brkpt|clock\w*|__nanosleep|malloc|free"
    r"|new|delete|static|asm|__asm|__asm__|this_grid|grid_group|cuda|nvcuda|cub|thrust|curand\w*|surf\w+|__managed__|goto)\b|<<<"
)
_BLOCK_ONLY = re.compile(
    r"__sync\w+|__shfl\w*|__ballot\w*|__any\w*|__all\w*|__activemask|__match_\w+|__reduce_\w+_sync|this_thread_block|tiled_partition"
    r"|sync|thread_rank|size|num_threads|shfl\w*|meta_group_\w+|any|all|ballot|reduce|coalesced_threads|tex\w+|dim3|[iu]?(?:float|int|uint|double|char)[1-4]"
)


def independent(program: Program, kernel: Kernel) -> bool:
    functions = {f.qualified: f for f in program.source.functions}
    reached = [functions[c] for c in kernel.calls if c in functions]
    if len(reached) != len(kernel.calls) or (program.waits(kernel) and program.grid_waits(kernel)):
        return False
    if any(_ORDERING.search(text) for text in (kernel.text, *(f.text for f in reached))):
        return False
    names = {f.qualified for f in reached}
    bodies = [
        d for d in program.definitions if d.qualified in names or (d.is_kernel and d.qualified == kernel.qualified)
    ]
    known = {f.name for f in reached} | {s.name for s in program.source.structs}
    return all(_is_independent(program, d, known) for d in bodies)


def _is_independent(program: Program, definition: Definition, known: set[str]) -> bool:
    unit = program.unit
    globals_ = {g.name for g in program.source.globals if g.space != "constant"}
    if any(n.type == "lambda_expression" for n in walk(definition.node)):
        return False
    for captures in matches("calls", definition.node):
        name = plain_name(unit.flat(captures["callee"][0])).split(".")[-1].split("->")[-1]
        if (
            name.split("::")[-1] not in known
            and not PLAIN.fullmatch(name)
            and not _BLOCK_ONLY.fullmatch(name.split("::")[-1])
        ):
            return False
    pointers = {p.name for p in definition.params if p.ctype.pointer}
    for node in walk(definition.node):
        target: Node | None = None
        if node.type == "assignment_expression":
            target = node.child_by_field_name("left")
        elif node.type == "update_expression":
            target = node.child_by_field_name("argument")
        if target is not None and _one_place(unit.flat(target), pointers, globals_):
            return False
    return True


def _one_place(target: str, pointers: set[str], globals_: set[str]) -> bool:
    """Whether an assigned expression spells one place for the whole grid."""
    name = re.match(r"[(\s*&]*(\w+)", target)
    if name is None:
        return True
    if name[1] in globals_ and "[" not in target:
        return True
    fixed = re.fullmatch(r"\(?\*\s*\w+\)?(?:\.\w+)*|\w+\s*\[\s*\d*\s*\](?:\.\w+)*|\w+->[\w.]+", target.replace(" ", ""))
    return fixed is not None and (name[1] in pointers or name[1] in globals_)
