"""Loops in which a thread waits for another one by looking at memory again and again.

A block's threads take turns on one OS thread, so such a loop has to let the others run: it gets a `cuport::spinning()`,
or, where it does more than look, a `cuport::watching()`, which does so only now and then.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from cuport.cuda.parse import ancestor, walk
from cuport.cuda.unit import Unit

_LOOPS = ("while_statement", "do_statement", "for_statement")
PLAIN = ("expression_statement", "declaration")
_LEAVES = re.compile(r"if\b.*?\)\s*\{?\s*(?:break|return)\s*;\s*\}?", re.DOTALL)
# It computes nothing by itself ...
_CHANGES = re.compile(r"\+\+|--|[-+*/%&|^]=|<<=|>>=")
# ... and looks at what others write.
_LOOKS = re.compile(r"\b(?:volatile|atomic[A-Z]\w*|__ldcg|__ldcv|__nanosleep|__threadfence\w*)\b")
VOLATILE = re.compile(r"\bvolatile\b[\w\s:<>*&]*?\b([A-Za-z_]\w*)\s*(?=[\[=;,)])")
_ATOMIC = re.compile(r"\batomic(?:_ref|_flag)?\b\s*(?:<[^;{}()]*>)?\s*[&*]*\s*\b([A-Za-z_]\w*)\s*(?=[\[=;,){(])")

# What reads and does nothing else; adding nothing is a way to read.
_LOOKS_ONLY = re.compile(r"\b__ldc[gv]\b|\batomic(?:Add|Or)\s*\([^;]*,\s*0[uUlL]*\s*\)")
_WATCHED = re.compile(r"\bvolatile\b|" + _LOOKS_ONLY.pattern)


def spinning_loops(unit: Unit) -> list[Node]:
    """Short loops that change nothing and read something volatile or atomic."""
    found = []
    shared = set(VOLATILE.findall(unit.text)) if "volatile" in unit.text else set()
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
    everywhere = set(VOLATILE.findall(outside))
    found = []
    for function in functions:
        text = unit.text_of(function)
        if not everywhere and not _WATCHED.search(text):
            continue
        shared = everywhere | set(VOLATILE.findall(text))
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
        s.type in PLAIN or (s.type == "if_statement" and _LEAVES.fullmatch(unit.text_of(s).strip()) is not None)
        for s in statements
    )
