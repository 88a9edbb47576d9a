"""The checked build has nothing to say of programs that are right: examples and corpus, in two orders of their threads.

Of the corpus every eighth program; all of them with CUPORT_TEST_CORPUS=1 (the builds take minutes).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cuport.oracle import Oracle
from cuport.oracle.program import build_for, run_checked

ROOT = Path(__file__).parents[2]
CORPUS = sorted(
    p for p in (ROOT / "corpus").glob("*/*.cu") if "main(" in p.read_text(encoding="utf-8", errors="replace")
)
CHOSEN = [
    *sorted((ROOT / "examples").glob("*/*.cu")),
    *(CORPUS if os.environ.get("CUPORT_TEST_CORPUS") else CORPUS[::8]),
]


@pytest.mark.parametrize("path", CHOSEN, ids=lambda p: p.stem)
def test_clean_program_is_silent(path: Path, oracle: Oracle) -> None:
    program, executable = build_for([path], oracle.settings, checked=True)
    for schedule in ("forward", "reverse"):
        result = run_checked(program, executable, (), oracle.settings, cwd=path.parent, schedule=schedule)  # type: ignore[arg-type]
        assert result.returncode == 0, result.stdout + result.stderr
        assert [f for f in result.faults if not f.benign] == []
