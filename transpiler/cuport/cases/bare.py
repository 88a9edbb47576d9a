"""Cases for a kernel from its case file alone, without a program that launches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cuport.case import Arg, Array, Buffer, Case, PointerArg, ScalarArg, StructArg
from cuport.cases.checking import OracleLike, check
from cuport.cases.constants import value_of
from cuport.cases.expressions import Num, simplify
from cuport.cases.facts import AXES, facts, with_data
from cuport.cases.files import Entry, Rule, Template
from cuport.cases.filling import Budget, Work, fill_group
from cuport.cases.infer import Inferred
from cuport.cases.making import Mold, make, wrap
from cuport.cases.parameters import Parameters
from cuport.cases.planning import Planned, domain_line
from cuport.cases.profile import Profile
from cuport.cases.relations import Relations
from cuport.cases.values import generator, noise, to_dtype
from cuport.cuda.types import builtin
from cuport.diagnostic import Diagnostic, Span
from cuport.kernel import CType, GlobalVar, Kernel, Param, Source

_SAMPLE = 4096
_LANES = ("x", "y", "z", "w")


def plan_declared(
    source: Source, kernel: Kernel, entry: Entry, oracle: OracleLike, *, seed: int, budget: Budget
) -> tuple[Planned | None, list[Diagnostic]]:
    """A plan from a case file's entry.

    Raises CuportError where a type has no values or the original cannot be built.
    """
    relations = _relations(entry)
    molds = [_mold(source, kernel, entry, relations, template, seed) for template in entry.templates]
    usable = [m for m in molds if m is not None]
    if not usable:
        return None, [_nothing(entry, "no sizes of the case file meet its own conditions")]
    examples = [k for m in usable for k in _examples(entry, relations, m)]
    templates = [n for n, v in usable[0].base.template_args if isinstance(v, int) and not isinstance(v, bool)]
    seen = {n: frozenset(facts(kernel, m.base)[n] for m in usable) for n in templates}
    work = Work(
        source,
        kernel,
        oracle,
        seed,
        budget,
        Inferred(relations, (), seen),
        usable,
        [make(m, k, seed=seed, label="") for m in usable for k in _examples(entry, relations, m)[:3]],
        examples,
        [_named("block", b) for b in entry.blocks],
        [_named("grid", g) for g in entry.grids],
    )
    work.originals = [replace(c, origin="generated") for c in _clean(work)]
    cases, relations, shapes = fill_group(work)
    if not cases:
        reason = next(iter(work.notes), "the original is wrong on every case tried")
        return None, [_nothing(entry, f"the original runs clean on none of them: {reason}")]
    domain = domain_line(work.inferred, relations, shapes)
    return Planned(tuple(cases), domain, relations, tuple(dict.fromkeys(work.notes))), []


def _nothing(entry: Entry, why: str) -> Diagnostic:
    span = Span(entry.path, entry.line)
    return Diagnostic("cases.none-left", f"the case file gives no case for {entry.kernel}: {why}", span)


def _clean(work: Work) -> list[Case]:
    outcomes = check(work.oracle, work.source, list(work.originals))
    bad = [o for o in outcomes if not o.clean]
    if bad:
        work.notes.append(f"{len(bad)} of the case file's own sizes were left out: {bad[0].reason}")
    return [o.case for o in outcomes if o.clean]


def _relations(entry: Entry) -> Relations:
    """The entry's expressions; axes with choices are free, and follow the entry's expression where none is chosen."""

    free_grid, free_block = bool(entry.grids), bool(entry.blocks)
    grid, block = tuple(map(simplify, entry.grid)), tuple(map(simplify, entry.block))
    return Relations(
        roots=tuple(entry.sizes),
        lengths={n: simplify(e) for n, e in entry.lengths.items()},
        grid=(None,) * 3 if free_grid else grid,
        block=(None,) * 3 if free_block else block,
        shared=simplify(entry.shared),
        derived_grid=grid if free_grid else (None, None, None),
        require=entry.require,
    )


def _named(word: str, extents: tuple[int, int, int]) -> dict[str, int]:
    return {f"{word}.{a}": e for a, e in zip(AXES, extents, strict=True)}


def _examples(entry: Entry, relations: Relations, mold: Mold) -> list[dict[str, int]]:
    """The sizes of the file taken in step: the first of each, the second of each, ..."""
    base = facts(mold.kernel, mold.base)
    fixed = {n: base[n] for n, v in mold.base.template_args if n in base}
    found: list[dict[str, int]] = []
    for step in range(max((len(v) for v in entry.sizes.values()), default=1)):
        chosen = {n: v[min(step, len(v) - 1)] for n, v in entry.sizes.items()} | fixed
        known = relations.complete(chosen | _block(entry, chosen))
        if known is not None:
            found.append({**{k: v for k, v in base.items() if k not in known}, **known})
    return found


def _block(entry: Entry, chosen: Mapping[str, int]) -> dict[str, int]:
    if not entry.blocks:
        return {}
    numbers = [e.value if isinstance(e, Num) else 0 for e in entry.block]
    return _named("block", entry.blocks[0] if 0 in numbers else (numbers[0], numbers[1], numbers[2]))


def _mold(
    source: Source, kernel: Kernel, entry: Entry, relations: Relations, template: Template, seed: int
) -> Mold | None:
    """The first example as a case, with a profile for each buffer from the file's rules."""
    parameters = Parameters(source, kernel)
    given: dict[str, Any] = {t.name: _default(source, t.default) for t in kernel.template_params if t.default}
    given |= dict(template)
    fixed = {n: int(v) for n, v in given.items() if isinstance(v, int) and not isinstance(v, bool)}
    known: dict[str, int] | None = None
    for step in range(max((len(v) for v in entry.sizes.values()), default=1)):
        chosen = {n: v[min(step, len(v) - 1)] for n, v in entry.sizes.items()} | fixed
        known = relations.complete(chosen | _block(entry, chosen))
        if known is not None:
            break
    if known is None:
        return None
    builder = _Builder(source, kernel, entry, parameters, given, known, seed)
    args = tuple(builder.argument(p.name, p) for p in kernel.params)
    globals_ = tuple((g.qualified, builder.variable(g)) for g in parameters.globals)
    case = Case(
        kernel=kernel.qualified,
        instance=_instance(kernel, given),
        grid=(known["grid.x"], known["grid.y"], known["grid.z"]),
        block=(known["block.x"], known["block.y"], known["block.z"]),
        shared_bytes=known["shared"],
        args=args,
        buffers=tuple(builder.buffers),
        template_args=tuple((t.name, _template_value(given.get(t.name, ""))) for t in kernel.template_params),
        globals=globals_,
        origin="generated",
        seed=seed,
    )
    return Mold(kernel, case, tuple(builder.profiles), "generated")


def _default(source: Source, text: str) -> str | int | bool:
    if text in ("true", "false"):
        return text == "true"
    value = value_of(source, text)
    return value if value is not None else text


def _template_value(value: Any) -> int | bool | str:
    if isinstance(value, str):
        found = builtin(value)
        return found[0] if found and found[1] == 1 else value
    return bool(value) if isinstance(value, bool) else int(value)


def _instance(kernel: Kernel, given: Mapping[str, Any]) -> str:
    if not kernel.template_params:
        return kernel.qualified
    words = []
    for t in kernel.template_params:
        value = given.get(t.name, "")
        words.append(str(value).lower() if isinstance(value, bool) else str(value))
    return f"{kernel.qualified}<{', '.join(words)}>"


class _Builder:
    """Arguments and buffers of the first case."""

    def __init__(
        self,
        source: Source,
        kernel: Kernel,
        entry: Entry,
        parameters: Parameters,
        given: dict[str, Any],
        known: Mapping[str, int],
        seed: int,
    ) -> None:
        self.source, self.kernel, self.entry, self.parameters = source, kernel, entry, parameters
        self.given, self.known, self.seed = given, known, seed
        self.buffers: list[Buffer] = []
        self.profiles: list[Profile] = []

    def argument(self, name: str, param: Param) -> Arg:
        ctype = param.ctype
        if ctype.pointer:
            return self._pointer(name, ctype)
        if ctype.extents:
            count = value_of(self.source, ctype.extents[0]) or 0
            inner = CType(**{**ctype.__dict__, "extents": ctype.extents[1:]})
            items = tuple((str(i), self.argument(f"{name}[{i}]", Param(name, inner))) for i in range(count))
            return StructArg("array", items)
        struct = self.parameters.struct(ctype)
        if struct is not None:
            return StructArg(struct.name, tuple((f.name, self.argument(f"{name}.{f.name}", f)) for f in struct.fields))
        dtype, lanes = self.parameters.dtype(ctype, self.given)
        if lanes > 1:
            fields = tuple((w, self._scalar(f"{name}.{w}", name, dtype)) for w in _LANES[:lanes])
            return StructArg(ctype.name, fields)
        return self._scalar(name, name, dtype)

    def _scalar(self, name: str, ruled_by: str, dtype: Any) -> ScalarArg:
        if name in self.known:
            return ScalarArg(dtype.name, wrap(self.known[name], dtype.name))
        rule = self.entry.values.get(ruled_by)
        rng = generator(self.seed, "scalar", name)
        if dtype.kind == "b":
            return ScalarArg("bool", bool(rule.choices[0]) if rule and rule.choices else True)
        if rule is None:
            value = 1.0 if dtype.kind in "iu" else float(rng.uniform(0.5, 2.0))
        else:
            value = float(rule.choices[0]) if rule.choices else float(_draw(rule, 1, dtype, rng)[0])
        if dtype.kind in "iu":
            return ScalarArg(dtype.name, wrap(int(value), dtype.name))
        return ScalarArg(dtype.name, float(to_dtype(np.asarray(value), dtype)))

    def _pointer(self, name: str, ctype: CType) -> PointerArg:
        dtype, lanes = self.parameters.dtype(CType(**{**ctype.__dict__, "pointer": 0}), self.given)
        if ctype.pointer > 1:
            dtype, lanes = np.dtype(np.uint64), 1
        word = "struct" if dtype.names else dtype.name
        if name in self.entry.absent:
            return PointerArg(None, 0, word, lanes)
        rows = self.known[f"len({name})"]
        shape = (rows, lanes) if lanes > 1 else (rows,)
        rule = self.entry.values.get(name, _usual(dtype))
        self._add(name, rule, dtype, shape, constant=ctype.const)
        return PointerArg(len(self.buffers) - 1, 0, word, lanes)

    def variable(self, variable: GlobalVar) -> int:
        dtype, lanes = self.parameters.dtype(variable.ctype, self.given)
        rows = 1
        for extent in variable.ctype.extents:
            rows *= value_of(self.source, extent) or 1
        shape = (rows, lanes) if lanes > 1 else (rows,)
        self._add(
            variable.qualified, self.entry.values.get(variable.qualified, _usual(dtype)), dtype, shape, constant=True
        )
        return len(self.buffers) - 1

    def _add(self, name: str, rule: Rule, dtype: Any, shape: tuple[int, ...], *, constant: bool) -> None:
        rng = generator(self.seed, "sample", name)
        shaped = (_SAMPLE, *shape[1:])
        if dtype.names:
            sample: Array = noise(dtype, shaped, rng)
        else:
            sample = _draw(rule, _SAMPLE * (shape[1] if len(shape) > 1 else 1), dtype, rng).reshape(shaped)
        picked = sample[rng.integers(0, _SAMPLE, shape[0])] if shape[0] else sample[:0]
        if rule.kind == "permutation":
            picked = rng.permutation(shape[0]).astype(dtype)
        self.buffers.append(with_data(Buffer(name, picked), picked))
        self.profiles.append(_profile(rule, sample, written=not constant))


def _usual(dtype: Any) -> Rule:
    if dtype.names is None and dtype.kind in "iu":
        return Rule("integers", 0, 8)
    return Rule("bool" if dtype.kind == "b" else "normal")


def _draw(rule: Rule, count: int, dtype: Any, rng: np.random.Generator) -> Array:
    """A sample of the values a rule allows."""
    low = 0.0 if rule.low is None else rule.low
    high = low + 1.0 if rule.high is None else rule.high
    match rule.kind:
        case "constant":
            values = np.full(count, rule.value)
        case "uniform" | "sorted" if dtype.kind not in "iu":
            values = rng.uniform(low, high, count)
        case "uniform" | "sorted" | "integers":
            values = rng.integers(int(low), int(high), count, endpoint=True).astype(np.float64)
        case "bool":
            values = (rng.random(count) < 0.5).astype(np.float64)
        case "index" | "permutation":
            values = np.zeros(count)
        case _:
            values = rule.mean + rule.scale * rng.normal(0.0, 1.0, count)
            if rule.low is not None or rule.high is not None:
                values = np.clip(values, rule.low, rule.high)
    return np.asarray(np.sort(values) if rule.kind == "sorted" else values).astype(dtype)


def _profile(rule: Rule, sample: Array, *, written: bool) -> Profile:
    bounded = rule.kind in ("uniform", "integers", "sorted") or rule.low is not None
    sign: Any = "any"
    if sample.dtype.names is None and sample.size and rule.kind != "normal":
        least = float(sample.astype(np.float64).min())
        sign = "positive" if least > 0 else "nonnegative" if least >= 0 else "any"
    return Profile(
        sample,
        written,
        fresh=rule.kind == "output",
        sign=sign,
        constant=rule.kind == "constant",
        ordered=rule.kind == "sorted",
        permutation=rule.kind == "permutation",
        bound=rule.below,
        starts_at_zero=False,
        few=rule.kind == "bool",
        low=rule.low if bounded else None,
        high=rule.high if bounded else None,
    )
