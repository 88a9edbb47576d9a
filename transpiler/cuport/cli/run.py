"""`cuport run`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from cuport.cli.options import PATH


@click.command("run", context_settings={"ignore_unknown_options": False})
@click.argument("program", type=PATH)
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.option("--include", "-I", "include_dirs", multiple=True, type=PATH, help="Folder of headers.")
@click.option("--define", "-D", "defines", multiple=True, help="Macro: NAME or NAME=VALUE.")
@click.option("--schedule", type=click.Choice(["forward", "reverse", "random"]), default="forward", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the random schedule.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds the program may take.")
def command(
    program: Path,
    args: tuple[str, ...],
    include_dirs: tuple[Path, ...],
    defines: tuple[str, ...],
    schedule: Literal["forward", "reverse", "random"],
    seed: int,
    timeout: float | None,
) -> int:
    """Build a CUDA program for the CPU and run it: cuport run PROGRAM.cu [-- ARGS]. The exit code is the program's.

    As in a shell, a program that a signal ended gives 128 + the signal's number.
    """
    from cuport.cli.options import settings_for
    from cuport.cli.outcome import show
    from cuport.cuda import read
    from cuport.diagnostic import CuportError
    from cuport.exitcode import ExitCode
    from cuport.oracle import Oracle, OracleSettings
    from cuport.oracle.capture import check_result
    from cuport.store.place import cache_folder

    settings = settings_for([program], include_dirs=include_dirs, defines=defines)
    source = read(program, include_dirs=settings.include_dirs, defines=settings.defines)
    show(source.diagnostics)
    allowed = timeout or settings.program_timeout
    with cache_folder(settings.cache_dir) as (folder, notes):
        show(notes)
        oracle = Oracle(OracleSettings(cache_dir=folder, memory=settings.memory))
        result = oracle.run_program(source, args, schedule=schedule, seed=seed, timeout=allowed, passthrough=True)
    if result.timed_out or result.returncode < 0:
        try:
            check_result(source, result, allowed)
        except CuportError as error:
            show(error.diagnostics)
    if result.timed_out:
        return ExitCode.UNDECIDED
    return result.returncode if result.returncode >= 0 else 128 - result.returncode
