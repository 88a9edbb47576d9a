"""C++ types to numpy dtypes: builtin names, vector types, and typedefs followed through scopes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from cuport.cuda.unit import Unit, meanings, plain_name
from cuport.kernel import CType

_NAMED: dict[str, tuple[str, int]] = {
    "half": ("float16", 1),
    "__half": ("float16", 1),
    "_Float16": ("float16", 1),
    "half2": ("float16", 2),
    "__half2": ("float16", 2),
    "__nv_bfloat16": ("bfloat16", 1),
    "nv_bfloat16": ("bfloat16", 1),
    "__nv_bfloat162": ("bfloat16", 2),
    "nv_bfloat162": ("bfloat16", 2),
    "size_t": ("uint64", 1),
    "ssize_t": ("int64", 1),
    "ptrdiff_t": ("int64", 1),
    "intptr_t": ("int64", 1),
    "uintptr_t": ("uint64", 1),
    "uint": ("uint32", 1),
    "ushort": ("uint16", 1),
    "ulong": ("uint64", 1),
    "u_char": ("uint8", 1),
    "u_int": ("uint32", 1),
    "clock_t": ("int64", 1),
    "time_t": ("int64", 1),
    "byte": ("uint8", 1),
    "wchar_t": ("int32", 1),
    "char8_t": ("uint8", 1),
    "char16_t": ("uint16", 1),
    "char32_t": ("uint32", 1),
    "dim3": ("uint32", 3),
    "cuComplex": ("float32", 2),
    "cuFloatComplex": ("float32", 2),
    "cuDoubleComplex": ("float64", 2),
    "cufftReal": ("float32", 1),
    "cufftDoubleReal": ("float64", 1),
    "cufftComplex": ("float32", 2),
    "cufftDoubleComplex": ("float64", 2),
}
_LANE_TYPES = {
    "char": "int8",
    "uchar": "uint8",
    "short": "int16",
    "ushort": "uint16",
    "int": "int32",
    "uint": "uint32",
    "long": "int64",
    "ulong": "uint64",
    "longlong": "int64",
    "ulonglong": "uint64",
    "float": "float32",
    "double": "float64",
}
_VECTOR = re.compile(rf"({'|'.join(_LANE_TYPES)})([1-4])")
_FIXED = re.compile(r"(?:__)?(u?)int(?:_fast|_least)?(8|16|32|64)(?:_t)?")
_BIG = re.compile(r"(u?)intmax_t")
# Declarators that hold theirs without a field name.
_UNNAMED_INNER = {
    "parenthesized_declarator",
    "abstract_parenthesized_declarator",
    "reference_declarator",
    "abstract_reference_declarator",
    "variadic_declarator",
}
_WORDS = {"unsigned", "signed", "short", "long", "int", "char", "float", "double", "bool", "__int64", "_Bool"}


def builtin(name: str) -> tuple[str, int] | None:
    """(dtype, lanes) of a type name that C++ or CUDA defines; None for any other.

    `long double` and `__int128` have no numpy dtype that ports can use, so they are None as well.
    """
    name = name.removeprefix("::").removeprefix("std::")
    words = name.split()
    if words and all(w in _WORDS for w in words):
        return _from_words(words)
    if name in _NAMED:
        return _NAMED[name]
    if match := _VECTOR.fullmatch(name):
        return _LANE_TYPES[match[1]], int(match[2])
    if match := _FIXED.fullmatch(name):
        return f"{match[1]}int{match[2]}", 1
    if match := _BIG.fullmatch(name):
        return f"{match[1]}int64", 1
    return None


def _from_words(words: list[str]) -> tuple[str, int] | None:
    u = "u" if "unsigned" in words else ""
    longs = words.count("long")
    if "double" in words:
        return None if longs else ("float64", 1)
    if "float" in words:
        return ("float32", 1)
    if "bool" in words or "_Bool" in words:
        return ("bool", 1)
    if "char" in words:
        return (f"{u}int8", 1)
    if "short" in words:
        return (f"{u}int16", 1)
    if longs or "__int64" in words:
        return (f"{u}int64", 1)
    return (f"{u}int32", 1)


@dataclass
class Types:
    """What names mean in one text. Keys are qualified names; values of `aliases` are fully resolved."""

    unit: Unit
    aliases: dict[str, CType] = field(default_factory=dict)
    structs: dict[str, str] = field(default_factory=dict)  # qualified -> plain name

    def lookup(self, name: str, scope: tuple[str, ...]) -> CType | None:
        """An alias, struct or builtin named `name` as seen from `scope`; the innermost wins."""
        plain = plain_name(name).removeprefix("::")
        for qualified in meanings(name, scope):
            if qualified in self.aliases and "<" not in name:
                return self.aliases[qualified]
            if qualified in self.structs:
                return CType(" ".join(name.split()), None, struct=qualified)
        if found := builtin(plain):
            return CType(plain.removeprefix("std::"), found[0], found[1])
        # `using namespace`, or a name of another scope that is brought in some way we do not model
        tail = "::" + plain
        candidates = {q for q in (*self.aliases, *self.structs) if q.endswith(tail)}
        if len(candidates) == 1:
            qualified = candidates.pop()
            return self.aliases.get(qualified) or CType(" ".join(name.split()), None, struct=qualified)
        return None

    def base(self, node: Node | None, scope: tuple[str, ...], hidden: frozenset[str] = frozenset()) -> CType:
        """The type a type node names, without qualifiers. `hidden`: template parameters, which hide other names."""
        if node is None:
            return CType("int", "int32")
        if node.type in ("struct_specifier", "class_specifier", "union_specifier", "enum_specifier"):
            inner = node.child_by_field_name("name")
            if inner is None:
                if node.type == "enum_specifier":
                    return self._enum(node)
                return CType(f"<unnamed {node.type.split('_')[0]}>", None)
            if node.type == "enum_specifier" and node.child_by_field_name("body") is not None:
                return self._enum(node)
            return self.base(inner, scope, hidden)
        text = " ".join(w for w in self.unit.flat(node).split() if w not in ("const", "volatile", "typename"))
        if text in hidden:
            return CType(text, None)
        if node.type in ("primitive_type", "sized_type_specifier") and (found := builtin(text)):
            return CType(text, found[0], found[1])
        return self.lookup(text, scope) or CType(text, None)

    def _enum(self, node: Node) -> CType:
        underlying = node.child_by_field_name("base")
        ctype = self.base(underlying, self.unit.scope(node)) if underlying is not None else CType("int", "int32")
        name = node.child_by_field_name("name")
        return replace(ctype, name=self.unit.text_of(name) if name is not None else ctype.name)

    def declared(
        self,
        declaration: Node,
        declarator: Node | None,
        scope: tuple[str, ...],
        hidden: frozenset[str] = frozenset(),
        *,
        decays: bool = False,
    ) -> tuple[str, CType]:
        """Name and type that a declaration gives to one of its declarators. `decays`: arrays become pointers."""
        ctype = self.base(declaration.child_by_field_name("type"), scope, hidden)
        words = {self.unit.text_of(c) for c in declaration.children if c.type == "type_qualifier"}
        words |= set(self.unit.flat(declaration.child_by_field_name("type")).split()) & {"const", "volatile"}
        const = bool(words & {"const", "constexpr"}) if ctype.pointer == 0 else False
        ctype = replace(ctype, const=ctype.const or const, volatile=ctype.volatile or "volatile" in words)
        return self._apply(ctype, declarator, decays)

    def _apply(self, ctype: CType, declarator: Node | None, decays: bool) -> tuple[str, CType]:
        name = ""
        pointers = ctype.pointer
        extents: list[str] = []
        array = bool(ctype.extents)  # whether what the name itself stands for is an array
        node = declarator
        while node is not None:
            inner = node.child_by_field_name("declarator")
            if node.type in ("pointer_declarator", "abstract_pointer_declarator"):
                pointers += 1
                array = False
            elif node.type in ("array_declarator", "abstract_array_declarator"):
                extents.insert(0, self.unit.flat(node.child_by_field_name("size")))
                array = True
            elif node.type in ("function_declarator", "abstract_function_declarator"):
                inner_name, _ = self._apply(CType("", None), inner, decays=False)
                return inner_name, CType(f"{ctype.name} (*)()", None)
            elif node.type in ("identifier", "field_identifier", "type_identifier"):
                name = self.unit.text_of(node)
                break
            elif inner is None and node.type not in _UNNAMED_INNER:
                break
            node = inner if inner is not None else (node.named_children[-1] if node.named_children else None)
        extents += ctype.extents
        if decays and array:
            pointers += 1
            extents = extents[1:]
        return name, replace(ctype, pointer=pointers, extents=tuple(extents))
