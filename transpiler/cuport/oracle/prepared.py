"""The runtime compiled ahead: a precompiled header and an object of its large functions, kept in the cache by content.

Parsing our headers and generating code for what is the same in every program are most of the time that a small kernel
takes to compile. Both are made once for each runtime, compiler and set of flags; where that fails, programs are
compiled without.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cuport.keeper import TOKEN
from cuport.oracle.process import run
from cuport.oracle.settings import OracleSettings

# What the rewriter puts at the beginning of a text, as far as it is the same for all programs.
_HEADS = (
    re.compile(r'(?:#define CUPORT_\w+ 1\n)*#include "cuport/runtime\.h"\n'),
    re.compile(r'#define CUPORT_DECODE 1\n#include "cuport/unit\.h"\n#include "replay\.h"\n'),
)
_OLD = 86400.0  # seconds after which what another version prepared is removed

_guard = threading.Lock()
_failed: set[str] = set()


@dataclass(frozen=True)
class Prepared:
    flags: tuple[str, ...]
    objects: tuple[str, ...]


def prepare(
    text: str, command: Sequence[str], identity: str, runtime: Path, settings: OracleSettings
) -> Prepared | None:
    """What to compile this text with; None if there is nothing for it. `identity`: of compiler and runtime."""
    head = next((m.group() for h in _HEADS if (m := h.match(text))), None)
    if head is None or any(f.startswith("-fsanitize") or f in ("-c", "-fopenmp") for f in command):
        return None
    key = hashlib.sha256("\1".join([head, identity, *command]).encode(errors="replace")).hexdigest()[:40]
    folder = settings.cache_dir / "oracle" / "prepared" / key
    with _guard:
        if not (folder / "runtime.o").is_file():
            if key in _failed:
                return None
            if not _make(head, command, runtime, folder, settings):
                _failed.add(key)
                return None
    return Prepared(("-DCUPORT_PREPARED=1", "-include", str(folder / "prefix.h")), (str(folder / "runtime.o"),))


def _make(head: str, command: Sequence[str], runtime: Path, folder: Path, settings: OracleSettings) -> bool:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear(folder.parent)
        # a precompiled header remembers no path of its own, so it may move
        with tempfile.TemporaryDirectory(prefix=f".make-{TOKEN}-", dir=folder.parent) as place:
            made = Path(place) / "made"
            made.mkdir()
            (made / "prefix.h").write_text(head)
            (made / "runtime.cpp").write_text(head)
            steps = (
                ["-DCUPORT_PREPARED=1", "-x", "c++-header", "prefix.h", "-o", "prefix.h.gch"],
                ["-DCUPORT_RUNTIME_OBJECT=1", "-c", "runtime.cpp", "-o", "runtime.o"],
            )
            environment = {"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": place}

            def step(arguments: Sequence[str]) -> bool:
                whole = [*command, "-I", str(runtime), *arguments]
                limit = max(settings.memory, 4 << 30)
                result = run(whole, cwd=made, timeout=settings.compile_timeout, memory=limit, env=environment)
                return result.returncode == 0 and not result.timed_out

            with ThreadPoolExecutor(2) as pool:
                if not all(pool.map(step, steps)):
                    return False
            with contextlib.suppress(OSError):  # another process was first
                os.rename(made, folder)
        return (folder / "runtime.o").is_file()
    except OSError:
        return False


def _clear(place: Path) -> None:
    """Remove what nobody has made for a day but the newest."""
    with contextlib.suppress(OSError):
        found = sorted((p for p in place.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        for old in found[:-4]:
            if time.time() - old.stat().st_mtime > _OLD:
                shutil.rmtree(old, ignore_errors=True)
