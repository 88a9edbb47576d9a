"""Triton port of nbody.cu. `p` has the fields of struct SimParams; float4 and float3 arrays are (n, 4) and (n, 3).

>>> accelerations(bodies, acc, p)  # bodies: float32[331, 4] (x, y, z, mass); acc: float32[331, 3], changed
"""

import triton
import triton.language as tl

BLOCK = 64


@triton.jit
def _accelerations(bodies, acc, count, softening2, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mine = i < count
    x = tl.load(bodies + 4 * i, mask=mine, other=0.0)
    y = tl.load(bodies + 4 * i + 1, mask=mine, other=0.0)
    z = tl.load(bodies + 4 * i + 2, mask=mine, other=0.0)

    ax = tl.zeros((BLOCK,), tl.float32)
    ay = tl.zeros((BLOCK,), tl.float32)
    az = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, count, BLOCK):
        j = start + tl.arange(0, BLOCK)
        there = j < count
        dx = tl.load(bodies + 4 * j, mask=there, other=0.0)[None, :] - x[:, None]
        dy = tl.load(bodies + 4 * j + 1, mask=there, other=0.0)[None, :] - y[:, None]
        dz = tl.load(bodies + 4 * j + 2, mask=there, other=0.0)[None, :] - z[:, None]
        mass = tl.load(bodies + 4 * j + 3, mask=there, other=0.0)[None, :]
        inverse = tl.rsqrt(dx * dx + dy * dy + dz * dz + softening2)
        # Where there is no body j, the distance may be 0 without softening: 0 * inf must not enter the sum.
        s = tl.where(there[None, :], mass * inverse * inverse * inverse, 0.0)
        ax += tl.sum(dx * s, axis=1)
        ay += tl.sum(dy * s, axis=1)
        az += tl.sum(dz * s, axis=1)

    tl.store(acc + 3 * i, ax, mask=mine)
    tl.store(acc + 3 * i + 1, ay, mask=mine)
    tl.store(acc + 3 * i + 2, az, mask=mine)


@triton.jit
def _advance(bodies, velocity, acc, count, dt, damping, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mine = i < count
    for axis in tl.static_range(3):
        v = tl.load(velocity + 3 * i + axis, mask=mine)
        v = (v + tl.load(acc + 3 * i + axis, mask=mine) * dt) * damping
        tl.store(velocity + 3 * i + axis, v, mask=mine)
        x = tl.load(bodies + 4 * i + axis, mask=mine)
        tl.store(bodies + 4 * i + axis, x + v * dt, mask=mine)


def accelerations(bodies, acc, p):
    """acc[i] <- sum over all j of mass[j] * r / (|r|^2 + softening2)^1.5, r from body i to body j."""
    _accelerations[(triton.cdiv(p.count, BLOCK),)](bodies, acc, p.count, p.softening2, BLOCK)


def advance(bodies, velocity, acc, p):
    """Kick, damp and drift: velocity and position of each body after dt; masses stay."""
    _advance[(triton.cdiv(p.count, BLOCK),)](bodies, velocity, acc, p.count, p.dt, p.damping, BLOCK)
