"""References and cases as bytes and back: a JSON head, then raw arrays. No pickle: a stored file runs nothing.

Layout: `cuport1\\n`, 8-byte little-endian head length, JSON head, then each array's bytes, every one 64-byte aligned.
A dataclass becomes `{"@": class name, field: value, ...}`, an array `{"@": "array", dtype, shape, at}`.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from cuport.case import Bound, Buffer, Case, PointerArg, Reference, ScalarArg, StructArg

_MAGIC = b"cuport1\n"
_ALIGN = 64
_CLASSES: dict[str, type] = {c.__name__: c for c in (Bound, Buffer, Case, PointerArg, Reference, ScalarArg, StructArg)}


class CodecError(ValueError):
    """The bytes are not what `encode` wrote."""


def encode(value: Any) -> bytes:
    """Encode nested tuples of core dataclasses, arrays and plain values."""
    arrays: list[bytes] = []
    head = json.dumps(_plain(value, arrays, [0])).encode()
    body = bytearray(_MAGIC + len(head).to_bytes(8, "little") + head)
    start = _round_up(len(body))
    body.extend(bytes(start - len(body)))
    for raw in arrays:
        body.extend(raw)
        body.extend(bytes(_round_up(len(body)) - len(body)))
    return bytes(body)


def decode(data: bytes) -> Any:
    """Inverse of `encode`; lists come back as tuples. Raises CodecError."""
    try:
        if data[: len(_MAGIC)] != _MAGIC:
            raise CodecError("not a cuport record")
        at = len(_MAGIC) + 8
        size = int.from_bytes(data[len(_MAGIC) : at], "little")
        return _value(json.loads(data[at : at + size]), data, _round_up(at + size))
    except CodecError:
        raise
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise CodecError(str(error)) from error


def dtype_text(dtype: np.dtype[Any]) -> Any:
    """A dtype as JSON: a name (`float32`, `bfloat16`), or fields with offsets and the item size for structs."""
    if dtype.names is None:
        if dtype.subdtype is not None:
            base, shape = dtype.subdtype
            return {"base": dtype_text(base), "shape": list(shape)}
        return dtype.name
    assert dtype.fields is not None
    return {
        "names": list(dtype.names),
        "formats": [dtype_text(dtype.fields[n][0]) for n in dtype.names],
        "offsets": [dtype.fields[n][1] for n in dtype.names],
        "itemsize": dtype.itemsize,
    }


def dtype_of(text: Any) -> np.dtype[Any]:
    """Inverse of `dtype_text`."""
    if isinstance(text, str):
        return np.dtype(text)
    if "base" in text:
        sub: Any = (dtype_of(text["base"]), tuple(text["shape"]))
        packed: np.dtype[Any] = np.dtype(sub)
        return packed
    layout: Any = {**text, "formats": [dtype_of(f) for f in text["formats"]]}
    record: np.dtype[Any] = np.dtype(layout)
    return record


def _round_up(n: int) -> int:
    return -(-n // _ALIGN) * _ALIGN


def _plain(value: Any, arrays: list[bytes], at: list[int]) -> Any:
    if isinstance(value, np.ndarray):
        raw = np.ascontiguousarray(value).tobytes()
        head = {"@": "array", "dtype": dtype_text(value.dtype), "shape": list(value.shape), "at": at[0]}
        arrays.append(raw)
        at[0] += _round_up(len(raw))
        return head
    if is_dataclass(value) and not isinstance(value, type):
        name = type(value).__name__
        if name not in _CLASSES:
            raise TypeError(f"{name} is not stored")
        return {"@": name} | {f.name: _plain(getattr(value, f.name), arrays, at) for f in fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(v, arrays, at) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{type(value).__name__} is not stored")


def _value(head: Any, data: bytes, base: int) -> Any:
    if isinstance(head, list):
        return tuple(_value(v, data, base) for v in head)
    if not isinstance(head, dict):
        return head
    if head["@"] == "array":
        dtype, shape = dtype_of(head["dtype"]), tuple(head["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(data, dtype=dtype, count=count, offset=base + head["at"]) if count else np.zeros(0, dtype)
        return array.reshape(shape)  # frombuffer over bytes: read-only, as Case promises
    return _CLASSES[head["@"]](**{k: _value(v, data, base) for k, v in head.items() if k != "@"})
