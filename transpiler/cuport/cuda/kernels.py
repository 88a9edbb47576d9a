"""`Kernel`s out of definitions: names, reach, launches, diagnostics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from cuport.cuda.clusters import cluster_use
from cuport.cuda.declarations import Definition
from cuport.cuda.launches import Launch
from cuport.cuda.lexer import names
from cuport.cuda.names import param_names, python_name
from cuport.cuda.parse import broken
from cuport.cuda.reach import Reach
from cuport.cuda.roles import roles
from cuport.cuda.textures import texture_use
from cuport.cuda.unit import Unit, meanings, plain_name
from cuport.diagnostic import Diagnostic, Span
from cuport.kernel import Kernel, LaunchSite, Struct

_GRID_WORDS = frozenset({"gridDim", "this_grid", "grid_group", "this_multi_grid"})


def read_kernels(
    unit: Unit,
    definitions: Sequence[Definition],
    launches: Sequence[Launch],
    reach: Reach,
    structs: Sequence[Struct],
) -> tuple[Kernel, ...]:
    """All kernels in source order. Explicit specialisations are reported on the primary template, if that is here."""
    heads = [d for d in definitions if d.is_kernel]
    primaries = {d.qualified for d in heads if "<" not in d.spelled}
    specialised: dict[str, list[Definition]] = defaultdict(list)
    kept: list[Definition] = []
    for d in heads:
        if "<" in d.spelled and d.qualified in primaries:
            specialised[d.qualified].append(d)
        else:
            kept.append(d)
    sites = _assign(kept, launches)
    kernels: list[Kernel] = []
    for d in kept:
        own = tuple(sites[d.node.start_byte])
        extra = _brought(own, structs, d)
        functions = reach.functions(d, extra)
        reached = [d, *functions]
        variables = tuple(v.qualified for v in reach.globals(reached))
        extras = [p.name for p in d.template_params] + [v.split("::")[-1] for v in variables]
        notes = _diagnostics(unit, d, functions) + texture_use(unit, d, reached) + cluster_use(unit, d, reached)
        notes += [_specialisation(unit, d, s) for s in specialised[d.qualified]]
        kernels.append(
            Kernel(
                name=d.name,
                qualified="::".join((*d.scope, d.spelled.split("::")[-1])) if "<" in d.spelled else d.qualified,
                python_name=python_name(d.qualified, [k.python_name for k in kernels]),
                params=d.params,
                param_names=param_names([p.name for p in d.params], extras),
                template_params=d.template_params,
                launches=own,
                globals=variables,
                calls=tuple(dict.fromkeys(f.qualified for f in functions)),
                reads_grid_dim=any(reach.body(f).all_names & _GRID_WORDS for f in reached),
                span=unit.span(d.whole),
                text=unit.text_of(d.whole),
                digest=reach.digest(d, extra),
                diagnostics=tuple(notes),
                roles=tuple(roles(unit, d, functions, structs).items()),
            )
        )
    return tuple(kernels)


def _assign(kernels: Sequence[Definition], launches: Sequence[Launch]) -> dict[int, list[LaunchSite]]:
    """Launch sites to kernels: by name as seen from the site's scope, among overloads by number of arguments."""
    by_name: dict[str, list[Definition]] = defaultdict(list)
    for k in kernels:
        by_name[k.name].append(k)
    sites: dict[int, list[LaunchSite]] = defaultdict(list)
    for launch in launches:
        parts = [p for p in plain_name(launch.site.kernel).split("::") if p]
        options = by_name.get(parts[-1], []) if parts else []
        for qualified in meanings(launch.site.kernel, launch.scope):
            exact = [o for o in options if o.qualified == qualified]
            if exact:
                options = exact
                break
        if len(options) > 1:
            fitting = [o for o in options if len(o.params) == len(launch.site.args)]
            options = fitting or options
        for option in options:
            sites[option.node.start_byte].append(launch.site)
    return sites


def _brought(sites: Sequence[LaunchSite], structs: Sequence[Struct], kernel: Definition) -> frozenset[str]:
    """Struct names that reach a template through its launches: `k<AddOp><<<...>>>(x, AddOp())`."""
    if not any(p.kind == "type" for p in kernel.template_params):
        return frozenset()
    known = {s.name for s in structs}
    mentioned: set[str] = set()
    for site in sites:
        for text in (*site.template_args, *site.args):
            mentioned |= names(text)
    # a variable's type is not followed: with any type parameter, every struct may come in by deduction
    return frozenset(mentioned & known) or frozenset(known)


def _diagnostics(unit: Unit, kernel: Definition, functions: Sequence[Definition]) -> list[Diagnostic]:
    found = []
    for d in (kernel, *functions):
        for node in broken(d.whole):
            what = (
                f"kernel {kernel.qualified}" if d is kernel else f"{d.qualified}, which kernel {kernel.qualified} calls"
            )
            if node.is_missing:
                message = f"syntax error in {what}: `{node.type}` is missing"
            else:
                text = unit.flat(node)
                message = f"syntax error in {what} near `{text[:60] + ('...' if len(text) > 60 else '')}`"
            hint = "if the C++ is right, the parser does not know this construct; rewriting it more plainly helps"
            found.append(Diagnostic("read.syntax-error", message, unit.span(node), hint))
    return found


def _specialisation(unit: Unit, kernel: Definition, other: Definition) -> Diagnostic:
    return Diagnostic(
        "read.specialised-kernel",
        f"kernel template {kernel.qualified} has an explicit specialisation {other.spelled}",
        unit.span(other.node),
        "the port has to branch on the template argument",
        "warning",
    )


def first_line(span: Span) -> Span:
    """The span cut to its first line, for messages about a long construct."""
    return Span(span.path, span.line, span.column)
