"""`Oracle`: what the rest of cuport asks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from cuport.case import Bound, Case, Reference
from cuport.cuda.rewrite import unit_text
from cuport.diagnostic import CuportError, Diagnostic
from cuport.kernel import Source
from cuport.oracle import capture as capturing
from cuport.oracle.build import CHECKED, FMA, PLAIN, SHADOW, build, has_fma
from cuport.oracle.gpu import replay_on_gpu
from cuport.oracle.replay import replay_cases
from cuport.oracle.results import BuildKind, Capture, CaptureReport, ProgramResult, Replay, Schedule
from cuport.oracle.settings import OracleSettings

_FLAGS = {"plain": PLAIN, "fma": FMA, "checked": CHECKED}


class Oracle:
    """Threads may share one. Everything built is kept under `settings.cache_dir`."""

    def __init__(self, settings: OracleSettings | None = None) -> None:
        self.settings = settings or OracleSettings()

    def run_program(
        self,
        source: Source,
        args: Sequence[str] = (),
        *,
        schedule: Schedule = "forward",
        seed: int = 0,
        timeout: float = 60.0,
        capture: Path | None = None,
        passthrough: bool = False,
    ) -> ProgramResult:
        """Build and run the whole program. `capture`: a folder for its launches; `passthrough`: our standard streams.

        Raises CuportError if there is no main() or it cannot be built.
        """
        return capturing.run_program(
            source,
            args,
            self.settings,
            schedule=schedule,
            seed=seed,
            timeout=timeout,
            capture=capture,
            passthrough=passthrough,
        )

    def capture(self, source: Source, args: Sequence[str] = (), *, timeout: float = 60.0) -> list[Capture]:
        """The program's launches, the first few of each distinct shape. Raises CuportError if the program fails."""
        return list(self.capture_report(source, args, timeout=timeout).captures)

    def capture_report(self, source: Source, args: Sequence[str] = (), *, timeout: float = 60.0) -> CaptureReport:
        """`capture`, with what was not kept and why."""
        return capturing.capture_program(source, args, self.settings, timeout)

    def replay(
        self,
        source: Source,
        cases: Sequence[Case],
        *,
        build: BuildKind = "plain",
        schedule: Schedule = "forward",
        seed: int = 0,
        timeout: float = 60.0,
    ) -> list[Replay]:
        """Run cases on the original's kernels. A case that fails says so in its Replay; a build that fails raises."""
        if not cases:
            return []
        program = self._unit(source, cases, build)
        return replay_cases(source, program, cases, self.settings, schedule=schedule, seed=seed, timeout=timeout)

    def _unit(self, source: Source, cases: Sequence[Case], kind: BuildKind) -> Path:
        """The replay program. Raises CuportError with what the plainest text met."""
        instances = sorted({c.instance for c in cases})
        first: CuportError | None = None
        # `loops`: kernels as we made them for speed; `whole`: host and device code may hang together in a way that
        # leaving out the host code breaks
        for how in ({}, {"loops": False}, {"loops": False, "whole": True}):
            try:
                return build(source, unit_text(source, instances, **how), _FLAGS[kind], self.settings)
            except CuportError as error:
                first = error if first is None or "whole" not in how else first
        assert first is not None
        raise first

    def shadow_replays(self, source: Source, cases: Sequence[Case], *, timeout: float = 60.0) -> list[Replay]:
        """The shadow build's run of each case: bounds and notes. A case it cannot run says why; nothing raises."""
        if not cases:
            return []
        instances = sorted({c.instance for c in cases})
        try:
            try:
                program = build(source, unit_text(source, instances, shadow=True), SHADOW, self.settings)
            except CuportError:
                program = build(source, unit_text(source, instances, shadow=True, loops=False), SHADOW, self.settings)
        except CuportError as error:
            first = error.diagnostics[0]
            why = Diagnostic("oracle.no-shadow", f"the kernel has no shadow: {first.message}", first.span)
            return [Replay((), failure=why) for _ in cases]
        return replay_cases(source, program, cases, self.settings, schedule="forward", seed=0, timeout=timeout)

    def shadow(self, source: Source, cases: Sequence[Case], *, timeout: float = 60.0) -> list[tuple[Bound | None, ...]]:
        """Per-element bounds of every buffer of every case; None where the shadow cannot run."""
        replays = self.shadow_replays(source, cases, timeout=timeout)
        return [r.bounds or (None,) * len(c.buffers) for c, r in zip(cases, replays, strict=True)]

    def reference(self, source: Source, cases: Sequence[Case], *, timeout: float = 60.0) -> list[Reference]:
        """What the original computes, other builds and orders of it, and bounds. Raises CuportError if a case fails.

        Notes of the shadow run: "near-ties T S D" counts threads that met a near tie, those of them that stored nothing
        afterwards, and stores whose place a tie may have decided; "no shadow: ..." says why there are no bounds.
        """
        if not cases:
            return []
        # the shadow takes longest to compile and needs nothing of the others
        with ThreadPoolExecutor(1) as beside:
            later = beside.submit(self.shadow_replays, source, cases, timeout=timeout)
            plain = self.replay(source, cases, timeout=timeout)
            failed = [r.failure for r in plain if r.failure is not None]
            if failed:
                raise CuportError(*failed)
            variants = self._variants(source, cases, timeout)
            shadows = later.result()
        references = []
        for i, (case, replay, shadow) in enumerate(zip(cases, plain, shadows, strict=True)):
            notes = [*replay.notes, *shadow.notes]
            if shadow.failure is not None:
                notes.append(f"no shadow: {shadow.failure.message}")
            others = tuple((name, runs[i].outputs) for name, runs in variants.items() if runs[i].failure is None)
            bounds = shadow.bounds or (None,) * len(case.buffers)
            seen_on: Literal["cpu", "cpu+gpu"] = "cpu+gpu" if any(name == "gpu" for name, _ in others) else "cpu"
            if "gpu" in variants and (why := variants["gpu"][i].failure) is not None:
                notes.append(f"not on the GPU: {why.message}")
            doubtful = _doubtful(shadow.notes)
            reference = Reference(case, replay.outputs, bounds, others, seen_on, tuple(notes), doubtful)
            references.append(reference)
        return references

    def _variants(self, source: Source, cases: Sequence[Case], timeout: float) -> dict[str, list[Replay]]:
        """The same cases in descending order of blocks and threads, with multiply-adds fused, and on the GPU."""
        runs = {"reverse": self.replay(source, cases, schedule="reverse", timeout=timeout)}
        if has_fma():
            runs["fma"] = self.replay(source, cases, build="fma", timeout=timeout)
        if on_gpu := replay_on_gpu(source, cases, self.settings, timeout=timeout):
            runs["gpu"] = on_gpu
        return runs


def _doubtful(notes: Sequence[str]) -> int:
    """Elements that near ties may have moved without a mark: silent threads and stores whose place a tie decided."""
    for note in notes:
        word, _, numbers = note.partition(" ")
        if word == "near-ties":
            _, silent, displaced = map(int, numbers.split())
            return silent + displaced
    return 0
