"""Judge ports that exist. Evidence that stands beside a port is never read: the store or a fresh judgement decides."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cuport.batch.accepted import remember
from cuport.batch.discover import PortJob
from cuport.batch.translate import choose, untold
from cuport.candidate import Candidate, Provenance
from cuport.diagnostic import CuportError, Diagnostic, Span, fail
from cuport.kernel import Kernel
from cuport.pipeline import Program, Road
from cuport.store import versions
from cuport.targets import all_targets
from cuport.targets.base import Target
from cuport.verdict import Evidence, Status, Verdict


@dataclass(frozen=True)
class Verified:
    """What became of one port: a verdict a kernel, and what reading the source said besides."""

    verdicts: tuple[Verdict, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


def verify_port(
    road: Road,
    job: PortJob,
    *,
    kernels: Sequence[str] = (),
    args: Sequence[str] = (),
    only_case: str = "",
    fresh: bool = False,
) -> Verified:
    """One verdict a kernel of the source. Raises CuportError where source or port cannot be read."""
    code = read_port(job.port)
    program = road.open(job.source, args)
    defined = functions_of(job.port, code)
    verdicts = []
    for kernel in choose(program, kernels):
        if kernel.python_name in defined:
            candidate = Candidate(job.target.name, code, tuple(sorted(defined)), Provenance("file"))
            verdict = road.try_candidate(
                program, kernel, job.target, candidate, port=str(job.port), only_case=only_case, fresh=fresh
            )
        else:
            verdict = _not_ported(program, kernel, job)
        road.progress.verdict(verdict)
        verdicts.append(verdict)
    if verdicts and not kernels and not only_case and all(v.status is Status.ACCEPTED for v in verdicts):
        remember(road.store, job.source, job.target, code)
    return Verified(tuple(verdicts), untold(program, verdicts))


def read_port(path: Path) -> str:
    """Raises CuportError (`port.*`)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CuportError(Diagnostic("port.unreadable", f"cannot read {path}: {error.strerror}")) from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CuportError(
            Diagnostic("port.not-text", f"{path} is not UTF-8 (byte {error.start})", Span(str(path), 1))
        ) from None


def functions_of(path: Path, code: str) -> set[str]:
    """Names of top-level functions. Raises CuportError (`port.syntax-error`) with the line."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise CuportError(
            Diagnostic("port.syntax-error", f"{path.name} is not Python: {error}", Span(str(path), line))
        ) from None
    return {s.name for s in tree.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)}


def _not_ported(program: Program, kernel: Kernel, job: PortJob) -> Verdict:
    reason = f"{job.port.name} does not define {kernel.python_name}"
    hint = "cuport inspect prints the def line to write"
    missing = Diagnostic("unsupported.not-ported", reason, kernel.span, hint)
    evidence = Evidence(versions=versions(), provenance=Provenance("file"))
    return Verdict(
        program.source.path, kernel.python_name, job.target.name, Status.UNSUPPORTED, reason, evidence, None, (missing,)
    )


def target_of(port: Path, name: str | None) -> Target:
    """The target named, else the one whose imports the port has. Raises CuportError (`usage.*`, `port.*`)."""
    known = all_targets()
    if name is not None:
        if name not in known:
            raise fail("usage.no-such-target", f"no target named {name}", hint=f"known: {', '.join(sorted(known))}")
        return known[name]
    code = read_port(port)
    functions_of(port, code)
    module = ast.parse(code)
    found = [t for t in known.values() if t.detects(module)]
    if len(found) != 1:
        said = " and ".join(t.name for t in found) if found else "no known target"
        raise fail("usage.which-target", f"{port} imports {said}", hint=f"name one: --target {'|'.join(sorted(known))}")
    return found[0]
