"""The road, in one screen: read -> plan -> run -> propose -> screen -> build -> execute -> judge -> record.

A `Road` is one run's tools; its methods are the stations, for one kernel and one target at a time. Only the judge says
ACCEPTED; everything else here can only fail to get that far. `batch/` walks the road for whole files.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from cuport.candidate import Build, Candidate, Execution, Provenance
from cuport.case import Case, Reference
from cuport.cases import Plan, plan
from cuport.cuda import read
from cuport.diagnostic import CuportError, Diagnostic
from cuport.judge import judge
from cuport.judge.verdicts import replay_command
from cuport.kernel import Kernel, Source
from cuport.oracle import Capture, Oracle, OracleSettings
from cuport.sandbox.confine import grade
from cuport.sandbox.launch import build, execute
from cuport.sandbox.limits import Limits
from cuport.settings import Settings
from cuport.store import CodecError, Store, decode, digest, encode, tools_digest, versions
from cuport.store.evidence import verdict_from
from cuport.targets.base import Target
from cuport.translators.base import Attempt, Proposal, Request, Translator
from cuport.verdict import Evidence, Status, Verdict


class Progress(Protocol):
    """Who watches a run. Called from several threads."""

    def stage(self, subject: str, stage: str) -> None: ...

    def verdict(self, verdict: Verdict) -> None: ...


class Silent:
    """Nobody watches."""

    def stage(self, subject: str, stage: str) -> None:
        pass

    def verdict(self, verdict: Verdict) -> None:
        pass


@dataclass(frozen=True, eq=False)
class Program:
    """A source, read, and the launches its own main() made (none where there is no main, or it did not end well).

    `diagnostics`: why there are none, or which launches could not be kept.
    """

    source: Source
    captures: tuple[Capture, ...]
    args: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    def of(self, kernel: Kernel) -> list[Capture]:
        return [c for c in self.captures if c.case.kernel in (kernel.qualified, kernel.python_name)]


@dataclass(frozen=True, eq=False)
class Ground:
    """What every port of a kernel is judged on: its cases and what the original computed."""

    plan: Plan
    references: tuple[Reference, ...]
    seconds: tuple[tuple[str, float], ...]


class Road:
    """One run's tools and caches. Threads may share it."""

    def __init__(self, settings: Settings, store: Store, progress: Progress | None = None) -> None:
        self.settings = settings
        self.store = store
        self.progress: Progress = progress or Silent()
        self.oracle = Oracle(OracleSettings(cache_dir=settings.cache_dir, memory=settings.memory))
        self._grounds: dict[str, Ground | CuportError] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    # -- read, and one run of the program --------------------------------------------------------------------------

    def read(self, path: Path) -> Source:
        """Read a file. Raises CuportError."""
        self.progress.stage(path.name, "reading")
        return read(path, include_dirs=self.settings.include_dirs, defines=self.settings.defines)

    def open(self, path: Path, args: Sequence[str] = ()) -> Program:
        """Read a file and capture its launches. Raises CuportError where nothing can be done with it."""
        source = self.read(path)
        if not source.has_main:
            return Program(source, (), tuple(args))
        self.progress.stage(path.name, "running the original")
        try:
            report = self.oracle.capture_report(source, args, timeout=self.settings.program_timeout)
        except CuportError as error:
            return Program(source, (), tuple(args), error.diagnostics)
        return Program(source, report.captures, tuple(args), tuple(dict.fromkeys(report.diagnostics)))

    # -- plan, run -------------------------------------------------------------------------------------------------

    def ground(self, program: Program, kernel: Kernel) -> Ground:
        """Cases and references of one kernel; computed once, kept in the store. Raises CuportError."""
        key = self._ground_key(program, kernel)
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._grounds:
                try:
                    self._grounds[key] = self._stored_ground(key) or self._make_ground(key, program, kernel)
                except CuportError as error:
                    self._grounds[key] = CuportError(*_causes(program, kernel, error.diagnostics))
        found = self._grounds[key]
        if isinstance(found, CuportError):
            raise found
        return found

    def _make_ground(self, key: str, program: Program, kernel: Kernel) -> Ground:
        subject = f"{Path(program.source.path).name} {kernel.name}"
        begin = time.monotonic()
        self.progress.stage(subject, "choosing cases")
        planned = plan(
            program.source,
            kernel,
            program.of(kernel),
            self.oracle,
            seed=self.settings.seed,
            cases=self.settings.cases,
            threads=self.settings.threads,
            args=program.args,
        )
        if not planned.cases:
            raise CuportError(*planned.diagnostics)
        if kernel.diagnostics:  # the compiler and the captured launches understood more than the parser
            planned = replace(planned, notes=(*planned.notes, *(d.message for d in kernel.diagnostics)))
        middle = time.monotonic()
        self.progress.stage(subject, f"running the original on {len(planned.cases)} cases")
        references = self.oracle.reference(program.source, planned.cases, timeout=self.settings.kernel_timeout)
        spent = (("plan", round(middle - begin, 3)), ("oracle", round(time.monotonic() - middle, 3)))
        self.store.put_blob(key, "ground", encode((planned.domain, planned.notes, tuple(references), spent)))
        return Ground(planned, tuple(references), spent)

    def _stored_ground(self, key: str) -> Ground | None:
        body = self.store.blob(key)
        if body is None:
            return None
        try:
            domain, notes, references, spent = decode(body)
        except (CodecError, ValueError):
            return None
        return Ground(Plan(tuple(r.case for r in references), domain, notes=notes), references, spent)

    def _ground_key(self, program: Program, kernel: Kernel) -> str:
        s = self.settings
        case_file = Path(program.source.path).with_suffix(".cases.toml")
        declared = case_file.read_text(encoding="utf-8", errors="replace") if case_file.is_file() else ""
        budget = (s.seed, s.cases, s.threads, s.program_timeout, s.kernel_timeout)
        return digest(
            "ground", program.source.digest, kernel.python_name, program.args, declared, budget, tools_digest()
        )

    # -- screen, build, execute, judge -----------------------------------------------------------------------------

    def try_candidate(
        self,
        program: Program,
        kernel: Kernel,
        target: Target,
        candidate: Candidate,
        *,
        port: str = "",
        only_case: str = "",
        fresh: bool = False,
    ) -> Verdict:
        """One port of one kernel, judged; from the store if the same was judged before.

        `port` is the path that the replay command names. `only_case` (a digest's beginning) replays a single case and
        is never stored."""
        if not only_case and not fresh:
            known = self.known_verdict(program, kernel, target, candidate)
            if known is not None:
                return _replayed(known, program, port)
        try:
            verdict, lasting = self._judge(program, kernel, target, candidate, port, only_case)
        except CuportError as error:
            verdict = undecided(program.source, kernel, target, error.diagnostics, candidate.provenance)
            lasting = False  # a failure of tools may be gone next time
        if lasting and not only_case and verdict.status is not Status.FAILED:
            self.store.put_verdict(self._verdict_key(program, kernel, target, candidate), verdict.to_dict())
        return verdict

    def known_verdict(self, program: Program, kernel: Kernel, target: Target, candidate: Candidate) -> Verdict | None:
        """The stored verdict on exactly this source, port, seed, budget and tools, or None."""
        stored = self.store.verdict(self._verdict_key(program, kernel, target, candidate))
        known = verdict_from(stored) if stored else None
        return _moved(replace(known, cached=True), program.source.path) if known is not None else None

    def _verdict_key(self, program: Program, kernel: Kernel, target: Target, candidate: Candidate) -> str:
        return digest("verdict", self._ground_key(program, kernel), target.name, candidate.code, kernel.python_name)

    def _judge(
        self, program: Program, kernel: Kernel, target: Target, candidate: Candidate, port: str, only_case: str
    ) -> tuple[Verdict, bool]:
        """A verdict, and whether the same would be found again whatever else this machine has to do."""
        subject = f"{Path(program.source.path).name} {kernel.name} -> {target.label}"
        self.progress.stage(subject, "screening")
        problems = [_placed(d, port) for d in target.screen(candidate.code, [kernel])]
        if errors := [d for d in problems if d.severity == "error"]:
            reason = f"breaks the contract: {errors[0].message}"
            evidence = Evidence(provenance=candidate.provenance, versions=versions())
            name, found = kernel.python_name, tuple(problems)
            return Verdict(program.source.path, name, target.name, Status.REJECTED, reason, evidence, None, found), True
        ground = self.ground(program, kernel)
        references = [r for r in ground.references if r.case.digest.startswith(only_case)]
        if not references:
            raise CuportError(Diagnostic("verify.no-such-case", f"no case of {kernel.name} begins with {only_case}"))
        cases = [r.case for r in references]
        limits = Limits(
            total_seconds=self.settings.port_timeout,
            build_seconds=self.settings.build_timeout,
            memory_bytes=self.settings.memory,
            cpu_seconds=self.settings.port_cpu,
            processes=self.settings.processes,
            file_bytes=self.settings.file_size,
            scratch_bytes=self.settings.scratch,
        )
        begin = time.monotonic()
        self.progress.stage(subject, f"running the port on {len(cases)} cases")
        unsafe = self.settings.unsafe_no_sandbox
        execution = execute(target, candidate.code, kernel, cases, limits, unsafe=unsafe)
        middle = time.monotonic()
        built = None
        if not only_case:
            self.progress.stage(subject, "building the port")
            built = build(target, candidate.code, kernel, _for_build(cases), limits, unsafe=unsafe)
        end = time.monotonic()
        self.progress.stage(subject, "judging")
        spent = (*ground.seconds, ("execute", round(middle - begin, 3)), ("build", round(end - middle, 3)))
        verdict = judge(
            source=program.source,
            kernel=kernel,
            target=target.name,
            candidate=candidate,
            references=references,
            execution=execution,
            build=built,
            domain=ground.plan.domain,
            seed=self.settings.seed,
            versions=versions(),
            seconds=spent,
            notes=ground.plan.notes,
            port=port,
            options=_options(program),
        )
        # what ran without a sandbox could have touched the store: nothing is built on it later
        return verdict, not _hurried(execution, built) and grade(execution.sandbox.split("+")) != "none"

    # -- propose ---------------------------------------------------------------------------------------------------

    def propose(
        self, program: Program, kernel: Kernel, target: Target, translator: Translator, attempts: Sequence[Attempt] = ()
    ) -> Proposal:
        """Ask a translator for a port; earlier attempts are what it repairs. Never raises."""
        subject = f"{Path(program.source.path).name} {kernel.name} -> {target.label}"
        again = f" (attempt {len(attempts) + 1})" if attempts else ""
        self.progress.stage(subject, f"{translator.name}: proposing{again}")
        try:
            samples = self.samples(program, kernel)
            domain = self.ground(program, kernel).plan.domain if translator.repairs else ""
            request = Request(program.source, kernel, target.name, samples, tuple(attempts), domain=domain)
            return translator.propose(request)
        except CuportError as error:
            return Proposal(None, error.diagnostics)

    def samples(self, program: Program, kernel: Kernel) -> list[Case]:
        """Launches that show a translator every instance, dtype and size: main()'s own, and one of each template
        instance that only the plan has (found by running the program with other constants)."""
        captured = [c.case for c in program.of(kernel)]
        if captured and not kernel.is_template:
            return captured
        planned = [r.case for r in self.ground(program, kernel).references]
        known = {case.template_args for case in captured}
        return captured + [case for case in planned if case.template_args not in known]


def undecided(
    source: Source,
    kernel: Kernel,
    target: Target,
    diagnostics: Sequence[Diagnostic],
    provenance: Provenance | None = None,
) -> Verdict:
    """UNSUPPORTED where every error says so, else FAILED."""
    errors = [d for d in diagnostics if d.severity == "error"]
    unsupported = bool(errors) and all(d.code.startswith(_UNSUPPORTED) for d in errors)
    status = Status.UNSUPPORTED if unsupported else Status.FAILED
    reason = errors[0].message if errors else "no case and no reason given"
    evidence = Evidence(provenance=provenance, versions=versions())
    return Verdict(source.path, kernel.python_name, target.name, status, reason, evidence, None, tuple(diagnostics))


_UNSUPPORTED = ("unsupported.", "oracle.unsupported-", "oracle.inline-ptx")


def _hurried(execution: Execution, built: Build | None) -> bool:
    """Whether a limit on time or memory ended something: on a less busy machine it may not."""
    kinds = {o.failure.kind for o in execution.outputs if o.failure is not None}
    details = [r.detail for r in built.records if not r.ok] if built is not None else []
    return bool(kinds & {"timeout", "memory"}) or any(d.startswith(("timeout:", "memory:")) for d in details)


def _options(program: Program) -> list[str]:
    """The words on a command line that read and run this program as it was read and run."""
    source = program.source
    given = (("-a", program.args), ("-I", source.include_dirs), ("-D", source.defines))
    return [word for flag, values in given for value in values for word in (flag, value)]


def _replayed(verdict: Verdict, program: Program, port: str) -> Verdict:
    """A stored verdict with the replay command for the paths of this run."""
    case = verdict.counterexample
    if case is None or not port:
        return verdict
    words = (program.source.path, port, verdict.kernel, case.case_digest, case.seed, _options(program))
    return replace(verdict, counterexample=replace(case, replay=replay_command(*words)))


def _causes(program: Program, kernel: Kernel, diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Why there is no ground, nearest cause first: what could not be read, what became of the program, the rest.

    That no launch was captured is no news where the program did not even end well.
    """
    found = dict.fromkeys((*kernel.diagnostics, *program.diagnostics, *diagnostics))
    failed = any(d.severity == "error" for d in program.diagnostics)
    return tuple(d for d in found if not (failed and d.code == "cases.not-captured"))


def _placed(problem: Diagnostic, port: str) -> Diagnostic:
    """A screen sees a text without a name; here it has one."""
    named = problem.span is None or problem.span.path or not port
    return problem if named or problem.span is None else replace(problem, span=replace(problem.span, path=port))


def _moved(verdict: Verdict, source: str) -> Verdict:
    """A stored verdict, told of the same source at the path it has now."""
    diagnostics = tuple(
        replace(d, span=replace(d.span, path=source)) if d.span and d.span.path == verdict.source else d
        for d in verdict.diagnostics
    )
    return replace(verdict, source=source, diagnostics=diagnostics)


def _for_build(cases: Sequence[Case]) -> list[Case]:
    """One case a distinct specialisation: scalars, launch and template values decide it, contents do not."""
    chosen: dict[object, Case] = {}
    for case in cases:
        scalars = tuple(a for a in case.args if not hasattr(a, "buffer"))
        chosen.setdefault((case.instance, case.grid, case.block, scalars, case.template_args), case)
    return list(chosen.values())
