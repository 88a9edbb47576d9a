"""Reads MLIR's generic form: every operation is `results = "name"(operands)[successors] <{properties}> (regions)
{attributes} : (types) -> types loc(...)`, whatever the dialect, so one small grammar covers all of Triton's IR.

Grammar: MLIR language reference, "Operations", "Regions", "Blocks", "Location". Attributes stay text, cut at their
top-level commas; `Op.attr` and the helpers below read the few kinds that matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


class IRError(Exception):
    """The text is not what this reader knows: another version of Triton, or an operation it does not cover."""


@dataclass(frozen=True)
class Type:
    """`element` is `f32`, `i1`, ... or `ptr`; `pointee` is a pointer's element type's text. Scalars have shape None."""

    text: str
    element: str
    shape: tuple[int, ...] | None = None
    pointee: str = ""

    @property
    def scalar(self) -> bool:
        return self.shape is None


@dataclass
class Op:
    name: str
    results: list[str]
    operands: list[str]
    operand_types: list[Type]
    result_types: list[Type]
    attributes: dict[str, str]
    regions: list[list[Block]]
    successors: list[str]
    location: str
    unused: bool = False  # whether nothing reads its results (set by `generate`)
    on_arrays: bool = False  # stands in a combine region, whose scalars are computed for many lanes at once

    def attr(self, name: str, default: str | None = None) -> str:
        """An attribute's text without its type (`axis = 0 : i32` -> "0")."""
        value = self.attributes.get(name, default)
        if value is None:
            raise IRError(f"`{self.name}` has no attribute `{name}`")
        return value.rpartition(" : ")[0] if " : " in value and not value.startswith('"') else value

    def integer(self, name: str, default: int | None = None) -> int:
        return int(self.attr(name, None if default is None else str(default)))

    def flag(self, name: str) -> bool:
        return self.attributes.get(name, "false").startswith("true") or self.attributes.get(name) == ""

    def integers(self, name: str) -> list[int]:
        """`array<i32: 1, 0>` -> [1, 0]."""
        inner = self.attr(name).partition("<")[2].rpartition(">")[0].partition(":")[2]
        return [int(part) for part in inner.split(",") if part.strip()]


@dataclass
class Block:
    label: str
    arguments: list[str]
    argument_types: list[Type]
    ops: list[Op] = field(default_factory=list)


@dataclass
class Function:
    name: str
    public: bool
    blocks: list[Block]
    location: str

    @property
    def arguments(self) -> list[str]:
        return self.blocks[0].arguments


@dataclass
class Module:
    functions: dict[str, Function]
    locations: dict[str, str]  # alias -> text

    @property
    def kernel(self) -> Function:
        public = [f for f in self.functions.values() if f.public]
        if len(public) != 1:
            raise IRError(f"expected one kernel in the module, found {len(public)}")
        return public[0]


_VALUE = re.compile(r"%[\w$.-]+(?:#\d+)?")
_SPACE = re.compile(r"(?:\s+|//[^\n]*)*")
_LABEL = re.compile(r"\^[\w$.-]+")
_NAME = re.compile(r'"([^"]+)"')
_COUNT = re.compile(r":(\d+)")
_KEY = re.compile(r'[\w$.-]+|"[^"]*"')
_ALIAS = re.compile(r"^(#loc\d*) = (loc\(.*\))$", re.MULTILINE)
_TENSOR = re.compile(r"tensor<((?:\d+x)*)(.+)>$", re.DOTALL)
_RESULT_TYPE = re.compile(r"!?[\w.]+")
_BRACKET = re.compile(r'->|["()\[\]{}<>]')
_BRACKET_OR_COMMA = re.compile(r'->|["()\[\]{}<>,]')


def parse_type(text: str) -> Type:
    """`tensor<64x!tt.ptr<f32>>`, `!tt.ptr<f32, 1>`, `i32`; other types keep their text as the element."""
    text = text.strip()
    shape: tuple[int, ...] | None = None
    inner = text
    if match := _TENSOR.match(text):
        shape = tuple(int(d) for d in match.group(1).split("x") if d)
        inner = match.group(2)
    if inner.startswith("!tt.ptr<"):
        return Type(text, "ptr", shape, split_top(inner[len("!tt.ptr<") : -1])[0])
    return Type(text, inner, shape)


def split_top(text: str) -> list[str]:
    """Cut at commas that stand outside all brackets and strings."""
    parts, depth, start, i = [], 0, 0, 0
    while (found := _BRACKET_OR_COMMA.search(text, i)) is not None:
        token, i = found.group(), found.end()
        if token == '"':
            i = _string_end(text, found.start())
        elif token in "([{<":
            depth += 1
        elif token in ")]}>":
            depth -= 1
        elif token == "," and not depth:
            parts.append(text[start : found.start()].strip())
            start = i
    tail = text[start:].strip()
    return [*parts, tail] if tail else parts


def _string_end(text: str, start: int) -> int:
    i = start + 1
    while text[i] != '"':
        i += 2 if text[i] == "\\" else 1
    return i + 1


def parse_module(text: str) -> Module:
    """The module's functions. Raises IRError if the text is not in generic form."""
    locations = dict(_ALIAS.findall(text))
    reader = _Reader(text)
    reader.at = text.find('"builtin.module"')
    if reader.at < 0:
        raise IRError("the module did not print in MLIR's generic form")
    module = reader.op()
    functions: dict[str, Function] = {}
    for op in module.regions[0][0].ops:
        if op.name != "tt.func":
            raise IRError(f"unexpected `{op.name}` at the top of the module")
        name = op.attr("sym_name").strip('"')
        blocks = op.regions[0] if op.regions else []
        if blocks and any(block.ops for block in blocks):
            public = op.attributes.get("sym_visibility", '"public"') == '"public"'
            functions[name] = Function(name, public, blocks, op.location)
    return Module(functions, locations)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def peek(self, token: str) -> bool:
        self.skip()
        return self.text.startswith(token, self.at)

    def take(self, token: str) -> bool:
        if self.peek(token):
            self.at += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.take(token):
            line = self.text.count("\n", 0, self.at) + 1
            near = self.text[self.at : self.at + 60]
            raise IRError(f"expected `{token}` at line {line} of the IR, found `{near}`")

    def match(self, pattern: re.Pattern[str]) -> str | None:
        self.skip()
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group(found.lastindex or 0)

    def enclosed(self) -> str:
        """The text between the bracket here and its partner, which are consumed."""
        self.skip()
        start, depth, i = self.at, 0, self.at
        while (found := _BRACKET.search(self.text, i)) is not None:
            token, i = found.group(), found.end()
            if token == '"':
                i = _string_end(self.text, found.start())
            elif token in "([{<":
                depth += 1
            elif token != "->":
                depth -= 1
                if not depth:
                    self.at = i
                    return self.text[start + 1 : i - 1]
        raise IRError("a bracket in the IR is never closed")

    def op(self) -> Op:
        results: list[str] = []
        while (value := self.match(_VALUE)) is not None:
            count = self.match(_COUNT)
            results += [value] if count is None else [f"{value}#{i}" for i in range(int(count))]
            if count == "1":
                results[-1] = value
            self.take(",")
        if results:
            self.expect("=")
        name = self.match(_NAME)
        if name is None:
            self.expect('"operation"')
        assert name is not None
        operands = split_top(self.enclosed())
        successors = split_top(self.enclosed()) if self.peek("[") else []
        attributes: dict[str, str] = {}
        if self.peek("<"):
            attributes |= _attributes(self.enclosed()[1:-1])
        regions: list[list[Block]] = []
        if self.peek("("):
            self.expect("(")
            while True:
                regions.append(self.region())
                if not self.take(","):
                    break
            self.expect(")")
        if self.peek("{"):
            attributes |= _attributes(self.enclosed())
        self.expect(":")
        operand_types = [parse_type(t) for t in split_top(self.enclosed())]
        self.expect("->")
        result_types = [parse_type(t) for t in self.results_of_type()]
        location = ""
        if self.peek("loc("):
            self.at += 3
            location = self.enclosed()
        return Op(name, results, operands, operand_types, result_types, attributes, regions, successors, location)

    def results_of_type(self) -> list[str]:
        if self.peek("("):
            return split_top(self.enclosed())
        self.skip()
        start = self.at
        # A single type: an identifier, perhaps with one bracketed part.
        found = _RESULT_TYPE.match(self.text, self.at)
        if found is None:
            self.expect("type")
        assert found is not None
        self.at = found.end()
        if self.text.startswith("<", self.at):
            self.enclosed()
        return [self.text[start : self.at]]

    def region(self) -> list[Block]:
        self.expect("{")
        blocks: list[Block] = []
        current = Block("", [], [])
        if not self.peek("^"):
            blocks.append(current)
        while not self.take("}"):
            if (label := self.match(_LABEL)) is not None:
                current = Block(label, [], [])
                blocks.append(current)
                if self.peek("("):
                    for part in split_top(self.enclosed()):
                        value, _, rest = part.partition(":")
                        current.arguments.append(value.strip())
                        current.argument_types.append(parse_type(rest.partition(" loc(")[0]))
                self.expect(":")
            else:
                current.ops.append(self.op())
        return blocks


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in split_top(text):
        key = _KEY.match(part)
        if key is None:
            continue
        rest = part[key.end() :].strip()
        found[key.group().strip('"')] = rest[1:].strip() if rest.startswith("=") else ""
    return found


_FILE = re.compile(r'"([^"]+)":(\d+):\d+')


def source_lines(location: str, aliases: dict[str, str], depth: int = 0) -> list[tuple[str, int]]:
    """(file, line) pairs of a location, innermost call first."""
    if depth > 60:
        return []
    if location.startswith("#"):
        text = aliases.get(location, "")
        return source_lines(text[4:-1], aliases, depth + 1) if text else []
    if location.startswith("callsite("):
        inner = location[len("callsite(") : -1]
        callee, _, caller = _split_at(inner)
        return source_lines(callee, aliases, depth + 1) + source_lines(caller, aliases, depth + 1)
    if match := _FILE.match(location):
        return [(match.group(1), int(match.group(2)))]
    if location.startswith('"'):  # "name"(child)
        end = _string_end(location, 0)
        return source_lines(location[end:].strip()[1:-1], aliases, depth + 1) if end < len(location) else []
    if location.startswith("fused"):
        parts = split_top(location.partition("[")[2].rpartition("]")[0])
        return [pair for part in parts for pair in source_lines(part, aliases, depth + 1)]
    return []


def _split_at(text: str) -> tuple[str, str, str]:
    """Cut a callsite at its top-level ` at `."""
    depth = 0
    for i, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if not depth and text.startswith(" at ", i):
            return text[:i].strip(), " at ", text[i + 4 :].strip()
    return text, "", ""
