"""JAX: pure functions under `jax.jit`, run on the CPU, lowered (jax.export) for TPU, CUDA and ROCm."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cuport.diagnostic import Diagnostic
from cuport.kernel import Kernel
from cuport.targets.jax import screen as jax_screen

if TYPE_CHECKING:
    from cuport.translators.rules.ir import Program


@dataclass(frozen=True)
class JaxTarget:
    """See `cuport.targets.base.Target`."""

    name: str = "jax"
    label: str = "JAX"
    extra: str = "jax"
    requires: tuple[str, ...] = ("jax", "jaxlib")
    worker: str = "cuport.targets.jax.worker"

    def detects(self, module: ast.Module) -> bool:
        """A file that imports jax."""
        tops: set[str] = set()
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                tops |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                tops.add(node.module.partition(".")[0])
        return "jax" in tops and "triton" not in tops

    def screen(self, code: str, kernels: Sequence[Kernel]) -> list[Diagnostic]:
        """Contract and policy violations; see `cuport.targets.jax.screen`."""
        return jax_screen.screen(code, kernels)

    def emit(self, program: Program) -> str:
        """The rules translator's program as a translation file; see `cuport.targets.jax.emit`."""
        text: str = importlib.import_module("cuport.targets.jax.emit").emit(program)
        return text


TARGET = JaxTarget()
