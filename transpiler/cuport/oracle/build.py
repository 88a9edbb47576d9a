"""C++ to executables, kept by content: the same text, runtime, compiler and flags are compiled once."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from cuport.cuda.compiler import find_compiler
from cuport.diagnostic import CuportError, Span, fail
from cuport.environment import without_secrets
from cuport.keeper import TOKEN
from cuport.kernel import Source
from cuport.oracle.libraries import compile_flags, missing
from cuport.oracle.messages import explain, explain_link
from cuport.oracle.prepared import Prepared, prepare
from cuport.oracle.process import run
from cuport.oracle.refusals import leave_out
from cuport.oracle.results import ProgramResult
from cuport.oracle.settings import OracleSettings

# -fwrapv: integer overflow wraps, as on the GPU. No strict aliasing: CUDA code reads float4 through float*.
_BASE = (
    "-std=gnu++17",
    "-fwrapv",
    "-fno-strict-aliasing",
    "-fno-math-errno",
    "-fmax-errors=20",
    "-fdiagnostics-color=never",
    "-w",
    "-Wno-narrowing",
)
PROGRAM = ("-O2", "-ffp-contract=off")
PLAIN = ("-O2", "-ffp-contract=off")
FMA = (
    ("-O2", "-ffp-contract=fast", "-DCUPORT_FUSED=1", "-mfma")
    if platform.machine() in ("x86_64", "AMD64")
    else ("-O2", "-ffp-contract=fast", "-DCUPORT_FUSED=1")
)
CHECKED = ("-O1", "-ffp-contract=off", "-g1", "-DCUPORT_CHECKED=1", "-fsanitize=thread")
_SANITIZED = (
    "-fsanitize=alignment,integer-divide-by-zero",
    "-fsanitize-recover=all",
    "-Wl,--wrap=memcpy,--wrap=memmove,--wrap=memset,--wrap=malloc",
)
_GCC_SANITIZED = ("-fsanitize=bounds-strict", "--param=tsan-instrument-func-entry-exit=0")
_CLANG_SANITIZED = (
    *("-fsanitize=bounds", "-mllvm", "-tsan-instrument-func-entry-exit=0"),
    *("-mllvm", "-tsan-instrument-read-before-write=1"),  # what is added to may never have been written
)
SHADOW = ("-O2", "-ffp-contract=off", "-DCUPORT_SHADOW=1", "-DCUPORT_SHADOW_ACCESS=1", "-fsanitize=thread")

# Loops over the threads of a block are worth a check at run time whether their pointers overlap.
_GCC_LOOPS = ("-fvect-cost-model=dynamic",)
# Volatile accesses are told apart; atomics go through our own functions, which report them themselves.
_GCC_WATCHED = ("--param=tsan-distinguish-volatile=1",)
_CLANG_WATCHED = ("-mllvm", "-tsan-distinguish-volatile=1", "-mllvm", "-tsan-instrument-atomics=0")

# What a program may need C++20 for.
_NEWER = re.compile(
    r"\b(concept|requires|consteval|constinit|co_await|co_yield)\b|<=>|\]\s*<\s*(typename|class|int|auto)\b"
    r"|\bstd::(span|bit_cast|numbers|ranges|format|popcount|lerp|midpoint|ssize|remove_cvref|type_identity|barrier|latch)"
    r"|#\s*include\s*<(concepts|ranges|span|bit|format|source_location|barrier|latch|semaphore|numbers|compare)>"
)

_locks: dict[str, threading.Lock] = {}
_guard = threading.Lock()


def runtime_dir() -> Path:
    """The folder of our C++ headers."""
    return Path(str(resources.files("cuport.oracle.runtime")))


@cache
def runtime_digest() -> str:
    h = hashlib.sha256()
    root = runtime_dir()
    for path in sorted(p for p in root.rglob("*") if p.is_file() and p.suffix in (".h", ".hpp", ".cuh", "")):
        h.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return h.hexdigest()


@cache
def has_fma() -> bool:
    """Whether this processor runs what `FMA` makes."""
    if platform.machine() in ("aarch64", "arm64"):
        return True
    try:
        return re.search(r"^flags\s*:.*\bfma\b", Path("/proc/cpuinfo").read_text(), re.MULTILINE) is not None
    except OSError:
        return False


@cache
def _compiler(environment: str) -> tuple[tuple[str, ...], str]:
    """The compiler's command, and what identifies it. `environment`: $CXX, which may change between calls."""
    command = find_compiler()
    if command is None:
        raise fail(
            "oracle.no-compiler",
            "no C++ compiler was found (g++, clang++ or c++ on PATH)",
            hint="install g++ or clang++ (Debian and Ubuntu: apt install g++), or set CXX; `cuport doctor` checks this",
        )
    try:
        asked = [*command, "--version"]
        version = subprocess.run(
            asked, capture_output=True, text=True, timeout=60, check=False, env=without_secrets()
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise fail("oracle.no-compiler", f"the C++ compiler {command[0]} does not run: {error}") from None
    return tuple(command), f"{environment}\0{shutil.which(command[0])}\0{version}"


def link(sources: Sequence[Source], objects: Sequence[Path], flags: Sequence[str], settings: OracleSettings) -> Path:
    """The executable of objects that `build(..., flags=[..., "-c"])` made. Raises CuportError."""
    command, identity = _compiler(os.environ.get("CXX", ""))
    flags = [f for f in flags if not f.startswith("-fsanitize")]
    if "-DCUPORT_CHECKED=1" in flags:
        flags += [f for f in _SANITIZED if f.startswith("-Wl")]
    key = hashlib.sha256("\1".join([identity, *map(str, objects), *flags]).encode(errors="replace")).hexdigest()
    target = settings.cache_dir / "oracle" / key[:2] / key
    if target.is_file():
        return target
    made = target.with_name(f".link-{os.getpid()}-{threading.get_ident()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        step = [*command, "-o", str(made), *map(str, objects), *flags]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": str(target.parent)}
        timeout, memory = settings.compile_timeout, max(settings.memory, 4 << 30)
        result = run(step, cwd=target.parent, timeout=timeout, memory=memory, env=environment)
        if result.returncode != 0 or not made.is_file():
            raise CuportError(*explain_link(sources, result.stderr))
        os.replace(made, target)
    finally:
        made.unlink(missing_ok=True)
    return target


def build(
    source: Source, text: str, flags: Sequence[str], settings: OracleSettings, *, links: Sequence[str] = ()
) -> Path:
    """The executable of a rewritten text. Raises CuportError with the compiler's complaints in the user's lines."""
    command, identity = _compiler(os.environ.get("CXX", ""))
    text = leave_out(source, text, runtime_dir())
    if (lacking := missing(source, text, runtime_dir())) is not None:
        raise CuportError(lacking)
    flags = [*_BASE, *flags]
    if "-DCUPORT_CHECKED=1" in flags:
        flags += [*_SANITIZED, *(_CLANG_SANITIZED if "clang" in identity else _GCC_SANITIZED)]
    if "clang" not in identity and "-O2" in flags:
        flags += _GCC_LOOPS
    if "-fsanitize=thread" in flags:
        flags += _CLANG_WATCHED if "clang" in identity else _GCC_WATCHED
    if re.search(r"^\s*#\s*pragma\s+omp\b|#include <omp\.h>", text, re.MULTILINE):
        flags.append("-fopenmp")
    extra = compile_flags(text, runtime_dir())
    flags += extra
    h = hashlib.sha256()
    for part in (text, runtime_digest(), identity, "\0".join([*flags, *links]), platform.machine()):
        h.update(part.encode(errors="replace") + b"\1")
    key = h.hexdigest()
    target = settings.cache_dir / "oracle" / key[:2] / key
    if target.is_file():
        return target
    with _guard:
        lock = _locks.setdefault(key, threading.Lock())
    with lock:
        if not target.is_file():
            try:
                known = f"{identity}\0{runtime_digest()}"
                prepared = None
                if "clang" not in identity and not extra:
                    prepared = prepare(text, [*command, *flags], known, runtime_dir(), settings)
                _compile(source, text, [*command, *flags], links, target, settings, prepared)
            except CuportError as error:
                if not _NEWER.search(text) or any(f.startswith("-std=gnu++2") for f in flags):
                    raise
                try:
                    _compile(source, text, [*command, *flags, "-std=gnu++20"], links, target, settings)
                except CuportError as newer:
                    raise (newer if re.search(r"std::|concept|requires|\bco_", str(error)) else error) from None
    return target


def _compile(
    source: Source,
    text: str,
    command: Sequence[str],
    links: Sequence[str],
    target: Path,
    settings: OracleSettings,
    prepared: Prepared | None = None,
) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".build-{TOKEN}-", dir=target.parent) as folder:
            main = Path(folder) / "unit.cpp"
            main.write_text(text, encoding="utf-8", errors="replace")
            made = Path(folder) / "program"
            result = None
            if prepared is not None:
                result = _steps([*command, *prepared.flags], [*prepared.objects, *links], main, made, settings)
            if result is None or result.returncode != 0:
                result = _steps(command, links, main, made, settings)
            if result.timed_out:
                raise fail(
                    "oracle.compile-timeout",
                    f"compiling {source.path} took more than {settings.compile_timeout:.0f} s",
                    span=Span(source.path, 1),
                )
            if result.returncode != 0 or not made.is_file():
                raise CuportError(*explain(source, result.stderr, str(main)))
            os.replace(made, target)
    except OSError as error:
        raise fail(
            "oracle.cache",
            f"cannot build in {target.parent}: {error.strerror or error}",
            hint="choose another folder with CUPORT_CACHE_DIR or the setting cache_dir",
        ) from None


def _steps(
    command: Sequence[str], links: Sequence[str], main: Path, made: Path, settings: OracleSettings
) -> ProgramResult:
    """Compile and link; the result of the step that failed, else of the last.

    Instrumented code is linked without the sanitizer's own library: its callbacks are in our headers.
    """
    # a relative path in a #line directive must not come back as one inside the build folder
    include = ["-I", str(runtime_dir()), f"-fdebug-prefix-map={main.parent}=."]
    if "-fsanitize=thread" not in command or "-c" in command:
        steps = [[*command, *include, "-o", str(made), str(main), *links]]
    else:
        made_object = main.with_suffix(".o")
        instrumenting = {*_GCC_WATCHED, *_CLANG_WATCHED, *_GCC_SANITIZED, *_CLANG_SANITIZED}
        plain = [c for c in command if not c.startswith("-fsanitize") and c not in instrumenting]
        steps = [
            [*command, *include, "-c", "-o", str(made_object), str(main)],
            [*plain, "-o", str(made), str(made_object), *links],
        ]
    for step in steps:
        result = run(
            step,
            cwd=main.parent,
            timeout=settings.compile_timeout,
            memory=max(settings.memory, 4 << 30),
            env={"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": str(main.parent)},
        )
        if result.timed_out or result.returncode != 0:
            break
    return result
