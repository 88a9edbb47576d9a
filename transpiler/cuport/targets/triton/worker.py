"""Inside the sandbox: runs a Triton port by interpreting its IR, and compiles it for NVIDIA and AMD without a GPU.

A case runs once plainly (forward order of programs, NaN poison) and, while time allows, again with programs and lanes
in another order and another poison; once for every configuration of `@triton.autotune`; and a few cases once more with
a watch for lanes that meet in memory without a barrier. Which configuration a case starts from depends on its contents,
so each is judged on many cases. Where passes differ beyond rounding, the result that differs most from the others is
handed to the judge: whatever is wrong in any order or configuration gets seen.
A template type parameter arrives as a `triton.language` dtype (`tl.float32`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from cuport.candidate import BuildRecord
from cuport.case import Array
from cuport.sandbox.call import Call, ContractViolation
from cuport.sandbox.contract import Contract
from cuport.sandbox.worker import Device, Mode, Runtime

STARTS_PROCESSES: tuple[Mode, ...] = ("build",)  # ptxas

_notes: list[str] = []


def prepare(mode: Mode, device: Device) -> Runtime:
    """Import torch and Triton, with Triton's own interpreter off and its cache inside the job."""
    from cuport.targets.triton.frontend import FP_FUSION, FP_FUSION_NOTE, install

    home = os.environ.get("TMPDIR", "/tmp")
    os.environ.pop("TRITON_INTERPRET", None)
    os.environ["TRITON_DEFAULT_FP_FUSION"] = FP_FUSION
    os.environ["TRITON_HOME"] = home
    os.environ["TRITON_CACHE_DIR"] = os.path.join(home, "triton-cache")
    import torch
    import triton

    torch.set_num_threads(1)
    install()
    versions = (("triton", triton.__version__), ("torch", torch.__version__))
    notes = (
        ("run from Triton's IR for sm_90 in cuport's interpreter, without FP contraction",)
        if mode == "execute"
        else (FP_FUSION_NOTE,)
    )
    return Runtime("interpreted", versions, notes)


def load(path: Path, mode: Mode) -> ModuleType:
    """Import the translation file under the name `port`, so that Triton can read its functions' source."""
    from cuport.targets.triton.host import Host
    from cuport.targets.triton.passes import renew

    renew()
    spec = spec_from_file_location("port", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["port"] = module
    with Host(lambda: 0):
        spec.loader.exec_module(module)
    return module


def call(module: ModuleType, contract: Contract, call: Call) -> Mapping[int, Array]:
    """Run the port on one case; every buffer's bytes afterwards."""
    from cuport.targets.triton.passes import run_case

    return run_case(_function(module, contract), contract, call, Path(str(module.__file__)))


def build(module: ModuleType, contract: Contract, calls: Sequence[Call]) -> Iterator[BuildRecord | str]:
    """Compile every specialisation that the calls need, for both platforms."""
    from cuport.targets.triton.compile import build_calls

    yield from build_calls(_function(module, contract), contract, calls, Path(str(module.__file__)))


def notes() -> Sequence[str]:
    """What the run could not show, gathered so far."""
    from cuport.targets.triton.passes import gathered_notes

    return gathered_notes()


def _function(module: ModuleType, contract: Contract) -> Any:
    function = getattr(module, contract.function, None)
    if not callable(function):
        raise ContractViolation(f"the file defines no `{contract.function}`; write `{contract.def_line}`")
    if hasattr(function, "fn") and hasattr(function, "arg_names"):
        raise ContractViolation(
            f"`{contract.function}` is a @triton.jit kernel; it has to be a plain function that launches one"
        )
    return function
