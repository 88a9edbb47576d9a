"""IR functions as Triton: a table of templates, and small @triton.jit functions that a port carries where it uses them.

`{0}`, `{1}` are arguments already in parentheses where needed. What CUDA's and AMD's libdevice both have is called; the
rest is composed from it, so that a port compiles for both.
"""

from __future__ import annotations

_TL = "exp exp2 log log2 sqrt rsqrt sin cos erf floor ceil"
_LIBDEVICE = """
    expm1 log10 log1p tan asin acos atan sinh cosh tanh asinh acosh atanh erfc erfinv lgamma trunc round rint pow atan2
    hypot fmod copysign nextafter ldexp
"""

FLOAT: dict[str, str] = {name: f"tl.{name}({{0}})" for name in _TL.split()}
FLOAT |= {name: f"libdevice.{name}({{args}})" for name in _LIBDEVICE.split()}
FLOAT |= {
    "fabs": "tl.abs({0})",
    "fma": "tl.fma({0}, {1}, {2})",
    "rcp": "1.0 / {0}",
    "exp10": "libdevice.pow(tl.full({0}.shape, 10.0, {0}.dtype), {0})",
    "powi": "libdevice.pow({0}, {1})",
    "cbrt": "_cbrt({0})",
    "rcbrt": "1.0 / _cbrt({0})",
    "sinpi": "_sinpi({0})",
    "cospi": "_cospi({0})",
    "normcdf": "0.5 * libdevice.erfc({0} * -0.7071067811865476)",
    "fdim": "tl.where({0} > {1}, {0} - {1}, {0} * 0.0)",
    "fmin": "tl.minimum({0}, {1})",
    "fmax": "tl.maximum({0}, {1})",
    "fmin_nan": "tl.minimum({0}, {1}, propagate_nan=tl.PropagateNan.ALL)",
    "fmax_nan": "tl.maximum({0}, {1}, propagate_nan=tl.PropagateNan.ALL)",
}

CLASSIFY: dict[str, str] = {
    "isnan": "{0} != {0}",
    "isinf": 'tl.abs({0}) == float("inf")',
    "isfinite": 'tl.abs({0}) < float("inf")',
}

INTEGER: dict[str, str] = {
    "min": "tl.minimum({0}, {1})",
    "max": "tl.maximum({0}, {1})",
    "popc": "_popc({0}, {bits})",
    "clz": "_clz({0}, {bits})",
    "ffs": "_ffs({0}, {bits})",
    "brev": "_brev({0}, {bits})",
}

# name -> (names it calls, text)
DEVICE: dict[str, tuple[tuple[str, ...], str]] = {
    "_cbrt": (
        (),
        '''@triton.jit
def _cbrt(x):
    """Cube root: a power, and one step of Newton's method."""
    a = tl.abs(x)
    y = libdevice.pow(a, tl.full(a.shape, 1.0 / 3.0, a.dtype))
    y = tl.where(a > 0.0, y - (y * y * y - a) / (3.0 * y * y), a)
    return libdevice.copysign(y, x)''',
    ),
    "_sinpi": (
        (),
        '''@triton.jit
def _sinpi(x):
    """sin(pi x), its argument reduced exactly."""
    r = x - 2.0 * libdevice.rint(x * 0.5)
    r = tl.where(tl.abs(r) > 0.5, libdevice.copysign(tl.full(r.shape, 1.0, r.dtype), r) - r, r)
    return tl.sin(r * 3.141592653589793)''',
    ),
    "_cospi": (
        (),
        '''@triton.jit
def _cospi(x):
    """cos(pi x), its argument reduced exactly."""
    r = x - 2.0 * libdevice.rint(x * 0.5)
    return tl.sin((0.5 - tl.abs(r)) * 3.141592653589793)''',
    ),
    "_popc": (
        (),
        '''@triton.jit
def _popc(x, BITS: tl.constexpr):
    """How many bits of an unsigned integer are set."""
    count = (x & 0).to(tl.int32)
    for bit in tl.static_range(BITS):
        count += ((x >> bit) & 1).to(tl.int32)
    return count''',
    ),
    "_clz": (
        ("_popc",),
        '''@triton.jit
def _clz(x, BITS: tl.constexpr):
    """Leading zeros of an unsigned integer."""
    x = x | (x >> 1)
    x = x | (x >> 2)
    x = x | (x >> 4)
    x = x | (x >> 8)
    x = x | (x >> 16)
    if BITS == 64:
        x = x | (x >> 32)
    return BITS - _popc(x, BITS)''',
    ),
    "_ffs": (
        ("_popc",),
        '''@triton.jit
def _ffs(x, BITS: tl.constexpr):
    """1 + the index of the lowest set bit of an unsigned integer; 0 for 0."""
    return tl.where(x == 0, 0, _popc(x ^ (x - 1), BITS))''',
    ),
    "_brev": (
        (),
        '''@triton.jit
def _brev(x, BITS: tl.constexpr):
    """The bits of an unsigned integer in reverse order."""
    y = x & 0
    for _ in tl.static_range(BITS):
        y = (y << 1) | (x & 1)
        x = x >> 1
    return y''',
    ),
    "_shuffle": (
        (),
        '''@triton.jit
def _shuffle(value, source, P: tl.constexpr):
    """`value` of lane `source` of the same warp of 32."""
    W: tl.constexpr = 32 if P >= 32 else P
    rows = tl.reshape(value, [P // W, W])
    picked = tl.gather(rows, tl.reshape(source & (W - 1), [P // W, W]), 1)
    return tl.reshape(picked, [P])''',
    ),
    "_shuffle_up": (
        ("_shuffle",),
        '''@triton.jit
def _shuffle_up(value, lane, delta, width, P: tl.constexpr):
    """__shfl_up_sync: the value `delta` lanes below in the segment, the thread's own where there is none."""
    me = lane & (width - 1)
    inside = me - delta >= 0
    return tl.where(inside, _shuffle(value, tl.where(inside, lane - delta, lane), P), value)''',
    ),
    "_shuffle_down": (
        ("_shuffle",),
        '''@triton.jit
def _shuffle_down(value, lane, delta, width, P: tl.constexpr):
    """__shfl_down_sync: the value `delta` lanes above in the segment, the thread's own where there is none."""
    me = lane & (width - 1)
    inside = me + delta < width
    return tl.where(inside, _shuffle(value, tl.where(inside, lane + delta, lane), P), value)''',
    ),
    "_shuffle_xor": (
        ("_shuffle",),
        '''@triton.jit
def _shuffle_xor(value, lane, mask, width, P: tl.constexpr):
    """__shfl_xor_sync: the value of lane `me ^ mask` of the segment, the thread's own where that is outside."""
    me = lane & (width - 1)
    inside = (me ^ mask) < width
    return tl.where(inside, _shuffle(value, tl.where(inside, lane - me + (me ^ mask), lane), P), value)''',
    ),
    "_shuffle_idx": (
        ("_shuffle",),
        '''@triton.jit
def _shuffle_idx(value, lane, source, width, P: tl.constexpr):
    """__shfl_sync: the value of lane `source mod width` of the segment."""
    me = lane & (width - 1)
    return _shuffle(value, lane - me + (source & (width - 1)), P)''',
    ),
    "_warp_or": (
        (),
        '''@triton.jit
def _or(a, b):
    return a | b


@triton.jit
def _warp_or(value, P: tl.constexpr):
    """Bitwise or over each warp of 32, given to all its lanes."""
    W: tl.constexpr = 32 if P >= 32 else P
    rows = tl.reduce(tl.reshape(value, [P // W, W]), 1, _or, keep_dims=True)
    return tl.reshape(tl.broadcast_to(rows, [P // W, W]), [P])''',
    ),
    "_ballot": (
        ("_warp_or",),
        '''@triton.jit
def _ballot(predicate, lane, P: tl.constexpr):
    """One bit for each lane of the warp whose predicate is true."""
    bit = tl.full((P,), 1, tl.uint32) << (lane & 31).to(tl.uint32)
    return _warp_or(tl.where(predicate, bit, 0), P)''',
    ),
    "_match": (
        ("_shuffle",),
        '''@triton.jit
def _match(value, active, lane, P: tl.constexpr):
    """__match_any_sync: the active lanes of the warp that hold the same value."""
    found = tl.zeros((P,), tl.uint32)
    one = tl.full((P,), 1, tl.uint32)
    for other in tl.static_range(32 if P >= 32 else P):
        source = (lane & -32) + other
        same = (_shuffle(value, source, P) == value) & (_shuffle(active.to(tl.int32), source, P) != 0)
        found |= tl.where(same, one << other, 0)
    return found''',
    ),
}
for _op, _call in (("add", "tl.sum"), ("min", "tl.min"), ("max", "tl.max")):
    DEVICE[f"_warp_{_op}"] = (
        (),
        f'''@triton.jit
def _warp_{_op}(value, P: tl.constexpr):
    """The {_op} over each warp of 32, given to all its lanes."""
    W: tl.constexpr = 32 if P >= 32 else P
    rows = {_call}(tl.reshape(value, [P // W, W]), 1, keep_dims=True)
    return tl.reshape(tl.broadcast_to(rows, [P // W, W]), [P])''',
    )
for _op, _change in (
    ("inc", "tl.where(old >= value, old * 0, old + 1)"),
    ("dec", "tl.where((old == 0) | (old > value), value, old - 1)"),
):
    DEVICE[f"_atomic_{_op}"] = (
        (),
        f'''@triton.jit
def _atomic_{_op}(target, spare, value, active):
    """atomic{_op.capitalize()}; lanes that are not active work on their own spare element."""
    place = tl.where(active, target, spare)
    result = tl.load(target, mask=active, other=0)
    old = result
    waiting = active
    while tl.max(waiting.to(tl.int32), 0) > 0:
        seen = tl.atomic_cas(tl.where(waiting, place, spare), old, {_change})
        won = waiting & (seen == old)
        result = tl.where(won, old, result)
        waiting = waiting & ~won
        old = seen
    return result''',
    )


def device_functions(names: set[str]) -> list[str]:
    """Texts of these device functions and of those they call, callees first."""
    order: list[str] = []

    def visit(name: str) -> None:
        for callee in DEVICE[name][0]:
            visit(callee)
        if name not in order:
            order.append(name)

    for name in sorted(names):
        visit(name)
    return [DEVICE[name][1] for name in order]
