"""Loops in which a thread waits for another one by looking at memory again and again.

A block's threads take turns on one OS thread, so such a loop has to let the others run: it gets a `cuport::spinning()`.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from cuport.cuda.parse import walk
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


def spinning_edit(unit: Unit, loop: Node) -> tuple[int, int, str, str]:
    """Where a loop's body begins and ends, and what goes before and after it; `{` is stepped over."""
    body = loop.child_by_field_name("body")
    assert body is not None
    if body.type == "compound_statement":
        return body.start_byte + 1, body.start_byte + 1, " cuport::spinning();", ""
    return body.start_byte, body.end_byte, "{ cuport::spinning(); ", " }"


def _is_small(unit: Unit, body: Node) -> bool:
    """At most four statements: expressions, declarations, `if (...) break;`."""
    inner = body.named_children if body.type == "compound_statement" else [body]
    statements = [c for c in inner if c.type != "comment"]
    return len(statements) <= 4 and all(
        s.type in _PLAIN or (s.type == "if_statement" and _LEAVES.fullmatch(unit.text_of(s).strip()) is not None)
        for s in statements
    )
