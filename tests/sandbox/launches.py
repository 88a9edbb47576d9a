"""Hand-made kernels and launches, so that the sandbox is tested without the reader and the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cuport.case import Arg, Buffer, Case, PointerArg, ScalarArg
from cuport.diagnostic import Span
from cuport.kernel import CType, Kernel, Param, TemplateParam

SPAN = Span("hand.cu", 1)


def kernel(
    name: str,
    params: Sequence[str],
    *,
    templates: Sequence[TemplateParam] = (),
    globals: Sequence[str] = (),
    qualified: str = "",
) -> Kernel:
    """A kernel as the reader would give it; only what the contract looks at is filled."""
    return Kernel(
        name=name,
        qualified=qualified or name,
        python_name=(qualified or name).replace("::", "__"),
        params=tuple(Param(p, CType("float", "float32")) for p in params),
        param_names=tuple(params),
        template_params=tuple(templates),
        launches=(),
        globals=tuple(globals),
        calls=(),
        reads_grid_dim=False,
        span=SPAN,
        text="",
        digest=name,
    )


def case(of: Kernel, args: Sequence[Arg], buffers: Sequence[tuple[str, np.ndarray[Any, Any]]], **given: Any) -> Case:
    """A launch of `of`."""
    told: dict[str, Any] = {"grid": (2, 1, 1), "block": (64, 1, 1), "shared_bytes": 0, **given}
    return Case(of.qualified, of.qualified, args=tuple(args), buffers=tuple(Buffer(n, d) for n, d in buffers), **told)


def pointer(buffer: int | None, dtype: str = "float32", *, offset: int = 0, lanes: int = 1) -> PointerArg:
    return PointerArg(buffer, offset, dtype, lanes)


def integer(value: int) -> ScalarArg:
    return ScalarArg("int32", value)


def real(value: float, dtype: str = "float32") -> ScalarArg:
    return ScalarArg(dtype, value)


SCALE = kernel("scale", ("x", "out", "n"))


def scale_case(n: int, seed: int = 0) -> Case:
    """out[i] = 2 * x[i] for i < n is what this launch is about; the buffers hold three more elements."""
    x = np.random.default_rng(seed).standard_normal(n + 3).astype(np.float32)
    out = np.full(n + 3, 7.0, np.float32)
    return case(SCALE, (pointer(0), pointer(1), integer(n)), (("x", x), ("out", out)), label=f"n={n}")
