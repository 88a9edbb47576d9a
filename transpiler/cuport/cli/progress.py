"""Live progress on stderr: what each worker is doing on a terminal, one line a verdict elsewhere."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter, deque
from types import TracebackType

from rich.live import Live
from rich.table import Table
from rich.text import Text

from cuport.review.screen import Screen, printable
from cuport.review.text import STYLE, short
from cuport.verdict import Status, Verdict

_RECENT = 5  # verdicts that stay in view


class LiveProgress:
    """Implements `pipeline.Progress`. Use as a context manager; `quiet` shows nothing at all.

    On a terminal everything it shows goes away at the end, since the report says it again.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.console = Screen(stderr=True)
        self._quiet, self._verbose = quiet, verbose
        self._lock = threading.Lock()
        self._doing: dict[int, tuple[str, str, float]] = {}  # thread -> subject, stage, since
        self._recent: deque[Text] = deque(maxlen=_RECENT)
        self._totals: Counter[Status] = Counter()
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
            self._doing[threading.get_ident()] = (printable(subject), stage, time.monotonic())
        if self._verbose:
            self._print(Text(f"  {printable(subject)}: {stage}", "dim"))

    def verdict(self, verdict: Verdict) -> None:
        line = Text(no_wrap=True, overflow="ellipsis", style="dim" if verdict.cached else "")
        line.append(f"{verdict.status:<12}", STYLE[verdict.status])
        line.append(f" {printable(short(verdict.source))} {printable(verdict.kernel)} -> {verdict.target}")
        with self._lock:
            self._doing.pop(threading.get_ident(), None)
            self._totals[verdict.status] += 1
            self._recent.append(line)
        if self._live is None:
            self._print(line)

    def _print(self, line: Text) -> None:
        if not self._quiet:
            with contextlib.suppress(OSError):  # a full or closed stderr must not cost a verdict
                self.console.print(line, crop=False)

    def _view(self) -> Table:
        view = Table.grid()
        now = time.monotonic()
        with self._lock:
            for line in self._recent:
                view.add_row(line)
            if sum(self._totals.values()) > _RECENT:
                said = (f"{count} {status.value.lower()}" for status, count in sorted(self._totals.items()))
                view.add_row(Text(f"so far: {', '.join(said)}", "dim"))
            for subject, stage, since in self._doing.values():
                spinner = "|/-\\"[int(now * 6) % 4]
                row = Text(no_wrap=True, overflow="ellipsis")
                row.append(f"{spinner} ", "cyan").append(subject, "bold").append(f"  {stage}")
                row.append(f"  {now - since:.0f} s", "dim")
                view.add_row(row)
        return view
