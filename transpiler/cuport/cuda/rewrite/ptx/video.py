"""The video instructions of PTX: arithmetic on selected bytes or halves of words, and on all of them."""

from __future__ import annotations

from cuport.cuda.rewrite.ptx.syntax import Argument, Instruction, Operand, Refused, Register
from cuport.cuda.rewrite.ptx.writer import Modifiers, P, Writer, expect, instruction

_VIDEO = {"add": "add", "sub": "sub", "absdiff": "absdiff", "min": "min", "max": "max", "avrg": "avrg"}


@instruction("vadd", "vsub", "vabsdiff", "vmin", "vmax")
def _video(w: Writer, i: Instruction) -> str:
    w.need("ptx_video")
    m = Modifiers(i)
    saturate = bool(m.take("sat"))
    second = m.take("add", "min", "max")
    types = m.types()
    m.done()
    expect(i, 3, 4)
    if len(types) != 3 or (second and len(i.operands) != 4):
        raise Refused(i.text)
    d, a, b, *c = i.operands

    def selected(operand: Operand, ctype: str) -> str:
        selector = operand.selector if isinstance(operand, Argument | Register) else ""
        part = f"{P}{ctype[0]}{8 if selector[:1] == 'b' else 16}" if selector else f"{P}{ctype}"
        return f"static_cast<int64_t>({P}part<{part}>({w.value(operand, 'b32')}, {selector[1:] or 0}))"

    name = i.parts[0][1:]
    result = f"{P}video_{name}({selected(a, types[1])}, {selected(b, types[2])})"
    result = f"{P}video_{'clamp' if saturate else 'wrap'}<{P}{types[0]}>({result})"
    if isinstance(d, Argument | Register) and d.selector:
        raise Refused(f"{i.text} into a part of a register")
    if second:
        result = f"{P}{second}_int({result}, {w.value(c[0], types[0])})"
    return w.assign(d, result)


@instruction(*(f"v{name}{n}" for name in _VIDEO for n in (2, 4)))
def _video_lanes(w: Writer, i: Instruction) -> str:
    w.need("ptx_video")
    m = Modifiers(i)
    saturate, total = bool(m.take("sat")), bool(m.take("add"))
    types = m.types()
    m.done()
    if len(types) != 3:
        raise Refused(i.text)
    if any(isinstance(o, Argument | Register) and o.selector for o in i.operands):
        raise Refused(f"{i.text} with selectors")
    expect(i, 3, 4)
    d, a, b, *c = i.operands
    name, bits = i.parts[0][1:-1], 32 // int(i.parts[0][-1])
    kinds = f"{P}{types[0][0]}{bits}, {P}{types[1][0]}{bits}, {P}{types[2][0]}{bits}"
    into = w.value(c[0], "b32") if c else f"{P}b32{{0}}"
    function = f"video_lanes<{kinds}, {str(saturate).lower()}, {str(total).lower()}>"
    operation = f"[](int64_t x, int64_t y) {{ return {P}video_{name}(x, y); }}"
    return w.assign(d, f"{P}{function}({w.value(a, 'b32')}, {w.value(b, 'b32')}, {into}, {operation})")
