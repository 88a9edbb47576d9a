"""Inline PTX as data: `asm` statements of a program, and the instructions in their templates.

The grammar is that of the PTX ISA manual, as far as it can stand inside an `asm` template.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cuport.cuda.lexer import Token

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f", "0": "", "a": "", "b": ""}
_QUALIFIERS = {"volatile", "__volatile__", "__volatile", "inline", "goto"}
_RAW = re.compile(r'(?:u8|[uUL])?R"([^()\\\s"]{0,16})\((.*)\)\1"', re.DOTALL)


class Refused(Exception):
    """Inline PTX that cannot be expressed; the message says what."""


@dataclass(frozen=True)
class CppOperand:
    """`[name] "constraint"(expression)`; start and end of the expression within the text, without its parentheses."""

    name: str
    constraint: str
    start: int
    end: int


@dataclass(frozen=True)
class AsmStatement:
    """start: of `asm`; end: after `)` or, where `closed`, after the `;` that follows."""

    start: int
    end: int
    closed: bool
    template: str
    outputs: tuple[CppOperand, ...]
    inputs: tuple[CppOperand, ...]

    @property
    def operands(self) -> tuple[CppOperand, ...]:
        return self.outputs + self.inputs


def asm_statements(tokens: Sequence[Token]) -> list[AsmStatement]:
    """The `asm` statements among a text's tokens (without layout), in order. Malformed ones are left out."""
    found = []
    i = 0
    while i < len(tokens):
        if tokens[i].kind == "name" and tokens[i].text in ("asm", "__asm__", "__asm"):
            statement, i = _statement(tokens, i)
            if statement is not None:
                found.append(statement)
        else:
            i += 1
    return found


def _statement(tokens: Sequence[Token], at: int) -> tuple[AsmStatement | None, int]:
    i = at + 1
    while i < len(tokens) and tokens[i].text in _QUALIFIERS:
        i += 1
    if i >= len(tokens) or tokens[i].text != "(":
        return None, at + 1
    sections: list[list[Token]] = [[]]
    depth = 1
    i += 1
    while i < len(tokens) and depth:
        token = tokens[i]
        if token.kind == "punct":
            depth += (token.text in "([{") - (token.text in ")]}")
        if depth == 1 and token.text in (":", "::"):
            sections += [[] for _ in token.text]
        elif depth:
            sections[-1].append(token)
        i += 1
    if depth or not all(t.kind == "string" for t in sections[0]):
        return None, at + 1
    template = "".join(_string(t.text) for t in sections[0])
    outputs, inputs = (_operands(s) for s in [*sections[1:3], [], []][:2])
    closed = i < len(tokens) and tokens[i].text == ";"
    end = tokens[i].end if closed else tokens[i - 1].end
    return AsmStatement(tokens[at].start, end, closed, template, outputs, inputs), i


def _string(literal: str) -> str:
    if raw := _RAW.fullmatch(literal):
        return raw[2]
    body = literal[literal.index('"') + 1 :].removesuffix('"')
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), body, flags=re.DOTALL)


def _operands(tokens: Sequence[Token]) -> tuple[CppOperand, ...]:
    found = []
    i = 0
    while i < len(tokens):
        name = ""
        if tokens[i].text == "[" and i + 2 < len(tokens):
            name = tokens[i + 1].text
            i += 3
        constraint = ""
        while i < len(tokens) and tokens[i].kind == "string":
            constraint += _string(tokens[i].text)
            i += 1
        if i >= len(tokens) or tokens[i].text != "(":
            break
        start, depth = i, 0
        while i < len(tokens):
            depth += (tokens[i].text == "(") - (tokens[i].text == ")")
            i += 1
            if not depth:
                break
        found.append(CppOperand(name, constraint, tokens[start].end, tokens[i - 1].start))
        if i < len(tokens) and tokens[i].text == ",":
            i += 1
    return tuple(found)


# Operands of an instruction.


@dataclass(frozen=True)
class Argument:
    """%0, %[name]: an operand of the asm statement."""

    index: int
    selector: str = ""  # b0..b3, h0, h1 of the video instructions


@dataclass(frozen=True)
class Register:
    """A register declared in the template, or the sink `_`."""

    name: str
    selector: str = ""


@dataclass(frozen=True)
class Special:
    """%laneid, %tid.x"""

    name: str


@dataclass(frozen=True)
class Number:
    text: str


@dataclass(frozen=True)
class Vector:
    """{a, b}, and [a, b] of textures."""

    items: tuple[Operand, ...]


@dataclass(frozen=True)
class Address:
    """[base + offset + ...]; an offset is a number, or an operand that is a constant."""

    base: Operand
    offsets: tuple[tuple[str, Operand], ...] = ()  # sign, value


@dataclass(frozen=True)
class Pair:
    """d|p"""

    first: Operand
    second: Operand


@dataclass(frozen=True)
class Not:
    """!p"""

    operand: Operand


Operand = Argument | Register | Special | Number | Vector | Address | Pair | Not


@dataclass(frozen=True)
class Declaration:
    """.reg .b32 a, b<4>;"""

    ctype: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Label:
    name: str


@dataclass(frozen=True)
class Scope:
    opens: bool


@dataclass(frozen=True)
class Instruction:
    """parts: `add.rn.f32` split at its dots. guard: the predicate it stands under."""

    parts: tuple[str, ...]
    operands: tuple[Operand, ...]
    guard: Operand | None = None

    @property
    def text(self) -> str:
        return ".".join(self.parts)


Item = Declaration | Label | Scope | Instruction

_PTX = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<argument>%\[\w+\]|%\d+)
    | (?P<number>0[fF][0-9a-fA-F]{8}\b|0[dD][0-9a-fA-F]{16}\b|0[xX][0-9a-fA-F]+U?|\d+\.\d*(?:[eE][-+]?\d+)?|\d+U?)
    | (?P<word>%%?[A-Za-z_$][\w$]*|\.?[A-Za-z_$][\w$]*)
    | (?P<dotted>\.(?=\w)|::)
    | (?P<punct>[][{}(),;:+\-|!@<>=*])
    """,
    re.DOTALL | re.VERBOSE,
)
_SELECTOR = re.compile(r"\.([bh][0-3]+)(?!\w)")
_OPCODE = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::)[\w]+)*")
_DECLARATION = re.compile(r"\.reg\s+((?:\.\w+\s*)+)([^;]*)(?:;|\Z)", re.DOTALL)
_OTHER_DIRECTIVE = re.compile(r"\.(\w+)[^;]*(?:;|\Z)")
_LABEL = re.compile(r"([%$\w]+)\s*:(?!:)")


@dataclass
class Reader:
    """Reads one template. `names` are those of the statement's operands."""

    text: str
    names: Sequence[str] = ()
    at: int = 0
    items: list[Item] = field(default_factory=list)

    def read(self) -> list[Item]:
        """Raises Refused."""
        while self._skip():
            self._item()
        return self.items

    def _skip(self) -> bool:
        """Past layout and comments; False at the end."""
        while (match := _PTX.match(self.text, self.at)) and match.lastgroup == "space":
            self.at = match.end()
        return self.at < len(self.text)

    def _item(self) -> None:
        text = self.text
        if text[self.at] == ";":
            self.at += 1
        elif text[self.at] in "{}":
            self.items.append(Scope(text[self.at] == "{"))
            self.at += 1
        elif match := _DECLARATION.match(text, self.at):
            ctype = match[1].split()[-1].lstrip(".")
            names = [n.strip().replace("%%", "%") for n in match[2].split(",")]
            self.items.append(Declaration(ctype, tuple(n for n in names if n)))
            self.at = match.end()
        elif match := _OTHER_DIRECTIVE.match(text, self.at):
            if match[1] not in ("pragma", "loc", "file"):
                raise Refused(f"the directive .{match[1]}")
            self.at = match.end()
        elif (match := _LABEL.match(text, self.at)) and not match[1].isdigit():
            self.items.append(Label(match[1].replace("%%", "%")))
            self.at = match.end()
        else:
            self._instruction()

    def _instruction(self) -> None:
        guard: Operand | None = None
        if self.text[self.at] == "@":
            self.at += 1
            guard = self._operand()
            self._skip()
        match = _OPCODE.match(self.text, self.at)
        if match is None:
            raise Refused(self.text[self.at :].split(";")[0].strip()[:60] or "the end")
        self.at = match.end()
        operands: list[Operand] = []
        while self._skip() and self.text[self.at] not in ";}":
            if self.text[self.at] == ",":
                self.at += 1
            else:
                operands.append(self._operand())
        if self.at < len(self.text) and self.text[self.at] == ";":
            self.at += 1
        self.items.append(Instruction(tuple(match[0].split(".")), tuple(operands), guard))

    def _operand(self) -> Operand:
        first = self._primary()
        if self._skip() and self.text[self.at] == "|":
            self.at += 1
            return Pair(first, self._primary())
        return first

    def _list(self, close: str) -> tuple[Operand, ...]:
        items: list[Operand] = []
        while self._skip() and self.text[self.at] != close:
            if self.text[self.at] == ",":
                self.at += 1
            else:
                items.append(self._operand())
        self.at += 1
        return tuple(items)

    def _primary(self) -> Operand:
        self._skip()
        match = _PTX.match(self.text, self.at)
        if match is None:
            raise Refused(f"`{self.text[self.at :][:40].strip()}`")
        word, kind = match[0], match.lastgroup
        self.at = match.end()
        if word == "!":
            return Not(self._primary())
        if word == "{":
            return Vector(self._list("}"))
        if word == "[":
            return self._address()
        if word in ("-", "+"):
            number = self._primary()
            if not isinstance(number, Number):
                raise Refused("a sign before something that is no number")
            return Number(number.text if word == "+" else f"-{number.text}")
        if kind == "number":
            return Number(word.rstrip("U") if not word.lower().startswith(("0f", "0d")) else word)
        if kind == "argument":
            index = self._index(word)
            return Argument(index, self._selector())
        if kind == "word":
            return self._named(word)
        raise Refused(f"`{word}`")

    def _index(self, word: str) -> int:
        if word.startswith("%["):
            if word[2:-1] not in self.names:
                raise Refused(f"no operand is called {word[2:-1]}")
            return list(self.names).index(word[2:-1])
        if int(word[1:]) >= len(self.names):
            raise Refused(f"there is no operand {word}")
        return int(word[1:])

    def _selector(self) -> str:
        if match := _SELECTOR.match(self.text, self.at):
            self.at = match.end()
            return match[1]
        return ""

    def _named(self, word: str) -> Operand:
        name = word.replace("%%", "%")
        if match := re.compile(r"\.[xyzw](?!\w)").match(self.text, self.at):
            self.at = match.end()
            return Special(name.lstrip("%") + match[0])
        return Register(name, self._selector())

    def _address(self) -> Operand:
        base = self._operand()
        offsets: list[tuple[str, Operand]] = []
        extra: list[Operand] = []
        while self._skip() and self.text[self.at] != "]":
            sign = self.text[self.at]
            if sign == ",":
                self.at += 1
                extra.append(self._operand())
                continue
            if sign not in "+-":
                raise Refused("an address of this form")
            self.at += 1
            step = self._operand()
            if not isinstance(step, Number | Argument):
                raise Refused("an address that adds registers")
            offsets.append((sign, step))
        self.at += 1
        if extra:
            return Vector((base, *extra))
        if isinstance(base, Number):
            raise Refused("an absolute address")
        return Address(base, tuple(offsets))
