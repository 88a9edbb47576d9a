"""C++ types as the lowering sees them; sizes and alignments of the CUDA C++ Programming Guide (built-in types)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from cuport.translators.rules import types

if TYPE_CHECKING:
    from cuport.translators.rules.lowering.declare import StructDecl


@dataclass(frozen=True)
class Scalar:
    """An arithmetic type. Enumerations are their underlying type."""

    dtype: str


@dataclass(frozen=True)
class Record:
    """A struct instance or a vector type. Vectors are records of x, y, z, w whose memory is one flat array."""

    name: str
    fields: tuple[tuple[str, CType], ...]
    vector: bool = False
    align: int = 0  # 0: the largest of the fields'
    decl: StructDecl | None = field(default=None, compare=False, repr=False)
    template_args: tuple[tuple[str, CType | int], ...] = field(default=(), compare=False)

    def position(self, name: str) -> int | None:
        for i, (field_name, _) in enumerate(self.fields):
            if field_name == name:
                return i
        return None

    @property
    def lane(self) -> str:
        """The dtype of a vector's lanes."""
        first = self.fields[0][1]
        assert self.vector and isinstance(first, Scalar)
        return first.dtype


@dataclass(frozen=True)
class Pointer:
    pointee: CType


@dataclass(frozen=True)
class ArrayType:
    """`extent` None: `T x[]` of extern shared memory or a parameter."""

    element: CType
    extent: int | None


@dataclass(frozen=True)
class Void:
    pass


@dataclass(frozen=True)
class Auto:
    """To be taken from the initializer."""


@dataclass(frozen=True)
class Opaque:
    """A library type that is handled by its name (`cooperative_groups::thread_block`, a lambda's type)."""

    name: str
    args: tuple[CType | int, ...] = ()


CType: TypeAlias = Scalar | Record | Pointer | ArrayType | Void | Auto | Opaque

_NAMES = {
    "bool": "bool",
    "char": "int8",
    "signed char": "int8",
    "unsigned char": "uint8",
    "short": "int16",
    "unsigned short": "uint16",
    "int": "int32",
    "unsigned int": "uint32",
    "long": "int64",
    "unsigned long": "uint64",
    "long long": "int64",
    "unsigned long long": "uint64",
    "float": "float32",
    "double": "float64",
    "int8_t": "int8",
    "uint8_t": "uint8",
    "int16_t": "int16",
    "uint16_t": "uint16",
    "int32_t": "int32",
    "uint32_t": "uint32",
    "int64_t": "int64",
    "uint64_t": "uint64",
    "int_fast32_t": "int64",
    "uint_fast32_t": "uint64",
    "size_t": "uint64",
    "ssize_t": "int64",
    "ptrdiff_t": "int64",
    "intptr_t": "int64",
    "uintptr_t": "uint64",
    "uint": "uint32",
    "uchar": "uint8",
    "ushort": "uint16",
    "ulong": "uint64",
    "u_char": "uint8",
    "u_int": "uint32",
    "half": "float16",
    "__half": "float16",
    "nv_half": "float16",
    "_Float16": "float16",
    "__nv_bfloat16": "bfloat16",
    "nv_bfloat16": "bfloat16",
    "cudaTextureObject_t": "uint64",
}
_VECTORS = {
    "char": ("int8", 1),
    "uchar": ("uint8", 1),
    "short": ("int16", 2),
    "ushort": ("uint16", 2),
    "int": ("int32", 4),
    "uint": ("uint32", 4),
    "long": ("int64", 8),
    "ulong": ("uint64", 8),
    "longlong": ("int64", 8),
    "ulonglong": ("uint64", 8),
    "float": ("float32", 4),
    "double": ("float64", 8),
}
LANES = ("x", "y", "z", "w")


def vector(dtype: str, lanes: int, name: str = "") -> Record:
    """The vector type of these lanes; float2 and float4 are aligned to their size (at most 16), float3 to its lane."""
    size = types.size(dtype)
    align = size if lanes in (1, 3) else min(size * lanes, 16)
    fields = tuple((LANES[i], Scalar(dtype)) for i in range(lanes))
    return Record(name or f"{dtype}x{lanes}", fields, True, align)


def _builtin_types() -> dict[str, CType]:
    table: dict[str, CType] = {name: Scalar(dtype) for name, dtype in _NAMES.items()}
    for base, (dtype, _) in _VECTORS.items():
        for lanes in (1, 2, 3, 4):
            table[f"{base}{lanes}"] = vector(dtype, lanes, f"{base}{lanes}")
    table["dim3"] = vector("uint32", 3, "dim3")
    for name in ("half2", "__half2"):
        table[name] = vector("float16", 2, "half2")
    for name in ("__nv_bfloat162", "nv_bfloat162"):
        table[name] = vector("bfloat16", 2, "__nv_bfloat162")
    table["void"] = Void()
    return table


BUILTIN_TYPES = _builtin_types()


def named(name: str) -> CType | None:
    """A built-in type by its normalised name (`unsigned int`), without namespaces `std` and `cuda::std`."""
    return BUILTIN_TYPES.get(name)


def size_of(t: CType) -> int:
    """sizeof in bytes; pointers 8. KeyError-free: Void is 1, as in GNU C pointer arithmetic."""
    match t:
        case Scalar():
            return types.size(t.dtype)
        case Pointer():
            return 8
        case ArrayType():
            return size_of(t.element) * (t.extent or 0)
        case Record():
            if t.vector:
                return sum(size_of(f) for _, f in t.fields)
            offset = 0
            for _, f in t.fields:
                offset = -(-offset // align_of(f)) * align_of(f) + size_of(f)
            a = align_of(t)
            return max(-(-offset // a) * a, 1)
        case _:
            return 1


def align_of(t: CType) -> int:
    match t:
        case ArrayType():
            return align_of(t.element)
        case Record():
            return max([t.align, *(align_of(f) for _, f in t.fields)]) if not t.vector else t.align
        case _:
            return size_of(t)


def show(t: CType) -> str:
    """For messages."""
    match t:
        case Scalar():
            return t.dtype
        case Record():
            return t.name
        case Pointer():
            return f"{show(t.pointee)} *"
        case ArrayType():
            return f"{show(t.element)}[{'' if t.extent is None else t.extent}]"
        case Opaque():
            return t.name
        case Void():
            return "void"
        case Auto():
            return "auto"
