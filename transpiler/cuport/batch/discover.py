"""From what the user named to sources and their ports."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cuport.diagnostic import Diagnostic, Span, fail
from cuport.store.files import places
from cuport.targets import missing
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
        elif path.suffix == ".py":
            hint = "a port is named after its source: cuport verify KERNEL.cu PORT.py"
            raise fail("usage.not-a-source", f"{path} is a Python file, not a CUDA source", hint=hint)
        elif path.exists():
            found[path] = None
        else:
            raise fail("usage.missing-file", f"{path} does not exist", hint=_near(path))
    return list(found)


def port_jobs(paths: Sequence[Path], targets: Iterable[Target]) -> tuple[list[PortJob], list[Diagnostic]]:
    """Sources with the ports beside them.

    A source without any port is a note, not a verdict. A port whose target is not installed here is an error: what
    nobody judged must not look like a pass.
    """
    jobs: list[PortJob] = []
    notes: list[Diagnostic] = []
    wanted = list(targets)
    for source in sources(paths):
        there = [PortJob(source, p, t) for t in wanted if (p := places(source, t.name).port).is_file()]
        if not there:
            names = " or ".join(places(source, t.name).port.name for t in wanted)
            message = f"{source}: no port beside it ({names})"
            notes.append(Diagnostic("verify.no-port", message, severity="note", hint="cuport translate writes them"))
        jobs += there
    ready, lacking = judgeable(jobs)
    return ready, notes + lacking


def pair(source: Path, port: Path) -> tuple[Path, Path]:
    """A source and a port named by the user. Raises CuportError (`usage.*`)."""
    if source.is_dir():
        raise fail(
            "usage.not-a-source", f"{source} is a folder", hint="name one source: cuport verify KERNEL.cu PORT.py"
        )
    sources([source])
    if not port.exists():
        raise fail("usage.missing-file", f"{port} does not exist", hint="check the path")
    return source, port


def judgeable(jobs: Sequence[PortJob]) -> tuple[list[PortJob], list[Diagnostic]]:
    """The jobs whose target is installed, and an error for each other one."""
    ready = [job for job in jobs if not missing(job.target)]
    return ready, [_not_installed(job) for job in jobs if missing(job.target)]


def _not_installed(job: PortJob) -> Diagnostic:
    lacking = ", ".join(missing(job.target))
    message = f"{job.port.name} cannot be judged: target {job.target.name} needs {lacking}, which is not installed"
    return Diagnostic(
        "target.not-installed", message, Span(str(job.port), 1), f"pip install 'cuport[{job.target.extra}]'"
    )


def _walk(folder: Path) -> Iterable[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED)
        for name in files:
            if name.endswith(".cu"):
                yield Path(place) / name


def _near(path: Path) -> str:
    """Sources that may have been meant: the most alike first."""
    try:
        names = sorted(p.name for p in path.parent.iterdir() if p.suffix == ".cu")
    except OSError:
        return f"there is no folder {path.parent}"
    alike = difflib.get_close_matches(path.name, names, n=3)
    if alike:
        return f"did you mean {' or '.join(str(path.parent / name) for name in alike)}?"
    return f"the folder has: {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}" if names else "check the path"
