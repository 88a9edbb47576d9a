"""Fitting: hidden expressions are found again, hints win, coincidences are reported."""

from __future__ import annotations

import random

import pytest

from cuport.cases.expressions import Num, evaluate, parse_expression
from cuport.cases.fit import Price, fit

NAMES = {"n": 1.0, "m": 1.0, "k": 1.0, "T": 1.3, "block.x": 2.2}
PRICE = Price(NAMES, ("block.x", "T"))
HIDDEN = [
    "n",
    "n + 1",
    "4 * n",
    "n / 4",
    "n * m",
    "n * m * k",
    "(n + 2) * (m + 2)",
    "(n - 1) * k + 1",
    "ceil(n / block.x)",
    "ceil(n / (2 * block.x))",
    "ceil(32 * n / block.x)",
    "ceil(n * m / block.x)",
    "ceil(n / block.x) * m",
    "ceil(n / T)",
    "n + m",
    "n * m + k",
    "n * (n + 1) / 2",
    "2 * n * m",
    "n * (m + 1)",
    "ceil(n / 2)",
    "1",
    "300",
]


def env(rng: random.Random) -> dict[str, int]:
    return {
        "n": rng.randint(40, 900),
        "m": rng.randint(9, 90),
        "k": rng.randint(3, 30),
        "T": rng.choice([8, 16, 32]),
    } | {"block.x": rng.choice([64, 128, 256])}


@pytest.mark.parametrize("text", HIDDEN)
def test_a_hidden_expression_is_found(text: str) -> None:
    rng = random.Random(text)
    hidden = parse_expression(text)
    envs = [env(rng) for _ in range(4)]
    found = fit([evaluate(hidden, e) for e in envs], envs, PRICE)
    assert found is not None
    for _ in range(20):
        other = env(rng)
        assert evaluate(found.expr, other) == evaluate(hidden, other), str(found.expr)


def test_nothing_fits() -> None:
    rng = random.Random(1)
    assert fit([5, 977, 13], [env(rng) for _ in range(3)], PRICE) is None


def test_a_hint_wins_only_if_it_holds() -> None:
    envs = [{"n": 1024, "m": 4, "k": 5, "T": 16, "block.x": 256}]
    assert str(fit([4], envs, PRICE, [parse_expression("ceil(n / block.x)")]).expr) == "ceil(n / block.x)"
    assert str(fit([4], envs, PRICE, [parse_expression("ceil(n / 100)")]).expr) == "m"
    assert str(fit([1024], envs, PRICE, [Num(1024)]).expr) == "n"


def test_one_launch_is_ambiguous_and_says_so() -> None:
    once = [{"n": 16, "m": 4, "k": 4, "T": 16, "block.x": 8}]
    found = fit([16], once, PRICE)
    assert found is not None and found.rivals
    twice = [*once, {"n": 17, "m": 5, "k": 7, "T": 16, "block.x": 8}]
    found = fit([16, 35], twice, PRICE)
    assert found is not None and str(found.expr) in ("m * k", "k * m") and not found.rivals


def test_names_that_are_one_say_nothing() -> None:
    once = [{"n": 50, "m": 1, "k": 1, "T": 16, "block.x": 8}]
    assert str(fit([50], once, PRICE).expr) == "n"
    assert str(fit([1], once, PRICE).expr) == "1"
