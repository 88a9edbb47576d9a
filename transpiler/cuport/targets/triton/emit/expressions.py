"""IR expressions as Triton text.

Values keep the IR's dtypes: Triton's own promotions never get a say. A literal stands bare beside an operand that gives
it its type, and typed (`tl.full`) where nothing does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cuport.diagnostic import fail
from cuport.targets.triton.emit.functions import CLASSIFY, FLOAT, INTEGER
from cuport.translators.rules import ir, types
from cuport.translators.rules.python_text import (
    ADD,
    AND,
    ATOM,
    BINARY,
    COMPARE,
    COMPARES,
    MUL,
    UNARY,
    Text,
    converted,
    literal,
    narrow,
)
from cuport.translators.rules.uniform import Uniformity

_HALF = ("float16", "bfloat16")
_TL = {"bool": "int1"}


def tl_dtype(dtype: str) -> str:
    return f"tl.{_TL.get(dtype, dtype)}"


@dataclass
class Site:
    """Where an expression is evaluated: the mask of active lanes and whether control is uniform there."""

    mask: str
    uniform: bool


@dataclass
class Expressions:
    """Emits the expressions of one function; collects which device functions and index names they used."""

    function: ir.Function
    uniformity: Uniformity
    pointers: dict[str, tuple[str, str]]  # memory -> (pointer name, text of the offset of this block or lane, or "")
    used: set[str] = field(default_factory=set)
    indices: set[str] = field(default_factory=set)

    def emit(self, e: ir.Expr, site: Site) -> Text:
        match e:
            case ir.Const():
                return literal(e)
            case ir.Var() | ir.Param():
                return Text(e.name)
            case ir.Index():
                return self._index(e, e.dtype)
            case ir.Unary():
                return self._unary(e, site)
            case ir.Binary():
                return self._binary(e, site)
            case ir.Compare():
                a, b = self._operands(e.a, e.b, site)
                return Text(f"{a.at(COMPARE + 1)} {COMPARES[e.op]} {b.at(COMPARE + 1)}", COMPARE)
            case ir.Select():
                return self._select(e, site)
            case ir.Cast():
                return self._cast(e, site)
            case ir.Bitcast():
                a = self.typed(e.a, site)
                return a if e.a.dtype == e.dtype else Text(f"{a.at(ATOM)}.to({tl_dtype(e.dtype)}, bitcast=True)")
            case ir.Call():
                return self._call(e, site)
            case ir.Load():
                return self._load(e, site)
            case ir.IsNull():
                return Text(f"{e.memory}_null")

    def typed(self, e: ir.Expr, site: Site) -> Text:
        """Like `emit`, but a literal carries its dtype: for places where no operand gives it one."""
        return typed_literal(e) if isinstance(e, ir.Const) else self.emit(e, site)

    def is_uniform(self, e: ir.Expr, site: Site) -> bool:
        return self.uniformity.of(e, site.uniform)

    def block(self, e: ir.Expr, site: Site) -> str:
        """The value as one element a lane."""
        if not self.is_uniform(e, site):
            return self.emit(e, site).text
        return f"tl.full((P,), {self.emit(e, site).text}, {tl_dtype(e.dtype)})"

    def address(self, memory: str, index: ir.Expr, site: Site, *, block: bool) -> str:
        """`pointer + offset + index`; one address a lane if `block`."""
        pointer, offset = self.pointers[memory]
        text = self._index_text(index, site)
        if block and self.is_uniform(index, site) and "lane" not in offset:
            text = Text(f"tl.full((P,), {text.text}, tl.int64)")
        head = f"{pointer} + {offset}" if offset else pointer
        return head if text.text == "0" else f"{head} + {text.at(ADD + 1 if text.text.startswith('-') else ADD)}"

    # -- inside --------------------------------------------------------------------------------------------------

    def _index(self, e: ir.Index, dtype: str) -> Text:
        name = f"{e.kind}_{e.axis}"
        self.indices.add(name)
        if dtype == "int32":
            return Text(name)
        constant = e.kind == "bdim"  # a constexpr, which has no .to
        return Text(f"tl.full((), {name}, tl.{dtype})" if constant else f"{name}.to(tl.{dtype})")

    def _index_text(self, index: ir.Expr, site: Site) -> Text:
        """An index as a signed integer: pointer arithmetic would take an unsigned 32-bit one as signed."""
        if index.dtype in ("uint32", "uint8", "uint16"):
            return self._cast(ir.Cast(index, "int64"), site)
        return self.emit(index, site)

    def _operands(self, a: ir.Expr, b: ir.Expr, site: Site) -> tuple[Text, Text]:
        if isinstance(a, ir.Const) and isinstance(b, ir.Const):
            return self.typed(a, site), self.emit(b, site)
        return self.emit(a, site), self.emit(b, site)

    def _unary(self, e: ir.Unary, site: Site) -> Text:
        if isinstance(e.a, ir.IsNull):  # a constexpr, on which ~ would be Python's
            return Text(f"(not {self.emit(e.a, site).text})")
        a = self.typed(e.a, site)
        if e.op == "neg":
            return Text(f"-{a.at(UNARY)}", UNARY)
        return Text(f"~{a.at(UNARY)}", UNARY)

    def _binary(self, e: ir.Binary, site: Site) -> Text:
        if e.op in ("shl", "shr"):
            return self._shift(e, site)
        a, b = self._operands(e.a, e.b, site)
        sign, level = BINARY[e.op]
        if e.op == "div" and types.is_float(e.dtype):
            sign = "/"
        text = Text(f"{a.at(level)} {sign} {b.at(level + 1)}", level)
        if e.op in ("div", "rem") and e.dtype in _HALF:  # Triton divides 16-bit floats in fp32
            return Text(f"({text.text}).to({tl_dtype(e.dtype)})")
        return text

    def _shift(self, e: ir.Binary, site: Site) -> Text:
        sign, level = BINARY[e.op]
        bits = types.bits(e.dtype)
        a = self.typed(e.a, site)
        if isinstance(e.b, ir.Const) and 0 <= int(e.b.value) < bits:
            return Text(f"{a.at(level)} {sign} {int(e.b.value)}", level)
        count = self._cast(ir.Cast(e.b, e.dtype), site) if e.b.dtype != e.dtype else self.emit(e.b, site)
        last = bits - 1
        unsigned = (
            f"{count.at(ATOM)}.to(tl.{types.unsigned(e.dtype)})" if types.is_signed(e.dtype) else count.at(COMPARE + 1)
        )
        if e.op == "shr" and types.is_signed(e.dtype):
            return Text(f"{a.at(level)} >> tl.where({unsigned} > {last}, {last}, {count.text})", level)
        return Text(f"tl.where({unsigned} > {last}, 0, {a.at(level)} {sign} ({count.text} & {last}))")

    def _select(self, e: ir.Select, site: Site) -> Text:
        a, b = self._operands(e.a, e.b, site)
        return Text(f"tl.where({self.emit(e.cond, site).text}, {a.text}, {b.text})")

    def _cast(self, e: ir.Cast, site: Site) -> Text:
        source, to = e.a.dtype, e.dtype
        if source == to:
            return self.emit(e.a, site)
        if isinstance(e.a, ir.Const):
            return self.emit(converted(e.a, to), site)
        if isinstance(e.a, ir.Index) and types.is_integer(to):
            return self._index(e.a, to)
        if to == "bool":
            return Text(f"{self.emit(e.a, site).at(COMPARE + 1)} != 0", COMPARE)
        if to == types.signed(source) if types.is_unsigned(source) else False:
            inner = narrow(e.a, to)
            if inner is not None:
                return self.emit(inner, site)
        return Text(f"{self.emit(e.a, site).at(ATOM)}.to({tl_dtype(to)})")

    def _call(self, e: ir.Call, site: Site) -> Text:
        args = [self.typed(a, site) for a in e.args]
        dtype = e.args[0].dtype
        if e.fn in CLASSIFY:
            return Text(self._fill(CLASSIFY[e.fn], args, dtype), COMPARE)
        if e.fn == "signbit":
            whole = types.signed(f"uint{types.bits(dtype)}")
            return Text(f"{args[0].at(ATOM)}.to(tl.{whole}, bitcast=True) < 0", COMPARE)
        if e.fn in FLOAT:
            if dtype in _HALF and e.fn not in ("fmin", "fmax", "fmin_nan", "fmax_nan", "fabs"):
                wide = [
                    Text(f"{a.at(ATOM)}.to(tl.float32)") if x.dtype in _HALF else a
                    for a, x in zip(args, e.args, strict=True)
                ]
                return Text(f"({self._fill(FLOAT[e.fn], wide, 'float32')}).to({tl_dtype(e.dtype)})")
            return Text(
                self._fill(FLOAT[e.fn], args, dtype), MUL if " * " in FLOAT[e.fn] or " / " in FLOAT[e.fn] else ATOM
            )
        if e.fn in ("float_as_rn_int", "float_as_rn_int64"):
            return Text(f"libdevice.rint({args[0].text}).to({tl_dtype(e.dtype)})")
        return self._integer_call(e, args, dtype)

    def _integer_call(self, e: ir.Call, args: list[Text], dtype: str) -> Text:
        if e.fn == "abs":
            return Text(f"tl.abs({args[0].text})")
        if e.fn == "mulhi":
            return self._mulhi(args, dtype)
        if e.fn == "rotl":
            bits = types.bits(dtype)
            u = tl_dtype(types.unsigned(dtype))
            x = f"{args[0].at(ATOM)}.to({u})"
            n = f"({args[1].at(AND)} & {bits - 1}).to({u})"
            return Text(f"({x} << {n} | {x} >> (({bits} - {n}) & {bits - 1})).to({tl_dtype(dtype)})")
        if e.fn in INTEGER:
            if e.fn in ("popc", "clz", "ffs", "brev"):
                args = [Text(f"{args[0].at(ATOM)}.to(tl.{types.unsigned(dtype)})")]
                text = self._fill(INTEGER[e.fn], args, dtype)
                return Text(f"{text}.to({tl_dtype(dtype)})" if e.fn == "brev" else text)
            return Text(self._fill(INTEGER[e.fn], args, dtype))
        raise fail(
            "unsupported.function", f"Triton has no way to compute {e.fn}", hint="write this kernel's port by hand"
        )

    def _mulhi(self, args: list[Text], dtype: str) -> Text:
        a, b = (x.at(ATOM) for x in args)
        if dtype in ("int32", "uint32"):
            wide = "tl.int64" if dtype == "int32" else "tl.uint64"
            return Text(f"(({a}.to({wide}) * {b}.to({wide})) >> 32).to({tl_dtype(dtype)})")
        if dtype == "uint64":
            return Text(f"tl.umulhi({a}, {b})")
        high = f"tl.umulhi({a}.to(tl.uint64), {b}.to(tl.uint64)).to(tl.int64)"
        return Text(f"{high} - ({a} >> 63 & {b}) - ({b} >> 63 & {a})", ADD)

    def _fill(self, template: str, args: list[Text], dtype: str) -> str:
        """A table entry with its arguments; remembers the device functions it names."""
        head = template.split("(")[0]
        if head.startswith("_"):
            self.used.add(head)
        elif "_cbrt(" in template:
            self.used.add("_cbrt")
        template = template.replace("{bits}", str(types.bits(dtype)))
        if "{args}" in template:
            return template.replace("{args}", ", ".join(a.text for a in args))
        # inside a call's own parentheses arguments need none, unless an operator stands beside them there
        called = not any(sign in template for sign in (" * ", " / ", " - ", " > ", " == ", " < ", " != "))
        return template.format(*(a.text if called else a.at(ATOM) for a in args))

    def _load(self, e: ir.Load, site: Site) -> Text:
        volatile = ", volatile=True" if self.function.memory(e.memory).volatile else ""
        if self.is_uniform(e, site):
            return Text(f"tl.load({self.address(e.memory, e.index, site, block=False)}{volatile})")
        mask = site.mask
        inner = site
        if e.mask is not None:
            own = self.emit(e.mask, site)
            mask = f"{site.mask} & {own.at(AND + 1)}" if site.mask else own.text
            inner = Site(mask, site.uniform)
        address = self.address(e.memory, e.index, inner, block=True)
        return Text(f"tl.load({address}, mask={mask}{volatile})")


def typed_literal(e: ir.Const) -> Text:
    """A scalar of the IR's dtype, whatever stands around it."""
    return Text(f"tl.full((), {literal(e).text}, {tl_dtype(e.dtype)})")
