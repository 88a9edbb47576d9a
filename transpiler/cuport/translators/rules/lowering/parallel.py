"""What threads do with one another: barriers, atomics, warps, cooperative groups; and cached loads and stores."""

from __future__ import annotations

from dataclasses import replace

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import Record, Scalar
from cuport.translators.rules.lowering.intrinsics import Intrinsics, Site
from cuport.translators.rules.lowering.names import AXES
from cuport.translators.rules.lowering.values import (
    Agg,
    ChoiceRoot,
    FlatRoot,
    Group,
    MemPlace,
    PlaceRoot,
    Ptr,
    Value,
    VarPlace,
)

_ATOMICS: dict[str, ir.AtomicOp] = {
    "Add": "add",
    "Sub": "sub",
    "Min": "min",
    "Max": "max",
    "And": "and",
    "Or": "or",
    "Xor": "xor",
    "Exch": "exch",
    "CAS": "cas",
    "Inc": "inc",
    "Dec": "dec",
}
_LOADS = ("__ldg", "__ldcs", "__ldca", "__ldcg", "__ldlu", "__ldcv")
_STORES = ("__stcs", "__stcg", "__stwb", "__stwt")
_FENCES = ("__threadfence", "__threadfence_block", "__threadfence_system")
_REDUCE = {"add": "add", "min": "min", "max": "max", "and": "and", "or": "or", "xor": "xor"}
FULL = 0xFFFFFFFF
VOID = build.const(0)


class Parallel(Intrinsics):
    """Each method gives the value of a call, or None where the name is not its."""

    def parallel_intrinsic(self, site: Site, discard: bool) -> Value | None:
        name = site.name
        if name == "__syncthreads":
            self.emit(ir.Barrier("block", self.line))
            return VOID
        if name == "__syncwarp":
            self.emit(ir.Barrier("warp", self.line))
            return VOID
        if name in _FENCES:
            self.emit(ir.Barrier("fence", self.line))
            return VOID
        if name.startswith("__syncthreads_"):
            return self._barrier_vote(site)
        if name.startswith("atomic"):
            return self._atomic(site, discard)
        if name in _LOADS:
            return self.load(self.deref(self.values(site, 1)[0], site.node), site.node)
        if name in _STORES:
            pointer, value = self.values(site, 2)
            self.store(self.deref(pointer, site.node), value, site.node)
            return VOID
        return self._warp_intrinsic(site)

    # ------------------------------------------------------------------- barriers

    def _barrier_vote(self, site: Site) -> Value:
        """__syncthreads_count, _and, _or."""
        op = site.name.removeprefix("__syncthreads_")
        predicate = self.truth(self.values(site, 1)[0], site.node)
        self.emit(ir.Barrier("block", self.line))
        if op == "count":
            return self.collective("count", "block", predicate, None, "int32")
        kind: dict[str, str] = {"and": "all", "or": "any"}
        if op not in kind:
            raise Unsupported("unknown-function", f"`{site.name}`", site.node)
        return build.cast(self.collective(kind[op], "block", predicate, None, "bool"), "int32")

    def collective(self, op: str, scope: str, value: ir.Expr, members: ir.Expr | None, dtype: str) -> ir.Expr:
        result = self.variable("t_", dtype)
        self.emit(ir.Collective(result.name, op, scope, value, members, self.line))  # type: ignore[arg-type]
        return result

    # -------------------------------------------------------------------- atomics

    def _atomic(self, site: Site, discard: bool) -> Value | None:
        stem = site.name.removesuffix("_block").removesuffix("_system").removeprefix("atomic")
        if stem not in _ATOMICS:
            return None
        op = _ATOMICS[stem]
        values = self.values(site, 3 if op == "cas" else 2)
        pointer = values[0]
        if not isinstance(pointer, Ptr):
            raise Unsupported("atomic", f"`{site.name}` on something that is no pointer", site.node)
        return self.atomic_on(op, pointer, values[1:], discard, site.node)

    def atomic_on(self, op: ir.AtomicOp, p: Ptr, operands: list[Value], discard: bool, node: Node) -> Value:
        """An atomic at `p`; vectors lane by lane (CUDA guarantees no more)."""
        t = p.pointee
        if isinstance(t, Record) and t.vector and op == "add":
            agg = self.convert(operands[0], t, node)
            assert isinstance(agg, Agg)
            p = self._pinned(p)
            places = [self.member(MemPlace(p), name, node) for name, _ in t.fields]
            old = []
            for place, part in zip(places, agg.parts, strict=True):
                assert isinstance(place, MemPlace)
                old.append(self.atomic_on(op, place.pointer, [part], discard, node))
            return Agg(t, tuple(old))
        if isinstance(p.root, PlaceRoot):
            return self._private_atomic(op, p, operands, node)
        if isinstance(p.root, ChoiceRoot):
            return self._chosen_atomic(op, p, operands, discard, node)
        if not isinstance(t, Scalar) or not isinstance(p.root, FlatRoot):
            raise Unsupported("atomic", "an atomic on this type", node)
        root = p.root
        self._viewed(root, t.dtype)
        if types.size(root.dtype) != types.size(t.dtype):
            raise Unsupported("atomic", f"an atomic on {t.dtype} in memory of {root.dtype}", node)
        numbers = [build.cast(self.scalar(v, node), t.dtype) for v in operands]
        index = self.element_index(p, types.size(t.dtype))
        result = None if discard else self.variable("t_old", t.dtype).name
        compare = numbers[0] if op == "cas" else None
        value = numbers[-1]
        if op == "sub":
            op, value = "add", build.unary("neg", value)
        self.emit(ir.Atomic(op, root.memory, index, value, compare, result, self.line))
        return VOID if result is None else ir.Var(result, t.dtype)

    def _pinned(self, p: Ptr) -> Ptr:
        return replace(p, offset=self.temp(p.offset))

    def _chosen_atomic(self, op: ir.AtomicOp, p: Ptr, operands: list[Value], discard: bool, node: Node) -> Value:
        assert isinstance(p.root, ChoiceRoot)
        if not discard:
            raise Unsupported("atomic", "an atomic whose result is used, through a pointer to different arrays", node)
        p = self._pinned(p)
        kept = [self.keep(v) for v in operands]
        assert isinstance(p.root, ChoiceRoot)
        for k, option in enumerate(p.root.options):
            with self.capture() as block:
                self.atomic_on(op, replace(p, root=option), kept, True, node)
            here = build.compare("eq", ir.Var(p.root.selector, "int32"), build.const(k))
            self.emit(ir.If(here, tuple(block), (), self.line))
        return VOID

    def _private_atomic(self, op: ir.AtomicOp, p: Ptr, operands: list[Value], node: Node) -> Value:
        """On a local variable an atomic is an ordinary update."""
        place = self.place_at(p, p.pointee, node)
        if op != "add" or not isinstance(place, VarPlace):
            raise Unsupported("atomic", "an atomic on a local variable", node)
        old = self.temp(self.scalar(self.load(place, node), node))
        self.store(place, self.operate("+", old, operands[0], node), node)
        return old

    # ---------------------------------------------------------------------- warps

    def _warp_intrinsic(self, site: Site) -> Value | None:
        name = site.name
        if name.startswith("__shfl"):
            return self._shuffle_call(site)
        if name in ("__any_sync", "__all_sync", "__ballot_sync", "__any", "__all", "__ballot", "__uni_sync"):
            return self._vote(site)
        if name in ("__activemask", "__ballot_mask"):
            return self.collective("ballot", "warp", build.TRUE, None, "uint32")
        if name == "__match_any_sync":
            members, value = self.numbers(site, 2)
            return self.collective("match", "warp", value, self.members(members), "uint32")
        if name.startswith("__reduce_") and name.endswith("_sync"):
            op = name.removeprefix("__reduce_").removesuffix("_sync")
            if op in _REDUCE:
                members, value = self.numbers(site, 2)
                return self.collective(op, "warp", value, self.members(members), value.dtype)
        if name in ("__lane_id", "__laneid"):
            return self.lane()
        if name == "__lanes_of":
            return self._lanes_of(self.values(site, 1)[0], site.node)
        if name == "__pipeline_memcpy_async":
            return self._copy_bytes(site)
        if name in ("__pipeline_commit", "__pipeline_wait_prior"):
            return VOID
        return None

    def members(self, mask: ir.Expr) -> ir.Expr | None:
        """A mask of lanes; None where all are named."""
        mask = build.cast(mask, "uint32")
        return None if build.is_const(mask, FULL) else mask

    def lane(self) -> ir.Expr:
        """The thread's lane, uint32."""
        return build.binary("and", self.linear_thread(), build.const(31, "uint32"))

    def linear_thread(self) -> ir.Expr:
        """tid.x + bdim.x * (tid.y + bdim.y * tid.z)."""
        x, y, z = (ir.Index("tid", axis) for axis in AXES)
        inner = build.binary("add", y, build.binary("mul", ir.Index("bdim", "y"), z))
        return build.binary("add", x, build.binary("mul", ir.Index("bdim", "x"), inner))

    def _vote(self, site: Site) -> Value:
        synced = site.name.endswith("_sync")
        op = site.name.strip("_").removesuffix("_sync")
        if op not in ("any", "all", "ballot"):
            raise Unsupported("unknown-function", f"`{site.name}`", site.node)
        values = self.values(site, 2 if synced else 1)
        members = self.members(self.scalar(values[0], site.node)) if synced else None
        predicate = self.truth(values[-1], site.node)
        if op == "ballot":
            return self.collective("ballot", "warp", predicate, members, "uint32")
        return build.cast(self.collective(op, "warp", predicate, members, "bool"), "int32")

    def _shuffle_call(self, site: Site) -> Value | None:
        mode = site.name.removeprefix("__shfl").removesuffix("_sync").strip("_") or "idx"
        if mode not in ("idx", "up", "down", "xor"):
            return None
        arguments = [self.load(a.place, site.node) for a in site.arguments]
        members = None
        if site.name.endswith("_sync"):
            members = self.members(self.scalar(arguments.pop(0), site.node))
        if len(arguments) not in (2, 3):
            raise Unsupported("call", f"`{site.name}` with these arguments", site.node)
        width = build.cast(self.scalar(arguments[2], site.node), "int32") if len(arguments) == 3 else build.const(32)
        lane = build.cast(self.scalar(arguments[1], site.node), "int32")
        return self.shuffle(mode, arguments[0], lane, width, members, site.node)

    def shuffle(
        self, mode: str, value: Value, lane: ir.Expr, width: ir.Expr, members: ir.Expr | None, node: Node
    ) -> Value:
        """Every scalar part of the value goes through its own shuffle."""
        if isinstance(value, Agg):
            lane = self.temp(lane)
            parts = tuple(self.shuffle(mode, p, lane, width, members, node) for p in value.parts)
            return Agg(value.record, parts)
        x = self.scalar(value, node)
        result = self.variable("t_", x.dtype)
        self.emit(ir.Shuffle(result.name, mode, x, lane, width, members, self.line))  # type: ignore[arg-type]
        return result

    # ---------------------------------------------------------- cooperative groups

    def group_function(self, site: Site) -> Value | None:
        """cooperative_groups:: functions that make or take a group."""
        name = site.name
        if name == "this_thread_block":
            return Group("block")
        if name == "this_grid":
            return Group("grid")
        if name == "this_multi_grid":
            raise Unsupported("cooperative-groups", "a group of several devices", site.node)
        values = [self.load(a.place, site.node) for a in site.arguments]
        group = values[0] if values and isinstance(values[0], Group) else None
        if name == "tiled_partition" and group is not None:
            size = site.explicit[0] if site.explicit else (values[1] if len(values) > 1 else None)
            if isinstance(size, ir.Const) and int(size.value) in (1, 2, 4, 8, 16, 32):
                return Group("tile", int(size.value))
            raise Unsupported("cooperative-groups", "a tile whose size is not a constant up to 32", site.node)
        if group is None:
            return None
        if name == "sync":
            return self.group_method(group, "sync", [], site.node)
        if name == "reduce":
            return self._group_reduce(group, values, site)
        return None

    def group_method(self, group: Group, name: str, arguments: list[Value], node: Node) -> Value:
        """`group.name(arguments)`."""
        if group.kind == "grid":
            return self._grid_method(name, node)
        tile = group.kind == "tile"
        rank = build.binary("and", self.linear_thread(), build.const(group.size - 1, "uint32"))
        if name == "sync":
            self.emit(ir.Barrier("warp" if tile else "block", self.line))
            return VOID
        if name == "thread_rank":
            return rank if tile else self.linear_thread()
        if name in ("size", "num_threads"):
            return build.const(group.size, "uint32") if tile else self._block_size()
        if name in ("meta_group_rank", "meta_group_size") and tile:
            which = self.linear_thread() if name.endswith("rank") else self._block_size()
            if name.endswith("size"):
                which = build.binary("add", which, build.const(group.size - 1, "uint32"))
            return build.binary("div", which, build.const(group.size, "uint32"))
        if name in ("group_index", "thread_index", "group_dim", "dim_threads") and not tile:
            kind: ir.IndexKind = {"group_index": "bid", "thread_index": "tid"}.get(name, "bdim")  # type: ignore[assignment]
            record = ctype.named("dim3")
            assert isinstance(record, Record)
            return Agg(record, tuple(ir.Index(kind, axis) for axis in AXES))
        if tile and name.startswith("shfl"):
            mode = name.removeprefix("shfl").strip("_") or "idx"
            lane = build.cast(self.scalar(arguments[1], node), "int32")
            return self.shuffle(mode, arguments[0], lane, build.const(group.size), None, node)
        if tile and name in ("any", "all", "ballot"):
            return self._tile_vote(group, name, self.truth(arguments[0], node))
        raise Unsupported("cooperative-groups", f"`{name}` of a group", node)

    def _grid_method(self, name: str, node: Node) -> Value:
        """Of the group of all blocks; its sizes and ranks are 64-bit."""
        wide = "uint64"
        x, y, z = (build.cast(ir.Index("bid", axis), wide) for axis in AXES)
        gx, gy, gz = (build.cast(ir.Index("gdim", axis), wide) for axis in AXES)
        blocks = build.binary("mul", gx, build.binary("mul", gy, gz))
        block_rank = build.binary("add", x, build.binary("mul", gx, build.binary("add", y, build.binary("mul", gy, z))))
        threads = build.cast(self._block_size(), wide)
        match name:
            case "sync":
                self.emit(ir.Barrier("grid", self.line))
                return VOID
            case "is_valid":
                return build.TRUE
            case "num_blocks":
                return blocks
            case "block_rank":
                return block_rank
            case "size" | "num_threads":
                return build.binary("mul", blocks, threads)
            case "thread_rank":
                return build.binary(
                    "add", build.binary("mul", block_rank, threads), build.cast(self.linear_thread(), wide)
                )
            case "group_dim" | "dim_blocks" | "block_index":
                record = ctype.named("dim3")
                assert isinstance(record, Record)
                kind: ir.IndexKind = "bid" if name == "block_index" else "gdim"
                return Agg(record, tuple(ir.Index(kind, axis) for axis in AXES))
        raise Unsupported("cooperative-groups", f"`{name}` of a grid", node)

    def _lanes_of(self, group: Value, node: Node) -> ir.Expr:
        """The lanes of a group within its warp, as a mask."""
        if isinstance(group, Agg):
            return self.scalar(group.parts[0], node)
        if isinstance(group, Group) and group.kind == "tile" and group.size < 32:
            first = build.binary("and", self.lane(), build.const(~(group.size - 1), "uint32"))
            return build.binary("shl", build.const((1 << group.size) - 1, "uint32"), build.cast(first, "int32"))
        return build.const(FULL, "uint32")

    def _copy_bytes(self, site: Site) -> Value:
        """__pipeline_memcpy_async(to, from, bytes): at once, in elements of what `to` points to."""
        values = [self.load(a.place, site.node) for a in site.arguments]
        if len(values) != 3 or not isinstance(values[0], Ptr) or not isinstance(values[1], Ptr):
            raise Unsupported("call", f"`{site.name}` with these arguments", site.node)
        to, source, size = values[0], values[1], values[2]
        step = ctype.size_of(to.pointee)
        if not isinstance(size, ir.Const) or int(size.value) % step:
            raise Unsupported("call", f"`{site.name}` of a size that is no constant number of elements", site.node)
        to, source = self._pinned(to), self._pinned(replace(source, pointee=to.pointee))
        count = int(size.value) // step
        loaded = [self.keep(self.load(MemPlace(self.advance(source, build.const(k))), site.node)) for k in range(count)]
        for k, value in enumerate(loaded):
            self.store(MemPlace(self.advance(to, build.const(k))), value, site.node)
        return VOID

    def _block_size(self) -> ir.Expr:
        x, y, z = (ir.Index("bdim", axis) for axis in AXES)
        return build.binary("mul", x, build.binary("mul", y, z))

    def _tile_vote(self, group: Group, name: str, predicate: ir.Expr) -> ir.Expr:
        members: ir.Expr | None = None
        first = build.binary("and", self.lane(), build.const(~(group.size - 1), "uint32"))
        if group.size < 32:
            ones = build.const((1 << group.size) - 1, "uint32")
            members = build.binary("shl", ones, build.cast(first, "int32"))
        if name == "ballot":
            bits = self.collective("ballot", "warp", predicate, members, "uint32")
            return bits if group.size == 32 else build.binary("shr", bits, build.cast(first, "int32"))
        return build.cast(self.collective(name, "warp", predicate, members, "bool"), "int32")

    def _group_reduce(self, group: Group, values: list[Value], site: Site) -> Value:
        """cg::reduce(tile, value, cg::plus<T>()): a butterfly of shuffles."""
        if group.kind != "tile" or len(values) != 3 or not isinstance(values[2], Group):
            raise Unsupported("cooperative-groups", "this reduction", site.node)
        x = self.variable("t_sum", self.scalar(values[1], site.node).dtype)
        self.assign(x.name, self.scalar(values[1], site.node))
        step = group.size // 2
        while step:
            other = self.shuffle("xor", x, build.const(step), build.const(group.size), None, site.node)
            self.assign(x.name, self._combine(values[2].kind, x, self.scalar(other, site.node), site))
            step //= 2
        return x

    def _combine(self, op: str, a: ir.Expr, b: ir.Expr, site: Site) -> ir.Expr:
        if op in ("plus", "bit_and", "bit_or", "bit_xor"):
            operator = {"plus": "+", "bit_and": "&", "bit_or": "|", "bit_xor": "^"}[op]
            return build.cast(self.scalar(self.operate(operator, a, b, site.node), site.node), a.dtype)
        if op in ("less", "greater"):
            fn = "min" if op == "less" else "max"
            return build.call(fn if not types.is_float(a.dtype) else f"f{fn}", a, b)
        raise Unsupported("cooperative-groups", f"a reduction by `{op}`", site.node)
