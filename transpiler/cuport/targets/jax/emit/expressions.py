"""IR expressions as JAX text.

Every value has the IR's dtype. Literals, block sizes and int parameters are Python numbers: beside an array they take
on its dtype (JAX's weak types); where nothing gives them one they are written `jnp.int32(...)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cuport.diagnostic import fail
from cuport.targets.jax.emit.functions import FLOAT, INTEGER, LOOSE
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

_AXES = {"x": 0, "y": 1, "z": 2}
_WEAK_PARAMS = ("int32", "bool")


def jnp_dtype(dtype: str) -> str:
    return f"jnp.{'bool_' if dtype == 'bool' else dtype}"


@dataclass(frozen=True)
class Site:
    """Where an expression is evaluated. `mask`: which threads are active, (B, T). `condition`: the uniform conditions
    around it, as one scalar, "" where there are none. `uniform`: whether control is the same in the whole grid."""

    mask: str
    condition: str
    uniform: bool


@dataclass
class Expressions:
    """Emits the expressions of one function; collects which functions and indices they used."""

    function: ir.Function
    uniformity: Uniformity
    bases: dict[str, str]  # memory -> what is added to an index: the block's or thread's place in it
    used: set[str] = field(default_factory=set)
    indices: set[str] = field(default_factory=set)

    def emit(self, e: ir.Expr, site: Site) -> Text:
        match e:
            case ir.Const():
                return literal(e) if _fits(e) else Text(f"{jnp_dtype(e.dtype)}({literal(e).text})")
            case ir.Var() | ir.Param():
                return Text(e.name)
            case ir.Index():
                return self._index(e, e.dtype)
            case ir.Unary():
                a = self.typed(e.a, site)
                return Text(f"{'-' if e.op == 'neg' else '~'}{a.at(UNARY)}", UNARY)
            case ir.Binary():
                return self._binary(e, site)
            case ir.Compare():
                a, b = self._operands(e.a, e.b, site)
                return Text(f"{a.at(COMPARE + 1)} {COMPARES[e.op]} {b.at(COMPARE + 1)}", COMPARE)
            case ir.Select():
                a, b = self._operands(e.a, e.b, site)
                return Text(f"jnp.where({self.emit(e.cond, site).text}, {a.text}, {b.text})")
            case ir.Cast():
                return self._cast(e, site)
            case ir.Bitcast():
                a = self.typed(e.a, site)
                same = e.a.dtype == e.dtype
                return a if same else Text(f"lax.bitcast_convert_type({a.text}, {jnp_dtype(e.dtype)})")
            case ir.Call():
                return self._call(e, site)
            case ir.Load():
                return self._load(e, site)
            case ir.IsNull():
                return Text(f"{e.memory}_null")

    def typed(self, e: ir.Expr, site: Site) -> Text:
        """Like `emit`, but a Python number is wrapped in its dtype."""
        text = self.emit(e, site)
        return Text(f"{jnp_dtype(e.dtype)}({text.text})") if self.weak(e) else text

    def weak(self, e: ir.Expr) -> bool:
        """Whether the text is a Python number."""
        match e:
            case ir.Const():
                return _fits(e)
            case ir.Param():
                return e.dtype in _WEAK_PARAMS
            case ir.Index():
                return e.kind in ("bdim", "gdim")
            case ir.Cast() if isinstance(e.a, ir.Const):
                return self.weak(converted(e.a, e.dtype))
            case ir.Cast():
                if e.a.dtype == e.dtype:
                    return self.weak(e.a)
                return isinstance(e.a, ir.Index) and self.weak(e.a) and types.is_integer(e.dtype)
            case ir.IsNull():
                return True
            case _:
                return False

    def is_uniform(self, e: ir.Expr, site: Site) -> bool:
        return self.uniformity.of(e, site.uniform)

    def full(self, e: ir.Expr, site: Site) -> str:
        """The value as one element a thread, (B, T)."""
        text = self.typed(e, site)
        whole = isinstance(e, ir.Var) and not self.is_uniform(e, site)
        return text.text if whole else f"jnp.broadcast_to({text.text}, active.shape)"

    def index(self, memory: str, index: ir.Expr, site: Site) -> str:
        """Where an element lies in the memory's flat array."""
        text = self.typed(index, site) if not self.bases[memory] else self.emit(index, site)
        base = self.bases[memory]
        return text.text if not base else base if text.text == "0" else f"{base} + {text.at(ADD)}"

    # -- inside --------------------------------------------------------------------------------------------------

    def _index(self, e: ir.Index, dtype: str) -> Text:
        if e.kind in ("bdim", "gdim"):
            return Text(f"{'block' if e.kind == 'bdim' else 'grid'}[{_AXES[e.axis]}]")
        name = f"{e.kind}_{e.axis}"
        self.indices.add(name)
        return Text(name) if dtype == "int32" else Text(f"{name}.astype({jnp_dtype(dtype)})")

    def _operands(self, a: ir.Expr, b: ir.Expr, site: Site) -> tuple[Text, Text]:
        """Two operands of one dtype; if both are Python numbers, the first is given it."""
        if self.weak(a) and self.weak(b):
            return self.typed(a, site), self.emit(b, site)
        return self.emit(a, site), self.emit(b, site)

    def _binary(self, e: ir.Binary, site: Site) -> Text:
        sign, level = BINARY[e.op]
        integer = types.is_integer(e.dtype)
        if e.op in ("shl", "shr"):
            return self._shift(e, site)
        if e.op in ("div", "rem") and integer:
            positive = isinstance(e.b, ir.Const) or (isinstance(e.b, ir.Cast | ir.Index) and self.weak(e.b))
            if not (types.is_unsigned(e.dtype) and positive):
                self.used.add(f"_{e.op}")
                return Text(f"_{e.op}({self.typed(e.a, site).text}, {self.typed(e.b, site).text})")
        if e.op == "rem":
            return Text(f"jnp.fmod({self.typed(e.a, site).text}, {self.typed(e.b, site).text})")
        if e.op == "div" and not integer:
            sign = "/"
        a, b = self._operands(e.a, e.b, site)
        return Text(f"{a.at(level)} {sign} {b.at(level + 1)}", level)

    def _shift(self, e: ir.Binary, site: Site) -> Text:
        sign, level = BINARY[e.op]
        a = self.typed(e.a, site)
        if isinstance(e.b, ir.Const) and 0 <= int(e.b.value) < types.bits(e.dtype):
            return Text(f"{a.at(level)} {sign} {int(e.b.value)}", level)
        count = self.typed(ir.Cast(e.b, e.dtype) if e.b.dtype != e.dtype else e.b, site)
        self.used.add(f"_{e.op}")
        return Text(f"_{e.op}({a.text}, {count.text})")

    def _cast(self, e: ir.Cast, site: Site) -> Text:
        source, to = e.a.dtype, e.dtype
        if source == to:
            return self.emit(e.a, site)
        if isinstance(e.a, ir.Const):
            return self.emit(converted(e.a, to), site)
        if isinstance(e.a, ir.Index) and types.is_integer(to):
            return self._index(e.a, to)
        if to == "bool":
            return Text(f"{self.typed(e.a, site).at(COMPARE + 1)} != 0", COMPARE)
        if types.is_float(source) and types.is_integer(to):
            self.used.add("_to_int")
            return Text(f"_to_int({self.typed(e.a, site).text}, {jnp_dtype(to)})")
        if types.is_unsigned(source) and to == types.signed(source):
            inner = narrow(e.a, to)
            if inner is not None:
                return self.emit(inner, site)
        if self.weak(e.a):
            return Text(f"{jnp_dtype(to)}({self.emit(e.a, site).text})")
        return Text(f"{self.emit(e.a, site).at(ATOM)}.astype({jnp_dtype(to)})")

    def _call(self, e: ir.Call, site: Site) -> Text:
        args = [self.typed(a, site) for a in e.args]
        if e.fn in FLOAT:
            text = self._fill(FLOAT[e.fn], args)
            return Text(text, ADD if e.fn == "fma" else MUL if e.fn in LOOSE else ATOM)
        if e.fn in INTEGER:
            return Text(self._fill(INTEGER[e.fn], args))
        if e.fn in ("float_as_rn_int", "float_as_rn_int64"):
            self.used.add("_to_int")
            return Text(f"_to_int({self._fill(FLOAT['rint'], args)}, {jnp_dtype(e.dtype)})")
        dtype = e.args[0].dtype
        if e.fn == "rotl":
            bits, u = types.bits(dtype), jnp_dtype(types.unsigned(dtype))
            x, n = f"{args[0].at(ATOM)}.astype({u})", f"({args[1].at(AND)} & {bits - 1}).astype({u})"
            return Text(f"({x} << {n} | {x} >> (({bits} - {n}) & {bits - 1})).astype({jnp_dtype(dtype)})")
        if e.fn == "mulhi" and types.bits(dtype) == 32:
            wide = "jnp.int64" if dtype == "int32" else "jnp.uint64"
            a, b = (x.at(ATOM) for x in args)
            return Text(f"(({a}.astype({wide}) * {b}.astype({wide})) >> 32).astype({jnp_dtype(dtype)})")
        raise fail(
            "unsupported.function", f"JAX has no way to compute {e.fn} on {dtype}", hint="port this kernel by hand"
        )

    def _fill(self, template: str, args: list[Text]) -> str:
        head = template.split("(")[0]
        if head.startswith("_"):
            self.used.add(head)
        if template == head + "(" + ", ".join(f"{{{i}}}" for i in range(len(args))) + ")":
            return template.format(*(a.text for a in args))
        return template.format(*(a.at(ATOM) for a in args))

    def _load(self, e: ir.Load, site: Site) -> Text:
        self.used.add("_load")
        if self.is_uniform(e, site):
            return Text(f"_load({e.memory}, {self.index(e.memory, e.index, site)}, {site.condition or 'True'})")
        mask, inner = site.mask, site
        if e.mask is not None:
            mask = f"{site.mask} & {self.emit(e.mask, site).at(AND + 1)}"
            inner = Site(mask, site.condition, site.uniform)
        return Text(f"_load({e.memory}, {self.index(e.memory, e.index, inner)}, {mask})")


def _fits(e: ir.Const) -> bool:
    """Whether a Python number keeps the value: beyond int32 JAX refuses it, and a double would lose digits."""
    if types.is_integer(e.dtype):
        return -(2**31) <= int(e.value) < 2**31
    return True
