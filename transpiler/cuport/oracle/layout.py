"""Types as the runtime describes them (describe.h) to numpy dtypes, and arguments to `Arg`s and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np

from cuport.case import Arg, Array, PointerArg, ScalarArg, StructArg

_SPECIAL = {"bfloat16": np.dtype(ml_dtypes.bfloat16)}


def dtype_named(name: str) -> np.dtype[Any]:
    return _SPECIAL.get(name) or np.dtype(name)


def element(description: Any) -> tuple[np.dtype[Any], int]:
    """The dtype and lanes of one element of a buffer of this type; arrays are taken apart to their elements."""
    if isinstance(description, str):
        if description in ("void", "unknown", "function", "incomplete"):
            return np.dtype(np.uint8), 1
        if description == "pointer":
            return np.dtype(np.uint64), 1
        return dtype_named(description), 1
    if "dtype" in description:
        return dtype_named(description["dtype"]), int(description["lanes"])
    if "array" in description:
        return element(description["of"])
    return struct_dtype(description), 1


def struct_dtype(description: Any) -> np.dtype[Any]:
    """The dtype of a field or struct: vectors and arrays become sub-arrays, what cannot be seen raw bytes."""
    if isinstance(description, str):
        return element(description)[0]
    if "dtype" in description:
        return np.dtype((dtype_named(description["dtype"]), (int(description["lanes"]),)))
    if "array" in description:
        return np.dtype((struct_dtype(description["of"]), (int(description["array"]),)))
    if "opaque" in description:
        return np.dtype(f"V{int(description['size'])}")
    fields = description["fields"]
    if not fields:
        return np.dtype(f"V{int(description['size'])}")
    return np.dtype(
        {
            "names": [f[0] for f in fields],
            "formats": [struct_dtype(f[2]) for f in fields],
            "offsets": [int(f[1]) for f in fields],
            "itemsize": int(description["size"]),
        }
    )


def array_of(raw: bytes, description: Any) -> Array:
    """A buffer's bytes as an array of its elements; as bytes if they are no whole number of elements."""
    dtype, lanes = element(description)
    if len(raw) % (dtype.itemsize * lanes) != 0:
        dtype, lanes = np.dtype(np.uint8), 1
    array: Array = np.frombuffer(raw, dtype=dtype)
    return array.reshape(-1, lanes) if lanes > 1 else array


def argument(description: Any) -> Arg:
    """An argument as a capture describes it (encode.h)."""
    if "s" in description:
        dtype = dtype_named(description["t"])
        value = np.frombuffer(bytes.fromhex(description["s"]), dtype=dtype)[0]
        return ScalarArg(description["t"], _plain(value, dtype))
    if "p" in description:
        buffer, offset = description["p"]
        kind = description["t"]
        named = isinstance(kind, str) or "dtype" in kind
        if not named:
            return PointerArg(None if buffer < 0 else buffer, offset, "struct")
        dtype, lanes = element(kind)
        return PointerArg(None if buffer < 0 else buffer, offset, dtype.name, lanes)
    if "array" in description:
        return StructArg("array", tuple((str(i), argument(d)) for i, d in enumerate(description["array"])))
    if "opaque" in description:
        return StructArg(description["opaque"], (("opaque", _opaque(description["bytes"])),))
    fields = [(name, argument(d)) for name, d in description["fields"]]
    if "bytes" in description:
        fields.append(("opaque", _opaque(description["bytes"])))
    return StructArg(description["struct"], tuple(fields))


def _plain(value: Any, dtype: np.dtype[Any]) -> int | float | bool:
    if dtype.kind == "b":
        return bool(value)
    return int(value) if dtype.kind in "iu" else float(value)


def _opaque(digits: str) -> StructArg:
    """Bytes that belong together: an object that cannot be taken apart."""
    return StructArg("opaque", tuple((str(i), ScalarArg("uint8", b)) for i, b in enumerate(bytes.fromhex(digits))))


def leaves(arg: Arg) -> Iterator[str]:
    """The lines of a case file (replay.h) for one argument."""
    if isinstance(arg, ScalarArg):
        yield f"arg s {scalar_bytes(arg).hex()}"
    elif isinstance(arg, PointerArg):
        yield f"arg p {-1 if arg.buffer is None else arg.buffer} {arg.offset}"
    elif arg.name == "opaque":
        yield "arg s " + b"".join(scalar_bytes(f) for _, f in arg.fields if isinstance(f, ScalarArg)).hex()
    else:
        for _, field in arg.fields:
            yield from leaves(field)


def scalar_bytes(arg: ScalarArg) -> bytes:
    """The bytes of a scalar in memory. Integers wrap, as a C++ conversion would."""
    dtype = dtype_named(arg.dtype)
    if dtype.kind in "iu":
        return (int(arg.value) % (1 << (8 * dtype.itemsize))).to_bytes(dtype.itemsize, "little")
    with np.errstate(over="ignore"):
        return np.asarray(arg.value).astype(dtype).tobytes()
