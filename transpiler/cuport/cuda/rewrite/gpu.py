"""The user's kernels as they are, for nvcc: a unit that replays recorded launches on a GPU (oracle/runtime/gpu)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cuport.cuda.launches import split_template
from cuport.cuda.rewrite.declarations import rewrite_globals, rewrite_structs
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.lines import with_line_directives
from cuport.cuda.rewrite.program import Program, program_of
from cuport.cuda.rewrite.signature import read_signature
from cuport.cuda.rewrite.unit import blank_host_code, wanted_kernels
from cuport.kernel import Source


def gpu_text(source: Source, instances: Sequence[str]) -> str:
    """CUDA C++ that replays these kernel instances. Device code is not rewritten: nvcc gives it its meaning.

    Raises CuportError for an instance of no kernel.
    """
    program = program_of(source)
    wanted = wanted_kernels(program, instances)
    edits = Edits(program.unit.bytes)
    blank_host_code(program, edits, wanted, instances)
    rewrite_structs(program, edits)
    rewrite_globals(program, edits)
    # a namespace apart from the CPU runtime's, so that this unit is an ordinary CUDA program, also for that runtime
    text = re.sub(r"\bcuport::(?=Fields\b|RegisterGlobal\b)", "replayed::", edits.apply())
    text = re.sub(r"\bcuport_global_(?=\d)", "replayed_global_", text)
    text = with_line_directives(text, source.line_map)
    return "\n".join(['#include "replay.cuh"', text, *_registrations(program, instances), ""])


def _registrations(program: Program, instances: Sequence[str]) -> list[str]:
    heads = {h.name: h for h in program.heads}
    lines = []
    for number, instance in enumerate(dict.fromkeys(instances)):
        name, _ = split_template(instance)
        head = heads[name]
        template = instance[len(name) :].strip() if head.kernel.template_params else ""
        *scope, last = head.kernel.qualified.split("::")
        address = f"&{last}{template}"
        if not template:  # one of several overloads is told by its parameters
            address = f"static_cast<void (*)({read_signature(program.unit, head).types})>({address})"
        waits = "true" if program.grid_waits(head.kernel) else "false"
        escaped = instance.replace("\\", "\\\\").replace('"', '\\"')
        # in the kernel's namespace, where the names of its parameters' types are known
        lines.append(
            "".join(f"namespace {name} {{ " for name in scope)
            + f'static const replayed::Instance cuport_instance_{number}("{escaped}", '
            f"[](replayed::LoadedCase& c, bool w) {{ return replayed::launch(c, {address}, w); }}, {waits});"
            + " }"
            * len(scope)
        )
    return lines
