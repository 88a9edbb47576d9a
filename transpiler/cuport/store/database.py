"""The store: one SQLite file for every verdict and every reference already computed.

Keys are content digests over everything that can change the value (see `cuport.store.keys`), so an entry is either
right or never found. Several processes may use one file (WAL). A file that is no database, or of another schema, is
moved aside and a new one begun: losing a cache costs time, never a verdict.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cuport.diagnostic import Diagnostic

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    key TEXT PRIMARY KEY, source TEXT NOT NULL, kernel TEXT NOT NULL, target TEXT NOT NULL,
    status TEXT NOT NULL, body TEXT NOT NULL, created REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blobs (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL, used REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS blobs_used ON blobs (used);
"""


class Store:
    """Open with a path, or None for a store that lives in memory and dies with the process.

    Never raises for a broken, locked or unwritable file: it goes on in memory and says so in `diagnostics`.
    Threads may share one Store.
    """

    def __init__(self, path: Path | None, *, blob_limit: int = 2 << 30) -> None:
        self.path = path
        self.diagnostics: list[Diagnostic] = []
        self._blob_limit = blob_limit
        self._lock = threading.RLock()
        self._db = self._open()

    # -- verdicts ------------------------------------------------------------------------------------------------

    def verdict(self, key: str) -> dict[str, Any] | None:
        """The verdict stored under this key as `Verdict.to_dict` gave it, or None."""
        row = self._read("SELECT body FROM verdicts WHERE key = ?", key)
        if row is None:
            return None
        try:
            body = json.loads(row[0])
        except json.JSONDecodeError:
            return None
        return body if isinstance(body, dict) else None

    def put_verdict(self, key: str, verdict: dict[str, Any]) -> None:
        row = (key, verdict["source"], verdict["kernel"], verdict["target"], verdict["status"])
        body = json.dumps(verdict, allow_nan=True)
        self._write("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?)", *row, body, time.time())

    # -- blobs ---------------------------------------------------------------------------------------------------

    def blob(self, key: str) -> bytes | None:
        """Bytes stored under this key (references, proposals), or None."""
        row = self._read("SELECT body FROM blobs WHERE key = ?", key)
        if row is None:
            return None
        self._write("UPDATE blobs SET used = ? WHERE key = ?", time.time(), key)
        return bytes(row[0])

    def put_blob(self, key: str, kind: str, body: bytes) -> None:
        """Keep bytes; the least recently used go once the whole exceeds the limit."""
        if len(body) > self._blob_limit // 4:
            return
        self._write("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?)", key, kind, body, time.time())
        self._evict()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- inside --------------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        if self.path is None:
            return self._connect(":memory:")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return self._in_memory(error)
        for attempt in range(2):
            try:
                return self._connect(str(self.path))
            except sqlite3.OperationalError as error:  # locked, read-only, full disk: the file itself may be sound
                return self._in_memory(error)
            except (sqlite3.DatabaseError, _OtherSchema) as error:
                if attempt or not self._move_aside(error):
                    return self._in_memory(error)
        raise AssertionError("unreachable")

    def _connect(self, path: str) -> sqlite3.Connection:
        db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            with _transaction(db):  # two processes may meet here: one creates, the other finds
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    for statement in _SCHEMA.split(";"):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                elif version != SCHEMA_VERSION:
                    raise _OtherSchema(f"schema {version}, this cuport writes {SCHEMA_VERSION}")
            db.execute("SELECT 1 FROM verdicts LIMIT 1").fetchone()
            db.execute("SELECT 1 FROM blobs LIMIT 1").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def _move_aside(self, error: Exception) -> bool:
        assert self.path is not None
        aside = self.path.with_name(f"{self.path.name}.broken-{time.time_ns()}")
        try:
            self.path.replace(aside)
            for suffix in ("-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        except FileNotFoundError:
            return True  # another process moved it first
        except OSError:
            return False
        self.diagnostics.append(
            Diagnostic(
                "store.rebuilt",
                f"the result store could not be read ({error}); it was moved to {aside} and a new one begun",
                hint="results are recomputed as needed; delete the moved file when you like",
                severity="warning",
            )
        )
        return True

    def _in_memory(self, error: Exception) -> sqlite3.Connection:
        self._warn(error)
        self.path = None
        return self._connect(":memory:")

    def _warn(self, error: Exception) -> None:
        if any(d.code == "store.unavailable" for d in self.diagnostics):
            return
        self.diagnostics.append(
            Diagnostic(
                "store.unavailable",
                f"the result store {self.path or ''} cannot be used ({error}); results of this run are not kept",
                hint="set CUPORT_CACHE_DIR to a folder you can write to",
                severity="warning",
            )
        )

    def _read(self, sql: str, *values: object) -> Any:
        with self._lock:
            try:
                return self._db.execute(sql, values).fetchone()
            except sqlite3.DatabaseError as error:
                self._recover(error)
                return None

    def _write(self, sql: str, *values: object) -> None:
        with self._lock:
            try:
                self._db.execute(sql, values)
            except sqlite3.DatabaseError as error:
                self._recover(error)

    def _recover(self, error: sqlite3.DatabaseError) -> None:
        """A full or locked disk costs one entry; a corrupted file is replaced.

        SQLite says a file is corrupted by a plain DatabaseError; its subclasses blame the call or the system.
        """
        if type(error) is not sqlite3.DatabaseError or self.path is None:
            self._warn(error)
            return
        self._db.close()
        self._db = self._open() if self._move_aside(error) else self._in_memory(error)

    def _evict(self) -> None:
        row = self._read("SELECT total(length(body)) FROM blobs")
        if row is not None and row[0] > self._blob_limit:
            oldest = "SELECT key FROM blobs ORDER BY used LIMIT max(1, (SELECT count(*) FROM blobs) / 4)"
            self._write(f"DELETE FROM blobs WHERE key IN ({oldest})")


class _OtherSchema(Exception):
    pass


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
