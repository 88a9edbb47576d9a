"""IR functions as JAX: a table of templates, and the small functions that a port carries where it uses them."""

from __future__ import annotations

_SAME = "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan sinh cosh tanh floor ceil trunc"
_ARC = "asin acos atan asinh acosh atanh"

FLOAT: dict[str, str] = {name: f"jnp.{name}({{0}})" for name in _SAME.split()}
FLOAT |= {name: f"jnp.arc{name[1:]}({{0}})" for name in _ARC.split()}
FLOAT |= {
    "exp10": "jnp.power(jnp.asarray(10, {0}.dtype), {0})",
    "rsqrt": "lax.rsqrt({0})",
    "rcbrt": "1.0 / jnp.cbrt({0})",
    "rcp": "1.0 / {0}",
    "erf": "lax.erf({0})",
    "erfc": "lax.erfc({0})",
    "erfinv": "lax.erf_inv({0})",
    "lgamma": "lax.lgamma({0})",
    "tgamma": "jax.scipy.special.gamma({0})",
    "normcdf": "0.5 * lax.erfc({0} * -0.7071067811865476)",
    "sinpi": "_sinpi({0})",
    "cospi": "_cospi({0})",
    "fabs": "jnp.abs({0})",
    "round": "lax.round({0}, lax.RoundingMethod.AWAY_FROM_ZERO)",
    "rint": "lax.round({0}, lax.RoundingMethod.TO_NEAREST_EVEN)",
    "pow": "jnp.power({0}, {1})",
    "powi": "jnp.power({0}, ({1}).astype({0}.dtype))",
    "atan2": "jnp.arctan2({0}, {1})",
    "hypot": "jnp.hypot({0}, {1})",
    "fmod": "jnp.fmod({0}, {1})",
    "remainder": "_remainder({0}, {1})",
    "copysign": "jnp.copysign({0}, {1})",
    "fmin": "jnp.fmin({0}, {1})",
    "fmax": "jnp.fmax({0}, {1})",
    "fmin_nan": "jnp.minimum({0}, {1})",
    "fmax_nan": "jnp.maximum({0}, {1})",
    "fdim": "jnp.where({0} > {1}, {0} - {1}, {0} * 0)",
    "nextafter": "jnp.nextafter({0}, {1})",
    "ldexp": "jnp.ldexp({0}, {1})",
    "fma": "{0} * {1} + {2}",
    "isnan": "jnp.isnan({0})",
    "isinf": "jnp.isinf({0})",
    "isfinite": "jnp.isfinite({0})",
    "signbit": "jnp.signbit({0})",
}
LOOSE = ("rcbrt", "rcp", "normcdf", "fma")  # templates whose outermost operator is * / or +

INTEGER: dict[str, str] = {
    "min": "jnp.minimum({0}, {1})",
    "max": "jnp.maximum({0}, {1})",
    "abs": "jnp.abs({0})",
    "popc": "lax.population_count({0}).astype(jnp.int32)",
    "clz": "lax.clz({0}).astype(jnp.int32)",
    "ffs": "_ffs({0})",
    "brev": "_brev({0})",
}

# name -> (names it calls, text)
PORT: dict[str, tuple[tuple[str, ...], str]] = {
    "_blocks": (
        (),
        '''def _blocks(step, state, grid, block, whole=False):
    """Run `step(block (B, 1), thread (1, T), active (B, T), state)` over the grid, B blocks side by side at a time."""
    blocks, threads = grid[0] * grid[1] * grid[2], block[0] * block[1] * block[2]
    size = blocks if whole else max(1, min(blocks, 65536 // threads))
    thread = jnp.arange(threads, dtype=jnp.int32)[None, :]
    row = jnp.arange(size, dtype=jnp.int32)[:, None]

    def chunk(c, state):
        number = c * size + row
        return step(number, thread, (number < blocks) & (thread >= 0), state)

    return chunk(0, state) if size == blocks else lax.fori_loop(0, -(-blocks // size), chunk, state)''',
    ),
    "_trips": (
        (),
        '''def _trips(start, stop, step, down):
    """How often the loop `for (v = start; v < stop; v += step)` runs; `down`: with `>` and a negative step."""
    low, high, size = (stop, start, -step) if down else (start, stop, step)
    return jnp.where(low < high, (high - low + (size - 1)) // size, 0).astype(jnp.int32)''',
    ),
    "_load": (
        (),
        '''def _load(memory, index, active):
    """Elements where `active`; nothing is read elsewhere."""
    if not memory.size:
        return jnp.zeros(jnp.broadcast_shapes(jnp.shape(index), jnp.shape(active)), memory.dtype)
    safe = jnp.where(active, index, 0)
    return memory.at[safe].get(mode="promise_in_bounds", wrap_negative_indices=False)''',
    ),
    "_store": (
        (),
        '''def _store(memory, index, value, active):
    """The memory with `value` stored where `active`."""
    place = jnp.where(active, index, memory.size)
    return memory.at[place].set(value, mode="drop", wrap_negative_indices=False)''',
    ),
    "_atomic_old": (
        (),
        '''def _atomic_old(memory, combine, index, value, active):
    """The memory after atomics whose old values are used, and those values; threads are served in ascending order."""
    shape = jnp.broadcast_shapes(jnp.shape(index), jnp.shape(value), jnp.shape(active))
    place = jnp.broadcast_to(jnp.where(active, index, memory.size), shape).reshape(-1)
    order = jnp.argsort(place, stable=True)
    place = place[order]
    value = jnp.broadcast_to(value, shape).reshape(-1)[order]
    first = jnp.concatenate([jnp.ones(1, bool), place[1:] != place[:-1]])
    start = memory.at[jnp.where(place < memory.size, place, 0)].get(mode="fill", fill_value=0)

    def join(a, b):
        return a[0] | b[0], jnp.where(b[0], b[1], combine(a[1], b[1]))

    _, after = lax.associative_scan(join, (first, value))
    after = combine(start, after)
    old = jnp.where(first, start, jnp.roll(after, 1))
    last = jnp.concatenate([first[1:], jnp.ones(1, bool)])
    memory = memory.at[jnp.where(last, place, memory.size)].set(after, mode="drop", wrap_negative_indices=False)
    return memory, jnp.zeros_like(old).at[order].set(old).reshape(shape)''',
    ),
    "_atomic_inc": (
        ("_atomic_old",),
        '''def _atomic_inc(memory, index, limit, active):
    """The memory after atomicInc of every active thread, and the old values: 0 .. limit, then from 0 again.

    The threads that meet in one element have the same limit.
    """
    one = jnp.ones_like(limit)
    served, rank = _atomic_old(jnp.zeros_like(memory), jnp.add, index, one, active)
    place = jnp.where(active, index, memory.size)
    start = memory.at[place].get(mode="fill", fill_value=0)
    turn = jnp.maximum(limit + one, one)
    cycle = jnp.where(start > limit, rank - one, start + rank)
    cycled = lax.rem(*jnp.broadcast_arrays(cycle, turn))
    old = jnp.where(rank == 0, start, jnp.where(limit + one == 0, start + rank, cycled))
    last = active & (rank + one == served.at[place].get(mode="fill", fill_value=0))
    new = jnp.where(old >= limit, jnp.zeros_like(limit), old + one)
    place = jnp.where(last, index, memory.size)
    return memory.at[place].set(new, mode="drop", wrap_negative_indices=False), old''',
    ),
    "_atomic_dec": (
        ("_atomic_old",),
        '''def _atomic_dec(memory, index, limit, active):
    """The memory after atomicDec of every active thread, and the old values: limit .. 0, then from the limit again.

    The threads that meet in one element have the same limit.
    """
    one = jnp.ones_like(limit)
    served, rank = _atomic_old(jnp.zeros_like(memory), jnp.add, index, one, active)
    place = jnp.where(active, index, memory.size)
    start = memory.at[place].get(mode="fill", fill_value=0)
    turn = jnp.maximum(limit + one, one)
    steps = jnp.where(start > limit, rank - one, limit - jnp.minimum(start, limit) + rank)
    cycled = limit - lax.rem(*jnp.broadcast_arrays(steps, turn))
    old = jnp.where(rank == 0, start, jnp.where(limit + one == 0, start - rank, cycled))
    last = active & (rank + one == served.at[place].get(mode="fill", fill_value=0))
    new = jnp.where((old == 0) | (old > limit), limit, old - one)
    place = jnp.where(last, index, memory.size)
    return memory.at[place].set(new, mode="drop", wrap_negative_indices=False), old''',
    ),
    "_atomic_cas": (
        (),
        '''def _atomic_cas(memory, index, compare, value, active):
    """The memory after a compare-and-swap of every active thread, and what each found there.

    Of the threads that would change one element the first one does; the others find its value.
    """
    shape = jnp.broadcast_shapes(jnp.shape(index), jnp.shape(compare), jnp.shape(value), jnp.shape(active))
    active = jnp.broadcast_to(active, shape)
    place = jnp.where(active, index, memory.size)
    number = jnp.arange(active.size, dtype=jnp.int32).reshape(shape)
    found = memory.at[place].get(mode="fill", fill_value=0)
    wants = active & (found == compare) & (value != found)
    first = jnp.full(memory.shape, active.size, jnp.int32)
    first = first.at[jnp.where(wants, place, memory.size)].min(number, mode="drop", wrap_negative_indices=False)
    wins = wants & (first.at[place].get(mode="fill", fill_value=-1) == number)
    memory = memory.at[jnp.where(wins, place, memory.size)].set(value, mode="drop", wrap_negative_indices=False)
    after = memory.at[place].get(mode="fill", fill_value=0)
    return memory, jnp.where(wants & ~wins, after, found)''',
    ),
    "_div": (
        (),
        '''def _div(a, b):
    """Integer quotient, toward zero as in C."""
    return lax.div(*jnp.broadcast_arrays(a, b))''',
    ),
    "_rem": (
        (),
        '''def _rem(a, b):
    """Integer remainder with the sign of the dividend, as in C."""
    return lax.rem(*jnp.broadcast_arrays(a, b))''',
    ),
    "_shl": (
        (),
        '''def _shl(a, b):
    """a << b; a count of all bits or more gives 0."""
    return lax.shift_left(*jnp.broadcast_arrays(a, b))''',
    ),
    "_shr": (
        (),
        '''def _shr(a, b):
    """a >> b; a count of all bits or more gives 0, or the sign."""
    a, b = jnp.broadcast_arrays(a, b)
    signed = jnp.issubdtype(a.dtype, jnp.signedinteger)
    return lax.shift_right_arithmetic(a, b) if signed else lax.shift_right_logical(a, b)''',
    ),
    "_to_int": (
        (),
        '''def _to_int(x, dtype):
    """Float to integer as a GPU does it: toward zero, saturating, NaN gives 0."""
    low, high = int(jnp.iinfo(dtype).min), int(jnp.iinfo(dtype).max)
    if jnp.dtype(x.dtype).itemsize < 4:
        x = x.astype(jnp.float32)
    inside = (x >= float(low)) & (x < float(high + 1))
    edge = jnp.where(x > 0, jnp.asarray(high, dtype), jnp.asarray(low, dtype))
    return jnp.where(inside, jnp.where(inside, x, 0).astype(dtype), jnp.where(jnp.isnan(x), 0, edge).astype(dtype))''',
    ),
    "_sinpi": (
        (),
        '''def _sinpi(x):
    """sin(pi x), its argument reduced exactly."""
    r = x - 2 * jnp.rint(x * 0.5)
    r = jnp.where(jnp.abs(r) > 0.5, jnp.copysign(jnp.ones_like(r), r) - r, r)
    return jnp.sin(r * 3.141592653589793)''',
    ),
    "_cospi": (
        (),
        '''def _cospi(x):
    """cos(pi x), its argument reduced exactly."""
    r = x - 2 * jnp.rint(x * 0.5)
    return jnp.sin((0.5 - jnp.abs(r)) * 3.141592653589793)''',
    ),
    "_remainder": (
        (),
        '''def _remainder(x, y):
    """IEEE remainder: the quotient rounds half to even."""
    r = jnp.fmod(x, 2 * y)
    a, b = jnp.abs(r), jnp.abs(y)
    a = jnp.where(a + a > b, jnp.where(a - b + a - b >= b, a - b - b, a - b), a)
    return jnp.where(jnp.signbit(x), -a, a)''',
    ),
    "_ffs": (
        (),
        '''def _ffs(x):
    """1 + the index of the lowest set bit; 0 for 0."""
    return jnp.where(x == 0, 0, jnp.iinfo(x.dtype).bits - lax.clz(x & -x)).astype(jnp.int32)''',
    ),
    "_brev": (
        (),
        '''def _brev(x):
    """The bits in reverse order."""
    bits = jnp.iinfo(x.dtype).bits
    kind = jnp.uint64 if bits == 64 else jnp.uint32
    y = lax.bitcast_convert_type(x, kind)
    shift = 1
    while shift < bits:
        ones = kind(((1 << bits) - 1) // ((1 << shift) + 1))
        y = ((y >> shift) & ones) | ((y & ones) << shift)
        shift *= 2
    return lax.bitcast_convert_type(y, x.dtype)''',
    ),
    "_shuffle": (
        (),
        '''def _shuffle(value, source):
    """`value` of thread `source` of the block."""
    source = jnp.clip(jnp.broadcast_to(source, value.shape), 0, value.shape[1] - 1)
    return jnp.take_along_axis(value, source, axis=1)''',
    ),
    "_shuffle_up": (
        ("_shuffle",),
        '''def _shuffle_up(value, thread, delta, width):
    """__shfl_up_sync: the value `delta` lanes below in the segment, the thread's own where there is none."""
    inside = (thread & (width - 1)) - delta >= 0
    return jnp.where(inside, _shuffle(value, thread - delta), value)''',
    ),
    "_shuffle_down": (
        ("_shuffle",),
        '''def _shuffle_down(value, thread, delta, width):
    """__shfl_down_sync: the value `delta` lanes above in the segment, the thread's own where there is none."""
    inside = (thread & (width - 1)) + delta < width
    return jnp.where(inside, _shuffle(value, thread + delta), value)''',
    ),
    "_shuffle_xor": (
        ("_shuffle",),
        '''def _shuffle_xor(value, thread, mask, width):
    """__shfl_xor_sync: the value of lane `me ^ mask` of the segment, the thread's own where that is outside."""
    me = thread & (width - 1)
    return jnp.where((me ^ mask) < width, _shuffle(value, thread - me + (me ^ mask)), value)''',
    ),
    "_shuffle_idx": (
        ("_shuffle",),
        '''def _shuffle_idx(value, thread, source, width):
    """__shfl_sync: the value of lane `source mod width` of the segment."""
    return _shuffle(value, thread - (thread & (width - 1)) + (source & (width - 1)))''',
    ),
    "_warp": (
        (),
        '''def _warp(value, reduce, rest):
    """`reduce` over each warp of 32 threads, given to all of them; `rest` changes nothing in it."""
    blocks, threads = value.shape
    padded = jnp.pad(value, ((0, 0), (0, -threads % 32)), constant_values=rest)
    result = reduce(padded.reshape(blocks, -1, 32))
    return jnp.broadcast_to(result[:, :, None], (*result.shape, 32)).reshape(blocks, -1)[:, :threads]''',
    ),
    "_ballot": (
        ("_warp",),
        '''def _ballot(predicate, thread):
    """One bit for each lane of the warp whose predicate is true."""
    bit = jnp.where(predicate, jnp.uint32(1) << (thread & 31).astype(jnp.uint32), jnp.uint32(0))
    return _warp(bit, lambda rows: jnp.sum(rows, axis=2, dtype=jnp.uint32), 0)''',
    ),
    "_match": (
        ("_shuffle",),
        '''def _match(value, active, thread):
    """__match_any_sync: the active lanes of the warp that hold the same value."""
    found = jnp.zeros(value.shape, jnp.uint32)
    for other in range(32):
        source = (thread & -32) + other
        same = (_shuffle(value, source) == value) & _shuffle(active, source) & (source < value.shape[1])
        found |= jnp.where(same, jnp.uint32(1 << other), jnp.uint32(0))
    return found''',
    ),
}

for _op in ("add", "min", "max"):
    PORT[f"_atomic_{_op}"] = (
        (),
        f'''def _atomic_{_op}(memory, index, value, active):
    """The memory after an atomic {_op} of every active thread."""
    place = jnp.where(active, index, memory.size)
    return memory.at[place].{_op}(value, mode="drop", wrap_negative_indices=False)''',
    )


def port_functions(names: set[str]) -> list[str]:
    """Texts of these functions and of those they call, callees first."""
    order: list[str] = []

    def visit(name: str) -> None:
        for callee in PORT[name][0]:
            visit(callee)
        if name not in order:
            order.append(name)

    for name in sorted(names, key=list(PORT).index):
        visit(name)
    return [PORT[name][1] for name in order]
