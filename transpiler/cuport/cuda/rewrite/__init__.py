"""CUDA to C++: the text that the oracle compiles against its own runtime (oracle/runtime).

The rewritten text has the lines of `Source.text`, so that every message finds its way back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cuport.cuda.rewrite.arguments import rewrite_arguments
from cuport.cuda.rewrite.declarations import rewrite_globals, rewrite_structs
from cuport.cuda.rewrite.device import intrinsic_headers, rewrite_device, rewrite_qualifiers
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.items import end_ties_with_items
from cuport.cuda.rewrite.kernels import companions
from cuport.cuda.rewrite.launches import launches_inside, rewrite_launches
from cuport.cuda.rewrite.lines import with_line_directives
from cuport.cuda.rewrite.linkage import Place, keep_private, marked, places
from cuport.cuda.rewrite.loops.rows import rewrite_rows
from cuport.cuda.rewrite.output import rewrite_output
from cuport.cuda.rewrite.program import Program, program_of
from cuport.cuda.rewrite.ptx.assembly import rewrite_assembly
from cuport.cuda.rewrite.shadow import for_shadow
from cuport.cuda.rewrite.unit import blank_host_code, registrations, wanted_kernels
from cuport.cuda.textures import texture_headers
from cuport.diagnostic import Diagnostic
from cuport.kernel import Source

__all__ = ["Place", "places", "program_text", "remarks", "runtime_switches", "unit_text"]


def remarks(source: Source) -> tuple[Diagnostic, ...]:
    """What runs here, but not surely on a GPU: functions that count on the lanes of a warp moving together."""
    program = program_of(source)
    first: dict[str, Diagnostic] = {}
    for node in (*program.stepping, *program.stepping_together):
        function = program.function_around(node)
        name = function.qualified if function is not None else ""
        said = f"{name} is warp-synchronous: nothing orders what its lanes write and read (here they keep in step)"
        hint = "put __syncwarp() between writing and reading; `cuport run --checked` reports the races"
        found = Diagnostic("oracle.warp-synchronous", said, program.unit.span(node), hint, "warning")
        first.setdefault(name, found)
    return tuple(first.values())


def program_text(
    source: Source, place: Place | None = None, *, switches: Sequence[str] = (), loops: bool = True
) -> str:
    """C++ of the whole program, or of its unit at `place`: main() runs, every kernel launch can be captured.

    `switches`: macros that turn parts of the runtime on, which all units of a program must agree on. `loops`: kernels
    may become loops over their threads; without, their bodies are the user's own.
    """
    program = program_of(source, loops=loops)
    edits = Edits(program.unit.bytes)
    rewrite_launches(program, edits)
    rewrite_output(program, edits)
    needed = _common(program, edits)
    if place is not None:
        keep_private(program, edits, place)
    companions(program, edits, None, launches=True, entries=False, known=place is not None)
    text = with_line_directives(edits.apply(), source.line_map)
    if place is not None:
        text = marked(text, place)
    head = ["cuport/runtime.h", *needed, *texture_headers(source.text)]
    on = "".join(f"#define {name} 1\n" for name in switches or runtime_switches([source.text]))
    return on + "".join(f'#include "{name}"\n' for name in head) + f"{text}\n"


_GRAPHS = re.compile(r"\bcuda(Graph|Stream\w*Capture|UserObject)\w*\s*\(")


def runtime_switches(texts: Sequence[str]) -> tuple[str, ...]:
    """The parts of the runtime that programs pay for only if they use them."""
    graphs = ("CUPORT_GRAPHS",) if any(_GRAPHS.search(t) for t in texts) else ()
    return (*graphs, "CUPORT_CHILDREN") if any(launches_inside(t) for t in texts) else graphs


def unit_text(
    source: Source, instances: Sequence[str], *, shadow: bool = False, whole: bool = False, loops: bool = True
) -> str:
    """C++ that replays recorded launches of these kernel instances (`reduce<float, 256>`).

    Only device code and what it needs is kept; `whole` keeps the host code too, its main() renamed, for programs where
    the two cannot be told apart. `shadow`: the floating types of the device code become shadow scalars, by macros that
    come after every header (runtime/shadow/names.h). Raises CuportError for an instance of no kernel.
    """
    program = program_of(source, loops=loops)
    wanted = wanted_kernels(program, instances)
    edits = Edits(program.unit.bytes)
    if whole:
        rewrite_launches(program, edits)
        _rename_main(program, edits)
    else:
        blank_host_code(program, edits, wanted, instances)
    if shadow:
        end_ties_with_items(program, edits)
    needed = _common(program, edits)
    companions(program, edits, wanted, launches=whole, entries=True)
    text = edits.apply()
    head = ["#define CUPORT_DECODE 1", f'#include "cuport/{"runtime" if whole else "unit"}.h"', '#include "replay.h"']
    head += [f'#include "{name}"' for name in (*needed, *texture_headers(text))]
    if shadow:
        text, headers = _take_includes(text)
        text = for_shadow(text)
        head += [*headers, '#include "shadow.h"', '#include "shadow/names.h"']
        if not any("fp16" in header for header in headers):
            head += ["#undef half", "#undef half2"]  # then they are names of the program's own
    text = with_line_directives(text, source.line_map)
    return "\n".join([*head, text, registrations(program, instances), ""])


_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<[^>\n]*>[^\n]*$", re.MULTILINE)


def _take_includes(text: str) -> tuple[str, list[str]]:
    """The text without its `#include <...>` lines (their newlines stay), and those lines."""
    return _INCLUDE.sub("", text), [m.group().strip() for m in _INCLUDE.finditer(text)]


def _common(program: Program, edits: Edits) -> list[str]:
    """Everything both builds need; gives the runtime headers that the text then wants."""
    rewrite_rows(program, edits)
    rewrite_device(program, edits)
    rewrite_arguments(program, edits)
    needed = [*rewrite_assembly(program, edits), *intrinsic_headers(program.unit.text)]
    rewrite_structs(program, edits)
    rewrite_globals(program, edits)
    rewrite_qualifiers(program.unit.text, edits, _offsets(program))
    return needed


def _offsets(program: Program):  # type: ignore[no-untyped-def]
    """From a token's place in the text to its place in the bytes."""
    text = program.unit.text
    if text.isascii():
        return lambda token: token.start
    return lambda token: len(text[: token.start].encode())


def _rename_main(program: Program, edits: Edits) -> None:
    for d in program.definitions:
        if d.qualified == "main" and not d.scope:
            declarator = d.node.child_by_field_name("declarator")
            while declarator is not None and declarator.type != "identifier":
                declarator = declarator.child_by_field_name("declarator")
            if declarator is not None:
                edits.replace_node(declarator, "cuport_user_main")
