"""Live progress on stderr: what each worker is doing on a terminal, one line a verdict elsewhere."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cuport.review.text import STYLE
from cuport.verdict import Verdict


class LiveProgress:
    """Implements `pipeline.Progress`. Use as a context manager; `quiet` shows nothing at all."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.console = Console(stderr=True)
        self._quiet, self._verbose = quiet, verbose
        self._lock = threading.Lock()
        self._doing: dict[int, tuple[str, str, float]] = {}  # thread -> subject, stage, since
        self._live: Live | None = None

    def __enter__(self) -> LiveProgress:
        if not self._quiet and self.console.is_terminal and not self._verbose:
            self._live = Live(console=self.console, refresh_per_second=8, transient=True, get_renderable=self._view)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def stage(self, subject: str, stage: str) -> None:
        with self._lock:
            self._doing[threading.get_ident()] = (subject, stage, time.monotonic())
        if self._verbose and not self._quiet:
            self.console.print(Text(f"  {subject}: {stage}"), style="dim")

    def verdict(self, verdict: Verdict) -> None:
        with self._lock:
            self._doing.pop(threading.get_ident(), None)
        if not self._quiet:
            line = Text()
            line.append(f"{verdict.status:<12}", STYLE[verdict.status])
            line.append(f" {verdict.source} {verdict.kernel} -> {verdict.target}")
            self.console.print(line, style="dim" if verdict.cached else "")

    def _view(self) -> Table:
        table = Table.grid(padding=(0, 1))
        now = time.monotonic()
        with self._lock:
            for subject, stage, since in self._doing.values():
                spinner = "|/-\\"[int(now * 6) % 4]
                table.add_row(Text(spinner, "cyan"), Text(subject, "bold"), stage, Text(f"{now - since:.0f} s", "dim"))
        return table
