"""The oracle's speed against plain C: builds both, runs each several times in turn, prints one table.

    python benchmarks/oracle/run.py [--rounds 3] [--json FILE] [--only WORD]

Every figure is a median over the rounds; each round runs plain C and the oracle right after each other, so that ratios
stand on the same state of the machine. One core (CUPORT_JOBS=1) except for the row about two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from cuport import __version__
from cuport.cuda import read
from cuport.cuda.compiler import find_compiler
from cuport.cuda.rewrite import program_text
from cuport.oracle import OracleSettings
from cuport.oracle.build import CHECKED, PROGRAM, build

HERE = Path(__file__).parent
NAMES = ("elementwise", "switches", "reduce", "matmul")
PLAIN_FLAGS = ("-std=c++17", "-O3", "-fno-math-errno", "-ffp-contract=off")

# What one run of switches.cu does: 8 blocks, 400 operations a thread.
_OPERATIONS = 8 * 400


@dataclass(frozen=True)
class Row:
    name: str
    plain_ms: float | None
    oracle_ms: float | None
    value: float  # what the target is about
    unit: str
    target: float
    more_is_better: bool = False

    @property
    def verdict(self) -> str:
        short = self.target / self.value if self.more_is_better else self.value / self.target
        return "met" if short <= 1 else "within 2x" if short <= 2 else "missed"


def once(program: Path, **environment: str) -> dict[str, float]:
    done = subprocess.run(
        [program], env={**os.environ, **environment}, capture_output=True, text=True, timeout=600, check=True
    )
    rows = (line.split() for line in done.stdout.splitlines() if line.startswith("row "))
    return {name: float(value) for _, name, value in rows}


def in_turn(rounds: int, ways: dict[str, Callable[[], dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Medians by way and row; the ways take turns."""
    seen: dict[str, dict[str, list[float]]] = {way: {} for way in ways}
    for _ in range(rounds):
        for way, run in ways.items():
            for name, value in run().items():
                seen[way].setdefault(name, []).append(value)
    return {way: {n: statistics.median(v) for n, v in rows.items()} for way, rows in seen.items()}


def compiled(name: str, flags: tuple[str, ...], settings: OracleSettings) -> Path:
    source = read(HERE / f"{name}.cu")
    return build(source, program_text(source), flags, settings)


def plain(name: str, folder: Path) -> Path:
    compiler = find_compiler() or ["g++"]
    made = folder / f"{name}-plain"
    subprocess.run([*compiler, *PLAIN_FLAGS, str(HERE / f"{name}.cpp"), "-o", str(made)], check=True)
    return made


def speed_rows(rounds: int, folder: Path, settings: OracleSettings) -> list[Row]:
    fast = {n: compiled(n, PROGRAM, settings) for n in NAMES}
    c = {n: plain(n, folder) for n in NAMES if (HERE / f"{n}.cpp").is_file()}
    one, two = {"CUPORT_JOBS": "1"}, {"CUPORT_JOBS": "2"}
    el = in_turn(
        rounds,
        {
            "plain": lambda: once(c["elementwise"]),
            "oracle": lambda: once(fast["elementwise"], **one),
            "two": lambda: once(fast["elementwise"], **two),
        },
    )
    re_ = in_turn(rounds, {"plain": lambda: once(c["reduce"]), "oracle": lambda: once(fast["reduce"], **one)})
    mm = in_turn(rounds, {"plain": lambda: once(c["matmul"]), "oracle": lambda: once(fast["matmul"], **one)})
    sw = in_turn(rounds, {"oracle": lambda: once(fast["switches"], CUPORT_FISSION="0", **one)})["oracle"]

    def ratio(label: str, got: dict[str, dict[str, float]], row: str, target: float) -> Row:
        p, o = got["plain"][row] / 1e6, got["oracle"][row] / 1e6
        return Row(label, p, o, o / p, "x plain C", target)

    def a_thread(label: str, row: str, threads: int) -> Row:
        p, o = el["plain"][row], el["oracle"][row]
        return Row(label, p / 1e6, o / 1e6, max((o - p) / threads, 0.0), "ns a thread + body", 1.5)

    rows = [
        ratio("saxpy 16M, canonical", el, "saxpy", 1.3),
        ratio("saxpy 16M, grid stride", el, "saxpy_strided", 2.0),
        a_thread("gather 16M (computed index)", "gather", 1 << 24),
        a_thread("stencil 2048 x 2048", "stencil", 1 << 22),
    ]
    for threads in (64, 128, 256, 512, 1024):
        ns = sw[f"barrier_{threads}"] / (_OPERATIONS * threads)
        target = 10.0 if threads <= 256 else 20.0
        rows.append(Row(f"barrier, {threads} threads", None, sw[f"barrier_{threads}"] / 1e6, ns, "ns a thread", target))
    for name in ("shuffle", "vote"):
        rows.append(
            Row(f"{name}, 256 threads", None, sw[name] / 1e6, sw[name] / (_OPERATIONS * 256), "ns a lane", 12.0)
        )
    rows += [
        ratio("matmul 512, 16 x 16 tiles", mm, "matmul", 2.0),
        # without a target of their own: faster than HIP-CPU on the same kernels (140x and 330x)
        ratio("tree reduce 16M, 9 barriers", re_, "tree_reduce", 140.0),
        ratio("shuffle reduce 16M", re_, "shuffle_reduce", 330.0),
        Row(
            "two cores, escape time",
            el["oracle"]["escape"] / 1e6,
            el["two"]["escape"] / 1e6,
            el["oracle"]["escape"] / el["two"]["escape"],
            "x one core",
            1.7,
            more_is_better=True,
        ),
    ]
    return rows


_FIBERS = {"CUPORT_JOBS": "1", "CUPORT_FISSION": "0"}


def checked_rows(rounds: int, settings: OracleSettings) -> list[Row]:
    """The checked build against the plain one; barriers in fibers in both, since it never cuts a kernel."""
    rows = []
    for name, row, target in (
        ("elementwise", "saxpy", 20.0),
        ("matmul", "matmul", 5.0),
        ("switches", "barrier_256", 5.0),
    ):
        fast, checked = compiled(name, PROGRAM, settings), compiled(name, CHECKED, settings)
        got = in_turn(
            max(1, rounds // 2),
            {
                "plain": lambda fast=fast: once(fast, **_FIBERS),  # type: ignore[misc]
                "checked": lambda checked=checked: once(checked, **_FIBERS),  # type: ignore[misc]
            },
        )
        p, o = got["plain"][row] / 1e6, got["checked"][row] / 1e6
        rows.append(Row(f"checked, {row}", p, o, o / p, "x plain build", target))
    return rows


def latency_rows(rounds: int, folder: Path) -> list[Row]:
    """Compiling a kernel that is new, with everything else warm; starting what is built."""
    settings = OracleSettings(cache_dir=folder / "cache")
    light = (
        "__global__ void k(int n, float* y) {{\n"
        "  int i = blockIdx.x * blockDim.x + threadIdx.x;\n  if (i < n) y[i] += {n};\n}}\n"
        "int main() {{ float* y; cudaMalloc(&y, 4096); k<<<4, 256>>>(1000, y); return cudaDeviceSynchronize(); }}\n"
    )
    heavy = (
        "#include <algorithm>\n#include <cmath>\n#include <cstdio>\n#include <iostream>\n#include <vector>\n" + light
    )
    rows = []
    program = None
    for name, text, target in (("light", light, 200.0), ("with std headers", heavy, 1000.0)):
        took = []
        for n in range(rounds + 1):
            path = folder / f"{name.split()[0]}_{n}.cu"
            path.write_text(text.format(n=n))
            source = read(path)
            rewritten = program_text(source)
            begin = time.perf_counter()
            program = build(source, rewritten, PROGRAM, settings)
            took.append((time.perf_counter() - begin) * 1e3)
        ms = statistics.median(took[1:])
        rows.append(Row(f"compile, {name}", None, ms, ms, "ms", target))
    assert program is not None
    took = []
    for _ in range(5 * rounds):
        begin = time.perf_counter()
        subprocess.run([program], check=True)
        took.append((time.perf_counter() - begin) * 1e3)
    ms = statistics.median(took)
    rows.append(Row("start of a built program", None, ms, ms, "ms", 30.0))
    took = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "cuport", "run", str(path)], check=True, capture_output=True)
        took.append((time.perf_counter() - begin) * 1e3)
    ms = statistics.median(took[1:])
    empty = []
    for _ in range(rounds):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import click"], check=True)
        empty.append((time.perf_counter() - begin) * 1e3)
    ours = ms - statistics.median(empty)
    rows.append(Row("cuport run, cached, less Python's start", None, ms, ours, "ms", 30.0))
    return rows


def show(rows: list[Row]) -> None:
    print(f"{'':42}{'plain C':>10}{'oracle':>11}  {'':>8}{'':20}{'target':>8}")
    for r in rows:
        p = f"{r.plain_ms:.2f} ms" if r.plain_ms is not None else ""
        o = f"{r.oracle_ms:.2f} ms" if r.oracle_ms is not None else ""
        sign = ">=" if r.more_is_better else "<="
        print(f"{r.name:42}{p:>10}{o:>11}  {r.value:8.2f} {r.unit:19}{sign}{r.target:6g}  {r.verdict}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the rows here too")
    parser.add_argument("--only", choices=("speed", "checked", "latency"))
    given = parser.parse_args()
    settings = OracleSettings()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="cuport-bench-") as place:
        folder = Path(place)
        if given.only in (None, "speed"):
            rows += speed_rows(given.rounds, folder, settings)
        if given.only in (None, "checked"):
            rows += checked_rows(given.rounds, settings)
        if given.only in (None, "latency"):
            rows += latency_rows(given.rounds, folder)
    show(rows)
    if given.json is not None:
        compiler = find_compiler() or ["g++"]
        version = subprocess.run([*compiler, "--version"], capture_output=True, text=True, check=False).stdout
        facts = {
            "cuport": __version__,
            "compiler": version.splitlines()[0] if version else "",
            "machine": platform.machine(),
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "rounds": given.rounds,
            "rows": [{**asdict(r), "verdict": r.verdict} for r in rows],
        }
        given.json.write_text(json.dumps(facts, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
