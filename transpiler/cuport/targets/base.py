"""What a target is. Everything about one target lives in its own file or folder beside this one."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Protocol

from cuport.diagnostic import Diagnostic
from cuport.kernel import Kernel
from cuport.translators.rules.ir import Program


class Target(Protocol):
    """A language that kernels are ported to. A module of this package exposes one as `TARGET`.

    `worker` names the module that runs inside the sandbox (see `cuport.sandbox.worker.TargetWorker`).
    """

    name: str  # "jax": the --target word, the suffix of port files, the prompt's name (prompts/<name>.j2)
    label: str  # "JAX"
    extra: str  # pip extra that installs it
    requires: tuple[str, ...]  # importable modules it needs
    worker: str

    def detects(self, module: ast.Module) -> bool:
        """Whether this translation file, by its imports, is a port to this target."""
        ...

    def screen(self, code: str, kernels: Sequence[Kernel]) -> list[Diagnostic]:
        """Contract and policy violations found in the AST, each with its line. Advisory: never the wall."""
        ...

    def emit(self, program: Program) -> str:
        """The rules translator's last step: one translation file for the program's kernels.

        Raises CuportError with `unsupported.*` diagnostics for constructs this target cannot express.
        """
        ...
