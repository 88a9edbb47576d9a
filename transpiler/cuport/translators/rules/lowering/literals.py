"""Literals, and the constants that CUDA's and C's headers define."""

from __future__ import annotations

import math

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.declare import text_of

_FLT_MAX = 3.4028234663852886e38
_FLT_MIN = 1.1754943508222875e-38
_DBL_MAX = 1.7976931348623157e308
_DBL_MIN = 2.2250738585072014e-308

CONSTANTS: dict[str, tuple[float | int | bool, str]] = {
    "INFINITY": (math.inf, "float32"),
    "NAN": (math.nan, "float32"),
    "HUGE_VALF": (math.inf, "float32"),
    "HUGE_VAL": (math.inf, "float64"),
    "FLT_MAX": (_FLT_MAX, "float32"),
    "FLT_MIN": (_FLT_MIN, "float32"),
    "FLT_EPSILON": (2.0**-23, "float32"),
    "DBL_MAX": (_DBL_MAX, "float64"),
    "DBL_MIN": (_DBL_MIN, "float64"),
    "DBL_EPSILON": (2.0**-52, "float64"),
    "MAXFLOAT": (_FLT_MAX, "float32"),
    "CUDART_INF_F": (math.inf, "float32"),
    "CUDART_NAN_F": (math.nan, "float32"),
    "CUDART_INF": (math.inf, "float64"),
    "CUDART_NAN": (math.nan, "float64"),
    "CUDART_PI_F": (math.pi, "float32"),
    "CUDART_PI": (math.pi, "float64"),
    "CUDART_2PI_F": (2 * math.pi, "float32"),
    "CUDART_PIO2_F": (math.pi / 2, "float32"),
    "CUDART_MAX_NORMAL_F": (_FLT_MAX, "float32"),
    "CUDART_SQRT_2PI_F": (math.sqrt(2 * math.pi), "float32"),
    "CUDART_SQRT_TWO_F": (math.sqrt(2), "float32"),
    "M_PI": (math.pi, "float64"),
    "M_PI_2": (math.pi / 2, "float64"),
    "M_PI_4": (math.pi / 4, "float64"),
    "M_1_PI": (1 / math.pi, "float64"),
    "M_2_PI": (2 / math.pi, "float64"),
    "M_2_SQRTPI": (2 / math.sqrt(math.pi), "float64"),
    "M_SQRT2": (math.sqrt(2), "float64"),
    "M_SQRT1_2": (math.sqrt(0.5), "float64"),
    "M_E": (math.e, "float64"),
    "M_LN2": (math.log(2), "float64"),
    "M_LN10": (math.log(10), "float64"),
    "M_LOG2E": (1 / math.log(2), "float64"),
    "M_LOG10E": (1 / math.log(10), "float64"),
    "CHAR_BIT": (8, "int32"),
    "CHAR_MIN": (-128, "int32"),
    "CHAR_MAX": (127, "int32"),
    "SCHAR_MIN": (-128, "int32"),
    "SCHAR_MAX": (127, "int32"),
    "UCHAR_MAX": (255, "int32"),
    "SHRT_MIN": (-32768, "int32"),
    "SHRT_MAX": (32767, "int32"),
    "USHRT_MAX": (65535, "int32"),
    "INT_MIN": (-(2**31), "int32"),
    "INT_MAX": (2**31 - 1, "int32"),
    "UINT_MAX": (2**32 - 1, "uint32"),
    "LONG_MIN": (-(2**63), "int64"),
    "LONG_MAX": (2**63 - 1, "int64"),
    "ULONG_MAX": (2**64 - 1, "uint64"),
    "LLONG_MIN": (-(2**63), "int64"),
    "LLONG_MAX": (2**63 - 1, "int64"),
    "ULLONG_MAX": (2**64 - 1, "uint64"),
    "SIZE_MAX": (2**64 - 1, "uint64"),
    "RAND_MAX": (2**31 - 1, "int32"),
    "warpSize": (32, "int32"),
    "NULL": (0, "int64"),
}
for _bits in (8, 16, 32, 64):
    CONSTANTS[f"INT{_bits}_MIN"] = (-(2 ** (_bits - 1)), "int32" if _bits < 64 else "int64")
    CONSTANTS[f"INT{_bits}_MAX"] = (2 ** (_bits - 1) - 1, "int32" if _bits < 64 else "int64")
    CONSTANTS[f"UINT{_bits}_MAX"] = (2**_bits - 1, "int32" if _bits < 32 else f"uint{_bits}")

_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "a": 7, "b": 8, "f": 12, "v": 11, "\\": 92, "'": 39, '"': 34, "e": 27}


def predefined(name: str) -> ir.Const | None:
    """A header's constant by name."""
    found = CONSTANTS.get(name)
    return build.const(found[0], found[1]) if found else None


def number(node: Node) -> ir.Const:
    """A number_literal, typed as [lex.icon] and [lex.fcon] say (long has 64 bits)."""
    text = text_of(node).replace("'", "").lower()
    hexadecimal = text.startswith("0x")
    floating = "p" in text if hexadecimal else ("." in text or ("e" in text and not text.startswith("0b")))
    try:
        if floating or (text.endswith("f") and not hexadecimal):
            dtype = "float32" if text.endswith("f") else "float64"
            digits = text.rstrip("fl")
            return build.const(float.fromhex(digits) if hexadecimal else float(digits), dtype)
        digits = text.rstrip("ulz")
        suffix = text[len(digits) :]
        octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
        value = int(digits, 8) if octal else int(digits, 0)
    except ValueError:
        raise Unsupported("literal", f"the number `{text_of(node)}`", node) from None
    unsigned, long = "u" in suffix, "l" in suffix or "z" in suffix
    choices = ["uint32", "uint64"] if unsigned else ["int32", "int64"]
    if not unsigned and (hexadecimal or octal or digits.startswith("0b")):
        choices = ["int32", "uint32", "int64", "uint64"]
    for dtype in choices:
        if (types.bits(dtype) == 64 or not long) and value <= types.limits(dtype)[1]:
            return ir.Const(dtype, value)
    return build.const(value, "uint64")


def character(node: Node) -> ir.Const:
    """A char_literal."""
    text = text_of(node)[1:-1]
    if text.startswith("\\"):
        code = text[1:]
        if code.startswith("x"):
            return build.const(int(code[1:], 16), "int8")
        if code[:1].isdigit() and code != "0":
            return build.const(int(code, 8), "int8")
        if code in _ESCAPES:
            return build.const(_ESCAPES[code], "int8")
    elif len(text) == 1:
        return build.const(ord(text), "int8")
    raise Unsupported("literal", f"the character {text_of(node)}", node)


def numeric_limit(dtype: str, member: str) -> ir.Const | None:
    """std::numeric_limits<T>::member()."""
    if types.is_float(dtype):
        import ml_dtypes

        info = ml_dtypes.finfo(dtype)
        table = {
            "max": float(info.max),
            "lowest": float(info.min),
            "min": float(info.tiny),
            "epsilon": float(info.eps),
            "infinity": math.inf,
            "quiet_NaN": math.nan,
        }
        return build.const(table[member], dtype) if member in table else None
    low, high = types.limits(dtype)
    integers = {"max": high, "min": low, "lowest": low}
    return build.const(integers[member], dtype) if member in integers else None
