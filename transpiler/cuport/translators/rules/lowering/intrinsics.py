"""CUDA's arithmetic functions: elementary functions, conversions, integers, bits, vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering import ctype, library
from cuport.translators.rules.lowering.calls import Calls
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import Record, Scalar
from cuport.translators.rules.lowering.overloads import Argument
from cuport.translators.rules.lowering.typenames import TemplateArg
from cuport.translators.rules.lowering.values import Agg, Value

_HALF_TYPES = ("float16", "bfloat16")


@dataclass(frozen=True)
class Site:
    """A call: the function's plain name, its template arguments, its arguments."""

    name: str
    explicit: tuple[TemplateArg, ...]
    arguments: Sequence[Argument]
    node: Node


class Intrinsics(Calls):
    """Each method gives the value of a call, or None where the name is not its."""

    def values(self, site: Site, count: int) -> list[Value]:
        """The arguments' values; Unsupported if there are not `count`."""
        if len(site.arguments) != count:
            raise Unsupported("call", f"`{site.name}` with {len(site.arguments)} arguments", site.node)
        return [self.load(a.place, site.node) for a in site.arguments]

    def numbers(self, site: Site, count: int) -> list[ir.Expr]:
        """The arguments as numbers."""
        return [self.scalar(v, site.node) for v in self.values(site, count)]

    def arithmetic_intrinsic(self, site: Site) -> Value | None:
        """Everything in this file."""
        name = site.name
        if name in library.FLOATING:
            return self._floating(site)
        if name in library.ARITHMETIC:
            operator, dtype = library.ARITHMETIC[name]
            a, b = self.values(site, 2)
            if dtype:
                a, b = self.convert(a, Scalar(dtype), site.node), self.convert(b, Scalar(dtype), site.node)
            return self.operate(operator, a, b, site.node)
        if name in library.COMPARISONS:
            a, b = self.values(site, 2)
            return self.operate(library.COMPARISONS[name], a, b, site.node)
        if name in library.CASTS:
            source, target = library.CASTS[name]
            return build.cast(build.cast(self.numbers(site, 1)[0], source), target)
        if name in library.LITERALS:
            return build.cast(self.numbers(site, 1)[0], library.LITERALS[name])
        if name in library.ROUNDED:
            return self._rounded(site)
        if name in library.BITCASTS:
            source, target = library.BITCASTS[name]
            return build.bitcast(build.cast(self.numbers(site, 1)[0], source), target)
        if name in library.INTEGER:
            return self._integer(site)
        if name in library.TESTS:
            x = self.numbers(site, 1)[0]
            x = x if types.is_float(x.dtype) else build.cast(x, "float64")
            return build.call(library.TESTS[name], x, dtype="bool")
        handler = _HANDLERS.get(name)
        if handler is not None:
            return handler(self, site)
        if name.startswith("make_"):
            return self._make_vector(site)
        return None

    # ------------------------------------------------------------ floating point

    def _floating(self, site: Site) -> Value:
        fn, count, dtype = library.FLOATING[site.name]
        values = self.values(site, count)
        if any(isinstance(v, Agg) for v in values):
            return self._lanewise(fn, values, site)
        args = [self.scalar(v, site.node) for v in values]
        if dtype.startswith("half") or not dtype:
            dtype = self._overload([a.dtype for a in args])
        if fn in ("fabs", "fmin", "fmax") and dtype == "float64" and all(not types.is_float(a.dtype) for a in args):
            dtype = "float64"
        return build.call(fn, *(build.cast(a, dtype) for a in args))

    def _overload(self, dtypes: Sequence[str]) -> str:
        """<cmath>'s overload: the widest floating type, integers count as double."""
        wide = [d if types.is_float(d) else "float64" for d in dtypes]
        result = wide[0]
        for d in wide[1:]:
            result = types.common(result, d)
        return result

    def _lanewise(self, fn: str, values: Sequence[Value], site: Site) -> Value:
        aggs = [v for v in values if isinstance(v, Agg)]
        if len(aggs) != len(values):
            raise Unsupported("call", f"`{site.name}` of a vector and a number", site.node)
        lanes = zip(*(a.parts for a in aggs), strict=True)
        parts = tuple(build.call(fn, *(self.scalar(p, site.node) for p in lane)) for lane in lanes)
        return Agg(aggs[0].record, parts)

    def _rounded(self, site: Site) -> Value:
        source, fn, target = library.ROUNDED[site.name]
        x = build.cast(self.numbers(site, 1)[0], source)
        return build.cast(build.call(fn, x) if fn else x, target)

    def min_max(self, site: Site) -> Value:
        """CUDA's min and max: integers by the usual conversions, floats as fmin and fmax."""
        a, b = self.numbers(site, 2)
        dtype = types.common(a.dtype, b.dtype)
        fn = site.name if not types.is_float(dtype) else f"f{site.name}"
        return build.call(fn, build.cast(a, dtype), build.cast(b, dtype))

    def absolute(self, site: Site) -> Value:
        x = self.numbers(site, 1)[0]
        if types.is_float(x.dtype):
            return build.call("fabs", x)
        x = build.cast(x, types.promote(x.dtype))
        return build.call("abs", x) if types.is_signed(x.dtype) else x

    def half_min_max(self, site: Site) -> Value:
        """__hmin, __hmax, their _nan and half2 forms."""
        fn = "fmin" if "min" in site.name else "fmax"
        fn += "_nan" if site.name.endswith("_nan") else ""
        return self._each(fn, site, 2)

    def half_fma(self, site: Site) -> Value:
        """__hfma, __hfma2: in float, rounded once (a product of two halves is exact there)."""
        values = self.values(site, 3)
        aggs = [v for v in values if isinstance(v, Agg)]
        if aggs:
            lanes = zip(*(a.parts for a in aggs), strict=True)
            return Agg(aggs[0].record, tuple(self._fma([self.scalar(p, site.node) for p in lane]) for lane in lanes))
        return self._fma([self.scalar(v, site.node) for v in values])

    def _fma(self, args: list[ir.Expr]) -> ir.Expr:
        dtype = next((a.dtype for a in args if a.dtype in _HALF_TYPES), args[0].dtype)
        wide = "float32" if dtype in _HALF_TYPES else dtype
        return build.cast(build.call("fma", *(build.cast(build.cast(a, dtype), wide) for a in args)), dtype)

    def half_unary(self, site: Site) -> Value:
        values = self.values(site, 1)
        if isinstance(values[0], Agg):
            record = values[0].record
            return Agg(record, tuple(self._sign(p, site) for p in values[0].parts))
        return self._sign(values[0], site)

    def _sign(self, value: Value, site: Site) -> ir.Expr:
        x = self.scalar(value, site.node)
        if "habs" in site.name:
            return build.call("fabs", x) if types.is_float(x.dtype) else build.call("abs", x)
        return build.unary("neg", x)

    def _each(self, fn: str, site: Site, count: int) -> Value:
        values = self.values(site, count)
        if isinstance(values[0], Agg):
            return self._lanewise(fn, values, site)
        args = [self.scalar(v, site.node) for v in values]
        dtype = next((a.dtype for a in args if a.dtype in _HALF_TYPES), args[0].dtype)
        return build.call(fn, *(build.cast(a, dtype) for a in args))

    def saturate(self, site: Site) -> Value:
        """__saturatef: to [0, 1], NaN gives 0."""
        x = build.cast(self.numbers(site, 1)[0], "float32")
        return build.call("fmin", build.call("fmax", x, build.const(0.0, "float32")), build.const(1.0, "float32"))

    def reciprocal_hypot(self, site: Site) -> Value:
        a, b = self.numbers(site, 2)
        dtype = "float32" if site.name.endswith("f") else "float64"
        return build.call("rcp", build.call("hypot", build.cast(a, dtype), build.cast(b, dtype)))

    def norm(self, site: Site) -> Value:
        """norm3d, norm4d and their reciprocals."""
        count = 3 if "3" in site.name else 4
        dtype = "float32" if site.name.endswith("f") else "float64"
        total: ir.Expr | None = None
        for x in self.numbers(site, count):
            x = self.temp(build.cast(x, dtype))
            square = build.binary("mul", x, x)
            total = square if total is None else build.binary("add", total, square)
        assert total is not None
        return build.call("rsqrt" if site.name.startswith("r") else "sqrt", total)

    def load_exponent(self, site: Site) -> Value:
        """ldexp, scalbn."""
        x, n = self.numbers(site, 2)
        dtype = "float32" if site.name.endswith("f") else self._overload([x.dtype])
        return build.call("ldexp", build.cast(x, dtype), build.cast(n, "int32"))

    # ------------------------------------------------------------------- integers

    def _integer(self, site: Site) -> Value:
        fn, dtype = library.INTEGER[site.name]
        count = 2 if fn == "mulhi" else 1
        args = [build.cast(a, dtype) for a in self.numbers(site, count)]
        return build.call(fn, *args, dtype="int32" if fn in ("popc", "clz", "ffs") else dtype)

    def mul24(self, site: Site) -> Value:
        """The low 32 bits of the product of the low 24 bits."""
        dtype = "uint32" if site.name.startswith("__u") else "int32"
        parts = []
        for x in self.numbers(site, 2):
            up = build.binary("shl", build.cast(x, dtype), build.const(8))
            parts.append(build.binary("shr", up, build.const(8)))
        return build.binary("mul", parts[0], parts[1])

    def absolute_difference(self, site: Site) -> Value:
        """__sad and __usad: |a - b| + c."""
        dtype = "uint32" if site.name == "__usad" else "int32"
        a, b, c = self.numbers(site, 3)
        a, b = self.temp(build.cast(a, dtype)), self.temp(build.cast(b, dtype))
        distance = build.select(build.compare("gt", a, b), build.binary("sub", a, b), build.binary("sub", b, a))
        return build.binary("add", build.cast(distance, "uint32"), build.cast(c, "uint32"))

    def byte_permute(self, site: Site) -> Value:
        """__byte_perm: each nibble of the selector picks one of eight bytes."""
        x, y, s = (self.temp(build.cast(v, "uint32")) for v in self.numbers(site, 3))
        result: ir.Expr = build.const(0, "uint32")
        for k in range(4):
            nibble = build.binary("and", build.binary("shr", s, build.const(4 * k)), build.const(7, "uint32"))
            nibble = nibble if isinstance(nibble, ir.Const) else self.temp(nibble)
            shift = build.cast(
                build.binary("mul", build.binary("and", nibble, build.const(3, "uint32")), build.const(8, "uint32")),
                "int32",
            )
            word = build.select(build.compare("lt", nibble, build.const(4, "uint32")), x, y)
            byte = build.binary("and", build.binary("shr", word, shift), build.const(255, "uint32"))
            result = build.binary("or", result, build.binary("shl", byte, build.const(8 * k)))
        return result

    def funnel_shift(self, site: Site) -> Value:
        """__funnelshift_l/r (count modulo 32) and their _c forms (count at most 32)."""
        low, high, n = (self.temp(build.cast(v, "uint32")) for v in self.numbers(site, 3))
        clamped = build.call("min", n, build.const(32, "uint32"))
        wrapped = build.binary("and", n, build.const(31, "uint32"))
        n = self.temp(build.cast(clamped if site.name.endswith("c") else wrapped, "int32"))
        rest = build.binary("sub", build.const(32), n)
        if "_l" in site.name:
            return build.binary("or", build.binary("shl", high, n), build.binary("shr", low, rest))
        return build.binary("or", build.binary("shr", low, n), build.binary("shl", high, rest))

    def dot4(self, site: Site) -> Value:
        """__dp4a: four products of bytes added to c."""
        a, b, c = self.numbers(site, 3)
        dtype, byte = ("uint32", "uint8") if a.dtype == "uint32" else ("int32", "int8")
        a, b = self.temp(build.cast(a, dtype)), self.temp(build.cast(b, dtype))
        total: ir.Expr = build.cast(c, dtype)
        for k in range(4):
            x, y = (build.cast(build.cast(build.binary("shr", v, build.const(8 * k)), byte), dtype) for v in (a, b))
            total = build.binary("add", total, build.binary("mul", x, y))
        return total

    # -------------------------------------------------------------------- vectors

    def _make_vector(self, site: Site) -> Value | None:
        t = ctype.named(site.name.removeprefix("make_"))
        if not isinstance(t, Record):
            return None
        values = self.numbers(site, len(t.fields))
        return Agg(t, tuple(build.cast(v, t.lane) for v in values))

    def _pair(self, dtype: str) -> Record:
        found = ctype.named("half2" if dtype == "float16" else "__nv_bfloat162" if dtype == "bfloat16" else "float2")
        assert isinstance(found, Record)
        return found

    def pack_halves(self, site: Site) -> Value:
        """Two numbers (or one twice, or a float2) as a half2 or bfloat162."""
        dtype = "bfloat16" if "bf" in site.name else "float16"
        values = [self.load(a.place, site.node) for a in site.arguments]
        if len(values) == 1 and isinstance(values[0], Agg):
            values = list(values[0].parts)
        numbers = [build.cast(self.scalar(v, site.node), dtype) for v in values]
        if len(numbers) == 1:
            numbers = [self.temp(numbers[0])] * 2
        return Agg(self._pair(dtype), tuple(numbers[:2]))

    def unpack_halves(self, site: Site) -> Value:
        """__low2half, __high2float, __half22float2 and their like."""
        value = self.values(site, 1)[0]
        if not isinstance(value, Agg):
            raise Unsupported("call", f"`{site.name}` of a number", site.node)
        low, high = (self.scalar(p, site.node) for p in value.parts)
        name = site.name
        if "22float2" in name or "1622float2" in name:
            return Agg(self._pair("float32"), (build.cast(low, "float32"), build.cast(high, "float32")))
        if name.startswith("__lows2"):
            return Agg(value.record, (low, low))
        if name.startswith("__lowhigh2highlow"):
            return Agg(value.record, (high, low))
        part = low if name.startswith("__low") else high
        if name.endswith(("2half2", "2bfloat162")):
            return Agg(value.record, (part, part))
        return build.cast(part, "float32") if name.endswith("2float") else part


_HANDLERS = {
    "min": Intrinsics.min_max,
    "max": Intrinsics.min_max,
    "umin": Intrinsics.min_max,
    "umax": Intrinsics.min_max,
    "abs": Intrinsics.absolute,
    "labs": Intrinsics.absolute,
    "llabs": Intrinsics.absolute,
    "__saturatef": Intrinsics.saturate,
    "rhypotf": Intrinsics.reciprocal_hypot,
    "rhypot": Intrinsics.reciprocal_hypot,
    "norm3df": Intrinsics.norm,
    "norm3d": Intrinsics.norm,
    "norm4df": Intrinsics.norm,
    "norm4d": Intrinsics.norm,
    "rnorm3df": Intrinsics.norm,
    "rnorm3d": Intrinsics.norm,
    "rnorm4df": Intrinsics.norm,
    "rnorm4d": Intrinsics.norm,
    "ldexpf": Intrinsics.load_exponent,
    "ldexp": Intrinsics.load_exponent,
    "scalbnf": Intrinsics.load_exponent,
    "scalbn": Intrinsics.load_exponent,
    "__mul24": Intrinsics.mul24,
    "__umul24": Intrinsics.mul24,
    "__sad": Intrinsics.absolute_difference,
    "__usad": Intrinsics.absolute_difference,
    "__byte_perm": Intrinsics.byte_permute,
    "__funnelshift_l": Intrinsics.funnel_shift,
    "__funnelshift_r": Intrinsics.funnel_shift,
    "__funnelshift_lc": Intrinsics.funnel_shift,
    "__funnelshift_rc": Intrinsics.funnel_shift,
    "__dp4a": Intrinsics.dot4,
    "__hmin": Intrinsics.half_min_max,
    "__hmax": Intrinsics.half_min_max,
    "__hmin_nan": Intrinsics.half_min_max,
    "__hmax_nan": Intrinsics.half_min_max,
    "__hmin2": Intrinsics.half_min_max,
    "__hmax2": Intrinsics.half_min_max,
    "__hfma": Intrinsics.half_fma,
    "__hfma2": Intrinsics.half_fma,
    "__hneg": Intrinsics.half_unary,
    "__hneg2": Intrinsics.half_unary,
    "__habs": Intrinsics.half_unary,
    "__habs2": Intrinsics.half_unary,
}
for _name in (
    "__float2half2_rn",
    "__floats2half2_rn",
    "__half2half2",
    "__halves2half2",
    "__float22half2_rn",
    "__floats2bfloat162_rn",
    "__float2bfloat162_rn",
    "__bfloat162bfloat162",
    "__halves2bfloat162",
    "__float22bfloat162_rn",
    "make_half2",
    "make_bfloat162",
):
    _HANDLERS[_name] = Intrinsics.pack_halves
for _name in (
    "__low2half",
    "__high2half",
    "__low2float",
    "__high2float",
    "__half22float2",
    "__bfloat1622float2",
    "__low2bfloat16",
    "__high2bfloat16",
    "__low2half2",
    "__high2half2",
    "__low2bfloat162",
    "__high2bfloat162",
    "__lowhigh2highlow",
):
    _HANDLERS[_name] = Intrinsics.unpack_halves
