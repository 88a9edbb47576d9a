"""A kernel's parameters as a launch without a program needs them: leaves, dtypes, layouts of structs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cuport.cases.constants import value_of
from cuport.cuda.types import builtin
from cuport.diagnostic import fail
from cuport.kernel import CType, GlobalVar, Kernel, Param, Source, Struct


@dataclass(frozen=True)
class Parameters:
    """Names as in cases.facts: `n`, `p.n`, `p.dims[0]`."""

    source: Source
    kernel: Kernel

    @cached_property
    def leaves(self) -> list[tuple[str, CType]]:
        """Scalars and pointers in order, those of structs by value taken apart."""
        return [leaf for p in self.kernel.params for leaf in self._apart(p.name, p)]

    def _apart(self, name: str, param: Param) -> list[tuple[str, CType]]:
        ctype = param.ctype
        if ctype.pointer or not (ctype.struct or ctype.extents):
            return [(name, ctype)]
        if ctype.extents:
            count = value_of(self.source, ctype.extents[0]) or 0
            inner = CType(**{**ctype.__dict__, "extents": ctype.extents[1:]})
            return [x for i in range(count) for x in self._apart(f"{name}[{i}]", Param(name, inner))]
        struct = self.struct(ctype)
        return [x for f in struct.fields for x in self._apart(f"{name}.{f.name}", f)] if struct else [(name, ctype)]

    def struct(self, ctype: CType) -> Struct | None:
        return next((s for s in self.source.structs if s.qualified == ctype.struct), None)

    @cached_property
    def pointers(self) -> list[str]:
        return [n for n, c in self.leaves if c.pointer]

    @cached_property
    def integers(self) -> list[str]:
        """Integer scalars; a template type that stands for one counts as well, since only the case file knows."""
        return [
            n
            for n, c in self.leaves
            if not c.pointer and c.lanes == 1 and (c.dtype or "").lstrip("u").startswith("int")
        ]

    @cached_property
    def globals(self) -> list[GlobalVar]:
        return [g for g in self.source.globals if g.qualified in self.kernel.globals]

    @cached_property
    def all_names(self) -> frozenset[str]:
        return frozenset({n for n, _ in self.leaves} | {g.qualified for g in self.globals})

    def dtype(self, ctype: CType, templates: dict[str, Any]) -> tuple[Any, int]:
        """(numpy dtype, lanes) of what a type holds; raises CuportError (`unsupported.*`) where there is none."""
        if ctype.dtype:
            return np.dtype(ctype.dtype), ctype.lanes
        given = templates.get(ctype.name)
        if isinstance(given, str):
            found = builtin(given)
            if found:
                return np.dtype(found[0]), found[1]
        struct = self.struct(ctype)
        if struct is not None:
            return self.layout(struct, templates), 1
        if ctype.name == "void":
            return np.dtype(np.uint8), 1
        raise fail(
            "unsupported.case-type",
            f"a case file cannot give values for type `{given or ctype.name}` of {self.kernel.qualified}",
            span=self.kernel.span,
            hint="launch the kernel from a main() instead",
        )

    def layout(self, struct: Struct, templates: dict[str, Any]) -> Any:
        """The dtype of a struct in memory, by the usual alignment rules."""
        names, formats, offsets = [], [], []
        at, widest = 0, 1
        for f in struct.fields:
            base, lanes = (np.dtype(np.uint64), 1) if f.ctype.pointer else self.dtype(f.ctype, templates)
            extents = tuple(value_of(self.source, e) or 1 for e in f.ctype.extents)
            shape = (*extents, lanes) if lanes > 1 else extents
            size = int(base.itemsize) * lanes
            align = size if lanes in (2, 4) and size <= 16 else _alignment(base)
            at = -(-at // align) * align
            widest = max(widest, align)
            names.append(f.name)
            formats.append(np.dtype((base, shape)) if shape else base)
            offsets.append(at)
            at += int(formats[-1].itemsize)
        size = max(-(-at // widest) * widest, 1)
        return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})


def _alignment(dtype: Any) -> int:
    if dtype.names:
        return max((_alignment(dtype[n].base) for n in dtype.names), default=1)
    return max(1, int(dtype.itemsize))
