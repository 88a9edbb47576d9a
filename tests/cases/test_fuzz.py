"""Damaged host code never breaks the reading of hints or the guessing of case files."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

import pytest
from tests.cuda.test_fuzz import damaged

from cuport.cases import first_guess
from cuport.cases.hosttext import HostText
from cuport.cuda.preprocess import Preprocessed
from cuport.cuda.reading import build
from cuport.diagnostic import CuportError


@pytest.mark.parametrize("seed", range(4))
def test_damaged_sources(seed: int) -> None:
    rng = random.Random(1000 + seed)
    read = 0
    for _ in range(40):
        text = damaged(rng)
        line_map = tuple(("x.cu", i + 1) for i in range(text.count("\n") + 1))
        try:
            source = build(Path("x.cu"), Preprocessed(text, text, line_map, (), (), ()))
        except CuportError:
            continue
        host = HostText(source)
        for kernel in source.kernels:
            host.hints(kernel)
        tomllib.loads(first_guess(source))
        read += 1
    assert read > 15
