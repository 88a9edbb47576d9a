"""The values of a call as torch CPU tensors.

Buffers stand in an arena: 256-byte aligned like cudaMalloc's, between guard bytes that are checked afterwards, so a
kernel is bounds-checked against whole buffers and host code cannot corrupt a neighbour unseen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from cuport.case import Array
from cuport.sandbox.call import Call, DType, Extra, Items, Records, Scalar, StructValue, UnsupportedCall, Value, View
from cuport.targets.triton.interpreter.memory import Buffer

GUARD = 256
ALIGN = 256
_GUARD_BYTE = 0xA5


class Corrupted(Exception):
    """Bytes outside a buffer were overwritten."""


class Arena:
    """Copies of a call's buffers, each between guards."""

    def __init__(self, buffers: Sequence[npt.NDArray[np.uint8]], names: Sequence[str]) -> None:
        self.buffers: list[Buffer] = []
        self._whole: list[tuple[npt.NDArray[np.uint8], int]] = []
        for raw, name in zip(buffers, names, strict=True):
            whole = np.full(raw.size + 2 * GUARD + ALIGN, _GUARD_BYTE, np.uint8)
            start = GUARD + -(whole.ctypes.data + GUARD) % ALIGN
            inner = whole[start : start + raw.size]
            inner[:] = raw
            self._whole.append((whole, start))
            self.buffers.append(Buffer(name, inner, whole.ctypes.data + start))

    def check(self) -> None:
        """Raises Corrupted if anything outside the buffers changed."""
        for (whole, start), buffer in zip(self._whole, self.buffers, strict=True):
            outside = whole[:start], whole[start + buffer.raw.size :]
            if any((part != _GUARD_BYTE).any() for part in outside):
                raise Corrupted(f"memory next to `{buffer.name}` was overwritten")

    def tensor(self, view: View) -> Any:
        """The tensor of a pointer: a view of its buffer from the pointer's element on."""
        import torch

        dtype = torch_dtype(view.dtype)
        raw = self.buffers[view.buffer].raw
        if view.offset % dtype.itemsize:
            raise UnsupportedCall(f"`{view.path}` points {view.offset} bytes into a buffer, which is no whole element")
        part = torch.from_numpy(raw)[view.offset : view.offset + view.nbytes]
        return part.view(dtype).reshape(view.shape) if view.nbytes else part.new_empty(view.shape, dtype=dtype)


class Arguments:
    """A call's positional values and keyword extras as a port gets them, over one arena."""

    def __init__(self, call: Call) -> None:
        names = [f"buffer {i}" for i in range(len(call.buffers))]
        for view in reversed(call.views()):
            names[view.buffer] = view.path
        self.arena = Arena(call.buffers, names)
        self._records: list[tuple[Records, dict[str, tuple[Any, Array]]]] = []
        self.args = [self._value(value) for value in call.args]
        self._call = call

    def keywords(self, extras: Mapping[str, Extra]) -> dict[str, Any]:
        return {name: self._extra(value) for name, value in extras.items()}

    def results(self) -> dict[int, Array]:
        """Every buffer's bytes as they are now. Raises Corrupted."""
        raws = [buffer.raw for buffer in self.arena.buffers]
        for records, columns in self._records:
            for field in records.fields:
                tensor, before = columns[field.name]
                now = to_numpy(tensor)
                changed = now.view(np.uint8) != before.view(np.uint8) if now.size else None
                if changed is not None and changed.any():
                    target = records.field_of(raws, field)
                    whole = changed.reshape(*now.shape, -1).any(axis=-1)
                    target[whole] = now[whole].view(target.dtype)
        self.arena.check()
        return {i: buffer.raw for i, buffer in enumerate(self.arena.buffers)}

    def _value(self, value: Value) -> Any:
        if value is None:
            return None
        if isinstance(value, Scalar):
            return value.value
        if isinstance(value, View):
            return self.arena.tensor(value)
        if isinstance(value, Records):
            return self._columns(value)
        if isinstance(value, Items):
            return tuple(self._value(item) for item in value.items)
        assert isinstance(value, StructValue)
        return SimpleNamespace(**{name: self._value(inner) for name, inner in value.fields})

    def _columns(self, records: Records) -> dict[str, Any]:
        """Fields lie apart in memory, kernels want them dense: copies, written back where they changed."""
        import torch

        raws = [buffer.raw for buffer in self.arena.buffers]
        columns: dict[str, tuple[Any, Array]] = {}
        for field in records.fields:
            data = np.ascontiguousarray(records.field_of(raws, field))
            dtype = torch_dtype(field.dtype)
            plain = data.view(np.dtype(f"u{data.dtype.itemsize}")) if data.size else data.astype(np.uint8)
            tensor = torch.from_numpy(plain.copy()).view(dtype) if data.size else torch.empty(data.shape, dtype=dtype)
            columns[field.name] = (tensor, data)
        self._records.append((records, columns))
        return {name: tensor for name, (tensor, _) in columns.items()}

    def _extra(self, value: Extra) -> Any:
        if isinstance(value, DType):
            return triton_dtype(value.name)
        if isinstance(value, View | Records):
            return self._value(value)
        return value


def to_numpy(tensor: Any) -> Array:
    """A tensor's elements as unsigned integers of their width."""
    import torch

    width = {1: torch.uint8, 2: torch.uint16, 4: torch.uint32, 8: torch.uint64}[tensor.element_size()]
    array: Array = tensor.contiguous().view(width).numpy()
    return array


def torch_dtype(name: str) -> Any:
    """The torch dtype of a numpy / ml_dtypes name; they agree on all but a few."""
    import torch

    found = getattr(torch, name, None)
    if not isinstance(found, torch.dtype):
        raise UnsupportedCall(f"torch has no dtype `{name}`")
    return found


def triton_dtype(name: str) -> Any:
    """The `triton.language` dtype of a template type argument; the C++ name of a type that is no number (a functor)."""
    import triton.language as tl

    special = {"bool": "int1", "float8_e4m3fn": "float8e4nv", "float8_e5m2": "float8e5"}
    found = getattr(tl, special.get(name, name), None)
    if isinstance(found, tl.dtype):
        return found
    if DType(name).known:
        raise UnsupportedCall(f"the template type `{name}` has no Triton dtype")
    return name
