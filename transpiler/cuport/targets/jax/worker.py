"""The JAX target inside the sandbox: load a port, run it compiled on the CPU, lower it for TPU, CUDA and ROCm."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from cuport.candidate import BuildRecord
from cuport.case import Array
from cuport.sandbox.call import Call, ContractViolation, Records, View
from cuport.sandbox.contract import Contract
from cuport.sandbox.worker import Device, Mode, Runtime
from cuport.sandbox.writes import Writes
from cuport.targets.jax import stablehlo
from cuport.targets.jax.binding import Binding

PLATFORMS = ("tpu", "cuda", "rocm")
MAX_STATIC_SETS = 3  # lowered for each platform; each costs one trace and three lowerings

_programs: dict[object, Any] = {}  # Binding.key -> Program; this process serves one port


def prepare(mode: Mode, device: Device) -> Runtime:
    """Import jax and start its CPU client. Raises ImportError."""
    on_cpu = device == "cpu" or mode == "build"
    os.environ["JAX_PLATFORMS"] = "cpu" if on_cpu else "cuda,cpu"
    os.environ["JAX_TRACEBACK_FILTERING"] = "off"
    os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "false"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import jax
    import jaxlib

    platform = jax.default_backend()
    versions = (("jax", jax.__version__), ("jaxlib", jaxlib.__version__), ("numpy", np.__version__))
    notes = () if platform == "cpu" else (f"ran on {jax.devices()[0].device_kind}",)
    return Runtime("compiled-cpu" if platform == "cpu" else "gpu", versions, notes)


def load(path: Path, mode: Mode) -> ModuleType:
    """Import the translation file under the name `port`, as UTF-8 whatever encoding it declares."""
    module = ModuleType("port")
    module.__file__ = str(path)
    sys.modules["port"] = module
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True), module.__dict__)
    return module


def call(module: ModuleType, contract: Contract, call: Call) -> Mapping[int, Array]:
    """One case; see `cuport.sandbox.worker.TargetWorker.call`."""
    binding, program = _program(module, contract, call)
    writes = Writes(call)
    results = program.run(binding.leaves)
    for (view, field), array in zip(program.places, results, strict=True):
        writes.put(_here(view, call), array, field)
    return writes.result()


def build(module: ModuleType, contract: Contract, calls: Sequence[Call]) -> Iterator[BuildRecord | str]:
    """Lower the first few distinct static sets, those that differ in template arguments first."""
    from jax import export

    chosen = _distinct(module, contract, calls)
    total = len({binding.statics for binding, _ in chosen})
    seen: set[object] = set()
    loose: set[str] = set()
    for binding, program in chosen:
        if binding.statics in seen or len(seen) == MAX_STATIC_SETS:
            continue
        seen.add(binding.statics)
        for platform in PLATFORMS:
            try:
                exported = export.export(program.jitted, platforms=[platform])(*program.arguments)
            except ContractViolation:
                raise
            except Exception as error:
                yield BuildRecord(platform, "lowered", False, f"{type(error).__name__}: {error}")
                continue
            text = exported.mlir_module()
            refused = stablehlo.refused_calls(text)
            loose.update(stablehlo.loose_products(text))
            digest = hashlib.sha256(text.encode()).hexdigest()
            detail = f"calls out of JAX: {', '.join(refused)}" if refused else binding.describe()
            yield BuildRecord(platform, "lowered", not refused, detail, digest)
    for kind in sorted(loose):
        yield f"{kind} at default precision: a TPU or GPU may compute it in bf16 or TF32, which the CPU run cannot show"
    if total > len(seen):
        yield f"lowered for {len(seen)} of {total} sets of static values"


def _distinct(module: ModuleType, contract: Contract, calls: Sequence[Call]) -> list[tuple[Binding, Any]]:
    """One program a static set; sets with template arguments not met before come first, then the larger ones."""
    firsts: list[tuple[Binding, Any]] = []
    rest: list[tuple[Binding, Any]] = []
    templates: set[object] = set()
    statics: set[object] = set()
    for call in calls:
        binding, program = _program(module, contract, call)
        if binding.statics in statics:
            continue
        statics.add(binding.statics)
        instance = tuple(repr(call.extras.get(name)) for _, name in contract.templates)
        (rest if instance in templates else firsts).append((binding, program))
        templates.add(instance)
    return firsts + sorted(rest, key=lambda pair: -pair[0].size)


def _program(module: ModuleType, contract: Contract, call: Call) -> tuple[Binding, Any]:
    from cuport.targets.jax.program import Program

    function = getattr(module, contract.function)
    keywords = contract.keywords(function, call)
    _check_width(call)
    binding = Binding(call, keywords)
    if binding.key not in _programs:
        _programs[binding.key] = Program(function, contract, call, binding)
    return binding, _programs[binding.key]


def _check_width(call: Call) -> None:
    """A 64-bit buffer needs x64, or JAX would quietly compute in 32 bits."""
    import jax

    if jax.config.jax_enable_x64:
        return
    for view in call.views():
        dtypes = [view.dtype] if isinstance(view, View) else [field.dtype for field in view.fields]
        wide = [dtype for dtype in dtypes if np.dtype(dtype).itemsize == 8]
        if wide:
            what = f'`{view.path}` holds {wide[0]}: run `jax.config.update("jax_enable_x64", True)` at module level'
            raise ContractViolation(what)


def _here(view: View | Records, call: Call) -> View | Records:
    """The view of the same name in this call: a program may serve calls whose buffers lie elsewhere."""
    return next(other for other in call.views() if other.path == view.path)
