"""IR statements as the body of a @triton.jit function.

One program is one block; a lane of `tl.arange(0, P)` is a thread, P the next power of two. Divergent conditions become
masks, uniform ones real control flow; a divergent loop runs while any lane is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cuport.diagnostic import fail
from cuport.targets.triton.emit.expressions import Expressions, Site, tl_dtype
from cuport.targets.triton.emit.hazards import NOTHING, Hazards, State
from cuport.translators.rules import ir, types, walk
from cuport.translators.rules.uniform import Uniformity, homes

_RMW = {"add", "min", "max", "and", "or", "xor", "exch"}


class Body:
    """Emits one function's statements as lines (indented by four spaces)."""

    def __init__(self, function: ir.Function, pointers: dict[str, tuple[str, str]]) -> None:
        self.function = function
        self.uniformity = Uniformity(function)
        self.exprs = Expressions(function, self.uniformity, pointers)
        self.spare: set[str] = set()  # memories that need a spare element a lane, for masked compare-and-swap
        self._homes = homes(function)
        self._hazards = Hazards(function)
        self._lines: list[str] = []
        self._depth = 1
        self._masks = 0
        self._defined: set[str] = set()
        self._home_mask: dict[str, str] = {}
        self._taken = {*function.variables, *(s.name for s in function.scalars), *pointers}
        fences = any(isinstance(s, ir.Barrier) and s.scope == "fence" for s in walk.statements(function.body))
        self._order = "acq_rel" if fences else "relaxed"

    def lines(self) -> list[str]:
        self._block(self.function.body, Site("active", True), NOTHING)
        return self._lines or ["    pass"]

    # -- structure -----------------------------------------------------------------------------------------------

    def _block(self, block: ir.Block, site: Site, state: State) -> State:
        mine = {name for name, home in self._homes.items() if home == id(block)}
        for name in mine:
            self._home_mask[name] = site.mask
        for s in block:
            self._define(s, mine)
            if self._hazards.before(s, state):
                self._say("tl.debug_barrier()")
            state = self._hazards.after(s, state)
            state = self._statement(s, site, state)
        return state

    def _define(self, s: ir.Stmt, mine: set[str]) -> None:
        """Give variables that belong to this block a first value where their first assignment is not enough."""
        mentioned = walk.block_reads((s,)).variables | walk.writes((s,)).variables
        for name in sorted(mentioned & mine - self._defined):
            self._defined.add(name)
            reads = name in walk.block_reads((s,)).variables
            plain = isinstance(s, ir.Assign | ir.Shuffle | ir.Collective | ir.Atomic) and not reads
            scalar_loop = isinstance(s, ir.For) and s.var == name
            if not plain and not scalar_loop:
                dtype = self.function.variables[name]
                shape = "()" if name in self.uniformity.variables else "(P,)"
                self._say(f"{name} = tl.full({shape}, {_zero(dtype)}, {tl_dtype(dtype)})")

    def _statement(self, s: ir.Stmt, site: Site, state: State) -> State:
        match s:
            case ir.Assign():
                self._assign(s, site)
            case ir.Store():
                self._store(s, site)
            case ir.Atomic():
                self._atomic(s, site)
            case ir.If():
                return self._if(s, site, state)
            case ir.For():
                return self._for(s, site, state)
            case ir.While():
                return self._while(s, site, state)
            case ir.Barrier() if s.scope == "grid":
                raise fail(
                    "unsupported.grid-sync",
                    "blocks wait for each other, which programs of a Triton launch cannot",
                    hint="split the kernel where it waits",
                )
            case ir.Barrier():
                self._say("tl.debug_barrier()")
            case ir.Shuffle():
                self._shuffle(s, site)
            case ir.Collective():
                self._collective(s, site)
            case _:
                raise AssertionError(f"{type(s).__name__} in structured IR")
        return state

    def _if(self, s: ir.If, site: Site, state: State) -> State:
        if self.exprs.is_uniform(s.cond, site):
            self._say(f"if {self.exprs.emit(s.cond, site).text}:")
            end = self._nested(s.then, site, state)
            if s.orelse:
                self._say("else:")
                return end | self._nested(s.orelse, site, state)
            return end | state
        cond = self.exprs.emit(s.cond, site)
        if not s.orelse:
            return self._block(s.then, Site(self._mask(f"{site.mask} & {cond.at(8)}"), False), state) | state
        taken = self._fresh("taken")
        self._say(f"{taken} = {cond.text}")
        end = self._block(s.then, Site(self._mask(f"{site.mask} & {taken}"), False), state)
        return end | self._block(s.orelse, Site(self._mask(f"{site.mask} & ~{taken}"), False), state)

    def _for(self, s: ir.For, site: Site, state: State) -> State:
        entry = self._hazards.loop_entry(s, state)
        if self.uniformity.scalar_loop(s):
            ranged = not s.down and s.step.dtype in ("int32", "int64")
            bounds = [self.exprs.emit(e, site).text for e in (s.start, s.stop, s.step)]
            if ranged:
                shown = bounds if bounds[2] != "1" else bounds[:2] if bounds[0] != "0" else bounds[1:2]
                self._say(f"for {s.var} in range({', '.join(shown)}):")
                return state | self._nested(s.body, site, entry)
            sign = ">" if s.down else "<"
            self._say(f"{s.var} = {self.exprs.typed(s.start, site).text}")
            self._say(f"while {s.var} {sign} {self.exprs.emit(s.stop, site).at(5)}:")
            end = self._nested(s.body, site, entry, f"{s.var} += {bounds[2]}")
            return state | end
        stop, step = self._held(s.stop, "stop", site), self._held(s.step, "step", site)
        self._say(f"{s.var} = {self.exprs.block(s.start, site)}")
        test = f"{s.var} {'>' if s.down else '<'} {stop}"
        mask = self._mask(f"{site.mask} & ({test})")
        self._say(f"while tl.max({mask}.to(tl.int32), 0) > 0:")
        end = self._nested(s.body, Site(mask, False), entry, f"{s.var} += {step}", f"{mask} = {mask} & ({test})")
        return state | end

    def _while(self, s: ir.While, site: Site, state: State) -> State:
        entry = self._hazards.loop_entry(s, state)
        if site.uniform and self.exprs.is_uniform(s.cond, site) and not s.test_after:
            self._say(f"while {self.exprs.emit(s.cond, site).text}:")
            return state | self._nested(s.body, site, entry)
        first = site.mask if s.test_after else f"{site.mask} & {self.exprs.emit(s.cond, site).at(8)}"
        mask = self._mask(first)
        uniform = site.uniform and self.exprs.is_uniform(s.cond, site)
        inner = Site(mask, uniform)
        self._say(f"while tl.max({mask}.to(tl.int32), 0) > 0:")
        with self._indented():
            end = self._block(s.body, inner, entry)
            if self._hazards.before(s, end):
                self._say("tl.debug_barrier()")
            self._say(f"{mask} = {mask} & {self.exprs.emit(s.cond, inner).at(8)}")
        return state | self._hazards.after(s, end)

    def _nested(self, block: ir.Block, site: Site, state: State, *last: str) -> State:
        with self._indented():
            if not block and not last:
                self._say("pass")
            end = self._block(block, site, state)
            for line in last:
                self._say(line)
        return end

    # -- statements ----------------------------------------------------------------------------------------------

    def _assign(self, s: ir.Assign, site: Site) -> None:
        dtype = self.function.variables[s.var]
        if s.var in self.uniformity.variables:
            bare = isinstance(s.value, ir.Const) and dtype in ("int32", "float32")
            text = self.exprs.emit(s.value, site) if bare else self.exprs.typed(s.value, site)
            self._say(f"{s.var} = {text.text}")
        elif self._home_mask.get(s.var) == site.mask:
            self._say(f"{s.var} = {self.exprs.block(s.value, site)}")
        else:
            self._say(f"{s.var} = tl.where({site.mask}, {self.exprs.emit(s.value, site).text}, {s.var})")

    def _result(self, name: str, text: str, site: Site) -> None:
        """Assign a block value that some cross-lane operation gave."""
        if self._home_mask.get(name) == site.mask or name in self.uniformity.variables:
            self._say(f"{name} = {text}")
        else:
            self._say(f"{name} = tl.where({site.mask}, {text}, {name})")

    def _store(self, s: ir.Store, site: Site) -> None:
        uniform = site.uniform and self.exprs.is_uniform(s.index, site) and self.exprs.is_uniform(s.value, site)
        if uniform and self.function.memory(s.memory).space != "local":
            address = self.exprs.address(s.memory, s.index, site, block=False)
            self._say(f"tl.store({address}, {self.exprs.emit(s.value, site).text})")
            return
        address = self.exprs.address(s.memory, s.index, site, block=True)
        self._say(f"tl.store({address}, {self.exprs.emit(s.value, site).text}, mask={site.mask})")

    def _atomic(self, s: ir.Atomic, site: Site) -> None:
        kind = s.value.dtype  # it works in this dtype, whatever the memory's is
        if types.bits(kind) < 32 and not (kind in ("float16", "bfloat16") and s.op == "add"):
            raise fail("unsupported.atomic", f"Triton has no atomic {s.op} on {kind}", hint="port this kernel by hand")
        value = self.exprs.block(s.value, site)
        if s.op in _RMW or s.op == "sub":
            name = {"exch": "xchg", "sub": "add"}.get(s.op, s.op)
            shown = f"-({value})" if s.op == "sub" else value
            address = self._seen_as(s, kind, site)
            text = f'tl.atomic_{name}({address}, {shown}, mask={site.mask}, sem="{self._order}")'
        else:
            text = self._swap(s, site, kind, value)
        if s.result is None:
            self._say(text)
        else:
            self._result(s.result, text, site)

    def _swap(self, s: ir.Atomic, site: Site, kind: str, value: str) -> str:
        """cas, inc, dec: tl.atomic_cas has no mask, so inactive lanes work on a spare element of their own."""
        self.spare.add(s.memory)
        spare = self._cast_pointer(f"{s.memory}_spare + lane", s.memory, kind)
        if s.op in ("inc", "dec"):
            self.exprs.used.add(f"_atomic_{s.op}")
            return f"_atomic_{s.op}({self._seen_as(s, kind, site)}, {spare}, {value}, {site.mask})"
        assert s.compare is not None
        compare = self.exprs.block(s.compare, site)
        if not types.is_float(kind):
            place = f"tl.where({site.mask}, {self._seen_as(s, kind, site)}, {spare})"
            return f'tl.atomic_cas({place}, {compare}, {value}, sem="{self._order}")'
        bits = types.signed(f"uint{types.bits(kind)}")  # CUDA compares bits, so -0 is not 0 and NaN can be found
        spare = self._cast_pointer(f"{s.memory}_spare + lane", s.memory, bits)
        place = f"tl.where({site.mask}, {self._seen_as(s, bits, site)}, {spare})"
        as_bits = f"tl.{bits}, bitcast=True"
        old = f'tl.atomic_cas({place}, ({compare}).to({as_bits}), ({value}).to({as_bits}), sem="{self._order}")'
        return f"{old}.to({tl_dtype(kind)}, bitcast=True)"

    def _seen_as(self, s: ir.Atomic, kind: str, site: Site) -> str:
        """One address a lane, of elements seen as `kind`."""
        return self._cast_pointer(self.exprs.address(s.memory, s.index, site, block=True), s.memory, kind)

    def _cast_pointer(self, address: str, memory: str, kind: str) -> str:
        if kind == self.function.memory(memory).dtype:
            return address
        return f"({address}).to(tl.pointer_type({tl_dtype(kind)}), bitcast=True)"

    def _shuffle(self, s: ir.Shuffle, site: Site) -> None:
        name = f"_shuffle_{s.mode}"
        self.exprs.used.add(name)
        small = s.value.dtype in ("bool", "int8", "uint8", "int16", "uint16", "float16", "bfloat16")
        value = self.exprs.block(s.value, site)
        if small:  # lanes exchange 32 bits; a narrow float widens and narrows back unchanged
            wide = "tl.float32" if types.is_float(s.value.dtype) else "tl.int32"
            value = f"({value}).to({wide})"
        lane = self.exprs.emit(ir.Cast(s.lane, "int32"), site).text
        width = self.exprs.emit(ir.Cast(s.width, "int32"), site).text
        text = f"{name}({value}, lane, {lane}, {width}, P)"
        self._result(s.result, f"{text}.to({tl_dtype(s.value.dtype)})" if small else text, site)

    def _collective(self, s: ir.Collective, site: Site) -> None:
        value = self.exprs.block(s.value, site)
        if s.scope == "block":
            self._say("tl.debug_barrier()")
            active = f"{site.mask} & ({value})"
            count = f"tl.sum(({active}).to(tl.int32), 0)"
            text = {
                "count": count,
                "any": f"{count} > 0",
                "all": f"tl.sum(({site.mask} & ~({value})).to(tl.int32), 0) == 0",
            }.get(s.op)
            if text is None:
                raise fail("unsupported.collective", f"{s.op} over a block")
            if s.result in self.uniformity.variables:
                self._say(f"{s.result} = {text}")
            else:
                self._result(s.result, f"tl.full((P,), {text}, {tl_dtype(self.function.variables[s.result])})", site)
            return
        self._result(s.result, self._warp(s, value, site), site)

    def _warp(self, s: ir.Collective, value: str, site: Site) -> str:
        use = self.exprs.used.add
        members = "" if s.members is None else self.exprs.block(ir.Cast(s.members, "uint32"), site)
        within = f" & {members}" if members else ""
        if s.op in ("any", "all", "ballot", "count"):
            use("_ballot")
            ballot = f"_ballot({site.mask} & ({value}), lane, P){within}"
            if s.op == "ballot":
                return ballot
            if s.op == "any":
                return f"({ballot}) != 0"
            if s.op == "all":
                return f"(_ballot({site.mask} & ~({value}), lane, P){within}) == 0"
            use("_popc")
            return f"_popc({ballot}, 32)"
        if s.op == "match":
            use("_match")
            return f"_match({value}, {site.mask}, lane, P){within}"
        if members and not _full(s.members):
            raise fail("unsupported.collective", f"__reduce_{s.op}_sync over part of a warp", hint="port it by hand")
        use(f"_warp_{s.op}")
        dtype = s.value.dtype
        low, high = types.limits(dtype)
        rest = {"add": 0, "or": 0, "xor": 0, "and": wrap_ones(dtype), "min": high, "max": low}[s.op]
        return f"_warp_{s.op}(tl.where({site.mask}, {value}, {rest}), P)"

    # -- lines ---------------------------------------------------------------------------------------------------

    def _held(self, e: ir.Expr, name: str, site: Site) -> str:
        """A value that must not change while a loop runs: a literal as it is, else a name."""
        if isinstance(e, ir.Const | ir.Param):
            return self.exprs.emit(e, site).at(5)
        name = self._fresh(name)
        self._say(f"{name} = {self.exprs.emit(e, site).text}")
        return name

    def _mask(self, text: str) -> str:
        name = self._fresh("mask")
        self._say(f"{name} = {text}")
        return name

    def _fresh(self, stem: str) -> str:
        name, count = stem, 1
        while name in self._taken:
            count += 1
            name = f"{stem}_{count}"
        self._taken.add(name)
        return name

    def _say(self, line: str) -> None:
        self._lines.append("    " * self._depth + line)

    @contextmanager
    def _indented(self) -> Iterator[None]:
        self._depth += 1
        yield
        self._depth -= 1


def _zero(dtype: str) -> str:
    return "False" if dtype == "bool" else "0.0" if types.is_float(dtype) else "0"


def _full(members: ir.Expr | None) -> bool:
    return isinstance(members, ir.Const) and int(members.value) & 0xFFFFFFFF == 0xFFFFFFFF


def wrap_ones(dtype: str) -> int:
    """All bits set, as a value of the dtype."""
    return types.wrap(-1, dtype)
