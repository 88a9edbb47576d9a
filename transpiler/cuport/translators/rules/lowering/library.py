"""CUDA's arithmetic functions by name: which IR function they are and in what type they compute.

Sources: CUDA Math API reference (single, double, half, bfloat16, integer, type casting), CUDA C++ Programming Guide
(mathematical functions). Names with a rounding mode other than to nearest are absent: they have no counterpart.
"""

from __future__ import annotations

UNARY = """
    exp exp2 exp10 expm1 log log2 log10 log1p sqrt rsqrt cbrt rcbrt sin cos tan asin acos atan sinh cosh tanh asinh
    acosh atanh sinpi cospi erf erfc erfinv lgamma tgamma normcdf fabs floor ceil trunc round rint
""".split()
BINARY = ["pow", "atan2", "hypot", "fmod", "remainder", "copysign", "fmin", "fmax", "fdim", "nextafter"]

# name -> (function, number of arguments, dtype); dtype "" follows the arguments as <cmath>'s overloads do
FLOATING: dict[str, tuple[str, int, str]] = {}
for _name in UNARY:
    FLOATING[_name] = (_name, 1, "")
    FLOATING[f"{_name}f"] = (_name, 1, "float32")
for _name in BINARY:
    FLOATING[_name] = (_name, 2, "")
    FLOATING[f"{_name}f"] = (_name, 2, "float32")
FLOATING |= {
    "fma": ("fma", 3, ""),
    "fmaf": ("fma", 3, "float32"),
    "nearbyint": ("rint", 1, ""),
    "nearbyintf": ("rint", 1, "float32"),
    "__expf": ("exp", 1, "float32"),
    "__exp10f": ("exp10", 1, "float32"),
    "__logf": ("log", 1, "float32"),
    "__log2f": ("log2", 1, "float32"),
    "__log10f": ("log10", 1, "float32"),
    "__sinf": ("sin", 1, "float32"),
    "__cosf": ("cos", 1, "float32"),
    "__tanf": ("tan", 1, "float32"),
    "__tanhf": ("tanh", 1, "float32"),
    "__powf": ("pow", 2, "float32"),
    "__fsqrt_rn": ("sqrt", 1, "float32"),
    "__dsqrt_rn": ("sqrt", 1, "float64"),
    "__frsqrt_rn": ("rsqrt", 1, "float32"),
    "__frcp_rn": ("rcp", 1, "float32"),
    "__drcp_rn": ("rcp", 1, "float64"),
    "__fmaf_rn": ("fma", 3, "float32"),
    "__fmaf_ieee_rn": ("fma", 3, "float32"),
    "__fma_rn": ("fma", 3, "float64"),
}
for _suffix, _dtype in (("", "float16"), ("2", "float16")):
    for _name in (
        "exp",
        "exp2",
        "exp10",
        "log",
        "log2",
        "log10",
        "sqrt",
        "rsqrt",
        "rcp",
        "sin",
        "cos",
        "floor",
        "ceil",
    ):
        FLOATING[f"h{_suffix}{_name}"] = (_name, 1, "half" + _suffix)
    for _name in ("trunc", "rint", "tanh"):
        FLOATING[f"h{_suffix}{_name}"] = (_name, 1, "half" + _suffix)

# + - * / under other names; half forms keep the type of their arguments
ARITHMETIC = {
    "__fadd_rn": ("+", "float32"),
    "__fsub_rn": ("-", "float32"),
    "__fmul_rn": ("*", "float32"),
    "__fdiv_rn": ("/", "float32"),
    "__fdividef": ("/", "float32"),
    "fdividef": ("/", "float32"),
    "__dadd_rn": ("+", "float64"),
    "__dsub_rn": ("-", "float64"),
    "__dmul_rn": ("*", "float64"),
    "__ddiv_rn": ("/", "float64"),
}
for _operator, _name in (("+", "add"), ("-", "sub"), ("*", "mul"), ("/", "div")):
    for _form in (f"__h{_name}", f"__h{_name}_rn"):
        ARITHMETIC[_form] = (_operator, "")
    for _form in (f"__h{_name}2", f"__h{_name}2_rn"):
        ARITHMETIC[_form] = (_operator, "")
ARITHMETIC["__h2div"] = ("/", "")
COMPARISONS = {
    f"__h{name}": operator
    for name, operator in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="))
}

# conversions: name -> (from, to); rounding to nearest even into floats, toward zero into integers
CASTS: dict[str, tuple[str, str]] = {
    "__half2float": ("float16", "float32"),
    "__float2half": ("float32", "float16"),
    "__float2half_rn": ("float32", "float16"),
    "__double2half": ("float64", "float16"),
    "__bfloat162float": ("bfloat16", "float32"),
    "__float2bfloat16": ("float32", "bfloat16"),
    "__float2bfloat16_rn": ("float32", "bfloat16"),
    "__double2bfloat16": ("float64", "bfloat16"),
    "__double2float_rn": ("float64", "float32"),
    "__int2float_rn": ("int32", "float32"),
    "__uint2float_rn": ("uint32", "float32"),
    "__ll2float_rn": ("int64", "float32"),
    "__ull2float_rn": ("uint64", "float32"),
    "__int2double_rn": ("int32", "float64"),
    "__uint2double_rn": ("uint32", "float64"),
    "__ll2double_rn": ("int64", "float64"),
    "__ull2double_rn": ("uint64", "float64"),
    "__int2half_rn": ("int32", "float16"),
    "__uint2half_rn": ("uint32", "float16"),
    "__short2half_rn": ("int16", "float16"),
    "__ushort2half_rn": ("uint16", "float16"),
    "__int2bfloat16_rn": ("int32", "bfloat16"),
}
# float to integer with the rounding applied first: (from, rounding function, to)
ROUNDED: dict[str, tuple[str, str, str]] = {}
_SOURCES = (("float", "float32"), ("double", "float64"), ("half", "float16"), ("bfloat16", "bfloat16"))
_RESULTS = (("int", "int32"), ("uint", "uint32"), ("ll", "int64"), ("ull", "uint64"), ("short", "int16"))
_MODES = (("rn", "rint"), ("rz", ""), ("rd", "floor"), ("ru", "ceil"))
for _source, _from in _SOURCES:
    for _result, _to in _RESULTS:
        for _mode, _function in _MODES:
            ROUNDED[f"__{_source}2{_result}_{_mode}"] = (_from, _function, _to)
for _name, _to in (("lrint", "int64"), ("llrint", "int64")):
    ROUNDED[f"{_name}f"] = ("float32", "rint", _to)
    ROUNDED[_name] = ("float64", "rint", _to)
for _name, _to in (("lround", "int64"), ("llround", "int64")):
    ROUNDED[f"{_name}f"] = ("float32", "round", _to)
    ROUNDED[_name] = ("float64", "round", _to)

# <cstdint>'s macros for literals
LITERALS = {f"{u}INT{n}_C": f"{u.lower()}int{max(n, 32)}" for u in ("", "U") for n in (8, 16, 32, 64)}

BITCASTS: dict[str, tuple[str, str]] = {
    "__float_as_int": ("float32", "int32"),
    "__float_as_uint": ("float32", "uint32"),
    "__int_as_float": ("int32", "float32"),
    "__uint_as_float": ("uint32", "float32"),
    "__double_as_longlong": ("float64", "int64"),
    "__longlong_as_double": ("int64", "float64"),
    "__half_as_short": ("float16", "int16"),
    "__half_as_ushort": ("float16", "uint16"),
    "__short_as_half": ("int16", "float16"),
    "__ushort_as_half": ("uint16", "float16"),
    "__bfloat16_as_short": ("bfloat16", "int16"),
    "__bfloat16_as_ushort": ("bfloat16", "uint16"),
    "__short_as_bfloat16": ("int16", "bfloat16"),
    "__ushort_as_bfloat16": ("uint16", "bfloat16"),
}

# name -> (function, argument dtype)
INTEGER: dict[str, tuple[str, str]] = {
    "__popc": ("popc", "uint32"),
    "__popcll": ("popc", "uint64"),
    "__clz": ("clz", "int32"),
    "__clzll": ("clz", "int64"),
    "__ffs": ("ffs", "int32"),
    "__ffsll": ("ffs", "int64"),
    "__brev": ("brev", "uint32"),
    "__brevll": ("brev", "uint64"),
    "__mulhi": ("mulhi", "int32"),
    "__umulhi": ("mulhi", "uint32"),
    "__mul64hi": ("mulhi", "int64"),
    "__umul64hi": ("mulhi", "uint64"),
}
TESTS = {
    "isnan": "isnan",
    "isinf": "isinf",
    "isfinite": "isfinite",
    "signbit": "signbit",
    "__isnanf": "isnan",
    "__isinff": "isinf",
    "__finitef": "isfinite",
    "__hisnan": "isnan",
    "__isnan": "isnan",
    "__isinf": "isinf",
    "finite": "isfinite",
    "isnanf": "isnan",
    "isinff": "isinf",
    "__signbitf": "signbit",
    "__signbit": "signbit",
}
IGNORED = {
    "__builtin_assume",
    "__nanosleep",
    "__prof_trigger",
    "__builtin_unreachable",
    "__assume",
    "__builtin_prefetch",
    "cudaGridDependencySynchronize",
}
OUTPUT = {"printf", "assert", "__assert_fail", "__trap", "fprintf", "puts"}
