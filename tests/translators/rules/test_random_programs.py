"""Random expressions over all scalar types and random control flow: compiled by g++ and lowered, they agree exactly."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from cuport.translators.rules import interpret, ir

N, INTEGERS, FLOATS = 8, 40, 20
pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


def inputs(variables: dict[str, tuple[str, str]], seed: int) -> dict[str, Any]:
    """Small and extreme values of every type."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for name, (_, dtype) in variables.items():
        if dtype == "bool":
            found[name] = rng.random(N) < 0.5
        elif dtype.startswith("float"):
            found[name] = (rng.normal(size=N) * 10.0 ** rng.integers(0, 4, N)).astype(dtype)
        else:
            info = np.iinfo(dtype)
            small = rng.integers(max(int(info.min), -9), 9, N).astype(dtype)
            large = np.frombuffer(rng.bytes(N * info.bits // 8), dtype)
            found[name] = np.where(rng.random(N) < 0.5, small, large).astype(dtype)
    return found


def built(text: str, folder: Path) -> ctypes.CDLL:
    """A kernel as a library of plain C++, with signed overflow defined."""
    source, library = folder / "k.cpp", folder / "k.so"
    source.write_text(f"#define __global__\n#define __device__\nstruct {{ unsigned x; }} threadIdx;\n{text}\n")
    flags = ["-O0", "-w", "-fwrapv", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run(["g++", *flags, "-o", str(library), str(source)], check=True)
    return ctypes.CDLL(str(library))


def compiled(text: str, variables: dict[str, tuple[str, str]], data: dict[str, Any], folder: Path) -> tuple[Any, Any]:
    """The kernel as plain C++, called for every thread index."""
    arguments = ", ".join(f"({t} *)p[{k}]" for k, (t, _) in enumerate(variables.values()))
    main = (
        'extern "C" void go(void **p, long long *whole, double *real, int n) {'
        f" for (int t = 0; t < n; t++) {{ threadIdx.x = t; k({arguments}, whole, real, n); }} }}"
    )
    library = built(f"{text}\n{main}", folder)
    whole, real = np.zeros(INTEGERS * N, np.int64), np.zeros(FLOATS * N)
    pointers = (ctypes.c_void_p * len(data))(*(a.ctypes.data for a in data.values()))
    library.go(pointers, ctypes.c_void_p(whole.ctypes.data), ctypes.c_void_p(real.ctypes.data), ctypes.c_int(N))
    return whole, real


@pytest.mark.parametrize("seed", range(6))
def test_lowered_expressions_agree_with_the_compiler(
    lower: Callable[..., ir.Function], random_cuda: ModuleType, tmp_path: Path, seed: int
) -> None:
    text = random_cuda.kernel(seed, INTEGERS, FLOATS)
    data = inputs(random_cuda.VARIABLES, seed)
    whole, real = compiled(text, random_cuda.VARIABLES, data, tmp_path)
    arrays = {f"{name}_": a.copy() for name, a in data.items()}
    arrays |= {"whole": np.zeros(INTEGERS * N, np.int64), "real": np.zeros(FLOATS * N)}
    interpret.run(lower(text), (1, 1, 1), (N, 1, 1), {"n": N}, arrays)
    lines = text.splitlines()[2 + len(data) :]
    wrong = [lines[k // N] for k in np.flatnonzero(arrays["whole"] != whole)]
    same = (arrays["real"] == real) | (np.isnan(arrays["real"]) & np.isnan(real))
    wrong += [lines[INTEGERS + k // N] for k in np.flatnonzero(~same)]
    assert not wrong, wrong[0]


@pytest.mark.parametrize("seed", range(10))
def test_lowered_control_flow_agrees_with_the_compiler(
    lower: Callable[..., ir.Function], random_cuda: ModuleType, tmp_path: Path, seed: int
) -> None:
    text = random_cuda.statements(seed)
    run = f'extern "C" void go(int *out) {{ for (int t = 0; t < {N}; t++) {{ threadIdx.x = t; k(out); }} }}'
    out = np.zeros(8 * N, np.int32)
    built(f"{text}\n{run}", tmp_path).go(ctypes.c_void_p(out.ctypes.data))
    arrays = {"out": np.zeros(8 * N, np.int32)}
    interpret.run(lower(text), (1, 1, 1), (N, 1, 1), {}, arrays)
    np.testing.assert_array_equal(arrays["out"], out, err_msg=text)
