"""Tasks side by side on one machine. The heavy work of a task happens in its own processes, so threads suffice."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from typing import TypeVar

from cuport import interrupt

T = TypeVar("T")
R = TypeVar("R")

_GRACE_SECONDS = 5.0  # for interrupted tasks to end their processes and remove their temporary files


def run_all(
    tasks: Iterable[T], work: Callable[[T], R], jobs: int = 0
) -> Generator[tuple[T, R | BaseException], None, None]:
    """Yield each task with its result or its exception, as they end.

    Closing it early (Ctrl-C, an exception in the consumer) cancels what has not begun and has the rest stop; use it
    under `contextlib.closing`, so that this does not wait for the garbage collector.
    """
    todo = list(tasks)
    if not todo:
        return
    pool = ThreadPoolExecutor(max_workers=min(jobs or cores(), len(todo)), thread_name_prefix="cuport-task")
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
        if waiting:
            _stop(waiting)


def gather(tasks: Iterable[T], work: Callable[[T], R], jobs: int = 0) -> list[R | BaseException]:
    """Every task's result or exception, in the order of the tasks, whichever ended first."""
    numbered = list(enumerate(tasks))
    found: dict[int, R | BaseException] = {}
    with closing(run_all(numbered, lambda pair: work(pair[1]), jobs)) as results:
        for (number, _), result in results:
            found[number] = result
    return [found[number] for number, _ in numbered]


def _stop(running: Iterable[Future[R]]) -> None:
    """Ask the tasks that run to end, and give them a moment."""
    interrupt.ask()
    if not wait(running, timeout=_GRACE_SECONDS).not_done:
        interrupt.clear()


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
