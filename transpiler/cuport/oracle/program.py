"""Programs of one or several sources: reading, building, running them as a shell would."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cuport.cuda import read
from cuport.cuda.compiler import find_compiler
from cuport.cuda.decode import decode
from cuport.cuda.headers import PASSED_ON
from cuport.cuda.rewrite import places, program_text, runtime_switches
from cuport.cuda.textures import texture_headers, without_files_of
from cuport.diagnostic import CuportError, Diagnostic, Span, fail
from cuport.kernel import Source
from cuport.oracle.build import CHECKED, PROGRAM, build, link, runtime_dir
from cuport.oracle.faults import read_faults
from cuport.oracle.libraries import compile_flags
from cuport.oracle.messages import explain, refused_calls
from cuport.oracle.process import program_environment, run
from cuport.oracle.results import ProgramResult, Schedule
from cuport.oracle.settings import OracleSettings
from cuport.oracle.suffixes import CUDA_SUFFIXES, HOST_SUFFIXES

_CUDA_WORDS = re.compile(r"<<<|\b__(global|device|shared)__\b")
_LEFT_OUT = re.compile(
    r"cudart\w*|cuda|cudadevrt|culibos|nvToolsExt|cublas\w*|cufft\w*|curand\w*|cusparse|cusolver|m|c|stdc\+\+"
)


@dataclass(frozen=True)
class Program:
    """`units` hold CUDA; `host` are sources that the host's compiler takes as they are."""

    units: tuple[Source, ...]
    host: tuple[Source, ...] = ()
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()
    standard: str = "c++17"
    optimise: int = 2
    libraries: tuple[str, ...] = ()  # for the linker, by name

    @property
    def sources(self) -> tuple[Source, ...]:
        return (*self.units, *self.host)

    @property
    def name(self) -> str:
        """The first source without its suffix: what nvcc's users call the executable."""
        return str(Path(self.path).with_suffix(""))

    @property
    def path(self) -> str:
        return self.sources[0].path


def read_program(
    paths: Sequence[Path],
    *,
    include_dirs: Sequence[Path] = (),
    defines: Sequence[str] = (),
    standard: str = "c++17",
    optimise: int = 2,
    libraries: Sequence[str] = (),
) -> Program:
    """Read the sources of a program. Raises CuportError."""
    units, host = [], []
    for path in dict.fromkeys(paths):
        if path.suffix in HOST_SUFFIXES:
            raw, _ = decode(path, what="source")
            if path.suffix == ".c" or not _CUDA_WORDS.search(raw):
                host.append(_host_source(path, raw))
                continue
        elif path.suffix not in CUDA_SUFFIXES:
            known = " ".join((*CUDA_SUFFIXES, *HOST_SUFFIXES))
            raise fail("usage.not-a-source", f"{path} is no source of a program", hint=f"sources end in {known}")
        units.append(read(path, include_dirs=include_dirs, defines=defines, standard=standard, without_kernels=True))
    if len(units) + len(host) > 1:
        defined = {k.qualified for u in units for k in u.kernels}
        units = [replace(u, diagnostics=_still_true(u, defined)) for u in units]
    folders = tuple(Path(d) for d in include_dirs)
    wanted = tuple(name for name in dict.fromkeys(libraries) if not _LEFT_OUT.fullmatch(name))
    return Program(tuple(units), tuple(host), folders, tuple(defines), standard, optimise, wanted)


def _still_true(unit: Source, defined: set[str]) -> tuple[Diagnostic, ...]:
    """What was said of a unit alone, without kernels that it lacks and another unit has."""
    return tuple(
        d
        for d in unit.diagnostics
        if d.code != "read.kernel-undefined" or not any(re.search(rf"\b{re.escape(k)}\b", d.message) for k in defined)
    )


def _host_source(path: Path, raw: str) -> Source:
    lines = tuple((str(path), n + 1) for n in range(raw.count("\n") + 1))
    found = re.search(r"^[ \t\w:*&<>]*\bmain\s*\(", raw, re.MULTILINE)
    includes = tuple(re.findall(r"^\s*#\s*include\s*<([^>\n]+)>", raw, re.MULTILINE))
    return Source(str(path), raw, raw, lines, (), (), (), (), includes, (), found is not None, "")


@dataclass(frozen=True)
class Plan:
    """What would be compiled: each source with its text, the language, and the flags."""

    texts: tuple[tuple[Source, str, tuple[str, ...]], ...]
    links: tuple[str, ...] = field(default=())


def plan_program(program: Program, settings: OracleSettings, *, checked: bool = False, loops: bool = True) -> Plan:
    """Everything up to the compiler. Raises CuportError for what the rewriter refuses."""
    if not any(s.has_main for s in program.sources):
        files = ", ".join(s.path for s in program.sources)
        several = len(program.sources) > 1
        raise fail(
            "oracle.no-main",
            f"{files} {'have' if several else 'has'} no main(), so there is no program to run",
            span=Span(program.path, 1),
            hint="give the file with main() too, or write a case file for the kernels (`cuport inspect --write-cases`)",
        )
    refused = [d for unit in program.units for d in refused_calls(unit)]
    if refused:
        raise CuportError(*refused)
    switches = runtime_switches([s.text for s in program.sources])
    base = [f for f in (CHECKED if checked else PROGRAM) if not (f.startswith("-O") and not checked)]
    if not checked:
        base.append(f"-O{program.optimise}")
    standard = f"-std={program.standard.replace('c++', 'gnu++')}"
    flags = (*base, standard)
    where = places(program.units) if len(program.sources) > 1 else (None,) * len(program.units)
    if len(program.sources) > 1 and len(program.units) == 1:
        where = places([program.units[0], program.units[0]])[:1]
    texts = []
    for unit, place in zip(program.units, where, strict=True):
        texts.append((unit, program_text(unit, place, switches=switches, loops=loops), flags))
    for source in program.host:
        texts.append(_host_text(program, source, flags, switches, settings))
    links = ["-pthread", *(f"-l{name}" for name in program.libraries)]
    if any(re.search(r"^\s*#\s*pragma\s+omp\b|omp\.h", text, re.MULTILINE) for _, text, _ in texts):
        links.append("-fopenmp")
    return Plan(tuple(texts), tuple(links))


def build_program(program: Program, settings: OracleSettings, *, checked: bool = False) -> Path:
    """The executable. Raises CuportError with the compiler's complaints in the user's lines."""
    plan = plan_program(program, settings, checked=checked)
    try:
        return _build_plan(program, plan, settings, checked=checked)
    except CuportError as error:
        # perhaps it is the loops that we made of kernels; the kernels themselves run as well, only slower
        plain = plan_program(program, settings, checked=checked, loops=False)
        if plain == plan or not all(d.code.startswith("oracle.") for d in error.diagnostics):
            raise
        return _build_plan(program, plain, settings, checked=checked)


def _build_plan(program: Program, plan: Plan, settings: OracleSettings, *, checked: bool) -> Path:
    if len(plan.texts) == 1 and not program.host:
        source, text, flags = plan.texts[0]
        return build(source, text, flags, settings, links=plan.links)
    objects = [build(source, text, [*flags, "-c"], settings) for source, text, flags in plan.texts]
    checking = ["-DCUPORT_CHECKED=1"] if checked else []
    return link(program.sources, objects, [*plan.links, *checking], settings)


def build_for(
    paths: Sequence[Path],
    settings: OracleSettings,
    *,
    standard: str | None = None,
    checked: bool = False,
    **given: Any,
) -> tuple[Program, Path]:
    """Read and build. Raises CuportError."""
    program = read_program(paths, standard=standard if standard in ("c++20", "c++23") else "c++17", **given)
    return program, build_program(program, settings, checked=checked)


def _host_text(
    program: Program, source: Source, flags: Sequence[str], switches: Sequence[str], settings: OracleSettings
) -> tuple[Source, str, tuple[str, ...]]:
    """A host source after its preprocessor, so that its headers are part of what is kept by content.

    Where it uses CUDA, our runtime comes first: the program's macros and `extern "C"` around includes do not reach it.
    """
    is_c = source.path.endswith(".c")
    kept = tuple(f for f in flags if f.startswith(("-O", "-g", "-D", "-f")) or not is_c)
    language = ("-x", "c", "-std=gnu11") if is_c else ("-x", "c++")
    macros = [f"-D{d}" for d in program.defines]
    text = _preprocessed(program, source, ["-x", "c++", *flags, *macros], Path(source.path), settings)
    if is_c and "/cuport/runtime.h" not in text:
        text = _preprocessed(program, source, [*language, *kept, *macros], Path(source.path), settings)
    elif "/cuport/runtime.h" in text:
        if is_c:  # the runtime's headers are C++
            kept, language = tuple(flags), ("-x", "c++", "-fpermissive")
        early = [f"-D{d}" for d in program.defines if PASSED_ON.fullmatch(re.split(r"[=(]", d)[0])]
        absolute = os.path.abspath(source.path)
        quoted = absolute.replace("\\", "\\\\").replace('"', '\\"')
        lines = [f"#define {s} 1" for s in switches] + ['#include "cuport/runtime.h"']
        own = without_files_of(text, str(runtime_dir()))
        lines += (f'#include "{name}"' for name in texture_headers(own))
        lines += (f"#define {name} {value if equals else '1'}" for name, equals, value in _split(program.defines))
        lines += ['extern "C" {'] * is_c + [f'#include "{quoted}"'] + ["}"] * is_c
        with tempfile.TemporaryDirectory(prefix="cuport-host-") as folder:
            whole = Path(folder) / "host.cpp"
            whole.write_text("\n".join([*lines, ""]), encoding="utf-8")
            text = _preprocessed(program, source, [*language, *kept, *early], whole, settings)
        text = text.replace(f'"{quoted}"', f'"{source.path}"').replace(str(whole), "host.cpp")
    return source, text, (*kept, *language)


def _split(defines: Sequence[str]) -> list[tuple[str, str, str]]:
    return [d.partition("=") for d in defines if not PASSED_ON.fullmatch(re.split(r"[=(]", d)[0])]


def _preprocessed(program: Program, source: Source, flags: Sequence[str], path: Path, settings: OracleSettings) -> str:
    folders = [a for d in program.include_dirs for a in ("-I", str(d.resolve()))]
    given = [*flags, *folders, *compile_flags(source.raw, runtime_dir()), "-I", str(runtime_dir())]
    if re.search(r"^\s*#\s*pragma\s+omp\b|omp\.h", source.raw, re.MULTILINE):
        given.append("-fopenmp")
    command = [*(find_compiler() or ("c++",)), "-w", *given, "-E", str(path)]
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    timeout, memory = settings.compile_timeout, max(settings.memory, 4 << 30)
    done = run(command, cwd=Path.cwd(), timeout=timeout, memory=memory, env=environment, output_limit=256 << 20)
    if done.returncode != 0:
        raise CuportError(*explain(source, done.stderr, source.path))
    return done.stdout


def run_built(
    program: Path,
    args: Sequence[str],
    settings: OracleSettings,
    *,
    cwd: Path,
    schedule: Schedule = "forward",
    seed: int = 0,
    timeout: float = 60.0,
    capture: Path | None = None,
    faults: Path | None = None,
    passthrough: bool = False,
    name: str = "",
) -> ProgramResult:
    """Run an executable of `build_program` in `cwd`. `passthrough`: with our own streams and environment.

    `name`: what the program sees as its own (argv[0]).
    """
    env = program_environment(schedule, seed, name)
    if capture is not None:
        env |= {
            "CUPORT_CAPTURE": str(capture.resolve()),
            "CUPORT_CAPTURE_PER_SHAPE": str(settings.capture_per_shape),
            "CUPORT_CAPTURE_LAUNCHES": str(settings.capture_launches),
            "CUPORT_CAPTURE_BYTES": str(settings.capture_bytes),
            "CUPORT_CAPTURE_TOTAL": str(settings.capture_total),
        }
    if faults is not None:
        env |= {"CUPORT_FAULTS": str(faults), "CUPORT_SECONDS": f"{max(timeout * 0.9, timeout - 5):g}"}
    return run(
        [str(program), *args],
        cwd=cwd,
        timeout=timeout,
        memory=settings.memory,
        env=env,
        output_limit=settings.output_limit,
        passthrough=passthrough,
        inherit=passthrough,
    )


def run_checked(
    program: Program,
    executable: Path,
    args: Sequence[str],
    settings: OracleSettings,
    *,
    cwd: Path,
    schedule: Schedule = "forward",
    seed: int = 0,
    timeout: float = 60.0,
    capture: Path | None = None,
    passthrough: bool = False,
) -> ProgramResult:
    """Run an executable of the checked build; the result says what its kernels do wrong."""
    with tempfile.TemporaryDirectory(prefix="cuport-faults-") as folder:
        report = Path(folder) / "faults"
        result = run_built(
            executable,
            args,
            settings,
            cwd=cwd,
            schedule=schedule,
            seed=seed,
            timeout=timeout,
            capture=capture,
            faults=report,
            name=program.name,
            passthrough=passthrough,
        )
        return replace(result, faults=read_faults(program.sources[0], executable, report, runtime_dir()))
