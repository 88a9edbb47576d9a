"""A new case: a captured launch with other numbers, its buffers filled for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from cuport.case import Array, Buffer, Case, Origin, PointerArg, ScalarArg
from cuport.cases.constants import index_like
from cuport.cases.facts import (
    AXES,
    buffer_names,
    element,
    facts,
    global_numbers,
    leaves,
    step_of,
    with_data,
    with_leaves,
)
from cuport.cases.profile import Profile, poisoned, profile
from cuport.cases.values import MAIN, fill, generator, limit_of, noise, scalar, with_specials
from cuport.kernel import Kernel, Source

Steady: TypeAlias = Literal["", "counters", "all"]
MOST_BYTES = 96 << 20  # of one case's buffers


@dataclass(frozen=True, eq=False)
class Mold:
    """What new cases of one group of launches are made from: a launch, and a profile for each of its buffers."""

    kernel: Kernel
    base: Case
    profiles: tuple[Profile, ...]
    origin: Origin = "widened"

    @property
    def names(self) -> dict[str, int]:
        return buffer_names(self.kernel, self.base)


def mold_of(source: Source, kernel: Kernel, launches: Sequence[tuple[Case, tuple[Array, ...]]]) -> Mold:
    """A mold from launches alike in arguments and buffers; the smallest one is the base."""
    launches = sorted(launches, key=lambda x: (x[0].threads, sum(b.data.nbytes for b in x[0].buffers)))
    base = launches[0][0]
    names = {index: name for name, index in buffer_names(kernel, base).items()}
    roles = dict(kernel.roles)
    found = [
        profile(kernel, launches, i, indexes=i not in names or index_like(source, kernel, names[i]))
        for i in range(len(base.buffers))
    ]
    globals_ = {index for _, index in base.globals}
    profiles = tuple(
        replace(p, touched=i in globals_ or roles.get(names.get(i, ""), "in/out") not in ("in", "unused"))
        for i, p in enumerate(found)
    )
    return Mold(kernel, base, profiles)


def bytes_of(mold: Mold, known: Mapping[str, int]) -> int:
    """Bytes that a case with these quantities would hold."""
    total = 0
    for name, index in mold.names.items():
        data = mold.base.buffers[index].data
        row = int(data.dtype.itemsize) * (int(data.shape[1]) if data.ndim == 2 else 1)
        total += row * known[f"len({name})"]
    return total


def make(
    mold: Mold,
    known: Mapping[str, int],
    *,
    family: str = MAIN,
    seed: int = 0,
    label: str = "",
    longer: int = 0,
    steady: Steady = "",
) -> Case:
    """A case with these quantities (`Relations.complete`), its contents from one family. `longer`: rows more a buffer.

    `steady`: counters ("counters") or all integers in buffers ("all") are the captured ones, cut or repeated to length.

    Everything is decided by the arguments: the same seed, quantities and family give the same bytes.
    """
    base, kernel = mold.base, mold.kernel
    numbers = sorted((k, v) for k, v in known.items())
    buffers = list(base.buffers)
    for name, index in mold.names.items():
        rng = generator(seed, kernel.qualified, base.instance, numbers, family, name)
        rows = known[f"len({name})"] + longer
        like = base.buffers[index].data
        data = fill(mold.profiles[index], like, rows, known, family, rng)
        if (steady == "all" and _whole(like.dtype)) or (steady and mold.profiles[index].counter):
            data = cut(like, rows, mold.profiles[index], known)
        buffers[index] = with_data(base.buffers[index], data)
    for index in {i for _, i in base.globals}:
        rng = generator(seed, kernel.qualified, base.instance, numbers, family, "global", index)
        buffers[index] = _global(base.buffers[index], mold.profiles[index], known, family, rng)
    for name, (index, path) in global_numbers(base).items():
        if name in known:
            data = buffers[index].data.copy()
            view = element(data, path)
            view[0] = wrap(known[name], view.dtype.name)
            buffers[index] = with_data(buffers[index], data)
    values: dict[str, ScalarArg | PointerArg] = {}
    for leaf in leaves(kernel, base):
        if isinstance(leaf.value, PointerArg):
            if leaf.value.buffer is not None and f"offset({leaf.name})" in known:
                step = step_of(leaf.value, base.buffers[leaf.value.buffer].data)
                values[leaf.name] = replace(leaf.value, offset=known[f"offset({leaf.name})"] * step)
        elif leaf.kind == "int":
            values[leaf.name] = ScalarArg(
                leaf.value.dtype, wrap(known.get(leaf.name, int(leaf.value.value)), leaf.value.dtype)
            )
        else:
            rng = generator(seed, kernel.qualified, base.instance, numbers, family, "scalar", leaf.name)
            values[leaf.name] = scalar(leaf.value, family, rng)
    return replace(
        base,
        grid=extent(known, "grid"),
        block=extent(known, "block"),
        shared_bytes=known["shared"],
        args=with_leaves(kernel, base, values),
        buffers=tuple(buffers),
        origin=mold.origin,
        seed=seed,
        label=label,
        suite="domain" if family == MAIN else "values",
    )


def _whole(dtype: np.dtype[Any]) -> bool:
    """Integers, and records, which may hold some."""
    return bool(dtype.kind in "iub" or dtype.names is not None)


def cut(captured: Array, rows: int, profile: Profile, known: Mapping[str, int]) -> Array:
    """Captured contents cut or repeated to length; indices that are too large for the new sizes are brought down."""
    if captured.shape[0] == 0:
        return np.zeros((rows, *captured.shape[1:]), captured.dtype)
    data: Array = captured[np.arange(rows) % captured.shape[0]]
    limit = limit_of(profile.bound, known)
    if limit is None or data.dtype.kind not in "iu":
        return data
    top = max(limit if profile.inclusive else limit - 1, 0)
    lowered = np.minimum(data, top) if profile.ordered else np.where(data > top, data % (top + 1), data)
    return np.asarray(lowered.astype(data.dtype))


def with_captured_integers(mold: Mold, case: Case) -> Case:
    """The case with the captured integers in its buffers."""
    known = facts(mold.kernel, case)
    buffers = list(case.buffers)
    for index in mold.names.values():
        like = mold.base.buffers[index].data
        if _whole(like.dtype):
            rows = int(case.buffers[index].data.shape[0])
            buffers[index] = with_data(buffers[index], cut(like, rows, mold.profiles[index], known))
    return replace(case, buffers=tuple(buffers))


def _global(buffer: Buffer, shape: Profile, known: Mapping[str, int], family: str, rng: np.random.Generator) -> Buffer:
    """Globals keep their length. Integers stay as they are: their meaning is not known; floats follow the family."""
    data = buffer.data
    if data.dtype.names or data.dtype.kind in "iub" or shape.fresh:
        return buffer
    if family == MAIN and data.shape[0] == 1:
        return buffer
    return with_data(buffer, fill(shape, data, data.shape[0], known, family, rng))


def without_poison(case: Case, seed: int) -> Case:
    """The case with noise where device memory was never written: what a launch leaves alone shows, and is no NaN."""
    buffers = []
    for index, buffer in enumerate(case.buffers):
        raw = poisoned(buffer.data)
        if raw.any():
            data = buffer.data.copy()
            data[raw] = noise(data.dtype, data[raw].shape, generator(seed, case.kernel, "poison", index))
            buffer = with_data(buffer, data)
        buffers.append(buffer)
    return replace(case, buffers=tuple(buffers))


def special(mold: Mold, case: Case, kind: str) -> Case:
    """The case with some NaN or infinite inputs; it is judged by what the original makes of them."""
    buffers = list(case.buffers)
    for name, index in mold.names.items():
        if not mold.profiles[index].fresh:
            rng = generator(case.seed, kind, name, case.label)
            buffers[index] = with_data(buffers[index], with_specials(buffers[index].data, kind, rng))
    label = f"{case.label}, with {'NaN' if kind == 'nan' else 'infinities'}"
    return replace(case, buffers=tuple(buffers), origin="special", suite="special", label=label)


def extent(known: Mapping[str, int], word: str) -> tuple[int, int, int]:
    x, y, z = (known[f"{word}.{a}"] for a in AXES)
    return x, y, z


def wrap(value: int, dtype: str) -> int:
    """The value as an integer of this type holds it."""
    info: Any = np.iinfo(dtype)
    span = int(info.max) - int(info.min) + 1
    return (value - int(info.min)) % span + int(info.min)
