"""What a shadow build needs changed in the device code itself, beyond the names that macros replace.

- `0.5f` becomes a shadow scalar where it stands, so that constants folded by the compiler (`0.5f * 0.3f * 0.3f`) are
  rounded in the eyes of the bound too. Literals without a suffix stay: they are as precise as whatever they meet.
- `c ? x : 0` becomes `c ? x : ::cuport::Literal{0}`: a shadow scalar and an int convert to each other, so the plain
  literal would be ambiguous (see runtime/shadow/scalar.h). Where both arms are literals nothing is ambiguous.
- `atomicAdd(p, 1);` says that nobody reads the old value, which would otherwise be a near tie's way into the thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cuport.cuda.lexer import Token, pieces

_FLOAT = re.compile(r"(?:\d[\d']*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]|0[xX][\da-fA-F.]+[pP][+-]?\d+[fF]")
_SMALL = re.compile(r"\d{1,2}|1[01]\d|12[0-7]")  # fits every integer type, so that no value changes
_ATOMIC = re.compile(r"atomic[A-Z]\w*")
_OPENS, _CLOSES = "([{", ")]}"


@dataclass
class _Question:
    """An open `?`: its place among the significant tokens, and of its `:` once that was met."""

    depth: int
    question: int
    colon: int = -1


def for_shadow(text: str) -> str:
    """Device code with its float literals and the integer literals of conditional expressions made explicit."""
    parts = list(pieces(text))
    real = [i for i, p in enumerate(parts) if p.kind not in ("space", "newline", "comment", "directive")]
    arms = _literal_arms([parts[i] for i in real])
    new = {real[first]: "" for first, last in arms if first != last}
    for i in _unread_atomics([parts[i] for i in real]):
        new[real[i]] = f"::cuport::taint::unread(), {parts[real[i]].text}"
    for first, last in arms:
        value = "".join(parts[i].text for i in real[first : last + 1])
        new[real[last]] = f"::cuport::{'Negative' if value.startswith('-') else 'Literal'}{{{value}}}"
    return "".join(new[i] if i in new else _literal(p) for i, p in enumerate(parts))


def _literal(token: Token) -> str:
    if token.kind == "number" and _FLOAT.fullmatch(token.text):
        return f"::cuport::Shadow({token.text})"
    return token.text


def _literal_arms(tokens: list[Token]) -> list[tuple[int, int]]:
    """First and last token of every arm that is a small integer literal beside one that is not."""
    found: list[tuple[int, int]] = []
    open_: list[_Question] = []
    depth = 0

    def close(end: int) -> None:
        done = open_.pop()
        if done.colon < 0:
            return
        left, right = (done.question + 1, done.colon - 1), (done.colon + 1, end - 1)
        small = [_is_small(tokens, *arm) for arm in (left, right)]
        if small[0] != small[1] and not _is_number(tokens, *(right if small[0] else left)):
            found.append(left if small[0] else right)

    for i, token in enumerate(tokens):
        word = token.text if token.kind == "punct" else ""
        if word and word in _CLOSES + ",;":
            while open_ and open_[-1].depth >= depth:
                close(i)
        if word and word in _OPENS:
            depth += 1
        elif word and word in _CLOSES:
            depth -= 1
        elif word == "?":
            open_.append(_Question(depth, i))
        elif word == ":":
            while open_ and open_[-1].depth == depth and open_[-1].colon >= 0:
                close(i)
            if open_ and open_[-1].depth == depth:
                open_[-1].colon = i
    return found


def _is_small(tokens: list[Token], first: int, last: int) -> bool:
    """`0` or `-1`, alone."""
    if not first <= last <= first + 1:
        return False
    signed = last == first + 1
    if signed and tokens[first].text != "-":
        return False
    return tokens[last].kind == "number" and _SMALL.fullmatch(tokens[last].text) is not None


def _is_number(tokens: list[Token], first: int, last: int) -> bool:
    """An arm that is a literal of any kind: both arms are numbers then, and nothing is ambiguous."""
    return first <= last <= first + 1 and tokens[last].kind in ("number", "char")


def _unread_atomics(tokens: list[Token]) -> list[int]:
    """Atomic calls that are whole statements, and hold no other atomic call in their arguments."""
    found = []
    for i, token in enumerate(tokens):
        if token.kind != "name" or not _ATOMIC.fullmatch(token.text) or i == 0:
            continue
        if tokens[i - 1].text not in (";", "{", "}", ")", "else", "do") or tokens[i + 1 : i + 2] == []:
            continue
        depth, end = 0, i + 1
        while end < len(tokens):
            depth += (tokens[end].text == "(") - (tokens[end].text == ")")
            if depth == 0:
                break
            end += 1
        alone = not any(_ATOMIC.fullmatch(t.text) for t in tokens[i + 1 : end])
        if alone and tokens[i + 1].text == "(" and tokens[end + 1 : end + 2] and tokens[end + 1].text == ";":
            found.append(i)
    return found
