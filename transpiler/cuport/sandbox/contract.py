"""The calling contract of the translation file (version 1): from a Kernel to its `def` line, from a Case to the call.

For `__global__ void k(T1 p1, T2 p2, ...)` a port defines `def k(p1, p2, ...)`. The CUDA parameters come by position;
these extras come by keyword and only if the `def` declares them: grid, block, shared_bytes, template values and types
by their names, `__constant__` / `__device__` globals by theirs. A name that is taken, or a Python keyword, gets a
trailing underscore; `a::b` becomes `a__b`.

What the design leaves open and this module decides:
- The parameters' names must be the contract's, since a functional port returns buffers by name.
- A pointer inside a by-value struct is an array attribute; a functional port returns it under `"param.field"`.
- An array member of a by-value struct is a sequence; members of nested structs in memory have dotted names. An
  attribute that is a Python keyword gets a trailing underscore.
- A global is a flat array, `(n,)` or `(n, lanes)`, even where it is one number.
"""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cuport.case import Arg, Array, Buffer, Case, PointerArg, ScalarArg
from cuport.kernel import Kernel
from cuport.sandbox.call import (
    Call,
    ContractViolation,
    DType,
    Extra,
    Field,
    Items,
    Raw,
    Records,
    Scalar,
    StructValue,
    UnsupportedCall,
    Value,
    View,
)

LAUNCH_EXTRAS = ("grid", "block", "shared_bytes")


@dataclass(frozen=True)
class Contract:
    """How one kernel's port is defined and called.

    `params` are the positional names. `templates` and `globals` pair a C++ name (a global's is qualified) with the
    keyword it is passed by.
    """

    kernel: str  # the CUDA kernel's qualified name
    function: str
    params: tuple[str, ...]
    templates: tuple[tuple[str, str], ...] = ()
    globals: tuple[tuple[str, str], ...] = ()

    @property
    def extras(self) -> tuple[str, ...]:
        """Every keyword that a port may declare."""
        named = [keyword_ for _, keyword_ in (*self.templates, *self.globals)]
        return (*named, *LAUNCH_EXTRAS)

    @property
    def def_line(self) -> str:
        """The line to write. It declares templates and globals; grid, block and shared_bytes may be added to it."""
        named = [keyword_ for _, keyword_ in (*self.templates, *self.globals)]
        star = [f"*, {', '.join(named)}"] if named else []
        return f"def {self.function}({', '.join([*self.params, *star])}):"

    def check(self, parameters: Sequence[inspect.Parameter], line: int | None = None) -> frozenset[str]:
        """Compare a port's declared parameters with the contract; give the extras it declares.

        Raises ContractViolation. `**kwargs` asks for all extras; an undemanded parameter must have a default.
        """
        kinds = inspect.Parameter
        star = [p for p in parameters if p.kind is kinds.VAR_POSITIONAL]
        if star:
            raise ContractViolation(f"`*{star[0].name}` hides the parameters; write `{self.def_line}`", line)
        positional = [p for p in parameters if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)]
        names = tuple(p.name for p in positional[: len(self.params)])
        if names != self.params:
            got = ", ".join(p.name for p in positional)
            raise ContractViolation(f"`{self.function}` takes ({got}); the contract is `{self.def_line}`", line)
        rest = positional[len(self.params) :] + [p for p in parameters if p.kind is kinds.KEYWORD_ONLY]
        wanted = set()
        for p in rest:
            if p.name in self.extras and p.kind is not kinds.POSITIONAL_ONLY:
                wanted.add(p.name)
            elif p.default is kinds.empty:
                known = ", ".join(self.extras)
                raise ContractViolation(f"`{self.function}` declares `{p.name}`, which is none of: {known}", line)
        if any(p.kind is kinds.VAR_KEYWORD for p in parameters):
            wanted.update(self.extras)
        return frozenset(wanted)

    def keywords(self, function: Callable[..., Any], call: Call) -> Mapping[str, Extra]:
        """The extras to pass to `function` for this call. Raises ContractViolation if the signature is wrong."""
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError) as error:
            raise ContractViolation(f"`{self.function}` has no readable signature: {error}") from None
        code = getattr(inspect.unwrap(function), "__code__", None)
        wanted = self.check(list(signature.parameters.values()), getattr(code, "co_firstlineno", None))
        missing = sorted(wanted - set(call.extras))
        if missing:
            raise UnsupportedCall(f"this launch has no value for `{missing[0]}`")
        return {name: call.extras[name] for name in call.extras if name in wanted}


def contract_of(kernel: Kernel) -> Contract:
    """The contract that a port of `kernel` has to keep."""
    taken = {*kernel.param_names, *LAUNCH_EXTRAS}

    def free(name: str) -> str:
        name = name.replace("::", "__").strip("_") if "::" in name else name
        while name in taken or keyword.iskeyword(name):
            name += "_"
        taken.add(name)
        return name

    templates = tuple((t.name, free(t.name)) for t in kernel.template_params)
    variables = tuple((name, free(name)) for name in kernel.globals)
    return Contract(kernel.qualified, kernel.python_name, kernel.param_names, templates, variables)


def def_line(kernel: Kernel) -> str:
    """The exact `def` line to write for this kernel."""
    return contract_of(kernel).def_line


def call_of(contract: Contract, case: Case, index: int = 0) -> Call:
    """The call for one case. Raises UnsupportedCall where the contract cannot express the launch."""
    if len(case.args) != len(contract.params):
        raise UnsupportedCall(f"the launch has {len(case.args)} arguments, `{contract.kernel}` {len(contract.params)}")
    args = tuple(_value(name, arg, case.buffers) for name, arg in zip(contract.params, case.args, strict=True))
    extras: dict[str, Extra] = {"grid": case.grid, "block": case.block, "shared_bytes": case.shared_bytes}
    given = dict(case.template_args)
    for name, keyword_ in contract.templates:
        if name in given:
            value = given[name]
            extras[keyword_] = DType(value) if isinstance(value, str) else value
    places = dict(case.globals)
    for name, keyword_ in contract.globals:
        if name in places:
            extras[keyword_] = _over(keyword_, case.buffers, places[name], 0, None, 1)
    return Call(index, contract.params, args, extras, tuple(raw_bytes(b.data) for b in case.buffers))


def raw_bytes(data: Array) -> Raw:
    """The bytes of an array, without a copy where it is contiguous."""
    flat = np.ascontiguousarray(data).reshape(-1)
    if not flat.size:
        return np.zeros(0, np.uint8)
    return flat.view(np.uint8) if flat.dtype.itemsize else np.zeros(0, np.uint8)


def _value(path: str, arg: Arg, buffers: Sequence[Buffer]) -> Value:
    if isinstance(arg, ScalarArg):
        return Scalar(arg.dtype, arg.value)
    if isinstance(arg, PointerArg):
        if arg.buffer is None:
            return None
        dtype = None if arg.dtype == "struct" else arg.dtype
        return _over(path, buffers, arg.buffer, arg.offset, dtype, arg.lanes)
    fields = tuple((name, _value(f"{path}.{name}", inner, buffers)) for name, inner in arg.fields)
    if fields and all(name == str(i) for i, (name, _) in enumerate(fields)):
        return Items(tuple(value for _, value in fields))
    return StructValue(arg.name, tuple((name + "_" * keyword.iskeyword(name), value) for name, value in fields))


def _over(
    path: str, buffers: Sequence[Buffer], index: int, offset: int, dtype: str | None, lanes: int
) -> View | Records:
    """A view of buffer `index` from byte `offset` on; `dtype` None means the buffer's own element type."""
    data = buffers[index].data
    size = data.size * data.dtype.itemsize
    if not 0 <= offset <= size:
        raise UnsupportedCall(f"`{path}` points {offset} bytes into a buffer of {size}")
    if dtype is None and data.dtype.names is not None:
        fields = tuple(_fields("", data.dtype, 0))
        return Records(path, index, offset, data.dtype.itemsize, (size - offset) // data.dtype.itemsize, fields)
    if dtype is None:
        dtype, lanes = data.dtype.name, buffers[index].lanes
    try:
        item = np.dtype(dtype).itemsize * lanes
    except TypeError:
        item = 0
    if not item:
        raise UnsupportedCall(f"`{path}` points to `{dtype}`, which no array type holds")
    return View(path, index, offset, dtype, lanes, (size - offset) // item)


def _fields(prefix: str, dtype: np.dtype[Any], base: int) -> list[Field]:
    found: list[Field] = []
    for name in dtype.names or ():
        inner, at = dtype.fields[name][:2]  # type: ignore[index]
        shape: tuple[int, ...] = ()
        if inner.subdtype is not None:
            inner, shape = inner.subdtype
        if inner.kind == "V" and inner.names is None:
            continue  # opaque bytes; the judge still compares them
        if inner.names is None:
            found.append(Field(prefix + name, inner.name, base + at, shape))
        elif not shape:
            found += _fields(f"{prefix}{name}.", inner, base + at)
        else:
            raise UnsupportedCall(f"field `{prefix}{name}` is an array of structs")
    return found
