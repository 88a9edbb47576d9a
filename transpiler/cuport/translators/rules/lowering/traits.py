"""The type traits of <type_traits> that kernels branch on."""

from __future__ import annotations

from collections.abc import Sequence

from cuport.translators.rules import types
from cuport.translators.rules.lowering.ctype import CType, Pointer, Scalar

_STANDARD_FLOATS = ("float32", "float64")  # half and bfloat16 are classes


def value_trait(name: str, arguments: Sequence[CType]) -> bool | None:
    """`std::name<arguments>::value`, or None where the name is no trait known here."""
    first = arguments[0] if arguments else None
    dtype = first.dtype if isinstance(first, Scalar) else ""
    match name:
        case "is_same":
            return len(arguments) == 2 and arguments[0] == arguments[1]
        case "is_floating_point":
            return dtype in _STANDARD_FLOATS
        case "is_integral":
            return bool(dtype) and not types.is_float(dtype)
        case "is_arithmetic":
            return bool(dtype) and (not types.is_float(dtype) or dtype in _STANDARD_FLOATS)
        case "is_signed":
            return bool(dtype) and dtype != "bool" and types.is_signed(dtype)
        case "is_unsigned":
            return dtype == "bool" or types.is_unsigned(dtype)
        case "is_pointer":
            return isinstance(first, Pointer)
        case "is_const" | "is_void":
            return False
    return None


def type_trait(name: str, arguments: Sequence[CType]) -> CType | None:
    """`std::name<arguments>::type` of traits that change a type."""
    first = arguments[0] if arguments else None
    if name in (
        "remove_const",
        "remove_cv",
        "remove_reference",
        "remove_cvref",
        "remove_volatile",
        "decay",
        "type_identity",
    ):
        return first
    if name == "remove_pointer":
        return first.pointee if isinstance(first, Pointer) else first
    if name == "add_pointer" and first is not None:
        return Pointer(first)
    if name in ("make_unsigned", "make_signed") and isinstance(first, Scalar):
        return Scalar(types.unsigned(first.dtype) if name == "make_unsigned" else types.signed(first.dtype))
    if name == "common_type" and all(isinstance(a, Scalar) for a in arguments) and isinstance(first, Scalar):
        dtype = first.dtype
        for a in arguments[1:]:
            assert isinstance(a, Scalar)
            dtype = types.common(dtype, a.dtype)
        return Scalar(dtype)
    return None
