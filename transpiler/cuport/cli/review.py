"""`cuport review`."""

from __future__ import annotations

from pathlib import Path

import click

from cuport.cli.options import PATH, chosen_targets, settings_for


@click.command("review")
@click.argument("paths", nargs=-1, type=PATH, metavar="FILES|DIRS")
@click.option("--base", metavar="REV", help="Compare with this git revision. Default: the port accepted last.")
@click.option("--target", "-t", help="Targets, comma-separated. Default: all that are installed.")
def command(paths: tuple[Path, ...], base: str | None, target: str | None) -> int:
    """Show how ports differ from those accepted last (or from a git revision), with the CUDA beside them.

    Reviewing judges nothing: cuport verify does. Each port says whether this very text was accepted here.
    """
    from cuport.batch.discover import port_jobs
    from cuport.batch.opening import open_road
    from cuport.batch.review import change_of, standing
    from cuport.cli.outcome import show
    from cuport.cuda import read
    from cuport.review.diff import print_change
    from cuport.review.screen import Screen

    paths = paths or (Path.cwd(),)
    settings = settings_for(paths)
    jobs, notes = port_jobs(paths, chosen_targets(target, settings))
    console = Screen()
    changed = 0
    with open_road(settings) as road:
        for job in jobs:
            change = change_of(road.store, job, base)
            source = read(job.source, include_dirs=settings.include_dirs, defines=settings.defines)
            if change.diff:
                changed += 1
                print_change(console, change, source)
            for line in standing(road, job, source):
                click.echo(line, err=True)
        notes += road.store.diagnostics
    show(notes)
    click.echo(f"{changed} of {len(jobs)} ports differ from their base", err=True)
    return 0
