"""`#line` directives, so that a compiler's messages name the user's files and lines."""

from __future__ import annotations

from collections.abc import Sequence

from cuport.cuda.lexer import tokens


def with_line_directives(text: str, line_map: Sequence[tuple[str, int]]) -> str:
    """Put a directive before each line that does not follow from the one before.

    `text` has the lines of the text that `line_map` belongs to, and perhaps more at its end.
    """
    held = _inside_tokens(text)
    out: list[str] = []
    expected: tuple[str, int] | None = None
    for number, line in enumerate(text.split("\n")):
        if number < len(line_map):
            path, original = line_map[number]
            if (path, original) != expected and number not in held:
                out.append(f'#line {original} "{_escaped(path)}"')
                expected = (path, original)
            if expected is not None:
                expected = (expected[0], expected[1] + 1)
        out.append(line)
    return "\n".join(out)


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace('"', '\\"')


def _inside_tokens(text: str) -> set[int]:
    """Lines that begin inside a token: raw strings, block comments, continued directives."""
    held: set[int] = set()
    line = 0
    for token in tokens(text):
        count = token.text.count("\n")
        if count and token.kind != "newline":
            held.update(range(line + 1, line + count + 1))
        line += count
    return held
