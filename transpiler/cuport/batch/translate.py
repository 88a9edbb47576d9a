"""Translate one source file: every kernel to every target, then one port file a target with what was accepted."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cuport.batch.docstring import merged_docstring, with_docstring
from cuport.candidate import Candidate
from cuport.diagnostic import CuportError, Diagnostic
from cuport.kernel import Kernel
from cuport.pipeline import Program, Road
from cuport.store.evidence import evidence_text, to_json
from cuport.store.files import Places, edited_by_hand, places, text_digest, write_whole
from cuport.store.merge import merge
from cuport.targets.base import Target
from cuport.translators.base import Proposal, Request, Translator
from cuport.verdict import Status, Verdict

TranslatorsFor = Callable[[Target], Sequence[Translator]]


@dataclass(frozen=True)
class Translated:
    """What became of one source: verdicts, files written, the diff of each port against what stood there."""

    verdicts: tuple[Verdict, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    written: tuple[Path, ...] = ()
    diffs: tuple[str, ...] = ()
    stale: tuple[Path, ...] = ()  # with `check`: ports that would change

    def __add__(self, other: Translated) -> Translated:
        return Translated(
            self.verdicts + other.verdicts,
            self.diagnostics + other.diagnostics,
            self.written + other.written,
            self.diffs + other.diffs,
            self.stale + other.stale,
        )


@dataclass(frozen=True)
class WriteRules:
    out: Path | None = None  # None: beside the source
    check: bool = False  # write nothing, say what would change
    overwrite: bool = False  # also what was edited by hand


def translate_file(
    road: Road,
    path: Path,
    targets: Sequence[Target],
    translators: TranslatorsFor,
    rules: WriteRules,
    *,
    kernels: Sequence[str] = (),
    args: Sequence[str] = (),
) -> Translated:
    """Raises CuportError where the file cannot be read at all."""
    program = road.open(path, args)
    chosen = choose(program, kernels)
    result = Translated((), program.source.diagnostics + program.diagnostics)
    for target in targets:
        result += _translate_target(road, program, chosen, target, translators(target), rules)
    return result


def choose(program: Program, names: Sequence[str]) -> list[Kernel]:
    """The kernels asked for by --kernel, or all. Raises CuportError (`usage.no-such-kernel`)."""
    if not names:
        return list(program.source.kernels)
    found = []
    for name in names:
        try:
            found.append(program.source.kernel(name))
        except KeyError:
            known = ", ".join(k.python_name for k in program.source.kernels)
            raise CuportError(
                Diagnostic(
                    "usage.no-such-kernel", f"{program.source.path} has no kernel {name}", hint=f"it has: {known}"
                )
            ) from None
    return found


def _translate_target(
    road: Road,
    program: Program,
    kernels: Sequence[Kernel],
    target: Target,
    translators: Sequence[Translator],
    rules: WriteRules,
) -> Translated:
    headed = [_Headed(t, program, target) for t in translators]
    outcomes = [(kernel, *road.port_kernel(program, kernel, target, headed)) for kernel in kernels]
    verdicts = [verdict for _, _, verdict in outcomes]
    accepted = [(k, c) for k, c, v in outcomes if c is not None and v.status is Status.ACCEPTED]
    for kernel, candidate, verdict in outcomes:
        if candidate is not None and verdict.status is not Status.ACCEPTED:
            _keep_rejected(road.settings.work_dir, program, kernel, target, candidate, verdict)
    if accepted:
        code, verdicts = _one_file(road, program, target, accepted, verdicts)
    for verdict in verdicts:
        road.progress.verdict(verdict)
    if not any(v.status is Status.ACCEPTED for v in verdicts):
        return Translated(tuple(verdicts))
    return _leave(program, target, code, verdicts, rules)


def _one_file(
    road: Road,
    program: Program,
    target: Target,
    accepted: Sequence[tuple[Kernel, Candidate]],
    verdicts: Sequence[Verdict],
) -> tuple[str, list[Verdict]]:
    """Merge accepted modules; where that changed the text, the merged text is what gets judged and reported."""
    source = Path(program.source.path)
    docs = [ast.get_docstring(ast.parse(c.code)) or "" for _, c in accepted]
    modules = [(k.python_name, c.code) for k, c in accepted]
    code = merge(modules, merged_docstring(source, target.label, docs))
    by_name = {v.kernel: v for v in verdicts}
    for kernel, candidate in accepted:
        if candidate.code != code:
            names = tuple(k.python_name for k, _ in accepted)
            merged = replace(candidate, code=code, kernels=names)
            by_name[kernel.python_name] = road.try_candidate(program, kernel, target, merged)
    return code, [by_name[v.kernel] for v in verdicts]


def _leave(program: Program, target: Target, code: str, verdicts: Sequence[Verdict], rules: WriteRules) -> Translated:
    source = Path(program.source.path)
    where = places(source, target.name, rules.out)
    old = _text(where.port)
    diff = unified(old, code, where.port) if old != code else ""
    done = Translated(tuple(verdicts), diffs=(diff,) if diff else ())
    if rules.check:
        return replace(done, stale=(where.port,) if old != code else ())
    kept = None if rules.overwrite else edited_by_hand(where, code)
    if kept is not None:
        return replace(done, diagnostics=(replace(kept, severity="error"),))
    return replace(done, written=_write(where, source, target, code, verdicts))


def _write(where: Places, source: Path, target: Target, code: str, verdicts: Sequence[Verdict]) -> tuple[Path, ...]:
    write_whole(where.evidence, evidence_text(source.name, target.name, text_digest(code), verdicts))
    write_whole(where.port, code)  # last: a port never stands without its evidence
    return (where.port, where.evidence)


def _keep_rejected(
    work_dir: Path, program: Program, kernel: Kernel, target: Target, candidate: Candidate, verdict: Verdict
) -> None:
    """Rejected code is for people to look at; where it cannot be kept the verdict still stands."""
    base = work_dir / "rejected" / f"{Path(program.source.path).stem}_{kernel.python_name}_{target.name}"
    try:
        write_whole(base.with_suffix(".py"), candidate.code)
        write_whole(base.with_suffix(".json"), to_json(verdict.to_dict()) + "\n")
    except CuportError:
        return


def unified(old: str, new: str, path: Path) -> str:
    """Unified diff as git prints it, "" where nothing differs."""
    before = f"a/{path}" if old else "/dev/null"
    lines = difflib.unified_diff(old.splitlines(True), new.splitlines(True), before, f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


class _Headed:
    """A translator whose candidates carry the port's docstring before they are judged."""

    def __init__(self, inner: Translator, program: Program, target: Target) -> None:
        self._inner, self._program, self._target = inner, program, target
        self.name, self.repairs = inner.name, inner.repairs

    def propose(self, request: Request) -> Proposal:
        proposal = self._inner.propose(request)
        if proposal.candidate is None:
            return proposal
        source = Path(self._program.source.path)
        code = with_docstring(proposal.candidate, source, self._target.label, request.kernel, request.cases)
        return replace(proposal, candidate=replace(proposal.candidate, code=code))
