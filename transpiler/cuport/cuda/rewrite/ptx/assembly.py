"""Inline PTX in device code, rewritten as calls of the runtime's own functions (runtime/cuport/ptx).

An `asm` statement becomes a block: its operands are bound first, where they stand, so that whatever else is changed in
them stays; then come the instructions, one C++ statement each.
"""

from __future__ import annotations

from tree_sitter import Node

from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.program import Program

# These modules register what they write.
from cuport.cuda.rewrite.ptx import arithmetic, memory, video  # noqa: F401
from cuport.cuda.rewrite.ptx.syntax import (
    AsmStatement,
    Declaration,
    Instruction,
    Item,
    Label,
    Not,
    Reader,
    Refused,
    Scope,
    asm_statements,
)
from cuport.cuda.rewrite.ptx.writer import HANDLERS, Writer
from cuport.diagnostic import CuportError, Diagnostic

_NEVER = {
    "wgmma": "warpgroup matrix instructions",
    "tcgen05": "tensor memory",
    "tensormap": "tensor maps",
    "wmma": "matrix fragments at the level of PTX",
    "tex": "textures in PTX",
    "tld4": "textures in PTX",
    "suld": "surfaces in PTX",
    "sust": "surfaces in PTX",
    "call": "calls in PTX",
}


def rewrite_assembly(program: Program, edits: Edits) -> list[str]:
    """Rewrites every `asm` in device code; gives the runtime headers this needs. Raises CuportError."""
    unit = program.unit
    if "asm" not in unit.text:
        return []
    headers: set[str] = set()
    refused: list[Diagnostic] = []
    text = unit.text
    ascii_ = text.isascii()

    def byte(offset: int) -> int:
        return offset if ascii_ else len(text[:offset].encode())

    for number, statement in enumerate(asm_statements(unit.pieces)):
        start, end = byte(statement.start), byte(statement.end)
        node = unit.root.descendant_for_byte_range(start, end - 1)
        if node is None or not (program.in_device_code(node) or _is_ptx(statement.template)):
            continue
        if edits.covers(start):
            continue
        function = program.function_around(node)
        writer = Writer(statement.operands, _in_kernel(program, node), number)
        try:
            body = _body(statement, writer)
            if "cuport::ptx::" in body:
                writer.need("ptx")
        except Refused as problem:
            name = function.name if function is not None else ""
            refused.append(
                Diagnostic(
                    "oracle.inline-ptx",
                    f"inline PTX that cuport does not know{f' in {name}()' if name else ''}: {problem}",
                    unit.span_of(start, end),
                    "write the same in CUDA C++: an intrinsic exists for most instructions",
                )
            )
            continue
        headers |= writer.headers
        at = start
        for k, operand in enumerate(statement.operands):
            binding = "auto&&" if k < len(statement.outputs) else "const auto"
            edits.replace(at, byte(operand.start), f"{'{ ' if k == 0 else '); '}{binding} {writer.argument(k)} = (")
            at = byte(operand.end)
        tail = f"); {body} }}" if statement.operands else f"{{ {body} }}"
        edits.replace(at, end, tail)
    if refused:
        raise CuportError(*refused)
    return [f"cuport/ptx/{name}.h" for name in sorted(headers)]


def _is_ptx(template: str) -> bool:
    """In code not marked for the device: whether this is PTX for all that can be seen."""
    try:
        items = Reader(template, [""] * 30).read()
    except Refused:
        return False
    found = [i for i in items if isinstance(i, Instruction)]
    return bool(found) and all(len(i.parts) > 1 and i.parts[0] in HANDLERS for i in found)


def _in_kernel(program: Program, node: Node) -> bool:
    current = node.parent
    while current is not None and current.type not in ("function_definition", "lambda_expression"):
        current = current.parent
    function = program.function_around(node)
    return function is not None and function.is_kernel and current == function.node


def _body(statement: AsmStatement, w: Writer) -> str:
    """The C++ statements of a template. Raises Refused."""
    try:
        items = Reader(statement.template.replace("%=", str(w.number)), [o.name for o in statement.operands]).read()
    except RecursionError:
        raise Refused("brackets that do not end") from None
    out: list[str] = []
    for k, operand in enumerate(statement.inputs):  # "0"(x): the operand starts as x
        if operand.constraint.isdigit() and int(operand.constraint) < len(statement.outputs):
            source = w.argument(len(statement.outputs) + k)
            out.append(f"{w.argument(int(operand.constraint))} = {source};")
    # Jumps may not pass declarations: with labels, all registers come first.
    if any(isinstance(i, Label) for i in items):
        items = [
            *(i for i in items if isinstance(i, Declaration)),
            *(i for i in items if not isinstance(i, Declaration)),
        ]
        items = [i for i in items if not isinstance(i, Scope)]
    out += (_item(item, w) for item in items)
    return " ".join(out)


def _item(item: Item, w: Writer) -> str:
    if isinstance(item, Declaration):
        try:
            return w.declare(item.ctype, item.names)
        except ValueError:
            raise Refused(f"the registers {', '.join(item.names)}") from None
    if isinstance(item, Label):
        return f"{w.label(item.name)}:;"
    if isinstance(item, Scope):
        if item.opens:
            w.declared.append({})
        elif len(w.declared) > 1:
            w.declared.pop()
        else:
            raise Refused("a `}` without its `{`")
        return "{" if item.opens else "}"
    handler = HANDLERS.get(item.parts[0])
    if handler is None:
        what = _NEVER.get(item.parts[0])
        raise Refused(f"{item.text}{f' ({what})' if what else ''}")
    try:
        made = handler(w, item)
    except (IndexError, ValueError, KeyError, ArithmeticError):  # fewer operands or types than it wants
        raise Refused(item.text) from None
    if item.guard is None:
        return made
    guard = item.guard.operand if isinstance(item.guard, Not) else item.guard
    test = w.value(guard, "pred")
    return f"if ({'!' if isinstance(item.guard, Not) else ''}{test}) {{ {made} }}"
