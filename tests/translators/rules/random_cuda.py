"""Random C++ expressions over all scalar types, as one kernel that both g++ and the lowering understand.

Undefined behaviour is kept out by construction: divisors are 1..8, shift counts below the width, floats are brought
into range before they become integers. Signed overflow is defined by -fwrapv.
"""

from __future__ import annotations

import random

VARIABLES = {
    "c": ("signed char", "int8"),
    "uc": ("unsigned char", "uint8"),
    "s": ("short", "int16"),
    "us": ("unsigned short", "uint16"),
    "i": ("int", "int32"),
    "u": ("unsigned int", "uint32"),
    "l": ("long long", "int64"),
    "ul": ("unsigned long long", "uint64"),
    "f": ("float", "float32"),
    "d": ("double", "float64"),
    "b": ("bool", "bool"),
}
_INTEGERS = ("c", "uc", "s", "us", "i", "u", "l", "ul", "b")
_LITERALS = ("0", "1", "-1", "7u", "255", "'A'", "3LL", "0x80000000", "2147483647", "5ul", "1000000007", "true")
_TYPES = [name for name, _ in VARIABLES.values()]


class Generator:
    """Expressions of one random stream."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def integer(self, depth: int) -> str:
        """An expression of some integer type."""
        r = self.random
        if depth == 0:
            return r.choice([*_INTEGERS, r.choice(_LITERALS)])
        a, b = self.integer(depth - 1), self.integer(depth - 1)
        match r.randrange(12):
            case 0 | 1 | 2:
                return f"({a} {r.choice('+-*&|^')} {b})"
            case 3:
                return f"({a} {r.choice('/%')} (({b} & 7) + 1))"
            case 4:
                return f"({a} {r.choice(['<<', '>>'])} ({b} & 15))"
            case 5:
                return f"({a} {r.choice(['<', '<=', '>', '>=', '==', '!='])} {b})"
            case 6:
                return f"({a} {r.choice(['&&', '||'])} {b})"
            case 7:
                return f"({self.integer(depth - 1)} ? {a} : {b})"
            case 8:
                return f"({r.choice('-~!+')} {a})"
            case 9:
                return f"({r.choice(_TYPES[:8])})({a})"
            case 10:
                return f"(int)({self.bounded(depth - 1)})"
            case _:
                return f"({self.floating(depth - 1)} {r.choice(['<', '>', '=='])} {self.floating(depth - 1)})"

    def floating(self, depth: int) -> str:
        """An expression of type float or double, without operations that may contract or overflow."""
        r = self.random
        if depth == 0:
            return r.choice(["f", "d", "1.5f", "0.25", "-3.0f", f"(float){r.choice(_INTEGERS)}"])
        a, b = self.floating(depth - 1), self.floating(depth - 1)
        match r.randrange(6):
            case 0 | 1:
                return f"({a} {r.choice('+-')} {b})"
            case 2:
                return f"({self.integer(depth - 1)} ? {a} : {b})"
            case 3:
                return f"(- {a})"
            case 4:
                return f"({r.choice(['float', 'double'])})({self.integer(depth - 1)})"
            case _:
                return f"({a} * 0.5f)"

    def bounded(self, depth: int) -> str:
        """A float between -1000 and 1000."""
        x = self.floating(depth)
        return f"({x} > 1000.0 ? 1000.0 : {x} < -1000.0 ? -1000.0 : {x})"


def kernel(seed: int, integers: int, floats: int) -> str:
    """The kernel's text: output `k` of thread `t` goes to element `k * n + t`."""
    g = Generator(seed)
    params = ", ".join(f"const {t} *{name}_" for name, (t, _) in VARIABLES.items())
    lines = [f"__global__ void k({params}, long long *whole, double *real, int n) {{", "  int t = threadIdx.x;"]
    lines += [f"  const {t} {name} = {name}_[t];" for name, (t, _) in VARIABLES.items()]
    lines += [f"  whole[{k} * n + t] = (long long)({g.integer(4)});" for k in range(integers)]
    lines += [f"  real[{k} * n + t] = {g.floating(4)};" for k in range(floats)]
    return "\n".join([*lines, "}", ""])
