"""The child process: loads one port, runs it over every case of a job, writes raw arrays.

The parent believes nothing of this process but the bytes of the outputs, which it compares with values that this
process never sees. `TargetWorker` is what a target's worker module offers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal, Protocol, TypeAlias

from cuport.candidate import BuildRecord
from cuport.case import Array
from cuport.sandbox.call import Call
from cuport.sandbox.contract import Contract

Mode: TypeAlias = Literal["execute", "build"]
Device: TypeAlias = Literal["cpu", "gpu"]


@dataclass(frozen=True)
class Runtime:
    """What a target's worker says about itself, before any of the candidate's code has run."""

    how: Literal["gpu", "compiled-cpu", "interpreted"]
    versions: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


class TargetWorker(Protocol):
    """A target's module named by `Target.worker`; the functions are module-level. Order: prepare, load, call* or build.

    The module itself imports nothing heavy at its top. Exceptions mean: `ContractViolation` -> contract,
    `UnsupportedCall` -> unsupported, MemoryError -> memory, anything else -> exception, with the line in the port.
    """

    def prepare(self, mode: Mode, device: Device) -> Runtime:
        """Set environment variables, import the target's libraries. ImportError here means missing-target."""
        ...

    def load(self, path: Path, mode: Mode) -> ModuleType:
        """Import the translation file."""
        ...

    def call(self, module: ModuleType, contract: Contract, call: Call) -> Mapping[int, Array]:
        """Run `contract.function` on one case; give {buffer index: its new contents, all its bytes, any dtype}.

        A buffer that is left out is unchanged. The extras to pass are `contract.keywords(function, call)`.
        """
        ...

    def build(self, module: ModuleType, contract: Contract, calls: Sequence[Call]) -> Iterator[BuildRecord | str]:
        """Compile or lower once per distinct specialisation among `calls`. A str is a note for the evidence."""
        ...
