"""The workers of the probes, importable by the sandbox's child."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_report_header() -> str:
    from cuport.sandbox import best_tier

    return f"sandbox: {best_tier()[0]}"


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "sandbox"))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
