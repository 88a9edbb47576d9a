"""`cuport inspect` as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from cuport.kernel import Kernel, Param
from cuport.review.screen import Row, printable

if TYPE_CHECKING:
    from cuport.batch.inspection import Inspection


def print_inspection(console: Console, found: Inspection) -> None:
    """Kernels in source order, each with its def line, parameters, launches and (if planned) its cases."""
    source = found.source
    what = "a program with main()" if source.has_main else "no main()"
    many = f"{_n(len(source.kernels), 'kernel')}, {_n(len(source.functions), 'function')}"
    console.print(Text(printable(f"{source.path}: {what}; {many}"), no_wrap=True, overflow="ignore"), crop=False)
    for kernel in source.kernels:
        console.print()
        console.print(_head(kernel), crop=False)
        for label, text in _rows(found, kernel):
            console.print(Row(label, text, whole=label == "port"), crop=False)  # a def line is there to be copied


def _head(kernel: Kernel) -> Text:
    heads = []
    for p in kernel.template_params:
        what = p.ctype if p.kind == "value" else "typename"
        heads.append(f"{what}{'...' if p.pack else ''} {p.name}".strip())
    template = f"template <{', '.join(heads)}> " if heads else ""
    text = Text(f"  {printable(kernel.span.path)}:{kernel.span.line}  {template}", no_wrap=True, overflow="ignore")
    return text.append(kernel.qualified, "bold")


def _rows(found: Inspection, kernel: Kernel) -> Iterator[tuple[str, str]]:
    for param in kernel.params:
        dtype = _dtype(kernel, param)
        lanes = f" x{param.ctype.lanes}" if param.ctype.lanes > 1 else ""
        mine = [(name.partition(".")[2], role) for name, role in kernel.roles if name.split(".")[0] == param.name]
        role = ", ".join(f"{field} {role}".strip() for field, role in mine)
        yield (
            "param",
            f"{param.name}: {param.ctype}{'...' if param.pack else ''}  ({dtype}{lanes}){'  ' + role if role else ''}",
        )
    for name in kernel.globals:
        yield "global", name
    for site in kernel.launches:
        args = f"<{', '.join(site.template_args)}> " if site.template_args else ""
        shared = f", shared {site.shared}" if site.shared else ""
        yield (
            "launch",
            f"line {site.span.line} in {site.function or '?'}: {args}grid {site.grid}, block {site.block}{shared}",
        )
    if not kernel.launches:
        cases = Path(found.source.path).with_suffix(".cases.toml")
        if cases.is_file():
            yield "launch", f"none in this file: described in {cases.name}"
        elif found.source.has_main:
            yield "launch", "not by name: perhaps through a pointer, which --cases sees when the program runs"
        else:
            yield "launch", "none in this file: needs a case file (--write-cases makes a first guess)"
    name = kernel.python_name
    yield "port", found.def_lines[name]
    if found.extras[name]:
        yield "extras", f"{', '.join(found.extras[name])} (keywords a port may declare)"
    if name in found.domains:
        yield "domain", found.domains[name]
    for note in found.notes.get(name, ()):
        yield "note", note
    rows = found.cases.get(name, ())
    width = max((len(row.launch) for row in rows), default=0)
    for row in rows:
        yield "case", f"{row.digest}  {row.origin:<9}  {row.suite:<7}  {row.launch:<{width}}  {row.label}"


def _dtype(kernel: Kernel, param: Param) -> str:
    ctype = param.ctype
    if ctype.dtype or ctype.struct:
        return ctype.dtype or f"struct {ctype.struct}"
    if ctype.name == "void":
        return "bytes"
    return "by template" if kernel.template_params else "no dtype"


def _n(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
