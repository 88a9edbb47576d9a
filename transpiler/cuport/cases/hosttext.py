"""What the host code's own words say about sizes: launch expressions and allocations, in terms of kernel parameters.

These are hypotheses. Whatever is read here must hold on every captured launch before it counts, so reading is generous:
variables are followed to what they were set to, casts fall away, `sizeof` becomes a number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from tree_sitter import Node

from cuport.cases.cexpressions import bytes_of_dtype, read_c
from cuport.cases.expressions import Bin, Expr, Num, Var
from cuport.cases.hostsite import Site
from cuport.cuda.declarations import read_types
from cuport.cuda.parse import ancestor, matches
from cuport.cuda.unit import Unit, split_arguments
from cuport.kernel import Kernel, LaunchSite, Source

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
    named_block: bool = (
        False  # the host has a name for the block, and would use it where a length is meant to follow it
    )
    sites: tuple[Hints, ...] = ()  # what each launch site says alone, where there are several

    def of(self, sites: Sequence[Hints]) -> Hints:
        """The hints that these of the sites give."""
        return _merged(sites, self)


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
        self._structs = source.structs
        self._bound: dict[int, dict[str, list[str]]] = {}
        self._types = read_types(self._unit)
        self._allocations = self._read_allocations()

    def hints(self, kernel: Kernel) -> Hints:
        """What all launch sites of a kernel suggest, first site first."""
        sites = [self._site_hints(kernel, site) for site in kernel.launches]
        whole = _merged(sites, Hints())
        return replace(whole, sites=tuple(sites)) if len(sites) > 1 else whole

    def _site_hints(self, kernel: Kernel, site: LaunchSite) -> Hints:
        reader = Site(self, kernel, site)
        lengths: dict[str, list[Expr]] = defaultdict(list)
        in_bytes: dict[str, list[Expr]] = defaultdict(list)
        for param, argument in zip(kernel.params, site.args, strict=False):
            if param.is_pointer:
                for counts_bytes, expr in reader.allocation(argument):
                    (in_bytes if counts_bytes else lengths)[param.name].append(expr)
        return Hints(
            _three(reader.extent(site.grid, "block")),
            _three(reader.extent(site.block)),
            _unique(reader.scalar(site.shared, "block")),
            {k: _unique(v) for k, v in lengths.items()},
            {k: _unique(v) for k, v in in_bytes.items()},
            {k: _unique(v) for k, v in reader.ties().items()},
            tuple(reader.same()),
            {k: frozenset({v}) for k, v in reader.words().items()},
            re.search(r"[A-Za-z_]", site.block) is not None,
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
        for captures in matches("members", root) if function is not None else ():
            found[self._unit.flat(captures["variable"][0])].append(self._unit.flat(captures["value"][0]))
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
            called = re.fullmatch(r"(?:\w+::)*(\w+)(?:\s*<[^()]*>)?\s*\((.*)\)", value, re.DOTALL)
            if called and called[1] in self._functions:  # `float *p = device_array(n);`
                found += [(False, part, function) for part in split_arguments(called[2])]
        return found

    def parameters(self, function: Node | None) -> list[str]:
        """Names of a function's parameters, in order; "" for one without."""
        inner = _declarator(function) if function is not None else None
        listed = inner.child_by_field_name("parameters") if inner is not None else None
        names = []
        for node in listed.named_children if listed is not None else ():
            if node.type in ("parameter_declaration", "optional_parameter_declaration"):
                named = node.child_by_field_name("declarator")
                names.append(
                    re.sub(r"[\s*&]|\[.*\]|__restrict(__)?|\bconst\b", "", self._unit.text_of(named)) if named else ""
                )
        return names

    def calls_of(self, function: Node | None) -> list[tuple[list[str], Node]]:
        """(arguments, function that it stands in) for every call of a function from another one."""
        name = _function_name(self._unit, function).split("::")[-1] if function is not None else ""
        own = function.start_byte if function is not None else -1
        return [c for c in self._calls.get(name, []) if c[1].start_byte != own]

    @cached_property
    def _calls(self) -> dict[str, list[tuple[list[str], Node]]]:
        found: dict[str, list[tuple[list[str], Node]]] = defaultdict(list)
        for captures in matches("calls", self._unit.root):
            callee = re.match(r"(?:[\w.:]|->)*", re.sub(r"\s", "", self._unit.flat(captures["callee"][0])))
            name = re.split(r"::|\.|->", callee[0])[-1] if callee else ""
            caller = ancestor(captures["call"][0], "function_definition")
            if name in self._functions and caller is not None:
                given = [c for c in captures["arguments"][0].named_children if c.type != "comment"]
                found[name].append(([self._unit.flat(c) for c in given], caller))
        return found

    def fields(self, struct: str) -> tuple[str, ...]:
        """Names of a struct's fields, in order."""
        return next((tuple(f.name for f in s.fields) for s in self._structs if s.qualified == struct), ())

    def _read_allocations(self) -> dict[str, list[tuple[bool, str, Node | None]]]:
        found: dict[str, list[tuple[bool, str, Node | None]]] = defaultdict(list)
        for captures in matches("calls", self._unit.root):
            callee = self._unit.flat(captures["callee"][0])
            arguments = [c for c in captures["arguments"][0].named_children if c.type != "comment"]
            pitched = callee == "cudaMallocPitch" and len(arguments) == 4
            if not pitched and (not _ALLOCATES.fullmatch(callee) or len(arguments) < 2):
                continue
            cast = r"^(\(\s*void\s*\*\s*\*\s*\)|reinterpret_cast\s*<[^>]*>|static_cast\s*<[^>]*>)|[\s&()]"
            target = re.sub(cast, "", self._unit.flat(arguments[0]))
            function = ancestor(captures["call"][0], "function_definition")
            size = self._unit.flat(arguments[1])
            if pitched:  # (&p, &pitch, width in bytes, height)
                size = f"{size.lstrip('& ')} * ({self._unit.flat(arguments[3])})"
            found[re.sub(r"^.*[*]", "", target)].append((True, size, function))
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


def _common(groups: list[list[frozenset[str]]]) -> tuple[frozenset[str], ...]:
    if not groups:
        return ()
    return tuple(g for g in groups[0] if all(any(g <= other for other in more) for more in groups[1:]))


def _unique(exprs: Iterable[Expr]) -> tuple[Expr, ...]:
    return tuple(dict.fromkeys(exprs))


def _declarator(node: Node) -> Node | None:
    inner = node.child_by_field_name("declarator")
    while inner is not None and inner.type != "function_declarator":
        inner = inner.child_by_field_name("declarator")
    return inner


def _function_name(unit: Unit, node: Node) -> str:
    inner = _declarator(node)
    name = inner.child_by_field_name("declarator") if inner is not None else None
    return unit.flat(name)


def _three(axes: list[list[Expr]]) -> tuple[tuple[Expr, ...], ...]:
    return tuple(map(_unique, axes))


def _merged(sites: Sequence[Hints], otherwise: Hints) -> Hints:
    """What several sites say together; `otherwise` where there are none."""
    if not sites:
        return otherwise

    def listed(dicts: list[dict[str, tuple[Expr, ...]]]) -> dict[str, tuple[Expr, ...]]:
        return {k: _unique(e for d in dicts for e in d.get(k, ())) for k in dict.fromkeys(k for d in dicts for k in d)}

    words: dict[str, frozenset[str]] = {}
    for site in sites:
        words |= {k: words.get(k, frozenset()) | v for k, v in site.words.items()}
    return Hints(
        tuple(_unique(e for s in sites for e in s.grid[axis]) for axis in range(3)),
        tuple(_unique(e for s in sites for e in s.block[axis]) for axis in range(3)),
        _unique(e for s in sites for e in s.shared),
        listed([s.lengths for s in sites]),
        listed([s.bytes for s in sites]),
        listed([s.tied for s in sites]),
        _common([list(s.same) for s in sites]),
        words,
        all(s.named_block for s in sites),
    )
