"""The folder in which results and builds are kept, or one for this run alone where that cannot be written."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cuport.diagnostic import Diagnostic


@contextlib.contextmanager
def cache_folder(wanted: Path) -> Iterator[tuple[Path, tuple[Diagnostic, ...]]]:
    """`wanted` if it can be written, else a temporary folder, removed afterwards, and a warning that says so."""
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            pass
    except OSError as error:
        why = Diagnostic(
            "store.unavailable",
            f"{wanted} cannot be used ({error.strerror or error}); results and builds of this run are not kept",
            hint="set CUPORT_CACHE_DIR to a folder you can write to",
            severity="warning",
        )
        with tempfile.TemporaryDirectory(prefix="cuport-cache-", ignore_cleanup_errors=True) as folder:
            yield Path(folder), (why,)
    else:
        yield wanted, ()
