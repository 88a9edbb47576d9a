"""What C++ expressions denote while they are lowered: values, places, and roots of pointers.

A *value* is an `ir.Expr` (scalar), an `Agg` (struct or vector), a `Ptr`, an `Items` (array value), or a `Closure`.
A *place* can be assigned: a variable, an aggregate of places, a location in memory, a pointer variable.
A name is bound to either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from cuport.translators.rules import ir
from cuport.translators.rules.lowering.ctype import CType, Opaque, Pointer, Record, Scalar
from cuport.translators.rules.lowering.declare import FunctionDecl

# ---------------------------------------------------------------------- roots


@dataclass(frozen=True)
class FlatRoot:
    """A memory of scalars. `rigid`: one field of an array of structs, whose neighbours in memory are not its own.

    For a rigid root `count` consecutive scalars belong together; a pointer must not leave them.
    """

    memory: str
    dtype: str
    rigid: bool = False
    count: int = 1


@dataclass(frozen=True)
class RecordRoot:
    """An array of structs that is kept as one memory a field; `counts`: elements of the field a struct holds."""

    record: Record
    fields: tuple[Root, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class PlaceRoot:
    """The address of a local variable."""

    place: Place


@dataclass(frozen=True)
class ChoiceRoot:
    """One of several roots, by the value of an int32 variable: a pointer variable that is given different arrays."""

    selector: str
    options: tuple[Root, ...]


Root: TypeAlias = FlatRoot | RecordRoot | PlaceRoot | ChoiceRoot

# --------------------------------------------------------------------- values


@dataclass(frozen=True)
class Agg:
    record: Record
    parts: tuple[Value, ...]


@dataclass(frozen=True)
class Ptr:
    """`offset` (int32) counts units of `unit` bytes from the root's start; `root` None is a null pointer."""

    root: Root | None
    offset: ir.Expr
    unit: int
    pointee: CType


@dataclass(frozen=True)
class Items:
    """An array by value: from an initializer list or a struct's array member."""

    element: CType
    values: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Closure:
    """A lambda with the scopes it sees."""

    decl: FunctionDecl
    scopes: tuple[dict[str, Binding], ...]
    this: Place | None = None


@dataclass(frozen=True)
class FunctionName:
    """A function used as a value (a functor argument)."""

    name: str


@dataclass(frozen=True)
class Group:
    """A cooperative group. kind: block | grid | warp-sized tile; `size` for tiles."""

    kind: str
    size: int = 0


Value: TypeAlias = ir.Expr | Agg | Ptr | Items | Closure | FunctionName | Group

# --------------------------------------------------------------------- places


@dataclass(frozen=True)
class VarPlace:
    name: str
    dtype: str


@dataclass(frozen=True)
class AggPlace:
    record: Record
    parts: tuple[Place, ...]


@dataclass(eq=False)
class PtrPlace:
    """A pointer variable that is assigned: its root is known while lowering, its offset is a variable.

    `key`: the byte where its declarator starts, which names it across lowerings.
    """

    name: str
    key: int
    pointee: CType
    root: Root | None = None
    unit: int = 1
    offset: str | None = None
    null: bool = False


@dataclass(frozen=True)
class MemPlace:
    """What a pointer points to."""

    pointer: Ptr


@dataclass(frozen=True)
class ValuePlace:
    """A value that is read only: a parameter that is never assigned, a constant, a temporary bound to a reference."""

    value: Value


@dataclass(frozen=True)
class CastPlace:
    """A scalar place whose bits are read and written as another dtype of the same size."""

    place: Place
    dtype: str


@dataclass(frozen=True)
class BitsPlace:
    """A scalar over several narrower scalar places, lowest bits first: a uint over the two lanes of a half2."""

    parts: tuple[Place, ...]
    dtype: str


@dataclass(frozen=True)
class FieldPlace:
    """A scalar inside a wider scalar place, `shift` bits from its lowest."""

    place: Place
    shift: int
    dtype: str


@dataclass(frozen=True)
class LanePlace:
    """One of several places of one type, chosen by a value at run time: `((float *)&v)[i]`."""

    index: ir.Expr
    places: tuple[Place, ...]


Place: TypeAlias = (
    VarPlace | AggPlace | PtrPlace | MemPlace | ValuePlace | CastPlace | BitsPlace | FieldPlace | LanePlace
)


@dataclass(frozen=True)
class TypeName:
    """A type bound to a name: a template parameter or a local alias."""

    ctype: CType


@dataclass(frozen=True)
class Pack:
    """A parameter pack."""

    items: tuple[Place | TypeName, ...]


Binding: TypeAlias = Place | TypeName | Pack


@dataclass
class Frame:
    """One function being inlined: its scopes and where `return` goes."""

    name: str
    scopes: list[dict[str, Binding]]
    namespace: str
    label: str  # of the Scope that a return leaves
    returns: CType
    result: Place | None = None  # filled at the first return that needs it
    breaks: list[str] = field(default_factory=list)
    continues: list[str] = field(default_factory=list)
    this: Place | None = None
    record: Record | None = None  # whose methods and members are visible
    reference: bool = False  # whether it returns a reference


def dtype_of(value: Value) -> str | None:
    """The dtype of a scalar value."""
    return None if isinstance(value, Agg | Ptr | Items | Closure | FunctionName | Group) else value.dtype


def type_of(value: Value) -> CType | None:
    """The C++ type of a value, where it has one that can be named."""
    if isinstance(value, Agg):
        return value.record
    if isinstance(value, Ptr):
        return Pointer(value.pointee)
    if isinstance(value, Group):
        return Opaque("thread_block_tile", (value.size,)) if value.kind == "tile" else Opaque(value.kind)
    dtype = dtype_of(value)
    return Scalar(dtype) if dtype else None
