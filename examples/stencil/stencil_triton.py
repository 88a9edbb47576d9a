"""Triton port of stencil.cu. The three weights are the program's __constant__ array.

>>> heat_step(u, u_next, 83, 47, weight=weight)  # u, u_next: float64[3901]; weight: float64[3]; changes u_next
"""

import triton
import triton.language as tl

WIDE = 64
HIGH = 16


@triton.jit
def _heat_step(u, u_next, nx, ny, weight, WIDE: tl.constexpr, HIGH: tl.constexpr):
    ix = tl.program_id(0) * WIDE + tl.arange(0, WIDE)[None, :]
    iy = tl.program_id(1) * HIGH + tl.arange(0, HIGH)[:, None]
    inside = (ix < nx) & (iy < ny)

    # A neighbour beyond the edge is the edge cell itself.
    left = tl.maximum(ix - 1, 0)
    right = tl.minimum(ix + 1, nx - 1)
    above = tl.maximum(iy - 1, 0)
    below = tl.minimum(iy + 1, ny - 1)

    centre = tl.load(u + iy * nx + ix, mask=inside)
    along_x = tl.load(u + iy * nx + left, mask=inside) + tl.load(u + iy * nx + right, mask=inside)
    along_y = tl.load(u + above * nx + ix, mask=inside) + tl.load(u + below * nx + ix, mask=inside)
    step = tl.load(weight) * centre + tl.load(weight + 1) * along_x + tl.load(weight + 2) * along_y
    tl.store(u_next + iy * nx + ix, step, mask=inside)


def heat_step(u, u_next, nx, ny, *, weight):
    """One explicit Euler step of the heat equation on an insulated nx x ny plate (x runs fastest)."""
    _heat_step[(triton.cdiv(nx, WIDE), triton.cdiv(ny, HIGH))](u, u_next, nx, ny, weight, WIDE, HIGH)
