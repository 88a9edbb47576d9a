"""What is known of a kernel, in the words of a prompt: parameters, launches, the source it needs.

Nothing here depends on a target; a target's prompt says what "array" means there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cuport.case import Arg, Buffer, Case, PointerArg, ScalarArg, StructArg
from cuport.kernel import CType, Kernel, LaunchSite, Source
from cuport.sandbox.contract import Contract, contract_of
from cuport.translators.excerpt import excerpt

_MOST_LAUNCHES = 8
_LONGEST_HOST = 4000  # characters of the host function around the launch


@dataclass(frozen=True)
class Parameter:
    """A row of the parameter table. `arrives` says what a port is given."""

    name: str
    ctype: str
    arrives: str


@dataclass(frozen=True)
class Facts:
    """Everything a prompt says of one kernel; all strings are ready to be shown."""

    qualified: str
    function: str
    scope: str
    def_line: str
    params: tuple[Parameter, ...]
    keywords: tuple[Parameter, ...]
    code: str
    launch_sites: tuple[str, ...]
    host: str
    domain: str
    launches: tuple[str, ...]
    launch_count: int
    notes: tuple[str, ...]


def facts_of(source: Source, kernel: Kernel, cases: Sequence[Case], domain: str = "") -> Facts:
    """`cases` are sample launches; the most different ones are shown."""
    contract = contract_of(kernel)
    shown = _different(cases)
    return Facts(
        qualified=kernel.qualified,
        function=contract.function,
        scope=kernel.qualified.rpartition("::")[0],
        def_line=contract.def_line,
        params=tuple(_parameter(source, kernel, i, cases) for i in range(len(kernel.params))),
        keywords=tuple(_keywords(source, kernel, contract, cases)),
        code=excerpt(source, kernel),
        launch_sites=tuple(dict.fromkeys(_site(site) for site in kernel.launches)),
        host=_host(source, kernel),
        domain=domain,
        launches=tuple(_launch(kernel, contract, case) for case in shown),
        launch_count=len(cases),
        notes=tuple(_notes(kernel, cases)),
    )


# -- parameters --------------------------------------------------------------------------------------------------------


def _parameter(source: Source, kernel: Kernel, index: int, cases: Sequence[Case]) -> Parameter:
    param = kernel.params[index]
    seen = [case.args[index] for case in cases if index < len(case.args)]
    return Parameter(kernel.param_names[index], str(param.ctype), _arrives(source, param.ctype, seen))


def _arrives(source: Source, ctype: CType, seen: Sequence[Arg]) -> str:
    if ctype.pointer:
        return _array(source, ctype, [a for a in seen if isinstance(a, PointerArg)])
    structs = [a for a in seen if isinstance(a, StructArg)]
    if ctype.struct or structs:
        return f"object with the fields {_fields(source, ctype, structs)}"
    dtypes = _either([ctype.dtype] if ctype.dtype else [a.dtype for a in seen if isinstance(a, ScalarArg)])
    if not dtypes:
        return "number"
    word = "bool" if dtypes == "bool" else "float" if "float" in dtypes else "int"
    return f"{word} ({dtypes} in CUDA)"


def _array(source: Source, ctype: CType, seen: Sequence[PointerArg]) -> str:
    role = "read only" if ctype.const else "may be written"
    if ctype.pointer > 1:
        return f"array of pointers, {role}"
    if ctype.struct or any(a.dtype == "struct" for a in seen):
        return f"dict of the field arrays {_fields(source, ctype, ())}, {role}"
    dtypes = _either([ctype.dtype] if ctype.dtype else [a.dtype for a in seen]) or f"elements of type {ctype.name}"
    lanes = max([ctype.lanes, *(a.lanes for a in seen)])
    shape = f"2-D array (n, {lanes})" if lanes > 1 else "1-D array"
    null = ", or None" if any(a.buffer is None for a in seen) else ""
    return f"{shape} of {dtypes}{null}, {role}"


def _fields(source: Source, ctype: CType, seen: Sequence[StructArg]) -> str:
    for struct in source.structs:
        if ctype.struct in (struct.qualified, struct.name) and struct.fields:
            return ", ".join(f"`{f.name}` ({f.ctype})" for f in struct.fields)
    names = dict.fromkeys(name for value in seen for name, _ in value.fields)
    return ", ".join(f"`{name}`" for name in names) or "of the struct"


def _keywords(source: Source, kernel: Kernel, contract: Contract, cases: Sequence[Case]) -> Iterable[Parameter]:
    kinds = {t.name: t for t in kernel.template_params}
    for name, keyword in contract.templates:
        values = dict.fromkeys(
            str(dict(case.template_args)[name]) for case in cases if name in dict(case.template_args)
        )
        seen = f"; seen: {', '.join(values)}" if values else ""
        template = kinds[name]
        if template.kind == "type":
            yield Parameter(keyword, "template type", f"dtype{seen}")
        else:
            yield Parameter(keyword, f"template {template.ctype or 'value'}", f"int or bool{seen}")
    declared = {g.qualified: g for g in source.globals}
    for name, keyword in contract.globals:
        variable = declared.get(name)
        buffers = [case.buffers[dict(case.globals)[name]] for case in cases if name in dict(case.globals)]
        ctype = f"{variable.space} {variable.ctype}" if variable else "global variable"
        role = "read only" if variable and variable.space == "constant" else "may be written"
        sizes = _either(_extent(b) for b in buffers)
        yield Parameter(keyword, ctype, f"flat array{f' {sizes}' if sizes else ''}, {role}")


def _either(words: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(words))


# -- launches ----------------------------------------------------------------------------------------------------------


def _different(cases: Sequence[Case]) -> list[Case]:
    """At most `_MOST_LAUNCHES` cases, each instance first, then each launch geometry and set of sizes."""
    distinct: dict[object, Case] = {}
    for case in cases:
        sizes = tuple(b.data.shape for b in case.buffers)
        distinct.setdefault((case.instance, case.grid, case.block, case.shared_bytes, sizes), case)
    firsts = {case.instance: case for case in reversed(distinct.values())}
    rest = [case for case in distinct.values() if firsts[case.instance] is not case]
    picked = {id(case) for case in [*reversed(firsts.values()), *rest][:_MOST_LAUNCHES]}
    return [case for case in distinct.values() if id(case) in picked]


def _launch(kernel: Kernel, contract: Contract, case: Case) -> str:
    head = f"`{case.instance}` grid {case.grid} block {case.block}"
    if case.shared_bytes:
        head += f" shared_bytes {case.shared_bytes}"
    parts = [
        f"{name}={_argument(contract, case, i, arg)}"
        for i, (name, arg) in enumerate(zip(contract.params, case.args, strict=False))
    ]
    places = dict(case.globals)
    parts += [
        f"{keyword}={_extent(case.buffers[places[name]])}" for name, keyword in contract.globals if name in places
    ]
    return f"{head}: {', '.join(parts)}"


def _argument(contract: Contract, case: Case, index: int, arg: Arg) -> str:
    if isinstance(arg, ScalarArg):
        return _number(arg)
    if isinstance(arg, StructArg):
        return "{" + ", ".join(f"{name}: {_argument(contract, case, -1, inner)}" for name, inner in arg.fields) + "}"
    if arg.buffer is None:
        return "None"
    buffer = case.buffers[arg.buffer]
    text = _extent(buffer, arg)
    if arg.offset:
        text += f" from byte {arg.offset} of its buffer"
    for name, other in zip(contract.params[: max(index, 0)], case.args, strict=False):
        if isinstance(other, PointerArg) and other.buffer == arg.buffer:
            return f"{text}, the same memory as `{name}`"
    return text


def _extent(buffer: Buffer, arg: PointerArg | None = None) -> str:
    data = buffer.data
    if data.dtype.names:
        return f"{len(data)} structs"
    dtype, lanes = (
        (arg.dtype, arg.lanes) if arg is not None and arg.dtype != "struct" else (data.dtype.name, buffer.lanes)
    )
    offset = arg.offset if arg is not None else 0
    try:
        count = (data.size * data.dtype.itemsize - offset) // (np.dtype(dtype).itemsize * lanes)
    except TypeError:
        return f"{data.size * data.dtype.itemsize} bytes"
    return f"{dtype}[{count}, {lanes}]" if lanes > 1 else f"{dtype}[{count}]"


def _number(arg: ScalarArg) -> str:
    if arg.dtype == "float32":
        return str(np.float32(arg.value))
    return repr(arg.value)


# -- source ------------------------------------------------------------------------------------------------------------


def _site(site: LaunchSite) -> str:
    template = f"<{', '.join(site.template_args)}>" if site.template_args else ""
    launch = ", ".join(part for part in (site.grid, site.block, site.shared) if part)
    return f"{site.kernel}{template}<<<{launch}>>>({', '.join(site.args)});"


def _host(source: Source, kernel: Kernel) -> str:
    """The functions the launches stand in, where they are short enough to be worth their tokens."""
    names = dict.fromkeys(site.function for site in kernel.launches)
    found = {f.qualified: f.text.strip() for f in source.functions if f.qualified in names or f.name in names}
    text = "\n\n".join(found.values())
    return text if len(text) <= _LONGEST_HOST else ""


def _notes(kernel: Kernel, cases: Sequence[Case]) -> Iterable[str]:
    if kernel.reads_grid_dim:
        yield "the kernel reads gridDim: other grids are tried; declare `grid` if what is written depends on it."
    for index, name in enumerate(kernel.param_names):
        if any(_overlaps(case, index) for case in cases):
            yield f"`{name}` shares memory with another parameter in some launches."


def _overlaps(case: Case, index: int) -> bool:
    arg = case.args[index] if index < len(case.args) else None
    return (
        isinstance(arg, PointerArg)
        and arg.buffer is not None
        and any(isinstance(other, PointerArg) and other.buffer == arg.buffer for other in case.args[:index])
    )
