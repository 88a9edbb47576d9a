"""The C++ preprocessor over a program's own text: macros expanded, `#if` decided, local headers inlined.

System headers stay `#include <...>` lines. Every line of the result knows the file and line it came from.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cuport.cuda.compiler import find_compiler
from cuport.cuda.decode import decode
from cuport.cuda.headers import PASSED_ON, PREDEFINED
from cuport.cuda.overlay import KEEP_DIRECTIVE, KEEP_INCLUDE, MISSING, Overlay
from cuport.diagnostic import CuportError, Diagnostic, Span, fail
from cuport.environment import without_secrets

_MARKER = re.compile(r'#(?: line)? (\d+) "((?:[^"\\]|\\.)*)"[ \d]*$')
_MESSAGE = re.compile(r"^(?P<file>.*?):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<text>.*)$")
_SECONDS = 60
_MOST_OUTPUT = 64 << 20
_MEMORY = 4 << 30


@dataclass(frozen=True)
class Preprocessed:
    """`line_map[i]` is the file and line that line i+1 of `text` came from; `raw` is the main file as it is."""

    raw: str
    text: str
    line_map: tuple[tuple[str, int], ...]
    includes: tuple[str, ...]
    local_headers: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    headers_text: Mapping[str, str] = field(default_factory=dict)  # of the local headers, as they are


def preprocess(
    path: Path,
    *,
    include_dirs: Sequence[Path] = (),
    defines: Sequence[str] = (),
    replaced: Mapping[str, str] | None = None,
    standard: str = "c++17",
) -> Preprocessed:
    """Preprocess one .cu file. `defines` are `NAME` or `NAME=VALUE`. Raises CuportError.

    `replaced` gives other contents for some of the files, by their path as `Source` shows it: the program with a
    constant changed, without touching the disk.
    """
    replaced = replaced or {}
    raw, notes = decode(path)
    raw = replaced.get(str(path), raw)
    compiler = find_compiler()
    if compiler is None:
        raise fail(
            "read.no-compiler",
            "no C++ compiler was found (g++, clang++ or c++ on PATH)",
            hint="install g++ or clang++ (Debian and Ubuntu: apt install g++), or set CXX; `cuport doctor` checks this",
        )
    for folder in include_dirs:
        if not folder.is_dir():
            raise fail("read.include-dir", f"include directory {folder} does not exist", hint="check -I")
    for define in defines:
        if not re.match(r"[A-Za-z_]\w*(\([^)]*\))?(=|$)", define) or "\n" in define:
            raise fail("read.define", f"{define!r} is no macro definition", hint="write -D NAME or -D NAME=VALUE")
    with tempfile.TemporaryDirectory(prefix="cuport-read-") as temporary:
        overlay = Overlay(Path(temporary), tuple(include_dirs), path.parent, replaced)
        main = overlay.add(path, raw)
        output = _run([*compiler, *_flags(include_dirs, defines, standard), str(main)], Path(temporary), overlay)
    text, line_map, includes = _unmark(output, overlay)
    passed = [_define_line(d) for d in defines if PASSED_ON.fullmatch(re.split(r"[=(]", d)[0])]
    if passed:
        text = "".join(f"{line}\n" for line in passed) + text
        line_map = [(str(path), 1)] * len(passed) + line_map
    headers = tuple(overlay.headers)
    diagnostics = (*notes, *overlay.diagnostics)
    return Preprocessed(raw, text, tuple(line_map), includes, headers, diagnostics, overlay.texts)


def _flags(include_dirs: Sequence[Path], defines: Sequence[str], standard: str) -> list[str]:
    flags = [f"-std={standard.replace('c++', 'gnu++')}", "-E", "-x", "c++", "-w"]
    flags += (f"-D{p}" for p in PREDEFINED)
    flags += (f"-D{d}" for d in defines)
    for folder in include_dirs:
        flags += ["-I", str(folder.resolve())]
    return flags


def _define_line(define: str) -> str:
    name, equals, value = define.partition("=")
    return f"#define {name} {value if equals else '1'}"


def _limit(pid: int) -> None:
    """Macros can be written that grow without end; the compiler's own child inherits these limits."""
    for what, most in (
        (resource.RLIMIT_FSIZE, _MOST_OUTPUT),
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # a tighter limit is there already; not Linux
            resource.prlimit(pid, what, (most, most))


def _run(command: list[str], folder: Path, overlay: Overlay) -> str:
    environment = {**without_secrets(), "SOURCE_DATE_EPOCH": "0", "LC_ALL": "C"}  # __DATE__ must not change digests
    main = Span(next(iter(overlay.shown.values())), 1)
    out, err = folder / "out", folder / "err"
    try:
        with (
            out.open("wb") as stdout,
            err.open("wb") as stderr,
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=folder,
                env=environment,
                start_new_session=True,
            ) as process,
        ):
            _limit(process.pid)
            try:
                code = process.wait(_SECONDS)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    except subprocess.TimeoutExpired:
        raise fail("read.preprocess", f"preprocessing took more than {_SECONDS} s", span=main) from None
    except (OSError, ValueError) as error:
        raise fail("read.preprocess", f"the preprocessor did not start: {error}", span=main) from None
    if out.stat().st_size >= _MOST_OUTPUT:
        raise fail(
            "read.too-large", f"the preprocessed text passes {_MOST_OUTPUT >> 20} MiB", span=main, hint="check macros"
        )
    if code != 0:
        raise CuportError(*_messages(err.read_text(errors="replace"), overlay, main, code))
    return out.read_text(encoding="utf-8", errors="replace")


def _messages(text: str, overlay: Overlay, main: Span, code: int) -> list[Diagnostic]:
    """The compiler's errors as diagnostics in the user's files."""
    found = []
    for line in text.splitlines():
        if match := _MESSAGE.match(line):
            shown = overlay.shown.get(match["file"])
            span = Span(shown, int(match["line"]), int(match["column"] or 1)) if shown else main
            message = match["text"]
            hint = "define what it asks for with -D" if message.startswith("#error") else ""
            found.append(Diagnostic("read.preprocess", message, span, hint))
    if not found:
        detail = text.strip().splitlines()[-1] if text.strip() else f"exit code {code}"
        found.append(Diagnostic("read.preprocess", f"the preprocessor failed: {detail}", main))
    return found


def _unmark(output: str, overlay: Overlay) -> tuple[str, list[tuple[str, int]], tuple[str, ...]]:
    """Take the line markers out of `-E` output; turn our pragmas back into directives."""
    lines: list[str] = []
    line_map: list[tuple[str, int]] = []
    includes: dict[str, None] = {}
    missing: list[Diagnostic] = []
    where, number = "", 1
    for line in output.split("\n"):
        if line.startswith("#"):
            if marker := _MARKER.match(line):
                name = re.sub(r"\\(.)", r"\1", marker[2])
                where, number = overlay.shown.get(name, ""), int(marker[1])
                continue
            if line.startswith("#pragma cuport_"):
                word, _, rest = line.removeprefix("#pragma ").partition(" ")
                if word == MISSING:
                    missing.append(_missing(rest, where, number))
                elif word == KEEP_INCLUDE:
                    includes[rest.strip().strip("<>").strip()] = None
                    line = f"#include {rest.strip()}"
                elif word == KEEP_DIRECTIVE:
                    line = f"#{rest.strip()}" if not rest.startswith("#") else rest
        if where:  # everything else is the compiler's own preamble
            lines.append(line)
            line_map.append((where, number))
        number += 1
    if missing:
        raise CuportError(*missing)
    while lines and not lines[-1].strip():
        lines.pop()
    return "".join(f"{line}\n" for line in lines), line_map[: len(lines)], tuple(includes)


def _missing(header: str, where: str, number: int) -> Diagnostic:
    return Diagnostic(
        "read.missing-header",
        f"local header {header.strip()} was not found",
        Span(where, number),
        "give its folder with -I",
    )
