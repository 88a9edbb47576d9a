"""Endings of the sources of a program."""

from __future__ import annotations

CUDA_SUFFIXES = (".cu", ".cuh")
HOST_SUFFIXES = (".cpp", ".cc", ".cxx", ".c++", ".C", ".c")
