"""Programs that were built before, found without reading them: a note in the cache says which executable belongs to a
command line.

A note counts only if everything that could have changed the executable is as it was: cuport's own files, the compiler,
the environment, configuration files, and by content every source and header of the program. Imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cuport
from cuport.oracle.settings import OracleSettings

_COMPILERS = ("g++", "clang++", "c++")
_ENVIRONMENT = (
    "CXX",
    "CPATH",
    "CPLUS_INCLUDE_PATH",
    "C_INCLUDE_PATH",
    "LIBRARY_PATH",
    "PATH",
    "CUDA_HOME",
    "CUDA_PATH",
)


def note_of(sources: Sequence[Path], options: dict[str, Any]) -> Path:
    """Where the note of this command line is or would be."""
    h = hashlib.sha256()
    state = [sys.version, os.getcwd(), [str(s) for s in sources], options, list(_state(sources))]
    h.update(json.dumps(state, default=str, sort_keys=True).encode(errors="replace"))
    return OracleSettings().cache_dir / "oracle" / "again" / h.hexdigest()[:40]


def recall(note: Path) -> dict[str, Any] | None:
    """What was noted, if it still holds: `executable`, `name`, and whatever was kept with them."""
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not os.path.isfile(found["executable"]):
            return None
        return found if all(_digest(path) == digest for path, digest in found["files"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(note: Path, executable: Path, files: Sequence[str], **more: Any) -> None:
    """Note that this executable was built from these files."""
    with contextlib.suppress(OSError):
        content = {"executable": str(executable), "files": [[f, _digest(f)] for f in files], **more}
        note.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=note.parent, delete=False, encoding="utf-8") as file:
            json.dump(content, file)
        os.replace(file.name, note)


def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _state(sources: Sequence[Path]) -> Iterator[str]:
    for name in sorted(k for k in os.environ if k.startswith("CUPORT_") or k in _ENVIRONMENT):
        yield f"{name}={os.environ[name]}"
    for name in dict.fromkeys([os.environ.get("CXX", "").split(" ")[0], *_COMPILERS]):
        if name and (path := shutil.which(name)):
            yield _stat(os.path.realpath(path))
    folders = {sources[0].absolute().parent, Path.cwd()} if sources else {Path.cwd()}
    for place in sorted({p for f in folders for p in (f, *f.parents)}):
        yield from (_stat(str(place / name)) for name in ("cuport.toml", "pyproject.toml"))
    yield from _package(os.path.dirname(cuport.__file__))


def _package(folder: str) -> Iterator[str]:
    """Everything of cuport's own that is read or run."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _package(entry.path)
            elif not entry.name.endswith(".pyc"):
                facts = entry.stat()
                yield f"{entry.path} {facts.st_size} {facts.st_mtime_ns}"


def _stat(path: str) -> str:
    try:
        facts = os.stat(path)
    except OSError:
        return path
    return f"{path} {facts.st_size} {facts.st_mtime_ns}"
