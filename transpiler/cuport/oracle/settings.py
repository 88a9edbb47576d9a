"""Where the oracle keeps what it builds, and how much a program may use."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs


def _cache_dir() -> Path:
    return Path(os.environ.get("CUPORT_CACHE_DIR") or platformdirs.user_cache_dir("cuport"))


@dataclass(frozen=True)
class OracleSettings:
    cache_dir: Path = field(default_factory=_cache_dir)
    memory: int = 12 << 30  # bytes of data a program may have
    compile_timeout: float = 180.0  # seconds
    output_limit: int = 16 << 20  # bytes kept of each of a program's output streams
    capture_launches: int = 96  # launches kept of one run
    capture_per_shape: int = 3  # of each distinct (instance, grid, block, shared bytes, buffer sizes)
    capture_bytes: int = 64 << 20  # of one launch, before and after together
    capture_total: int = 512 << 20  # of one run
