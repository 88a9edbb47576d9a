"""The oracle: the user's own CUDA, compiled as C++ against our runtime, run on the CPU.

What it computes is what every port is judged by.
"""

from __future__ import annotations

from cuport.oracle.oracle import Oracle
from cuport.oracle.results import Capture, CaptureReport, Fault, ProgramResult, Replay
from cuport.oracle.settings import OracleSettings

__all__ = ["Capture", "CaptureReport", "Fault", "Oracle", "OracleSettings", "ProgramResult", "Replay"]
