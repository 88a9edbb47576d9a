"""What the host code's own words say about sizes: launch expressions and allocations, in terms of kernel parameters.

These are hypotheses. Whatever is read here must hold on every captured launch before it counts, so reading is generous:
variables are followed to what they were set to, casts fall away, `sizeof` becomes a number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tree_sitter import Node

from cuport.cases.cexpressions import bytes_of_dtype, read_c
from cuport.cases.expressions import Bin, Expr, Num, Var, names_in, simplify
from cuport.cuda.declarations import read_types
from cuport.cuda.launches import strip_casts
from cuport.cuda.parse import ancestor, matches
from cuport.cuda.unit import Unit, split_arguments
from cuport.kernel import Kernel, LaunchSite, Source

_DEPTH = 8
_ALLOCATES = re.compile(r"cuda(Malloc|MallocManaged|MallocAsync|HostAlloc|MallocHost)(<.*>)?")


@dataclass(frozen=True)
class Hints:
    """Expressions over parameter names (`n`, `p.n`) that the host code suggests."""

    grid: tuple[tuple[Expr, ...], ...] = ((), (), ())
    block: tuple[tuple[Expr, ...], ...] = ((), (), ())
    shared: tuple[Expr, ...] = ()
    lengths: dict[str, tuple[Expr, ...]] = field(default_factory=dict)  # of the buffer behind a parameter, in elements
    bytes: dict[str, tuple[Expr, ...]] = field(default_factory=dict)  # the same where the text counts bytes
    tied: dict[str, tuple[Expr, ...]] = field(default_factory=dict)  # integer parameter -> others
    same: tuple[frozenset[str], ...] = ()  # parameters that every launch gives the same expression
    words: dict[str, frozenset[str]] = field(default_factory=dict)  # host variables given for an integer parameter


class HostText:
    """Reads one source's host code once; `hints` answers for a kernel."""

    def __init__(self, source: Source) -> None:
        self._unit = Unit(source.path, source.text, source.line_map)
        self._functions: dict[str, list[Node]] = defaultdict(list)
        for function in source.functions:
            self._functions[function.qualified] = []
        for captures in matches("functions", self._unit.root):
            node = captures["function"][0]
            name = _function_name(self._unit, node)
            self._functions[name.split("::")[-1]].append(node)
        self._bound: dict[int, dict[str, list[str]]] = {}
        self._types = read_types(self._unit)
        self._allocations = self._read_allocations()

    def hints(self, kernel: Kernel) -> Hints:
        """What all launch sites of a kernel suggest, first site first."""
        grid: list[list[Expr]] = [[], [], []]
        block: list[list[Expr]] = [[], [], []]
        shared: list[Expr] = []
        lengths: dict[str, list[Expr]] = defaultdict(list)
        in_bytes: dict[str, list[Expr]] = defaultdict(list)
        tied: dict[str, list[Expr]] = defaultdict(list)
        groups: list[list[frozenset[str]]] = []
        words: dict[str, set[str]] = defaultdict(set)
        for site in kernel.launches:
            reader = _Site(self, kernel, site)
            for axis, exprs in enumerate(reader.extent(site.grid, "block")):
                grid[axis] += exprs
            for axis, exprs in enumerate(reader.extent(site.block)):
                block[axis] += exprs
            shared += reader.scalar(site.shared, "block")
            for name, exprs in reader.ties().items():
                tied[name] += exprs
            groups.append(reader.same())
            for name, word in reader.words().items():
                words[name].add(word)
            for param, argument in zip(kernel.params, site.args, strict=False):
                if not param.is_pointer:
                    continue
                for counts_bytes, expr in reader.allocation(argument):
                    (in_bytes if counts_bytes else lengths)[param.name].append(expr)
        return Hints(
            tuple(map(_unique, grid)),
            tuple(map(_unique, block)),
            _unique(shared),
            {k: _unique(v) for k, v in lengths.items()},
            {k: _unique(v) for k, v in in_bytes.items()},
            {k: _unique(v) for k, v in tied.items()},
            _common(groups),
            {k: frozenset(v) for k, v in words.items()},
        )

    def function_of(self, site: LaunchSite) -> Node | None:
        """The function a launch stands in."""
        options = self._functions.get(site.function.split("::")[-1], [])
        text = re.sub(r"\s", "", site.kernel)
        for node in options:
            if text in re.sub(r"\s", "", self._unit.text_of(node)):
                return node
        return options[0] if options else None

    def bindings(self, function: Node | None) -> dict[str, list[str]]:
        """What variables are set to in a function, or at namespace scope for None; `(a, b)` for a constructor call."""
        key = function.start_byte if function is not None else -1
        if key in self._bound:
            return self._bound[key]
        found: dict[str, list[str]] = defaultdict(list)
        root = function if function is not None else self._unit.root
        for captures in matches("bindings", root):
            variable = captures["variable"][0]
            if function is not None or ancestor(variable, "function_definition") is None:
                name = re.sub(r"[\s*&]|\[.*\]", "", self._unit.text_of(variable))
                found[name].append(self._unit.flat(captures["value"][0]))
        for captures in matches("constructed", root):  # `dim3 block(TX, TY);` reads like a function's declaration
            if function is not None:
                listed = self._unit.flat(captures["arguments"][0])
                found[self._unit.text_of(captures["variable"][0])].append(listed)
        if function is None:
            for captures in matches("enumerators", root):
                found[self._unit.text_of(captures["name"][0])].append(self._unit.flat(captures["value"][0]))
        self._bound[key] = found
        return found

    def allocation(self, name: str, function: Node | None) -> list[tuple[bool, str, Node | None]]:
        """(counts bytes, size, function it stands in) for every allocation of a pointer of this name."""
        found = list(self._allocations.get(name, []))
        for value in self.bindings(function).get(name, []):
            parts = split_arguments(value[1:-1]) if value[:1] in ("(", "{") else ()
            if parts:
                found.append((False, parts[0], function))
        return found

    def _read_allocations(self) -> dict[str, list[tuple[bool, str, Node | None]]]:
        found: dict[str, list[tuple[bool, str, Node | None]]] = defaultdict(list)
        for captures in matches("calls", self._unit.root):
            callee = self._unit.flat(captures["callee"][0])
            arguments = [c for c in captures["arguments"][0].named_children if c.type != "comment"]
            if not _ALLOCATES.fullmatch(callee) or len(arguments) < 2:
                continue
            cast = r"^(\(\s*void\s*\*\s*\*\s*\)|reinterpret_cast\s*<[^>]*>|static_cast\s*<[^>]*>)|[\s&()]"
            target = re.sub(cast, "", self._unit.flat(arguments[0]))
            function = ancestor(captures["call"][0], "function_definition")
            found[re.sub(r"^.*[*]", "", target)].append((True, self._unit.flat(arguments[1]), function))
        return found

    def read(self, text: str) -> Expr | None:
        """A C++ integer expression; None where it is more than that. Typedefs in `sizeof` are followed."""
        expr = read_c(text)
        return self._sized(expr) if expr is not None else None

    def _sized(self, expr: Expr) -> Expr:
        match expr:
            case Var(name) if name.startswith("sizeof("):
                found = self._types.lookup(name[7:-1], ())
                if found is not None and found.dtype and not found.pointer and not found.extents:
                    return Num(bytes_of_dtype(found.dtype) * found.lanes)
            case Bin(op, left, right):
                return Bin(op, self._sized(left), self._sized(right))
        return expr


class _Site:
    """One launch: its arguments' words and what they stand for."""

    def __init__(self, host: HostText, kernel: Kernel, site: LaunchSite) -> None:
        self._host = host
        self._function = host.function_of(site)
        self._given: dict[str, str] = {}  # an argument's words -> the parameter's name
        self._arguments: dict[str, Expr] = {}
        for param, text in zip(kernel.params, site.args, strict=False):
            if param.is_pointer:
                continue
            text = _bare(text)
            self._given.setdefault(text, param.name)
            expr = read_c(text)
            if expr is not None:
                self._arguments[param.name] = expr
        for index, text in enumerate(site.template_args):
            if index < len(kernel.template_params) and kernel.template_params[index].kind == "value":
                self._given.setdefault(_bare(text), kernel.template_params[index].name)
        # `threads.x` after `dim3 threads(...)`, `threads` after `int threads = ...`, as the launch names its extents
        self._extents = {
            word: {f"{text}.{a}": f"{word}.{a}" for a in "xyz"} | {text: f"{word}.x"}
            for word, text in (("block", site.block), ("grid", site.grid))
            if re.fullmatch(r"[A-Za-z_]\w*", text) and text not in self._given
        }

    def scalar(self, text: str, *extents: str) -> list[Expr]:
        """An expression's readings; names of the launch's own extents ("block", "grid") are known where asked for."""
        expr = self._host.read(text) if text else None
        return self._in_parameters(expr, extents=extents) if expr is not None else []

    def extent(self, text: str, *extents: str) -> list[list[Expr]]:
        """The three extents of a grid or block."""
        parts = self._dim3(text, 0) if text else None
        if parts is None:
            return [[], [], []]
        filled = [*parts, "1", "1", "1"][:3]
        return [self.scalar(part, *extents) for part in filled]

    def _dim3(self, text: str, depth: int) -> list[str] | None:
        text = text.strip()
        found = re.fullmatch(r"(?:dim3|uint3)?\s*[({](.*)[)}]", text, re.DOTALL)
        if found and (text[:1] in "({" or text.startswith(("dim3", "uint3"))):
            parts = split_arguments(found[1])
            if len(parts) > 1 or text[:1] != "(":
                return list(parts)
        if re.fullmatch(r"\w+", text) and not text.isdigit() and depth < _DEPTH:
            for scope in (self._function, None):
                values = self._host.bindings(scope).get(text)
                if values:
                    value = values[-1]
                    if value.startswith("(") and value.endswith(")") and len(split_arguments(value[1:-1])) == 1:
                        value = value[1:-1]
                    inner = self._dim3(value, depth + 1)
                    return [text] if inner is None or inner == [value] else inner
        return [text]

    def _component(self, name: str, axis: int, function: Node | None) -> Expr | None:
        """`dims.y` of `dim3 dims(64, 96);`"""
        for scope in (function, None):
            values = set(self._host.bindings(scope).get(name, []))
            if len(values) == 1:
                found = re.fullmatch(r"(?:dim3|uint3|make_\w+)?\s*[({](.*)[)}]", values.pop(), re.DOTALL)
                parts = split_arguments(found[1]) if found else ()
                return self._host.read([*parts, "1", "1", "1"][axis]) if parts else None
        return None

    def ties(self) -> dict[str, list[Expr]]:
        """Parameters whose argument is made of other parameters' arguments."""
        found: dict[str, list[Expr]] = {}
        for name, expr in self._arguments.items():
            options = [
                e
                for e in self._in_parameters(expr, without=name)
                if names_in(e) and name not in names_in(e) and self._all_parameters(e)
            ]
            if options:
                found[name] = options
        return found

    def words(self) -> dict[str, str]:
        """Parameters that are given a plain variable, followed through variables that only copy another."""
        found = {}
        for name, expr in self._arguments.items():
            for _ in range(_DEPTH):
                if not isinstance(expr, Var):
                    break
                values = set(self._host.bindings(self._function).get(expr.name, []))
                copied = self._host.read(next(iter(values))) if len(values) == 1 else None
                if not isinstance(copied, Var):
                    found[name] = expr.name
                    break
                expr = copied
        return found

    def same(self) -> list[frozenset[str]]:
        """Groups of parameters given the same words, numbers left out."""
        by_text: dict[str, set[str]] = defaultdict(set)
        for name, expr in self._arguments.items():
            if names_in(expr):
                by_text[str(expr)].add(name)
        return [frozenset(g) for g in by_text.values() if len(g) > 1]

    def allocation(self, argument: str) -> list[tuple[bool, Expr]]:
        found: list[tuple[bool, Expr]] = []
        name = _pointer_name(argument)
        for counts_bytes, size, function in self._host.allocation(name, self._function):
            expr = self._host.read(size)
            if expr is not None:
                both = ("block", "grid") if function is None or function == self._function else ()
                found += [(counts_bytes, e) for e in self._in_parameters(expr, function=function, extents=both)]
        return found

    def _all_parameters(self, expr: Expr) -> bool:
        known = set(self._given.values())
        return all(n in known or n.split(".")[0].split("[")[0] in known for n in names_in(expr))

    def _in_parameters(
        self, expr: Expr, *, without: str = "", function: Node | None = None, extents: tuple[str, ...] = ()
    ) -> list[Expr]:
        """The expression over parameter names, the shallowest reading first: names are followed only as far as needed,
        then all the way down; numbers that an argument repeats are read as that argument as well."""
        given = {text: name for word in extents for text, name in self._extents.get(word, {}).items()}
        given |= {text: name for text, name in self._given.items() if name != without}
        found: list[Expr] = []
        expanded = self._expand(expr, given, function or self._function, 0)
        for candidate in (simplify(expanded), simplify(_numbers_as_parameters(expanded, given))):
            if candidate not in found:
                found.append(candidate)
        return found

    def _expand(self, expr: Expr, given: dict[str, str], function: Node | None, depth: int) -> Expr:
        text = str(expr)
        if text in given and not isinstance(expr, Num):
            return Var(given[text])
        match expr:
            case Var(name):
                head, dot, rest = name.partition(".")
                if dot and head in given:
                    return Var(f"{given[head]}.{rest}")
                if rest in ("x", "y", "z") and depth < _DEPTH:
                    part = self._component(head, "xyz".index(rest), function)
                    if part is not None:
                        return self._expand(part, given, function, depth + 1)
                if depth < _DEPTH:
                    for scope in (function, None):
                        values = self._host.bindings(scope).get(name, [])
                        if len(set(values)) == 1:
                            value = values[0]
                            inner = self._host.read(f"({value[1:-1]})" if value[:1] == "{" else value)
                            if inner is not None and name not in names_in(inner):
                                return self._expand(inner, given, function, depth + 1)
                return expr
            case Bin(op, left, right):
                return Bin(op, self._expand(left, given, function, depth), self._expand(right, given, function, depth))
            case _:
                return expr


def _numbers_as_parameters(expr: Expr, given: dict[str, str]) -> Expr:
    """Macros are expanded, so an argument `N` reads `1000`: a 1000 elsewhere in the expression is that argument."""
    if isinstance(expr, Num) and expr.value > 4 and str(expr.value) in given:
        return Var(given[str(expr.value)])
    if isinstance(expr, Bin):
        return Bin(expr.op, _numbers_as_parameters(expr.left, given), _numbers_as_parameters(expr.right, given))
    return expr


def _common(groups: list[list[frozenset[str]]]) -> tuple[frozenset[str], ...]:
    if not groups:
        return ()
    return tuple(g for g in groups[0] if all(any(g <= other for other in more) for more in groups[1:]))


def _unique(exprs: Iterable[Expr]) -> tuple[Expr, ...]:
    return tuple(dict.fromkeys(exprs))


def _bare(text: str) -> str:
    expr = read_c(text)
    return str(expr) if expr is not None else " ".join(text.split())


def _pointer_name(argument: str) -> str:
    """The variable that a pointer argument comes from: `d_x + n`, `(float4 *)d_x`, `buffer.get()`, `&d_x[3]`."""
    text = strip_casts(argument)
    text = re.sub(r"\.\s*(get|data|begin|ptr|device\w*)\s*\(\s*\)", "", text)
    text = re.sub(r"thrust::raw_pointer_cast\s*\(|&", "", text)
    found = re.match(r"[\s(*]*([A-Za-z_]\w*(?:(?:\.|->)\w+)*)", text)
    return found[1] if found else text


def _function_name(unit: Unit, node: Node) -> str:
    inner = node.child_by_field_name("declarator")
    while inner is not None and inner.type != "function_declarator":
        inner = inner.child_by_field_name("declarator")
    name = inner.child_by_field_name("declarator") if inner is not None else None
    return unit.flat(name)
