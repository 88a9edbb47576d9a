"""Rendering prompts: templates of `cuport.prompts`, filled with facts and feedback, and their digest.

Source text, tool messages and replies enter only as values, never as templates, and only through `fenced`, `quoted`
or `cell`, whose delimiters they cannot close. What they say may sway a model; it cannot sway the judge.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Protocol

import jinja2

from cuport.diagnostic import fail
from cuport.providers.base import Message
from cuport.providers.redact import plain
from cuport.translators.base import Attempt, Request
from cuport.translators.facts import Facts, facts_of
from cuport.translators.feedback import earlier_of, points_of

PROMPT_VERSION = 1  # of what the templates promise and ask for; the digest covers their words


class PromptTarget(Protocol):
    """What a prompt says of a target. `name` chooses prompts/<name>.j2."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...


def conversation(request: Request, target: PromptTarget) -> list[Message]:
    """What a model is asked: the port, or, after a failed attempt, the correction of its last code.

    A repair stays compact: the first prompt, the last code, what became of it, and a line for each attempt before.
    Raises CuportError (`llm.no-prompt`) where the target has no prompt.
    """
    kernel = facts_of(request.source, request.kernel, request.cases, request.domain)
    accepted = request.accepted.code if request.accepted else ""
    messages = [
        Message("system", _render("_system.j2", target=target)),
        Message("user", _render(_first(target), target=target, kernel=kernel, accepted=accepted)),
    ]
    if request.attempts:
        messages += _correction(request.attempts, target, kernel)
    return messages


def again(messages: Sequence[Message], reply: str, problem: str, request: Request) -> list[Message]:
    """The conversation continued after a reply that no port could be taken from. `problem` is one sentence."""
    kernel = facts_of(request.source, request.kernel, (), "")
    # A reply without text cannot be shown, and a very long one need not be.
    shown = reply.strip()[:8000] or "(no text)"
    return [
        *messages,
        Message("assistant", shown),
        Message("user", _render("again.j2", kernel=kernel, problem=problem)),
    ]


def digest_of(messages: Sequence[Message]) -> str:
    """SHA-256 over the prompt version and everything that is sent."""
    body = [PROMPT_VERSION, [[m.role, m.content] for m in messages]]
    return hashlib.sha256(json.dumps(body).encode()).hexdigest()


@cache
def templates_digest() -> str:
    """SHA-256 over all templates: which words a port was asked for with."""
    h = hashlib.sha256(str(PROMPT_VERSION).encode())
    folder = resources.files("cuport.prompts")
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".j2"):
            h.update(f"\0{entry.name}\0".encode() + entry.read_bytes())
    return h.hexdigest()


def _correction(attempts: Sequence[Attempt], target: PromptTarget, kernel: Facts) -> list[Message]:
    text = _render("repair.j2", target=target, kernel=kernel, points=points_of(attempts), earlier=earlier_of(attempts))
    return [Message("assistant", fenced(attempts[-1].candidate.code, "python")), Message("user", text)]


def _first(target: PromptTarget) -> str:
    name = f"{target.name}.j2"
    if not resources.files("cuport.prompts").joinpath(name).is_file():
        raise fail(
            "llm.no-prompt",
            f"there is no prompt for the target {target.label}",
            hint=f"add prompts/{name}, or use --translator rules",
        )
    return name


def _render(name: str, **values: object) -> str:
    return _spaced(plain(_environment().get_template(name).render(values)))


def _spaced(text: str) -> str:
    """At most one blank line in a row outside fences; inside, the text is somebody's and stays."""
    out: list[str] = []
    fence = ""
    for line in text.strip().split("\n"):
        mark = re.match(r"(`{3,})", line)
        if mark and not fence:
            fence = mark.group(1)
        elif fence and line.strip() == fence:
            fence = ""
        if line.strip() or fence or (out and out[-1].strip()):
            out.append(line if fence else line.rstrip())
    return "\n".join(out) + "\n"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_load),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters.update(fenced=fenced, quoted=quoted, cell=cell)
    return environment


def _load(name: str) -> str | None:
    file = resources.files("cuport.prompts").joinpath(name)
    return file.read_text(encoding="utf-8") if file.is_file() else None


def fenced(text: str, language: str = "") -> str:
    """A fenced block (CommonMark) whose fence is longer than any run of backticks in the text."""
    text = plain(text).strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def quoted(text: str) -> str:
    """Foreign text as one line of a sentence: no line breaks, no backtick runs that could open a block."""
    return re.sub(r"`{3,}", "``", " ".join(plain(str(text)).split()))


def cell(text: str) -> str:
    """Text fit for a table cell."""
    return quoted(text).replace("|", "\\|")
