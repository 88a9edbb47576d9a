import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cuport.store import Store

VERDICT = {"source": "a.cu", "kernel": "k", "target": "jax", "status": "ACCEPTED", "reason": ""}


def test_a_verdict_comes_back_after_reopening(tmp_path: Path) -> None:
    with Store(tmp_path / "deep" / "store.sqlite") as store:
        store.put_verdict("key", VERDICT)
    with Store(tmp_path / "deep" / "store.sqlite") as store:
        assert store.verdict("key") == VERDICT
        assert store.verdict("other") is None
        assert store.diagnostics == []


@pytest.mark.parametrize("content", [b"", b"not a database at all, but longer than a header" * 50])
def test_a_file_that_is_no_database_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    with Store(path) as store:
        store.put_verdict("key", VERDICT)
        assert store.verdict("key") == VERDICT
        assert [d.code for d in store.diagnostics] == (["store.rebuilt"] if content else [])
    kept = list(tmp_path.glob("store.sqlite.broken-*"))
    assert [p.read_bytes() for p in kept] == ([content] if content else [])


def test_a_database_damaged_in_the_middle_costs_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with Store(path) as store:
        for i in range(200):
            store.put_blob(f"k{i}", "reference", bytes(2000))
    data = bytearray(path.read_bytes())
    data[4096 : len(data) - 4096] = b"\xff" * (len(data) - 8192)
    path.write_bytes(data)
    with Store(path) as store:
        for i in range(200):
            assert store.blob(f"k{i}") in (None, bytes(2000))
        store.put_verdict("key", VERDICT)
        assert store.verdict("key") == VERDICT


def test_another_schema_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 999")
    with Store(path) as store:
        assert store.verdict("key") is None
        assert [d.code for d in store.diagnostics] == ["store.rebuilt"]


def test_a_folder_that_cannot_be_made_means_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with Store(tmp_path / "file" / "store.sqlite") as store:
        store.put_verdict("key", VERDICT)
        assert store.verdict("key") == VERDICT
        assert [d.code for d in store.diagnostics] == ["store.unavailable"]
        assert "CUPORT_CACHE_DIR" in store.diagnostics[0].hint


def test_a_full_disk_loses_entries_and_says_so_once(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages + 2}")  # SQLite's own full-disk error
        for i in range(5):
            store.put_blob(f"k{i}", "reference", bytes(50_000))
        assert store.blob("k4") is None
        assert [d.code for d in store.diagnostics] == ["store.unavailable"]


WRITER = """
import sys
from pathlib import Path
from cuport.store import Store
with Store(Path(sys.argv[1])) as store:
    for i in range(int(sys.argv[2]), int(sys.argv[2]) + 50):
        store.put_verdict(f"key{i}", dict(source="a.cu", kernel="k", target="jax", status="ACCEPTED", reason=""))
    assert not store.diagnostics, store.diagnostics
"""


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(50 * i)]) for i in range(4)]
    assert [w.wait() for w in writers] == [0] * 4
    with Store(path) as store:
        assert all(store.verdict(f"key{i}") == VERDICT for i in range(200))


def test_old_blobs_leave_when_the_limit_is_passed(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite", blob_limit=100_000) as store:
        for i in range(40):
            store.put_blob(f"k{i}", "reference", bytes(10_000))
        kept = [i for i in range(40) if store.blob(f"k{i}") is not None]
        assert kept and kept[-1] == 39 and 10_000 * len(kept) <= 100_000
