"""One port traced for one set of static values and shapes: lowered, checked, compiled, run.

What runs is the compiled StableHLO program. The port's Python is executed once a program, on tracers, and the program
then serves every case of the same statics and shapes; a way back into Python (a callback) would be a custom call, and
those are refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from cuport.case import Array
from cuport.sandbox.call import Call, ContractViolation, Field, Records, View
from cuport.sandbox.contract import Contract
from cuport.targets.jax import stablehlo
from cuport.targets.jax.binding import Binding


class Program:
    """A port for one `Binding.key`. `places` are filled by tracing: what each flat result is the new contents of."""

    def __init__(self, function: Callable[..., Any], contract: Contract, call: Call, binding: Binding) -> None:
        self._function, self._contract, self._binding = function, contract, binding
        self._views = {view.path: view for view in call.views()}
        self._null = {name for name, value in zip(call.names, call.args, strict=True) if value is None}
        self.places: list[tuple[View | Records, Field | None]] = []
        self._compiled: Any = None
        # Shapes and dtypes only, so that no value is at hand while the port's Python runs.
        self.arguments = [
            jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) if isinstance(leaf, np.ndarray) else 0.0
            for leaf in binding.leaves
        ]
        self.jitted = jax.jit(self._flat)

    def run(self, leaves: Sequence[Array | float]) -> list[Array]:
        """The results in the order of `places`, as numpy arrays. Compiles on first use."""
        if self._compiled is None:
            lowered = self.jitted.trace(*self.arguments).lower()
            refused = stablehlo.refused_calls(lowered.as_text())
            if refused:
                raise ContractViolation(f"the program calls out of JAX ({', '.join(refused)})", self._line)
            self._compiled = lowered.compile()
        return [np.asarray(array) for array in self._compiled(*leaves)]

    def _flat(self, *leaves: Any) -> tuple[Any, ...]:
        args, keywords = self._binding.rebuild(iter(leaves))
        found = self._read(self._function(*args, **keywords))
        self.places = [place for place, _ in found]
        return tuple(array for _, array in found)

    def _read(self, result: Any) -> list[tuple[tuple[View | Records, Field | None], Any]]:
        """Check what the port returned against the contract, at trace time."""
        if type(result) is not dict:
            raise self._wrong(f"returned {_kind(result)}; return a dict {{parameter: new contents}}")
        found: list[tuple[tuple[View | Records, Field | None], Any]] = []
        for key, value in result.items():
            if isinstance(key, str) and key in self._null and value is None:
                continue
            view = self._views.get(key) if isinstance(key, str) else None
            if view is None:
                null = isinstance(key, str) and key in self._null
                why = "is a null pointer in this launch" if null else f"is none of: {', '.join(self._views) or 'none'}"
                raise self._wrong(f"returned contents for `{key}`, which {why}")
            if isinstance(view, View):
                found.append(((view, None), self._array(f"`{key}`", value, view.shape, view.dtype)))
                continue
            if not isinstance(value, Mapping):
                raise self._wrong(f"returned {_kind(value)} for `{key}`; return a dict {{field: new contents}}")
            fields = {field.name: field for field in view.fields}
            for name, array in value.items():
                if name not in fields:
                    raise self._wrong(f"returned field `{name}` for `{key}`; its fields are: {', '.join(fields)}")
                shape = (view.length, *fields[name].shape)
                checked = self._array(f"`{key}[{name!r}]`", array, shape, fields[name].dtype)
                found.append(((view, fields[name]), checked))
        return found

    def _array(self, name: str, value: Any, shape: tuple[int, ...], dtype: str) -> Any:
        if not isinstance(value, jax.Array) and type(value) is not np.ndarray:
            raise self._wrong(f"returned {_kind(value)} for {name}; return an array")
        if tuple(value.shape) != shape or np.dtype(value.dtype) != np.dtype(dtype):
            got = f"{np.dtype(value.dtype).name}{list(value.shape)}"
            raise self._wrong(f"returned {got} for {name}; the buffer is {dtype}{list(shape)}")
        return value

    def _wrong(self, what: str) -> ContractViolation:
        return ContractViolation(f"`{self._contract.function}` {what}", self._line)

    @property
    def _line(self) -> int | None:
        code = getattr(getattr(self._function, "__wrapped__", self._function), "__code__", None)
        line = getattr(code, "co_firstlineno", None)
        return line if isinstance(line, int) else None


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
