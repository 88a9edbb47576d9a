import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cuport(tmp_path: Path) -> Run:
    """Run the command as a user does, in an empty folder, with a home and a cache of its own."""

    def run(
        *words: str | Path, env: dict[str, str] | None = None, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("CUPORT_", "OPENAI_", "AZURE_"))}
        clean |= {"HOME": str(tmp_path / "home"), "NO_COLOR": "1", "COLUMNS": "160"}
        clean |= {"CUPORT_CACHE_DIR": os.environ.get("CUPORT_CACHE_DIR", str(tmp_path / "cache"))} | (env or {})
        command = [sys.executable, "-m", "cuport", *map(str, words)]
        return subprocess.run(
            command, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=timeout, check=False
        )

    return run
