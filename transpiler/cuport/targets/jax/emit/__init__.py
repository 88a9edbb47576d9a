"""The rules translator's last step for JAX: structured IR -> one translation file.

Each instance becomes a function whose inner `step` runs some blocks of the grid; `_blocks` runs it over all of them.
"""

from __future__ import annotations

import re

from cuport.targets.jax.emit.body import Body
from cuport.targets.jax.emit.expressions import jnp_dtype
from cuport.targets.jax.emit.functions import port_functions
from cuport.translators.rules import ir, types, walk
from cuport.translators.rules.python_text import apart, literal

_AXES = "xyz"
_INDEX = {
    "tid_x": "thread % block[0]",
    "tid_y": "thread // block[0] % block[1]",
    "tid_z": "thread // (block[0] * block[1])",
    "bid_x": "number % grid[0]",
    "bid_y": "number // grid[0] % grid[1]",
    "bid_z": "number // (grid[0] * grid[1])",
}
# names of the emitted frame and of JAX, which the CUDA's own names must not take
_OWN = "active thread number state step carry row grid block shared_bytes"
_FRAME = frozenset([*_OWN.split(), *"jax jnp lax float int max min len range".split(), *_INDEX])


def emit(program: ir.Program) -> str:
    """The file's text. Raises CuportError (`unsupported.*`) for what JAX cannot express."""
    used = {"_blocks"}
    kernels: list[str] = []
    for kernel in program.kernels:
        many = len(kernel.functions) > 1
        parts = [
            _Instance(kernel, f, f"_{kernel.name}_{i + 1}" if many else kernel.name)
            for i, f in enumerate(kernel.functions)
        ]
        kernels += [part.text() for part in parts]
        used |= {name for part in parts for name in part.used}
        if many:
            kernels.append(_dispatch(kernel, parts))
    wide = any(_is_wide(f) for kernel in program.kernels for f in kernel.functions)
    head = ["import jax", "import jax.numpy as jnp", "from jax import lax"]
    body = "\n\n\n".join([*port_functions(used), *kernels])
    if not wide and not re.search(r"\bjax\.", body):
        head = head[1:]
    if wide:
        head += ["", 'jax.config.update("jax_enable_x64", True)']
    return "\n".join(head) + "\n\n\n" + body + "\n"


class _Instance:
    """One template instance as a function of the calling contract."""

    def __init__(self, kernel: ir.KernelPort, function: ir.Function, name: str) -> None:
        self.kernel, self.name = kernel, name
        self.function = apart(function, _FRAME)
        self._scratch = [m for m in self.function.memories if m.space in ("shared", "local")]
        self._outer = [m for m in self.function.memories if m.space in ("global", "symbol")]
        self._tables = [m for m in self.function.memories if m.space == "table"]
        bases = {m.name: "" for m in [*self._outer, *self._tables]} | {m.name: f"{m.name}_at" for m in self._scratch}
        self._body = Body(self.function, bases, _FRAME)
        self._lines = self._body.lines()
        self._written = sorted(walk.writes(self.function.body).memories & {m.name for m in self._outer})
        self.used = self._body.exprs.used

    @property
    def dynamic(self) -> bool:
        return any(m.extent is None for m in self._scratch)

    @property
    def parameters(self) -> list[str]:
        extras = [*self.kernel.extras, "grid", "block", *(["shared_bytes"] if self.dynamic else [])]
        return [*self.kernel.parameters, "*", *extras]

    def text(self) -> str:
        state = _tuple(self._written)
        lines = [f"def {self.name}({', '.join(self.parameters)}):", self._doc(), *self._entry()]
        lines += ["", "    def step(number, thread, active, state):"]
        if self._written:
            lines.append(f"        {state} = state")
        lines += [*self._prologue(), *self._lines, f"        return {state}", ""]
        if not self._written:
            return "\n".join([*lines, "    _blocks(step, (), grid, block)", "    return {}"])
        # where blocks wait for each other all of them run side by side
        meets = any(isinstance(s, ir.Barrier) and s.scope == "grid" for s in walk.statements(self.function.body))
        lines.append(f"    {state} = _blocks(step, {state}, grid, block{', whole=True' if meets else ''})")
        lines.append(f"    return {self._returned()}")
        return _squeezed("\n".join(lines))

    def _doc(self) -> str:
        line = f", line {self.kernel.line}" if self.kernel.line else ""
        return f'    """{self.function.instance}{line}."""'

    def _entry(self) -> list[str]:
        """Arrays flat and under the IR's names, numbers in their dtypes."""
        lines = []
        nullable = set(self.function.nullable)
        for m in self._outer:
            flat = f"{m.access}.reshape(-1)" if m.lanes > 1 else m.access
            if m.name in nullable:  # nothing touches the empty array that stands for a null pointer
                lines.append(f"    {m.name}_null = {m.access} is None")
                flat = f"jnp.zeros(0, {jnp_dtype(m.dtype)}) if {m.name}_null else {flat}"
            if flat != m.name:
                lines.append(f"    {m.name} = {flat}")
        for s in self.function.scalars:
            weak = s.dtype in ("int32", "bool")
            value = s.access if weak else f"{jnp_dtype(s.dtype)}({s.access})"
            if value != s.name:
                lines.append(f"    {s.name} = {value}")
        for m in self._tables:
            data = ", ".join(literal(ir.Const(m.dtype, v)).text for v in m.data)
            lines.append(f"    {m.name} = jnp.array([{data}], {jnp_dtype(m.dtype)})")
        return lines

    def _prologue(self) -> list[str]:
        """Indices that the body uses, and scratch memory with this block's or thread's place in it."""
        text = "\n".join(self._lines)
        lines = [f"{name} = {how}" for name, how in _INDEX.items() if re.search(rf"\b{name}\b", text)]
        if self._scratch:
            lines.append("row = jnp.arange(active.shape[0], dtype=jnp.int32)[:, None]")
        for m in self._scratch:
            size = str(m.extent) if m.extent is not None else f"(shared_bytes // {types.size(m.dtype)})"
            if m.space == "shared":
                lines.append(f"{m.name} = jnp.zeros(active.shape[0] * {size}, {jnp_dtype(m.dtype)})")
                lines.append(f"{m.name}_at = row * {size}")
            else:
                lines.append(f"{m.name} = jnp.zeros(active.size * {size}, {jnp_dtype(m.dtype)})")
                lines.append(f"{m.name}_at = (row * active.shape[1] + thread) * {size}")
        return [f"        {line}" for line in lines]

    def _returned(self) -> str:
        """The dict of the contract; fields of a struct buffer are gathered under their parameter."""
        plain: list[str] = []
        grouped: dict[str, list[str]] = {}
        for name in self._written:
            m = self.function.memory(name)
            value = f"{name}.reshape(-1, {m.lanes})" if m.lanes > 1 else name
            value = f"None if {name}_null else {value}" if name in self.function.nullable else value
            found = re.fullmatch(r"(\w+)\[[\"'](.+)[\"']\]", m.access)
            if found:
                grouped.setdefault(found[1], []).append(f'"{found[2]}": {value}')
            else:
                plain.append(f'"{m.access}": {value}')
        plain += [f'"{name}": {{{", ".join(fields)}}}' for name, fields in grouped.items()]
        return "{" + ", ".join(plain) + "}"


def _dispatch(kernel: ir.KernelPort, parts: list[_Instance]) -> str:
    """The function of the contract where there are several instances."""
    extras = list(dict.fromkeys(e for p in parts for e in p.parameters[p.parameters.index("*") + 1 :]))
    lines = [f"def {kernel.name}({', '.join([*kernel.parameters, '*', *extras])}):"]
    lines.append(f'    """{kernel.cuda_name}, by template arguments."""')
    for part in parts:
        passed = part.parameters[part.parameters.index("*") + 1 :]
        tests = []
        for name, value in part.function.template_args:
            dtype = isinstance(value, str) and value in types.DTYPES
            tests.append(f"{name} == {jnp_dtype(str(value)) if dtype else repr(value)}")
        call = ", ".join([*kernel.parameters, *(f"{e}={e}" for e in passed)])
        lines += [f"    if {' and '.join(tests) or 'True'}:", f"        return {part.name}({call})"]
    shown = ", ".join(f"{{{name}}}" for name, _ in parts[0].function.template_args)
    lines.append(f'    raise NotImplementedError(f"no such instance of {kernel.cuda_name}: {shown}")')
    return "\n".join(lines)


def _is_wide(function: ir.Function) -> bool:
    """Whether anything in it has 64 bits."""
    dtypes = {m.dtype for m in function.memories} | set(function.variables.values())
    dtypes |= {s.dtype for s in function.scalars}
    for s in walk.statements(function.body):
        for e in walk.own_expressions(s):
            for x in walk.expressions(e):
                dtypes.add(x.dtype)
                if isinstance(x, ir.Call) and x.fn == "mulhi":
                    dtypes.add("int64")
    return any(types.bits(d) == 64 for d in dtypes)


def _tuple(names: list[str]) -> str:
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def _squeezed(text: str) -> str:
    """No two empty lines in a row, none before a dedent's first line."""
    return re.sub(r"\n{3,}", "\n\n", text)
