"""Pointers while lowering: arithmetic, casts, and scalars in memory, whatever type the memory has and is seen as."""

from __future__ import annotations

import math
from dataclasses import replace

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.typenames import Types
from cuport.translators.rules.lowering.values import ChoiceRoot, FlatRoot, Ptr, RecordRoot, Root

ZERO = build.const(0)


def times(e: ir.Expr, k: int) -> ir.Expr:
    return build.binary("mul", e, build.const(k)) if k != 1 else e


def exact_quotient(e: ir.Expr, q: int) -> ir.Expr | None:
    """`e / q` if it can be seen that `q` divides `e`."""
    if q == 1:
        return e
    if isinstance(e, ir.Const):
        return build.const(int(e.value) // q) if int(e.value) % q == 0 else None
    if isinstance(e, ir.Binary):
        if e.op in ("add", "sub"):
            a, b = exact_quotient(e.a, q), exact_quotient(e.b, q)
            return build.binary(e.op, a, b) if a is not None and b is not None else None
        if e.op == "mul":
            a = exact_quotient(e.a, q)
            if a is not None:
                return build.binary("mul", a, e.b)
            b = exact_quotient(e.b, q)
            return build.binary("mul", e.a, b) if b is not None else None
        if e.op == "shl" and isinstance(e.b, ir.Const) and (1 << int(e.b.value)) % q == 0:
            return times(e.a, (1 << int(e.b.value)) // q)
    return None


class Pointers(Types):
    """The memory half of places."""

    def advance(self, p: Ptr, k: ir.Expr, scale: int | None = None) -> Ptr:
        """`p + k`, `k` counting objects of `scale` bytes (the pointee's size unless given)."""
        k = build.narrow(k)
        if build.is_const(k, 0):
            return p
        scale = ctype.size_of(p.pointee) if scale is None else scale
        if isinstance(p.root, FlatRoot) and p.root.rigid and p.root.count == 1:
            raise Unsupported("pointer-into-struct", "pointer arithmetic from one member of a struct to its neighbours")
        if isinstance(p.root, RecordRoot) and scale % p.unit:
            raise Unsupported("pointer-into-struct", "an array of structs is used as an array of something else")
        if build.is_const(p.offset, 0) and not isinstance(p.root, RecordRoot):
            return replace(p, offset=k, unit=scale)
        unit = math.gcd(p.unit, scale)
        offset = build.binary("add", times(p.offset, p.unit // unit), times(k, scale // unit))
        return replace(p, offset=offset, unit=unit)

    def element_index(self, p: Ptr, size: int) -> ir.Expr:
        """The pointer's position in elements of `size` bytes; it is aligned to them."""
        if p.unit % size == 0:
            return times(p.offset, p.unit // size)
        q = size // p.unit
        exact = exact_quotient(p.offset, q)
        if exact is not None:
            return exact
        return build.binary("shr", p.offset, build.const(q.bit_length() - 1))

    def difference(self, a: Ptr, b: Ptr, node: Node) -> ir.Expr:
        """`a - b` as ptrdiff_t."""
        shared = {*self.root_options(a)} & {*self.root_options(b)}
        if not shared:
            raise Unsupported("pointer-difference", "the difference of pointers into different arrays", node)
        unit = math.gcd(a.unit, b.unit)
        size = ctype.size_of(a.pointee)
        distance = build.binary("sub", times(a.offset, a.unit // unit), times(b.offset, b.unit // unit))
        if size != unit:
            quotient = exact_quotient(distance, size // unit)
            distance = quotient if quotient is not None else build.binary("div", distance, build.const(size // unit))
        return build.cast(distance, "int64")

    def root_options(self, p: Ptr) -> tuple[Root, ...]:
        """The arrays that a pointer may point into."""
        if isinstance(p.root, ChoiceRoot):
            return p.root.options
        return () if p.root is None else (p.root,)

    # ------------------------------------------------------------ flat memories

    def _viewed(self, root: FlatRoot, dtype: str) -> None:
        self.views.setdefault(root.memory, set()).add(dtype)

    def load_flat(self, root: FlatRoot, p: Ptr, dtype: str) -> ir.Expr:
        """A scalar of `dtype` at `p`."""
        self._viewed(root, dtype)
        have, want = types.size(root.dtype), types.size(dtype)
        index = self.element_index(p, max(have, want))
        if have == want:
            return reinterpret(ir.Load(root.memory, index, root.dtype), dtype)
        if have < want:
            parts = [
                ir.Load(root.memory, build.binary("add", times(index, want // have), build.const(k)), root.dtype)
                for k in range(want // have)
            ]
            return self.join(list(parts), dtype)
        fine = self.element_index(p, want)
        q = have // want
        exact = exact_quotient(fine, q)
        index = exact if exact is not None else build.binary("shr", fine, build.const(q.bit_length() - 1))
        word = ir.Load(root.memory, index, root.dtype)
        low = ZERO if exact is not None else build.binary("and", fine, build.const(q - 1))
        return self.extract(word, times(low, 8 * want), dtype)

    def store_flat(self, root: FlatRoot, p: Ptr, value: ir.Expr, node: Node | None) -> None:
        """Store a scalar in its own dtype at `p`."""
        dtype = value.dtype
        self._viewed(root, dtype)
        have, want = types.size(root.dtype), types.size(dtype)
        if have > want:
            raise Unsupported(
                "narrow-store",
                f"a {dtype} is stored into memory of {root.dtype}",
                node,
                "threads that store neighbouring parts of one element cannot be told apart in a port",
            )
        index = self.element_index(p, max(have, want))
        if have == want:
            self.emit(ir.Store(root.memory, index, reinterpret(value, root.dtype), self.line))
            return
        index = times(index, want // have)
        if not isinstance(index, ir.Var | ir.Const):
            index = self.temp(index)
        for k, part in enumerate(self.split(value, root.dtype)):
            at = build.binary("add", index, build.const(k))
            self.emit(ir.Store(root.memory, at, part, self.line))

    # --------------------------------------------------------------------- bits

    def join(self, parts: list[ir.Expr], dtype: str) -> ir.Expr:
        """One scalar from narrower ones, lowest bits first."""
        whole, step = types.unsigned(dtype), types.bits(parts[0].dtype)
        result: ir.Expr | None = None
        for k, part in enumerate(parts):
            bits = build.cast(reinterpret(part, types.unsigned(part.dtype)), whole)
            shifted = build.binary("shl", bits, build.const(k * step))
            result = shifted if result is None else build.binary("or", result, shifted)
        assert result is not None
        return reinterpret(result, dtype)

    def split(self, value: ir.Expr, dtype: str) -> list[ir.Expr]:
        """The inverse of `join`: parts of `dtype`."""
        whole, part = types.unsigned(value.dtype), types.unsigned(dtype)
        bits = self.temp(reinterpret(value, whole))
        step = types.bits(dtype)
        return [
            reinterpret(build.cast(build.binary("shr", bits, build.const(k * step)), part), dtype)
            for k in range(types.bits(value.dtype) // step)
        ]

    def extract(self, word: ir.Expr, shift: ir.Expr, dtype: str) -> ir.Expr:
        """The scalar `shift` bits above the lowest bit of `word`."""
        bits = reinterpret(word, types.unsigned(word.dtype))
        return reinterpret(build.cast(build.binary("shr", bits, shift), types.unsigned(dtype)), dtype)

    def insert(self, word: ir.Expr, shift: int, value: ir.Expr) -> ir.Expr:
        """`word` with `value` in place of the bits from `shift` on."""
        whole = types.unsigned(word.dtype)
        hole = ((1 << types.bits(value.dtype)) - 1) << shift
        bits = build.cast(reinterpret(value, types.unsigned(value.dtype)), whole)
        kept = build.binary("and", reinterpret(word, whole), build.const(~hole, whole))
        return reinterpret(build.binary("or", kept, build.binary("shl", bits, build.const(shift))), word.dtype)


def reinterpret(e: ir.Expr, dtype: str) -> ir.Expr:
    """The same bits as `dtype` of the same size; bool is the byte 0 or 1."""
    if e.dtype == dtype:
        return e
    if dtype == "bool":
        return build.compare("ne", reinterpret(e, "uint8"), build.const(0, "uint8"))
    if e.dtype == "bool":
        return reinterpret(build.cast(e, "uint8"), dtype)
    return build.bitcast(e, dtype)
