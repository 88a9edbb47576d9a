"""Run ports on the witness calls and print what went wrong, as JSON lines. Started as a process of its own, since
Triton decides at import whether it interprets.

Usage: python run_calls.py TARGET EXAMPLE PORT.py[:KERNEL]...

A port with a kernel's name is tried on that kernel only, until something is wrong.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from originals import EXAMPLES, SimParams, WitnessCall

GUARD = 4096  # bytes on both sides of each buffer


def _load(path: str) -> Any:
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _extras(function: Any, call: WitnessCall) -> dict[str, Any]:
    return {k: v for k, v in call.extras.items() if k in inspect.signature(function).parameters}


def call_jax(function: Any, call: WitnessCall) -> dict[str, np.ndarray]:
    import jax
    import jax.numpy as jnp

    fields = [f.name for f in dataclasses.fields(SimParams)]
    if not getattr(call_jax, "registered", False):
        jax.tree_util.register_dataclass(SimParams, data_fields=fields[1:], meta_fields=fields[:1])
        call_jax.registered = True  # type: ignore[attr-defined]
    traced = {i for i, a in enumerate(call.args) if isinstance(a, np.ndarray | float | SimParams)}

    def with_statics(values: list[Any], arrays: dict[str, Any]) -> Any:
        given = iter(values)
        args = [next(given) if i in traced else a for i, a in enumerate(call.args)]
        return function(*args, **{**_extras(function, call), **arrays})

    arrays = {k: jnp.asarray(v) for k, v in _extras(function, call).items() if isinstance(v, np.ndarray)}
    values = [jnp.asarray(a) if isinstance(a, np.ndarray) else a for i, a in enumerate(call.args) if i in traced]
    out = jax.jit(with_statics)(values, arrays)
    return {k: np.asarray(v) for k, v in out.items()}


def call_triton(function: Any, call: WitnessCall) -> dict[str, np.ndarray]:
    import torch

    guarded = []

    def tensor(a: Any) -> Any:
        if not isinstance(a, np.ndarray):
            return a
        whole = np.frombuffer(bytearray(b"\xa5" * (2 * GUARD + a.nbytes)), np.uint8)
        inside = whole[GUARD : GUARD + a.nbytes].view(a.dtype).reshape(a.shape)
        inside[...] = a
        guarded.append(whole)
        return torch.from_numpy(inside)

    args = [tensor(a) for a in call.args]
    result = function(*args, **{k: tensor(v) for k, v in _extras(function, call).items()})
    assert result is None, "a Triton port returns nothing"
    for whole in guarded:
        if (whole[:GUARD] != 0xA5).any() or (whole[-GUARD:] != 0xA5).any():
            raise IndexError("stored outside of a buffer")
    return {n: a.numpy() for n, a in zip(call.names, args, strict=True) if isinstance(a, torch.Tensor)}


def problem(target: str, port: Any, call: WitnessCall) -> str | None:
    """What is wrong with the port on this call, or None."""
    got = (call_jax if target == "jax" else call_triton)(getattr(port, call.kernel), call)
    for name, before in zip(call.names, call.args, strict=True):
        if not isinstance(before, np.ndarray):
            continue
        after = got.get(name, before)
        if after.shape != before.shape or after.dtype != before.dtype:
            return f"{name}: {after.dtype}{after.shape} for {before.dtype}{before.shape}"
        if name not in call.want:
            if not np.array_equal(after, before):
                return f"{name} was changed"
            continue
        want, tolerance = call.want[name]
        with np.errstate(invalid="ignore"):
            wrong = ~(np.abs(after.astype(np.float64) - want.astype(np.float64)) <= tolerance)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            return f"{name}{list(at)} is {after[at]}, not {want[at]} ({int(wrong.sum())} of {wrong.size} wrong)"
    return None


def main() -> None:
    target, example, *ports = sys.argv[1:]
    if target == "triton":
        os.environ["TRITON_INTERPRET"] = "1"
    calls = list(EXAMPLES[example](np.random.default_rng(20)))
    for argument in ports:
        path, _, only = argument.partition(":")
        port = _load(path)
        found: dict[str, list[str]] = {}
        for call in calls:
            if only and (call.kernel != only or found):
                continue
            scalars = [a for a in call.args if not isinstance(a, np.ndarray)]
            try:
                message = problem(target, port, call)
            except Exception as error:
                message = f"{type(error).__name__}: {error}"
            if message:
                found.setdefault(call.kernel, []).append(f"{scalars} {call.extras.get('grid', '')}: {message}")
        print(json.dumps({"port": path, "wrong": found}), flush=True)


if __name__ == "__main__":
    main()
