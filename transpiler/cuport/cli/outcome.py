"""From exceptions and reports to what the shell sees: messages on stderr, one exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

from cuport.diagnostic import CuportError, Diagnostic
from cuport.verdict import ExitCode

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def guarded(action: Callable[[], Any]) -> int:
    """Run a command; every way it can end becomes an exit code, and no user sees a traceback.

    `CUPORT_DEBUG=1` lets unexpected exceptions through for those who work on cuport.
    """
    signal.signal(signal.SIGTERM, _interrupt)  # so that a killed run cleans up like an interrupted one
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
        click.echo("interrupted; what was finished is kept", err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # `cuport ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:
        if os.environ.get("CUPORT_DEBUG"):
            raise
        show([_of_exception(error)])
        return ExitCode.UNDECIDED


_USAGE = ("usage", "settings")


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics to stderr, coloured on a terminal unless NO_COLOR is set."""
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    for d in diagnostics:
        if colour:
            where = click.style(f"{d.span}: ", bold=True) if d.span else ""
            kind = click.style(f"{d.severity}:", fg=_COLOURS[d.severity], bold=True)
            hint = "\n  " + click.style("hint:", fg="cyan") + f" {d.hint}" if d.hint else ""
            click.echo(f"{where}{kind} {d.message} {click.style(f'[{d.code}]', dim=True)}{hint}", err=True)
        else:
            click.echo(str(d), err=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


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
