"""What stands beside each kernel in the rewritten text.

For a kernel `k` of index i, `template <H> void k(P)`:
- `cuport_launch_k(config, P)` runs `k<<<config>>>(...)`: an ordinary function, so that the compiler itself finds the
  overload, deduces template arguments, converts and defaults the arguments;
- `cuport_pointer_i()` gives k's address and makes it known, for programs that launch through pointers;
- `cuport_entry_i` (unit builds) runs one recorded launch of an instance.
"""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.program import KernelHead, Program
from cuport.cuda.unit import Unit


@dataclass(frozen=True)
class Signature:
    """A kernel's head in pieces, with names of our own for template parameters and parameters that have none."""

    template: str  # "template <typename T, int N = 4>" or ""
    bare_template: str  # the same without defaults
    template_args: str  # "<T, N>" or ""
    params: str  # "T* cuport_0, int cuport_1 = 3"
    types: str  # the same without defaults: a function type's parameters
    args: str  # "cuport_0, cuport_1"


def companions(
    program: Program,
    edits: Edits,
    wanted: frozenset[str] | None,
    *,
    launches: bool,
    entries: bool,
    known: bool = False,
) -> None:
    """Put the functions above after each kernel's first declaration; `wanted`: of these kernels only.

    `known`: other units may launch the kernels, so that their addresses are made known when the program starts.
    """
    for head in program.heads:
        if wanted is not None and not launches and head.kernel.qualified not in wanted:
            continue
        signature = read_signature(program.unit, head)
        place = _after(head.definition.whole)
        text = _info(program, head, signature, describe=launches)
        if launches:
            text += _launch(program, head, signature)
            if known and not signature.template:
                text += (
                    f"[[maybe_unused]] static auto* const cuport_known_{head.index} = cuport_pointer_{head.index}(); "
                )
        if entries:
            text += _entry(program, head, signature)
        edits.insert_after(place, ' extern "C++" { ' + text + "}")
    for head in program.foreign if launches else ():
        text = _launch_elsewhere(head, read_signature(program.unit, head))
        edits.insert_after(_after(head.definition.whole), ' extern "C++" { ' + text + "}")


def _after(node: Node) -> int:
    """The end of a declaration: outside a linkage specification that holds only it."""
    parent = node.parent
    if parent is not None and parent.type == "linkage_specification":
        return parent.end_byte
    return node.end_byte


def _pointer(head: KernelHead, s: Signature) -> str:
    return f"static_cast<void (*)({s.types})>(&{head.kernel.name}{s.template_args})"


def _waits(program: Program, head: KernelHead) -> str:
    return "true" if program.waits(head.kernel) else "false"


def _info(program: Program, head: KernelHead, s: Signature, *, describe: bool) -> str:
    kernel = head.kernel
    describer = "nullptr"
    if describe and kernel.template_params:
        lines = []
        for given, name in zip(kernel.template_params, _arguments(s), strict=True):
            pack = name.endswith("...")
            verb = {"type": "type", "value": "value"}[given.kind] + ("s" if pack else "")
            if given.ctype == "template":
                lines.append(f'cuport_d.template templated<{name}>("{given.name}");')
            else:
                lines.append(f'cuport_d.template {verb}<{name}>("{given.name}");')
        describer = f"[](cuport::Describer& cuport_d) {{ {' '.join(lines)} }}"
    names = ",".join(p.name for p in kernel.params)
    grid_waits = "true" if program.grid_waits(kernel) else "false"
    is_template = "true" if kernel.template_params else "false"
    waits = _waits(program, head)
    problem = "nullptr"
    if any(d.code == "unsupported.texture" for d in kernel.diagnostics):
        problem = '"it uses textures or surfaces, which are no part of its arguments"'
    return (
        f"{s.bare_template} inline const cuport::KernelInfo& cuport_info_{head.index}() {{ "
        f"static const cuport::KernelInfo cuport_info{{"
        f'"{head.name}", "{names}", "{",".join(kernel.globals)}", '
        f"{grid_waits}, {is_template}, {waits}, {describer}, {problem}}}; "
        "return cuport_info; } "
    )


def _arguments(s: Signature) -> list[str]:
    return [a.strip() for a in s.template_args.removeprefix("<").removesuffix(">").split(",")] if s.template else []


def _launch(program: Program, head: KernelHead, s: Signature) -> str:
    waits = _waits(program, head)
    comma = ", " if s.params else ""
    info = f"cuport_info_{head.index}{s.template_args}()"
    return (
        f"{s.template} inline void cuport_launch_{head.kernel.name}"
        f"(const cuport::Config& cuport_config{comma}{s.params}) {{ "
        f"cuport::launch<{_pointer(head, s)}, {waits}>(cuport_config, {info}{comma}{s.args}); }} "
        f"{s.template} inline auto cuport_pointer_{head.index}() {{ "
        f"return cuport::know_kernel({_pointer(head, s)}, {info}); }} "
    )


def _launch_elsewhere(head: KernelHead, s: Signature) -> str:
    """The same for a kernel that another unit defines: what is known of it is found at run time, by its address."""
    comma = ", " if s.params else ""
    return (
        f"{s.template} inline void cuport_launch_{head.kernel.name}"
        f"(const cuport::Config& cuport_config{comma}{s.params}) {{ "
        f"cuport::launch_pointer({_pointer(head, s)}, cuport_config{comma}{s.args}); }} "
        f"{s.template} inline auto cuport_pointer_{head.index}() {{ return {_pointer(head, s)}; }} "
    )


def _entry(program: Program, head: KernelHead, s: Signature) -> str:
    waits = _waits(program, head)
    return (
        f"{s.bare_template} inline void cuport_entry_{head.index}(cuport::Call& cuport_call) {{ "
        f"cuport::run_entry<{_pointer(head, s)}, {waits}>"
        f"(cuport_call, cuport_info_{head.index}{s.template_args}()); }} "
    )


def read_signature(unit: Unit, head: KernelHead) -> Signature:
    definition = head.definition
    whole = definition.whole
    template = bare = args = ""
    if whole.type == "template_declaration":
        listed = whole.child_by_field_name("parameters")
        full_parts, bare_parts, names = [], [], []
        for given, node in zip(
            definition.template_params,
            (n for n in (listed.named_children if listed is not None else ()) if n.type != "comment"),
            strict=True,
        ):
            full, plain, name = _template_param(unit, node, given.name)
            full_parts.append(full)
            bare_parts.append(plain)
            names.append(name)
        template = f"template <{', '.join(full_parts)}>"
        bare = f"template <{', '.join(bare_parts)}>"
        args = f"<{', '.join(names)}>"
    declarator = definition.node.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator")
    parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
    full_params, types, names = [], [], []
    for node in parameters.named_children if parameters is not None else ():
        if not node.type.endswith("parameter_declaration"):
            continue
        if unit.flat(node) == "void":
            continue
        full, plain, name = _param(unit, node, f"cuport_{len(names)}")
        full_params.append(full)
        types.append(plain)
        names.append(name)
    return Signature(template, bare, args, ", ".join(full_params), ", ".join(types), ", ".join(names))


def _template_param(unit: Unit, node: Node, name: str) -> tuple[str, str, str]:
    """A template parameter's text with and without its default, and its name as an argument; named if it was not."""
    pack = "variadic" in node.type
    default = node.child_by_field_name("default_type") or node.child_by_field_name("default_value")
    end = default.start_byte if default is not None else node.end_byte
    text = unit.bytes[node.start_byte : end].decode().rstrip()
    text = " ".join(text.removesuffix("=").split())
    if not _ends_in(text, name):
        text = f"{text} {name}"
    full = text + (f" = {unit.flat(default)}" if default is not None else "")
    return full, text, name + ("..." if pack else "")


def _ends_in(text: str, name: str) -> bool:
    return text.endswith(name) and (
        len(text) == len(name) or not (text[-len(name) - 1].isalnum() or text[-len(name) - 1] == "_")
    )


def _param(unit: Unit, node: Node, name: str) -> tuple[str, str, str]:
    """A parameter's text with our name in it, with and without its default, and how it is passed on."""
    declarator = node.child_by_field_name("declarator")
    default = node.child_by_field_name("default_value")
    end = default.start_byte if default is not None else node.end_byte
    body = unit.bytes[node.start_byte : end]
    pack = node.type == "variadic_parameter_declaration"
    named = _name_node(declarator)
    if named is not None:
        start, stop = named.start_byte - node.start_byte, named.end_byte - node.start_byte
        text = body[:start].decode() + name + body[stop:].decode()
    else:
        text = body.decode().rstrip().removesuffix("=") + f" {name}"
        if b"[" in body:
            before, bracket, rest = body.decode().partition("[")
            text = f"{before} {name}{bracket}{rest}"
    text = " ".join(text.split()).removesuffix("=").rstrip()
    text = text.replace("__grid_constant__", "").strip()
    full = text + (f" = {unit.flat(default)}" if default is not None else "")
    return full, text, name + ("..." if pack else "")


def _name_node(declarator: Node | None) -> Node | None:
    node = declarator
    while node is not None:
        if node.type == "identifier":
            return node
        inner = node.child_by_field_name("declarator")
        node = (
            inner
            if inner is not None
            else next(
                (c for c in reversed(node.named_children) if c.type.endswith("declarator") or c.type == "identifier"),
                None,
            )
        )
    return None
