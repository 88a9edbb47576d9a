"""What stands beside each kernel in the rewritten text.

For a kernel `k` of index i, `template <H> void k(P)`:
- `cuport_launch_k(config, P)` runs `k<<<config>>>(...)`: an ordinary function, so that the compiler itself finds the
  overload, deduces template arguments, converts and defaults the arguments;
- `cuport_pointer_i()` gives k's address and makes it known, for programs that launch through pointers;
- `cuport_entry_i` (unit builds) runs one recorded launch of an instance.
"""

from __future__ import annotations

from tree_sitter import Node

from cuport.cuda.clusters import cluster_extents
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.loops.fission import cut_declaration, cut_kernels, cut_place, cut_type
from cuport.cuda.rewrite.loops.independent import independent
from cuport.cuda.rewrite.loops.rows import row_kernels, rows_type
from cuport.cuda.rewrite.program import KernelHead, Program
from cuport.cuda.rewrite.signature import Signature, read_signature
from cuport.kernel import Kernel


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
        late = cut_place(program, head.index)  # what the body uses may be unknown where a prototype stands
        if late is not None and not edits.covers(late.start_byte):
            edits.insert_after(_after(late), f' extern "C++" {{ {cut_type(program, edits, head.index)} }}')
        cut = cut_type(program, edits, head.index) if late is None else cut_declaration(program, head.index)
        text = rows_type(program, head.index) + cut + _info(program, head, signature, describe=launches)
        if launches:
            text += _launch(program, head, signature)
            if (known or _is_overloaded(program, head)) and not signature.template:
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


def _is_overloaded(program: Program, head: KernelHead) -> bool:
    """Whether the address of a kernel of this name says only by its type which kernel is meant."""
    return sum(k.qualified == head.kernel.qualified for k in program.source.kernels) > 1


def _pointer(head: KernelHead, s: Signature) -> str:
    return f"static_cast<void (*)({s.types})>(&{head.kernel.name}{s.template_args})"


def _waits(program: Program, head: KernelHead) -> str:
    return "true" if program.waits(head.kernel) else "false"


def _info(program: Program, head: KernelHead, s: Signature, *, describe: bool) -> str:
    kernel = head.kernel
    describer, before = "nullptr", ""
    if describe and kernel.template_params:
        lines: list[str] = []
        for given, name in zip(kernel.template_params, _arguments(s), strict=True):
            pack = name.endswith("...")
            verb = {"type": "type", "value": "value"}[given.kind] + ("s" if pack else "")
            if given.ctype == "template":
                words = f"cuport_template_{head.index}_{len(lines)}"
                before += f"template <{s.template_params[len(lines)]}> inline const char* {words}() "
                before += "{ return __PRETTY_FUNCTION__; } "
                lines.append(f'cuport_d.pretty("{given.name}", {words}<{name}>());')
            else:
                lines.append(f'cuport_d.template {verb}<{name}>("{given.name}");')
        describer = f"[](cuport::Describer& cuport_d) {{ {' '.join(lines)} }}"
    names = ",".join(p.name for p in kernel.params)
    grid_waits = "true" if program.grid_waits(kernel) else "false"
    is_template = "true" if kernel.template_params else "false"
    waits = _waits(program, head)
    free = "true" if independent(program, kernel) else "false"
    problem = '"a parameter is a reference"' if s.references else "nullptr"
    if any(d.code == "unsupported.texture" for d in kernel.diagnostics):
        problem = '"it uses textures or surfaces, which are no part of its arguments"'
    if any(d.code == "unsupported.cluster" for d in kernel.diagnostics):
        problem = '"its blocks run in clusters"'
    if _launches(program, kernel):
        problem = '"it launches kernels"'
    cluster = ", ".join(f"static_cast<unsigned>({e})" for e in cluster_extents(kernel.text))
    return (
        f"{before}{s.bare_template} inline const cuport::KernelInfo& cuport_info_{head.index}() {{ "
        f"static const cuport::KernelInfo cuport_info{{"
        f'"{head.name}", "{names}", "{",".join(kernel.globals)}", '
        f"{grid_waits}, {is_template}, {waits}, {describer}, {problem}, {free}, {{{cluster}}}}}; "
        "return cuport_info; } "
    )


def _launches(program: Program, kernel: Kernel) -> bool:
    """Whether a kernel, or a function that it calls, launches kernels itself."""
    return "<<<" in kernel.text or any("<<<" in f.text for f in program.source.functions if f.qualified in kernel.calls)


def _arguments(s: Signature) -> list[str]:
    return [a.strip() for a in s.template_args.removeprefix("<").removesuffix(">").split(",")] if s.template else []


def _launch(program: Program, head: KernelHead, s: Signature) -> str:
    comma = ", " if s.params else ""
    info = f"cuport_info_{head.index}{s.template_args}()"
    passed = ", ".join(f"cuport::refer({a})" if a in s.references else a for a in s.args.split(", "))
    return (
        f"{s.template} inline void cuport_launch_{head.kernel.name}"
        f"(const cuport::Config& cuport_config{comma}{s.params}) {{ "
        f"cuport::launch<{_way(program, head, s)}>(cuport_config, {info}{comma}{passed}); }} "
        f"{s.template} inline auto cuport_pointer_{head.index}() {{ "
        f"return cuport::know_kernel({_pointer(head, s)}, {info}); }} "
    )


def _way(program: Program, head: KernelHead, s: Signature) -> str:
    """Template arguments of a launch: the kernel, whether its threads wait, and what its rows are if they do not."""
    rows = f", cuport_rows_{head.index}{s.template_args}" if head.index in row_kernels(program) else ""
    if head.index in cut_kernels(program):
        rows = f", CUPORT_CUT_OR_VOID(cuport_cut_{head.index}{s.template_args})"
    return f"{_pointer(head, s)}, {_waits(program, head)}{rows}"


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
    return (
        f"{s.bare_template} inline void cuport_entry_{head.index}(cuport::Call& cuport_call) {{ "
        f"cuport::run_entry<{_way(program, head, s)}>"
        f"(cuport_call, cuport_info_{head.index}{s.template_args}()); }} "
    )
