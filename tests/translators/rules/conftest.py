"""Lowering of small pieces of CUDA, and launches of the IR interpreter, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from cuport.case import Arg, Buffer, Case, PointerArg, ScalarArg
from cuport.cuda import read
from cuport.kernel import Source
from cuport.translators.rules import interpret, ir
from cuport.translators.rules.lower import lower_kernel

Dim = tuple[int, int, int]
TemplateArgs = tuple[tuple[str, int | bool | str], ...]


def _sibling(name: str) -> ModuleType:
    spec = util.spec_from_file_location(f"rules_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def programs() -> ModuleType:
    """Hand-written IR programs."""
    return _sibling("programs")


@pytest.fixture(scope="session")
def random_cuda() -> ModuleType:
    """The generator of random expressions."""
    return _sibling("random_cuda")


@pytest.fixture
def source_of(tmp_path: Path) -> Callable[[str], Source]:
    """A Source from text."""

    def make(text: str) -> Source:
        path = tmp_path / "program.cu"
        path.write_text(text)
        return read(path)

    return make


@pytest.fixture
def lower(source_of: Callable[[str], Source]) -> Callable[..., ir.Function]:
    """Lower the (only or named) kernel of a text for one set of template arguments."""

    def run(text: str, kernel: str = "k", template_args: TemplateArgs = (), args: Sequence[Arg] = ()) -> ir.Function:
        source = source_of(text)
        case = Case(kernel, kernel, (1, 1, 1), (32, 1, 1), 0, tuple(args), (), template_args)
        return lower_kernel(source, source.kernel(kernel), [case])[0]

    return run


@pytest.fixture
def launch(lower: Callable[..., ir.Function]) -> Callable[..., dict[str, Any]]:
    """Lower a kernel, run it in the interpreter, give back its buffers. Arguments by parameter name."""

    def run(
        text: str,
        grid: Dim | int = 1,
        block: Dim | int = 32,
        kernel: str = "k",
        template_args: TemplateArgs = (),
        shared_bytes: int = 0,
        **arguments: Any,
    ) -> dict[str, Any]:
        function = lower(text, kernel, template_args)
        arrays: dict[str, Any] = {}
        scalars: dict[str, Any] = {}
        for m in function.memories:
            if m.space in ("global", "symbol"):
                arrays[m.name] = None if arguments[m.name] is None else np.array(arguments[m.name], m.dtype).reshape(-1)
        for s in function.scalars:
            scalars[s.name] = arguments[s.name]
        dims = [(d, 1, 1) if isinstance(d, int) else d for d in (grid, block)]
        interpret.run(function, dims[0], dims[1], scalars, arrays, shared_bytes)
        return arrays

    return run


def case_of(
    kernel: str, grid: Dim, block: Dim, arguments: Mapping[str, Any], shared_bytes: int = 0, instance: str = ""
) -> Case:
    """A case whose arrays are buffers and whose ints and floats are scalars."""
    buffers: list[Buffer] = []
    args: list[Arg] = []
    for name, value in arguments.items():
        if isinstance(value, np.ndarray):
            lanes = value.shape[1] if value.ndim == 2 else 1
            args.append(PointerArg(len(buffers), 0, value.dtype.name, lanes))
            buffers.append(Buffer(name, value))
        else:
            args.append(ScalarArg("float32" if isinstance(value, float) else "int32", value))
    return Case(kernel, instance or kernel, grid, block, shared_bytes, tuple(args), tuple(buffers))
