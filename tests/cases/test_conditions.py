"""Why sizes fail: the conditions found hold on every clean size and shut the failing ones out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cuport.cases.conditions import explain, powers_of_two
from cuport.cases.expressions import evaluate

SIZES = [
    {"n": n, "m": m, "block.x": 64, "block": 64, "T": 16}
    for n in (1, 2, 7, 16, 31, 48, 64, 80, 100, 160)
    for m in (1, 16, 33, 96)
]


@pytest.mark.parametrize(
    ("legal", "expected"),
    [
        (lambda e: e["n"] % 16 == 0, "n % T == 0"),
        (lambda e: e["n"] >= 2, "n >= 2"),
        (lambda e: e["n"] <= 64, "n <= block.x"),
        (lambda e: e["n"] % 2 == 0 and e["m"] % 2 == 0, None),
        (lambda e: e["n"] <= e["m"], "n <= m"),
    ],
)
def test_simple_reasons(legal: Callable[[dict[str, int]], bool], expected: str | None) -> None:
    clean = [e for e in SIZES if legal(e)]
    failing = [e for e in SIZES if not legal(e)]
    conditions, unexplained = explain(clean, failing, ["n", "m"], [16, 64], ["T"])
    assert unexplained == 0
    assert all(evaluate(c, e) for c in conditions for e in clean)
    assert all(not all(evaluate(c, e) for c in conditions) for e in failing)
    if expected:
        assert [str(c) for c in conditions] == [expected]


def test_no_reason_is_counted() -> None:
    clean = [{"n": n} for n in (1, 3, 7, 100)]
    conditions, unexplained = explain(clean, [{"n": 5}, {"n": 200}], ["n"], [])
    assert unexplained == 1 and [str(c) for c in conditions] == ["n <= 100"]
    assert explain([], [{"n": 5}], ["n"], []) == ([], 1)


def test_powers_of_two() -> None:
    assert powers_of_two([{"n": 8}, {"n": 64}], [{"n": 9}, {"n": 100}], "n")
    assert not powers_of_two([{"n": 8}, {"n": 12}], [{"n": 9}], "n")
    assert not powers_of_two([{"n": 8}], [{"n": 16}], "n")
