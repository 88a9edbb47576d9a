"""One launch as a translation file sees it: descriptors of values over raw buffers.

A `Call` is neutral between targets. A pointer argument is a `View` (or `Records` for a pointer to structs) over the raw
bytes of a buffer; the target's worker turns views into its own arrays. Overlapping pointers are views of one buffer.
Nothing here knows expected results, and nothing heavy is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

import ml_dtypes  # noqa: F401  (registers bfloat16 and the 8-bit floats with numpy)
import numpy as np
import numpy.typing as npt

from cuport.case import Array, Dim3

Raw: TypeAlias = npt.NDArray[np.uint8]  # a buffer's bytes, 1-D, C-contiguous


class ContractViolation(Exception):
    """The port broke the calling contract of the translation file. `line` is the port's, where known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class UnsupportedCall(Exception):
    """The contract or the target has no way to express this launch; the port is not to blame."""


@dataclass(frozen=True)
class Scalar:
    """A number by value, as the kernel receives it; `dtype` is the C type's numpy name."""

    dtype: str
    value: int | float | bool

    @property
    def is_float(self) -> bool:
        return "float" in self.dtype


@dataclass(frozen=True)
class DType:
    """A template type argument: a numpy / ml_dtypes name, or the C++ spelling where no dtype fits."""

    name: str

    @property
    def known(self) -> bool:
        try:
            np.dtype(self.name)
        except TypeError:
            return False
        return True


@dataclass(frozen=True)
class View:
    """A pointer: the typed elements of `buffer` from byte `offset` to its end.

    `path` is the name under which a functional port returns it: the parameter's or global's Python name, or
    `param.field` for a pointer that is a member of a struct passed by value.
    """

    path: str
    buffer: int
    offset: int
    dtype: str
    lanes: int
    length: int  # elements; rows where lanes > 1

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.length, self.lanes) if self.lanes > 1 else (self.length,)

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * np.dtype(self.dtype).itemsize

    def of(self, buffers: Sequence[Raw]) -> Array:
        """The elements, as a view of the bytes (writable if they are; perhaps unaligned)."""
        return self.within(buffers[self.buffer])

    def within(self, raw: Raw) -> Array:
        """The same over the bytes of its own buffer."""
        if not self.length:
            return np.zeros(self.shape, np.dtype(self.dtype))
        return np.ndarray(self.shape, np.dtype(self.dtype), raw.data, self.offset)


@dataclass(frozen=True)
class Field:
    """A scalar (or array) member of a struct in memory. Members of nested structs have dotted names (`pos.x`)."""

    name: str
    dtype: str
    offset: int  # bytes from the record's start
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Records:
    """A pointer to structs: `length` records of `itemsize` bytes in `buffer` from byte `offset` on.

    A port sees a dict {field name: array of shape (length, *field shape)}. Padding belongs to no field.
    """

    path: str
    buffer: int
    offset: int
    itemsize: int
    length: int
    fields: tuple[Field, ...]

    def field_of(self, buffers: Sequence[Raw], field: Field) -> Array:
        """One field of all records, as a strided view of the bytes (writable if they are; perhaps unaligned)."""
        return self.field_within(buffers[self.buffer], field)

    def field_within(self, raw: Raw, field: Field) -> Array:
        """The same over the bytes of its own buffer."""
        dtype = np.dtype(field.dtype)
        inner = np.zeros((1, *field.shape), dtype).strides[1:]
        shape = (self.length, *field.shape)
        if not self.length:
            return np.zeros(shape, dtype)
        start = self.offset + field.offset
        return np.ndarray(shape, dtype, raw.data, start, (self.itemsize, *inner))


@dataclass(frozen=True)
class StructValue:
    """A struct by value: an object with these attributes."""

    name: str
    fields: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Items:
    """An array member of a struct by value."""

    items: tuple[Value, ...]


Value: TypeAlias = Scalar | View | Records | StructValue | Items | None  # None is nullptr
Extra: TypeAlias = Dim3 | int | bool | DType | View | Records


@dataclass(frozen=True, eq=False)
class Call:
    """One case, ready for a target.

    `args` stand in CUDA parameter order beside their Python names in `names`. `extras` are all keyword extras the port
    may declare: grid, block, shared_bytes, template values (int/bool) and types (`DType`), globals (`View`).
    `buffers[i]` holds the bytes of `Case.buffers[i]` before the launch, read-only; copy before writing.
    """

    index: int
    names: tuple[str, ...]
    args: tuple[Value, ...]
    extras: Mapping[str, Extra]
    buffers: tuple[Raw, ...] = field(repr=False)

    def views(self) -> list[View | Records]:
        """Every pointer of the call, members of by-value structs and globals included, in order."""
        found: list[View | Records] = []

        def walk(value: Value | Extra) -> None:
            if isinstance(value, View | Records):
                found.append(value)
            elif isinstance(value, StructValue):
                for _, inner in value.fields:
                    walk(inner)
            elif isinstance(value, Items):
                for inner in value.items:
                    walk(inner)

        for value in self.args:
            walk(value)
        for extra in self.extras.values():
            walk(extra)
        return found
