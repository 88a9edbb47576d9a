"""What changed in a port, with the CUDA beside it, for a terminal."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

from cuport.diagnostic import fail
from cuport.environment import without_secrets
from cuport.kernel import Kernel, Source
from cuport.review.screen import Screen, printable

_WIDE = 150  # columns from which two texts stand side by side


@dataclass(frozen=True)
class PortChange:
    """One port: its text at the base and now, and what the base was."""

    source: Path
    port: Path
    base: str  # "the last accepted port", "git HEAD", "nothing"
    diff: str


def print_diffs(diffs: Sequence[str]) -> None:
    """Unified diffs on stdout, coloured on a terminal."""
    console = Screen()
    for diff in diffs:
        if console.is_terminal:
            console.print(Syntax(diff, "diff", theme="ansi_dark", background_color="default", word_wrap=True))
        else:
            console.print(Text(diff, no_wrap=True, overflow="ignore"), end="", crop=False, soft_wrap=True)


def print_change(console: Console, change: PortChange, source: Source) -> None:
    """The diff, the source's kernels to its left where the terminal is wide enough, else above it."""
    if not console.is_terminal:
        print_diffs([change.diff])
        return
    cuda = "\n\n".join(printable(_as_written(k, source)) for k in source.kernels)
    left = Panel(
        Syntax(cuda, "cuda", theme="ansi_dark", background_color="default", word_wrap=True),
        title=str(change.source),
        title_align="left",
    )
    right = Panel(
        Syntax(change.diff, "diff", theme="ansi_dark", background_color="default", word_wrap=True),
        title=f"{change.port} since {change.base}",
        title_align="left",
    )
    if console.width >= _WIDE:
        half = console.width // 2 - 1
        left.width = right.width = half
        console.print(Columns([left, right], padding=(0, 1)))
    else:
        console.print(left)
        console.print(right)


def _as_written(kernel: Kernel, source: Source) -> str:
    """The kernel's lines in the user's own layout; after preprocessing where it stands in a header."""
    first, last = kernel.span.line, kernel.span.end_line
    if kernel.span.path != source.path or last < first:
        return kernel.text.strip()
    return textwrap.dedent("\n".join(source.raw.split("\n")[first - 1 : last]))


def text_at(revision: str, path: Path) -> str:
    """A file's text at a git revision, "" where it did not exist there. Raises CuportError (`review.git`)."""
    folder = path.resolve().parent
    inside = _git(folder, "rev-parse", "--is-inside-work-tree")
    if inside.returncode:
        raise fail(
            "review.git",
            f"{folder} is in no git work tree",
            hint="leave out --base to compare with the last accepted port",
        )
    known = _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if known.returncode:
        raise fail("review.git", f"git knows no revision {revision}")
    shown = _git(folder, "show", f"{known.stdout.strip()}:./{path.name}")
    return shown.stdout if shown.returncode == 0 else ""


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=without_secrets(),
        )
    except FileNotFoundError:
        raise fail("review.git", "git is not installed", hint="leave out --base") from None
