"""Cases, references and executions made by hand, so that every rule of the judge can be tried by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from cuport.candidate import Build, BuildRecord, Candidate, Execution, Failure, Outputs, Provenance
from cuport.case import Array, Bound, Buffer, Case, PointerArg, Reference, ScalarArg
from cuport.diagnostic import Span
from cuport.judge import judge
from cuport.kernel import CType, Kernel, Param, Source
from cuport.verdict import Verdict

GOOD_BUILD = Build((BuildRecord("cuda:90", "compiled", True, "", "abc"),))


def bound_of(value: Any, width: Any = None, *, tainted: Any = False, touched: Any = True, units: float = 4.0) -> Bound:
    """A bound of `units` roundings of float32 where no width is given."""
    v = np.asarray(value, np.float64)
    w = units * 2.0**-24 * np.abs(v) + 2.0**-126 if width is None else width
    masks = [np.broadcast_to(np.asarray(m, np.bool_), v.shape).copy() for m in (tainted, touched)]
    return Bound(v, np.broadcast_to(np.asarray(w, np.float64), v.shape).copy(), *masks)


def reference_of(
    before: Mapping[str, Array],
    after: Mapping[str, Array],
    bounds: Mapping[str, Bound | None] | None = None,
    *,
    variants: Sequence[Mapping[str, Array]] = (),
    suite: str = "domain",
    label: str = "",
    **more: Any,
) -> Reference:
    """`after`, `bounds` and `variants` name only what differs from `before` or has a bound."""
    buffers = tuple(Buffer(name, data) for name, data in before.items())
    args = (ScalarArg("int32", 7), *(PointerArg(i, 0, str(b.data.dtype)) for i, b in enumerate(buffers)))
    case = Case("k", "k", (2, 1, 1), (32, 1, 1), 0, args, buffers, suite=suite, label=label)
    outputs = tuple(after.get(name, data) for name, data in before.items())
    found = {} if bounds is None else bounds
    return Reference(
        case,
        outputs,
        tuple(found.get(name) for name in before),
        tuple(
            (f"v{i}", tuple(v.get(n, o) for n, o in zip(before, outputs, strict=True))) for i, v in enumerate(variants)
        ),
        **more,
    )


@dataclass(frozen=True)
class Court:
    """Judges made-up ports of a made-up kernel `k`."""

    def __call__(
        self,
        references: Sequence[Reference],
        outputs: Sequence[Sequence[Array] | Failure] | None = None,
        *,
        build: Build | None = GOOD_BUILD,
    ) -> Verdict:
        """`outputs` None: the port gives exactly what the original gave."""
        given = [r.outputs for r in references] if outputs is None else outputs
        made = tuple(Outputs(failure=o) if isinstance(o, Failure) else Outputs(tuple(o)) for o in given)
        names = ("n", *(b.name for b in references[0].case.buffers)) if references else ("n",)
        span = Span("k.cu", 1)
        params = tuple(Param(n, CType("float", "float32", pointer=int(n != "n"))) for n in names)
        kernel = Kernel("k", "k", "k", params, names, (), (), (), (), False, span, "", "kernel-digest")
        source = Source("dir/k.cu", "", "", (), (kernel,), (), (), (), (), (), True, "source-digest")
        return judge(
            source=source,
            kernel=kernel,
            target="jax",
            candidate=Candidate("jax", "code", ("k",), Provenance("file")),
            references=references,
            execution=Execution(made, "interpreted", "test tier"),
            build=build,
            domain="n = 7",
            seed=5,
        )


@pytest.fixture
def court() -> Court:
    return Court()


@pytest.fixture
def make_bound() -> Callable[..., Bound]:
    return bound_of


@pytest.fixture
def make_reference() -> Callable[..., Reference]:
    return reference_of


@pytest.fixture
def elementwise() -> Callable[..., list[Reference]]:
    """References of y = f(x) on random data, several cases, each with a bound for y."""

    def make(
        f: Callable[[Array], Array], *, cases: int = 3, n: int = 64, dtype: Any = np.float32, **more: Any
    ) -> list[Reference]:
        rng = np.random.default_rng(1)
        found = []
        for i in range(cases):
            x = rng.normal(size=n).astype(dtype)
            value = f(x.astype(np.float64))
            before = {"x": x, "y": rng.normal(size=n).astype(dtype)}
            bounds = {"x": bound_of(x, touched=False), "y": bound_of(value, **more)}
            found.append(reference_of(before, {"y": value.astype(dtype)}, bounds, label=f"case {i}"))
        return found

    return make


@pytest.fixture
def changed() -> Callable[..., list[list[Array]]]:
    """Outputs of a port that gives the original's, passed through `change` for one buffer (by index)."""

    def make(references: Sequence[Reference], buffer: int, change: Callable[[Array], Array]) -> list[list[Array]]:
        return [
            [change(a.copy()) if i == buffer else a for i, a in enumerate(reference.outputs)]
            for reference in references
        ]

    return make


@pytest.fixture
def in_suite() -> Callable[[Reference, str], Reference]:
    return lambda reference, suite: replace(reference, case=replace(reference.case, suite=suite))
