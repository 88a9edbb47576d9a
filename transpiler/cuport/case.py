"""`Case`: one kernel launch with everything it depends on; `Reference`: what the original computed on it.

Arrays are numpy. A buffer of a vector type (float4) is 2-D, `(n, lanes)`; a buffer of structs has a structured dtype.
Arrays in these types are read-only: copy before writing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

import ml_dtypes  # noqa: F401  (registers bfloat16 and the 8-bit floats with numpy)
import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Dim3: TypeAlias = tuple[int, int, int]
Origin = Literal["captured", "widened", "generated", "special"]


@dataclass(frozen=True, eq=False)
class Buffer:
    """Storage that pointer arguments point into, as it is before the launch. `name`: first parameter or the global."""

    name: str
    data: Array

    @property
    def lanes(self) -> int:
        return int(self.data.shape[1]) if self.data.ndim == 2 else 1


@dataclass(frozen=True)
class ScalarArg:
    """A number passed by value, held exactly as the kernel receives it. `dtype` is a numpy name."""

    dtype: str
    value: int | float | bool


@dataclass(frozen=True)
class PointerArg:
    """A pointer into `Case.buffers[buffer]`, `offset` bytes from its start; `buffer` None is nullptr.

    `dtype` and `lanes` are the pointee's as the kernel sees it; `dtype` "struct" means the buffer's own dtype.
    """

    buffer: int | None
    offset: int
    dtype: str
    lanes: int = 1


@dataclass(frozen=True)
class StructArg:
    """A struct passed by value, or an array field (fields named "0", "1", ...)."""

    name: str
    fields: tuple[tuple[str, Arg], ...]


Arg: TypeAlias = ScalarArg | PointerArg | StructArg


@dataclass(frozen=True, eq=False)
class Case:
    """One launch.

    `instance` is the C++ spelling of the instantiated kernel (`reduce<float, 256>`; a plain kernel's qualified name).
    `template_args` maps template parameter names to a Python int/bool, or to a dtype name for type parameters (a C++
    type name where no dtype fits). `globals` maps a global's qualified name to the buffer that holds its contents.
    """

    kernel: str
    instance: str
    grid: Dim3
    block: Dim3
    shared_bytes: int
    args: tuple[Arg, ...]
    buffers: tuple[Buffer, ...]
    template_args: tuple[tuple[str, int | bool | str], ...] = ()
    globals: tuple[tuple[str, int], ...] = ()
    origin: Origin = "captured"
    seed: int = 0
    label: str = ""  # for people: "n=1023", "values: cancelling"
    suite: str = "domain"  # domain | values | special (NaN, Inf) | width

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything that can change the result."""
        h = hashlib.sha256()
        head = (self.kernel, self.instance, self.grid, self.block, self.shared_bytes, self.args, self.template_args)
        h.update(repr((head, self.globals)).encode())
        for buffer in self.buffers:
            h.update(f"{buffer.name}:{buffer.data.dtype}:{buffer.data.shape}".encode())
            h.update(np.ascontiguousarray(buffer.data).tobytes())
        return h.hexdigest()

    @property
    def threads(self) -> int:
        gx, gy, gz = self.grid
        bx, by, bz = self.block
        return gx * gy * gz * bx * by * bz


@dataclass(frozen=True, eq=False)
class Bound:
    """The shadow run's word on one buffer, per scalar element (same shape as the buffer).

    value: fp64 result; bound: absolute error a correct port may have (BOUND.md); tainted: control flow near a tie
    decided this element, so it is no evidence; touched: computed by the kernel rather than copied or left alone.
    Elements of integer buffers have bound 0 and are exact unless tainted.
    """

    value: npt.NDArray[np.float64]
    bound: npt.NDArray[np.float64]
    tainted: npt.NDArray[np.bool_]
    touched: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Reference:
    """What the original computed: `outputs[i]` is `case.buffers[i]` after the launch.

    `bounds[i]` is None where the shadow could not run for the buffer (the reason stands in `notes`).
    `variants` are the same buffers from other builds and schedules of the original (FMA, reverse order, a GPU).
    `doubtful` counts the elements that near ties may have moved without leaving a mark on them in `bounds`: stores
    whose place a tie decided, and threads that stored nothing after one.
    """

    case: Case
    outputs: tuple[Array, ...]
    bounds: tuple[Bound | None, ...]
    variants: tuple[tuple[str, tuple[Array, ...]], ...] = ()
    oracle: Literal["cpu", "cpu+gpu"] = "cpu"
    notes: tuple[str, ...] = field(default=())
    doubtful: int = 0
