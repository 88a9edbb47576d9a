"""`port(code)` loads a translation file into this process as the sandboxed worker would, and runs or compiles it.

Triton is patched for the whole process on first use: tests elsewhere that need Triton as it is start a process.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from cuport.candidate import BuildRecord
from cuport.sandbox.call import Call, DType, Scalar, Value, View
from cuport.sandbox.contract import Contract
from cuport.targets.triton import worker

HEAD = """\
import math

import torch
import triton
import triton.language as tl
from triton.language.extra import libdevice

"""
_numbers = itertools.count()


class Double(float):
    """A scalar that CUDA passes as a double."""


class Port:
    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def call(self, name: str, args: dict[str, Any], extras: dict[str, Any]) -> tuple[Contract, Call]:
        buffers: list[np.ndarray] = []
        values: list[Value] = []
        for key, value in args.items():
            if isinstance(value, np.ndarray):
                lanes = value.shape[1] if value.ndim == 2 else 1
                values.append(View(key, len(buffers), 0, value.dtype.name, lanes, len(value)))
                buffers.append(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
            elif isinstance(value, bool):
                values.append(Scalar("bool", value))
            elif isinstance(value, float):
                values.append(Scalar("float64" if isinstance(value, Double) else "float32", float(value)))
            elif isinstance(value, int):
                values.append(Scalar("int32" if -(2**31) <= value < 2**31 else "int64", value))
            else:
                values.append(value)
        names = tuple((k, k) for k in extras if k not in ("grid", "block", "shared_bytes"))
        contract = Contract(name, name, tuple(args), names)
        given = {k: DType(v) if isinstance(v, str) else v for k, v in extras.items()}
        return contract, Call(0, tuple(args), tuple(values), given, tuple(buffers))

    def run(self, name: str, extras: dict[str, Any] | None = None, **args: Any) -> dict[str, np.ndarray]:
        """The array arguments after the port ran on them."""
        contract, call = self.call(name, args, extras or {})
        results = worker.call(self.module, contract, call)
        arrays = [(key, value) for key, value in args.items() if isinstance(value, np.ndarray)]
        return {
            key: np.asarray(results[i]).view(value.dtype).reshape(value.shape) for i, (key, value) in enumerate(arrays)
        }

    def build(self, name: str, *launches: dict[str, Any]) -> tuple[list[BuildRecord], list[str]]:
        """Build records and notes for launches given by their arguments."""
        pairs = [self.call(name, args, {}) for args in launches]
        told = list(worker.build(self.module, pairs[0][0], [call for _, call in pairs]))
        return [r for r in told if isinstance(r, BuildRecord)], [r for r in told if isinstance(r, str)]


@pytest.fixture(scope="session")
def triton_ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    pytest.importorskip("triton")
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("triton")
    before = dict(os.environ)
    os.environ["TMPDIR"] = str(folder)
    worker.prepare("execute", "cpu")
    yield folder
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def port(triton_ready: Path) -> Callable[[str], Port]:
    def load(code: str) -> Port:
        path = triton_ready / f"port{next(_numbers)}.py"
        path.write_text(HEAD + code)
        return Port(worker.load(path, "execute"))

    return load
