"""Choosing the cases a port is judged on: captured launches, widened inside the relations that hold between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cuport.case import Case
from cuport.diagnostic import Diagnostic

if TYPE_CHECKING:
    from cuport.cases.relations import Relations
    from cuport.kernel import Kernel, Source


@dataclass(frozen=True, eq=False)
class Plan:
    """The cases of one kernel. `domain` is one line for people; `relations` one entry for each group of launches.

    Without cases, `diagnostics` say why. Suites of the cases: domain and values count, special (NaN, infinities) is
    judged by what the original does, width never rejects.
    """

    cases: tuple[Case, ...]
    domain: str = ""
    relations: tuple[Relations, ...] = ()
    notes: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def plan(
    source: Source,
    kernel: Kernel,
    captures: Sequence[Any],
    oracle: Any,
    *,
    seed: int = 0,
    cases: int = 48,
    threads: int = 200_000,
    args: Sequence[str] = (),
) -> Plan:
    """Choose a kernel's cases from its captured launches and its case file; the same arguments give the same cases.

    `captures` are `oracle.Capture`s of this kernel. `threads` bounds the CUDA threads over all cases, which is what
    interpreters pay for; `args` are the program's own, for running it again with other sizes. Raises CuportError where
    the original cannot be built.
    """
    from cuport.cases.choose import choose

    return choose(source, kernel, captures, oracle, seed=seed, cases=cases, threads=threads, args=args)


def first_guess(source: Source) -> str:
    """A case file for the kernels of a source, to be completed by hand."""
    from cuport.cases.guess import first_guess as guess

    return guess(source)
