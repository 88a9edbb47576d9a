"""The Triton target. Ports are interpreted from Triton's own IR on any machine, and compiled for NVIDIA and AMD.

screen      what a port may contain
worker      what runs inside the sandbox: passes over one case, the build
frontend    Triton's front end under a stub driver
tensors     a call's values as torch tensors
passes      one case in several orders and configurations
compile     machine code for sm_90 and gfx942
interpreter Triton IR in numpy
emit        rules translator: from the SIMT form to a port
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cuport.diagnostic import Diagnostic
from cuport.kernel import Kernel

if TYPE_CHECKING:
    from cuport.translators.rules.ir import Program


class TritonTarget:
    name = "triton"
    label = "Triton"
    extra = "triton"
    requires = ("triton", "torch")
    worker = "cuport.targets.triton.worker"

    def detects(self, module: ast.Module) -> bool:
        """A file that imports `triton`."""
        for node in ast.walk(module):
            if isinstance(node, ast.Import) and any(a.name.partition(".")[0] == "triton" for a in node.names):
                return True
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "triton":
                return True
        return False

    def screen(self, code: str, kernels: Sequence[Kernel]) -> list[Diagnostic]:
        from cuport.targets.triton.screen import screen_port

        return screen_port(code, kernels)

    def emit(self, program: Program) -> str:
        from cuport.targets.triton.emit import emit

        return emit(program)


TARGET = TritonTarget()
