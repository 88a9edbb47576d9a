"""Buffers as kernels see them, and every access to them.

A pointer is a virtual address: `(1 + buffer's number) << 44` plus the offset, so that an address tells which buffer it
was made from however far it strays, and an access outside that buffer is an error, never a hit in its neighbour. Lanes
that are masked off touch nothing. Addresses are kept congruent to the real ones modulo 4096.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cuport.targets.triton.interpreter.registry import (
    BITS,
    Code,
    Machine,
    UnsupportedOperation,
    full,
    one_type,
    operation,
    pointee_dtype,
    poison,
    shape_of,
)
from cuport.targets.triton.interpreter.syntax import Op

SHIFT = 44


class BadAccess(Exception):
    """A kernel touched memory that no buffer of the launch holds."""


@dataclass
class Buffer:
    """One allocation. `raw` is its bytes; `alignment_base` its real address."""

    name: str
    raw: npt.NDArray[np.uint8]
    alignment_base: int
    typed: dict[Any, npt.NDArray[Any]] = field(default_factory=dict)
    start: int = 0  # virtual address of the first byte

    def view(self, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        found = self.typed.get(dtype)
        if found is None:
            usable = self.raw.size // dtype.itemsize * dtype.itemsize
            found = self.typed[dtype] = self.raw[:usable].view(dtype)
        return found


class Memory:
    """The buffers of one launch."""

    def __init__(self, buffers: Sequence[Buffer] = ()) -> None:
        self.buffers: list[Buffer] = []
        for buffer in buffers:
            self.add(buffer)

    def add(self, buffer: Buffer) -> None:
        self.buffers.append(buffer)
        buffer.start = (len(self.buffers) << SHIFT) | (buffer.alignment_base & 0xFFF)

    def find(self, low: int, high: int, dtype: np.dtype[Any], verb: str) -> tuple[Buffer, npt.NDArray[Any]]:
        """The buffer that holds whole elements at the addresses low..high, and its elements."""
        number = low >> SHIFT
        # A step before the first byte lands in the number below: its offset is then close to the top of the range.
        if 0 <= number < len(self.buffers) and (low & ((1 << SHIFT) - 1)) >> (SHIFT - 1):
            number += 1
        if not 0 < number <= len(self.buffers):
            raise BadAccess(f"{verb} through address {low:#x}, which was not made from any buffer of the launch")
        buffer = self.buffers[number - 1]
        first, last = low - buffer.start, high - buffer.start
        size = dtype.itemsize
        if first < 0 or last + size > buffer.raw.size:
            wrong = first if first < 0 else last
            raise BadAccess(
                f"{verb} out of bounds: element {wrong // size} of `{buffer.name}`, which holds "
                f"{buffer.raw.size // size} of {size} bytes"
            )
        if (first | last) & (size - 1):
            raise BadAccess(f"misaligned {verb} of {size} bytes at byte {first} of `{buffer.name}`")
        return buffer, buffer.view(dtype)

    def locate(self, addresses: Any, dtype: np.dtype[Any], verb: str) -> tuple[npt.NDArray[Any], Any]:
        """Elements and indices for addresses (array, at least one) that lie in one buffer."""
        low, high = int(np.minimum.reduce(addresses)), int(np.maximum.reduce(addresses))
        buffer, elements = self.find(low, high, dtype, verb)
        return elements, (addresses - buffer.start) >> (dtype.itemsize.bit_length() - 1)

    def split(self, addresses: Any) -> list[Any]:
        """Boolean selections of the lanes of each buffer (one for nearly every access)."""
        numbers = (addresses + (1 << (SHIFT - 1))) >> SHIFT
        if np.minimum.reduce(numbers) == np.maximum.reduce(numbers):
            return [slice(None)]
        return [numbers == n for n in np.unique(numbers)]

    def real(self, addresses: Any, dtype: np.dtype[Any], verb: str) -> npt.NDArray[np.uint64]:
        """Checked machine addresses of 1-D `addresses`."""
        result = np.empty(addresses.shape, np.uint64)
        for lanes in self.split(addresses):
            low, high = int(np.minimum.reduce(addresses[lanes])), int(np.maximum.reduce(addresses[lanes]))
            buffer, _ = self.find(low, high, dtype, verb)
            result[lanes] = (addresses[lanes] - (buffer.start - buffer.raw.ctypes.data)).view(np.uint64)
        return result

    def read(self, addresses: Any, dtype: np.dtype[Any]) -> Any:
        """Elements at an array of addresses."""
        if addresses.size == 0:
            return np.zeros(addresses.shape, dtype)
        flat = addresses if addresses.ndim == 1 else addresses.reshape(-1)
        low, high = int(np.minimum.reduce(flat)), int(np.maximum.reduce(flat))
        if (low + (1 << (SHIFT - 1))) >> SHIFT == (high + (1 << (SHIFT - 1))) >> SHIFT:
            buffer, elements = self.find(low, high, dtype, "load")
            return elements[(addresses - buffer.start) >> (dtype.itemsize.bit_length() - 1)]
        result = np.empty(flat.shape, dtype)
        for lanes in self.split(flat):
            elements, index = self.locate(flat[lanes], dtype, "load")
            result[lanes] = elements[index]
        return result.reshape(addresses.shape)

    def write(self, addresses: Any, values: Any, dtype: np.dtype[Any], reverse: bool) -> None:
        """Store at a 1-D array of addresses; where two lanes meet, the last wins (the first if `reverse`)."""
        if addresses.size == 0:
            return
        if reverse:
            addresses = addresses[::-1]
            values = values[::-1] if values.ndim else values
        for lanes in self.split(addresses):
            elements, index = self.locate(addresses[lanes], dtype, "store")
            elements[index] = values if values.ndim == 0 else values[lanes]


def _lanes(addresses: Any, values: tuple[Any, ...], mask: Any, shape: tuple[int, ...]) -> tuple[Any, list[Any]]:
    """Active lanes of an access, flattened; values keep their scalar form where they have one."""
    flat = full(addresses, shape).reshape(-1)
    spread = [v if v.ndim == 0 else full(v, shape).reshape(-1) for v in values]
    if mask is None or (mask.ndim == 0 and mask):
        return flat, spread
    if mask.ndim == 0:
        return flat[:0], [v if v.ndim == 0 else v[:0] for v in spread]
    chosen = full(mask, shape).reshape(-1)
    if np.logical_and.reduce(chosen):
        return flat, spread
    return flat[chosen], [v if v.ndim == 0 else v[chosen] for v in spread]


@operation("tt.load", "tt.atomic_load", pure=False)
def _load(op: Op, machine: Machine) -> Code:
    dtype = pointee_dtype(op.operand_types[0])
    shape = shape_of(op.operand_types[0])
    size = dtype.itemsize
    scalar = op.operand_types[0].scalar

    def undefined() -> Any:
        # Masked-off lanes without `other`: Triton leaves them undefined, its NVIDIA and AMD code clears them.
        machine.open_masks = True
        return poison(dtype, machine.variant) if machine.strict_masks else dtype.type(0)

    def one(address: Any, mask: Any = None, other: Any = None) -> Any:
        if mask is not None and not mask:
            return undefined() if other is None else other
        if machine.watch is not None:
            machine.watch.load(address, mask, ())
        at = int(address)
        buffer, elements = machine.memory.find(at, at, dtype, "load")
        return elements[(at - buffer.start) // size]

    def load(address: Any, mask: Any = None, other: Any = None) -> Any:
        if machine.watch is not None:
            machine.watch.load(address, mask, shape)
        if address.ndim == 0:
            address = full(address, (1,) * len(shape))
        if mask is None or (mask.ndim == 0 and mask):
            return machine.memory.read(address, dtype)
        if mask.ndim and np.logical_and.reduce(mask, axis=None):
            return machine.memory.read(address, dtype)
        if mask.ndim == 0:
            return undefined() if other is None else other
        if address.shape != mask.shape:
            address, mask = full(address, shape), full(mask, shape)
        result = np.empty(mask.shape, dtype)
        if other is None:
            result.fill(undefined())
        else:
            if other.ndim and other.shape != mask.shape:
                result, address, mask = np.empty(shape, dtype), full(address, shape), full(mask, shape)
            result[...] = other
        result[mask] = machine.memory.read(address[mask], dtype)
        return result

    return one if scalar else load


@operation("tt.store", "tt.atomic_store", pure=False)
def _store(op: Op, machine: Machine) -> Code:
    dtype = pointee_dtype(op.operand_types[0])
    shape = shape_of(op.operand_types[0])
    size = dtype.itemsize

    def one(address: Any, value: Any, mask: Any = None) -> None:
        if mask is None or mask:
            if machine.watch is not None:
                machine.watch.store(address, mask, ())
            at = int(address)
            buffer, elements = machine.memory.find(at, at, dtype, "store")
            elements[(at - buffer.start) // size] = value

    def store(address: Any, value: Any, mask: Any = None) -> None:
        if machine.watch is not None:
            machine.watch.store(address, mask, shape)
        flat, (value,) = _lanes(address, (value,), mask, shape)
        machine.memory.write(flat, value, dtype, bool(machine.variant))

    return one if op.operand_types[0].scalar else store


_RMW = {1: "and", 2: "or", 3: "xor", 4: "add", 5: "add", 6: "max", 7: "min", 8: "umax", 9: "umin", 10: "xchg"}
_COMBINE: dict[str, Any] = {
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "add": np.add,
    "max": np.maximum,
    "min": np.minimum,
}


@operation("tt.atomic_rmw", pure=False)
def _atomic(op: Op, machine: Machine) -> Code:
    """Lanes act one after the other, from the last in the second pass; the old values are returned."""
    dtype = pointee_dtype(op.operand_types[0])
    shape = shape_of(op.operand_types[0])
    kind = _RMW[op.integer("atomic_rmw_op")]
    as_unsigned = kind.startswith("u")
    work = np.dtype(f"u{dtype.itemsize}") if as_unsigned else dtype
    combine = _COMBINE.get(kind.lstrip("u") if as_unsigned else kind)

    def update(old: Any, value: Any) -> Any:
        if combine is None:
            return value
        return combine(old.view(work), value.view(work)).view(dtype) if as_unsigned else combine(old, value)

    def one(address: Any, value: Any, mask: Any = None) -> Any:
        if mask is not None and not mask:
            return poison(dtype, machine.variant)
        if machine.watch is not None:
            machine.watch.atomic(address, mask, ())
        at = int(address)
        buffer, elements = machine.memory.find(at, at, dtype, "atomic")
        index = (at - buffer.start) // dtype.itemsize
        old = elements[index]
        elements[index] = update(old, value)
        return old

    def many(address: Any, value: Any, mask: Any = None) -> Any:
        if machine.watch is not None:
            machine.watch.atomic(address, mask, shape)
        value = full(value, shape)
        flat, (values,) = _lanes(address, (value,), mask, shape)
        order = slice(None, None, -1 if machine.variant else None)
        flat, values = flat[order], values[order]
        olds = np.empty(flat.shape, dtype)
        if flat.size:
            for lanes in machine.memory.split(flat):
                elements, index = machine.memory.locate(flat[lanes], dtype, "atomic")
                olds[lanes] = _sequential(elements, index, values[lanes])
        olds = olds[order]
        if flat.size == value.size:
            return olds.reshape(shape)
        result = np.empty(shape, dtype)
        result.fill(poison(dtype, machine.variant))
        chosen = full(mask, shape)
        if flat.size:
            result[chosen] = olds
        return result

    def _sequential(elements: Any, index: Any, values: Any) -> Any:
        if op.unused:  # only the final contents matter
            if combine is None:
                elements[index] = values
            else:
                combine.at(elements.view(work), index, values.view(work))
            return values
        if np.unique(index).size == index.size:
            olds = elements[index]
            elements[index] = update(olds, values)
            return olds
        olds = np.empty(index.shape, dtype)
        for i, at in enumerate(index):
            olds[i] = elements[at]
            elements[at] = update(olds[i], values[i])
        return olds

    return one if op.operand_types[0].scalar else many


@operation("tt.atomic_cas", pure=False)
def _compare_and_swap(op: Op, machine: Machine) -> Code:
    dtype = pointee_dtype(op.operand_types[0])
    shape = shape_of(op.operand_types[0])
    bits = np.dtype(f"i{dtype.itemsize}")
    if dtype.itemsize * 8 not in BITS.values():
        raise UnsupportedOperation(f"tl.atomic_cas of `{dtype}` is not interpreted")

    def swap(address: Any, compare: Any, value: Any) -> Any:
        if machine.watch is not None:
            machine.watch.atomic(address, None, shape)
        flat = full(address, shape).reshape(-1)
        wanted, values = (full(v, shape).reshape(-1).view(bits) for v in (compare, value))
        olds = np.empty(flat.shape, bits)
        order = range(flat.size - 1, -1, -1) if machine.variant else range(flat.size)
        for i in order:
            at = int(flat[i])
            buffer, elements = machine.memory.find(at, at, bits, "atomic")
            index = (at - buffer.start) // bits.itemsize
            olds[i] = elements[index]
            if olds[i] == wanted[i]:
                elements[index] = values[i]
        return olds.view(dtype).reshape(shape)[()]

    return swap


@operation("tt.atomic_poll", pure=False)
def _poll(op: Op, machine: Machine) -> Code:
    raise UnsupportedOperation(f"`{one_type(op).text}` tl.atomic_poll waits for another program, which runs later here")
