import ast

from cuport.store.merge import merge

FIRST = '''"""a"""
import jax.numpy as jnp

SCALE = 2.0


# doubles
def _step(v):
    return v * SCALE


def first(x):
    return {"x": _step(x)}
'''
SECOND = '''import jax
import jax.numpy as jnp

SCALE = 2.0


def _step(v):
    """é shifts byte columns"""; return v + 1


@jax.jit
def second(x):
    é = _step(x); return {"x": _step(é)}
'''


def run(code: str) -> dict[str, object]:
    space: dict[str, object] = {}
    code = code.replace("import jax.numpy as jnp", "").replace("import jax\n", "").replace("@jax.jit", "")
    exec(compile(code, "merged", "exec"), space)
    return space


def test_two_modules_keep_their_own_meaning() -> None:
    merged = merge([("first", FIRST), ("second", SECOND)], "both")
    space = run(merged)
    assert space["first"](3) == {"x": 6.0}  # type: ignore[operator]
    assert space["second"](3) == {"x": 5}  # type: ignore[operator]
    assert merged.count("SCALE = 2.0") == 1 and merged.count("import jax.numpy as jnp") == 1
    assert "# doubles\ndef _step" in merged and ast.get_docstring(ast.parse(merged)) == "both"


def test_one_module_with_a_docstring_is_left_alone() -> None:
    assert merge([("first", FIRST)], "other") == FIRST
