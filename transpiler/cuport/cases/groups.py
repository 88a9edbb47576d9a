"""Launches of one kernel sorted into groups that share relations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cuport.case import Array, Case, PointerArg
from cuport.cases.facts import facts, leaves
from cuport.cases.making import Mold, mold_of
from cuport.kernel import Kernel, Source

Launched = tuple[Case, tuple[Array, ...]]


@dataclass(frozen=True, eq=False)
class Group:
    """Launches with the same types, null pointers and aliasing; template values may differ."""

    kernel: Kernel
    launches: tuple[Launched, ...]
    alone: bool = False  # one template instance of several, which no relations hold for together

    @property
    def cases(self) -> list[Case]:
        return [case for case, _ in self.launches]

    def molds(self, source: Source) -> list[Mold]:
        """One mold an instance, in order of first launch."""
        by_instance: dict[str, list[Launched]] = {}
        for launch in self.launches:
            by_instance.setdefault(launch[0].instance, []).append(launch)
        return [mold_of(source, self.kernel, found) for found in by_instance.values()]


def group(kernel: Kernel, launches: Sequence[Launched]) -> list[Group]:
    found: dict[object, list[Launched]] = {}
    for launch in launches:
        found.setdefault(likeness(kernel, launch[0]), []).append(launch)
    return [Group(kernel, tuple(members)) for members in found.values()]


def likeness(kernel: Kernel, case: Case) -> object:
    types = tuple((n, v) for n, v in case.template_args if isinstance(v, str))
    pointers = tuple(
        (x.name, x.value.buffer if isinstance(x.value, PointerArg) else None, x.value.dtype)
        for x in leaves(kernel, case)
    )
    buffers = tuple((str(b.data.dtype), b.data.shape[1:]) for b in case.buffers)
    return types, pointers, buffers, case.globals


def numbers(kernel: Kernel, case: Case) -> tuple[tuple[str, int], ...]:
    """Everything that makes a launch another shape."""
    return (*sorted(facts(kernel, case).items()), *((n, -1) for n in (case.instance,)))
