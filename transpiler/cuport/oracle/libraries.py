"""NVIDIA's CCCL: where its headers are and how a program that uses them is compiled.

CCCL's thrust is header-only and has a sequential system for plain C++, which runs here on our runtime's memory
(runtime/thrust). Its headers come from the package `nvidia-cuda-cccl` or from a CUDA toolkit on the machine.
"""

from __future__ import annotations

import importlib.util
import os
import re
from functools import cache
from pathlib import Path

from cuport.diagnostic import Diagnostic, Span
from cuport.kernel import Source

CCCL_HINT = "pip install 'nvidia-cuda-cccl>=13,<14' brings its headers; a CUDA toolkit (CUDA_HOME) has them as well"
_THRUST = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<thrust/", re.MULTILINE)
_CCCL = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<((?:cuda|nv|thrust)/[\w./]+)>", re.MULTILINE)
# The sequential system; no half types of its own, which look into the toolkit's; no profiling ranges.
_FLAGS = (
    "-DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP",
    "-DCCCL_DISABLE_FP16_SUPPORT",
    "-DCCCL_DISABLE_BF16_SUPPORT",
    "-DCCCL_IGNORE_DEPRECATED_API",
    "-DTHRUST_IGNORE_DEPRECATED_CPP_DIALECT",
    "-DNVTX_DISABLE",
)


def _places() -> list[Path]:
    """Folders that may hold `thrust/version.h`, the package first."""
    found: list[Path] = []
    try:
        spec = importlib.util.find_spec("nvidia")
    except (ImportError, ValueError):
        spec = None
    for root in (spec.submodule_search_locations or ()) if spec is not None else ():
        for kit in sorted(Path(root).glob("cu[0-9]*"), reverse=True):
            found += [kit / "include" / "cccl", kit / "include"]
        found.append(Path(root) / "cuda_cccl" / "include")
    homes = [os.environ[name] for name in ("CUDA_HOME", "CUDA_PATH") if os.environ.get(name)]
    homes += [str(p) for p in sorted(Path("/usr/local").glob("cuda*"), reverse=True)]
    for home in homes:
        found += [Path(home) / "include" / "cccl", Path(home) / "include"]
    found.append(Path("/usr/include"))
    return found


@cache
def find_cccl() -> tuple[Path, str] | None:
    """The include folder of CCCL and its version, or None."""
    for folder in _places():
        version = folder / "thrust" / "version.h"
        try:
            text = version.read_text(encoding="utf-8", errors="replace") if version.is_file() else ""
        except OSError:
            continue
        if match := re.search(r"^\s*#\s*define\s+THRUST_VERSION\s+(\d+)", text, re.MULTILINE):
            number = int(match[1])
            return folder, f"{number // 100000}.{number // 100 % 1000}.{number % 100}"
    return None


def _number(version: str) -> int:
    major, minor, patch = map(int, version.split("."))
    return major * 100000 + minor * 100 + patch


def missing(source: Source, text: str, runtime: Path) -> Diagnostic | None:
    """What to say of a program that needs CCCL on a machine without it."""
    if find_cccl() is not None:
        return None
    header = next((h for h in _CCCL.findall(text) if h.startswith("thrust/") or not (runtime / h).is_file()), None)
    if header is None:
        return None
    include = re.compile(rf"^[ \t]*#[ \t]*include[ \t]*<{re.escape(header)}>")
    for number, line in enumerate(source.text.split("\n"), 1):
        if include.match(line):
            span = Span(*source.original(number))
            break
    else:
        span = Span(source.path, 1)
    return Diagnostic("oracle.missing-cccl", f"<{header}> is part of NVIDIA's CCCL, which is not here", span, CCCL_HINT)


def compile_flags(text: str, runtime: Path) -> list[str]:
    """What the compiler needs for the libraries that a program text includes; nothing for most programs."""
    thrust = _THRUST.search(text) is not None
    foreign = any(not (runtime / name).is_file() for name in _CCCL.findall(text) if not name.startswith("thrust/"))
    if not thrust and not foreign:
        return []
    cccl = find_cccl()
    if cccl is None:
        return []
    return [
        *_FLAGS,
        f"-DCUPORT_CCCL={_number(cccl[1])}",
        *(["-DCUPORT_THRUST=1"] if thrust else []),
        "-isystem",
        str(cccl[0]),
    ]
