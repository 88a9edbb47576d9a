"""The JAX screen: ports in good style pass, each thing no port may do is found at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sandbox.launches import kernel

from cuport.targets.jax import TARGET

EXAMPLES = Path(__file__).parents[3] / "examples"
K = kernel("k", ("x", "n"))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*_jax.py")), ids=lambda path: path.stem)
def test_the_examples_pass(path: Path) -> None:
    assert TARGET.screen(path.read_text(), []) == []


GOOD = '''
"""A port."""
from functools import partial
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import pallas as pl

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_default_matmul_precision", "highest")
TILE = 4 * 8


@partial(jax.jit, static_argnames="n")
def _body(x, n):
    s = jax.scipy.special.erf(x * np.float32(math.sqrt(0.5)))
    return lax.fori_loop(0, n, lambda i, c: c + jax.nn.relu(s), x)


def k(x, n):
    y = jax.vmap(lambda v: v * np.pi)(_body(x, n).reshape(-1))
    return {"x": y.at[:TILE].set(0, mode="drop").astype(np.dtype("float32"))}
'''


def test_a_rich_port_passes() -> None:
    assert TARGET.screen(GOOD, [K]) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("import os", "screen.import"),
        ("import torch", "screen.import"),
        ("from jax import pure_callback", "screen.forbidden"),
        ("from jax.experimental import io_callback", "screen.forbidden"),
        ("y = jax.pure_callback(f, x, x)", "screen.forbidden"),
        ("jax.debug.print('{}', x)", "screen.forbidden"),
        ("jax.debug.callback(print, x)", "screen.forbidden"),
        ("y = jax.ffi.ffi_call('f', x)(x)", "screen.forbidden"),
        ("y = jax.device_get(x)", "screen.forbidden"),
        ("y = np.dot(x, x)", "screen.forbidden"),
        ("y = np.asarray(x)", "screen.forbidden"),
        ("y = np.ctypeslib.as_ctypes(x)", "screen.forbidden"),
        ("y = x.tolist()", "screen.forbidden"),
        ("y = x.item()", "screen.forbidden"),
        ("y = jnp.load('a')", "screen.forbidden"),
        ("y = jax.live_arrays()", "screen.forbidden"),
        ("y = open('a')", "screen.forbidden"),
        ("jnp.sum = None", "screen.patch"),
        ("jax.config.update('jax_enable_x64', True)", "screen.config"),
        ("jax.config.jax_enable_x64 = True", "screen.patch"),
        ("global z", "screen.state"),
    ],
)
def test_what_no_port_may_do_is_found_at_its_line(line: str, code: str) -> None:
    text = (
        f"import jax\nimport jax.numpy as jnp\nimport numpy as np\n\ndef k(x, n):\n    {line}\n    return {{'x': x}}\n"
    )
    found = TARGET.screen(text, [K])
    assert code in {diagnostic.code for diagnostic in found}
    assert all(
        diagnostic.span is not None and diagnostic.span.line == 6 for diagnostic in found if diagnostic.code == code
    )


@pytest.mark.parametrize(
    "call",
    [
        "jax.config.update('jax_enable_x64', False)",
        "jax.config.update('jax_platforms', 'cpu')",
        "jax.config.update(name, True)",
        "jax.config.update('jax_default_matmul_precision', 'bfloat16')",
        "jax.config.update(val=True, name='jax_enable_x64')",
    ],
)
def test_only_what_the_contract_speaks_of_is_configured(call: str) -> None:
    found = TARGET.screen(f"import jax\nname = 'jax_enable_x64'\n{call}\ndef k(x, n):\n    return {{}}\n", [K])
    assert [(d.code, d.span.line) for d in found if d.span] == [("screen.config", 3)]
