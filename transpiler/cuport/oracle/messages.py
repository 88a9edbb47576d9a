"""A C++ compiler's complaints as diagnostics in the user's own lines, with what to do about them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cuport.diagnostic import Diagnostic, Span
from cuport.kernel import Source

_ERROR = re.compile(r"^(?P<path>.+?):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<text>.*)$", re.MULTILINE)
_LINK = re.compile(r"undefined reference to [`'‘](?P<name>[^`'’]+)['’]")
_TWICE = re.compile(r"multiple definition of [`'‘](?P<name>[^`'’]+)['’]")
_QUOTED = re.compile(r"[‘'`]([^’'`]+)[’'`]")
_MOST = 8

# What cuport refuses by name, since its results would have to come from somewhere else.
LIBRARIES = {
    "cublas": "cuBLAS",
    "cufft": "cuFFT",
    "cudnn": "cuDNN",
    "curand": "cuRAND",
    "cusparse": "cuSPARSE",
    "cusolver": "cuSOLVER",
    "cutensor": "cuTENSOR",
    "nccl": "NCCL",
    "nvml": "NVML",
    "nppi": "NPP",
    "nvrtc": "NVRTC",
}


def explain(source: Source, stderr: str, unit: str) -> list[Diagnostic]:
    """At most a few diagnostics, the first of each line; never none."""
    library = _library(source)
    if library is not None:
        return [library]
    found: list[Diagnostic] = []
    seen: set[tuple[str, int]] = set()
    for match in _ERROR.finditer(stderr):
        path, line, text = match["path"], int(match["line"]), match["text"].strip()
        known = path == source.path or path in source.local_headers
        if (path, line) in seen or len(found) == _MOST:
            continue
        seen.add((path, line))
        span = Span(path, line, _column(source, path, line, text)) if known else Span(source.path, 1)
        if not known and path != unit:
            text = f"{text} (inside {path.rsplit('/', 1)[-1]})"
        found.append(Diagnostic(_code(text), text, span, _hint(text)))
    if found:
        return found
    return explain_link([source], stderr)


def explain_link(sources: Sequence[Source], stderr: str) -> list[Diagnostic]:
    """What a linker said about a program of these sources; never none."""
    found: dict[str, Diagnostic] = {}
    for pattern, words, hint in (
        (_LINK, "is declared but defined nowhere", "give the source file that defines it, or include it"),
        (_TWICE, "is defined more than once", "make one of them static, or give only one of the files"),
    ):
        for match in pattern.finditer(stderr):
            name = match["name"]
            if name not in found and len(found) < _MOST:
                plain = re.sub(r"<.*", "", name.split("(")[0])
                span = next((s for s in (_find(source, plain) for source in sources) if s is not None), None)
                found[name] = Diagnostic("oracle.link", f"{name} {words}", span, hint)
    if found:
        return list(found.values())
    if absent := re.search(r"cannot find (-l\S+)", stderr):
        return [Diagnostic("oracle.link", f"the linker cannot find {absent[1]}", None, "install that library")]
    last = stderr.strip().splitlines()[-3:] or ["the compiler said nothing"]
    message = "the C++ compiler failed: " + " | ".join(last)[:400]
    return [Diagnostic("oracle.compile", message, Span(sources[0].path, 1))]


def _code(text: str) -> str:
    if "No such file or directory" in text:
        return "oracle.missing-header"
    if "was not declared" in text or "does not name a type" in text or "has not been declared" in text:
        return "oracle.unknown-name"
    return "oracle.compile"


def _hint(text: str) -> str:
    code = _code(text)
    if code == "oracle.missing-header":
        if re.match(r"(thrust|cub|cuda/std|cuda/)", text):
            return "thrust, cub and libcu++ are not part of cuport's CUDA runtime yet"
        return "cuport's CUDA runtime does not bring this header, and the system has none of its name"
    name = _QUOTED.search(text)
    if code == "oracle.unknown-name" and name and re.match(r"(cu|__|nv|tex|surf)", name[1]):
        return f"cuport's CUDA runtime has no {name[1]}"
    return ""


def _column(source: Source, path: str, line: int, text: str) -> int:
    """Where the first quoted name of the message stands in the user's line; 1 if it does not."""
    lines = source.raw.split("\n") if path == source.path else []
    if line > len(lines):
        return 1
    for name in _QUOTED.findall(text):
        word = re.match(r"[\w:]+", name)
        if word and (at := re.search(rf"\b{re.escape(word[0].split('::')[-1])}\b", lines[line - 1])):
            return at.start() + 1
    return len(lines[line - 1]) - len(lines[line - 1].lstrip()) + 1


def _library(source: Source) -> Diagnostic | None:
    """The first call of a library that cuport does not run."""
    for prefix, name in LIBRARIES.items():
        if not any(i.startswith((prefix, f"{prefix}_")) for i in source.includes):
            continue
        call = re.search(rf"\b({prefix}\w*)\s*\(", source.text)
        what = call[1] if call else name
        return Diagnostic(
            "oracle.unsupported-library",
            f"{what} belongs to {name}, which the CPU oracle does not run",
            _find(source, what) or Span(source.path, 1),
            "replace the call by a kernel or host code of your own, or write a case file for the kernels alone",
        )
    return None


def _find(source: Source, name: str) -> Span | None:
    """Where a name first stands in the program."""
    pattern = re.compile(rf"\b{re.escape(name.split('::')[-1])}\b")
    for number, line in enumerate(source.text.split("\n"), 1):
        if match := pattern.search(line):
            path, original = source.original(number)
            column = match.start() + 1
            if path == source.path:
                raw = source.raw.split("\n")
                again = pattern.search(raw[original - 1]) if original <= len(raw) else None
                column = again.start() + 1 if again else 1
            return Span(path, original, column)
    return None
