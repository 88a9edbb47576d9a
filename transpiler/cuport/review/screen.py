"""Writing for people: a console that survives its reader, text that cannot steer a terminal, lines that wrap well."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_INDENT = 4
_LABEL = 10
_NARROWEST = 30  # columns of text below which wrapping under the label helps nobody
_NO_TERMINAL = 10_000  # columns where nothing needs wrapping: files, pipes, CI logs
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Screen(Console):
    """A console on stdout or stderr. A reader that leaves (`| head`) costs the rest of the text, nothing else."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, emoji=False)
        if not self.is_terminal:
            self.width = int(columns) if (columns := os.environ.get("COLUMNS", "")).isdigit() else _NO_TERMINAL

    def on_broken_pipe(self) -> None:
        """Called by rich."""
        self.quiet = True
        drop(sys.stderr if self.stderr else sys.stdout)


def drop(stream: TextIO) -> None:
    """Have a stream whose other end is gone, or full, swallow what is still written to it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def printable(text: str) -> str:
    """Foreign text without the characters that move cursors, change colours or turn lines around."""
    return _CONTROL.sub(lambda c: f"\\x{ord(c[0]):02x}" if ord(c[0]) < 256 else f"\\u{ord(c[0]):04x}", text)


class Row:
    """`    label     text`, the text wrapped under itself. With `whole` it is never cut: for commands to be copied."""

    def __init__(self, label: str, text: str, *, width: int = _LABEL, whole: bool = False) -> None:
        self.label, self.text, self.width, self.whole = label, printable(text), width, whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head = " " * _INDENT + (f"{self.label:<{self.width}}" if self.label else "")
        room = options.max_width - len(head)
        if self.whole or room < _NARROWEST:
            yield Text(head + self.text, no_wrap=True, overflow="ignore")
            return
        for line in Text(self.text).wrap(console, room, tab_size=4):
            line.rstrip()
            yield Text(head) + line
            head = " " * len(head)
