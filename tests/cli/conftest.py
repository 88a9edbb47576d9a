import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests (and workers) of this run: what one test built and judged the next need not."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cuport-cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def environment(tmp_path: Path, shared_cache: Path) -> dict[str, str]:
    """What a user's shell has, without our own settings and without keys; HOME is empty."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CUPORT_", "OPENAI_", "AZURE_"))}
    clean |= {"HOME": str(tmp_path / "home"), "NO_COLOR": "1", "COLUMNS": "160", "TERM": "dumb"}
    return clean | {"CUPORT_CACHE_DIR": str(shared_cache)}


@pytest.fixture
def cuport(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run the command as a user does, in an empty folder. Environment variables given as None are taken away."""

    def run(
        *words: str | Path, env: dict[str, str | None] | None = None, timeout: float = 900, cwd: Path = tmp_path
    ) -> subprocess.CompletedProcess[str]:
        told = environment | (env or {})
        return subprocess.run(
            [sys.executable, "-m", "cuport", *map(str, words)],
            cwd=cwd,
            env={k: v for k, v in told.items() if v is not None},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run
