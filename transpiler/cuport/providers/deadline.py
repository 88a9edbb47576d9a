"""Running one coroutine under a deadline that nothing inside it can stretch.

A client's own timeouts hold for one read or one connect; retries, waits for Retry-After and a server that trickles a
byte a second add up. Cancelling the whole coroutine bounds their sum. It runs in a thread of its own, so that callers
inside an event loop work too, and so that a name lookup that hangs in the C library cannot hold the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from cuport import interrupt

T = TypeVar("T")

_TICK = 0.25  # seconds between looks at whether the run was interrupted
_GRACE = 1.0  # seconds for the cancelled coroutine to close its connection


def bounded(start: Callable[[], Coroutine[Any, Any, T]], deadline: float) -> T:
    """The coroutine's result or its exception; TimeoutError once `time.monotonic()` passes `deadline`."""
    outcome: Future[T] = Future()
    loop = asyncio.new_event_loop()

    async def limited() -> T:
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            return await start()

    def work() -> None:
        try:
            outcome.set_result(loop.run_until_complete(limited()))
        except BaseException as error:  # handed to the caller, who raises it
            outcome.set_exception(error)
        finally:
            loop.close()

    threading.Thread(target=work, name="cuport-provider", daemon=True).start()
    try:
        while not outcome.done() and time.monotonic() < deadline + _GRACE:
            interrupt.check()
            with contextlib.suppress(TimeoutError):
                outcome.exception(timeout=_TICK)
        return outcome.result(timeout=0)
    except BaseException:
        if not outcome.done():  # Ctrl-C, or a hung lookup: end the exchange rather than leave it running
            with contextlib.suppress(RuntimeError):  # the loop closed in this very moment
                loop.call_soon_threadsafe(_cancel_all, loop)
        raise


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
