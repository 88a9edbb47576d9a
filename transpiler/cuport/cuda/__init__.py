"""Reading CUDA: preprocess with a line map, parse, say what is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cuport.kernel import Source


def read(
    path: str | Path,
    *,
    include_dirs: Sequence[Path] = (),
    defines: Sequence[str] = (),
    standard: str = "c++17",
    without_kernels: bool = False,
) -> Source:
    """Read a .cu file: see `cuport.cuda.reading`. The parser is loaded at the first call."""
    from cuport.cuda.reading import read as read_file

    return read_file(
        path, include_dirs=include_dirs, defines=defines, standard=standard, without_kernels=without_kernels
    )
