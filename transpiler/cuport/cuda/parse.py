"""CUDA text to a syntax tree, and the queries over it that live in grammars/*.scm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources

import tree_sitter_cuda
from tree_sitter import Language, Node, Parser, Query, QueryCursor, Tree

from cuport.cuda.lexer import pieces

# What tree-sitter-cuda 0.21.2 stumbles over and what no reader of the tree needs; each is blanked, length kept.
_QUALIFIERS = {
    "__noinline__",
    "__inline_hint__",
    "__grid_constant__",
    "__tile_global__",
    "__host_noinline__",
    "__extension__",
    "friend",
    "__volatile__",
    "__nv_pure__",
}
_QUALIFIERS_WITH_ARGUMENTS = {
    "__align__",
    "__builtin_align__",
    "__launch_bounds__",
    "__maxnreg__",
    "__cluster_dims__",
    "__block_size__",
    "__attribute__",
    "__attribute",
    "__declspec",
    "alignas",
    "_Alignas",
}
_SAME = {
    "__restrict": "restrict  ",
    "__inline": "inline  ",
    "__const": "const  ",
    "__volatile": "volatile  ",
    "__managed__": "__device__ ",  # may stand alone
}
# `typename enable_if<...>::type* = nullptr` among template parameters
_SFINAE = re.compile(r"(::\s*type\s*)\*(\s*=\s*(?:nullptr|0)\b)")
# `enum : T {` without a name
_NAMELESS = re.compile(r"\benum\b(\s*:(?:\s|\w|::)+)\{")
# `typeid(unsigned int)`: what it is asked about may be a type
_TYPEID = re.compile(r"\b(typeid\s*\(\s*)([^()\s][^()]*)\)")
# `template class Solver<float>;` makes what is there already
_EXPLICIT = re.compile(r"\btemplate\s+(?:class|struct)\s+[\w:]+\s*<[^;{}()]*>\s*(?=;)")
_PRAGMA = re.compile(r"#\s*pragma\b")


@lru_cache(maxsize=1)
def language() -> Language:
    return Language(tree_sitter_cuda.language())


@cache
def query(name: str) -> Query:
    """The compiled query grammars/<name>.scm; KeyError if there is none."""
    file = resources.files("cuport.grammars").joinpath(f"{name}.scm")
    if not file.is_file():
        raise KeyError(name)
    return Query(language(), file.read_text(encoding="utf-8"))


def matches(name: str, node: Node) -> list[dict[str, list[Node]]]:
    """The query's matches in and below a node, in order of their first node: capture name -> nodes."""
    found = [captures for _, captures in QueryCursor(query(name)).matches(node)]
    return sorted(found, key=lambda c: min(n.start_byte for nodes in c.values() for n in nodes))


@lru_cache(maxsize=32)
def parse(text: str) -> Tree:
    """Parse preprocessed text. Byte offsets and lines are those of `text`; what `normalise` blanks reads as spaces."""
    return Parser(language()).parse(normalise(text).encode())


def normalise(text: str) -> str:
    """Blank or respell what the grammar cannot take, keeping every byte offset.

    Pragmas go too: the grammar takes a pragma for a statement, so that the loop after `if (c)` and `#pragma unroll`
    would stand outside the `if`.
    """
    out: list[str] = []
    launching = False  # between <<< and >>>, where the grammar has no {1, 2}
    after_bracket = False  # the last thing was the `]` or `)` of what may be a lambda
    blank_arguments = False
    depth = 0
    for piece in pieces(text):
        part = piece.text
        if piece.kind in ("space", "newline", "comment"):
            out.append(part)
            continue
        if depth or (blank_arguments and part == "("):
            depth += {"(": 1, ")": -1}.get(part, 0)
            blank_arguments = False
            out.append(_blank(part))
            continue
        blank_arguments = False
        if piece.kind == "directive":
            out.append(_blank(part) if _PRAGMA.match(part) else part)
            continue
        if piece.kind == "name":
            if part in _QUALIFIERS:
                part = _blank(part)
            elif part in _QUALIFIERS_WITH_ARGUMENTS:
                blank_arguments = True
                part = _blank(part)
            elif part in _SAME:
                part = _SAME[part]
            elif after_bracket and part in ("__device__", "__host__"):  # [=] __device__ (int i) { }
                out.append(_blank(part))
                continue
        launching = part == "<<<" or (launching and part not in (">>>", ";"))
        if launching and part in ("{", "}"):
            part = "(" if part == "{" else ")"
        after_bracket = part == "]"
        out.append(part)
    whole = _SFINAE.sub(lambda m: f"{m[1]} {m[2]}", "".join(out))
    whole = _EXPLICIT.sub(lambda m: _blank(m[0]), whole)
    whole = _TYPEID.sub(lambda m: f"{m[1]}0{_blank(m[2])[1:]})", whole)
    return _NAMELESS.sub(lambda m: f"enum{_blank(m[1])}{{", whole)


def _blank(text: str) -> str:
    if text.isascii():
        return re.sub(r"[^\n]", " ", text)
    return "".join(c if c == "\n" else " " * len(c.encode()) for c in text)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in order of the text, without recursion."""
    cursor = node.walk()
    while True:
        current = cursor.node
        assert current is not None
        yield current
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def broken(node: Node) -> list[Node]:
    """The ERROR and MISSING nodes in and below a node, outermost only."""
    found: list[Node] = []
    todo = [node]
    while todo:
        current = todo.pop()
        if current.is_error or current.is_missing:
            found.append(current)
        elif current.has_error:
            todo.extend(reversed(current.children))
    return found


def ancestor(node: Node, *types: str) -> Node | None:
    """The nearest enclosing node of one of these types."""
    current = node.parent
    while current is not None and current.type not in types:
        current = current.parent
    return current
