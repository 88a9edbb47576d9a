"""Tasks side by side on one machine. The heavy work of a task happens in its own processes, so threads suffice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def run_all(tasks: Iterable[T], work: Callable[[T], R], jobs: int = 0) -> Iterator[tuple[T, R | BaseException]]:
    """Yield each task with its result or its exception, as they end. Interrupting cancels what has not begun."""
    todo = list(tasks)
    if not todo:
        return
    pool = ThreadPoolExecutor(max_workers=min(jobs or cores(), len(todo)))
    waiting: dict[Future[R], T] = {pool.submit(work, task): task for task in todo}
    try:
        while waiting:
            # a bounded wait lets Ctrl-C through on every platform
            done, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                task = waiting.pop(future)
                error = future.exception()
                yield task, error if error is not None else future.result()
    finally:
        pool.shutdown(wait=not waiting, cancel_futures=True)


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
