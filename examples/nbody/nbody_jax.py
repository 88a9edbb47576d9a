"""JAX port of nbody.cu. `p` has the fields of struct SimParams; float4 and float3 arrays are (n, 4) and (n, 3).

>>> accelerations(bodies, acc, p)  # bodies: float32[331, 4] (x, y, z, mass); acc: float32[331, 3]
{'acc': ...}
"""

import jax
import jax.numpy as jnp


def accelerations(bodies, acc, p):
    """acc[i] <- sum over all j of mass[j] * r / (|r|^2 + softening2)^1.5, r from body i to body j."""
    position, mass = bodies[: p.count, :3], bodies[: p.count, 3]

    def pull_on(me):
        r = position - me
        inverse = jax.lax.rsqrt(jnp.sum(r * r, axis=1) + p.softening2)
        return jnp.sum(r * (mass * inverse * inverse * inverse)[:, None], axis=0)

    return {"acc": acc.at[: p.count].set(jax.vmap(pull_on)(position))}


def advance(bodies, velocity, acc, p):
    """Kick, damp and drift: velocity and position of each body after dt; masses stay."""
    n = p.count
    v = (velocity[:n] + acc[:n] * p.dt) * p.damping
    return {"velocity": velocity.at[:n].set(v), "bodies": bodies.at[:n, :3].add(v * p.dt)}
