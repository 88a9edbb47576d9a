"""IR statements as JAX: every thread of the blocks at hand is an element of a (B, T) array.

Conditions become masks, loops `fori_loop` or `while_loop` whose carry is what the body changes. Memory is a flat array
that stores replace. Threads run in lockstep, so a barrier needs no code: the order of the lines is the order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from cuport.diagnostic import fail
from cuport.targets.jax.emit.expressions import Expressions, Site, jnp_dtype
from cuport.translators.rules import ir, types, walk
from cuport.translators.rules.python_text import AND, COMPARE, UNARY
from cuport.translators.rules.uniform import Uniformity, homes

_COMBINE = {
    "add": "jnp.add",
    "sub": "jnp.subtract",
    "min": "jnp.minimum",
    "max": "jnp.maximum",
    "and": "jnp.bitwise_and",
    "or": "jnp.bitwise_or",
    "xor": "jnp.bitwise_xor",
    "exch": "lambda a, b: b",
}
_SCATTER = ("add", "min", "max")


class Body:
    """Emits one function's statements as lines, indented for the inside of `step`."""

    def __init__(self, function: ir.Function, bases: dict[str, str], frame: frozenset[str]) -> None:
        self.function = function
        self.uniformity = Uniformity(function, ("tid", "bid"))
        self.exprs = Expressions(function, self.uniformity, bases)
        self._homes = homes(function)
        self._lines: list[str] = []
        self._depth = 2
        self._defined: set[str] = set()
        self._home_mask: dict[str, str] = {}
        self._taken = {*function.variables, *(s.name for s in function.scalars), *bases, *frame}

    def lines(self) -> list[str]:
        self._block(self.function.body, Site("active", "", True))
        return self._lines

    # -- structure -----------------------------------------------------------------------------------------------

    def _block(self, block: ir.Block, site: Site) -> None:
        mine = {name for name, home in self._homes.items() if home == id(block)}
        for name in mine:
            self._home_mask[name] = f"{site.mask}/{site.condition}"
        for s in block:
            self._define(s, mine)
            self._statement(s, site)

    def _define(self, s: ir.Stmt, mine: set[str]) -> None:
        """Give variables that belong to this block a first value where their first assignment is not enough."""
        mentioned = walk.block_reads((s,)).variables | walk.writes((s,)).variables
        for name in sorted(mentioned & mine - self._defined):
            self._defined.add(name)
            reads = name in walk.block_reads((s,)).variables
            plain = isinstance(s, ir.Assign | ir.Shuffle | ir.Collective | ir.Atomic) and not reads
            if not plain and not (isinstance(s, ir.For) and s.var == name):
                dtype = jnp_dtype(self.function.variables[name])
                shape = "()" if name in self.uniformity.variables else "active.shape"
                self._say(f"{name} = jnp.zeros({shape}, {dtype})")

    def _statement(self, s: ir.Stmt, site: Site) -> None:
        match s:
            case ir.Assign():
                self._assign(s, site)
            case ir.Store():
                self.exprs.used.add("_store")
                index = self.exprs.index(s.memory, s.index, site)
                self._say(f"{s.memory} = _store({s.memory}, {index}, {self._value(s.value, site)}, {site.mask})")
            case ir.Atomic():
                self._atomic(s, site)
            case ir.If():
                self._if(s, site)
            case ir.For():
                self._for(s, site)
            case ir.While():
                self._while(s, site)
            case ir.Barrier():
                pass
            case ir.Shuffle():
                self._shuffle(s, site)
            case ir.Collective():
                self._collective(s, site)
            case _:
                raise AssertionError(f"{type(s).__name__} in structured IR")

    def _if(self, s: ir.If, site: Site) -> None:
        cond = self.exprs.typed(s.cond, site)
        uniform = self.exprs.is_uniform(s.cond, site)
        if s.orelse or uniform:
            taken = self._fresh("taken")
            self._say(f"{taken} = {cond.text}")
            self._branch(s.then, site, taken, uniform)
            self._branch(s.orelse, site, f"~{taken}", uniform)
        else:
            self._branch(s.then, site, cond.at(AND), uniform)

    def _branch(self, block: ir.Block, site: Site, cond: str, uniform: bool) -> None:
        if not block:
            return
        inner = Site(self._mask(f"{site.mask} & {cond}"), site.condition, site.uniform and uniform)
        if uniform:
            condition = f"{site.condition} & {cond}" if site.condition else cond
            inner = replace(inner, condition=condition)
        self._block(block, inner)

    def _for(self, s: ir.For, site: Site) -> None:
        if self.uniformity.scalar_loop(s):
            start, stop = (self.exprs.typed(e, site).text for e in (s.start, s.stop))
            step = self.exprs.emit(s.step, site)
            carried = self._carried(s.body, s)
            if not s.down and step.text == "1" and types.is_signed(s.start.dtype):
                with self._function("body", f"{s.var}, carry", carried):
                    self._block(s.body, site)
                self._say_loop(f"lax.fori_loop({start}, {stop}, {self._last}, {_tuple(carried)})", carried)
                return
            self._strided(s, site, carried, start, stop)
            return
        stop, step_text = self._held(s.stop, "stop", site), self._held(s.step, "step", site)
        self._say(f"{s.var} = {self.exprs.full(s.start, site)}")
        test = f"({s.var} {'>' if s.down else '<'} {stop})"
        mask = self._mask(f"{site.mask} & {test}")
        after = [f"{s.var} = {s.var} + {step_text}", f"{mask} = {mask} & {test}"]
        inner = Site(mask, site.condition, False)
        self._loop(s.body, inner, self._carried(s.body, s), [s.var, mask], f"jnp.any({mask})", after)

    def _strided(self, s: ir.For, site: Site, carried: list[str], start: str, stop: str) -> None:
        """A counted loop with another step than 1, by the number of its iterations.

        Not as a while_loop on the variable: XLA (jaxlib 0.10.2, CPU) gets `while (v < 1) { ...; v += 16; }` wrong,
        which runs once, where the body compares `v + lane` with the bound.
        """
        self.exprs.used.add("_trips")
        first, step = self._hold(start, "start"), self._held(s.step, "step", site)
        turn = self._fresh("turn")
        with self._function("body", f"{turn}, carry", carried):
            times = turn if s.start.dtype == "int32" else f"{turn}.astype({jnp_dtype(s.start.dtype)})"
            self._say(f"{s.var} = {first} + {times} * {step}")
            self._block(s.body, site)
        trips = f"_trips({first}, {stop}, {step}, {s.down})"
        self._say_loop(f"lax.fori_loop(jnp.int32(0), {trips}, {self._last}, {_tuple(carried)})", carried)

    def _while(self, s: ir.While, site: Site) -> None:
        uniform = site.uniform and self.exprs.is_uniform(s.cond, site)
        carried = self._carried(s.body, s)
        if uniform and not s.test_after:
            cond = self.exprs.typed(s.cond, site)
            test = f"{site.condition} & {cond.at(AND)}" if site.condition else cond.text
            more = self._fresh("more")  # carried, for the reason that _strided has
            self._say(f"{more} = {test}")
            self._loop(s.body, site, carried, [more], more, [f"{more} = {test}"])
            return
        mask = self._mask(site.mask if s.test_after else f"{site.mask} & {self.exprs.emit(s.cond, site).at(AND)}")
        inner = Site(mask, site.condition, uniform)
        self._loop(s.body, inner, carried, [mask], f"jnp.any({mask})", [], again=(mask, s.cond))

    def _loop(
        self,
        body: ir.Block,
        site: Site,
        carried: list[str],
        state: list[str],
        test: str,
        after: list[str],
        *,
        again: tuple[str, ir.Expr] | None = None,
    ) -> None:
        """A while_loop. `state`: names of the loop itself in the carry; `after`: lines behind the body; `again`: the
        mask and the condition it is narrowed by behind the body."""
        names = [*dict.fromkeys([*state, *carried])]
        with self._function("body", "carry", names):
            self._block(body, site)
            for line in after:
                self._say(line)
            if again is not None:
                self._say(f"{again[0]} = {again[0]} & {self.exprs.emit(again[1], site).at(AND)}")
        run = self._last
        going = self._fresh("going")
        self._say(f"def {going}(carry):")
        with self._indented():
            if names:
                self._say(f"{_tuple(names)} = carry")
            self._say(f"return {test}")
        self._say("")
        self._say_loop(f"lax.while_loop({going}, {run}, {_tuple(names)})", names)

    @contextmanager
    def _function(self, stem: str, parameters: str, carried: list[str]) -> Iterator[None]:
        """A nested function that unpacks the carry and returns it; `_last` is its name afterwards."""
        name = self._fresh(stem)
        self._say("")
        self._say(f"def {name}({parameters}):")
        with self._indented():
            if carried:
                self._say(f"{_tuple(carried)} = carry")
            yield
            self._say(f"return {_tuple(carried)}")
        self._say("")
        self._last = name

    def _say_loop(self, call: str, carried: list[str]) -> None:
        self._say(f"{_tuple(carried)} = {call}" if carried else call)

    def _carried(self, body: ir.Block, loop: ir.For | ir.While) -> list[str]:
        """What the body changes that is not its own: variables that live outside, and memories."""
        inside = {id(body)}
        for s in walk.statements(body):
            inside |= {id(b) for b in walk.blocks(s)}
        written = walk.writes(body)
        own = {loop.var} if isinstance(loop, ir.For) else set()
        outer = {n for n in written.variables - own if self._homes.get(n) not in inside}
        return sorted(outer) + sorted(written.memories)

    # -- statements ----------------------------------------------------------------------------------------------

    def _assign(self, s: ir.Assign, site: Site) -> None:
        value = self.exprs.typed(s.value, site).text
        home = self._home_mask.get(s.var) == f"{site.mask}/{site.condition}"
        if s.var in self.uniformity.variables:
            plain = home or not site.condition
            self._say(f"{s.var} = {value}" if plain else f"{s.var} = jnp.where({site.condition}, {value}, {s.var})")
        elif home:
            self._say(f"{s.var} = {self.exprs.full(s.value, site) if self._flat(s.value, site) else value}")
        else:
            self._say(f"{s.var} = jnp.where({site.mask}, {value}, {s.var})")

    def _flat(self, e: ir.Expr, site: Site) -> bool:
        """Whether the text may have fewer than (B, T) elements: no variable and no load in it has them all."""
        if self.exprs.is_uniform(e, site):
            return True
        wide = (ir.Var, ir.Load)
        return not any(isinstance(x, wide) and not self.exprs.is_uniform(x, site) for x in walk.expressions(e))

    def _value(self, e: ir.Expr, site: Site) -> str:
        return self.exprs.typed(e, site).text

    def _result(self, name: str, text: str, site: Site) -> None:
        if self._home_mask.get(name) == f"{site.mask}/{site.condition}" or name in self.uniformity.variables:
            self._say(f"{name} = {text}")
        else:
            self._say(f"{name} = jnp.where({site.mask}, {text}, {name})")

    def _atomic(self, s: ir.Atomic, site: Site) -> None:
        """An atomic in the dtype of its value: memory of another type is seen as that, bit by bit."""
        dtype = self.function.memory(s.memory).dtype
        if dtype == s.value.dtype:
            self._atomic_on(s.memory, s, site)
            return
        bits = self._fresh(f"{s.memory}_bits")
        self._say(f"{bits} = lax.bitcast_convert_type({s.memory}, {jnp_dtype(s.value.dtype)})")
        self._atomic_on(bits, s, site)
        self._say(f"{s.memory} = lax.bitcast_convert_type({bits}, {jnp_dtype(dtype)})")

    def _atomic_on(self, name: str, s: ir.Atomic, site: Site) -> None:
        """An atomic on the flat array called `name`."""
        use = self.exprs.used.add
        index, value = self.exprs.index(s.memory, s.index, site), self._value(s.value, site)
        if s.op in ("inc", "dec"):
            use(f"_atomic_{s.op}")
            old = self._fresh("old")
            self._say(f"{name}, {old} = _atomic_{s.op}({name}, {index}, {value}, {site.mask})")
            if s.result:
                self._result(s.result, old, site)
            return
        if s.op == "cas":
            assert s.compare is not None
            if types.is_float(s.value.dtype):
                raise fail("unsupported.atomic", "compare-and-swap on a floating type", hint="CUDA compares bits")
            use("_atomic_cas")
            found = self._fresh("found")
            self._say(
                f"{name}, {found} = _atomic_cas({name}, {index}, {self._value(s.compare, site)}, {value}, {site.mask})"
            )
            if s.result:
                self._result(s.result, found, site)
            return
        if s.op not in _COMBINE:
            raise fail("unsupported.atomic", f"JAX has no atomic {s.op}", hint="port this kernel by hand")
        if s.op == "sub" and s.result is None:
            use("_atomic_add")
            negative = f"-{self.exprs.typed(s.value, site).at(UNARY)}"
            self._say(f"{name} = _atomic_add({name}, {index}, {negative}, {site.mask})")
        elif s.result is None and s.op in _SCATTER:
            use(f"_atomic_{s.op}")
            self._say(f"{name} = _atomic_{s.op}({name}, {index}, {value}, {site.mask})")
        else:
            if s.op == "sub":
                raise fail("unsupported.atomic", "the old value of atomicSub", hint="write atomicAdd of the negative")
            use("_atomic_old")
            old = self._fresh("old")
            self._say(f"{name}, {old} = _atomic_old({name}, {_COMBINE[s.op]}, {index}, {value}, {site.mask})")
            if s.result:
                self._result(s.result, old, site)

    def _shuffle(self, s: ir.Shuffle, site: Site) -> None:
        name = f"_shuffle_{s.mode}"
        self.exprs.used.add(name)
        lane = self.exprs.emit(ir.Cast(s.lane, "int32"), site).text
        width = self.exprs.emit(ir.Cast(s.width, "int32"), site).text
        self._result(s.result, f"{name}({self.exprs.full(s.value, site)}, thread, {lane}, {width})", site)

    def _collective(self, s: ir.Collective, site: Site) -> None:
        value = self.exprs.full(s.value, site)
        if s.scope == "block":
            counted = f"jnp.sum({site.mask} & {value}, axis=1, keepdims=True, dtype=jnp.int32)"
            text = {
                "count": counted,
                "any": f"{counted} > 0",
                "all": f"jnp.all({value} | ~{site.mask}, axis=1, keepdims=True)",
            }.get(s.op)
            if text is None:
                raise fail("unsupported.collective", f"{s.op} over a block", hint="port this kernel by hand")
            self._result(s.result, f"jnp.broadcast_to({text}, active.shape)", site)
            return
        self._result(s.result, self._warp(s, value, site), site)

    def _warp(self, s: ir.Collective, value: str, site: Site) -> str:
        use = self.exprs.used.add
        members = None if s.members is None else self.exprs.typed(ir.Cast(s.members, "uint32"), site).at(AND + 1)
        within = f" & {members}" if members else ""
        if s.op in ("any", "all", "ballot", "count"):
            use("_ballot")
            ballot = f"_ballot({site.mask} & {value}, thread){within}"
            if s.op == "ballot":
                return ballot
            if s.op == "any":
                return f"({ballot}) != 0"
            if s.op == "all":
                return f"(_ballot({site.mask} & ~{value}, thread){within}) == 0"
            return f"lax.population_count({ballot}).astype(jnp.int32)"
        if s.op == "match":
            use("_match")
            return f"_match({value}, {site.mask}, thread){within}"
        if s.members is not None and not _all_lanes(s.members):
            raise fail("unsupported.collective", f"__reduce_{s.op}_sync over part of a warp", hint="port it by hand")
        use("_warp")
        dtype = s.value.dtype
        low, high = types.limits(dtype)
        rest = {"add": 0, "or": 0, "xor": 0, "and": types.wrap(-1, dtype), "min": high, "max": low}[s.op]
        kept = f"jnp.where({site.mask}, {value}, {jnp_dtype(dtype)}({rest}))"
        reduce = {
            "add": f"lambda rows: jnp.sum(rows, axis=2, dtype={jnp_dtype(dtype)})",
            "min": "lambda rows: jnp.min(rows, axis=2)",
            "max": "lambda rows: jnp.max(rows, axis=2)",
            "and": "lambda rows: jnp.bitwise_and.reduce(rows, axis=2)",
            "or": "lambda rows: jnp.bitwise_or.reduce(rows, axis=2)",
            "xor": "lambda rows: jnp.bitwise_xor.reduce(rows, axis=2)",
        }[s.op]
        return f"_warp({kept}, {reduce}, {rest})"

    # -- lines ---------------------------------------------------------------------------------------------------

    def _held(self, e: ir.Expr, name: str, site: Site) -> str:
        """A value that must not change while a loop runs: a number or parameter as it is, else a name."""
        if isinstance(e, ir.Const | ir.Param):
            return self.exprs.emit(e, site).at(COMPARE + 1)
        return self._hold(self.exprs.typed(e, site).text, name)

    def _hold(self, text: str, name: str) -> str:
        if text.isidentifier() or text.lstrip("-").isdigit():
            return text
        name = self._fresh(name)
        self._say(f"{name} = {text}")
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
        self._lines.append("    " * self._depth + line if line else "")

    @contextmanager
    def _indented(self) -> Iterator[None]:
        self._depth += 1
        yield
        self._depth -= 1


def _tuple(names: list[str]) -> str:
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def _all_lanes(members: ir.Expr) -> bool:
    return isinstance(members, ir.Const) and int(members.value) & 0xFFFFFFFF == 0xFFFFFFFF
