"""The judge: references and a port's outputs in, one verdict out. Only this module says ACCEPTED.

Missing evidence is never acceptance. In order: what kept the port from running or being built; differences from the
original; then whether the data could have shown a difference at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cuport.candidate import Build, Candidate, Execution, Failure
from cuport.case import Case, Reference, ScalarArg
from cuport.diagnostic import Diagnostic, Span
from cuport.judge.compare import Comparison, compare
from cuport.judge.nulls import NullReport, try_nulls
from cuport.judge.settings import DEFAULT, JudgeSettings
from cuport.judge.verdicts import counterexample, launch_text, port_path, rejection_reason, replay_command, smallest
from cuport.judge.yardstick import yardstick
from cuport.kernel import Kernel, Source
from cuport.verdict import Counterexample, Evidence, Status, Verdict

# A port that is slow or large may be right, so it is not decided.
_UNDECIDED = {"timeout": "did not finish in time", "memory": "needed more memory than it is given"}


@dataclass(frozen=True)
class _Ruling:
    status: Status
    reason: str
    counterexample: Counterexample | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


def judge(
    *,
    source: Source,
    kernel: Kernel,
    target: str,
    candidate: Candidate,
    references: Sequence[Reference],
    execution: Execution,
    build: Build | None,
    domain: str = "",
    seed: int = 0,
    versions: Sequence[tuple[str, str]] = (),
    seconds: Sequence[tuple[str, float]] = (),
    notes: Sequence[str] = (),
    port: str = "",
    options: Sequence[str] = (),
    settings: JudgeSettings = DEFAULT,
) -> Verdict:
    """The verdict on one port of one kernel.

    `references[i]` and `execution.outputs[i]` belong to the same case. `build` None replays single cases: they can
    reject, but not accept. `port` is the path that the replay command names, `options` its further words. Cases of
    suite "width" never reject.
    """
    port = port or port_path(source.path, target)
    trial = _Trial(kernel, references, execution, seed, settings, source.path, port, options)
    ruling = trial.rule(build)
    evidence = trial.evidence(build)
    evidence = replace(
        evidence,
        domain=domain,
        versions=(*versions, *(v for v in execution.versions if v not in versions)),
        seconds=tuple(seconds),
        digests=(
            ("source", source.digest),
            ("kernel", kernel.digest),
            ("port", candidate.digest),
            ("judge", settings.digest),
        ),
        provenance=candidate.provenance,
        notes=(*notes, *evidence.notes),
    )
    return Verdict(
        source.path,
        kernel.python_name,
        target,
        ruling.status,
        ruling.reason,
        evidence,
        ruling.counterexample,
        ruling.diagnostics,
    )


class _Trial:
    """One port over its cases: comparisons are made once, rulings and evidence read from them."""

    def __init__(
        self,
        kernel: Kernel,
        references: Sequence[Reference],
        execution: Execution,
        seed: int,
        settings: JudgeSettings,
        source: str,
        port: str,
        options: Sequence[str],
    ) -> None:
        self.kernel, self.execution, self.seed, self.settings = kernel, execution, seed, settings
        self.source, self.port, self.options = source, port, options
        self.references = references
        self.failures: list[tuple[Reference, Failure]] = []
        self.legal: list[Comparison] = []
        self.width: list[tuple[Case, str]] = []  # label and what became of it
        for reference, outputs in zip(references, execution.outputs, strict=False):
            if outputs.failure is not None:
                if reference.case.suite == "width":
                    self.width.append((reference.case, outputs.failure.kind))
                else:
                    self.failures.append((reference, outputs.failure))
                continue
            comparison = compare(yardstick(reference, settings), outputs.arrays, settings)
            if reference.case.suite == "width":
                self.width.append((reference.case, "differs" if comparison.rejects else "agrees"))
            else:
                self.legal.append(comparison)
        self.nulls: NullReport | None = None

    # -- ruling ----------------------------------------------------------------------------------------------------

    def rule(self, build: Build | None) -> _Ruling:
        """First what is certain, worst first; acceptance is what is left."""
        if not [r for r in self.references if r.case.suite != "width"]:
            return _Ruling(Status.INCONCLUSIVE, "there is no case to judge by")
        by_kind = {f.kind: f for _, f in reversed(self.failures)}  # the first of each kind
        if "missing-target" in by_kind:
            return self._failed(by_kind["missing-target"], Status.FAILED)
        rejecting = [c for c in self.legal if c.rejects]
        if rejecting:
            return self._differs(rejecting)
        broken = [f for _, f in self.failures if f.kind not in (*_UNDECIDED, "unsupported")]
        if broken:
            return self._failed(broken[0], Status.REJECTED)
        if "unsupported" in by_kind:
            return self._failed(by_kind["unsupported"], Status.UNSUPPORTED)
        if build is not None and any(not r.ok for r in build.records):
            return self._not_built(build)
        if self.failures:
            reference, failure = self.failures[0]
            where = launch_text(reference.case, self.kernel)
            return _Ruling(Status.INCONCLUSIVE, f"the port {_UNDECIDED[failure.kind]} ({where}): {failure.message}")
        if len(self.execution.outputs) < len(self.references):
            return _Ruling(Status.INCONCLUSIVE, "the port was not run on every case")
        if build is None:
            return _Ruling(Status.INCONCLUSIVE, "agrees on this case; a verdict needs all of them and a build")
        if not build.records:
            why = f": {build.notes[0]}" if build.notes else ""
            return _Ruling(Status.INCONCLUSIVE, f"nothing was compiled or lowered{why}")
        return self._power() or _Ruling(Status.ACCEPTED, "agrees with the original on every case, within its bounds")

    def _failed(self, failure: Failure, status: Status) -> _Ruling:
        """The port raised, crashed, broke the contract, or its target is not there."""
        words = {
            "import": "could not be loaded",
            "contract": "breaks the calling contract",
            "exception": "raised an exception",
            "crash": "crashed",
            "limit": "used more than it may",
            "output": "gave back what cannot be read",
            "missing-target": "cannot run: its target is not installed",
            "unsupported": "cannot be called: the contract has no way to express this launch",
        }
        reference = next(r for r, f in self.failures if f is failure)
        case = reference.case
        said = f"the port {words.get(failure.kind, failure.kind)}: {failure.message}"
        span = Span(self.port, failure.line) if failure.line else None
        hint = ""
        if status is Status.REJECTED:
            hint = f"in {launch_text(case, self.kernel)}; replay: {self._replay(case)}"
        code = f"port.{failure.kind}" if status is not Status.UNSUPPORTED else "unsupported.launch"
        return _Ruling(status, said, None, (Diagnostic(code, said, span, hint),))

    def _differs(self, rejecting: list[Comparison]) -> _Ruling:
        shown = smallest(rejecting)
        case = shown.yardstick.reference.case
        reason = rejection_reason(rejecting, len(self.legal), self.settings)
        example = counterexample(shown, self.kernel, self.seed, self._replay(case))
        extra: tuple[Diagnostic, ...] = ()
        if example is None:
            hint = f"in {launch_text(case, self.kernel)}; replay: {self._replay(case)}"
            extra = (Diagnostic("port.output", reason, None, hint),)
        return _Ruling(Status.REJECTED, reason, example, extra)

    def _not_built(self, build: Build) -> _Ruling:
        bad = [r for r in build.records if not r.ok]
        did = "compile" if bad[0].kind == "compiled" else "lower"
        reason = f"the port does not {did} for {', '.join(dict.fromkeys(r.platform for r in bad))}: {bad[0].detail}"
        found = tuple(Diagnostic(f"build.{r.kind}", f"{r.platform}: {r.detail}") for r in bad)
        slow = all(r.detail.startswith(tuple(f"{kind}:" for kind in _UNDECIDED)) for r in bad)
        return _Ruling(Status.INCONCLUSIVE if slow else Status.REJECTED, reason, None, found)

    def _power(self) -> _Ruling | None:
        """Why agreement on these cases is not enough; None where it is."""
        s = self.settings
        measures = [c.yardstick for c in self.legal]
        written = sum(m.written for m in measures)
        if not written:
            return _Ruling(Status.INCONCLUSIVE, "the original writes nothing in any case")
        unstable = sum(m.unstable for m in measures)
        if unstable > s.most_unstable * written:
            share = f"{100 * unstable / written:.1f} %"
            reason = f"the original disagrees with itself on {share} of what it writes: {self._unstable_where()}"
            return _Ruling(Status.INCONCLUSIVE, reason)
        pairs = [c.between for c in self.legal]
        between, free = sum(p[0] for p in pairs), sum(p[1] for p in pairs)
        if between > s.most_between * max(1, free):
            reason = (
                f"{between} of {free} elements without a bound are close, but not as close as builds of the original"
            )
            return _Ruling(Status.INCONCLUSIVE, reason)
        share_of_all, poorest = self._evidence_share()
        if share_of_all < s.least_evidence:
            said = f"only {100 * share_of_all:.1f} % of what the original writes is evidence"
            return _Ruling(Status.INCONCLUSIVE, f"{said}: {self._doubt_where()}")
        if poorest:
            return _Ruling(Status.INCONCLUSIVE, f"no element of `{poorest}` is evidence: {self._doubt_where()}")
        gross = sum(int(r.gross.sum()) for c in self.legal for r in c.results)
        doubt = sum(int((r.channel.doubt & r.channel.written).sum()) for c in self.legal for r in c.results)
        if gross >= s.gross_least and gross > s.gross_doubt * doubt:
            reason = f"plainly different in {gross} of the {doubt} elements that near ties or missing bounds leave open"
            return _Ruling(Status.INCONCLUSIVE, reason)
        self.nulls = try_nulls(sorted(measures, key=lambda m: m.written), s)
        if self.nulls.survived:
            names = ", ".join(self.nulls.survived)
            return _Ruling(Status.INCONCLUSIVE, f"the cases cannot tell this port from: {names}")
        return None

    def _unstable_where(self) -> str:
        counts: dict[str, int] = {}
        for c in self.legal:
            for channel in c.yardstick.channels:
                if channel.format is None and c.yardstick.unstable:
                    counts[channel.name] = counts.get(channel.name, 0) + 1
        if counts:
            return "the order in which threads run decides it"
        return "its own rounding leaves the bound, or the order in which threads run decides it"

    def _doubt_where(self) -> str:
        tainted = no_bound = wide = 0
        for c in self.legal:
            for channel in c.yardstick.channels:
                evidence = channel.evidence(self.settings)
                missing = channel.written & ~evidence
                tainted += int((missing & channel.tainted).sum())
                no_bound += int((missing & channel.doubt & ~channel.tainted).sum())
                wide += int((missing & ~channel.doubt).sum())
        parts = [
            f"{count} {what}"
            for count, what in (
                (tainted, "were decided near a tie"),
                (no_bound, "have no finite bound"),
                (wide, "have a bound above 1 % of the output's scale"),
            )
            if count
        ]
        return ", ".join(parts) or "nothing was written"

    def _evidence_share(self) -> tuple[float, str]:
        """Share of written elements that are evidence, and a written buffer that has none."""
        written: dict[str, int] = {}
        counted: dict[str, int] = {}
        for c in self.legal:
            for channel in c.yardstick.channels:
                written[channel.name] = written.get(channel.name, 0) + int(channel.written.sum())
                found = int(channel.evidence(self.settings).sum())
                counted[channel.name] = counted.get(channel.name, 0) + found
        total = sum(written.values())
        poorest = next((name for name, count in written.items() if count and not counted[name]), "")
        return (sum(counted.values()) / total if total else 0.0), poorest

    # -- evidence --------------------------------------------------------------------------------------------------

    def evidence(self, build: Build | None) -> Evidence:
        """What was done, whatever came of it."""
        worst, where = 0.0, ""
        for c in self.legal:
            for r in c.results:
                if r.ratio > worst:
                    worst, where = r.ratio, f"{r.channel.name}, {c.yardstick.reference.case.label or 'captured'}"
        nulls = self.nulls
        return Evidence(
            oracle=self.references[0].oracle if self.references else "cpu",
            execution=self.execution.how,
            builds=build.records if build else (),
            cases=len(self.legal),
            shapes=len({_shape(c.yardstick.reference.case) for c in self.legal}),
            elements=sum(c.yardstick.written for c in self.legal),
            evidence_share=self._evidence_share()[0],
            worst_ratio=worst,
            worst_where=where,
            nulls_rejected=nulls.rejected if nulls else (),
            nulls_survived=nulls.survived if nulls else (),
            sandbox=self.execution.sandbox,
            seed=self.seed,
            notes=self._notes(build),
        )

    def _notes(self, build: Build | None) -> tuple[str, ...]:
        notes = [*self.execution.notes, *(build.notes if build else ())]
        channels = [ch for c in self.legal for ch in c.yardstick.channels]
        written = sum(int(ch.written.sum()) for ch in channels)
        tainted = sum(int((ch.tainted & ch.written).sum()) for ch in channels)
        if tainted:
            gross = sum(int(r.gross.sum()) for c in self.legal for r in c.results)
            notes.append(
                f"near ties decided {tainted} of {written} elements; they neither accept nor reject ({gross} differ)"
            )
        excused = sum(c.excused for c in self.legal)
        if excused:
            notes.append(f"{excused} differences are where near ties may have moved a store")
        unstable = sum(c.yardstick.unstable for c in self.legal)
        if unstable:
            notes.append(f"{unstable} elements on which the original disagrees with itself were left out")
        notes += dict.fromkeys(n for c in self.legal for n in c.yardstick.notes)
        if self.nulls and self.nulls.equal:
            notes.append(f"the right answer on every case, so no test of power: {', '.join(self.nulls.equal)}")
        if self.width:
            bad = [(case, what) for case, what in self.width if what != "agrees"]
            said = f"width: {len(self.width) - len(bad)} of {len(self.width)} cases outside the domain agree"
            notes.append(said + (f"; first that does not: {launch_text(bad[0][0], self.kernel)}" if bad else ""))
        return tuple(dict.fromkeys(notes))

    def _replay(self, case: Case) -> str:
        name, options = self.kernel.python_name, self.options
        return replay_command(self.source, self.port, name, case.digest, self.seed, options)


def _shape(case: Case) -> object:
    whole = tuple(a.value for a in case.args if isinstance(a, ScalarArg) and not isinstance(a.value, float))
    return case.instance, case.grid, case.block, whole, tuple(b.data.shape for b in case.buffers)
