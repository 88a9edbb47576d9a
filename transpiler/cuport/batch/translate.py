"""Translate one source file: every kernel to every target, then one port file a target with what was accepted."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cuport.batch.accepted import remember
from cuport.batch.docstring import Piece
from cuport.batch.portfile import Outcome, PortFile, more_telling
from cuport.diagnostic import CuportError, Diagnostic
from cuport.kernel import Kernel
from cuport.pipeline import Program, Road
from cuport.review.text import short
from cuport.store.evidence import evidence_text, to_json
from cuport.store.files import Places, kept_port, places, text_digest, write_together, write_whole
from cuport.targets.base import Target
from cuport.translators.base import Translator
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
    result = Translated(())
    for target in targets:
        result += _translate_target(road, program, chosen, target, translators(target), rules)
    return result + Translated((), untold(program, result.verdicts))


def untold(program: Program, verdicts: Sequence[Verdict]) -> tuple[Diagnostic, ...]:
    """What reading a file and running its program said that no verdict on it repeats.

    A program that failed although its kernels could be judged (by a case file) is a warning.
    """
    told = {d for v in verdicts for d in v.diagnostics}
    of_run = (replace(d, severity="warning") if d.severity == "error" else d for d in program.diagnostics)
    return (
        *(d for d in program.source.diagnostics if d not in told),
        *(new for old, new in zip(program.diagnostics, of_run, strict=True) if old not in told),
    )


def choose(program: Program, names: Sequence[str]) -> list[Kernel]:
    """The kernels asked for by --kernel that this file has, or all of its kernels."""
    known = program.source.kernels
    return [k for k in known if not names or {k.name, k.qualified, k.python_name} & set(names)]


def unknown_kernels(names: Sequence[str], verdicts: Sequence[Verdict]) -> list[Diagnostic]:
    """An error for each --kernel that no file has: a misspelt name must not look like a pass."""
    judged = {v.kernel for v in verdicts}
    parts = judged | {p for k in judged for p in (k.rpartition("__")[2], k.partition("__")[0])}
    return [
        Diagnostic("usage.no-such-kernel", f"no kernel named {n} was found", hint="cuport inspect lists the kernels")
        for n in names
        if n.replace("::", "__") not in parts
    ]


def _translate_target(
    road: Road,
    program: Program,
    kernels: Sequence[Kernel],
    target: Target,
    translators: Sequence[Translator],
    rules: WriteRules,
) -> Translated:
    port = PortFile(road, program, target)
    outcomes: dict[str, Outcome] = {}
    for translator in translators:
        left = [k for k in kernels if k.python_name not in outcomes or not outcomes[k.python_name].accepted]
        if not left:
            break
        found = port.one_by_one(left, translator) if translator.repairs else port.together(left, translator)
        for outcome in found:
            name = outcome.kernel.python_name
            outcomes[name] = more_telling(outcomes.get(name), outcome)
    accepted = [outcomes[k.python_name].piece for k in kernels if outcomes[k.python_name].accepted]
    code, verdicts = port.judged([p for p in accepted if p is not None])
    for kernel in kernels:
        name, piece = kernel.python_name, outcomes[kernel.python_name].piece
        verdicts.setdefault(name, outcomes[name].verdict)
        judged = verdicts[name].status not in (Status.ACCEPTED, Status.FAILED)
        if piece is not None and judged and not rules.check:
            _keep_rejected(port.rejected_at(kernel), piece, verdicts[name])
    ordered = [verdicts[k.python_name] for k in kernels]
    for verdict in ordered:
        road.progress.verdict(verdict)
    if not code:
        return Translated(tuple(ordered))
    done = _leave(program, target, code, ordered, rules, road.settings.work_dir)
    whole = len(ordered) == len(program.source.kernels) and all(v.status is Status.ACCEPTED for v in ordered)
    if done.written and whole:
        remember(road.store, Path(program.source.path), target, code)
    return done


def _leave(
    program: Program, target: Target, code: str, verdicts: Sequence[Verdict], rules: WriteRules, work_dir: Path
) -> Translated:
    source = Path(program.source.path)
    where = places(source, target.name, rules.out)
    old = _text(where.port)
    diff = unified(old, code, where.port) if old != code else ""
    done = Translated(tuple(verdicts), diffs=(diff,) if diff else ())
    if rules.check:
        return replace(done, stale=(where.port,) if old != code else ())
    kept = None if rules.overwrite else kept_port(where, code, [k.python_name for k in program.source.kernels])
    if kept is not None:
        return replace(done, diagnostics=(kept,))
    evidence = evidence_text(source.name, target.name, text_digest(code), verdicts)
    try:
        write_together([(where.evidence, evidence), (where.port, code)])
    except CuportError as error:  # the verdicts stand all the same
        return replace(done, diagnostics=error.diagnostics)
    return replace(done, written=(where.port, where.evidence, *_keep_diff(work_dir, where, diff)))


def _keep_diff(work_dir: Path, where: Places, diff: str) -> tuple[Path, ...]:
    """The diff of this change as a file, for whoever reviews it; a convenience, so no failure stops anything."""
    path = work_dir / "diffs" / f"{where.port.stem}.diff"
    if not diff:
        return ()
    try:
        write_whole(path, diff)
    except CuportError:
        return ()
    return (path,)


def _keep_rejected(path: Path, piece: Piece, verdict: Verdict) -> None:
    """Rejected code is for people to look at; where it cannot be kept the verdict still stands."""
    try:
        write_whole(path, piece.candidate.code)
        write_whole(path.with_suffix(".json"), to_json(verdict.to_dict()) + "\n")
    except CuportError:
        return


def unified(old: str, new: str, path: Path) -> str:
    """Unified diff as git prints it, "" where nothing differs."""
    name = short(str(path)).lstrip("/")
    before = f"a/{name}" if old else "/dev/null"
    lines = difflib.unified_diff(old.splitlines(True), new.splitlines(True), before, f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
