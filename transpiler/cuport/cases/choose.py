"""One kernel's plan out of its captured launches and its case file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cuport.cases import Plan
from cuport.cases.bare import plan_declared
from cuport.cases.checking import OracleLike
from cuport.cases.files import case_file, entry_for
from cuport.cases.filling import Budget
from cuport.cases.planning import Planned, plan_captured
from cuport.diagnostic import CuportError, Diagnostic
from cuport.kernel import Kernel, LaunchSite, Source


def choose(
    source: Source,
    kernel: Kernel,
    captures: Sequence[Any],
    oracle: OracleLike,
    *,
    seed: int,
    cases: int,
    threads: int,
    args: Sequence[str],
) -> Plan:
    """See `cuport.cases.plan`."""
    refused = [d for d in kernel.diagnostics if d.code.startswith("unsupported.")]
    if refused:
        return Plan((), diagnostics=tuple(refused))
    try:
        entry = entry_for(source, kernel)
    except CuportError as error:
        return Plan((), diagnostics=error.diagnostics)
    sources = bool(captures) + (entry is not None)
    if sources == 0:
        return Plan((), diagnostics=(_without(source, kernel),))
    budget = Budget(max(1, cases // sources), max(1, threads // sources))
    planned: list[Planned] = []
    diagnostics: list[Diagnostic] = []
    if captures:
        found, problems = plan_captured(source, kernel, captures, oracle, seed=seed, budget=budget, args=args)
        planned += found
        diagnostics += problems
    if entry is not None:
        declared, problems = plan_declared(source, kernel, entry, oracle, seed=seed, budget=budget)
        planned += [declared] if declared is not None else []
        diagnostics += problems
    notes = dict.fromkeys(n for p in planned for n in p.notes)
    if planned and not any(p.cases for p in planned):
        message = f"the original {kernel.qualified} runs clean on none of the cases that were tried"
        hint = next(iter(notes), "")
        diagnostics.append(Diagnostic("cases.none-left", message, kernel.span, hint))
    notes |= dict.fromkeys(d.message for d in diagnostics if d.severity != "error")
    chosen = {c.digest: c for p in planned for c in p.cases}
    domains = dict.fromkeys(p.domain for p in planned)
    return Plan(
        tuple(chosen.values()),
        " | ".join(domains),
        tuple(p.relations for p in planned),
        tuple(notes),
        tuple(diagnostics),
    )


def _without(source: Source, kernel: Kernel) -> Diagnostic:
    name = case_file(source).name
    hint = f"describe its launches in {name}; `cuport inspect --write-cases {source.path}` writes a first guess"
    if not kernel.launches:
        message = f"kernel {kernel.qualified} is never launched here, and there is no case file for it"
        return Diagnostic("cases.never-launched", message, kernel.span, hint)
    if not source.has_main:
        message = f"there is no main() that launches {kernel.qualified}, and no case file for it"
        return Diagnostic("cases.no-program", message, kernel.span, hint)
    if any(_names_a_lambda(source, site) for site in kernel.launches):
        message = f"{kernel.qualified} is launched with a lambda: its type has no name, so that no case can hold it"
        hint = "make the lambda a struct with an operator()"
        return Diagnostic("cases.lambda", message, kernel.launches[0].span, hint)
    message = f"the program ended without launching {kernel.qualified} in a way that could be captured"
    return Diagnostic("cases.not-captured", message, kernel.launches[0].span, hint)


def _names_a_lambda(source: Source, site: LaunchSite) -> bool:
    """Whether an argument is a lambda, or a name that is set to one or a function's parameter of any type."""
    lambdas = set(re.findall(r"\bauto\s+(\w+)\s*=\s*\[[^\]]*\]", source.text))
    if any(re.match(r"\[[^\]]*\]\s*(__|\()", a) or a in lambdas for a in site.args):
        return True
    function = next((f for f in source.functions if f.qualified.split("::")[-1] == site.function.split("::")[-1]), None)
    if function is None or not re.search(r"\[[^\]]*\]\s*__(?:host|device)__", source.text):
        return False
    types = {t.name for t in function.template_params if t.kind == "type"}
    return any(p.name in site.args and p.ctype.name in types for p in function.params)
