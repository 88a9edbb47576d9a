"""The text of a source's port that was accepted last, whole: what a review compares with."""

from __future__ import annotations

from pathlib import Path

from cuport.store import Store
from cuport.targets.base import Target


def remember(store: Store, source: Path, target: Target, code: str) -> None:
    """Keep a port whose every kernel was accepted."""
    store.put_blob(_key(source, target), "port", code.encode())


def recall(store: Store, source: Path, target: Target) -> str | None:
    """The text kept last on this machine, or None."""
    body = store.blob(_key(source, target))
    return body.decode() if body is not None else None


def _key(source: Path, target: Target) -> str:
    return f"accepted:{source.resolve()}:{target.name}"
