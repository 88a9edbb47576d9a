"""The C++ compiler on this machine, as a command; its preprocessor is the one used for reading."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys


def find_compiler() -> list[str] | None:
    """`$CXX` if it exists, else g++, clang++ or c++ on PATH, else the `ziglang` package; None if there is none."""
    wanted = shlex.split(os.environ.get("CXX", ""))
    if wanted and shutil.which(wanted[0]):
        return wanted
    for name in ("g++", "clang++", "c++"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "c++"]
    return None
