"""The examples' kernels once more, in numpy, and legal calls of them: a witness that knows nothing of the judge.

A call is what the translation file's contract says: positional values, keyword extras. The expected buffers are
computed in float64 (integers: exactly), the tolerance is relative to the magnitudes that were summed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SIZES = (1, 2, 31, 33, 127, 257, 1031, 2049)


@dataclass
class WitnessCall:
    """One call. `want` maps a written parameter to (contents, absolute tolerance per element)."""

    kernel: str
    names: tuple[str, ...]
    args: tuple[Any, ...]
    want: dict[str, tuple[np.ndarray, np.ndarray | float]]
    extras: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SimParams:
    """nbody.cu's struct, passed by value."""

    count: int
    dt: float
    softening2: float
    damping: float


def _floats(rng: np.random.Generator, *shape: int, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    return rng.uniform(low, high, shape).astype(np.float32)


def _close(exact: np.ndarray, magnitude: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    return exact, 2e-6 * np.maximum(np.abs(exact), magnitude) + 1e-30


def saxpy(rng: np.random.Generator) -> Iterator[WitnessCall]:
    for n, incx, incy in [(0, 1, 1), *((n, 1, 1) for n in SIZES), (100, 2, 1), (1025, 1, 3), (33, 3, 2)]:
        alpha = float(np.float32(-1.3))
        x, y = _floats(rng, n * incx), _floats(rng, n * incy)
        want = y.astype(np.float64)
        want[::incy] += alpha * x[::incx].astype(np.float64)
        names = ("n", "alpha", "x", "incx", "y", "incy")
        yield WitnessCall("saxpy", names, (n, alpha, x, incx, y, incy), {"y": _close(want, 2.0)})
        want = x.astype(np.float64)
        want[::incx] *= alpha
        yield WitnessCall("sscal", ("n", "alpha", "x", "incx"), (n, alpha, x, incx), {"x": _close(want)})


def _gelu(v: np.ndarray) -> np.ndarray:
    return 0.5 * v * (1 + np.tanh(np.sqrt(2 / np.pi) * (v + 0.044715 * v**3)))


def gelu(rng: np.random.Generator) -> Iterator[WitnessCall]:
    for rows, cols in [(0, 4), (4, 0), (1, 1), (3, 5), (31, 33), (7, 293), (64, 64)]:
        x, bias, out = _floats(rng, rows * cols, low=-6, high=6), _floats(rng, cols), _floats(rng, rows * cols)
        v = (x.reshape(rows, cols) + bias.astype(np.float64)).ravel()
        want = _gelu(v), 1e-6 * np.abs(v) + 1e-9
        yield WitnessCall(
            "bias_gelu",
            ("x", "bias", "out", "rows", "cols"),
            (x, bias, out, rows, cols),
            {"out": want},
            {"T": "float32"},
        )
    for n4 in (0, *SIZES):
        x, g, out = _floats(rng, n4, 4, low=-6, high=6), _floats(rng, n4, 4), _floats(rng, n4, 4)
        h = 1e-5
        slope = (_gelu(x.astype(np.float64) + h) - _gelu(x.astype(np.float64) - h)) / (2 * h)
        names = ("x", "grad_out", "grad_in", "n4")
        yield WitnessCall("gelu_backward", names, (x, g, out, n4), {"grad_in": (g * slope, 5e-6)})


def transpose(rng: np.random.Generator) -> Iterator[WitnessCall]:
    shapes = [(1, 1, 1), (3, 67, 129), (2, 32, 32), (1, 0, 5), (2, 31, 33), (1, 1, 257), (5, 129, 3), (1, 64, 128)]
    for dtype, tile, rows in ((np.float32, 32, 8), (np.uint16, 16, 16)):
        for batch, height, width in shapes:
            values = rng.integers(0, 60000, batch * height * width).astype(dtype)
            want = values.reshape(batch, height, width).transpose(0, 2, 1).ravel()
            grid = (max(1, -(-width // tile)), max(1, -(-height // tile)), batch)
            yield WitnessCall(
                "mat__transpose",
                ("in_", "out", "height", "width"),
                (values, np.zeros_like(values), height, width),
                {"out": (want, 0)},
                {"grid": grid, "block": (tile, rows, 1), "T": np.dtype(dtype).name, "TILE": tile, "ROWS": rows},
            )


def softmax(rng: np.random.Generator) -> Iterator[WitnessCall]:
    for rows, cols in [(0, 5), (5, 0), (1, 1), (3, 31), (9, 33), (37, 101), (2, 1031), (17, 128), (8, 129)]:
        for scale, low, high in ((0.125, -20, 20), (2.5, -20, -3), (1.0, -400, -300)):
            x = _floats(rng, rows * cols, low=low, high=high)
            lengths = rng.integers(-2, cols + 4, rows).astype(np.int32)
            lengths[::3] = cols
            want = np.zeros((rows, cols))
            for r, length in enumerate(np.clip(lengths, 0, cols)):
                weights = np.exp(scale * x.reshape(rows, cols)[r, :length].astype(np.float64))
                want[r, :length] = weights / weights.sum()
            yield WitnessCall(
                "masked_softmax",
                ("x", "lengths", "out", "rows", "cols", "scale"),
                (x, lengths, _floats(rng, rows * cols), rows, cols, scale),
                {"out": (want.ravel(), 1e-5 * want.ravel() + 1e-37)},
            )


def layernorm(rng: np.random.Generator) -> Iterator[WitnessCall]:
    for rows, hidden, spread in [
        (1, 1, 1),
        (3, 2, 1),
        (41, 300, 1),
        (5, 31, 1e-3),
        (2, 1031, 1),
        (7, 512, 1),
        (3, 513, 1),
    ]:
        x, residual = _floats(rng, rows * hidden) * np.float32(spread), _floats(rng, rows * hidden) * np.float32(spread)
        gamma, beta = _floats(rng, hidden) + np.float32(1), _floats(rng, hidden)
        eps = float(np.float32(1e-5 if rows % 2 else 3e-4))
        h = (x.astype(np.float64) + residual).reshape(rows, hidden)
        mean = h.mean(axis=1)
        rstd = 1 / np.sqrt(h.var(axis=1) + eps)
        y = (h - mean[:, None]) * rstd[:, None] * gamma + beta
        outs = _floats(rng, rows * hidden), _floats(rng, rows), _floats(rng, rows)
        yield WitnessCall(
            "add_layernorm",
            ("x", "residual", "gamma", "beta", "y", "mean_out", "rstd_out", "hidden", "eps"),
            (x, residual, gamma, beta, *outs, hidden, eps),
            {
                "y": (y.ravel(), 5e-5 * np.abs(y.ravel()) + 2e-5),
                "mean_out": _close(mean, spread),
                "rstd_out": (rstd, 5e-6 * rstd),
            },
            {"grid": (rows, 1, 1), "block": (128, 1, 1)},
        )


def reduction(rng: np.random.Generator) -> Iterator[WitnessCall]:
    for n, blocks in [(0, 1), (1, 3), (31, 1), (257, 2), (1031, 1), (4999, 3), (8192, 16), (10007, 17)]:
        x = _floats(rng, n)
        for squared in (False, True):
            values = x.astype(np.float64) ** (2 if squared else 1)
            owner = np.arange(n) // 256 % blocks
            want = np.bincount(owner, values, blocks) if n else np.zeros(blocks)
            yield WitnessCall(
                "partial_sums",
                ("in_", "partial", "n"),
                (x, _floats(rng, blocks), n),
                {"partial": _close(want, float(np.abs(values).sum()))},
                {"grid": (blocks, 1, 1), "block": (256, 1, 1), "Block": 256, "Squared": squared},
            )
        result = _floats(rng, 3)
        want = result.astype(np.float64)
        want[0] = x.sum(dtype=np.float64)
        yield WitnessCall("final_sum", ("partial", "result", "count"), (x, result, n), {"result": _close(want, n)})
        want = result.astype(np.float64)
        want[0] += np.abs(x.astype(np.float64)).sum()
        yield WitnessCall("abs_sum_atomic", ("in_", "result", "n"), (x, result, n), {"result": _close(want, n)})


def histogram(rng: np.random.Generator) -> Iterator[WitnessCall]:
    for count in (0, *SIZES, 10007):
        pixels = rng.integers(0, 256, count).astype(np.uint8)
        bins = rng.integers(0, 100, 256).astype(np.uint32)
        want = bins + np.bincount(pixels, minlength=256).astype(np.uint32)
        yield WitnessCall(
            "imaging__histogram256", ("pixels", "bins", "count"), (pixels, bins, count), {"bins": (want, 0)}
        )
    for width, height in [(1, 1), (0, 3), (31, 33), (211, 97), (64, 32), (1, 2049)]:
        pixels = rng.integers(0, 256, width * height).astype(np.uint8)
        table = rng.integers(0, 256, 256).astype(np.uint8)
        yield WitnessCall(
            "imaging__remap",
            ("pixels", "table", "width", "height"),
            (pixels, table, width, height),
            {"pixels": (table[pixels], 0)},
        )


def scan(rng: np.random.Generator) -> Iterator[WitnessCall]:
    for n in (0, *SIZES, 128, 129):
        blocks = max(1, -(-n // 128))
        x = rng.integers(0, 2**32, n, dtype=np.uint32)
        padded = np.zeros(blocks * 128, np.uint32)
        padded[:n] = x
        inclusive = np.cumsum(padded.reshape(blocks, 128), axis=1, dtype=np.uint32)
        exclusive = (inclusive - padded.reshape(blocks, 128)).ravel()[:n]
        grid = {"grid": (blocks, 1, 1), "block": (64, 1, 1)}
        junk = rng.integers(0, 9, n, dtype=np.uint32), rng.integers(0, 9, blocks, dtype=np.uint32)
        names = ("in_", "out", "totals", "n")
        want = {"out": (exclusive, 0), "totals": (inclusive[:, -1], 0)}
        yield WitnessCall("scan_blocks", names, (x, *junk, n), want, grid)
        yield WitnessCall("scan_blocks", names, (x, junk[0], None, n), {"out": (exclusive, 0)}, grid)
        offsets = rng.integers(0, 2**32, blocks, dtype=np.uint32)
        added = x + np.repeat(offsets, 128)[:n]
        yield WitnessCall("add_offsets", ("data", "offsets", "n"), (x, offsets, n), {"data": (added, 0)}, grid)


def matmul(rng: np.random.Generator) -> Iterator[WitnessCall]:
    shapes = [(1, 1, 1), (70, 45, 53), (19, 23, 9), (32, 32, 32), (33, 31, 65), (5, 100, 0), (0, 3, 4), (64, 1, 127)]
    for tile in (8, 16):
        for m, n, k in shapes:
            a, b, c = _floats(rng, m * k), _floats(rng, k * n), _floats(rng, m * n)
            alpha, beta = 1.5, -0.5
            a64, b64 = a.reshape(m, k).astype(np.float64), b.reshape(k, n).astype(np.float64)
            want = alpha * (a64 @ b64).ravel() + beta * c
            magnitude = (np.abs(a64) @ np.abs(b64)).ravel() + np.abs(c)
            names = ("m", "n", "k", "alpha", "a", "b", "beta", "c")
            yield WitnessCall(
                "sgemm", names, (m, n, k, alpha, a, b, beta, c), {"c": _close(want, magnitude)}, {"Tile": tile}
            )


def stencil(rng: np.random.Generator) -> Iterator[WitnessCall]:
    weight = np.array([0.35, 0.2, 0.1])
    for nx, ny in [(1, 1), (2, 3), (83, 47), (31, 33), (64, 16), (65, 17), (1, 40), (129, 1)]:
        u, u_next = rng.uniform(-1, 1, nx * ny), rng.uniform(-1, 1, nx * ny)
        want = np.empty((ny, nx))
        plate = u.reshape(ny, nx)
        x, y = np.arange(nx), np.arange(ny)
        west, east = np.maximum(x - 1, 0), np.minimum(x + 1, nx - 1)
        north, south = np.maximum(y - 1, 0), np.minimum(y + 1, ny - 1)
        want = weight[0] * plate + weight[1] * (plate[:, west] + plate[:, east])
        want += weight[2] * (plate[north] + plate[south])
        yield WitnessCall(
            "heat_step",
            ("u", "u_next", "nx", "ny"),
            (u, u_next, nx, ny),
            {"u_next": (want.ravel(), 1e-14)},
            {"weight": weight},
        )


def nbody(rng: np.random.Generator) -> Iterator[WitnessCall]:
    for n in (0, 1, 2, 31, 33, 64, 65, 331):
        p = SimParams(n, float(np.float32(0.25)), float(np.float32(0.0025)), float(np.float32(0.995)))
        bodies, velocity, acc = _floats(rng, n, 4), _floats(rng, n, 3), _floats(rng, n, 3)
        bodies[:, 3] = np.abs(bodies[:, 3])
        position, mass = bodies[:, :3].astype(np.float64), bodies[:, 3].astype(np.float64)
        r = position[None] - position[:, None]
        pull = r * (mass / (np.sum(r * r, axis=-1) + p.softening2) ** 1.5)[:, :, None]
        names = ("bodies", "acc", "p")
        want = {"acc": _close(pull.sum(axis=1), np.abs(pull).sum(axis=1))}
        yield WitnessCall("accelerations", names, (bodies, acc, p), want)
        v = (velocity + acc.astype(np.float64) * p.dt) * p.damping
        moved = bodies.astype(np.float64)
        moved[:, :3] += v * p.dt
        want = {"bodies": _close(moved, 1.0), "velocity": _close(v, 1.0)}
        yield WitnessCall("advance", ("bodies", "velocity", "acc", "p"), (bodies, velocity, acc, p), want)


def black_scholes(rng: np.random.Generator) -> Iterator[WitnessCall]:
    def cdf(d: np.ndarray) -> np.ndarray:
        k = 1 / (1 + 0.2316419 * np.abs(d))
        poly = np.polyval([1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.319381530, 0], k)
        tail = np.exp(-0.5 * d * d) * poly / np.sqrt(2 * np.pi)
        return np.where(d > 0, 1 - tail, tail)

    for n in (0, *SIZES):
        s, x = _floats(rng, n, low=5, high=30), _floats(rng, n, low=1, high=60)
        t = _floats(rng, n, low=0.25, high=10)
        rate, vol = float(np.float32(0.05)), float(np.float32(0.3))
        s64, x64, t64 = (a.astype(np.float64) for a in (s, x, t))
        sigma = vol * np.sqrt(t64)
        d1 = (np.log(s64 / x64) + (rate + 0.5 * vol * vol) * t64) / sigma
        c1, c2, present = cdf(d1), cdf(d1 - sigma), x64 * np.exp(-rate * t64)
        call, put = s64 * c1 - present * c2, present * (1 - c2) - s64 * (1 - c1)
        yield WitnessCall(
            "priceOptions",
            ("call", "put", "spot", "strike", "years", "rate", "volatility", "optionCount"),
            (_floats(rng, n), _floats(rng, n), s, x, t, rate, vol, n),
            {"call": (call, 1e-6 * (s64 + x64)), "put": (put, 1e-6 * (s64 + x64))},
        )


EXAMPLES: dict[str, Callable[[np.random.Generator], Iterator[WitnessCall]]] = {
    f.__name__: f
    for f in (
        saxpy, gelu, transpose, softmax, layernorm, reduction,
        histogram, scan, matmul, stencil, nbody, black_scholes,
    )
}  # fmt: skip
