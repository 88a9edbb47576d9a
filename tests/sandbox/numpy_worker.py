"""A target for tests: a port takes numpy arrays and changes them in place. It needs nothing but numpy."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from cuport.candidate import BuildRecord
from cuport.sandbox.call import Call, DType, Records, Scalar, View
from cuport.sandbox.contract import Contract
from cuport.sandbox.worker import Device, Mode, Runtime


def prepare(mode: Mode, device: Device) -> Runtime:
    return Runtime("interpreted", (("numpy", np.__version__),), (f"prepared for {mode}",))


def load(path: Path, mode: Mode) -> ModuleType:
    spec = importlib.util.spec_from_file_location("port", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(module: ModuleType, contract: Contract, call: Call) -> Mapping[int, Any]:
    function = getattr(module, contract.function)
    buffers = tuple(np.array(raw) for raw in call.buffers)

    def value(given: Any) -> Any:
        if isinstance(given, Scalar):
            return given.value
        if isinstance(given, View):
            return given.of(buffers)
        if isinstance(given, Records):
            return {field.name: given.field_of(buffers, field) for field in given.fields}
        return np.dtype(given.name) if isinstance(given, DType) else given

    extras = {name: value(extra) for name, extra in contract.keywords(function, call).items()}
    returned = function(*map(value, call.args), **extras)
    return dict(enumerate(buffers)) if returned is None else returned


def build(module: ModuleType, contract: Contract, calls: Sequence[Call]) -> Iterator[BuildRecord | str]:
    for call in calls:
        yield BuildRecord("paper", "lowered", True, f"case {call.index}, pid {os.getpid()}")
        getattr(module, "while_building", int)()
    yield "a note"
