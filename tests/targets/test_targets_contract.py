"""The same contract over every target that is found; a new target passes it or is none."""

from __future__ import annotations

import ast
import importlib
import importlib.resources
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.sandbox.launches import case, integer, kernel, pointer, real

from cuport.case import Case
from cuport.diagnostic import CuportError
from cuport.sandbox.launch import build, execute
from cuport.targets import all_targets, broken_targets, missing, target
from cuport.targets.base import Target

TARGETS = all_targets()
EXAMPLES = Path(__file__).parents[2] / "examples"
HEAVY = ("jax", "jaxlib", "torch", "triton", "openai")
each = pytest.mark.parametrize("one", list(TARGETS.values()), ids=list(TARGETS))
SAXPY = kernel("saxpy", ("n", "alpha", "x", "incx", "y", "incy"))


def saxpy_case(n: int, incx: int = 1, incy: int = 1) -> Case:
    """y[i * incy] += alpha * x[i * incx], with small integers so that every rounding is exact."""
    rng = np.random.default_rng(n)
    x, y = (rng.integers(-9, 10, max(n, 1) * step).astype(np.float32) for step in (incx, incy))
    arguments = (integer(n), real(2.5), pointer(0), integer(incx), pointer(1), integer(incy))
    return case(SAXPY, arguments, (("x", x), ("y", y)), grid=(max(-(-n // 64), 1), 1, 1))


def port_of(one: Target) -> str:
    if missing(one):
        pytest.skip(f"{one.label} is not installed")
    path = EXAMPLES / "saxpy" / f"saxpy_{one.name}.py"
    if not path.exists():
        pytest.skip(f"there is no example port for {one.name}")
    return path.read_text()


def test_discovery_finds_targets_and_nothing_broken() -> None:
    assert set(TARGETS) >= {"jax", "triton"}
    assert broken_targets() == ()
    assert all(name == one.name for name, one in TARGETS.items())
    assert target("jax") is TARGETS["jax"]
    with pytest.raises(CuportError) as caught:
        target("abacus")
    assert caught.value.diagnostics[0].code == "target.unknown"


@each
def test_fields(one: Target) -> None:
    assert one.name.isidentifier() and one.name == one.name.lower()
    assert one.label and one.extra and one.requires
    assert all(name.isidentifier() for name in one.requires)


@each
def test_a_prompt_belongs_to_it(one: Target) -> None:
    assert (importlib.resources.files("cuport.prompts") / f"{one.name}.j2").is_file()


@each
def test_it_knows_its_own_ports_by_their_imports(one: Target) -> None:
    ports = {path: ast.parse(path.read_text()) for path in EXAMPLES.glob("*/*.py")}
    own = {path for path in ports if path.stem.endswith(f"_{one.name}")}
    assert {path for path, module in ports.items() if one.detects(module)} == own
    assert not one.detects(ast.parse("import math"))


@each
def test_the_worker_offers_the_protocol(one: Target) -> None:
    worker = importlib.import_module(one.worker)
    expected = {
        "prepare": ["mode", "device"],
        "load": ["path", "mode"],
        "call": ["module", "contract", "call"],
        "build": ["module", "contract", "calls"],
    }
    for name, parameters in expected.items():
        assert list(inspect.signature(getattr(worker, name)).parameters) == parameters


def test_targets_and_workers_import_nothing_heavy() -> None:
    workers = [one.worker for one in TARGETS.values()]
    script = f"""
import importlib, sys
from cuport.targets import all_targets
all_targets()
for name in {workers!r}:
    importlib.import_module(name)
print(*[name for name in {HEAVY!r} if name in sys.modules])
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""


@each
def test_an_accepted_style_of_port_passes_the_screen(one: Target) -> None:
    path = EXAMPLES / "saxpy" / f"saxpy_{one.name}.py"
    if not path.exists():
        pytest.skip(f"there is no example port for {one.name}")
    assert one.screen(path.read_text(), [SAXPY]) == []


@each
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("", "import subprocess\n"), "screen.import"),
        (("def saxpy(", "def axpy("), "screen.missing-function"),
        (("def saxpy(n, alpha", "def saxpy(alpha, n"), "screen.signature"),
        (("", "def (\n"), "screen.syntax"),
    ],
)
def test_the_screen_finds_what_no_port_may_do(one: Target, change: tuple[str, str], code: str) -> None:
    path = EXAMPLES / "saxpy" / f"saxpy_{one.name}.py"
    if not path.exists():
        pytest.skip(f"there is no example port for {one.name}")
    old, new = change
    text = path.read_text()
    broken = text.replace(old, new, 1) if old else text + "\n\n" + new
    assert code in {diagnostic.code for diagnostic in one.screen(broken, [SAXPY])}


@each
def test_it_runs_a_port_in_the_sandbox(one: Target) -> None:
    cases = [saxpy_case(n) for n in (1, 31, 33, 127)] + [saxpy_case(20, 2, 3)]
    execution = execute(one, port_of(one), SAXPY, cases)
    assert execution.how in ("interpreted", "compiled-cpu", "gpu") and execution.versions
    for launch, outputs in zip(cases, execution.outputs, strict=True):
        assert outputs.failure is None, outputs.failure
        n, _, _, incx, _, incy = (getattr(argument, "value", 0) for argument in launch.args)
        x, y = (buffer.data for buffer in launch.buffers)
        expected = y.copy()
        expected[: n * incy : incy] += np.float32(2.5) * x[: n * incx : incx]
        np.testing.assert_array_equal(outputs.arrays[0], x)
        np.testing.assert_array_equal(outputs.arrays[1], expected)


@each
def test_it_builds_a_port(one: Target) -> None:
    built = build(one, port_of(one), SAXPY, [saxpy_case(33), saxpy_case(33), saxpy_case(64)])
    assert built.ok, built
    assert all(record.kind in ("compiled", "lowered") and record.artifact for record in built.records)


@each
def test_a_port_without_the_kernel_is_a_contract_failure(one: Target) -> None:
    (outputs,) = execute(one, port_of(one).replace("def saxpy(", "def axpy("), SAXPY, [saxpy_case(5)]).outputs
    assert outputs.failure is not None and outputs.failure.kind == "contract"
    assert "def saxpy(n, alpha, x, incx, y, incy):" in outputs.failure.message
