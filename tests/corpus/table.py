"""`make corpus`: every program of corpus/ in all three schedules, as one table. Exit code 1 if one does not pass."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from tests.corpus.programs import SCHEDULES, Entry, entries, run

from cuport.oracle import Oracle


def row(entry: Entry, oracle: Oracle) -> tuple[Entry, dict[str, tuple[str, float]]]:
    """For each schedule how the program ended, and after how many seconds; the first includes the compiler's."""
    ended = {}
    for schedule in SCHEDULES:
        begin = time.monotonic()
        ended[schedule] = run(entry, oracle, schedule), time.monotonic() - begin
    return entry, ended


def main(names: list[str]) -> int:
    chosen = [e for e in entries() if not names or e.name in names]
    console = Console(width=None if sys.stdout.isatty() else 120)
    oracle, begin = Oracle(), time.monotonic()
    table = Table("program", "class", "kernels", *SCHEDULES, title="corpus", title_justify="left", box=None)
    failures: dict[str, list[str]] = {}
    passed = 0
    with Progress(console=Console(stderr=True), transient=True) as progress, ThreadPoolExecutor(os.cpu_count()) as pool:
        task = progress.add_task("running", total=len(chosen))
        for entry, ended in pool.map(lambda e: row(e, oracle), chosen):
            progress.advance(task)
            cells = []
            for schedule, (outcome, seconds) in ended.items():
                good = outcome == "PASS"
                cells.append(f"{'[green]PASS[/]' if good else '[red]FAIL[/]'} {seconds:5.1f} s")
                passed += good
                if not good:
                    failures.setdefault(f"{entry.name}: {outcome}", []).append(schedule)
            kernels = "-" if any(o != "PASS" for o, _ in ended.values()) else str(len(entry.source.kernels))
            table.add_row(entry.name, entry.kind, kernels, *cells)
    console.print(table)
    for failure, when in failures.items():
        console.print(f"({', '.join(when)}) {failure}", markup=False, highlight=False)
    total = len(chosen) * len(SCHEDULES)
    console.print(f"{len(chosen)} programs, {passed} of {total} runs PASS, {time.monotonic() - begin:.0f} s")
    return 0 if passed == total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
