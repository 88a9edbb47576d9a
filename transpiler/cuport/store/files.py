"""The files a run leaves: ports and evidence beside the source, rejected code under the work folder.

Every file appears whole or not at all: it is written beside its place and renamed.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cuport.diagnostic import Diagnostic, fail


@dataclass(frozen=True)
class Places:
    """Where one source's port to one target lives."""

    port: Path
    evidence: Path


def places(source: Path, target: str, out: Path | None = None) -> Places:
    """`<out or the source's folder>/<name>_<target>.py` and `.json`."""
    folder = out or source.parent
    return Places(folder / f"{source.stem}_{target}.py", folder / f"{source.stem}_{target}.json")


def text_digest(text: str) -> str:
    """SHA-256 of a file's text as UTF-8, the `port_sha256` of an evidence file."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Write a file so that readers see the old one or the new one. Raises CuportError (`record.unwritable`)."""
    write_together([(path, text)])


def write_together(files: Sequence[tuple[Path, str]]) -> None:
    """Write several files so that either all are new or none: space is found for all before the first appears.

    Raises CuportError (`record.unwritable`).
    """
    ready: list[tuple[str, Path]] = []
    path = files[0][0]
    try:
        for path, text in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            ready.append((name, path))
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, mode)
        while ready:
            name, path = ready[0]
            os.replace(name, path)
            del ready[0]
    except OSError as error:
        raise fail(
            "record.unwritable",
            f"cannot write {path}: {error.strerror or error}",
            hint="choose another folder with --out, or free some space",
        ) from None
    finally:
        for name, _ in ready:
            Path(name).unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Fail before any work is done where the result could not be kept. Raises CuportError."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):  # rights say little: root passes them, and some file systems lie
            pass
    except OSError as error:
        why = f"{place} is not a folder" if not place.is_dir() else error.strerror or str(error)
        raise fail(
            "record.unwritable", f"cannot write to {folder}: {why}", hint="choose another folder with --out"
        ) from None


def kept_port(where: Places, new_text: str, kernels: Collection[str]) -> Diagnostic | None:
    """Why the port that stands there must not be replaced without being told to; None where it may.

    It may not if people wrote or edited it, or if it has ports of `kernels` that the new text has not. The evidence
    beside it is asked only who wrote the file; no status in it is ever believed.
    """
    try:
        old = where.port.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        old = "" if not where.port.exists() else "\0"
    if not old or old == new_text:
        return None
    try:
        recorded = json.loads(where.evidence.read_text(encoding="utf-8")).get("port_sha256")
    except (OSError, ValueError, AttributeError):
        recorded = None
    if recorded != text_digest(old):
        return Diagnostic(
            "record.hand-written",
            f"{where.port} was not written by cuport, or was edited since; it is kept",
            hint="pass --overwrite to replace it, or --out DIR to write elsewhere",
        )
    lost = sorted((_functions(old) - _functions(new_text)) & set(kernels))
    if lost:
        return Diagnostic(
            "record.would-drop",
            f"{where.port} also has {', '.join(lost)}, which the new port has not; it is kept",
            hint="translate all kernels at once, pass --overwrite to replace it, or --out DIR to write elsewhere",
        )
    return None


def _functions(code: str) -> set[str]:
    """Names of a module's top-level functions; none where it is no Python."""
    try:
        return {s.name for s in ast.parse(code).body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
