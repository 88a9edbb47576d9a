"""Loops in which a thread waits for another one by looking at memory again and again.

A block's threads take turns on one OS thread, so such a loop has to let the others run: it gets a `cuport::spinning()`,
or, where it does more than look, a `cuport::watching()`, which does so only now and then.

Older code waits by nothing at all: lanes of a warp read what others wrote one statement before. There the lanes keep in
step, as they do on most GPUs; the checked build does not, and reports the race that it is.
"""

from __future__ import annotations

import re
from itertools import pairwise

from tree_sitter import Node

from cuport.cuda.parse import ancestor, walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.unit import Unit

_LOOPS = ("while_statement", "do_statement", "for_statement")
_PLAIN = ("expression_statement", "declaration")
_LEAVES = re.compile(r"if\b.*?\)\s*\{?\s*(?:break|return)\s*;\s*\}?", re.DOTALL)
# It computes nothing by itself ...
_CHANGES = re.compile(r"\+\+|--|[-+*/%&|^]=|<<=|>>=")
# ... and looks at what others write.
_LOOKS = re.compile(r"\b(?:volatile|atomic[A-Z]\w*|__ldcg|__ldcv|__nanosleep|__threadfence\w*)\b")
_VOLATILE = re.compile(r"\bvolatile\b[\w\s:<>*&]*?\b([A-Za-z_]\w*)\s*(?=[\[=;,)])")
_ATOMIC = re.compile(r"\batomic(?:_ref|_flag)?\b\s*(?:<[^;{}()]*>)?\s*[&*]*\s*\b([A-Za-z_]\w*)\s*(?=[\[=;,){(])")

# What reads and does nothing else; adding nothing is a way to read.
_LOOKS_ONLY = re.compile(r"\b__ldc[gv]\b|\batomic(?:Add|Or)\s*\([^;]*,\s*0[uUlL]*\s*\)")
_ELEMENT = re.compile(r"([A-Za-z_]\w*)\s*\[[\w\s+*.()-]+\]")
_SYNCHRONISES = re.compile(r"\b__syncwarp\b|(?:\.|::)\s*sync\s*\(")
# A variable that gets a value; an element that gets one, without being read for it.
_TAKEN = re.compile(r"(?:[\w:]+(?:\s*<[\w\s,:]*>)?\s+)*([A-Za-z_]\w*)\s*[-+*/|&^]?=(?!=)(.*);", re.DOTALL)
_PUT = re.compile(r"([A-Za-z_]\w*)\s*\[[^=;]*\]\s*=(?!=)((?:(?!\b\1\s*\[).)*);", re.DOTALL)
_WATCHED = re.compile(r"\bvolatile\b|" + _LOOKS_ONLY.pattern)


def spinning_loops(unit: Unit) -> list[Node]:
    """Short loops that change nothing and read something volatile or atomic."""
    found = []
    shared = set(_VOLATILE.findall(unit.text)) if "volatile" in unit.text else set()
    if "cuda::" in unit.text or "std::atomic" in unit.text:
        shared |= set(_ATOMIC.findall(unit.text))
    for node in walk(unit.root):
        if node.type not in _LOOPS:
            continue
        body = node.child_by_field_name("body")
        if body is None or not _is_small(unit, body):
            continue
        text = unit.text_of(node)
        if _CHANGES.search(text):
            continue
        if _LOOKS.search(text) or (shared and shared & set(re.findall(r"[A-Za-z_]\w*", text))):
            found.append(node)
    return found


def watching_loops(unit: Unit) -> list[Node]:
    """Loops of any length that run until others have written: all but those that count, if they read such memory."""
    if not _WATCHED.search(unit.text):
        return []
    spinning = {n.start_byte for n in spinning_loops(unit)}
    functions = [n for n in walk(unit.root) if n.type == "function_definition"]
    outside = "".join(unit.text_of(n) for n in _outside(unit.root))
    everywhere = set(_VOLATILE.findall(outside))
    found = []
    for function in functions:
        text = unit.text_of(function)
        if not everywhere and not _WATCHED.search(text):
            continue
        shared = everywhere | set(_VOLATILE.findall(text))
        for node in walk(function):
            if (
                node.type not in _LOOPS
                or node.start_byte in spinning
                or ancestor(node, "function_definition") != function
            ):
                continue
            looked_at = unit.text_of(node)
            if node.type == "for_statement" and node.child_by_field_name("update") is not None:
                condition = node.child_by_field_name("condition")
                looked_at = unit.text_of(condition) if condition is not None else ""
            if _LOOKS_ONLY.search(looked_at) or shared & set(re.findall(r"[A-Za-z_]\w*", looked_at)):
                found.append(node)
    return found


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
    return set() if _SYNCHRONISES.search(text) else set(_VOLATILE.findall(text))


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
            if node.type not in _PLAIN or node.start_byte in whole:
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
        if first.type not in _PLAIN or second.type != "expression_statement":
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


def _outside(root: Node) -> list[Node]:
    """What stands in no function."""
    found, nodes = [], [root]
    while nodes:
        node = nodes.pop()
        if node.type in ("declaration", "field_declaration"):
            found.append(node)
        elif node.type not in ("function_definition", "expression_statement"):
            nodes.extend(node.named_children)
    return found


def spinning_edit(unit: Unit, loop: Node, call: str) -> tuple[int, int, str, str]:
    """Where a loop's body begins and ends, and what goes before and after it; `{` is stepped over."""
    body = loop.child_by_field_name("body")
    assert body is not None
    if body.type == "compound_statement":
        return body.start_byte + 1, body.start_byte + 1, f" cuport::{call}();", ""
    return body.start_byte, body.end_byte, f"{{ cuport::{call}(); ", " }"


def _is_small(unit: Unit, body: Node) -> bool:
    """At most four statements: expressions, declarations, `if (...) break;`."""
    inner = body.named_children if body.type == "compound_statement" else [body]
    statements = [c for c in inner if c.type != "comment"]
    return len(statements) <= 4 and all(
        s.type in _PLAIN or (s.type == "if_statement" and _LEAVES.fullmatch(unit.text_of(s).strip()) is not None)
        for s in statements
    )
