"""What was read from a .cu file: `Source`, its `Kernel`s, and the declarations around them.

Dtypes are numpy / ml_dtypes names everywhere in cuport: bool int8 uint8 int16 uint16 int32 uint32 int64 uint64
float16 bfloat16 float32 float64. A vector type (float4) is its lane dtype plus `lanes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cuport.diagnostic import Diagnostic, Span


@dataclass(frozen=True)
class CType:
    """A parameter, field or global's type after typedefs were followed.

    `name` is the innermost C++ name without cv, pointer or reference (`float`, `float4`, `T`, `AdamState`);
    `dtype` is None where that name is a template parameter, a struct, or unknown.
    """

    name: str
    dtype: str | None
    lanes: int = 1
    pointer: int = 0  # levels of indirection; a reference counts as none
    const: bool = False  # of the pointee where pointer > 0
    volatile: bool = False
    struct: str | None = None  # qualified name of a struct that this file defines
    extents: tuple[str, ...] = ()  # array extents as C++ expressions, outermost first (fields and globals)

    def __str__(self) -> str:
        stars = " " + "*" * self.pointer if self.pointer else ""
        dims = "".join(f"[{e}]" for e in self.extents)
        return f"{'const ' if self.const else ''}{self.name}{stars}{dims}"


@dataclass(frozen=True)
class Param:
    """A kernel parameter or a struct field. `name` is C++'s; unnamed parameters are `arg<i>`."""

    name: str
    ctype: CType
    span: Span | None = None
    pack: bool = False  # `T... rest`

    @property
    def is_pointer(self) -> bool:
        return self.ctype.pointer > 0


@dataclass(frozen=True)
class TemplateParam:
    """`template <typename T, int N = 4, bool B>`: kind "type" or "value"; `ctype` is the value's type name."""

    name: str
    kind: Literal["type", "value"]
    ctype: str = ""
    default: str | None = None
    pack: bool = False  # `typename... T`


@dataclass(frozen=True)
class LaunchSite:
    """`kernel<template_args><<<grid, block, shared, stream>>>(args)`, every part as C++ text after preprocessing."""

    kernel: str  # as written, without template arguments
    template_args: tuple[str, ...]
    grid: str
    block: str
    shared: str
    stream: str
    args: tuple[str, ...]
    function: str  # the host function it stands in
    span: Span


@dataclass(frozen=True)
class GlobalVar:
    """A `__constant__`, `__device__` or `__managed__` variable at namespace or class scope."""

    name: str
    qualified: str
    ctype: CType
    space: Literal["constant", "device", "managed"]
    span: Span


@dataclass(frozen=True)
class Struct:
    """A struct or class that kernels may use: its data members in order of declaration."""

    name: str
    qualified: str
    fields: tuple[Param, ...]
    span: Span
    template_params: tuple[TemplateParam, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function that is no kernel. `device` is True for __device__ (also __host__ __device__) functions."""

    name: str
    qualified: str
    device: bool
    host: bool
    params: tuple[Param, ...]
    template_params: tuple[TemplateParam, ...]
    calls: tuple[str, ...]
    span: Span
    text: str


@dataclass(frozen=True)
class Kernel:
    """A `__global__` function.

    `python_name` follows the translation file's naming rules (`a::k` -> `a__k`, overloads `k__2`, keywords `in_`);
    `param_names` likewise, one a parameter. `globals` are the writable and constant globals it reaches through any
    device function. `digest` covers the kernel and all device code it reaches, not comments or layout.
    """

    name: str
    qualified: str
    python_name: str
    params: tuple[Param, ...]
    param_names: tuple[str, ...]
    template_params: tuple[TemplateParam, ...]
    launches: tuple[LaunchSite, ...]
    globals: tuple[str, ...]
    calls: tuple[str, ...]  # device functions reached, nearest first
    reads_grid_dim: bool
    span: Span
    text: str  # after preprocessing
    digest: str
    diagnostics: tuple[Diagnostic, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()  # pointer parameter, or `s.data` in a struct: in | out | in/out | unused

    @property
    def is_template(self) -> bool:
        return bool(self.template_params)


@dataclass(frozen=True)
class Source:
    """One .cu file, read.

    `text` is what the parser and the oracle work on: local headers inlined, macros expanded, `#if` decided, system
    includes kept as `#include <...>` lines. `line_map[i]` says where line i+1 of `text` came from.
    """

    path: str
    raw: str
    text: str
    line_map: tuple[tuple[str, int], ...] = field(repr=False)
    kernels: tuple[Kernel, ...]
    functions: tuple[Function, ...]
    structs: tuple[Struct, ...]
    globals: tuple[GlobalVar, ...]
    includes: tuple[str, ...]  # system headers, as written between < >
    local_headers: tuple[str, ...]  # files that were inlined
    has_main: bool
    digest: str
    diagnostics: tuple[Diagnostic, ...] = ()
    include_dirs: tuple[str, ...] = ()  # what it was read with, so that it can be read again
    defines: tuple[str, ...] = ()

    def kernel(self, name: str) -> Kernel:
        """The kernel with this qualified, plain or Python name; KeyError if there is none."""
        for kernel in self.kernels:
            if name in (kernel.qualified, kernel.python_name, kernel.name):
                return kernel
        raise KeyError(name)

    def original(self, line: int) -> tuple[str, int]:
        """File and line that line `line` (from 1) of `text` came from."""
        return self.line_map[min(max(line, 1), len(self.line_map)) - 1] if self.line_map else (self.path, line)
