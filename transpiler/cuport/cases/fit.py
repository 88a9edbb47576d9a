"""Which expression gives a quantity on every launch: enumeration from simple to complex, host text first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from cuport.cases.expressions import Bin, Expr, Num, Var, names_in, size_of, value_or_none

Env = Mapping[str, int]


@dataclass(frozen=True)
class Fit:
    """The simplest expression found, and others that fit as well but may differ elsewhere."""

    expr: Expr
    cost: float
    rivals: tuple[Expr, ...] = ()
    hinted: bool = False
    others: tuple[Expr, ...] = ()  # rivals and what is a little less likely


@dataclass(frozen=True)
class Price:
    """What a name costs in an expression; names not listed may not be used.

    `parts` are products that the host's own text has somewhere; `near` are names that share a word with the quantity's
    own, which decides between expressions that fit equally well.
    """

    names: Mapping[str, float]
    divisors: tuple[str, ...] = ()  # names that a ceil may divide by
    constant: float = 3.6  # of a bare number above 1
    parts: tuple[Expr, ...] = ()
    near: frozenset[str] = frozenset()
    little: float = 3.6  # of 2, 3 and 4
    factors: frozenset[int] = frozenset()  # numbers that other relations of this kernel have


_FACTORS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 24, 32, 48, 64, 128, 256, 512, 1024)
_SHIFTS = (1, -1, 2, -2, 3, 4, -3, -4)
_SLACK = 1.2
_NEAR = 0.15
_FURTHER = 1.6


def fit(targets: Sequence[int], envs: Sequence[Env], price: Price, hints: Iterable[Expr] = ()) -> Fit | None:
    """The cheapest expression equal to `targets[i]` in `envs[i]` for all i; None only if not even a constant fits.

    A hint with names that holds on every launch wins, the one with fewest bare numbers first; a hint that is a number
    competes with the rest. `rivals` are expressions nearly as cheap, of other names: with few launches they cannot be
    told apart.
    """
    named: list[tuple[float, Expr]] = []
    found: list[tuple[float, Expr]] = []
    for hint in hints:
        if names_in(hint) <= price.names.keys() and _holds(hint, targets, envs):
            if isinstance(hint, Num):
                found.append((min(2.3, price.constant) if hint.value > 1 else 0.2, hint))
            else:
                named.append((0.3 + 0.1 * size_of(hint) + 0.2 * _numbers(hint), hint))
    if named:
        cost, best = min(named, key=_order)
        return Fit(best, cost, (), True)
    hinted = {expr for _, expr in found}
    for cost, expr in _candidates(targets, envs, price):
        if expr not in hinted and _holds(expr, targets, envs):
            found.append((cost, expr))
    if not found:
        return None
    found.sort(key=_order)
    cost, best = found[0]
    others = [e for c, e in found[1:] if c <= cost + _FURTHER and names_in(e) and not _same(e, best)]
    if best in hinted:
        return Fit(best, cost, (), True, tuple(others[:12]))
    telling = min(map(abs, targets)) >= 32  # so large a number is no coincidence
    slack = _SLACK if len(envs) == 1 else _SLACK / 2  # each launch more refutes most coincidences
    if price.near & names_in(best):
        slack = min(slack, _NEAR)
    rivals = [
        e
        for c, e in found[1:]
        if c <= cost + slack and not _same(e, best) and not (telling and names_in(best) and isinstance(e, Num))
    ]
    return Fit(best, cost, tuple(rivals[:8]), False, tuple(others[:12]))


def _order(pair: tuple[float, Expr]) -> tuple[float, int, str]:
    return pair[0], size_of(pair[1]), str(pair[1])


def _holds(expr: Expr, targets: Sequence[int], envs: Sequence[Env]) -> bool:
    return all(value_or_none(expr, env) == t for t, env in zip(targets, envs, strict=True))


def _numbers(expr: Expr) -> int:
    if isinstance(expr, Bin):
        return _numbers(expr.left) + _numbers(expr.right)
    return int(isinstance(expr, Num) and abs(expr.value) > 1)


def bare_numbers(expr: Expr) -> int:
    """The sum of an expression's numbers: what it leaves unexplained."""
    if isinstance(expr, Bin):
        return bare_numbers(expr.left) + bare_numbers(expr.right)
    return abs(expr.value) if isinstance(expr, Num) else 0


def evident(envs: Sequence[Env], name: str, expr: Expr, choices: int, margin: float = 3.0) -> bool:
    """Whether launches say enough for a relation that nobody wrote down.

    What they say: the bits of the values that it foretold, each distinct set of numbers once. What it costs to say: one
    name out of `choices`, one number, one operator after the other. `z = 4 * w + 1` from the values 5 and 33 is chance.
    """
    names = sorted(names_in(expr) | {name})
    distinct = {tuple(e[n] for n in names): abs(e[name]) for e in envs}
    told = sum(math.log2(1 + v) for v in distinct.values())
    return told >= _length_of(expr, max(choices, 2)) + margin


def _length_of(expr: Expr, choices: int) -> float:
    match expr:
        case Bin(_, left, right):
            return 2.0 + _length_of(left, choices) + _length_of(right, choices)
        case Num(value):
            return 2.0 + math.log2(1 + abs(value))
        case _:
            return math.log2(choices)


def _same(a: Expr, b: Expr) -> bool:
    """Whether two expressions agree wherever it is easy to look."""
    names = sorted(names_in(a) | names_in(b))
    for k in (3, 7, 20):
        env = {name: 37 * k + 11 * i * k + i for i, name in enumerate(names)}
        if value_or_none(a, env) != value_or_none(b, env):
            return False
    return True


def _candidates(targets: Sequence[int], envs: Sequence[Env], price: Price) -> Iterator[tuple[float, Expr]]:
    """Expressions that give the first target in the first environment, with their costs."""
    target, env = targets[0], envs[0]
    constant = len(set(targets)) == 1
    if constant:  # what stays the same while other numbers change is most likely a constant
        sizes = [n for n in price.names if n in env and not n.startswith(("block", "grid"))]
        moved = any(e.get(n) != env[n] for n in sizes for e in envs[1:])
        steady = min(price.constant, 2.6) if moved else price.constant
        little = min(price.little, steady) if abs(target) <= 4 else steady
        yield (0.5 if abs(target) <= 1 else min(little, steady)), Num(target)
    # a name that is 0 or 1 on every launch says nothing about products
    names = {n: c for n, c in price.names.items() if any(abs(e.get(n, 0)) > 1 for e in envs) and n in env}
    values = {n: env[n] for n in names}
    for name, cost in price.names.items():
        if name in env and env[name] == target and (name in names or not constant):
            yield cost, Var(name)
    if constant and abs(target) <= 1:
        return
    for name, cost in names.items():
        v = values[name]
        var = Var(name)
        for shift in _SHIFTS:
            if v + shift == target:
                yield cost + 1.1 + 0.1 * abs(shift), _shifted(var, shift)
        if v and target % v == 0 and target // v in _FACTORS:
            factor = target // v
            yield (
                cost + 1.0 + 0.05 * factor.bit_length() + (0.6 if factor & (factor - 1) else 0),
                Bin("*", Num(factor), var),
            )
        for factor in _FACTORS:
            if v // factor == target:
                exact = v % factor == 0
                odd = 0.8 if factor & (factor - 1) else 0.0
                yield cost + (1.3 if exact else 1.9) + 0.02 * factor.bit_length() + odd, Bin("//", var, Num(factor))
            if -(-v // factor) == target and v % factor:
                odd = 0.8 if factor & (factor - 1) else 0.0
                yield cost + 1.6 + 0.02 * factor.bit_length() + odd, Bin("ceil", var, Num(factor))
            for shift in (1, -1):
                if factor * v + shift == target:
                    yield cost + 1.9, _shifted(Bin("*", Num(factor), var), shift)
        if v * (v + 1) // 2 == target or v * (v - 1) // 2 == target:
            sign = "+" if v * (v + 1) // 2 == target else "-"
            yield cost + 2.4, Bin("//", Bin("*", var, Bin(sign, var, Num(1))), Num(2))
    for part in price.parts:
        whole = value_or_none(part, values) if names_in(part) <= names.keys() else None
        if whole:
            cost = 1.0 + 0.2 * len(names_in(part)) - 0.2 * sum(price.names[n] < 1.0 for n in names_in(part))
            if whole == target:
                yield cost, part
            elif target % whole == 0 and target // whole in _FACTORS:
                yield cost + 1.0 + 0.05 * (target // whole).bit_length(), Bin("*", Num(target // whole), part)
            for name, more in names.items() if whole < target else ():
                if whole * values[name] == target:
                    yield cost + more, Bin("*", part, Var(name))
    yield from _divisions(target, names, values, price)
    for cost, expr in (*_pairs(target, names, values), *_triples(target, names, values)):
        number = _factor_of(expr)
        yield (cost - 0.6 - (0.6 if number & (number - 1) else 0.0) if number in price.factors else cost), expr


def _factor_of(expr: Expr) -> int:
    """The number that a product begins with, else 0."""
    while isinstance(expr, Bin) and expr.op == "*":
        expr = expr.left
    return expr.value if isinstance(expr, Num) else 0


def _divisions(target: int, names: Mapping[str, float], values: Env, price: Price) -> Iterator[tuple[float, Expr]]:
    """ceil(v / d), ceil(v / (c * d)), ceil(c * v / d), ceil(v * w / d), ceil(v / d) * w for the divisors d."""
    for place, d in enumerate(price.divisors):
        if d not in values or values[d] < 2:
            continue
        later = 0.05 * place + (0.4 if d == "block" else 0.0)
        b, divisor = values[d], Var(d)
        for name, cost in names.items():
            if name == d:
                continue
            v, var = values[name], Var(name)
            if -(-v // b) == target:
                yield cost + 0.9 + later, Bin("ceil", var, divisor)
            for factor in (2, 3, 4, 8, 16, 32):
                if -(-v // (b * factor)) == target:
                    yield cost + 1.3 + later + 0.05 * factor, Bin("ceil", var, Bin("*", Num(factor), divisor))
                if -(-v * factor // b) == target:
                    yield (
                        cost + (1.6 if factor == 32 else 2.4) + later,
                        Bin("ceil", Bin("*", Num(factor), var), divisor),
                    )
            for other, more in names.items():
                if other == d:
                    continue
                w = values[other]
                if name <= other and -(-v * w // b) == target:
                    yield cost + more + 1.0 + later, Bin("ceil", Bin("*", var, Var(other)), divisor)
                if other != name and w and -(-v // b) * w == target:
                    yield cost + more + 1.3 + later, Bin("*", Bin("ceil", var, divisor), Var(other))


def _pairs(target: int, names: Mapping[str, float], values: Env) -> Iterator[tuple[float, Expr]]:
    for a, b in combinations_with_replacement(names, 2):
        x, y, cost = values[a], values[b], names[a] + names[b]
        va, vb = Var(a), Var(b)
        if x * y == target:
            yield cost - (0.4 if a == b else 0.0), Bin("*", va, vb)
        if x + y == target and a != b:
            yield cost + 0.8, Bin("+", va, vb)
        for first, second, p, q in ((va, vb, x, y), (vb, va, y, x)):
            if a != b and p - q == target:
                yield cost + 1.2, Bin("-", first, second)
            if a != b and q > 1 and p // q == target:
                yield cost + 0.9 + (0.5 if p % q else 0), Bin("//", first, second)
            if a != b and q > 1 and p % q and -(-p // q) == target:
                yield cost + 1.1, Bin("ceil", first, second)
            for shift in (1, -1, 2, -2):
                if (p + shift) * q == target and (a != b or p == q):
                    yield cost + 1.0 + 0.1 * abs(shift), Bin("*", _shifted(first, shift), second)
            if (p - 1) * q + 1 == target and a != b:
                yield cost + 1.3, Bin("+", Bin("*", Bin("-", first, Num(1)), second), Num(1))
        for shift in (1, 2, -1, -2, 4, 6):
            if (x + shift) * (y + shift) == target:
                yield cost + 1.2 + 0.1 * abs(shift), Bin("*", _shifted(va, shift), _shifted(vb, shift))
        product = x * y
        if product and target % product == 0 and target // product in _FACTORS:
            factor = target // product
            odd = 0.6 if factor & (factor - 1) else 0.0
            yield cost + 0.8 + 0.05 * factor.bit_length() + odd, Bin("*", Bin("*", Num(factor), va), vb)
        for shift in (1, -1):
            if product + shift == target:
                yield cost + 1.1, _shifted(Bin("*", va, vb), shift)
        if a != b and max(x, y) > 0 and x + 2 * y == target:
            yield cost + 1.4, Bin("+", va, Bin("*", Num(2), vb))
        if a != b and 2 * x + y == target:
            yield cost + 1.4, Bin("+", vb, Bin("*", Num(2), va))
        for factor in (2, 4, 8):
            if a != b and target > 0 and product % factor == 0 and product // factor == target:
                yield cost + 1.3, Bin("//", Bin("*", va, vb), Num(factor))


def _triples(target: int, names: Mapping[str, float], values: Env) -> Iterator[tuple[float, Expr]]:
    usable = [n for n in names if values[n] > (0 if len(names) <= 14 else 1)]  # 1 on this launch, more on another
    for a, b in combinations_with_replacement(usable, 2):
        product = values[a] * values[b]
        for c in usable:
            z, cost = values[c], names[a] + names[b] + names[c]
            if c >= b and product * z == target:
                yield cost - (1.0 if a == b == c else 0.3), Bin("*", Bin("*", Var(a), Var(b)), Var(c))
            if a == b == c:
                for shift in (1, -1):
                    if product * z + shift == target:
                        yield cost - 0.2, _shifted(Bin("*", Bin("*", Var(a), Var(b)), Var(c)), shift)
            if c not in (a, b) and product + z == target:
                yield cost + 0.8, Bin("+", Bin("*", Var(a), Var(b)), Var(c))
            if c >= b and product * z and target % (product * z) == 0 and target // (product * z) in (2, 3, 4, 8):
                yield cost + 0.5, Bin("*", Bin("*", Bin("*", Num(target // (product * z)), Var(a)), Var(b)), Var(c))
        for c, d in combinations_with_replacement(usable, 2):
            if b <= c and product * values[c] * values[d] == target and len({a, b, c, d}) > 1:
                cost = names[a] + names[b] + names[c] + names[d]
                yield cost - 0.4, Bin("*", Bin("*", Bin("*", Var(a), Var(b)), Var(c)), Var(d))


def _shifted(expr: Expr, shift: int) -> Expr:
    return Bin("+" if shift > 0 else "-", expr, Num(abs(shift)))
