"""Other expressions for a doubtful length, tried where the first one lets the original run out of bounds.

`len(counts) = 16 * cells` and `cells * cells * cells` are alike on the only launch with cells = 4; sizes that the
checked build finds to be out of bounds tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cuport.cases.expressions import Expr, Num, names_in
from cuport.cases.infer import Inferred

_MOST = 4


def alternatives(inferred: Inferred) -> Iterator[Inferred]:
    """The relations with one doubtful length replaced, and with it all lengths that had the same expression."""
    lengths = inferred.relations.lengths
    tried: set[Expr] = set()
    found: list[Inferred] = []
    for name, options in inferred.rivals.items():
        expr = lengths.get(name)
        if expr is None or expr in tried or (isinstance(expr, Num) and inferred.launches > 1):
            continue
        tried.add(expr)
        alike = [n for n, e in lengths.items() if e == expr and n in inferred.rivals]
        found += [_with(inferred, alike, option) for option in options]
    kept = set(inferred.relations.roots)  # a size that the host passes is no coincidence
    yield from [f for f in found if kept <= set(f.relations.roots)][:_MOST]


def _with(inferred: Inferred, names: list[str], expr: Expr) -> Inferred:
    """Roots are the scalars that some rule uses: another rule may use others."""
    r = inferred.relations
    lengths = {n: (expr if n in names else e) for n, e in r.lengths.items()}
    rules = [*lengths.values(), *r.offsets.values(), *r.tied.values(), *r.require, r.shared]
    rules += [e for e in (*r.grid, *r.block, *r.derived_grid) if e is not None]
    used = {n for rule in rules for n in names_in(rule)}
    own = [n for n in (*r.roots, *r.loose) if n not in r.tied]
    roots = tuple(n for n in own if n in used or n.startswith("len("))
    loose = tuple(n for n in own if n not in roots)
    return replace(inferred, relations=replace(r, lengths=lengths, roots=roots, loose=loose))
