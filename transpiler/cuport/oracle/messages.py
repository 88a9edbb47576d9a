"""A C++ compiler's complaints as diagnostics in the user's own lines, with what to do about them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cuport.diagnostic import Diagnostic, Span
from cuport.kernel import Source

_ERROR = re.compile(r"^(?P<path>.+?):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<text>.*)$", re.MULTILINE)
_LINK = re.compile(r"undefined reference to [`'‘](?P<name>[^`'’]+)['’]")
_TWICE = re.compile(r"multiple definition of [`'‘](?P<name>[^`'’]+)['’]")
_CUDAS = re.compile(r"(cuda[A-Z]\w*|cu[A-Z]\w*|__\w+|nv\w+|tex\w*|surf\w*)$")
_QUOTED = re.compile(r"[‘'`]([^’'`]+)[’'`]")
_MOST = 8


# Calls of the CUDA runtime and driver that lead out of the process, to hardware or to compiled GPU code.
_REFUSED = (
    (r"cudaIpc\w+|cuIpc\w+", "shares GPU memory between processes"),
    (
        r"cuda(Import|Destroy|Signal|Wait)External\w+|cudaExternalMemory\w+|cuImportExternal\w+",
        "uses another API's memory",
    ),
    (
        r"cudaGraphics\w+|cudaGL\w+|cudaEGL\w+|cudaVDPAU\w+|cudaD3D\w+|cuGraphics\w+|cuGL\w+",
        "works with a graphics API",
    ),
    (
        r"cuModule\w+|cuLaunch\w+|cuFunc\w+|cuLibrary\w+|cuKernel\w+|cuLink\w+|cudaLibrary\w+|cudaKernel\w+",
        "runs compiled GPU code",
    ),
    (r"nvrtc\w+|nvJitLink\w+", "compiles for a GPU at run time"),
    (
        r"cuMem(Create|Map|Unmap|AddressReserve|AddressFree|SetAccess|Release)|cudaGetDriverEntryPoint\w*",
        "is a call of the driver",
    ),
)
_REFUSED_CALL = re.compile("|".join(rf"\b(?P<g{i}>{names})\s*\(" for i, (names, _) in enumerate(_REFUSED)))
_CONTEXT = re.compile(r"^(?P<path>.+?):(?P<line>\d+):(?:\d+:)? +required (?:from|by)\b")


def refused_calls(source: Source) -> list[Diagnostic]:
    """Calls that the CPU oracle refuses by name; the first of each."""
    own = {f.name for f in source.functions}
    found: dict[str, Diagnostic] = {}
    for match in _REFUSED_CALL.finditer(source.text):
        number, name = next((int(k[1:]), v) for k, v in match.groupdict().items() if v is not None)
        if name in own or name in found:
            continue
        message = f"{name} {_REFUSED[number][1]}, which the CPU oracle does not do"
        hint = "leave that part out with -D or `#if`, or write a case file for the kernels alone"
        found[name] = Diagnostic("oracle.unsupported-call", message, _find(source, name), hint)
    return list(found.values())


def explain(source: Source, stderr: str, unit: str) -> list[Diagnostic]:
    """At most a few diagnostics, the first of each line; never none."""
    found: list[Diagnostic] = []
    seen: set[tuple[str, int]] = set()
    asked: tuple[str, int] | None = None  # the user's line that a template of the runtime was asked for in
    for line_text in stderr.splitlines():
        if (context := _CONTEXT.match(line_text)) and _is_users(source, context["path"]):
            asked = (context["path"], int(context["line"]))
        match = _ERROR.match(line_text)
        if match is None:
            continue
        path, line, text = match["path"], int(match["line"]), _in_users_words(match["text"].strip())
        inside = ""
        if not _is_users(source, path):
            if path != unit:
                inside = f" (inside {path.rsplit('/', 1)[-1]})"
            path, line = asked or (source.path, 1)
        asked = None
        if (path, line) in seen or len(found) == _MOST:
            continue
        seen.add((path, line))
        span = Span(path, line, _column(source, path, line, text))
        found.append(Diagnostic(_code(text), _plainer(text) + inside, span, _hint(text)))
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


def _is_users(source: Source, path: str) -> bool:
    return path == source.path or path in source.local_headers


def _in_users_words(text: str) -> str:
    """A message without the names that the rewriter put in the place of the user's."""
    text = re.sub(r"\bcuport_(?:launch|pointer)_(?:u\d+_)?(?=[A-Za-z_])", "", text)
    text = re.sub(r"const cuport::Config&(?:, )?|cuport::(?=device_printf)", "", text)
    text = re.sub(r"there are no arguments to ([‘'`]\w+[’'`]) that depend on.*", r"\1 was not declared", text)
    return text.replace("device_printf", "printf").removesuffix(" [-fpermissive]")


def _plainer(text: str) -> str:
    """A missing name of CUDA's as a missing part of cuport."""
    name = _QUOTED.search(text)
    if _code(text) == "oracle.unknown-name" and name and _CUDAS.match(name[1]):
        meant = re.search(r"did you mean [‘'`]([^’'`]+)[’'`]", text)
        return f"{name[1]} is no part of cuport's CUDA runtime" + (f"; did you mean {meant[1]}?" if meant else "")
    return text


def _code(text: str) -> str:
    if "No such file or directory" in text:
        return "oracle.missing-header"
    if "was not declared" in text or "does not name a type" in text or "has not been declared" in text:
        return "oracle.unknown-name"
    return "oracle.compile"


def _hint(text: str) -> str:
    code = _code(text)
    if code == "oracle.missing-header":
        return "cuport's CUDA runtime does not bring this header, and the system has none of its name"
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
