"""From a model's reply to a translation file: the one Python block that defines the kernel, or a typed reason.

Only the shape of a reply is read here. Whether the code is any good is for the screen and the judge to say.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Literal

from cuport.diagnostic import Diagnostic
from cuport.providers.redact import plain

_LONGEST = 400_000  # characters of one port

ReplyFaultKind = Literal["no-code", "bad-syntax", "no-function", "repeated", "cut-code"]


@dataclass(frozen=True)
class Code:
    """A port's text, ending in one newline. `notes` say what had to be chosen."""

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReplyFault:
    """Why no port could be taken. `problem` is told to the model, `diagnostic` to the user."""

    kind: ReplyFaultKind
    problem: str
    reply: str = field(default="", repr=False)

    @property
    def diagnostic(self) -> Diagnostic:
        hint = "try again, or choose another model with --model or CUPORT_MODEL; --translator rules needs none"
        return Diagnostic(f"llm.{self.kind}", self.problem, hint=hint)


@dataclass(frozen=True)
class _Block:
    text: str
    language: str
    closed: bool


def parse_reply(reply: str, function: str, *, complete: bool = True) -> Code | ReplyFault:
    """The port of `function` in a reply. `complete` False: the reply was cut, so an open block counts for nothing."""
    text = plain(_after_thinking(reply)).replace("\u00a0", " ")
    blocks = _blocks(text)
    usable = [b for b in blocks if b.closed or complete]
    if not blocks:
        usable = [_Block(text, "python", True)] if complete else []
    if blocks and not usable:
        return ReplyFault("cut-code", "The reply ended in the middle of its code block.", reply)
    defining = [b for b in usable if _defines(b.text, function)]
    if defining:
        return _choose(defining, usable, function)
    return _explain(usable, bool(blocks), function, reply)


def essence(code: str) -> str:
    """The code without layout, comments and the module's docstring, for telling whether two ports are the same."""
    module = _parse(code)
    if isinstance(module, str):
        return code.strip()
    try:
        return "\n".join(ast.dump(node) for node in module.body[ast.get_docstring(module) is not None :])
    except RecursionError:
        return code.strip()


def _choose(defining: list[_Block], usable: list[_Block], function: str) -> Code | ReplyFault:
    chosen = defining[-1]  # a later block corrects an earlier one
    if len(chosen.text) > _LONGEST:
        return ReplyFault("no-code", f"The module has {len(chosen.text)} characters; no port needs that many.")
    notes = []
    if len(defining) > 1:
        notes.append(f"{len(defining)} code blocks define `{function}`; the last was taken")
    elif len(usable) > 1:
        notes.append(f"{len(usable)} code blocks in the reply; the one that defines `{function}` was taken")
    return Code(chosen.text.strip("\n").rstrip() + "\n", tuple(notes))


def _explain(usable: list[_Block], fenced: bool, function: str, reply: str) -> ReplyFault:
    if not fenced:
        problem = f"There is no fenced Python block that defines `{function}` in the reply."
        return ReplyFault("no-code", problem, reply)
    pythonic = [b for b in usable if b.language in ("", "python", "py", "python3")] or usable
    longest = max(pythonic, key=lambda b: (f"def {function}" in b.text, len(b.text)))
    module = _parse(longest.text)
    if isinstance(module, str):
        return ReplyFault("bad-syntax", f"The code block is not valid Python: {module}.", reply)
    found = _functions(module)
    there = f"it defines {', '.join(f'`{n}`' for n in found[:8])}" if found else "it defines no function"
    problem = f"The code block does not define `{function}` at module level; {there}."
    return ReplyFault("no-function", problem, reply)


def _defines(code: str, function: str) -> bool:
    module = _parse(code)
    return not isinstance(module, str) and function in _functions(module)


def _functions(module: ast.Module) -> list[str]:
    return [node.name for node in module.body if isinstance(node, ast.FunctionDef)]


def _parse(code: str) -> ast.Module | str:
    """The module, or in a few words why it is none."""
    try:
        return ast.parse(code)
    except SyntaxError as error:
        return f"{error.msg}, line {error.lineno}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"it cannot be parsed ({type(error).__name__})"


def _after_thinking(reply: str) -> str:
    """Reasoning that some servers leave in the text is no part of the answer; it may hold drafts of code."""
    text = reply.lstrip()
    for tag in ("think", "thinking", "reasoning"):
        if text.startswith(f"<{tag}>"):
            _, closed, rest = text.partition(f"</{tag}>")
            return rest if closed else ""
        head, closed, rest = text.partition(f"\n</{tag}>")  # templates that open the tag inside the prompt
        if closed and f"<{tag}>" not in head:
            return rest
    return reply


_OPEN = re.compile(r"^([ \t]*(?:>[ \t]?|[-*+][ \t]+|\d+[.)][ \t]+)?[ \t]*)(`{3,}|~{3,})[ \t]*([^`\n]*)$")


def _blocks(text: str) -> list[_Block]:
    """Fenced code blocks (CommonMark 4.5), those inside list items too."""
    found: list[_Block] = []
    fence, indent, language = "", 0, ""
    lines: list[str] = []
    for line in text.split("\n"):
        if not fence:
            opened = _OPEN.match(line)
            if opened:
                indent, fence = len(opened.group(1)), opened.group(2)
                words = opened.group(3).strip().lower().strip("{}.").split()
                language, lines = (words[0] if words else ""), []
            continue
        stripped = line.strip()
        if stripped.startswith(fence) and not stripped.strip(fence[0]):
            found.append(_Block("\n".join(lines), language, True))
            fence = ""
        else:
            margin = len(line) - len(line.lstrip(" \t"))
            lines.append(line[min(indent, margin) :])
    if fence:
        found.append(_Block("\n".join(lines), language, False))
    return found
