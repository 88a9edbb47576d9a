"""From comparisons to one verdict: counterexample, evidence, and the sentence that says why."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cuport.case import Arg, Case, PointerArg, ScalarArg, StructArg
from cuport.judge.compare import ChannelResult, Comparison
from cuport.judge.settings import JudgeSettings
from cuport.kernel import Kernel
from cuport.verdict import Counterexample


def launch_text(case: Case, kernel: Kernel) -> str:
    """`k<float, 256> grid (4, 1, 1) block (256, 1, 1) n=1023`: what a person needs to know of a launch."""
    head = f"{case.instance} " if "<" in case.instance else ""
    parts = [f"{head}grid {case.grid} block {case.block}"]
    if case.shared_bytes:
        parts.append(f"shared {case.shared_bytes} bytes")
    names = [*kernel.param_names, *(f"arg{i}" for i in range(len(kernel.param_names), len(case.args)))]
    for name, arg in zip(names, case.args, strict=False):
        parts += _scalars(name, arg)
    return " ".join(parts)


def _scalars(name: str, arg: Arg) -> list[str]:
    if isinstance(arg, ScalarArg):
        return [f"{name}={arg.value:.9g}" if isinstance(arg.value, float) else f"{name}={arg.value}"]
    if isinstance(arg, PointerArg):
        return [f"{name}=nullptr"] if arg.buffer is None else []
    assert isinstance(arg, StructArg)
    return [text for field, inner in arg.fields for text in _scalars(f"{name}.{field}", inner)]


def replay_command(source: str, port: str, kernel: str, case_digest: str, seed: int, options: Sequence[str]) -> str:
    """The command line that judges this case again. `options`: what the source was read and run with (-D, -I, -a)."""
    words = ["cuport", "verify", source, port, "--kernel", kernel, "--case", case_digest[:12], "--seed", str(seed)]
    return shlex.join([*words, *options])


def port_path(source: str, target: str) -> str:
    """Where a port of this source lies by convention."""
    path = Path(source)
    return str(path.with_name(f"{path.stem}_{target}.py"))


def counterexample(comparison: Comparison, kernel: Kernel, seed: int, replay: str) -> Counterexample | None:
    """The first differing element of a case; None where nothing could be compared element by element."""
    first = comparison.first
    if first is None:
        return None
    result, flat = first
    case = comparison.yardstick.reference.case
    channel = result.channel
    index = tuple(int(i) for i in np.unravel_index(flat, channel.shape)) if channel.shape else (0,)
    allowed = channel.far if channel.touched[flat] else np.zeros(1)
    return Counterexample(
        case=case.label or case.origin,
        case_digest=case.digest,
        seed=seed,
        buffer=channel.name,
        index=index,
        expected=_number(channel.expected[flat]),
        got=_number(result.got[flat]),
        bound=float(allowed[flat]) if channel.touched[flat] and channel.format is not None else 0.0,
        differing=int(result.differs.sum()),
        elements=int(result.differs.size),
        launch=launch_text(case, kernel),
        replay=replay,
    )


def _number(value: object) -> float | int:
    scalar = np.asarray(value)
    if scalar.dtype.kind in "biu":
        return int(scalar)
    return float(scalar.astype(np.float64))


def smallest(comparisons: Sequence[Comparison]) -> Comparison:
    """The case that is easiest to look at: fewest threads, then fewest bytes."""

    def size(c: Comparison) -> tuple[int, int, int]:
        case = c.yardstick.reference.case
        return bool(c.malformed), case.threads, sum(b.data.nbytes for b in case.buffers)

    return min(comparisons, key=size)


def rejection_reason(rejecting: Sequence[Comparison], total: int, settings: JudgeSettings) -> str:
    """One sentence on how it differs. The last clause is the tier SUSPECT: told apart in words, never accepted."""
    worst = smallest(rejecting)
    if worst.malformed:
        return worst.malformed
    first = worst.first
    assert first is not None
    result, _ = first
    said = f"differs from the original in {len(rejecting)} of {total} cases"
    share = f"{int(result.differs.sum())} of {result.differs.size} elements of `{result.channel.name}` in the smallest"
    ratios = [_worst_ratio(r) for c in rejecting for r in c.results if bool(r.differs.any())]
    if ratios and all(0 < ratio <= settings.suspect_ratio for ratio in ratios):
        return (
            f"{said} ({share}), by up to {max(ratios):.3g} times the allowed error: suspect, either a constant or a "
            "function is slightly wrong, or the formula was rewritten into a worse conditioned one"
        )
    return f"{said} ({share})"


def _worst_ratio(result: ChannelResult) -> float:
    """Largest error in bounds among the differing elements; infinite where there is nothing to measure by."""
    channel = result.channel
    if channel.format is None:
        return float("inf")
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        error = np.abs(result.got.astype(np.float64) - channel.value)
        ratios = np.where(channel.touched, error / channel.far, np.inf)[result.differs]
    return float(np.where(np.isnan(ratios), np.inf, ratios).max(initial=0.0))
