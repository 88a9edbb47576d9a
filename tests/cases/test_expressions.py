"""The expression language: what it means, how it prints, what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuport.cases.cexpressions import read_c
from cuport.cases.expressions import (
    Bin,
    Expr,
    NotAnExpression,
    Num,
    Undefined,
    Var,
    evaluate,
    names_in,
    parse_expression,
    simplify,
    value_or_none,
)

ENV = {"n": 1000, "m": 7, "block": 64, "block.x": 64, "p.rows": 3, "len(x)": 12, "d[1]": 5, "z": 0} | {
    "in": 4,
    "c::lambda": 5,
    "from.in": 2,
    "is": 4,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n", 1000),
        ("4 * n + 1", 4001),
        ("ceil(n / block)", 16),
        ("ceil((n + 1) / (2 * block.x))", 8),
        ("n / m", 142),
        ("n // m", 142),
        ("-n / m", -143),
        ("n % m", 6),
        ("p.rows * len(x) - d[1]", 31),
        ("min(n, m, 9)", 7),
        ("max(m, 9)", 9),
        ("1 << m", 128),
        ("n % 8 == 0 and n >= m", 1),
        ("0 < m <= 7", 1),
        ("n != 1000 or m > 7", 0),
        ("-3", -3),
        ("True", 1),
        ("in * 2 + c::lambda", 13),
        ("from.in + is", 6),
    ],
)
def test_values(text: str, value: int) -> None:
    assert evaluate(parse_expression(text), ENV) == value
    assert evaluate(simplify(parse_expression(text)), ENV) == value
    assert parse_expression(str(parse_expression(text))) == parse_expression(text)


@pytest.mark.parametrize(
    "text",
    (
        *("", "n +", "f(n)", "n ** 2", "n.foo()", "len(x, y)", "lambda: 1", "[n]", "'n'", "1.5", "__import__('os')"),
        *("ceil(n)", "n if m else 1", "~n", "(" * 500, "n\0", "min(n)", "d[n]", "f'{n}'", "n := 3", "a b", "x" * 2000),
    ),
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(NotAnExpression):
        parse_expression(text)


@pytest.mark.parametrize(
    "text", ["q + 1", "n / z", "n % z", "ceil(n / z)", "1 << 90", "1 << (0 - 1)", "n * n * n * n * n * n * n"]
)
def test_what_has_no_value(text: str) -> None:
    with pytest.raises(Undefined):
        evaluate(parse_expression(text), ENV)
    assert value_or_none(parse_expression(text), ENV) is None


def exprs() -> st.SearchStrategy[Expr]:
    leaves = st.one_of(st.integers(0, 40).map(Num), st.sampled_from(["n", "m", "block.x"]).map(Var))
    ops = st.sampled_from(["+", "-", "*", "//", "%", "ceil", "min", "max"])
    return st.recursive(leaves, lambda inner: st.builds(Bin, ops, inner, inner), max_leaves=8)


@given(exprs(), st.integers(0, 300), st.integers(1, 40), st.integers(1, 1024))
def test_simplifying_and_printing_keep_the_value(expr: Expr, n: int, m: int, block: int) -> None:
    env = {"n": n, "m": m, "block.x": block}
    before = value_or_none(expr, env)
    again = parse_expression(str(expr))
    assert value_or_none(again, env) == before
    if before is not None:
        assert value_or_none(simplify(expr), env) == before
    assert names_in(simplify(expr)) <= names_in(expr)


@pytest.mark.parametrize(
    ("cpp", "expected"),
    [
        ("(n + 255) / 256", "ceil(n / 256)"),
        ("(n - 1) / 256 + 1", "ceil(n / 256)"),
        ("(n + BLOCK - 1) / BLOCK", "ceil(n / BLOCK)"),
        ("(size_t)n * sizeof(float)", "n * 4"),
        ("static_cast<int>(ceil((float)n / 16.0f))", "ceil(n / 16)"),
        ("std::min(n, 1024u)", "min(n, 1024)"),
        ("1 << 20", "1048576"),
        ("p->rows * this->cols", "p.rows * cols"),
        ("n / 32 + (n % 32 != 0)", "ceil(n / 32)"),
        ("n % 32 == 0 ? n / 32 : n / 32 + 1", "ceil(n / 32)"),
        ("(n / 32) + (!(n % 32) ? 0 : 1)", "ceil(n / 32)"),
        ("n % 32 ? n / 32 + 1 : n / 32", "ceil(n / 32)"),
        ("iDivUp(n, 32)", "ceil(n / 32)"),
        ("2 * sizeof(double2)", "32"),
        ("v.size() * sizeof(int*)", "v.size() * 8"),
        ("1'000'000UL", "1000000"),
        ("0x10", "16"),
    ],
)
def test_cpp_expressions(cpp: str, expected: str) -> None:
    expr = read_c(cpp)
    assert expr is not None and str(simplify(expr)) == expected


@pytest.mark.parametrize("cpp", ["", "x ? 1 : 2", "f(n)", "n[3]", "1.5", "a = b", "[]{}", "n ++", "}{", "a; b"])
def test_cpp_that_is_more_than_an_expression_of_sizes(cpp: str) -> None:
    assert read_c(cpp) is None
