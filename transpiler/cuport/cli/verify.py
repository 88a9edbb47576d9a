"""`cuport verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cuport.cli.options import PATH, chosen_targets, common, emit_report, settings_for


@click.command("verify")
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="FILES|DIRS | KERNEL.cu PORT.py")
@click.option("--case", "only_case", default="", help="Replay one case: the beginning of its digest.")
@click.option("--fresh", is_flag=True, help="Judge again even what the store knows.")
@common
def command(
    paths: tuple[Path, ...],
    only_case: str,
    fresh: bool,
    target: str | None,
    kernels: tuple[str, ...],
    args: tuple[str, ...],
    output_format: str,
    quiet: bool,
    verbose: bool,
    **given: Any,
) -> int:
    """Judge ports: those beside their sources, or one port named after its source.

    Evidence files are never believed. What was judged before, with nothing changed, comes from the store.
    """
    from cuport.batch.discover import PortJob, judgeable, pair, port_jobs
    from cuport.batch.opening import open_road
    from cuport.batch.pool import gather
    from cuport.batch.translate import unknown_kernels
    from cuport.batch.verify import Verified, target_of, verify_port
    from cuport.cli.outcome import show, told
    from cuport.cli.progress import LiveProgress
    from cuport.sandbox.tiers import require
    from cuport.verdict import Report, Verdict

    settings = settings_for(paths, **given)
    require(unsafe=settings.unsafe_no_sandbox)
    if len(paths) == 2 and paths[1].suffix == ".py":
        source, port = pair(*paths)
        jobs, diagnostics = judgeable([PortJob(source, port, target_of(port, target))])
    else:
        jobs, diagnostics = port_jobs(paths, chosen_targets(target, settings, judging=True))
    verdicts: list[Verdict] = []
    with LiveProgress(quiet=quiet, verbose=verbose) as progress, open_road(settings, progress) as road:

        def work(job: PortJob) -> Verified:
            return verify_port(road, job, kernels=kernels, args=args, only_case=only_case, fresh=fresh)

        for job, result in zip(jobs, gather(jobs, work, settings.jobs), strict=True):
            if isinstance(result, BaseException):
                diagnostics += told(result, job.port)
            else:
                verdicts += result.verdicts
                diagnostics += result.diagnostics
        diagnostics += road.store.diagnostics
    diagnostics += unknown_kernels(kernels, verdicts)
    report = Report(tuple(verdicts), tuple(dict.fromkeys(diagnostics)))
    emit_report(report, output_format, detailed=verbose or len(verdicts) <= 6)
    show(report.diagnostics)
    return report.exit_code
