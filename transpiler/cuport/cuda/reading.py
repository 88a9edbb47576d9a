"""`read`: one .cu file to a `Source`. The first stage of the road."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tree_sitter import Node

from cuport.cuda.declarations import (
    Definition,
    read_definitions,
    read_globals,
    read_prototypes,
    read_structs,
    read_types,
)
from cuport.cuda.kernels import first_line, read_kernels
from cuport.cuda.launches import read_launches
from cuport.cuda.lexer import unbalanced
from cuport.cuda.parse import broken, matches
from cuport.cuda.preprocess import Preprocessed, preprocess
from cuport.cuda.reach import Reach
from cuport.cuda.unit import Unit, plain_name
from cuport.diagnostic import CuportError, Diagnostic, fail
from cuport.kernel import Function, Source

_DEEPEST_NESTING = 2000


def read(
    path: str | Path,
    *,
    include_dirs: Sequence[Path] = (),
    defines: Sequence[str] = (),
    replaced: Mapping[str, str] | None = None,
    standard: str = "c++17",
    without_kernels: bool = False,
) -> Source:
    """Read a .cu file. Raises CuportError where there is nothing to go on with.

    What is wrong inside one kernel is a diagnostic of that kernel; what is wrong elsewhere is one of the source.
    `replaced`: see `preprocess`. `without_kernels`: a file that has none is fine too, as a part of a program.
    """
    path = Path(path)
    folders = [Path(d) for d in include_dirs]
    prepared = preprocess(path, include_dirs=folders, defines=defines, replaced=replaced, standard=standard)
    if not prepared.raw.strip():
        raise fail("read.empty", f"{path} is empty", hint="give a .cu file with a __global__ function")
    try:
        source = build(path, prepared, without_kernels=without_kernels)
    except RecursionError:
        raise fail("read.too-deep", f"{path} nests its brackets too deeply to be read") from None
    return replace(source, include_dirs=tuple(map(str, folders)), defines=tuple(defines))


def build(path: Path, prepared: Preprocessed, *, without_kernels: bool = False) -> Source:
    """The `Source` of a preprocessed text: everything `read` does after the preprocessor."""
    originals = {str(path): prepared.raw}
    for header in prepared.local_headers:
        originals[header] = prepared.headers_text[header]
    unit = Unit(str(path), prepared.text, prepared.line_map, originals)
    _check_nesting(unit)
    types = read_types(unit)
    structs = read_structs(unit, types)
    definitions = read_definitions(unit, types)
    prototypes = read_prototypes(unit, types)
    device = _device_definitions(definitions, prototypes)
    globals_ = read_globals(unit, types)
    reach = Reach(unit, definitions, device, globals_, structs)
    kernels = read_kernels(unit, definitions, read_launches(unit, definitions), reach, structs)
    functions = tuple(
        Function(
            name=d.name,
            qualified=d.qualified,
            device=d.node.start_byte in device,
            host="__host__" in d.words or "__device__" not in d.words,
            params=d.params,
            template_params=d.template_params,
            calls=tuple(dict.fromkeys(plain_name(c) for c in reach.body(d).called)),
            span=unit.span(d.whole),
            text=unit.text_of(d.whole),
        )
        for d in definitions
        if not d.is_kernel
    )
    diagnostics = [*prepared.diagnostics, *_outside(unit, definitions, kernels_start=_kernel_nodes(definitions))]
    diagnostics += _unread(unit, definitions, prototypes)
    if not kernels and not without_kernels:
        errors = [d for d in diagnostics if d.severity == "error"]
        raise CuportError(
            *errors,
            Diagnostic(
                "read.no-kernel",
                f"{path} has no __global__ function",
                None,
                "kernels may stand in a header: give the .cu file that includes it; `#if` may hide them: try -D",
            ),
        )
    return Source(
        path=str(path),
        raw=prepared.raw,
        text=prepared.text,
        line_map=prepared.line_map,
        kernels=kernels,
        functions=functions,
        structs=structs,
        globals=globals_,
        includes=prepared.includes,
        local_headers=prepared.local_headers,
        has_main=any(f.qualified == "main" for f in functions),
        digest=hashlib.sha256(prepared.text.encode()).hexdigest(),
        diagnostics=tuple(diagnostics),
    )


def _device_definitions(definitions: Sequence[Definition], prototypes: Sequence[Definition]) -> set[int]:
    """Start bytes of what runs on the device: by its own words or by those of an earlier prototype."""
    announced = {p.qualified for p in prototypes if "__device__" in p.words}
    return {
        d.node.start_byte
        for d in definitions
        if d.is_kernel or d.words & {"__device__", "constexpr"} or d.qualified in announced
    }


def _kernel_nodes(definitions: Sequence[Definition]) -> list[Node]:
    return [d.whole for d in definitions if d.is_kernel]


def _outside(unit: Unit, definitions: Sequence[Definition], kernels_start: Sequence[Node]) -> list[Diagnostic]:
    """Parser errors that no kernel is to blame for: warnings."""
    inside = [(n.start_byte, n.end_byte) for n in kernels_start]
    found = []
    for node in broken(unit.root):
        if any(start <= node.start_byte < end for start, end in inside):
            continue
        text = unit.flat(node)[:60]
        message = f"`{node.type}` is missing" if node.is_missing else f"not understood: `{text}`"
        found.append(Diagnostic("read.not-understood", message, first_line(unit.span(node)), "", "warning"))
    return found


def _unread(unit: Unit, definitions: Sequence[Definition], prototypes: Sequence[Definition]) -> list[Diagnostic]:
    """Every `__global__` must lead to a kernel that was read, a prototype or an instantiation; the rest are errors."""
    known = [(d.whole.start_byte, d.whole.end_byte) for d in (*definitions, *prototypes)]
    known += [(n.start_byte, n.end_byte) for c in matches("instantiations", unit.root) for n in c["known"]]
    defined = {d.qualified for d in definitions}
    found: list[Diagnostic] = []
    brackets = unbalanced(unit.pieces)
    if brackets:
        bracket = brackets[-1]
        start = len(unit.text[: bracket.start].encode())
        closing = bracket.text in ")]}"
        message = f"`{bracket.text}` closes nothing that is open" if closing else f"`{bracket.text}` is never closed"
        found.append(Diagnostic("read.unbalanced", message, unit.span_of(start, start + 1), "check the brackets"))
    for piece in unit.pieces:
        if piece.text == "__global__":
            at = len(unit.text[: piece.start].encode())
            if not any(start <= at < end for start, end in known):
                message = "this __global__ function could not be read"
                hint = "a syntax error near it, or a construct the parser does not know"
                span = unit.span_of(at, at + len(piece.text))
                found.append(Diagnostic("read.kernel-not-parsed", message, span, hint))
    for p in prototypes:
        if p.is_kernel and p.qualified not in defined:
            message = f"kernel {p.qualified} is declared but not defined here"
            hint = "give the file that defines it, or include that file"
            found.append(Diagnostic("read.kernel-undefined", message, unit.span(p.node), hint, "warning"))
    return found


def _check_nesting(unit: Unit) -> None:
    """Refuse texts whose brackets nest so deeply that walking their tree would fail."""
    depth = deepest = 0
    for piece in unit.pieces:
        if piece.text in ("(", "{", "["):
            depth += 1
            deepest = max(deepest, depth)
        elif piece.text in (")", "}", "]"):
            depth -= 1
    if deepest > min(_DEEPEST_NESTING, sys.getrecursionlimit() * 2):
        raise fail("read.too-deep", f"{unit.path} nests {deepest} brackets; at most {_DEEPEST_NESTING} are read")
