"""The screens' common ground: what an honest port may write passes, what none needs is named with its line."""

from __future__ import annotations

import pytest

from cuport.diagnostic import Diagnostic, Span
from cuport.judge.screen import Names, ScreenPolicy, parse_port, screen
from cuport.kernel import CType, Kernel, Param, TemplateParam

POLICY = ScreenPolicy(
    imports=frozenset({"jax", "numpy"}),
    only={"numpy": frozenset({"float32", "int32", "dtype"})},
    forbidden=frozenset({"jax.pure_callback", "jax.experimental.io_callback"}),
    attributes=frozenset({"pure_callback", "io_callback"}),
    module_calls=frozenset({"jax.config.update"}),
)

GOOD = '''"""A port."""
from __future__ import annotations
import functools
import math
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
HALF_PI = math.pi / 2
lax = jax.lax


@functools.partial(jax.jit, static_argnames=("n",))
def body(n, x):
    return jnp.where(jnp.arange(n) < n, x * np.float32(2), x)


def saxpy(n, a, x, y, *, grid, BLOCK=4):
    return {"y": y.at[:n].set(body(n, x)[:n] * a + lax.exp(y[:n]))}
'''


def kernel(name: str = "saxpy", params: tuple[str, ...] = ("n", "a", "x", "y")) -> Kernel:
    span = Span("k.cu", 1)
    ctype = CType("float", "float32")
    return Kernel(
        name=name,
        qualified=name,
        python_name=name,
        params=tuple(Param(p, ctype) for p in params),
        param_names=params,
        template_params=(TemplateParam("BLOCK", "value", "int"),),
        launches=(),
        globals=("table",),
        calls=(),
        reads_grid_dim=False,
        span=span,
        text="",
        digest="",
    )


def codes(code: str) -> list[tuple[str, int]]:
    _, _, found = screen(code, [kernel()], POLICY)
    return [(d.code, d.span.line if d.span else 0) for d in found]


def test_an_honest_port_passes() -> None:
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("import os", "screen.import"),
        ("from jax._src import core", "screen.import"),
        ("import jax._src.core", "screen.import"),
        ("from jax import *", "screen.import"),
        ("from . import other", "screen.import"),
        ("from jax import pure_callback", "screen.forbidden"),
        ("from jax.experimental import io_callback", "screen.forbidden"),
        ("cb = jax.pure_callback", "screen.forbidden"),
        ("data = np.load('answers.npy')", "screen.forbidden"),
        ("f = open('/etc/passwd')", "screen.forbidden"),
        ("f = eval('1')", "screen.forbidden"),
        ("g = getattr(jax, 'pure' + '_callback')", "screen.forbidden"),
        ("g = __import__('os')", "screen.forbidden"),
        ("g = __builtins__", "screen.forbidden"),
        ("g = ().__class__.__mro__", "screen.forbidden"),
        ("jax.numpy.dot = None", "screen.patch"),
        ("print(1)", "screen.module-level"),
        ("while True: pass", "screen.module-level"),
        ("class A(np.dtype): pass", "screen.class"),
        ("class A(metaclass=int): pass", "screen.class"),
        ("def f():\n    try:\n        return 1\n    except Exception:\n        return 2", "screen.fallback"),
        ("COUNT = 0\ndef f():\n    global COUNT", "screen.state"),
        ("async def f(): pass", "screen.forbidden"),
        ("def f(t): return t.f_back", "screen.forbidden"),
    ],
)
def test_what_no_port_needs_is_named(line: str, code: str) -> None:
    found = codes(GOOD + "\n\n" + line + "\n")
    assert code in [c for c, _ in found], found
    assert all(n > GOOD.count("\n") for _, n in found), "an honest line is blamed"


def test_a_parameter_may_be_called_input() -> None:
    assert codes(GOOD + "\n\ndef f(input, id):\n    return input + id\n") == []
    assert codes(GOOD + "\n\ndef f(x):\n    return id(x)\n") != []


def test_an_alias_does_not_hide_a_callback() -> None:
    assert codes(GOOD + "\n\nj = jax\ng = j.pure_callback\n") != []
    assert codes(GOOD + "\n\ndef f(m):\n    return m.pure_callback\n") != []


@pytest.mark.parametrize(
    ("signature", "good"),
    [
        ("n, a, x, y", True),
        ("n, a, x, y, grid, block, shared_bytes", True),
        ("n, a, x, y, /, *, BLOCK, table", True),
        ("n, a, x, y, *, tile=3", True),
        ("n, a, x", False),
        ("n, a, y, x", False),
        ("n, a, x, y, extra", False),
        ("n, a, x, y, *, stream", False),
        ("*args", False),
    ],
)
def test_the_signature_is_the_contract(signature: str, good: bool) -> None:
    found = codes(f"def saxpy({signature}):\n    return None\n")
    assert [c for c, _ in found] == ([] if good else ["screen.signature"])


def test_a_missing_function_says_which_line_to_write() -> None:
    _, _, found = screen("import jax\n", [kernel()], POLICY)
    assert [d.code for d in found] == ["screen.missing-function"]
    assert "def saxpy(n, a, x, y, *, BLOCK, table):" in found[0].hint


@pytest.mark.parametrize(
    "code",
    ["def f(:\n", "x = '\0'\n", "\ud800", "(" * 5000 + ")" * 5000, "-" * 100_000 + "1", "x" * 2_000_000, "if 1:\nx"],
)
def test_hostile_text_is_one_diagnostic(code: str) -> None:
    found = parse_port(code)
    assert isinstance(found, Diagnostic) and found.code in ("screen.syntax", "screen.size")


def test_names_resolve_through_imports() -> None:
    import ast

    module = ast.parse("import jax.numpy as jnp\nimport jax.lax\nfrom jax import nn as n\nl = jnp.linalg\n")
    names = Names(module)
    dotted = {
        text: names.dotted(ast.parse(text, mode="eval").body)
        for text in ("jnp.dot", "jax.lax.add", "n.relu", "l.norm", "q.r")
    }
    assert dotted == {
        "jnp.dot": "jax.numpy.dot",
        "jax.lax.add": "jax.lax.add",
        "n.relu": "jax.nn.relu",
        "l.norm": "jax.numpy.linalg.norm",
        "q.r": None,
    }
