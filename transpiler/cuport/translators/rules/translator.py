"""The rules translator: kernel -> IR -> the target's text. No model, no network, the same result every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from cuport.candidate import Candidate, Provenance
from cuport.case import Arg, Case, PointerArg, ScalarArg
from cuport.diagnostic import CuportError, Diagnostic
from cuport.kernel import Kernel, Source
from cuport.sandbox.contract import contract_of
from cuport.translators.base import Proposal, Request
from cuport.translators.rules import ir
from cuport.translators.rules.lower import lower_kernel

if TYPE_CHECKING:
    from cuport.targets.base import Target


class RulesTranslator:
    """See `cuport.translators.base.Translator`. A proposal depends on the request's source and cases only."""

    name = "rules"
    repairs = False

    def __init__(self, target: Target) -> None:
        self.target = target

    def propose(self, request: Request) -> Proposal:
        """One candidate for the kernel, or `unsupported.*` diagnostics that say what stands in the way."""
        try:
            program = program_of(request.source, request.kernel, request.cases)
            code = self.target.emit(program)
        except CuportError as error:
            return Proposal(None, _placed(error.diagnostics, request.kernel))
        except Exception as error:  # a defect of ours is a diagnostic for the user, not a traceback
            what = f"the rules translator failed on `{request.kernel.qualified}`: {type(error).__name__}: {error}"
            hint = "this is a defect of cuport; please report it with the kernel"
            return Proposal(None, (Diagnostic("unsupported.internal", what, request.kernel.span, hint),))
        notes = tuple(f"{n.span}: {n.message}" for k in program.kernels for f in k.functions for n in f.notes)
        provenance = Provenance(self.name, notes=tuple(dict.fromkeys(notes)))
        return Proposal(Candidate(self.target.name, code, (request.kernel.python_name,), provenance))


def program_of(source: Source, kernel: Kernel, cases: Sequence[Case]) -> ir.Program:
    """The IR program of one kernel, for the template instances of its cases. Raises CuportError."""
    contract = contract_of(kernel)
    keywords = dict(contract.templates)
    functions = tuple(
        replace(f, template_args=tuple((keywords.get(name, name), value) for name, value in f.template_args))
        for f in lower_kernel(source, kernel, cases)
    )
    extras = tuple(keyword for _, keyword in (*contract.templates, *contract.globals))
    example = _example(kernel, cases[0]) if cases else ""
    port = ir.KernelPort(
        kernel.python_name, kernel.qualified, kernel.param_names, extras, functions, kernel.span.line, example
    )
    lines = {i + 1: line for i, (_, line) in enumerate(source.line_map)}
    return ir.Program(PurePath(source.path).name, (port,), lines)


def _example(kernel: Kernel, case: Case) -> str:
    """A call as the translation file's contract has it, with this launch's numbers."""
    args = [_shown(name, arg) for name, arg in zip(kernel.param_names, case.args, strict=False)]
    return f"{kernel.python_name}({', '.join([*args, f'grid={case.grid}', f'block={case.block}'])})"


def _shown(name: str, arg: Arg) -> str:
    if isinstance(arg, ScalarArg):
        return repr(arg.value)
    if isinstance(arg, PointerArg) and arg.buffer is None:
        return "None"
    return name


def _placed(diagnostics: Sequence[Diagnostic], kernel: Kernel) -> tuple[Diagnostic, ...]:
    """Diagnostics with at least the kernel's own span."""
    return tuple(d if d.span is not None else replace(d, span=kernel.span) for d in diagnostics)
