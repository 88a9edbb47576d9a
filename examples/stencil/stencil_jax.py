"""JAX port of stencil.cu. The three weights are the program's __constant__ array.

>>> heat_step(u, u_next, 83, 47, weight=weight)  # u, u_next: float64[3901]; weight: float64[3]
{'u_next': ...}
"""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)


def heat_step(u, u_next, nx, ny, *, weight):
    """One explicit Euler step of the heat equation on an insulated nx x ny plate (x runs fastest)."""
    count = nx * ny
    plate = jnp.pad(u[:count].reshape(ny, nx), 1, mode="edge")
    centre = plate[1:-1, 1:-1]
    along_x = plate[1:-1, :-2] + plate[1:-1, 2:]
    along_y = plate[:-2, 1:-1] + plate[2:, 1:-1]
    step = weight[0] * centre + weight[1] * along_x + weight[2] * along_y
    return {"u_next": u_next.at[:count].set(step.reshape(count))}
