"""From what the user named to sources and their ports."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cuport.diagnostic import Diagnostic, fail
from cuport.store.files import places
from cuport.targets.base import Target

_SKIPPED = {".git", ".cuport", ".venv", "node_modules", "__pycache__"}


@dataclass(frozen=True)
class PortJob:
    """One port of one source to judge."""

    source: Path
    port: Path
    target: Target


def sources(paths: Sequence[Path]) -> list[Path]:
    """The .cu files named and those under the folders named, each once, in a stable order.

    Raises CuportError (`usage.*`) for a path that is not there and for folders without any .cu file.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            below = sorted(_walk(path))
            if not below:
                raise fail(
                    "usage.no-sources", f"no .cu file in {path}", hint="name a .cu file, or a folder that has some"
                )
            found.update(dict.fromkeys(below))
        elif path.exists():
            found[path] = None
        else:
            raise fail("usage.missing-file", f"{path} does not exist", hint=_near(path))
    return list(found)


def port_jobs(paths: Sequence[Path], targets: Iterable[Target]) -> tuple[list[PortJob], list[Diagnostic]]:
    """Sources with the ports beside them. A source without any port is a note, not a verdict."""
    jobs: list[PortJob] = []
    notes: list[Diagnostic] = []
    wanted = list(targets)
    for source in sources(paths):
        there = [PortJob(source, p, t) for t in wanted if (p := places(source, t.name).port).is_file()]
        if not there:
            names = " or ".join(places(source, t.name).port.name for t in wanted)
            notes.append(
                Diagnostic(
                    "verify.no-port",
                    f"{source}: no port beside it ({names})",
                    severity="note",
                    hint="cuport translate writes them",
                )
            )
        jobs += there
    return jobs, notes


def _walk(folder: Path) -> Iterable[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED)
        for name in files:
            if name.endswith(".cu"):
                yield Path(place) / name


def _near(path: Path) -> str:
    try:
        names = sorted(p.name for p in path.parent.iterdir() if p.suffix == ".cu")
    except OSError:
        return ""
    return f"{path.parent} has: {', '.join(names[:5])}" if names else ""
