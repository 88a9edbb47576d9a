"""The rules translator's last step for Triton: structured IR -> one translation file.

Each instance becomes a @triton.jit function and a branch of the host function, which allocates scratch and launches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cuport.targets.triton.emit.body import Body
from cuport.targets.triton.emit.expressions import tl_dtype
from cuport.targets.triton.emit.functions import device_functions
from cuport.translators.rules import ir, types
from cuport.translators.rules.python_text import apart, fresh

_BLOCK = ("bdim_x", "bdim_y", "bdim_z")
_AXES = "xyz"
# names of the emitted frame and of Triton, which the CUDA's own names must not take
_FRAME = frozenset(
    [
        *[
            "lane",
            "active",
            "program",
            "P",
            "tl",
            "triton",
            "torch",
            "libdevice",
            "range",
            "float",
            "min",
            "max",
            "abs",
            "len",
            "print",
        ]
    ]
    + [f"{kind}_{axis}" for kind in ("tid", "bid", "bdim", "gdim") for axis in _AXES]
)


def emit(program: ir.Program) -> str:
    """The file's text. Raises CuportError (`unsupported.*`) for what Triton cannot express."""
    used: set[str] = set()
    kernels: list[str] = []
    for kernel in program.kernels:
        many = len(kernel.functions) > 1
        given = [f"_{kernel.name}_{i + 1}" if many else f"_{kernel.name}" for i in range(len(kernel.functions))]
        parts = [_Instance(kernel, f, name) for f, name in zip(kernel.functions, given, strict=True)]
        for part in parts:
            kernels.append(part.device())
            used |= part.used
        kernels.append(_host(kernel, parts))
    pieces = [*device_functions(used), *kernels]
    body = "\n\n\n".join(pieces)
    imports = ["import torch", "import triton", "import triton.language as tl"]
    if "libdevice." in body:
        imports.append("from triton.language.extra import libdevice")
    return "\n".join(imports) + "\n\n\n" + body + "\n"


class _Instance:
    """One template instance: its device function, and what the host has to pass to it."""

    def __init__(self, kernel: ir.KernelPort, function: ir.Function, name: str) -> None:
        self.kernel, self.function, self.name = kernel, apart(function, _FRAME), name
        function = self.function
        self.scratch = [m for m in function.memories if m.space in ("shared", "local")]
        self._body = Body(function, {m.name: self._pointer(m) for m in function.memories})
        self._lines = self._body.lines()
        self.used = self._body.exprs.used
        self.spare = sorted(self._body.spare)
        self._indices = self._body.exprs.indices

    @property
    def template_args(self) -> Mapping[str, int | bool | str]:
        return dict(self.function.template_args)

    def device(self) -> str:
        """The @triton.jit function."""
        parameters = [m.name for m in self.function.memories]
        parameters += [f"{s.name}: {tl_dtype(s.dtype)}" for s in self.function.scalars]
        parameters += [f"{name}_spare" for name in self.spare]
        parameters += [f"{m.name}_size" for m in self._dynamic()]
        parameters += [f"{name}_null: tl.constexpr" for name in self.function.nullable]
        parameters += [f"{name}: tl.constexpr" for name in (*_BLOCK, "P")]
        head = f"def {self.name}({', '.join(parameters)}):"
        if len(head) > 110:
            head = f"def {self.name}(\n    " + ",\n    ".join(parameters) + ",\n):"
        doc = f'    """{self.function.instance}, line {self.kernel.line}: one program a block, one lane a thread."""'
        return "\n".join(["@triton.jit", head, doc, *self._prologue(), *self._lines])

    def arguments(self) -> list[str]:
        """What the host passes, in the order of `device`'s parameters."""
        null = self.function.nullable
        reached = [m.access if m.space in ("global", "symbol") else m.name for m in self.function.memories]
        out = [
            f"{m.name}_place" if m.name in null else how for m, how in zip(self.function.memories, reached, strict=True)
        ]
        out += [s.access for s in self.function.scalars]
        out += [f"{name}_spare" for name in self.spare]
        out += [f"{m.name}_size" for m in self._dynamic()]
        out += [f"{self.function.memory(name).access} is None" for name in null]
        return out

    def allocations(self, device: str, lanes: str, blocks: str) -> list[str]:
        """Lines that allocate scratch; `lanes` and `blocks` name the counts on the host.

        A null pointer gets a place that is never touched, so that the device function has one type."""
        lines = []
        for name in self.function.nullable:
            m = self.function.memory(name)
            empty = f"torch.empty(1, dtype=torch.{m.dtype}, device={device})"
            lines.append(f"{name}_place = {empty} if {m.access} is None else {m.access}")
        for m in self.scratch:
            size = f"{m.name}_size" if m.extent is None else str(max(m.extent, 1))
            if m.extent is None:
                lines.append(f"{m.name}_size = max(shared_bytes // {types.size(m.dtype)}, 1)")
            threads = f" * {lanes}" if m.space == "local" else ""
            lines.append(f"{m.name} = torch.empty({blocks}{threads} * {size}, dtype=torch.{m.dtype}, device={device})")
        for name in self.spare:
            dtype = self.function.memory(name).dtype
            lines.append(f"{name}_spare = torch.empty({blocks} * {lanes}, dtype=torch.{dtype}, device={device})")
        return lines

    @property
    def dynamic(self) -> bool:
        return bool(self._dynamic())

    def _dynamic(self) -> list[ir.Memory]:
        return [m for m in self.scratch if m.extent is None]

    @staticmethod
    def _pointer(m: ir.Memory) -> tuple[str, str]:
        """Name of the pointer, and the text of what a lane adds to it."""
        return (m.name, "lane * " + str(m.extent)) if m.space == "local" else (m.name, "")

    def _prologue(self) -> list[str]:
        """Lanes, indices that the body uses, and where this block's scratch begins."""
        text = "\n".join(self._lines)
        uses = {name for name in self._indices if re.search(rf"\b{name}\b", text)}
        lines = ["lane = tl.arange(0, P)", "active = lane < bdim_x * bdim_y * bdim_z"]
        if "tid_x" in uses:
            lines.append("tid_x = lane % bdim_x")
        if "tid_y" in uses:
            lines.append("tid_y = lane // bdim_x % bdim_y")
        if "tid_z" in uses:
            lines.append("tid_z = lane // (bdim_x * bdim_y)")
        lines += [f"bid_{a} = tl.program_id({i})" for i, a in enumerate(_AXES) if f"bid_{a}" in uses]
        lines += [f"gdim_{a} = tl.num_programs({i})" for i, a in enumerate(_AXES) if f"gdim_{a}" in uses]
        if self.scratch or self.spare:
            rows = "tl.program_id(1) + tl.num_programs(1) * tl.program_id(2)"
            lines.append(f"program = tl.program_id(0) + tl.num_programs(0) * ({rows})")
        for m in self.scratch:
            size = f"{m.name}_size" if m.extent is None else str(max(m.extent, 1))
            lines.append(f"{m.name} += program.to(tl.int64) * {'P * ' if m.space == 'local' else ''}{size}")
        lines += [f"{name}_spare += program.to(tl.int64) * P" for name in self.spare]
        return [f"    {line}" for line in lines]


def _host(kernel: ir.KernelPort, parts: list[_Instance]) -> str:
    """The function of the calling contract."""
    dynamic = any(p.dynamic for p in parts)
    extras = [*kernel.extras, "grid", "block", *(["shared_bytes"] if dynamic else [])]
    doc = f'    """{kernel.cuda_name}, changed in place."""'
    lines = [f"def {kernel.name}({', '.join([*kernel.parameters, '*', *extras])}):", doc]
    taken = {*kernel.parameters, *extras, *(m.name for p in parts for m in p.scratch)}
    lanes, blocks = fresh("lanes", taken), fresh("blocks", taken)
    lines.append(f"    {lanes} = triton.next_power_of_2(block[0] * block[1] * block[2])")
    if any(p.scratch or p.spare for p in parts):
        lines.append(f"    {blocks} = grid[0] * grid[1] * grid[2]")
    single = len(parts) == 1
    for part in parts:
        indent = "    "
        if not single:
            lines.append(f"    if {_condition(part)}:")
            indent = "        "
        device = next(
            (
                f"{m.access}.device"
                for m in part.function.memories
                if m.space in ("global", "symbol") and m.name not in part.function.nullable
            ),
            '"cpu"',
        )
        lines += [indent + line for line in part.allocations(device, lanes, blocks)]
        lines += _launch(part, lanes, indent)
        if not single:
            lines.append(f"{indent}return")
    if not single:
        shown = ", ".join(f"{{{name}}}" for name in parts[0].template_args)
        lines.append(f'    raise NotImplementedError(f"no such instance of {kernel.cuda_name}: {shown}")')
    return "\n".join(lines)


def _launch(part: _Instance, lanes: str, indent: str) -> list[str]:
    arguments = [*part.arguments(), "*block", lanes]
    tail = [f"num_warps=max({lanes} // 32, 1)", "num_stages=1"]
    one = f"{indent}{part.name}[grid]({', '.join([*arguments, *tail])})"
    if len(one) <= 110:
        return [one]
    return [f"{indent}{part.name}[grid](", *(f"{indent}    {a}," for a in [*arguments, *tail]), f"{indent})"]


def _condition(part: _Instance) -> str:
    tests = []
    for name, value in part.template_args.items():
        shown = tl_dtype(value) if isinstance(value, str) and value in types.DTYPES else repr(value)
        tests.append(f"{name} == {shown}")
    return " and ".join(tests) or "True"
