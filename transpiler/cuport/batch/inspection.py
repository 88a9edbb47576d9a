"""What `cuport inspect` finds out about one source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cuport.case import Case, Dim3
from cuport.cases import first_guess
from cuport.diagnostic import CuportError, Diagnostic, fail
from cuport.kernel import Source
from cuport.pipeline import Program, Road
from cuport.sandbox.contract import contract_of
from cuport.store.files import write_whole


@dataclass(frozen=True)
class CaseRow:
    label: str
    origin: str
    suite: str
    launch: str
    digest: str


@dataclass(frozen=True)
class Inspection:
    """`domains` and `cases` by kernel, filled only where cases were asked for."""

    source: Source
    def_lines: dict[str, str]
    extras: dict[str, tuple[str, ...]]
    domains: dict[str, str] = field(default_factory=dict)
    cases: dict[str, tuple[CaseRow, ...]] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        body = asdict(self)
        for key in ("raw", "text", "line_map", "functions"):  # long, and the reader has the file
            del body["source"][key]
        return body


def inspect_file(road: Road, path: Path, *, cases: bool, args: Sequence[str] = ()) -> Inspection:
    """Read a source; with `cases` also run its program and plan each kernel's cases. Raises CuportError."""
    program = road.open(path, args) if cases else Program(road.read(path), (), tuple(args))
    source = program.source
    diagnostics = [*source.diagnostics, *program.diagnostics]
    contracts = {k.python_name: contract_of(k) for k in source.kernels}
    domains, rows, notes = {}, {}, {}
    for kernel in source.kernels:
        diagnostics += kernel.diagnostics
        if not cases:
            continue
        try:
            ground = road.ground(program, kernel)
        except CuportError as error:
            diagnostics += error.diagnostics
            continue
        domains[kernel.python_name] = ground.plan.domain
        notes[kernel.python_name] = tuple(ground.plan.notes)
        planned = [r.case for r in ground.references]
        rows[kernel.python_name] = tuple(
            CaseRow(c.label, c.origin, c.suite, _launch(c), c.digest[:12]) for c in planned
        )
    return Inspection(
        source,
        {name: c.def_line for name, c in contracts.items()},
        {name: c.extras for name, c in contracts.items()},
        domains,
        rows,
        notes,
        tuple(dict.fromkeys(diagnostics)),
    )


def _launch(case: Case) -> str:
    """As CUDA writes it: `<<<(40,2), 256, 1024>>>`, dimensions of 1 at the end left out."""
    shared = f", {case.shared_bytes}" if case.shared_bytes else ""
    return f"<<<{_dims(case.grid)}, {_dims(case.block)}{shared}>>>"


def _dims(extents: Dim3) -> str:
    x, y, z = extents
    kept = (x, y, z) if z > 1 else (x, y) if y > 1 else (x,)
    return str(x) if len(kept) == 1 else f"({','.join(map(str, kept))})"


def write_first_guess(inspection: Inspection) -> Path:
    """Write NAME.cases.toml beside the source; an existing file is never replaced. Raises CuportError."""
    path = Path(inspection.source.path).with_suffix(".cases.toml")
    if path.exists():
        raise fail("cases.exists", f"{path} is there already", hint="move it away to get a fresh first guess")
    write_whole(path, first_guess(inspection.source))
    return path
