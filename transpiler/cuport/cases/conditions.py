"""Why some sizes fail: simple conditions that hold on every clean launch and on none, or few, of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cuport.cases.expressions import Bin, Expr, Num, Var, value_or_none

Env = Mapping[str, int]


def explain(
    clean: Sequence[Env],
    failing: Sequence[Env],
    names: Sequence[str],
    hot: Sequence[int],
    words: Sequence[str] = (),
    sure: Sequence[Env] | None = None,
) -> tuple[list[Expr], int]:
    """Conditions that shut out failing sizes, and how many they do not explain.

    Greedy: the condition that shuts out most comes first. A condition only ever narrows what is claimed. `words`:
    template values, which with the block are likelier divisors than bare numbers. `sure`: launches that every condition
    must hold on, all clean ones if not given; of the others a divisor may shut out some, since a single row of odd
    length is aligned by chance.
    """
    left = list(failing)
    found: list[Expr] = []
    if not clean:
        return [], len(left)
    kept = list(clean)
    while left:
        best: tuple[int, Expr] | None = None
        for condition in _conditions(kept, names, hot, words):
            shut_out = sum(value_or_none(condition, e) == 0 for e in left)
            lost = sum(value_or_none(condition, e) != 1 for e in kept) if shut_out else 0
            shut_out -= 2 * lost
            if shut_out <= (best[0] if best is not None else 0):
                continue
            undefined = sum(value_or_none(condition, e) is None for e in kept) if lost else 0  # a divisor of 0
            if lost and (sure is None or 2 * lost > shut_out or (lost > undefined and not _aligns(condition))):
                continue
            if lost and any(value_or_none(condition, e) != 1 for e in sure or ()):
                continue
            best = (shut_out, condition)
        if best is None:
            break
        found.append(best[1])
        left = [e for e in left if value_or_none(best[1], e) != 0]
        kept = [e for e in kept if value_or_none(best[1], e) == 1]
    return found, len(left)


def _aligns(condition: Expr) -> bool:
    """A divisor as vectors of 2 to 16 elements ask for."""
    match condition:
        case Bin("==", Bin("%", _, Num(divisor)), Num(0)):
            return divisor in (2, 4, 8, 16)
    return False


def _conditions(clean: Sequence[Env], names: Sequence[str], hot: Sequence[int], words: Sequence[str]) -> Iterator[Expr]:
    """Simple ones first, since of equals the first is taken."""
    for name in names:
        least = min(e[name] for e in clean)
        most = max(e[name] for e in clean)
        for bound in (1, 2):
            if least >= bound:
                yield Bin(">=", Var(name), Num(bound))
        for word in (*words, "block.x", "block"):
            yield Bin("==", Bin("%", Var(name), Var(word)), Num(0))
            yield Bin("<=", Var(name), Var(word))
        for divisor in sorted({2, 4, 8, 16, 32, 64, 128, 256, *(h for h in hot if h > 1)}):
            yield Bin("==", Bin("%", Var(name), Num(divisor)), Num(0))
        for bound in sorted({*hot, 1024, 512, 256}):
            if most <= bound:
                yield Bin("<=", Var(name), Num(bound))
    for a in names:
        for b in names:
            if a != b:
                yield Bin("<=", Var(a), Var(b))
                yield Bin("<", Var(a), Var(b))
                yield Bin("==", Bin("%", Var(a), Var(b)), Num(0))
    for a in names:
        for b in names:
            if a < b:
                yield Bin("==", Var(a), Var(b))
    if all("block" in e for e in clean):  # shared arrays of one element a thread, or a warp
        largest = max(e["block"] for e in clean)
        for bound in sorted({*hot, 1024, 512, 256, 128, largest}):
            if largest <= bound:
                yield Bin("<=", Var("block"), Num(bound))
        yield Bin("==", Bin("%", Var("block"), Num(32)), Num(0))
    for name in names:
        least = min(e[name] for e in clean)
        most = max(e[name] for e in clean)
        yield Bin(">=", Var(name), Num(least))
        yield Bin("<=", Var(name), Num(most))
        if least == most:
            yield Bin("==", Var(name), Num(least))


def powers_of_two(clean: Sequence[Env], failing: Sequence[Env], name: str) -> bool:
    """Whether exactly the powers of two run clean, as far as was seen."""

    def power(value: int) -> bool:
        return value > 0 and value & (value - 1) == 0

    values = {e[name] for e in clean}
    return len(values) > 0 and all(map(power, values)) and any(not power(e[name]) for e in failing)
