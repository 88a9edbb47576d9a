"""C++ programs that exercise the shadow scalar by itself, without the CUDA runtime around it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import cuport.oracle.runtime

RUNTIME = Path(cuport.oracle.runtime.__file__).parent
COMPILER = shutil.which("g++") or shutil.which("clang++")

HEAD = """
#include <cstdio>
#include <cstdlib>
#include "shadow.h"
#define __expf cuport::fast_expf
#define __fdividef cuport::fast_divide
"""


def compile_program(directory: Path, text: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Compile to `directory/program`; the result says whether that worked and why not."""
    source = directory / "program.cpp"
    source.write_text(HEAD + text)
    assert COMPILER, "a C++ compiler is needed"
    command = [COMPILER, "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", *flags]
    return subprocess.run(
        [*command, f"-I{RUNTIME}", str(source), "-o", str(directory / "program")],
        capture_output=True,
        text=True,
        check=False,
    )


def run_program(directory: Path, text: str, *flags: str) -> str:
    built = compile_program(directory, text, *flags)
    assert built.returncode == 0, built.stderr
    return subprocess.run([str(directory / "program")], capture_output=True, text=True, check=True).stdout


Compile = Callable[..., "subprocess.CompletedProcess[str]"]
Run = Callable[..., str]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    return lambda text, *flags: compile_program(tmp_path_factory.mktemp("shadow"), text, *flags)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return lambda text, *flags: run_program(tmp_path_factory.mktemp("shadow"), text, *flags)
