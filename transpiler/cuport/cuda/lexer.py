"""A C++ tokeniser that is exact about what matters before the preprocessor runs: comments, strings, directives.

Tree-sitter parses preprocessed text; everything that must look at the text *before* that (finding `#include`, telling a
comment from code, checking brackets) or must ignore layout (digests) uses these tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<comment>//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z))
    | (?P<raw>(?:u8|[uUL])?R"(?P<delim>[^()\\\s"]{0,16})\(.*?(?:\)(?P=delim)"|\Z))
    | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"?)
    | (?P<char>(?:u8|[uUL])?'(?:\\.|[^'\\\n])*'?)
    | (?P<number>\.?\d(?:[eEpP][+-]|'(?=\w)|[\w.])*)
    | (?P<name>[^\W\d][\w$]*|\$[\w$]*)
    | (?P<newline>\n)
    | (?P<space>(?:[^\S\n]|\\\n)+)
    | (?P<punct><<<|>>>|<<=|>>=|<=>|\.\.\.|->\*|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||\#\#|[-+*/%&|^]=|.)
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """kind: comment | string | char | number | name | newline | space | punct | directive (a whole one)."""

    kind: str
    text: str
    start: int  # offset in the text

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def tokens(text: str) -> Iterator[Token]:
    """All tokens, layout included; joined they give `text` again. Raw strings are of kind "string"."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "punct"
        if kind == "delim":
            kind = "raw"
        yield Token("string" if kind == "raw" else kind, match.group(), match.start())


def pieces(text: str) -> Iterator[Token]:
    """Like `tokens`, but a preprocessor directive is one token, without its newline.

    A directive ends at the first newline that is neither spliced nor inside a block comment.
    """
    line_start = True
    directive: list[Token] = []
    for token in tokens(text):
        if directive:
            if token.kind == "newline":
                yield Token("directive", "".join(t.text for t in directive), directive[0].start)
                directive = []
                yield token
                line_start = True
            else:
                directive.append(token)
        elif line_start and token.text == "#":
            directive = [token]
        else:
            yield token
            if token.kind == "newline":
                line_start = True
            elif token.kind not in ("space", "comment"):
                line_start = False
    if directive:
        yield Token("directive", "".join(t.text for t in directive), directive[0].start)


def significant(text: str) -> list[str]:
    """The tokens that mean something: no comments, no layout, no directives."""
    return [t.text for t in pieces(text) if t.kind not in ("comment", "newline", "space", "directive")]


def names(text: str) -> set[str]:
    """All identifiers (keywords among them) of a text."""
    return {t.text for t in tokens(text) if t.kind == "name"}


_CLOSES = {")": "(", "]": "[", "}": "{"}


def unbalanced(pieces: Iterable[Token]) -> list[Token]:
    """Brackets without a partner, outermost first; a closing one that fits nothing ends the search."""
    open_: list[Token] = []
    for token in pieces:
        if token.kind != "punct":
            continue
        if token.text in "([{":
            open_.append(token)
        elif token.text in _CLOSES:
            if not open_ or open_[-1].text != _CLOSES[token.text]:
                return [token]
            open_.pop()
    return open_
