"""PTX instructions that compute: on integers, floating-point numbers, predicates; conversions and comparisons.

Semantics are those of the PTX ISA manual; the C++ functions stand in runtime/cuport/ptx*.h.
"""

from __future__ import annotations

from cuport.cuda.rewrite.ptx.syntax import Instruction, Operand, Pair, Refused
from cuport.cuda.rewrite.ptx.writer import (
    BITS,
    FLOATS,
    INTEGERS,
    TYPES,
    Modifiers,
    P,
    Writer,
    expect,
    instruction,
)

_WIDE = {"s16": "s32", "u16": "u32", "s32": "s64", "u32": "u64"}
_MODES = {"ftz": "ftz", "sat": "sat", "relu": "relu", "NaN": "nan", "xorsign": "xor_sign", "abs": "magnitudes"}


def _mode(m: Modifiers, *allowed: str) -> str:
    """The floating-point modifiers as a template argument."""
    return " | ".join([f"{P}{_MODES[name]}" for name in allowed if m.take(name)] or ["0u"])


def _call(w: Writer, i: Instruction, function: str, types: list[str]) -> str:
    """`d = function(a, b, ...)`, the operands read as `types`."""
    expect(i, len(types) + 1)
    values = ", ".join(w.value(o, t) for o, t in zip(i.operands[1:], types, strict=True))
    return w.assign(i.operands[0], f"{P}{function}({values})")


def _floating(w: Writer, i: Instruction, m: Modifiers, ctype: str, count: int) -> str:
    """Operations with a rounding mode: function<mode, rounding>(...)."""
    w.need("ptx_float")
    name = i.parts[0]
    if name == "div" and (m.take("approx") or m.take("full")):
        function = f"div_approx<{_mode(m, 'ftz')}>"
    else:
        m.drop(("approx", "noftz"))
        function = f"{name}<{_mode(m, 'ftz', 'sat', 'relu')}, {m.rounding()}>"
    m.done()
    return _call(w, i, function, [ctype] * count)


@instruction("add", "sub")
def _add(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS | FLOATS)
    if ctype in FLOATS:
        return _floating(w, i, m, ctype, 2)
    name = i.parts[0]
    if m.take("cc"):
        m.done()
        return _call(w, i, f"{name}_carry<false, true>", [ctype] * 2)
    function = f"{name}_sat" if m.take("sat") else f"{name}_int"
    m.done()
    return _call(w, i, function, [ctype] * 2)


@instruction("addc", "subc")
def _addc(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS)
    out = "true" if m.take("cc") else "false"
    m.done()
    return _call(w, i, f"{i.parts[0][:3]}_carry<true, {out}>", [ctype] * 2)


@instruction("mul", "mul24")
def _mul(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS | FLOATS)
    if ctype in FLOATS:
        return _floating(w, i, m, ctype, 2)
    part = m.take("lo", "hi", "wide") or "lo"
    m.done()
    return _call(w, i, f"{i.parts[0]}_{part}", [ctype] * 2)


@instruction("mad", "madc", "mad24", "fma")
def _mad(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS | FLOATS)
    expect(i, 4)
    if ctype in FLOATS:
        fused = Instruction(("fma", *i.parts[1:]), i.operands, i.guard)
        return _floating(w, fused, m, ctype, 3)
    part = m.take("lo", "hi", "wide")
    if not part:
        raise Refused(i.text)
    d, a, b, c = i.operands
    if i.parts[0] == "mad24":
        m.done()
        product = f"{P}mul24_{part}({w.value(a, ctype)}, {w.value(b, ctype)})"
        return w.assign(d, f"{P}add_int({product}, {w.value(c, ctype)})")
    carry_in, carry_out = i.parts[0] == "madc", bool(m.take("cc"))
    if carry_in or carry_out:
        m.done()
        product = f"{P}mul_{part}({w.value(a, ctype)}, {w.value(b, ctype)})"
        flags = f"{'true' if carry_in else 'false'}, {'true' if carry_out else 'false'}"
        return w.assign(d, f"{P}add_carry<{flags}>({product}, {w.value(c, ctype)})")
    function = f"mad_{part}_sat" if m.take("sat") else f"mad_{part}"
    m.done()
    return _call(w, i, function, [ctype, ctype, _WIDE[ctype] if part == "wide" else ctype])


@instruction("div")
def _div(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS | FLOATS)
    if ctype in FLOATS:
        return _floating(w, i, m, ctype, 2)
    m.done()
    return _call(w, i, "div_int", [ctype] * 2)


@instruction("rem", "sad")
def _rem(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS)
    m.done()
    return _call(w, i, "rem_int", [ctype] * 2) if i.parts[0] == "rem" else _call(w, i, "sad", [ctype] * 3)


@instruction("abs", "neg")
def _abs(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS | FLOATS)
    if ctype in FLOATS:
        w.need("ptx_float")
        function = f"{i.parts[0]}<{_mode(m, 'ftz')}>"
    else:
        function = f"{i.parts[0]}_int"
    m.done()
    return _call(w, i, function, [ctype])


@instruction("min", "max")
def _min(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS | FLOATS)
    if ctype in FLOATS:
        w.need("ptx_float")
        function = f"{i.parts[0]}<{_mode(m, 'ftz', 'NaN', 'xorsign', 'abs')}>"
    else:
        function = f"{i.parts[0]}_int"
    m.done()
    if len(i.operands) == 4:  # three inputs
        _, a, b, c = i.operands
        first = f"{P}{function}({w.value(a, ctype)}, {w.value(b, ctype)})"
        return w.assign(i.operands[0], f"{P}{function}({first}, {w.value(c, ctype)})")
    return _call(w, i, function, [ctype] * 2)


_LOGIC = {"and": "bit_and", "or": "bit_or", "xor": "bit_xor", "not": "bit_not", "cnot": "logic_not"}


@instruction(*_LOGIC)
def _logic(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type((*BITS, "pred", *INTEGERS))
    m.done()
    return _call(w, i, _LOGIC[i.parts[0]], [ctype] * (1 if "not" in i.parts[0] else 2))


@instruction("shl", "shr")
def _shift(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS)
    m.done()
    return _call(w, i, i.parts[0], [ctype, "u32"])


@instruction("shf")
def _funnel(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    m.type(("b32",))
    left, clamp = m.take("l", "r") == "l", m.take("clamp", "wrap") == "clamp"
    m.done()
    return _call(w, i, f"shf<{str(left).lower()}, {str(clamp).lower()}>", ["b32"] * 3)


@instruction("lop3")
def _lop3(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    m.type(("b32",))
    joined = m.take("or", "and")
    m.done()
    if not joined:
        return _call(w, i, "lop3", ["b32"] * 3 + ["u32"])
    expect(i, 6)
    d, a, b, c, table, q = i.operands
    values = ", ".join(w.value(o, "b32") for o in (a, b, c))
    name = w.temporary()
    if not isinstance(d, Pair):
        raise Refused(i.text)
    truth = f"{P}join_{joined}({name} != 0, {w.value(q, 'pred')})"
    return (
        f"{{ const auto {name} = {P}lop3({values}, {w.value(table, 'u32')}); "
        f"{w.assign(d.second, truth)} {w.assign(d.first, name)} }}"
    )


@instruction("prmt")
def _prmt(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    m.type(("b32",))
    mode = m.take("f4e", "b4e", "rc8", "ecl", "ecr", "rc16") or "index"
    m.done()
    return _call(w, i, f"prmt<{P}Permute::{mode}>", ["b32"] * 3)


@instruction("bfe", "bfi")
def _field(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS)
    m.done()
    return _call(w, i, i.parts[0], [ctype] * (1 if i.parts[0] == "bfe" else 2) + ["u32", "u32"])


@instruction("bfind", "brev", "clz", "popc")
def _bits(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    function = i.parts[0]
    if function == "bfind":
        function += f"<{'true' if m.take('shiftamt') else 'false'}>"
    ctype = m.type(INTEGERS)
    m.done()
    return _call(w, i, function, [ctype])


@instruction("bmsk")
def _mask(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    clamp = m.take("clamp", "wrap") == "clamp"
    m.type(("b32",))
    m.done()
    expect(i, 3)
    _, a, b = i.operands
    return w.assign(i.operands[0], f"{P}bmsk({w.value(a, 'b32')}, {w.value(b, 'b32')}, {str(clamp).lower()})")


@instruction("fns")
def _fns(w: Writer, i: Instruction) -> str:
    expect(i, 4)
    d, mask, base, offset = i.operands
    return w.assign(d, f"::__fns({w.value(mask, 'b32')}, {w.value(base, 'u32')}, {w.value(offset, 's32')})")


@instruction("dp4a", "dp2a")
def _dot(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    high = m.take("lo", "hi") == "hi"
    types = m.types()
    m.done()
    if len(types) != 2:
        raise Refused(i.text)
    if i.parts[0] == "dp4a":
        function = "dp4a<" + ", ".join(f"{P}{t[0]}8" for t in types) + ">"
    else:
        function = f"dp2a<{P}{types[0][0]}16, {P}{types[1][0]}8, {str(high).lower()}>"
    return _call(w, i, function, ["b32"] * 3)


@instruction("mov")
def _mov(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    if m.take("v2", "v4"):
        raise Refused(i.text)
    ctype = m.type(TYPES)
    m.done()
    expect(i, 2)
    return w.assign(i.operands[0], w.value(i.operands[1], ctype))


_UNARY = ("rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh")


@instruction(*_UNARY)
def _function(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    return _floating(w, i, m, m.type(FLOATS), 1)


@instruction("copysign")
def _copysign(w: Writer, i: Instruction) -> str:
    w.need("ptx_float")
    m = Modifiers(i)
    ctype = m.type(("f32", "f64"))
    m.done()
    return _call(w, i, "copy_sign", [ctype] * 2)


@instruction("testp")
def _testp(w: Writer, i: Instruction) -> str:
    w.need("ptx_float")
    m = Modifiers(i)
    what = m.take("finite", "infinite", "number", "notanumber", "normal", "subnormal")
    ctype = m.type(("f32", "f64"))
    m.done()
    return _call(w, i, f"is_{what}", [ctype])


# Comparisons. Unsigned ones have names of their own: lower, lower or same, higher, higher or same.
_UNSIGNED_NAMES = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}
_ORDERED = ("eq", "ne", "lt", "le", "gt", "ge")
_FLOAT_ONLY = ("equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan")


def _comparison(w: Writer, m: Modifiers, ctype: str, a: Operand, b: Operand) -> str:
    name = m.take(*_ORDERED, *_UNSIGNED_NAMES, *_FLOAT_ONLY)
    if not name:
        raise Refused(m.instruction.text)
    name = _UNSIGNED_NAMES.get(name, name)
    values = f"({w.value(a, ctype)}, {w.value(b, ctype)})"
    if ctype not in FLOATS:
        return f"{P}{name}{values}"
    w.need("ptx_float")
    if m.take("ftz"):
        values = f"({P}flushed({w.value(a, ctype)}), {P}flushed({w.value(b, ctype)}))"
    return f"{P}f{name}{values}"


@instruction("setp")
def _setp(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS | FLOATS)
    if ctype in ("f16x2", "bf16x2"):
        raise Refused(i.text)
    expect(i, 3, 4)
    d, a, b, *more = i.operands
    test = _comparison(w, m, ctype, a, b)
    joined = m.take("and", "or", "xor")
    m.done()
    name = w.temporary()

    def answer(value: str) -> str:
        return f"{P}join_{joined}({value}, {w.value(more[0], 'pred')})" if joined and more else value

    if not isinstance(d, Pair):
        return w.assign(d, answer(test))
    return (
        f"{{ const bool {name} = {test}; const bool {name}n = {answer('!' + name)}; "
        f"{w.assign(d.first, answer(name))} {w.assign(d.second, name + 'n')} }}"
    )


@instruction("set")
def _set(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    types = m.types()
    if len(types) != 2 or types[0] not in ("u32", "s32", "f32"):
        raise Refused(i.text)
    expect(i, 3, 4)
    d, a, b, *more = i.operands
    test = _comparison(w, m, types[1], a, b)
    if more:
        test = f"{P}join_{m.take('and', 'or', 'xor') or 'and'}({test}, {w.value(more[0], 'pred')})"
    m.done()
    return w.assign(d, f"{P}truth<{P}{types[0]}>({test})")


@instruction("selp")
def _selp(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    ctype = m.type(INTEGERS | FLOATS)
    m.done()
    expect(i, 4)
    d, a, b, c = i.operands
    return w.assign(d, f"({w.value(c, 'pred')} ? {w.value(a, ctype)} : {w.value(b, ctype)})")


@instruction("slct")
def _slct(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    types = m.types()
    m.drop(("ftz",))
    m.done()
    expect(i, 4)
    if len(types) != 2 or types[1] not in ("s32", "f32"):
        raise Refused(i.text)
    d, a, b, c = i.operands
    return w.assign(d, f"({w.value(c, types[1])} >= 0 ? {w.value(a, types[0])} : {w.value(b, types[0])})")


_TO_INTEGER = {"rni": "nearest", "rzi": "zero", "rmi": "down", "rpi": "up"}


@instruction("cvt")
def _cvt(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    if m.take("pack"):
        return _cvt_pack(w, i, m)
    w.need("ptx_convert")
    types = m.types()
    if len(types) != 2:
        raise Refused(i.text)
    to, source = types
    m.drop(("satfinite",))
    integral = f"{P}Integral::{_TO_INTEGER.get(m.take(*_TO_INTEGER), 'none')}"
    away = bool(m.take("rna"))
    rounding = m.rounding()
    mode = _mode(m, "ftz", "sat", "relu")
    m.done()
    a = i.operands[1:]
    if to == "tf32":
        expect(i, 2)
        value = f"{P}to_tf32<{rounding}>({w.value(a[0], source)}, {str(away).lower()})"
    elif to in ("f16x2", "bf16x2") and source == "f32":
        expect(i, 3)
        value = f"{P}cvt_pair<{P}{to}, {mode}, {rounding}>({w.value(a[0], source)}, {w.value(a[1], source)})"
    elif to in ("e4m3x2", "e5m2x2"):
        expect(i, 3 if source == "f32" else 2)
        value = f"{P}cvt_to_float8<{P}{to}, {mode}>({', '.join(w.value(o, source) for o in a)})"
    elif source in ("e4m3x2", "e5m2x2") and to == "f16x2":
        expect(i, 2)
        value = f"{P}cvt_from_float8<{P}{source}, {mode}>({w.value(a[0], source)})"
    elif {to, source} <= INTEGERS | FLOATS - {"f16x2", "bf16x2"}:
        expect(i, 2)
        value = f"{P}cvt<{P}{to}, {P}{source}, {mode}, {rounding}, {integral}>({w.value(a[0], source)})"
    else:
        raise Refused(i.text)
    return w.assign(i.operands[0], value)


def _cvt_pack(w: Writer, i: Instruction, m: Modifiers) -> str:
    """Two integers clamped into one register, a above b; 8-bit ones above what c holds."""
    w.need("ptx_convert")
    m.drop(("sat",))
    types = m.types()
    m.done()
    to, source = types[0], types[1]
    expect(i, 3, 4)
    d, a, b, *c = i.operands
    low = f"{P}clamped<{P}{to}>({w.value(b, source)})"
    high = f"{P}clamped<{P}{to}>({w.value(a, source)})"
    if to in ("s16", "u16"):
        return w.assign(d, f"{P}pack<{P}b32>({low}, {high})")
    rest = f"static_cast<{P}b16>({w.value(c[0], 'b32')})" if c else f"{P}b16{{0}}"
    return w.assign(d, f"{P}pack<{P}b32>({low}, {high}, {rest})")
