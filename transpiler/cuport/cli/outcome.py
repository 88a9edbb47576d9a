"""From exceptions and reports to what the shell sees: messages on stderr, one exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cuport.diagnostic import CuportError, Diagnostic, Span
from cuport.exitcode import ExitCode

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
_USAGE = ("usage", "settings")


def guarded(action: Callable[[], Any]) -> int:
    """Run a command; every way it can end becomes an exit code, and no user sees a traceback.

    `CUPORT_DEBUG=1` lets unexpected exceptions through for those who work on cuport.
    """
    for name in ("SIGTERM", "SIGHUP"):  # a killed run cleans up like an interrupted one
        if (number := getattr(signal, name, None)) and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files may hold bytes that the terminal's encoding has not
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _outcome(action)
        if not _written(quiet=code == ExitCode.UNDECIDED) and code == ExitCode.OK:
            code = ExitCode.UNDECIDED
    except KeyboardInterrupt:  # a second one, while the first was told
        code = ExitCode.INTERRUPTED
    if code == ExitCode.INTERRUPTED and any(not t.daemon for t in threading.enumerate()[1:]):
        os._exit(code)  # a thread that does not look at the wish to stop would hold the process
    return code


def _outcome(action: Callable[[], Any]) -> int:
    try:
        result = action()
        return int(result) if isinstance(result, int) else ExitCode.OK
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except CuportError as error:
        show(error.diagnostics)
        return ExitCode.USAGE if all(d.code.split(".")[0] in _USAGE for d in error.diagnostics) else ExitCode.UNDECIDED
    except (KeyboardInterrupt, click.exceptions.Abort):
        with contextlib.suppress(OSError):
            click.echo("interrupted; what was finished is kept", err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # outside `reader_may_leave`: not all that should have been done was
        return ExitCode.UNDECIDED
    except Exception as error:
        if os.environ.get("CUPORT_DEBUG"):
            raise
        show([_of_exception(error)])
        return ExitCode.UNDECIDED


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Around printing: whoever reads our stdout (`| head`) may stop; what was still to be printed is dropped."""
    try:
        yield
    except BrokenPipeError:
        from cuport.review.screen import drop

        drop(sys.stdout)


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics to stderr, coloured on a terminal unless NO_COLOR is set. Never raises for a closed stderr."""
    from cuport.review.screen import printable

    colour = sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    for d in diagnostics:
        text = printable(str(d))
        if colour:
            where = click.style(f"{d.span}: ", bold=True) if d.span else ""
            kind = click.style(f"{d.severity}:", fg=_COLOURS[d.severity], bold=True)
            hint = "\n  " + click.style("hint:", fg="cyan") + f" {printable(d.hint)}" if d.hint else ""
            text = f"{where}{kind} {printable(d.message)} {click.style(f'[{d.code}]', dim=True)}{hint}"
        with contextlib.suppress(OSError):
            click.echo(text, err=True)


def _written(*, quiet: bool) -> bool:
    """Push out what stdout still holds; whether all of it was written or nobody wanted it."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
        return True
    except OSError as error:
        from cuport.review.screen import drop

        drop(sys.stdout)
        if isinstance(error, BrokenPipeError):
            return True
        if not quiet:
            show([_of_exception(error)])
        return False


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def told(error: BaseException, path: Path) -> tuple[Diagnostic, ...]:
    """What one file's failure is called in the report, so that it costs no other file's verdict.

    Raises what is no failure of a file: interrupts, and everything unexpected under `CUPORT_DEBUG=1`.
    """
    if isinstance(error, CuportError):
        return error.diagnostics
    if not isinstance(error, Exception) or os.environ.get("CUPORT_DEBUG"):
        raise error
    return (replace(_of_exception(error), span=Span(str(path), 1)),)


def _of_exception(error: Exception) -> Diagnostic:
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return Diagnostic("system.io", f"{error.strerror or error}{where}", hint="check space and permissions")
    if isinstance(error, MemoryError):
        return Diagnostic("system.memory", "out of memory", hint="lower --jobs or the size limits in cuport.toml")
    return Diagnostic(
        "internal.error",
        f"a fault in cuport itself: {type(error).__name__}: {error}",
        hint="run again with CUPORT_DEBUG=1 for the traceback, and report it with the source file",
    )
