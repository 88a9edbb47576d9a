"""The numpy test target, importable by the sandbox's child."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture
def numpy_target(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return SimpleNamespace(requires=("numpy",), worker="numpy_worker")
