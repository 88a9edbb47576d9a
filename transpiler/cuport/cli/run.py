"""`cuport run`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cuport.cli.options import PATH

if TYPE_CHECKING:
    from cuport.oracle.program import Program
    from cuport.oracle.results import Fault, ProgramResult

# How nvcc spells what click would take for bundles of short options.
_SPELLED = re.compile(r"-(?P<name>std|include|define-macro)[= ]?(?P<value>.*)|-(?P<level>O[0-3])")
# nvcc's own options that change nothing here, with and without a value of their own.
_IGNORED = re.compile(
    r"-(arch|code|gencode|gpu-\w+|rdc|dc|lineinfo|g|G|w|m64|m|Xptxas|Xcompiler|ccbin|maxrregcount|ftz|prec-div|prec-sqrt|fmad"
    r"|use_fast_math|Wno-\S+|Wall|Wextra|fopenmp|pthread|march|mtune|D_GLIBCXX\S*|diag-\S+|cudart)(=.*)?"
    r"|--(generate-code|gpu-\w+|relocatable-device-code|device-debug|generate-line-info|use_fast_math|expt-\S+|extended-lambda"
    r"|ptxas-options|compiler-options|default-stream|threads|compiler-bindir|machine|cudart|diag-\S+|Wno-\S+)(=.*)?"
)
_WITH_VALUE = re.compile(
    r"-(arch|code|gencode|rdc|Xptxas|Xcompiler|ccbin|maxrregcount)|--(generate-code|gpu-\w+|compiler-options|ptxas-options"
    r"|default-stream|compiler-bindir)"
)


_PATIENCE = 600.0  # seconds


class _Command(click.Command):
    """Takes nvcc's spellings too, so that a compile line can be pasted; what changes nothing here is left out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        kept: list[str] = []
        given = iter(args[:end])
        for word in given:
            if match := _SPELLED.fullmatch(word):
                if match["level"]:
                    kept += ["-O", match["level"][1:]]
                elif match["value"]:
                    kept += [f"--{match['name']}", match["value"]]
                else:
                    kept.append(f"--{match['name']}")
            elif _IGNORED.fullmatch(word):
                if "=" not in word and _WITH_VALUE.fullmatch(word):
                    next(given, None)
            else:
                kept.append(word)
        ctx.obj = args[end + 1 :]
        return super().parse_args(ctx, kept)


@click.command("run", cls=_Command)
@click.argument("files", nargs=-1, type=click.UNPROCESSED, metavar="SOURCES... [-- ARGS...]")
@click.option("--include", "-I", "include_dirs", multiple=True, type=PATH, help="Folder of headers.")
@click.option("--define", "-D", "defines", multiple=True, help="Macro: NAME or NAME=VALUE.")
@click.option(
    "--std",
    "standard",
    type=click.Choice(["c++11", "c++14", "c++17", "c++20", "c++23"]),
    help="C++ standard. Default: c++17, or c++20 where the program needs it; no older one is used.",
)
@click.option("-O", "optimise", type=click.IntRange(0, 3), default=2, show_default=True, help="How hard to optimise.")
@click.option("-l", "libraries", multiple=True, help="Library of the host to link with; CUDA's own need none.")
@click.option("--checked", is_flag=True, help="Look for faults in kernels: bounds, races, uninitialised reads ...")
@click.option("--dry", is_flag=True, help="Read and rewrite only, and say what would be built.")
@click.option("--capture", type=PATH, metavar="DIR", help="Keep launches, a file each, in this folder.")
@click.option(
    "--schedule",
    type=click.Choice(["forward", "reverse", "random"]),
    default="forward",
    show_default=True,
    help="Order of blocks and threads.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the random schedule.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds the program may take. Default: 600."
)
@click.pass_context
def command(ctx: click.Context, /, files: tuple[str, ...], **options: Any) -> int:
    """Build a CUDA program for the CPU and run it, in the current folder, with this terminal's input and output.

    \b
    cuport run saxpy.cu -- 1024 100
    cuport run main.cu kernels.cu util.cpp -I include -D N=512
    cuport run --checked --schedule random --seed 7 reduce.cu

    Sources (.cu .cpp .cc .cxx .c) are units of one program, as for nvcc; whose compile options are taken, or left out
    where they change nothing here. What follows `--`, and every word that names no source, goes to the program.

    The exit code is the program's own; 128 + the signal's number if a signal ended it; 1 if the program succeeded but
    --checked found faults; 3 if it could not be built or did not end in time.
    """
    sources = [Path(f) for f in files if _is_source(f)]
    words = [f for f in files if not _is_source(f) and not _is_header(f)]
    if any(s.suffix != ".cuh" for s in sources):
        sources = [s for s in sources if s.suffix != ".cuh"]
    if not sources:
        raise click.UsageError("no source is given: cuport run PROGRAM.cu [-- ARGS]")
    return _run(sources, (*words, *ctx.obj), **options)


def _is_source(word: str) -> bool:
    from cuport.oracle.suffixes import CUDA_SUFFIXES, HOST_SUFFIXES

    return word.endswith((*CUDA_SUFFIXES, *HOST_SUFFIXES))


def _is_header(word: str) -> bool:
    """A header needs no mention: it is found beside the source that includes it, or by -I."""
    return word.endswith((".h", ".hpp", ".hxx", ".hh", ".inl")) and Path(word).is_file()


def _run(
    sources: list[Path],
    args: tuple[str, ...],
    *,
    include_dirs: tuple[Path, ...],
    defines: tuple[str, ...],
    standard: str | None,
    optimise: int,
    libraries: tuple[str, ...],
    checked: bool,
    dry: bool,
    capture: Path | None,
    schedule: Literal["forward", "reverse", "random"],
    seed: int,
    timeout: float | None,
) -> int:
    note = None
    if not (checked or dry or capture is not None):
        from cuport.oracle.again import note_of

        chosen = [list(map(str, include_dirs)), defines, standard, optimise, libraries]
        note = note_of(sources, {"chosen": chosen})
        code = _run_again(note, args, schedule=schedule, seed=seed, timeout=timeout)
        if code is not None:
            return code

    from cuport.cli.options import settings_for
    from cuport.cli.outcome import show
    from cuport.cuda.rewrite import remarks
    from cuport.exitcode import ExitCode
    from cuport.oracle import OracleSettings
    from cuport.oracle.program import build_for, plan_program, run_built, run_checked
    from cuport.store.place import cache_folder

    settings = settings_for(sources, include_dirs=include_dirs, defines=defines)
    given: dict[str, Any] = {"optimise": optimise, "libraries": libraries}
    given |= {"include_dirs": settings.include_dirs, "defines": settings.defines}
    usual = type(settings).model_fields["program_timeout"].default
    # a person who runs a program has more patience than one who translates a folder
    allowed = timeout or (_PATIENCE if settings.program_timeout == usual else settings.program_timeout)
    if dry:
        from cuport.oracle.program import read_program

        program = read_program(sources, standard=standard or "c++17", **given)
        show(d for s in program.sources for d in s.diagnostics)
        plan = plan_program(program, OracleSettings(cache_dir=settings.cache_dir), checked=checked)
        _describe(program, [flags for _, _, flags in plan.texts], plan.links)
        return ExitCode.OK
    if capture is not None:
        capture.mkdir(parents=True, exist_ok=True)
    with cache_folder(settings.cache_dir) as (folder, notes):
        show(notes)
        limits = OracleSettings(cache_dir=folder, memory=settings.memory)
        program, executable = build_for(sources, limits, standard=standard, checked=checked, **given)
        told = [d for s in program.sources for d in (*s.diagnostics, *remarks(s))]
        show(told)
        if note is not None and not told and folder == OracleSettings().cache_dir:
            from cuport.oracle.again import keep

            files = [f for s in program.sources for f in (s.path, *s.local_headers)]
            kept = {"allowed": settings.program_timeout if settings.program_timeout != usual else _PATIENCE}
            if not program.host:
                keep(note, executable, files, name=program.name, memory=settings.memory, **kept)
        how: dict[str, Any] = {"cwd": Path.cwd(), "schedule": schedule, "seed": seed, "timeout": allowed}
        how["passthrough"] = True
        if checked:
            result = run_checked(program, executable, args, limits, capture=capture, **how)
        else:
            result = run_built(executable, args, limits, capture=capture, name=program.name, **how)
    found = _show_faults(result.faults)
    if capture is not None:
        _say_captured(capture, program)
    return _exit_code(result, program.path, allowed) or (ExitCode.REJECTED if found else ExitCode.OK)


def _run_again(note: Path, args: tuple[str, ...], *, schedule: str, seed: int, timeout: float | None) -> int | None:
    """Run what this command line built before; None if there is nothing, or if the program ends in a way to explain."""
    from cuport.oracle.again import recall

    known = recall(note)
    if known is None:
        return None
    from cuport.oracle.process import program_environment, run

    env = program_environment(schedule, seed, known["name"])
    allowed = timeout or known["allowed"]
    result = run(
        [known["executable"], *args],
        cwd=Path.cwd(),
        timeout=allowed,
        memory=known["memory"],
        env=env,
        passthrough=True,
        inherit=True,
    )
    return _exit_code(result, known["files"][0][0], allowed)


def _exit_code(result: ProgramResult, path: str, allowed: float) -> int:
    """The program's exit code as a shell gives it; how it ended is said where it did not end by itself."""
    if result.timed_out or result.returncode < 0:
        from cuport.cli.outcome import show
        from cuport.diagnostic import CuportError
        from cuport.exitcode import ExitCode
        from cuport.oracle.capture import check_result

        try:
            check_result(path, result, allowed)
        except CuportError as error:
            show(error.diagnostics)
        if result.timed_out:
            return ExitCode.UNDECIDED
    return result.returncode if result.returncode >= 0 else 128 - result.returncode


def _show_faults(faults: tuple[Fault, ...]) -> int:
    """Print faults; how many of them count."""
    from cuport.cli.outcome import show
    from cuport.diagnostic import Diagnostic, Span

    for fault in faults:
        where = f"kernel {fault.kernel}, block {fault.block}, thread {fault.thread}".replace(", 0, 0)", ")")
        message = f"{fault.kind}: {fault.message} ({where})"
        span = Span(fault.path, fault.line) if fault.path and fault.line else None
        severity: Literal["warning", "error"] = "warning" if fault.benign else "error"
        show([Diagnostic("oracle.fault", message, span, severity=severity)])
    return sum(not f.benign for f in faults)


def _describe(program: Program, flags: list[tuple[str, ...]], links: tuple[str, ...]) -> None:
    for source, how in zip(program.sources, flags, strict=True):
        kind = f"{len(source.kernels)} kernels, {sum(len(k.launches) for k in source.kernels)} launches"
        if source in program.host:
            kind = "host code"
        click.echo(f"{source.path}: {kind}, {len(source.local_headers)} local headers; {' '.join(how)}")
    click.echo(f"linked with {' '.join(links)}")


def _say_captured(folder: Path, program: Program) -> None:
    from cuport.cli.outcome import show
    from cuport.diagnostic import Diagnostic
    from cuport.oracle.capture import left_out, read_summary

    summary = read_summary(folder)
    show(left_out(summary, program.sources))
    if summary:
        message = f"{summary.get('kept', 0)} of {summary.get('launches', 0)} launches are kept in {folder}"
        show([Diagnostic("oracle.captured", message, severity="note")])
