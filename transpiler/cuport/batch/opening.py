"""A `Road` with its store and cache folder, opened for one command and closed after it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from cuport.keeper import kept
from cuport.pipeline import Progress, Road
from cuport.settings import Settings
from cuport.store import Store
from cuport.store.place import cache_folder


@contextlib.contextmanager
def open_road(settings: Settings, progress: Progress | None = None) -> Iterator[Road]:
    """What the store has to say stands in `road.store.diagnostics`, up to the end of the command."""
    with (
        cache_folder(settings.cache_dir) as (folder, notes),
        kept(folder),
        Store(folder / "store.sqlite") as store,
    ):
        store.diagnostics += notes
        yield Road(settings.model_copy(update={"cache_dir": folder}), store, progress)
