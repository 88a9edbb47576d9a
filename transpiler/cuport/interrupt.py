"""One flag for the whole process: someone asked the run to end (Ctrl-C, SIGTERM).

Python delivers a signal to the main thread only. Work in other threads looks at this flag wherever it waits for a
child process or an answer, ends what it started, and unwinds with KeyboardInterrupt.
"""

from __future__ import annotations

import threading

_asked = threading.Event()


def ask() -> None:
    """Have every thread that works stop at its next look."""
    _asked.set()


def clear() -> None:
    """Forget the wish, once every thread it was meant for has ended."""
    _asked.clear()


def check() -> None:
    """Raise KeyboardInterrupt if the run was asked to end. Cheap; call it at least every half second of waiting."""
    if _asked.is_set():
        raise KeyboardInterrupt
