"""Code from before Volta, where lanes of a warp read what others wrote one statement before, with nothing between.

There the lanes keep in step, as they do on many GPUs, and the program's reader is told. The checked build does not keep
them in step, and reports the race that it is.
"""

from __future__ import annotations

import re
from itertools import pairwise

from tree_sitter import Node

from cuport.cuda.parse import ancestor, walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.loops.spinning import PLAIN, VOLATILE
from cuport.cuda.unit import Unit

_ELEMENT = re.compile(r"([A-Za-z_]\w*)\s*\[[\w\s+*.()-]+\]")
_SYNCHRONISES = re.compile(r"\b__syncwarp\b|(?:\.|::)\s*sync\s*\(")
# A variable that gets a value; an element that gets one, without being read for it.
_TAKEN = re.compile(r"(?:[\w:]+(?:\s*<[\w\s,:]*>)?\s+)*([A-Za-z_]\w*)\s*[-+*/|&^]?=(?!=)(.*);", re.DOTALL)
_PUT = re.compile(r"([A-Za-z_]\w*)\s*\[[^=;]*\]\s*=(?!=)((?:(?!\b\1\s*\[).)*);", re.DOTALL)


def stepping_statements(unit: Unit) -> list[Node]:
    """Assignments `s[i] += s[j]` to a volatile `s`: reductions that count on the lanes of a warp moving together."""
    if "volatile" not in unit.text:
        return []
    found = []
    for function in walk(unit.root):
        if function.type != "function_definition":
            continue
        shared = _stepped(unit.text_of(function))
        if not shared:
            continue
        for node in walk(function):
            if node.type != "expression_statement" or ancestor(node, "function_definition") != function:
                continue
            assignment = node.named_children[0] if node.named_children else None
            if assignment is None or assignment.type != "assignment_expression":
                continue
            left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
            place = _ELEMENT.fullmatch(unit.text_of(left))
            if place is None or place[1] not in shared:
                continue
            if re.search(rf"\b{place[1]}\s*\[", unit.text_of(right)):
                found.append(node)
    return found


def _stepped(text: str) -> set[str]:
    """The volatile names of a function that does nothing itself to keep its lanes in step."""
    return set() if _SYNCHRONISES.search(text) else set(VOLATILE.findall(text))


def stepping_reads(unit: Unit) -> list[Node]:
    """Statements with elements of such an `s`, where it is done in two: `t = s[j];` and next `s[i] = t;`."""
    if "volatile" not in unit.text:
        return []
    found: list[Node] = []
    for function in walk(unit.root):
        if function.type != "function_definition":
            continue
        shared = _stepped(unit.text_of(function))
        inside = [n for n in walk(function) if ancestor(n, "function_definition") == function] if shared else []
        stepping = {p for n in inside if n.type == "compound_statement" for p in _handed_on(unit, n)} & shared
        whole = {n.start_byte for n in stepping_statements(unit)} if stepping else set()
        for node in inside if stepping else ():
            if node.type not in PLAIN or node.start_byte in whole:
                continue
            text = unit.text_of(node)
            if node.type == "declaration" and "volatile" in text:
                continue
            if any(re.search(rf"\b{name}\s*\[", text) for name in stepping):
                found.append(node)
    return found


def _handed_on(unit: Unit, block: Node) -> set[str]:
    """Names `s` of pairs of statements `t = s[j]; s[i] = t;`."""
    statements = [c for c in block.named_children if c.type != "comment"]
    names = set()
    for first, second in pairwise(statements):
        if first.type not in PLAIN or second.type != "expression_statement":
            continue
        taken, put = _TAKEN.fullmatch(unit.flat(first)), _PUT.fullmatch(unit.flat(second))
        if taken is None or put is None or not re.search(rf"\b{put[1]}\s*\[", taken[2]):
            continue
        if re.search(rf"\b{taken[1]}\b", put[2]):
            names.add(put[1])
    return names


def rewrite_step(unit: Unit, edits: Edits, statement: Node) -> None:
    """All lanes read, then all write."""
    assignment = statement.named_children[0]
    left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
    operator = assignment.child_by_field_name("operator")
    assert left is not None and right is not None and operator is not None
    place, sign = unit.flat(left), unit.text_of(operator).removesuffix("=")
    edits.insert(statement.start_byte, "{ cuport::lockstep(); const auto cuport_step = ")
    if sign:
        edits.replace_node(operator, f"{sign} (")
    else:
        edits.replace(left.start_byte, operator.end_byte, "(")
    edits.insert_after(right.end_byte, f"); cuport::lockstep(); {place} = cuport_step")
    edits.insert_after(statement.end_byte, " }")


def rewrite_read(edits: Edits, statement: Node) -> None:
    """The lanes begin the statement together."""
    braces = statement.type == "expression_statement"
    edits.insert(statement.start_byte, "{ cuport::lockstep(); " if braces else "cuport::lockstep(); ")
    if braces:
        edits.insert_after(statement.end_byte, " }")
