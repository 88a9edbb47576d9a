"""A preprocessed text with its tree: text of nodes, spans in the user's files, scopes."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from tree_sitter import Node

from cuport.cuda.lexer import Token, pieces, tokens
from cuport.cuda.parse import parse
from cuport.diagnostic import Span

_WORD = re.compile(rb"[A-Za-z_$]\w*|\d[\w.]*|\S")


class Unit:
    """Nodes see the normalised text; `text_of` gives what really stands there.

    `originals` maps shown paths to the text of that file; columns are found again in it, since the preprocessor moves
    tokens within a line.
    """

    def __init__(
        self, path: str, text: str, line_map: tuple[tuple[str, int], ...], originals: dict[str, str] | None = None
    ) -> None:
        self.path = path
        self.text = text
        self.bytes = text.encode()
        self.line_map = line_map
        self.root = parse(text).root_node
        self._originals = {name: body.split("\n") for name, body in (originals or {}).items()}

    def text_of(self, node: Node | None) -> str:
        if node is None:
            return ""
        return self.bytes[node.start_byte : node.end_byte].decode(errors="replace")

    def flat(self, node: Node | None) -> str:
        """A node's text on one line."""
        return " ".join(self.text_of(node).split())

    @cached_property
    def pieces(self) -> list[Token]:
        """The text's tokens without layout and comments; directives are single tokens."""
        return [p for p in pieces(self.text) if p.kind not in ("space", "newline", "comment")]

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer(rb"\n", self.bytes))]

    def span(self, node: Node) -> Span:
        """Where a node stands in the user's own file."""
        return self.span_of(node.start_byte, node.end_byte)

    def span_of(self, start: int, end: int) -> Span:
        path, line, column = self._place(start, start=True)
        end_path, end_line, end_column = self._place(max(end, start + 1) - 1, start=False)
        if end_path != path or end_line < line:
            end_line, end_column = line, column + 1
        return Span(path, line, column, end_line, max(end_column, column + 1) if end_line == line else end_column)

    def _place(self, offset: int, *, start: bool) -> tuple[str, int, int]:
        """File, line and column of a byte. Of a token that is there in the original line, its column there."""
        row = bisect_right(self._line_starts, offset) - 1
        begin = self._line_starts[row]
        stop = self._line_starts[row + 1] - 1 if row + 1 < len(self._line_starts) else len(self.bytes)
        here = self.bytes[begin:stop]
        column = len(here[: offset - begin].decode(errors="replace")) + 1
        if row >= len(self.line_map):
            return self.line_map[-1] + (1,) if self.line_map else (self.path, row + 1, column)
        path, line = self.line_map[row]
        lines = self._originals.get(path)
        if not lines or line > len(lines):
            return path, line, column if start else column + 1
        there = lines[line - 1]
        token = next((m for m in _WORD.finditer(here) if m.end() > offset - begin), None)
        if token is None:
            return path, line, min(column, len(there) + 1)
        word = token.group().decode(errors="replace")
        pattern = re.compile(
            rf"(?<!\w){re.escape(word)}(?!\w)" if word[0].isalnum() or word[0] in "_$" else re.escape(word)
        )
        before = len(pattern.findall(here[: token.start()].decode(errors="replace")))
        found = [m.start() for m in pattern.finditer(there)]
        if not found:  # it came out of a macro
            blank = len(there) - len(there.lstrip())
            return path, line, (blank if start else len(there.rstrip())) + 1
        at = found[min(before, len(found) - 1)]
        return path, line, at + (1 if start else len(word) + 1)

    def scope(self, node: Node) -> tuple[str, ...]:
        """Names of the namespaces and classes around a node, outermost first; anonymous ones do not count."""
        parts: list[str] = []
        current = node.parent
        while current is not None:
            if current.type in ("namespace_definition", "struct_specifier", "class_specifier", "union_specifier"):
                name = current.child_by_field_name("name")
                if name is not None:
                    parts[:0] = plain_name(self.flat(name)).split("::")
            current = current.parent
        return tuple(p for p in parts if p)


def plain_name(name: str) -> str:
    """A name without its template arguments and spaces: `a :: k<float, (2 > 1)>` -> `a::k`."""
    out, depth, parens = [], 0, 0
    if "operator" in name:
        return "".join(name.split())
    for char in name:
        parens += (char in "([") - (char in ")]")
        if char == "<" and not parens:
            depth += 1
        elif char == ">" and not parens:
            depth -= 1
        elif depth == 0 and not char.isspace():
            out.append(char)
    return "".join(out)


def meanings(name: str, scope: tuple[str, ...]) -> list[str]:
    """Qualified names that `name` may stand for as seen from `scope`, innermost first; `::a` is the global one."""
    plain = plain_name(name)
    depth = 0 if plain.startswith("::") else len(scope)
    return ["::".join((*scope[:d], plain.removeprefix("::"))) for d in range(depth, -1, -1)]


def split_arguments(text: str) -> tuple[str, ...]:
    """The parts of a comma list, nested brackets respected; angle brackets count as brackets here."""
    parts: list[str] = []
    depth, current = 0, ""
    for token in tokens(text):
        if token.text in ("(", "[", "{", "<"):
            depth += 1
        elif token.text in (")", "]", "}", ">"):
            depth -= 1
        elif token.text == ">>":
            depth -= 2
        if token.text == "," and depth <= 0:
            parts.append(current.strip())
            current = ""
        else:
            current += token.text
    if current.strip() or parts:
        parts.append(current.strip())
    return tuple(parts)
