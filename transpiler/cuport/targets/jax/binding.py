"""From a `Call` to what a JAX port receives: arrays and floats traced, everything else static.

Traced: every array, and every float scalar as a Python float, so JAX gives it a weak type: it takes on the dtype of the
array it meets and promotes nothing (a CUDA `float` that must widen a half array is written `x.astype(jnp.float32)`). It
is carried as float32, as float64 once the port enables x64.
Static: ints, bools, grid, block, shared_bytes, template values and types. Types are `jnp.float32` and the like.
A struct by value is a registered dataclass named after the struct: arrays and floats are its leaves, ints its metadata.
An array member of floats is one array, of ints a tuple.

`Binding.key` is equal for two calls exactly if the traced program is the same; nothing here imports jax at its top.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from cuport.case import Array
from cuport.sandbox.call import Call, DType, Extra, Items, Records, Scalar, StructValue, Value, View

Spec: TypeAlias = tuple[Any, ...]  # a hashable tree: ("leaf",) ("static", type, value) ("struct", name, fields) ...
Leaf: TypeAlias = Array | float


class Binding:
    """One call's leaves, and how to put them together again inside the traced function."""

    def __init__(self, call: Call, keywords: Mapping[str, Extra]) -> None:
        self.leaves: list[Leaf] = []
        self._buffers, self._names = call.buffers, call.names
        self._args = tuple(self._spec(value) for value in call.args)
        self._keywords = tuple((name, self._spec(value)) for name, value in keywords.items())
        shapes = tuple((leaf.shape, leaf.dtype.name) if isinstance(leaf, np.ndarray) else () for leaf in self.leaves)
        outputs = tuple((view.path, view.length, getattr(view, "dtype", "")) for view in call.views())
        self.statics: Hashable = (self._args, self._keywords)
        self.key: Hashable = (self.statics, shapes, outputs)

    @property
    def size(self) -> int:
        """Elements in all arrays."""
        return sum(leaf.size for leaf in self.leaves if isinstance(leaf, np.ndarray))

    def rebuild(self, leaves: Iterator[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments out of the leaves (or tracers that stand for them)."""
        args = [_build(spec, leaves) for spec in self._args]
        return args, {name: _build(spec, leaves) for name, spec in self._keywords}

    def describe(self) -> str:
        """The static values, for people: `n=1023 T=float32`."""
        named = (*zip(self._names, self._args, strict=True), *self._keywords)
        return " ".join(_describe(named))

    def _spec(self, value: Value | Extra) -> Spec:
        if value is None:
            return ("static", "none", None)
        if isinstance(value, View):
            return self._leaf(np.array(value.of(self._buffers)))
        if isinstance(value, Records):
            arrays = [(field.name, np.array(value.field_of(self._buffers, field))) for field in value.fields]
            return ("dict", tuple((name, self._leaf(array)) for name, array in arrays))
        if isinstance(value, Scalar):
            if value.is_float:
                return self._leaf(float(value.value))
            return ("static", "bool" if value.dtype == "bool" else "int", value.value)
        if isinstance(value, StructValue):
            return ("struct", value.name, tuple((name, self._spec(inner)) for name, inner in value.fields))
        if isinstance(value, Items):
            floats = _float_array(value)
            if floats is not None:
                return self._leaf(floats)
            return ("items", tuple(self._spec(inner) for inner in value.items))
        if isinstance(value, DType):
            return ("dtype", value.name, value.known)
        return ("static", type(value).__name__, value)

    def _leaf(self, leaf: Leaf) -> Spec:
        self.leaves.append(leaf)
        return ("leaf",)


def _float_array(value: Items) -> Array | None:
    """An array member of floats, of any rank, as one array."""
    rows: list[Any] = []
    for item in value.items:
        if isinstance(item, Scalar) and item.is_float:
            rows.append(np.array(item.value, np.dtype(item.dtype)))
        elif isinstance(item, Items) and (inner := _float_array(item)) is not None:
            rows.append(inner)
        else:
            return None
    return np.stack(rows) if rows else None


def _build(spec: Spec, leaves: Iterator[Any]) -> Any:
    kind = spec[0]
    if kind == "leaf":
        return next(leaves)
    if kind == "static":
        return bool(spec[2]) if spec[1] == "bool" else int(spec[2]) if spec[1] == "int" else spec[2]
    if kind == "dict":
        return {name: _build(inner, leaves) for name, inner in spec[1]}
    if kind == "items":
        return tuple(_build(inner, leaves) for inner in spec[1])
    if kind == "dtype":
        return _dtype(spec[1]) if spec[2] else spec[1]
    static = frozenset(name for name, inner in spec[2] if not _has_leaf(inner))
    return _struct(spec[1], tuple(name for name, _ in spec[2]), static)(
        **{name: _build(inner, leaves) for name, inner in spec[2]}
    )


def _has_leaf(spec: Spec) -> bool:
    if spec[0] in ("dict", "items"):
        return any(_has_leaf(inner[1] if spec[0] == "dict" else inner) for inner in spec[1])
    # A nested struct is always a node of its own, so that its class is looked up when leaves are put back.
    return spec[0] in ("leaf", "struct")


def _dtype(name: str) -> Any:
    import jax.numpy as jnp

    return getattr(jnp, "bool_" if name == "bool" else name)


@lru_cache(maxsize=256)
def _struct(name: str, fields: tuple[str, ...], static: frozenset[str]) -> Callable[..., Any]:
    import jax

    plain = re.sub(r"\W+", "_", name).strip("_") or "Struct"
    made: Any = dataclasses.make_dataclass(plain, fields, frozen=True)
    jax.tree_util.register_dataclass(
        made, data_fields=[f for f in fields if f not in static], meta_fields=[f for f in fields if f in static]
    )
    registered: Callable[..., Any] = made
    return registered


def _describe(named: Iterable[tuple[str, Spec]]) -> Iterator[str]:
    for name, spec in named:
        if spec[0] in ("static", "dtype") and spec[1] != "none":
            yield f"{name}={spec[2] if spec[0] == 'static' else spec[1]}"
