"""printf in device code: its output is kept back as a GPU does (runtime/cuport/device_print.h)."""

from __future__ import annotations

from cuport.cuda.parse import matches
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.program import Program

_PRINTING = {"printf", "::printf", "std::printf"}


def rewrite_output(program: Program, edits: Edits) -> None:
    if "printf" not in program.unit.text:
        return
    for captures in matches("calls", program.unit.root):
        callee = captures["callee"][0]
        if program.unit.flat(callee).replace(" ", "") in _PRINTING and program.in_device_code(callee):
            edits.replace_node(callee, "cuport::device_printf")
