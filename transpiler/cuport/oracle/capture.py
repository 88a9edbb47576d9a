"""Running a program and keeping its launches (runtime/cuport/capture.h writes them)."""

from __future__ import annotations

import json
import re
import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cuport.case import Buffer, Case
from cuport.diagnostic import Diagnostic, Span, fail
from cuport.kernel import Source
from cuport.oracle.layout import argument, array_of
from cuport.oracle.program import Program, build_program, run_built
from cuport.oracle.results import Capture, CaptureReport, ProgramResult, Schedule
from cuport.oracle.settings import OracleSettings


def run_program(
    source: Source,
    args: Sequence[str],
    settings: OracleSettings,
    *,
    schedule: Schedule = "forward",
    seed: int = 0,
    timeout: float = 60.0,
    capture: Path | None = None,
    passthrough: bool = False,
) -> ProgramResult:
    """Build the program and run it in the folder of its source. Raises CuportError if it cannot be built."""
    program = Program((source,))
    executable = build_program(program, settings)
    return run_built(
        executable,
        args,
        settings,
        cwd=Path(source.path).resolve().parent,
        schedule=schedule,
        seed=seed,
        timeout=timeout,
        capture=capture,
        passthrough=passthrough,
        name=program.name,
    )


def capture_program(source: Source, args: Sequence[str], settings: OracleSettings, timeout: float) -> CaptureReport:
    """Run the program once and read its launches. Raises CuportError if it fails, crashes or does not end."""
    with tempfile.TemporaryDirectory(prefix="cuport-capture-") as folder:
        result = run_program(source, args, settings, timeout=timeout, capture=Path(folder))
        check_result(source.path, result, timeout)
        summary = read_summary(Path(folder))
        captures = [read_capture(path) for path in sorted(Path(folder).glob("*.case"))]
    notes = left_out(summary, [source])
    return CaptureReport(tuple(captures), int(summary.get("launches", len(captures))), notes)


def check_result(path: str, result: ProgramResult, timeout: float) -> None:
    """Raises CuportError unless the program ended by itself with exit code 0."""
    span = Span(path, 1)
    if result.timed_out:
        raise fail(
            "oracle.timeout",
            f"the program did not end within {timeout:g} s",
            span=span,
            hint="give it a smaller problem (by arguments or -D), or a longer program_timeout (CUPORT_PROGRAM_TIMEOUT)",
        )
    if result.returncode == 0:
        return
    said = [line for line in (result.stderr or result.stdout).strip().splitlines() if line.strip()][-3:]
    words = f"; it said: {' | '.join(said)[:400]}" if said else ""
    if result.returncode < 0 or result.returncode in (134, 136, 139):
        number = -result.returncode if result.returncode < 0 else result.returncode - 128
        hint = f"`cuport run {path}` runs it alone; faults of its kernels: `cuport inspect --cases {path}`"
        raise fail(
            "oracle.crash", f"the program was ended by signal {number}{_signal(number)}{words}", span=span, hint=hint
        )
    hint = f"the original must succeed before a port can be compared with it; `cuport run {path}` runs it alone"
    raise fail(
        "oracle.program-failed", f"the program ended with exit code {result.returncode}{words}", span=span, hint=hint
    )


def _signal(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""


def read_summary(folder: Path) -> dict[str, Any]:
    """What a run that captured says of its launches; empty if it did not end."""
    path = folder / "summary.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def left_out(summary: Mapping[str, Any], sources: Sequence[Source]) -> tuple[Diagnostic, ...]:
    """The launches that were not kept, and why."""
    return tuple(
        Diagnostic(
            "oracle.not-captured",
            f"a launch of {left['instance'] or 'a kernel known only by its address'} was not kept: {left['why']}",
            _span(left["instance"], sources),
            severity="warning",
        )
        for left in summary.get("left_out", ())
    )


def _span(instance: str, sources: Sequence[Source]) -> Span:
    """Where the kernel of an instance is defined."""
    name = instance.split("<")[0].strip()
    kernels = (k for source in sources for k in source.kernels)
    return next((k.span for k in kernels if name in (k.qualified, k.python_name)), Span(sources[0].path, 1))


def read_capture(path: Path) -> Capture:
    """One file of a captured launch."""
    with path.open("rb") as file:
        head = json.loads(file.readline().decode(errors="replace"))
        before = [file.read(b["bytes"]) for b in head["buffers"]]
        after = [file.read(b["bytes"]) for b in head["buffers"]]
    number = int(re.sub(r"\D", "", path.stem) or 0)
    case = Case(
        kernel=head["kernel"],
        instance=head["instance"],
        grid=_dim3(head["grid"]),
        block=_dim3(head["block"]),
        shared_bytes=int(head["shared"]),
        args=tuple(argument(a) for a in head["args"]),
        buffers=tuple(
            Buffer(b["name"], array_of(raw, b["type"])) for b, raw in zip(head["buffers"], before, strict=True)
        ),
        template_args=tuple((name, value) for name, _, value in head["template"]),
        globals=tuple(sorted(head["globals"].items())),
        label=f"launch {number}",
    )
    outputs = tuple(array_of(raw, b["type"]) for b, raw in zip(head["buffers"], after, strict=True))
    return Capture(case, outputs)


def _dim3(values: Sequence[int]) -> tuple[int, int, int]:
    x, y, z = values
    return int(x), int(y), int(z)
