"""Bytes of a source file to text, or the diagnostic that says why not."""

from __future__ import annotations

from pathlib import Path

from cuport.cuda.lexer import tokens
from cuport.diagnostic import CuportError, Diagnostic, Span, fail

MOST_BYTES = 8 << 20
_SIGNS_OF_BINARY = {b"\x7fELF": "an ELF file", b"MZ": "a Windows program", b"PK\x03\x04": "a zip archive"}


def decode(path: Path, *, what: str = "file") -> tuple[str, list[Diagnostic]]:
    """Text with `\\n` line ends and no byte order mark, plus warnings. Raises CuportError for what is no source text.

    Bytes that are not UTF-8 are read as Latin-1 where they stand in comments or strings (old published code is full of
    such comments), with a warning; anywhere else they are an error.
    """
    data = _read(path, what)
    if 0 in data[: 1 << 20]:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            try:
                return _lines(data.decode("utf-16")), [_note(path, "the file is UTF-16")]
            except UnicodeDecodeError:
                pass
        kind = next((name for sign, name in _SIGNS_OF_BINARY.items() if data.startswith(sign)), "binary")
        at = Span(str(path), data.count(b"\n", 0, data.index(0)) + 1)
        raise fail("read.binary", f"{path} is {kind}, not CUDA source text", span=at, hint="give a .cu file")
    try:
        return _lines(data.decode("utf-8-sig")), []
    except UnicodeDecodeError:
        pass
    text = _lines(data.decode("utf-8", errors="surrogateescape"))
    first: int | None = None
    for token in tokens(text):
        if not any("\ud800" <= c <= "\udfff" for c in token.text):
            continue
        bad = token.start + next(i for i, c in enumerate(token.text) if "\ud800" <= c <= "\udfff")
        if token.kind not in ("comment", "string"):
            raise CuportError(
                Diagnostic(
                    "read.encoding",
                    f"byte 0x{ord(text[bad]) - 0xDC00:02x} is not UTF-8",
                    _place(path, text, bad),
                    "save the file as UTF-8",
                )
            )
        first = bad if first is None else first
    fixed = "".join(chr(ord(c) - 0xDC00) if "\udc80" <= c <= "\udcff" else c for c in text)
    place = _place(path, text, first or 0)
    return fixed, [_note(path, "comments or strings are not UTF-8; read as Latin-1", place)]


def _read(path: Path, what: str) -> bytes:
    span = Span(str(path), 1)
    try:
        str(path).encode()
    except UnicodeEncodeError:  # it would have to stand in C++, JSON and SQL
        raise fail("read.file-name", f"the name of {path} is not UTF-8", hint="rename the file or its folder") from None
    try:
        if path.is_dir():
            raise fail("read.directory", f"{path} is a directory", hint="give a .cu file in it")
        if path.exists() and not path.is_file():
            raise fail("read.not-a-file", f"{path} is not a regular file", hint="give a .cu file")
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            size = path.stat().st_size >> 20
            raise fail("read.too-large", f"the {what} has {size} MiB; at most {MOST_BYTES >> 20} are read", span=span)
        return path.read_bytes()
    except FileNotFoundError:
        raise fail("read.missing-file", f"{path} does not exist", hint="check the path") from None
    except PermissionError:
        raise fail("read.unreadable", f"{path} may not be read", hint="check its permissions") from None
    except (OSError, ValueError) as error:
        raise fail("read.unreadable", f"{str(path)!r} cannot be read: {error}") from None


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _place(path: Path, text: str, offset: int) -> Span:
    return Span(str(path), text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _note(path: Path, message: str, span: Span | None = None) -> Diagnostic:
    return Diagnostic("read.encoding", message, span or Span(str(path), 1), "save it as UTF-8", "warning")
