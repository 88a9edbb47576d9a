"""Deliberately broken twins of corpus programs: the checked build finds what is wrong, and where."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.corpus.programs import ROOT

from cuport.oracle import OracleSettings
from cuport.oracle.program import build_for, run_checked

TWINS = tomllib.loads((Path(__file__).parent / "broken.toml").read_text(encoding="utf-8"))["twin"]


def broken(twin: dict[str, Any]) -> str:
    """The program's text with one line changed."""
    name = twin["program"]
    lines = (ROOT / name / f"{name}.cu").read_text(encoding="utf-8").split("\n")
    places = [i for i, line in enumerate(lines) if line.strip() == twin["line"]]
    lines[places[twin["nth"]]] = twin["replace"]
    return "\n".join(lines)


@pytest.mark.parametrize("twin", TWINS, ids=lambda t: f"{t['program']}-{t['fault'].replace(' ', '-')}")
def test_the_checked_build_finds_it(twin: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / f"{twin['program']}.cu"
    path.write_text(broken(twin), encoding="utf-8")
    settings = OracleSettings(cache_dir=tmp_path / "cache")
    program, executable = build_for([path], settings, checked=True)
    result = run_checked(program, executable, [], settings, cwd=tmp_path)
    lines = path.read_text(encoding="utf-8").split("\n")
    found = {(f.kind, lines[f.line - 1].strip()) for f in result.faults if f.line}
    assert (twin["kind"], twin["at"]) in found, found or result.stderr
