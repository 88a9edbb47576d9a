"""The numbers of one launch by name, and the same launch with other numbers put in.

Names: `n` for an integer parameter, `p.n` and `p.dims[0]` inside a struct, a template value's own name, `block.x`,
`grid.y`, `shared`, `len(x)` for the elements of the buffer behind `x`, `offset(x)` for the elements before the pointer,
and the qualified name of an integer `__constant__` or `__device__` variable (`c::params.n` inside a struct).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from cuport.case import Arg, Array, Buffer, Case, Dim3, PointerArg, ScalarArg, StructArg
from cuport.kernel import Kernel

Kind = Literal["int", "bool", "float", "pointer"]
AXES = ("x", "y", "z")
OPAQUE = "opaque"  # bytes that belong together, see oracle/layout.py: never changed
FLOATS = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class Leaf:
    """A number or pointer somewhere in the arguments. `arg` is the argument's position."""

    name: str
    kind: Kind
    value: ScalarArg | PointerArg
    arg: int


def leaves(kernel: Kernel, case: Case) -> list[Leaf]:
    """All leaves of a case's arguments, in order."""
    found: list[Leaf] = []
    for index, arg in enumerate(case.args):
        name = kernel.params[index].name if index < len(kernel.params) else f"arg{index}"
        found += (Leaf(n, _kind(v), v, index) for n, v in _walk(name, arg))
    return found


def _walk(name: str, arg: Arg) -> Iterator[tuple[str, ScalarArg | PointerArg]]:
    if isinstance(arg, StructArg):
        for field, value in arg.fields if arg.name != OPAQUE else ():
            yield from _walk(f"{name}[{field}]" if field.isdigit() else f"{name}.{field}", value)
    else:
        yield name, arg


def _kind(value: ScalarArg | PointerArg) -> Kind:
    if isinstance(value, PointerArg):
        return "pointer"
    if value.dtype == "bool":
        return "bool"
    return "int" if value.dtype.startswith(("int", "uint")) else "float"


def with_leaves(kernel: Kernel, case: Case, values: Mapping[str, ScalarArg | PointerArg]) -> tuple[Arg, ...]:
    """The case's arguments with some leaves replaced, by name."""

    def put(name: str, arg: Arg) -> Arg:
        if isinstance(arg, StructArg):
            if arg.name == OPAQUE:
                return arg
            fields = tuple((f, put(f"{name}[{f}]" if f.isdigit() else f"{name}.{f}", v)) for f, v in arg.fields)
            return StructArg(arg.name, fields)
        return values.get(name, arg)

    names = [p.name for p in kernel.params] + [f"arg{i}" for i in range(len(kernel.params), len(case.args))]
    return tuple(put(n, a) for n, a in zip(names, case.args, strict=False))


def buffer_names(kernel: Kernel, case: Case) -> dict[str, int]:
    """Names of the buffers behind pointers (the first pointer into each names it) -> index in `case.buffers`.

    Buffers of globals are not among them: their size is fixed by their declaration.
    """
    found: dict[str, int] = {}
    fixed = {index for _, index in case.globals}
    for leaf in leaves(kernel, case):
        if isinstance(leaf.value, PointerArg) and leaf.value.buffer is not None:
            index = leaf.value.buffer
            if index not in found.values() and index not in fixed:
                found[leaf.name] = index
    return found


def step_of(pointer: PointerArg, data: Array) -> int:
    """Bytes of one element behind a pointer."""
    if pointer.dtype == "struct" or data.dtype.names:
        return int(data.dtype.itemsize)
    return int(np.dtype(pointer.dtype).itemsize) * pointer.lanes


def global_numbers(case: Case) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Integer globals of one element: name -> (buffer, path of fields)."""
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    for name, index in case.globals:
        data = case.buffers[index].data
        if data.shape != (1,):
            continue
        if data.dtype.names is None:
            if data.dtype.kind in "iu":
                found[name] = (index, ())
            continue
        for path, dtype in _fields(data.dtype):
            if dtype.kind in "iu" and dtype.shape == ():
                found[".".join((name, *path))] = (index, path)
    return found


def _fields(dtype: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in dtype.names or ():
        inner = dtype[name]
        if inner.names:
            yield from _fields(inner, (*before, name))
        else:
            yield (*before, name), inner


def element(data: Array, path: tuple[str, ...]) -> Array:
    """A view of one field of a structured array."""
    for name in path:
        data = data[name]
    return data


def integer_ranges(kernel: Kernel, case: Case) -> dict[str, tuple[int, int]]:
    """Least and greatest value of each integer argument and global, by its type."""
    types = {x.name: x.value.dtype for x in leaves(kernel, case) if x.kind == "int"}
    for name, (index, path) in global_numbers(case).items():
        types[name] = element(case.buffers[index].data, path).dtype.name
    return {n: (int(np.iinfo(t).min), int(np.iinfo(t).max)) for n, t in types.items()}


def facts(kernel: Kernel, case: Case) -> dict[str, int]:
    """Every integer of the launch by name; bools are left out."""
    known: dict[str, int] = {}
    for leaf in leaves(kernel, case):
        if leaf.kind == "int":
            assert isinstance(leaf.value, ScalarArg)
            known[leaf.name] = int(leaf.value.value)
        elif isinstance(leaf.value, PointerArg) and leaf.value.buffer is not None:
            data = case.buffers[leaf.value.buffer].data
            known[f"offset({leaf.name})"] = leaf.value.offset // max(1, step_of(leaf.value, data))
    for name, value in case.template_args:
        if isinstance(value, int) and not isinstance(value, bool):
            known[name] = value
    for name, (index, path) in global_numbers(case).items():
        known[name] = int(element(case.buffers[index].data, path)[0])
    known |= extents("block", case.block) | extents("grid", case.grid)
    known["shared"] = case.shared_bytes
    for name, index in buffer_names(kernel, case).items():
        known[f"len({name})"] = int(case.buffers[index].data.shape[0])
    return known


def extents(word: str, dim: Dim3) -> dict[str, int]:
    """`block.x`, `block.y`, `block.z` and `block`, their product."""
    return {f"{word}.{a}": d for a, d in zip(AXES, dim, strict=True)} | {word: dim[0] * dim[1] * dim[2]}


def is_float(dtype: np.dtype[Any]) -> bool:
    """bfloat16 is of kind "V" to numpy, like raw bytes: only the name tells."""
    return dtype.names is None and dtype.name in FLOATS


def with_data(buffer: Buffer, data: Array) -> Buffer:
    data = np.ascontiguousarray(data)
    data.setflags(write=False)
    return replace(buffer, data=data)
