"""The functions a `Call` can name, with their result type rule.

Rule "same": the common dtype of the arguments is the result's. All functions are pure. Where a name exists in IEEE 754
or C it means the same: `fmin`/`fmax` ignore a NaN beside a number, `fma` rounds once, `round` goes half away from zero,
`rint` half to even, `pow`, `atan2`, `hypot` have C's special values. The fast-math intrinsics (`__expf`) are lowered to
the accurate functions.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FunctionOp:
    """`kind`: float | int | any says which arguments it takes; `result`: "same" or a dtype."""

    arity: int
    kind: str = "float"
    result: str = "same"
    doc: str = ""


_UNARY_FLOAT = """
    exp exp2 exp10 expm1 log log2 log10 log1p sqrt rsqrt cbrt rcbrt rcp sin cos tan asin acos atan sinh cosh tanh asinh
    acosh atanh sinpi cospi erf erfc erfinv lgamma tgamma normcdf fabs floor ceil trunc round rint
"""

FUNCTIONS: dict[str, FunctionOp] = {name: FunctionOp(1) for name in _UNARY_FLOAT.split()}
FUNCTIONS |= {
    # float, two and three arguments
    "pow": FunctionOp(2),
    "atan2": FunctionOp(2),
    "hypot": FunctionOp(2),
    "fmod": FunctionOp(2, doc="truncated remainder, sign of the dividend"),
    "remainder": FunctionOp(2, doc="IEEE remainder"),
    "copysign": FunctionOp(2),
    "fmin": FunctionOp(2, doc="a NaN beside a number gives the number"),
    "fmax": FunctionOp(2, doc="a NaN beside a number gives the number"),
    "fmin_nan": FunctionOp(2, doc="a NaN gives NaN (__hmin_nan)"),
    "fmax_nan": FunctionOp(2, doc="a NaN gives NaN (__hmax_nan)"),
    "fdim": FunctionOp(2),
    "nextafter": FunctionOp(2),
    "ldexp": FunctionOp(2, doc="second argument int32"),
    "powi": FunctionOp(2, doc="integer exponent, int32"),
    "fma": FunctionOp(3),
    # classification
    "isnan": FunctionOp(1, result="bool"),
    "isinf": FunctionOp(1, result="bool"),
    "isfinite": FunctionOp(1, result="bool"),
    "signbit": FunctionOp(1, result="bool"),
    # integer
    "min": FunctionOp(2, "int"),
    "max": FunctionOp(2, "int"),
    "abs": FunctionOp(1, "int", doc="abs of the least value wraps to itself"),
    "mulhi": FunctionOp(2, "int", doc="high half of the full product; 32 and 64 bits, signed and unsigned"),
    "popc": FunctionOp(1, "int", "int32"),
    "clz": FunctionOp(1, "int", "int32", doc="bits for 0"),
    "ffs": FunctionOp(1, "int", "int32", doc="1 + index of the lowest set bit; 0 for 0"),
    "brev": FunctionOp(1, "int"),
    "rotl": FunctionOp(2, "int", doc="rotate left, count modulo bits"),
    # conversions with a rounding other than Cast's
    "float_as_rn_int": FunctionOp(1, result="int32", doc="half to even, saturating, NaN gives 0"),
    "float_as_rn_int64": FunctionOp(1, result="int64", doc="half to even, saturating, NaN gives 0"),
}
