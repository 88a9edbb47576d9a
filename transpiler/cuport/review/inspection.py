"""`cuport inspect` as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cuport.kernel import Kernel

if TYPE_CHECKING:
    from cuport.batch.inspection import Inspection


def inspection_lines(found: Inspection) -> Iterator[str]:
    """Kernels in source order, each with its def line, parameters, launches and (if planned) its cases."""
    source = found.source
    what = "a program with main()" if source.has_main else "no main()"
    yield f"{source.path}: {what}; {len(source.kernels)} kernels, {len(source.functions)} functions"
    for kernel in source.kernels:
        yield ""
        yield from _kernel(kernel)
        name = kernel.python_name
        yield f"    port     {found.def_lines[name]}"
        if found.extras[name]:
            yield f"    extras   {', '.join(found.extras[name])} (keywords a port may declare)"
        if name in found.domains:
            yield f"    domain   {found.domains[name]}"
        for note in found.notes.get(name, ()):
            yield f"    note     {note}"
        for row in found.cases.get(name, ()):
            yield f"    case     {row.digest}  {row.origin:<9} {row.suite:<8} {row.launch}  {row.label}"


def _kernel(kernel: Kernel) -> Iterator[str]:
    heads = [
        f"{p.ctype} {p.name}".strip() if p.kind == "value" else f"typename {p.name}" for p in kernel.template_params
    ]
    template = f"template <{', '.join(heads)}> " if heads else ""
    yield f"  {kernel.span.path}:{kernel.span.line}  {template}{kernel.qualified}"
    for param in kernel.params:
        dtype = param.ctype.dtype or (f"struct {param.ctype.struct}" if param.ctype.struct else "by template")
        lanes = f" x{param.ctype.lanes}" if param.ctype.lanes > 1 else ""
        yield f"    param    {param.name}: {param.ctype}  ({dtype}{lanes})"
    for name in kernel.globals:
        yield f"    global   {name}"
    for site in kernel.launches:
        args = f"<{', '.join(site.template_args)}>" if site.template_args else ""
        shared = f", shared {site.shared}" if site.shared else ""
        launch = f"{args} grid {site.grid}, block {site.block}{shared}".strip()
        yield f"    launch   line {site.span.line} in {site.function or '?'}: {launch}"
    if not kernel.launches:
        yield "    launch   none in this file: needs a case file (--write-cases makes a first guess)"
