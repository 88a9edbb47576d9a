"""What went wrong, where it stands, and what to do about it.

Every failure a user can meet is a `Diagnostic`; code that cannot go on raises `CuportError` with one or more of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, order=True)
class Span:
    """A stretch of a file. Lines and columns count from 1; the end column is exclusive."""

    path: str
    line: int
    column: int = 1
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Diagnostic:
    """One message. `code` is stable and dotted (`read.syntax-error`), so that scripts and tests can match it."""

    code: str
    message: str
    span: Span | None = None
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        where = f"{self.span}: " if self.span else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{where}{self.severity}: {self.message} [{self.code}]{hint}"


class CuportError(Exception):
    """Raised where work cannot go on; carries what the user is told. Never shown as a traceback."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("\n".join(map(str, diagnostics)))
        self.diagnostics = diagnostics


def fail(code: str, message: str, *, span: Span | None = None, hint: str = "") -> CuportError:
    """Build the one-diagnostic error: `raise fail("read.no-kernel", ..., hint=...)`."""
    return CuportError(Diagnostic(code, message, span, hint))
