"""Keys of the store: digests over everything that can change what is stored.

A verdict depends on the source with its headers, the port, the case file, the seed and budgets, and on the tools:
cuport's own code (oracle runtime, rules, judge, prompts), the C++ compiler, and the libraries that run ports.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable

from cuport.cuda.compiler import find_compiler
from cuport.environment import without_secrets
from cuport.oracle.gpu import find_gpu

_LIBRARIES = ("numpy", "ml_dtypes", "tree-sitter", "tree-sitter-cuda", "torch", "triton", "jax", "jaxlib")
_CODE = (".py", ".h", ".hpp", ".cuh", ".cpp", ".S", ".scm", ".j2")


def digest(*parts: object) -> str:
    """SHA-256 of the parts' JSON; sets and objects are refused rather than guessed at."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, allow_nan=True).encode()).hexdigest()


@cache
def package_digest() -> str:
    """SHA-256 over every file of the installed package that takes part in a verdict."""
    h = hashlib.sha256()
    for name, body in sorted(_files(resources.files("cuport"), "")):
        h.update(f"{name}:{len(body)}:".encode())
        h.update(body)
    return h.hexdigest()


def _files(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name not in ("__pycache__", "cli", "review"):  # they show verdicts, they do not make them
                found += _files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_CODE):
            found.append((prefix + entry.name, entry.read_bytes()))
    return found


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """Versions of all that takes part, found without importing any of it."""
    found = [("cuport", _version("cuport")), ("python", platform.python_version()), ("machine", platform.machine())]
    found += [(name, v) for name in _LIBRARIES if (v := _version(name))]
    if compiler := compiler_version():
        found.append(("c++", compiler))
    if not isinstance(gpu := find_gpu(), str):
        found += [("gpu", f"{gpu.name} ({gpu.architecture}), driver {gpu.driver}"), ("nvcc", gpu.nvcc_version)]
    return tuple(found)


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


@cache
def compiler_version() -> str:
    """First line of the C++ compiler's --version, "" where there is none."""
    command = find_compiler()
    if command is None:
        return ""
    try:
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=60, check=False, env=without_secrets()
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.splitlines()[0] if done.stdout else ""


@cache
def tools_digest() -> str:
    """One digest for cuport's own code and the versions of everything it calls."""
    return digest(package_digest(), versions())
