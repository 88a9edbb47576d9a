"""`cuport translate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cuport.cli.options import PATH, chosen_targets, common, emit_report, settings_for


@click.command("translate")
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="FILES|DIRS")
@click.option("--translator", type=click.Choice(["auto", "rules", "llm", "command"]), help="Who proposes ports.")
@click.option("--model", help="Model name for the llm translator.")
@click.option("--base-url", help="OpenAI-compatible endpoint (default: OPENAI_BASE_URL).")
@click.option("--attempts", type=click.IntRange(1, 100), help="Proposals a kernel and target, repairs included.")
@click.option("--out", "-o", type=PATH, help="Folder for ports and evidence. Default: beside the source.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a port would change.")
@click.option("--diff", is_flag=True, help="Print each port's diff against the file that stands there.")
@click.option("--overwrite", is_flag=True, help="Replace ports that were edited by hand.")
@common
def command(
    paths: tuple[Path, ...],
    translator: str | None,
    model: str | None,
    base_url: str | None,
    attempts: int | None,
    out: Path | None,
    check: bool,
    diff: bool,
    overwrite: bool,
    target: str | None,
    kernels: tuple[str, ...],
    args: tuple[str, ...],
    output_format: str,
    quiet: bool,
    verbose: bool,
    **given: Any,
) -> int:
    """Port the kernels of CUDA sources; write only what was accepted.

    Each port is compiled, run beside the original CUDA and compared element by element. Accepted ports are written as
    NAME_triton.py and NAME_jax.py with their evidence as .json; rejected ones go under .cuport/rejected.
    """
    from cuport.batch.discover import sources
    from cuport.batch.opening import open_road
    from cuport.batch.pool import gather
    from cuport.batch.translate import Translated, WriteRules, translate_file, unknown_kernels
    from cuport.cli.outcome import show, told
    from cuport.cli.progress import LiveProgress
    from cuport.exitcode import ExitCode
    from cuport.sandbox.tiers import require
    from cuport.store.files import check_writable
    from cuport.translators.select import translators_for
    from cuport.verdict import Report

    settings = settings_for(paths, translator=translator, model=model, base_url=base_url, attempts=attempts, **given)
    require(unsafe=settings.unsafe_no_sandbox)
    targets = chosen_targets(target, settings)
    files = sources(paths)
    if not check:
        for folder in {out or f.parent for f in files}:
            check_writable(folder)
    choose = translators_for(settings)
    rules = WriteRules(out, check=check, overwrite=overwrite)
    total = Translated(())
    with LiveProgress(quiet=quiet, verbose=verbose) as progress, open_road(settings, progress) as road:

        def work(path: Path) -> Translated:
            return translate_file(road, path, targets, choose, rules, kernels=kernels, args=args)

        for path, result in zip(files, gather(files, work, settings.jobs), strict=True):
            total += Translated((), told(result, path)) if isinstance(result, BaseException) else result
        total += Translated((), tuple(road.store.diagnostics))
    misspelt = unknown_kernels(kernels, total.verdicts)
    report = Report(total.verdicts, tuple(dict.fromkeys([*total.diagnostics, *misspelt])))
    detailed = verbose or len(report.verdicts) <= 6
    emit_report(report, output_format, detailed=detailed, written=[str(p) for p in total.written], diffs=total.diffs)
    if output_format == "text":
        if diff:
            from cuport.review.diff import print_diffs

            print_diffs(total.diffs)
        if total.written and not quiet:
            for file in total.written:
                click.echo(f"wrote {file}", err=True)
    show(report.diagnostics)
    if total.stale and report.exit_code == ExitCode.OK:
        for file in total.stale:
            click.echo(f"would change {file}", err=True)
        return ExitCode.REJECTED
    return report.exit_code
