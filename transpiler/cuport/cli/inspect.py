"""`cuport inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from cuport.cli.options import PATH, settings_for


@click.command("inspect")
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="FILES|DIRS")
@click.option("--include", "-I", "include_dirs", multiple=True, type=PATH, help="Folder of headers.")
@click.option("--define", "-D", "defines", multiple=True, help="Macro: NAME or NAME=VALUE.")
@click.option("--arg", "-a", "args", multiple=True, help="Argument for the program's own main (repeatable).")
@click.option("--cases", is_flag=True, help="Run the program and show each kernel's domain and cases.")
@click.option("--write-cases", is_flag=True, help="Write a first guess of NAME.cases.toml beside the source.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    paths: tuple[Path, ...],
    include_dirs: tuple[Path, ...],
    defines: tuple[str, ...],
    args: tuple[str, ...],
    cases: bool,
    write_cases: bool,
    output_format: str,
) -> int:
    """Show what was read: kernels, parameters, launches, the def line of a port, and what is unsupported."""
    from cuport.batch.discover import sources
    from cuport.batch.inspection import inspect_file, write_first_guess
    from cuport.batch.opening import open_road
    from cuport.cli.outcome import reader_may_leave, show, told
    from cuport.review.inspection import print_inspection
    from cuport.review.screen import Screen
    from cuport.store.evidence import to_json

    settings = settings_for(paths, include_dirs=include_dirs, defines=defines)
    screen = Screen()
    found, failed = [], False
    with open_road(settings) as road:
        for path in sources(paths):
            try:
                inspection = inspect_file(road, path, cases=cases, args=args)
                found.append(inspection)
                if output_format == "text":
                    print_inspection(screen, inspection)
                show(inspection.diagnostics)
                if write_cases:
                    click.echo(f"wrote {write_first_guess(inspection)}", err=True)
            except Exception as error:
                failed = True
                show(told(error, path))
        show(road.store.diagnostics)
    if output_format == "json":
        with reader_may_leave():
            click.echo(to_json([i.to_dict() for i in found]))
    return 3 if failed or any(d.severity == "error" for i in found for d in i.diagnostics) else 0
