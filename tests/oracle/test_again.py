"""A program is run again without being read only while nothing that made it has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuport.oracle.again import keep, note_of, recall


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUPORT_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def program(tmp_path: Path) -> tuple[Path, Path, Path]:
    source, header, executable = tmp_path / "a.cu", tmp_path / "a.h", tmp_path / "a.out"
    source.write_text('#include "a.h"\n')
    header.write_text("#define N 1\n")
    executable.write_text("")
    return source, header, executable


def test_what_was_kept_is_recalled(program: tuple[Path, Path, Path]) -> None:
    source, header, executable = program
    note = note_of([source], {"optimise": 2})
    assert recall(note) is None
    keep(note, executable, [str(source), str(header)], name="a")
    found = recall(note_of([source], {"optimise": 2}))
    assert found is not None
    assert (found["executable"], found["name"]) == (str(executable), "a")


def test_options_and_environment_count(program: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    source, _, _ = program
    note = note_of([source], {"optimise": 2})
    assert note != note_of([source], {"optimise": 3})
    monkeypatch.setenv("CXX", "some-other-compiler")
    assert note != note_of([source], {"optimise": 2})


def test_a_configuration_file_that_appears_counts(program: tuple[Path, Path, Path]) -> None:
    source, _, _ = program
    note = note_of([source], {})
    (source.parent / "cuport.toml").write_text("")
    assert note != note_of([source], {})


def test_a_changed_header_forgets(program: tuple[Path, Path, Path]) -> None:
    source, header, executable = program
    note = note_of([source], {})
    keep(note, executable, [str(source), str(header)])
    header.write_text("#define N 2\n")
    assert recall(note) is None
    header.write_text("#define N 1\n")
    assert recall(note) is not None
    header.unlink()
    assert recall(note) is None


def test_a_lost_executable_or_a_damaged_note_forgets(program: tuple[Path, Path, Path]) -> None:
    source, _, executable = program
    note = note_of([source], {})
    keep(note, executable, [str(source)])
    executable.unlink()
    assert recall(note) is None
    for damage in ("", "[]", "{}", '{"executable": 3}', "\0"):
        note.write_text(damage)
        assert recall(note) is None
