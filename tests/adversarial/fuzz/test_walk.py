"""A few hundred broken sources on every run of the tests; `make fuzz` takes ten thousand."""

from __future__ import annotations

import multiprocessing
import random

import pytest
from tests.adversarial.fuzz.mutations import MUTATIONS, Mutation, mutant
from tests.adversarial.fuzz.walk import sound_sources, walk

SEEDS = 40  # to a process


@pytest.mark.parametrize("first", range(100_000, 100_000 + 5 * SEEDS, SEEDS))
def test_broken_sources_are_read_or_refused(first: int) -> None:
    """In a process of its own, so that a crash is a failure of this test and of no other."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(walk, (range(first, first + SEEDS),))
    assert len(found) == SEEDS
    assert [f for f in found if f[2].startswith("!")] == []


def test_a_seed_always_makes_the_same_text() -> None:
    sources = sound_sources()
    assert mutant(7, sources) == mutant(7, sources)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.__name__)
def test_every_mutation_changes_something(mutation: Mutation) -> None:
    sources = sound_sources()
    assert any(mutation(random.Random(seed), sources[0], sources) != sources[0] for seed in range(5))
