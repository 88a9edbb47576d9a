"""The oracle: the user's own CUDA, compiled as C++ against our runtime, run on the CPU.

What it computes is what every port is judged by. Its parts are imported when they are first asked for: running a
program that was built before needs few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cuport.oracle.oracle import Oracle
    from cuport.oracle.results import Capture, CaptureReport, Fault, ProgramResult, Replay
    from cuport.oracle.settings import OracleSettings

__all__ = ["Capture", "CaptureReport", "Fault", "Oracle", "OracleSettings", "ProgramResult", "Replay"]

_PLACES = {"Oracle": "oracle", "OracleSettings": "settings"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_PLACES.get(name, 'results')}"), name)
