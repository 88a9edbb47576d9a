"""A first case file for kernels that no program launches, guessed from their guards and index expressions.

The guess only has to be a good start: a person completes it, and every case still has to run clean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cuport.cases.cexpressions import read_c
from cuport.cases.constants import value_of
from cuport.cases.expressions import Bin, Expr, Num, Var, names_in, parse_expression, value_or_none
from cuport.cases.facts import AXES
from cuport.cases.fit import Price, fit
from cuport.cases.hosttext import HostText
from cuport.cases.lengths import in_elements
from cuport.cases.parameters import Parameters
from cuport.cuda.parse import matches, parse, walk
from cuport.cuda.unit import Unit
from cuport.kernel import Kernel, Source

_HEAD = """\
# How the kernels of {name} may be launched, where no program shows it. A first guess: please check every line.
# The format is described in docs/cases.md. Every case has to run clean on the original before it counts.
"""
_LESS = re.compile(r"\b([A-Za-z_]\w*)\s*<\s*([^;&|<>=?]+?)\s*(?=[;)&|?])")
_NOT_LESS = re.compile(r"\b([A-Za-z_]\w*)\s*>=\s*([^;&|<>=?]+?)\s*(?=[;)&|?])")
_ONE_SIZE = [1000, 1, 33]
_SIZES = ([61, 1, 33], [37, 1, 64], [29, 1, 40], [17, 1, 24])


def first_guess(source: Source) -> str:
    """TOML text for the kernels that are never launched here; for all of them if there is no such."""
    wanted = [k for k in source.kernels if not k.launches or not source.has_main] or list(source.kernels)
    host = HostText(source)
    parts = [_HEAD.format(name=Path(source.path).name)]
    parts += (_entry(source, kernel, host) for kernel in wanted)
    return "\n".join(parts)


@dataclass
class _Reading:
    """What a kernel's text says about its variables: what they are set to and what they stay below."""

    source: Source
    kernel: Kernel
    integers: list[str]
    set_to: dict[str, Expr] = field(default_factory=dict)
    below: dict[str, Expr] = field(default_factory=dict)
    indexed: dict[str, list[Expr]] = field(default_factory=dict)
    local: set[str] = field(default_factory=set)
    texts: dict[str, list[str]] = field(default_factory=dict)  # the same as text, variables followed one step

    def __post_init__(self) -> None:
        unit = Unit("", self.kernel.text, ())
        unit.root = parse(self.kernel.text).root_node
        texts: dict[str, str] = {}
        for captures in matches("bindings", unit.root):
            name = unit.text_of(captures["variable"][0]).strip()
            texts.setdefault(name, unit.flat(captures["value"][0]))
            self.local.add(name)
            expr = read_c(unit.flat(captures["value"][0]))
            if expr is not None and name not in names_in(expr):
                self.set_to.setdefault(name, expr)
        for pattern in (_LESS, _NOT_LESS):
            for match in pattern.finditer(self.kernel.text):
                expr = read_c(match[2])
                if expr is not None and match[1] not in names_in(expr):
                    self.below.setdefault(match[1], expr)
        for node in walk(unit.root):
            if node.type == "subscript_expression":
                base, listed = node.child_by_field_name("argument"), node.child_by_field_name("indices")
                if base is None or listed is None:
                    continue
                words = unit.flat(listed)[1:-1]
                for name, value in texts.items():  # one step is enough for `int j = idx[i]; x[j]`
                    words = f"({value})".join(re.split(rf"\b{re.escape(name)}\b", words))
                self.texts.setdefault(unit.text_of(base), []).append(words)
                expr = read_c(unit.flat(listed)[1:-1])
                if expr is not None:
                    self.indexed.setdefault(unit.text_of(base), []).append(expr)

    def most(self, expr: Expr, env: Mapping[str, int], depth: int = 0) -> int | None:
        """The largest value an index expression takes when every variable is as large as its guard lets it be."""
        if depth > 12:
            return None
        if isinstance(expr, Num):
            return expr.value
        if isinstance(expr, Var):
            return self._most_of(expr.name, env, depth)
        left, right = self.most(expr.left, env, depth + 1), self.most(expr.right, env, depth + 1)
        if left is None or right is None:
            return None
        match expr.op:
            case "+":
                return left + right
            case "*":
                return left * right
            case "-":
                return left - right if isinstance(expr.right, Num) else left
            case "//":
                return left // max(right, 1)
            case "%":
                return min(left, max(right - 1, 0)) if isinstance(expr.right, Num) else min(left, right)
            case "<<":
                return left << min(right, 30)
            case ">>":
                return left >> min(right, 30)
        return None

    def indices(self, parameters: Parameters) -> dict[str, str]:
        """Integer buffers whose elements index into other buffers: `x[idx[i]]`."""
        found: dict[str, str] = {}
        types = dict(parameters.leaves)
        for into in parameters.pointers:
            for text in self.texts.get(into, []):
                for name in parameters.pointers:
                    inside = name != into and re.search(rf"\b{re.escape(name)}\s*\[", text)
                    if inside and (types[name].dtype or "").lstrip("u").startswith("int"):
                        found.setdefault(name, into)
        return found

    def _most_of(self, name: str, env: Mapping[str, int], depth: int) -> int | None:
        if name in self.integers:
            return env.get(name)
        if name in self.below:
            bound = self.most(self.below[name], env, depth + 1)
            if bound is not None:
                return bound - 1
        word, _, axis = name.partition(".")
        known = {"threadIdx": ("block", 1), "blockIdx": ("grid", 1), "blockDim": ("block", 0), "gridDim": ("grid", 0)}
        if word in known and axis in AXES:
            dim, less = known[word]
            return env[f"{dim}.{axis}"] - less
        if name in self.set_to:
            return self.most(self.set_to[name], env, depth + 1)
        return None if name in self.local else value_of(self.source, name)


def _entry(source: Source, kernel: Kernel, host: HostText) -> str:
    parameters = Parameters(source, kernel)
    reading = _Reading(source, kernel, parameters.integers)
    hints = host.hints(kernel)
    block = _block(source, kernel, reading)
    grid = [_grid(reading, axis) for axis in AXES]
    while len(grid) > 1 and grid[-1] == "1":
        grid.pop()
    lines = [f"[{_key(kernel.python_name)}]", f"# {_declaration(kernel)}"]
    start = _SIZES if len(parameters.integers) > 1 else (_ONE_SIZE,)
    sizes = ", ".join(f"{_key(n)} = {start[min(i, 3)]}" for i, n in enumerate(parameters.integers))
    if sizes:
        lines.append(f"sizes = {{ {sizes} }}  # values to start from; others are tried too")
    lengths: list[str] = []
    for name, ctype in parameters.leaves:
        if ctype.pointer:
            step = _bytes(parameters, name)
            said = [*hints.lengths.get(name, ()), *(in_elements(h, step) for h in hints.bytes.get(name, ()))]
            good = [e for e in said if names_in(e) <= set(parameters.integers)]
            rule = str(good[0]) if good else _length(reading, name, block, grid)
            if rule is None:
                unused = [
                    n
                    for n in parameters.integers
                    if not any(re.search(rf"\b{n}\b", text) for text in (*lengths, *grid))
                ]
                rule = unused[0] if unused else " * ".join(parameters.integers[:2]) or "grid * block"
            lengths.append(f'{_key(name)} = "{rule}"')
    if lengths:
        lines.append(f'lengths = {{ {", ".join(lengths)} }}  # elements behind each pointer, or "null"')
    lines.append(f"grid = {_list(grid)}")
    lines.append(f"block = {block[0] if block[1:] == [1, 1] else block[:2]}")
    if "extern" in kernel.text and "__shared__" in kernel.text:
        lines.append('shared = "4 * block"  # bytes of dynamic shared memory')
    if kernel.template_params:
        given = ", ".join(f"{_key(t.name)} = {_template(t.kind, t.ctype, t.default)}" for t in kernel.template_params)
        lines.append(f"templates = [{{ {given} }}]  # one table an instance")
    lines.append('# require = "n % 4 == 0"')
    indices = reading.indices(parameters)
    mark = "" if indices else "# "
    lines.append(f"{mark}[{_key(kernel.python_name)}.values]  # what buffers and scalars hold; see docs/cases.md")
    lines += [f'{_key(n)} = {{ kind = "index", below = "len({into})" }}' for n, into in indices.items()]
    if not indices:
        lines.append('# x = { kind = "normal" }')
    return "\n".join(lines) + "\n"


def _declaration(kernel: Kernel) -> str:
    listed = ", ".join(f"{p.ctype} {p.name}".replace("* ", "*") for p in kernel.params)
    return f"{kernel.qualified}({listed})"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


def _list(parts: list[str]) -> str:
    shown = [p if p.isdigit() else f'"{p}"' for p in parts]
    return shown[0] if len(shown) == 1 else f"[{', '.join(shown)}]"


def _template(kind: str, ctype: str, default: str | None) -> str:
    if default is not None:
        return default if re.fullmatch(r"\d+|true|false", default) else f'"{default}"'
    if kind == "type":
        return '"float"'
    return "true" if ctype == "bool" else "16"


def _bytes(parameters: Parameters, name: str) -> int:
    ctype = dict(parameters.leaves)[name]
    if ctype.dtype is None:
        return 1
    import numpy as np

    return int(np.dtype(ctype.dtype).itemsize) * ctype.lanes


def _block(source: Source, kernel: Kernel, reading: _Reading) -> list[int]:
    """A block that fits the kernel's static shared arrays, else 256 threads, 16 x 16 in two dimensions."""
    two = re.search(r"(threadIdx|blockDim)\.y", kernel.text) is not None
    bound = re.search(r"__launch_bounds__\s*\(([^,)]*)", kernel.text)
    extents: list[int] = []
    for match in re.finditer(r"__shared__[^;=]*?\w+((?:\s*\[[^\]]+\])+)\s*;", kernel.text):
        extents = [value_of(source, e) or 0 for e in re.findall(r"\[([^\]]+)\]", match[1])]
        break
    if two:
        tile = [e for e in extents if 4 <= e <= 32]
        return [tile[-1] // 2 * 2, tile[0] // 2 * 2, 1] if len(tile) >= 2 else [16, 16, 1]
    limit = value_of(source, bound[1]) if bound else None
    for size in (limit, *extents[:1]):
        if size and 32 <= size <= 1024:
            return [size, 1, 1]
    return [256, 1, 1]


def _grid(reading: _Reading, axis: str) -> str:
    """Blocks enough for the guard of the variable that the block's index leads to."""
    text = reading.kernel.text
    if f"blockIdx.{axis}" not in text:
        return "1"
    for name, expr in reading.set_to.items():
        used = names_in(expr)
        if f"blockIdx.{axis}" in used:
            bound = reading.below.get(name)
            by_thread = f"threadIdx.{axis}" in used or f"blockDim.{axis}" in used
            if bound is not None and names_in(bound) and names_in(bound) <= set(reading.integers):
                return str(Bin("ceil", bound, Var(f"block.{axis}")) if by_thread else bound)
            if not by_thread and reading.integers:
                return reading.integers[0]
    first = reading.integers[0] if reading.integers else ""
    if not first:
        return "4"
    return f"ceil({first} / block.{axis})" if f"threadIdx.{axis}" in text else first


def _length(reading: _Reading, name: str, block: list[int], grid: list[str]) -> str | None:
    """The buffer's length as an expression that agrees with its index expressions for several sizes."""
    envs: list[dict[str, int]] = []
    targets: list[int] = []
    for k in (11, 23, 57):
        env = {n: 31 + k * (i + 2) + i * i for i, n in enumerate(reading.integers)}
        env |= {f"block.{a}": b for a, b in zip(AXES, block, strict=True)}
        for axis, text in zip(AXES, [*grid, "1", "1"], strict=False):
            env[f"grid.{axis}"] = value_or_none(parse_expression(text), env) or k
        values = [v for e in reading.indexed.get(name, []) if (v := reading.most(e, env)) is not None]
        if not values:
            return None
        envs.append(env)
        targets.append(max(values) + 1)
    base = (
        min(t - max(env[n] for n in reading.integers) for t, env in zip(targets, envs, strict=True))
        if reading.integers
        else 0
    )
    names = dict.fromkeys(reading.integers, 1.0) | {"grid.x": 1.6, "block.x": 1.8}
    more = [Bin("+", Var(n), Num(base)) for n in reading.integers if base > 0]
    found = fit(targets, envs, Price(names), more)
    return str(found.expr) if found is not None else None
