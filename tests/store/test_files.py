import json
import os
from pathlib import Path

import pytest

from cuport.diagnostic import CuportError
from cuport.store.evidence import evidence_text, to_json, verdict_from
from cuport.store.files import Places, check_writable, kept_port, places, text_digest, write_together, write_whole
from cuport.verdict import Counterexample, Evidence, Status, Verdict


def verdict() -> Verdict:
    example = Counterexample("n=0", "d", 1, "x", (3,), float("nan"), float("inf"), 0.5, 1, 10)
    evidence = Evidence(cases=3, digests=(("port", "abc"),), worst_ratio=0.25)
    return Verdict("a.cu", "k", "jax", Status.REJECTED, "differs", evidence, example)


def test_a_verdict_survives_strict_json() -> None:
    body = json.loads(to_json(verdict().to_dict()), parse_constant=pytest.fail)
    again = verdict_from(body)
    assert again is not None
    assert to_json(again.to_dict()) == to_json(verdict().to_dict())
    assert verdict_from({"status": "ACCEPTED"}) is None
    assert verdict_from(body | {"status": "FINE"}) is None


def test_a_file_appears_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "new" / "f.py", "one")
    os.chmod(tmp_path / "new" / "f.py", 0o640)
    write_whole(tmp_path / "new" / "f.py", "two")
    assert (tmp_path / "new" / "f.py").read_text() == "two"
    assert (tmp_path / "new" / "f.py").stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path / "new") == ["f.py"]


def test_an_unwritable_place_is_a_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for action in (lambda p: write_whole(p / "x" / "f.py", "text"), check_writable):
        with pytest.raises(CuportError) as raised:
            action(tmp_path / "file")
        assert raised.value.diagnostics[0].code == "record.unwritable"


def reason(where: Places, new: str, *kernels: str) -> str:
    kept = kept_port(where, new, kernels)
    return kept.code if kept else ""


def test_a_port_edited_by_hand_is_noticed(tmp_path: Path) -> None:
    where = places(tmp_path / "a.cu", "jax")
    assert reason(where, "new") == ""
    where.port.write_text("mine")
    assert reason(where, "new") == "record.hand-written"
    assert reason(where, "mine") == ""
    where.evidence.write_text(evidence_text("a.cu", "jax", text_digest("mine"), [verdict()]))
    assert reason(where, "new") == ""
    where.port.write_text("mine, edited")
    assert reason(where, "new") == "record.hand-written"
    where.evidence.write_text("[]")
    assert reason(where, "new") == "record.hand-written"


def test_a_port_of_more_kernels_is_not_replaced_by_one_of_fewer(tmp_path: Path) -> None:
    where = places(tmp_path / "a.cu", "jax")
    both = "def k(): pass\ndef helper(): pass\ndef m(): pass\n"
    where.port.write_text(both)
    where.evidence.write_text(evidence_text("a.cu", "jax", text_digest(both), [verdict()]))
    assert reason(where, "def k(): pass\ndef m(): return 1\n", "k", "m") == ""
    assert reason(where, "def k(): pass\n", "k", "m") == "record.would-drop"
    assert reason(where, "def k(): pass\n", "k") == "", "m is no kernel any more"


def test_files_appear_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "file").write_text("")
    with pytest.raises(CuportError):
        write_together([(tmp_path / "a", "new"), (tmp_path / "file" / "b", "new")])
    assert (tmp_path / "a").read_text() == "old" and sorted(os.listdir(tmp_path)) == ["a", "file"]
    write_together([(tmp_path / "a", "new"), (tmp_path / "b", "new")])
    assert [(tmp_path / n).read_text() for n in ("a", "b")] == ["new", "new"]
