"""Mutated sources through all that reads them, each in a process apart: `python -m tests.adversarial.fuzz.walk 10000`.

Each source goes the way of `cuport inspect` (text and JSON) and of `cuport run --dry`. Whatever is not a
`CuportError`, takes longer than the limit or kills the process is a fault of ours and is kept.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from tests.adversarial.fuzz.mutations import mutant

ROOT = Path(__file__).parents[3]
SECONDS = 20  # most that one source may take, of CPU time


def sound_sources() -> list[str]:
    """The programs that are mutated: all of the repository's."""
    folders = ("examples", "corpus", "tests/oracle/programs")
    paths = sorted(p for folder in folders for p in (ROOT / folder).rglob("*.cu"))
    return [p.read_text(encoding="utf-8") for p in paths]


@contextmanager
def _limited(seconds: int):  # type: ignore[no-untyped-def]
    def late(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def read_through(path: Path) -> str:
    """How one source ends: "read", or the code of its diagnostic. Anything else is raised."""
    from cuport.cli.main import cli
    from cuport.cli.outcome import guarded

    codes = []
    for command in (
        ["inspect", str(path)],
        ["inspect", str(path), "--output-format", "json"],
        ["run", "--dry", str(path)],
    ):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = guarded(lambda command=command: cli.main(command, standalone_mode=False))
        said = out.getvalue() + err.getvalue()
        if "Traceback (most recent call last)" in said or "internal error" in said or "cuport.bug" in said:
            raise AssertionError(f"{' '.join(command)}:\n{said}")
        if code not in (0, 3):
            raise AssertionError(f"{' '.join(command)} ended with {code}:\n{said}")
        codes.append(str(code))
    return " ".join(codes)


def walk(seeds: Sequence[int]) -> list[tuple[int, str, str]]:
    """(seed, what was done, outcome) for each; an outcome that begins with "!" is a fault."""
    sources = sound_sources()
    results = []
    os.environ["CUPORT_DEBUG"] = "1"  # what is unexpected comes out as it is
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            text, done = mutant(seed, sources)
            path = Path(folder) / "mutant.cu"
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
            try:
                with _limited(SECONDS):
                    outcome = read_through(path)
            except BaseException:
                outcome = "!" + traceback.format_exc()
            results.append((seed, done, outcome))
    return results


def main(count: int, first: int = 0, jobs: int = 2) -> int:
    begin = time.monotonic()
    tally: Counter[str] = Counter()
    faults: list[tuple[int, str, str]] = []
    batches = [range(i, min(i + 25, first + count)) for i in range(first, first + count, 25)]
    for at in range(0, len(batches), 40):
        group = batches[at : at + 40]
        try:
            with ProcessPoolExecutor(jobs) as pool:
                found = [r for results in pool.map(walk, group) for r in results]
        except BrokenProcessPool:
            found = [(group[0][0], "?", f"!a process died among the seeds {group[0][0]}..{group[-1][-1]}")]
        for result in found:
            tally[result[2] if not result[2].startswith("!") else "FAULT"] += 1
            if result[2].startswith("!"):
                faults.append(result)
                print(f"seed {result[0]} ({result[1]}): {result[2][1:]}", flush=True)
        done = sum(tally.values())
        print(f"{done} of {count}, {len(faults)} faults, {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    for outcome, n in tally.most_common():
        print(f"{n:7d}  {outcome}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
