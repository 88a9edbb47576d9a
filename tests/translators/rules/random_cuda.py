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


class Statements:
    """Random bodies with loops, break, continue, return, switch and local arrays; every loop ends."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.loops = 0

    def expression(self, depth: int = 2) -> str:
        """An int expression over a, b, c, d, the array t and the thread's number i."""
        r = self.random
        if depth == 0:
            return r.choice(["a", "b", "c", "d", "i", f"t[{r.choice(['a', 'b', 'i'])} & 3]", str(r.randrange(-3, 9))])
        x, y = self.expression(depth - 1), self.expression(depth - 1)
        return r.choice(
            [
                f"({x} {r.choice('+-*^')} {y})",
                f"({x} {r.choice(['<', '>', '==', '!='])} {y})",
                f"({x} % 7)",
                f"({x} ? {y} : {self.expression(0)})",
                f"({x} & {y})",
                f"f({x}, {y})",
            ]
        )

    def block(self, depth: int, breaks: bool, continues: bool) -> str:
        """Some statements in braces."""
        return (
            "{ " + " ".join(self.statement(depth, breaks, continues) for _ in range(self.random.randrange(1, 4))) + " }"
        )

    def statement(self, depth: int, breaks: bool, continues: bool) -> str:
        r = self.random
        target = r.choice(["a", "b", "c", "d", f"t[{r.choice(['a', 'c', 'i'])} & 3]"])
        simple = [
            f"{target} = {self.expression()};",
            f"{target} {r.choice(['+=', '-=', '^=', '*='])} {self.expression(1)};",
            f"out[i * 8 + ({self.expression(1)} & 7)] += {self.expression(1)};",
            f"g({target}, {self.expression(1)});",
            f"{target} = ({self.expression(1)} {r.choice(['&&', '||'])} e++ > 2) ? {self.expression(1)} : e--;",
        ]
        if breaks:
            simple += [f"if ({self.expression()}) break;", "if (d > 40) break;"]
        if continues:
            simple.append(f"if ({self.expression()}) continue;")
        if r.random() < 0.1:
            simple.append(f"if ({self.expression()} > 20) return;")
        if depth == 0 or r.random() < 0.4:
            return r.choice(simple)
        self.loops += 1
        n, k = self.loops, f"k{self.loops}"
        match r.randrange(6):
            case 0:
                head = f"for (int {k} = {r.randrange(3)}; {k} < {r.randrange(3, 6)}; {k}++)"
                return f"{head} {self.block(depth - 1, True, True)}"
            case 1:
                return f"for (int {k} = i & 3; {k} > -2; {k} -= 2) {{ d += {k}; {self.block(depth - 1, True, True)} }}"
            case 2:
                return f"{{ int {k} = 0; while ({k}++ < (a & 3)) {self.block(depth - 1, True, True)} }}"
            case 3:
                return f"{{ int {k} = 0; do {self.block(depth - 1, True, True)} while (++{k} < {n % 3 + 1}); }}"
            case 4:
                cases = "".join(
                    f"case {v}: {self.statement(depth - 1, True, False)} {r.choice(['break;', ''])} " for v in range(3)
                )
                return f"switch ({self.expression(1)} & 3) {{ {cases}default: {self.statement(0, True, False)} }}"
            case _:
                other = f" else {self.block(depth - 1, breaks, continues)}" if r.random() < 0.5 else ""
                return f"if ({self.expression()}) {self.block(depth - 1, breaks, continues)}{other}"


def statements(seed: int) -> str:
    """A kernel whose threads write eight ints each."""
    s = Statements(seed)
    body = "\n  ".join(s.statement(3, False, False) for _ in range(6))
    return f"""__device__ int f(int x, int y) {{
  if (x > y) return x - y;
  for (int k = 0; k < 3; k++) if (x + k == y) return k;
  return y;
}}
__device__ void g(int &x, int y) {{ if (y < 0) return; x += y & 15; }}
__global__ void k(int *out) {{
  int i = threadIdx.x;
  int a = i, b = 3, c = -1, d = 0, e = 1, t[4] = {{1, i, 2, 0}};
  {body}
  out[i * 8 + 0] += a; out[i * 8 + 1] += b; out[i * 8 + 2] += c; out[i * 8 + 3] += d; out[i * 8 + 4] += t[0] + t[3] + e;
}}
"""
