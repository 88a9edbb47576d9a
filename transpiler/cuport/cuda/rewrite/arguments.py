"""Structs that device functions take by value, straight from memory: `force(body, tile[i])`.

g++ copies such an argument where it builds the call, out of sight of the instrumentation. `CUPORT_READS(tile[i])` is
the same value; in the checked build it also tells that it was read.
"""

from __future__ import annotations

import re
from collections import defaultdict

from tree_sitter import Node

from cuport.cuda.declarations import Definition
from cuport.cuda.parse import walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.program import Program
from cuport.cuda.roles import references
from cuport.cuda.unit import plain_name


def rewrite_arguments(program: Program, edits: Edits) -> None:
    by_name: dict[str, list[Definition]] = defaultdict(list)
    for d in (*program.definitions, *program.prototypes):
        by_name[d.name].append(d)
    for node in walk(program.unit.root):
        if node.type != "call_expression" or edits.covers(node.start_byte):
            continue
        function = node.child_by_field_name("function")
        name = plain_name(program.unit.text_of(function)).split("::")[-1] if function is not None else ""
        candidates = by_name.get(name, []) if re.fullmatch(r"\w+", name) else []
        listed = node.child_by_field_name("arguments")
        if not candidates or listed is None or not program.in_device_code(node):
            continue
        for index, argument in enumerate(c for c in listed.named_children if c.type != "comment"):
            if _is_place(program, argument) and all(_by_value(program, d, index) for d in candidates):
                edits.wrap(argument, "CUPORT_READS(", ")")


def _is_place(program: Program, node: Node) -> bool:
    """`p[i]`, `*p`, `p->x`: something in memory that no declaration of a variable names."""
    if node.type in ("subscript_expression", "field_expression"):
        return True
    return node.type == "pointer_expression" and program.unit.text_of(node).startswith("*")


def _by_value(program: Program, definition: Definition, index: int) -> bool:
    """Whether this function takes the argument as a copy of a struct or vector; false in doubt."""
    if index >= len(definition.params):
        return False
    param = definition.params[index]
    if param.is_pointer or param.pack or param.name in references(program.unit, definition):
        return False
    return param.ctype.dtype is None or param.ctype.lanes > 1
