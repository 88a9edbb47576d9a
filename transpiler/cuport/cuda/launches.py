"""Where kernels are launched: `<<< >>>`, cudaLaunchKernel, and both through variables that hold a kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from cuport.cuda.declarations import Definition
from cuport.cuda.parse import ancestor, matches
from cuport.cuda.unit import Unit, plain_name, split_arguments
from cuport.kernel import LaunchSite

_TEMPLATE = re.compile(r"^(?P<name>[^<]*)<(?P<arguments>.*)>$", re.DOTALL)
_CAST = re.compile(r"^\(\s*(?:const\s+)?void\s*(?:const)?\s*\*\s*\)\s*")
_FUNCTIONAL_CAST = re.compile(r"^(?:reinterpret_cast|static_cast)\s*<[^<>]*>\s*\((?P<inner>.*)\)$", re.DOTALL)


@dataclass(frozen=True)
class Launch:
    """A launch and the scope it stands in, before its kernel is resolved."""

    site: LaunchSite
    scope: tuple[str, ...]


def read_launches(unit: Unit, definitions: list[Definition]) -> list[Launch]:
    """All launches in the text. One through a variable or parameter is repeated for every kernel it may hold."""
    kernels = {d.name for d in definitions if d.is_kernel}
    by_start = {d.node.start_byte: d for d in definitions}
    holders = _Holders(unit, kernels)
    found: list[Launch] = []
    for captures in matches("launches", unit.root):
        configuration = captures["configuration"][0]
        parts = [unit.flat(c) for c in configuration.named_children if c.type != "comment"]
        parts += [""] * (4 - len(parts))
        arguments = _arguments(unit, captures["arguments"][0])
        found += _sites(unit, by_start, holders, captures, unit.flat(captures["kernel"][0]), parts, arguments)
    for captures in matches("runtime_launches", unit.root):
        name = unit.text_of(captures["function"][0])
        given = list(_arguments(unit, captures["arguments"][0]))
        if len(given) < 2:
            continue
        where = captures["launch"][0]
        if "Ex" in name:
            parts = [_field(unit, where, given[0], f) for f in ("gridDim", "blockDim", "dynamicSmemBytes", "stream")]
            kernel, arguments = given[1], tuple(given[2:])
            if name.endswith("ExC"):
                arguments = _array(unit, where, given[2]) if len(given) > 2 else ()
        else:
            given += [""] * (6 - len(given))
            kernel, parts = given[0], [given[1], given[2], given[4], given[5]]
            arguments = _array(unit, where, given[3])
        found += _sites(unit, by_start, holders, captures, kernel, parts, arguments)
    return found


def _sites(
    unit: Unit,
    by_start: dict[int, Definition],
    holders: _Holders,
    captures: dict[str, list[Node]],
    kernel: str,
    parts: list[str],
    arguments: tuple[str, ...],
) -> list[Launch]:
    node = captures["launch"][0]
    function = ancestor(node, "function_definition")
    while function is not None and function.start_byte not in by_start:
        function = ancestor(function, "function_definition")
    definition = by_start.get(function.start_byte) if function is not None else None
    scope = definition.scope if definition else unit.scope(node)
    out = []
    for spelled in holders.kernels_of(strip_casts(kernel), function):
        name, template_args = split_template(spelled)
        site = LaunchSite(
            kernel=name,
            template_args=template_args,
            grid=parts[0],
            block=parts[1],
            shared=parts[2],
            stream=parts[3],
            args=arguments,
            function=definition.qualified if definition else "",
            span=unit.span(node),
        )
        out.append(Launch(site, scope))
    return out


def split_template(spelled: str) -> tuple[str, tuple[str, ...]]:
    """`a::k<float, 4>` -> (`a::k`, (`float`, `4`))."""
    if match := _TEMPLATE.match(spelled.strip()):
        return match["name"].strip(), split_arguments(match["arguments"])
    return spelled.strip(), ()


def strip_casts(text: str) -> str:
    """A kernel's name out of `(void*)k`, `&k`, `(const void *)&k<float>`, `reinterpret_cast<void*>(k)`."""
    while True:
        text = text.strip()
        if cast := _CAST.match(text):
            text = text[cast.end() :]
        elif cast := _FUNCTIONAL_CAST.match(text):
            text = cast["inner"]
        elif text.startswith("&"):
            text = text[1:]
        elif text.startswith("(") and text.endswith(")") and "," not in text:
            text = text[1:-1].lstrip("*")
        else:
            return text


class _Holders:
    """Which kernels a name in a function may stand for."""

    def __init__(self, unit: Unit, kernels: set[str]) -> None:
        self._unit = unit
        self._kernels = kernels
        self._calls: list[tuple[str, tuple[str, ...]]] | None = None

    def kernels_of(self, spelled: str, function: Node | None, depth: int = 0) -> list[str]:
        """Spelled kernel names that `spelled` may mean; itself if it is a kernel or nothing better is known."""
        if self._is_kernel(spelled) or depth > 3:
            return [spelled]
        found: dict[str, None] = {}
        simple = plain_name(spelled).split("::")[-1]
        for value in self._values(simple, function):
            for option in _alternatives(value):
                if self._is_kernel(option):
                    found[option] = None
        if not found and function is not None:
            for argument in self._passed(simple, function):
                for option in _alternatives(argument):
                    if self._is_kernel(option):
                        found[option] = None
        return list(found) or [spelled]

    def _is_kernel(self, spelled: str) -> bool:
        return plain_name(split_template(spelled)[0]).split("::")[-1] in self._kernels

    def _values(self, name: str, function: Node | None) -> list[str]:
        """Everything assigned to a variable of this name in the function, else anywhere at namespace scope."""
        values = []
        for captures in matches("bindings", function if function is not None else self._unit.root):
            variable = self._unit.text_of(captures["variable"][0]).split("(")[
                0 if "(*" not in self._unit.text_of(captures["variable"][0]) else 1
            ]
            if variable.strip(" *()&").split("[")[0] == name:
                values.append(self._unit.flat(captures["value"][0]))
        return values

    def _passed(self, name: str, function: Node) -> list[str]:
        """What callers give for the parameter `name`; for a non-type template parameter, the template arguments."""
        declarator = function.child_by_field_name("declarator")
        listed = declarator.child_by_field_name("parameters") if declarator is not None else None
        called = declarator.child_by_field_name("declarator") if declarator is not None else None
        if listed is None or called is None:
            return []
        callee = plain_name(self._unit.flat(called)).split("::")[-1]
        params = [c for c in listed.named_children if c.type.endswith("parameter_declaration")]
        index = next(
            (i for i, p in enumerate(params) if re.search(rf"\b{re.escape(name)}\b", self._unit.text_of(p))), -1
        )
        whole = function.parent
        template_index = -1
        if whole is not None and whole.type == "template_declaration":
            template = whole.child_by_field_name("parameters")
            for i, p in enumerate(template.named_children if template is not None else ()):
                if re.search(rf"\b{re.escape(name)}\s*$", self._unit.text_of(p)):
                    template_index = i
        if self._calls is None:
            self._calls = [
                (self._unit.flat(c["callee"][0]), _arguments(self._unit, c["arguments"][0]))
                for c in matches("calls", self._unit.root)
            ]
        found = []
        for spelled, arguments in self._calls:
            target, template_args = split_template(spelled)
            if plain_name(target).split("::")[-1].split(".")[-1] != callee:
                continue
            if 0 <= index < len(arguments):
                found.append(arguments[index])
            if 0 <= template_index < len(template_args):
                found.append(template_args[template_index])
        return found


def _alternatives(value: str) -> list[str]:
    """The names a value may be: casts off, both sides of `?:`, members of `{...}`."""
    value = value.strip()
    if value.startswith("{") and value.endswith("}"):
        return [o for part in split_arguments(value[1:-1]) for o in _alternatives(part)]
    if "?" in value and ":" in value:
        branches = value.split("?", 1)[1]
        parts = re.split(r"(?<!:):(?!:)", branches)
        return [o for part in parts for o in _alternatives(part)]
    return [strip_casts(value)]


def _arguments(unit: Unit, node: Node) -> tuple[str, ...]:
    return tuple(unit.flat(c) for c in node.named_children if c.type != "comment")


def _array(unit: Unit, where: Node, name: str) -> tuple[str, ...]:
    """Elements of `void *args[] = {&x, &y}`, the `&` and casts off; empty if it cannot be seen."""
    name = name.strip()
    if name.startswith("(void") and ")" in name:
        name = name.split(")", 1)[1].strip()
    if name.startswith("{") and name.endswith("}"):
        return tuple(strip_casts(p) for p in split_arguments(name[1:-1]))
    function = ancestor(where, "function_definition")
    for captures in reversed(matches("bindings", function if function is not None else unit.root)):
        variable = re.sub(r"[\s*&]|\[.*\]", "", unit.text_of(captures["variable"][0]))
        value = captures["value"][0]
        if variable == name and value.type == "initializer_list" and value.start_byte < where.start_byte:
            return tuple(strip_casts(unit.flat(c)) for c in value.named_children if c.type != "comment")
    return ()


def _field(unit: Unit, where: Node, config: str, field: str) -> str:
    """`config.gridDim = ...` as assigned in the function before the launch; "" if it cannot be seen."""
    function = ancestor(where, "function_definition")
    if function is None:
        return ""
    before = unit.bytes[function.start_byte : where.start_byte].decode(errors="replace")
    name = re.escape(config.strip().lstrip("&*"))
    found = re.findall(rf"\b{name}\s*(?:\.|->)\s*{field}\s*=\s*([^;]+);", before)
    return " ".join(found[-1].split()) if found else ""
