"""Every exit code that cuport can end with."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """`cuport run` is the exception: it ends with the program's own code."""

    OK = 0
    REJECTED = 1
    USAGE = 2
    UNDECIDED = 3
    INTERRUPTED = 130
