"""Options that several commands share, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from cuport.settings import Settings
    from cuport.targets.base import Target
    from cuport.verdict import Report

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "json", "junit", "sarif", "github")
PATH = click.Path(path_type=Path)


def common(function: F) -> F:
    """--output-format, --quiet, -v and the options that choose what is judged and how."""
    for option in reversed(
        [
            click.option("--target", "-t", help="Targets, comma-separated. Default: all that are installed."),
            click.option("--kernel", "-k", "kernels", multiple=True, help="Only this kernel (repeatable)."),
            click.option(
                "--arg", "-a", "args", multiple=True, help="Argument for the program's own main (repeatable)."
            ),
            click.option("--include", "-I", "include_dirs", multiple=True, type=PATH, help="Folder of headers."),
            click.option("--define", "-D", "defines", multiple=True, help="Macro: NAME or NAME=VALUE."),
            click.option("--seed", type=click.IntRange(min=0), help="Seed of the chosen cases."),
            click.option("--jobs", "-j", type=click.IntRange(min=0), help="Files side by side; 0: one a core."),
            output_format,
            click.option(
                "--unsafe-no-sandbox",
                is_flag=True,
                default=None,
                help="Run ports even where no sandbox holds. They can do what you can do.",
            ),
            click.option("--quiet", "-q", is_flag=True, help="No progress."),
            click.option("--verbose", "-v", is_flag=True, help="Every stage as a line, every verdict in full."),
        ]
    ):
        function = option(function)
    return function


output_format = click.option(
    "--output-format", type=click.Choice(FORMATS), default="text", show_default=True, help="Of the report on stdout."
)


def settings_for(paths: Sequence[Path], **given: Any) -> Settings:
    """Settings as seen from the first path's folder."""
    from cuport.settings import load

    first = paths[0] if paths else Path.cwd()
    return load(first if first.is_dir() else first.parent, **given)


def chosen_targets(names: str | None, settings: Settings, *, judging: bool = False) -> list[Target]:
    """Targets by --target, else by configuration, else all that are installed; `judging`: else all there are.

    Raises CuportError (`usage.*`, `target.not-installed`).
    """
    from cuport.diagnostic import fail
    from cuport.targets import all_targets, missing

    known = all_targets()
    wanted = [n.strip() for n in names.split(",") if n.strip()] if names else list(settings.target)
    for name in wanted:
        if name not in known:
            raise fail("usage.no-such-target", f"no target named {name}", hint=f"known: {', '.join(sorted(known))}")
        lacking = missing(known[name])
        if lacking:
            raise fail(
                "target.not-installed",
                f"target {name} needs {', '.join(lacking)}, which is not installed",
                hint=f"pip install 'cuport[{known[name].extra}]'",
            )
    if wanted:
        return [known[name] for name in dict.fromkeys(wanted)]
    found = [t for t in known.values() if judging or not missing(t)]
    if not found:
        extras = ", ".join(sorted({f"'cuport[{t.extra}]'" for t in known.values()}))
        raise fail("target.not-installed", "no target is installed", hint=f"pip install one of {extras}")
    return found


def emit_report(report: Report, form: str, *, detailed: bool, **more: Any) -> None:
    """The report on stdout in the format asked for."""
    from cuport.cli.outcome import reader_may_leave

    if form == "text":
        from cuport.review.screen import Screen
        from cuport.review.text import print_report

        print_report(Screen(), report, detailed=detailed)
        return
    from cuport.review import junit, machine

    if form == "json":
        text = machine.json_text(report, **more)
    else:
        makers = {"junit": junit.junit_text, "sarif": machine.sarif_text, "github": machine.github_text}
        text = makers[form](report)
    with reader_may_leave():
        click.echo(text, nl=False)
