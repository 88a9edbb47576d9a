from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.kernel import Source
from cuport.oracle import Oracle, OracleSettings


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """An oracle with an empty cache of its own."""
    return Oracle(OracleSettings(cache_dir=tmp_path_factory.mktemp("cache")))


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str], Source]:
    """Reads a program given as text."""

    def make(text: str, name: str = "program.cu") -> Source:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read(path)

    return make
