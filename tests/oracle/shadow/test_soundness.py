# ruff: noqa: E501 (C++ text)
"""The bound holds for correct rewrites in plain arithmetic, and it is tight enough to see wrong ones.

Each body is compiled three times: with shadow scalars, with the plain type as written, and as a rewrite that another
author or compiler could have chosen. The greatest error in units of the bound must stay below 1 for the last two.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

Run = Callable[..., str]

# name, range of the inputs, body over `x[0..N)`, rewrite of it. `R` is the scalar.
N = 64
BODIES = [
    (
        "polynomial",
        "-2, 2",
        "((x[0] * 3.7f + 1.1f) * x[0] - 2.3f) * x[0] + 0.4f",
        "3.7f * x[0] * x[0] * x[0] + 1.1f * x[0] * x[0] - 2.3f * x[0] + 0.4f",
    ),
    ("cancelling_dot", "-1, 1", "dot(x, x + 32, 32) - dot(x, x + 32, 31)", "-dot(x, x + 32, 31) + back(x, x + 32, 32)"),
    ("dot", "-1, 1", "dot(x, x + 32, 32)", "back(x, x + 32, 32)"),
    ("one_signed_dot", "0, 1", "dot(x, x + 32, 32)", "back(x, x + 32, 32)"),
    ("norm", "-1e6, 1e6", "sqrtf(dot(x, x, 64))", "sqrtf(back(x, x, 64))"),
    ("mean", "-5, 5", "total(x, 64) / 64", "total(x, 32) * 0.015625f + total(x + 32, 32) * 0.015625f"),
    ("variance", "99, 101", "variance(x, 64)", "variance_back(x, 64)"),
    (
        "layernorm",
        "-3, 3",
        "(x[0] - total(x, 64) / 64) * rsqrtf(variance(x, 64) + 1e-5f)",
        "(x[0] - total_back(x, 64) / 64) / sqrtf(variance_back(x, 64) + 1e-5f)",
    ),
    (
        "gelu_tanh",
        "-4, 4",
        "0.5f * x[0] * (1.0f + tanhf(0.7978845608f * (x[0] + 0.044715f * x[0] * x[0] * x[0])))",
        "x[0] * 0.5f * (1.0f + tanhf(0.7978845608f * x[0] * (1.0f + 0.044715f * x[0] * x[0])))",
    ),
    (
        "gelu_erf",
        "-4, 4",
        "0.5f * x[0] * (1.0f + erff(x[0] * 0.70710678f))",
        "x[0] * (0.5f + 0.5f * erff(x[0] / 1.41421356f))",
    ),
    ("silu", "-4, 4", "x[0] / (1.0f + expf(-x[0]))", "x[0] * (1.0f / (1.0f + exp2f(-1.44269504f * x[0])))"),
    ("softplus", "-8, 8", "log1pf(expf(x[0]))", "fmaxf(x[0], 0.0f) + log1pf(expf(-fabsf(x[0])))"),
    ("log_near_one", "-1e-3, 1e-3", "logf(1.0f + x[0])", "0.69314718f * log2f(1.0f + x[0])"),
    ("sine_of_product", "-1e4, 1e4", "sinf(1.7f * x[0])", "cosf(1.7f * x[0] - 1.5707964f)"),
    ("softmax", "-8, 8", "softmax(x, 32)", "softmax_back(x, 32)"),
    ("log_sum_exp", "-30, 30", "logsum(x, 32)", "logsum_back(x, 32)"),
    ("black_scholes", "0.5, 2", "call(x[0], x[1], x[2])", "call_other(x[0], x[1], x[2])"),
    ("lerp", "-10, 10", "x[0] + 0.3f * (x[1] - x[0])", "0.7f * x[0] + 0.3f * x[1]"),
    (
        "distance",
        "-10, 10",
        "rsqrtf(sq(x[0] - x[1]) + sq(x[2] - x[3]) + 1e-3f)",
        "1.0f / sqrtf(1e-3f + sq(x[3] - x[2]) + sq(x[1] - x[0]))",
    ),
    ("power", "0.1, 4", "powf(x[0], x[1])", "expf(x[1] * logf(x[0]))"),
    ("square_by_power", "-4, 4", "powf(x[0], 2.0f) + x[1]", "x[0] * x[0] + x[1]"),
    ("angle", "-2, 2", "atan2f(x[0], x[1]) + hypotf(x[0], x[1])", "hypot_plain(x[0], x[1]) + atan2f(x[0], x[1])"),
    ("gamma", "1, 5", "lgammaf(x[0]) + tgammaf(x[1])", "tgammaf(x[1]) + lgammaf(x[0])"),
    ("stencil", "-100, 100", "x[0] + 0.1f * (x[1] - 2.0f * x[0] + x[2])", "0.8f * x[0] + 0.1f * x[1] + 0.1f * x[2]"),
    ("recurrence", "0.1, 0.9", "orbit(x[0], 6)", "orbit_other(x[0], 6)"),
    ("harmonic", "1, 2", "harmonic(x[0], 200)", "harmonic_back(x[0], 200)"),
    ("tiny", "-1e-19, 1e-19", "x[0] * x[1] + x[2] * x[3]", "x[2] * x[3] + x[1] * x[0]"),
    ("fused", "-10, 10", "x[0] * x[1] - x[2] * x[3]", "fused(x[0], x[1], -(x[2] * x[3]))"),
    ("double_literals", "-3, 3", "0.5 * x[0] * (1.0 + x[1] * 0.1)", "0.5f * x[0] * (1.0f + x[1] * 0.1f)"),
]

LIBRARY = """
template <class R> R sq(R a) { return a * a; }
template <class R> R dot(const R* x, const R* y, int n) { R s = 0; for (int i = 0; i < n; i++) s += x[i] * y[i]; return s; }
template <class R> R back(const R* x, const R* y, int n) { R s = 0; for (int i = n; i-- > 0;) s += x[i] * y[i]; return s; }
template <class R> R total(const R* x, int n) { R s = 0; for (int i = 0; i < n; i++) s += x[i]; return s; }
template <class R> R total_back(const R* x, int n) { return n == 1 ? x[0] : total_back(x, n / 2) + total_back(x + n / 2, n - n / 2); }
template <class R> R variance(const R* x, int n) {
  R m = total(x, n) / n, s = 0;
  for (int i = 0; i < n; i++) s += (x[i] - m) * (x[i] - m);
  return s / n;
}
template <class R> R variance_back(const R* x, int n) {
  R m = total_back(x, n) * (1.0f / n), s = 0;
  for (int i = n; i-- > 0;) s += sq(m - x[i]);
  return s * (1.0f / n);
}
template <class R> R softmax(const R* x, int n) {
  R m = x[0], s = 0;
  for (int i = 1; i < n; i++) m = fmaxf(m, x[i]);
  for (int i = 0; i < n; i++) s += expf(x[i] - m);
  return expf(x[1] - m) / s;
}
template <class R> R softmax_back(const R* x, int n) {
  R m = x[0], s = 0;
  for (int i = 1; i < n; i++) m = fmaxf(m, x[i]);
  for (int i = n; i-- > 0;) s += exp2f((x[i] - m) * 1.44269504f);
  return expf(x[1] - m) * (1.0f / s);
}
template <class R> R logsum(const R* x, int n) {
  R m = x[0], s = 0;
  for (int i = 1; i < n; i++) m = fmaxf(m, x[i]);
  for (int i = 0; i < n; i++) s += expf(x[i] - m);
  return m + logf(s);
}
template <class R> R logsum_back(const R* x, int n) {  // online
  R m = x[0], s = 1;
  for (int i = 1; i < n; i++) { R w = fmaxf(m, x[i]); s = s * expf(m - w) + expf(x[i] - w), m = w; }
  return logf(s) + m;
}
template <class R> R cdf(R d) { return 0.5f * erfcf(-d * 0.70710678f); }
template <class R> R call(R s, R k, R t) {
  R v = sqrtf(t) * 0.3f, d1 = (logf(s / k) + (0.02f + 0.5f * 0.3f * 0.3f) * t) / v, d2 = d1 - v;
  return s * cdf(d1) - k * expf(-0.02f * t) * cdf(d2);
}
template <class R> R call_other(R s, R k, R t) {
  R v = 0.3f * sqrtf(t), d1 = (logf(s) - logf(k) + 0.065f * t) / v;
  return s * cdf(d1) - k * expf(-0.02f * t) * cdf(d1 - v);
}
template <class R> R hypot_plain(R a, R b) { return sqrtf(a * a + b * b); }
template <class R> R orbit(R x, int n) { for (int i = 0; i < n; i++) x = 3.7f * x * (1.0f - x); return x; }
template <class R> R orbit_other(R x, int n) { for (int i = 0; i < n; i++) x = 3.7f * (x - x * x); return x; }
template <class R> R harmonic(R x, int n) { R s = 0; for (int i = 1; i <= n; i++) s += x / (float)i; return s; }
template <class R> R harmonic_back(R x, int n) { R s = 0; for (int i = n; i > 0; i--) s += 1.0f / (float)i; return s * x; }
template <class R> R fused(R a, R b, R c) { return fmaf(a, b, c); }
"""

MAIN = """
static unsigned long long seed = 0x9E3779B97F4A7C15ull;
static double uniform() { seed ^= seed >> 12, seed ^= seed << 25, seed ^= seed >> 27; return (seed * 0x2545F4914F6CDD1Dull >> 11) * 0x1p-53; }
template <class R, class S, class A, class B, class C>
void measure(const char* name, double low, double high, int rounds, A shadow, B plain, C rewrite) {
  double worst_plain = 0, worst_rewrite = 0, width = 0;
  int unbounded = 0;
  for (int r = 0; r < rounds; r++) {
    S s[64];
    R x[64];
    for (int i = 0; i < 64; i++) x[i] = low + (high - low) * uniform(), s[i] = S::input(x[i], cuport::stamp() >> 1);
    S y = shadow(s);
    double b = y.bound();
    if (!(b < cuport::infinity)) { unbounded++; continue; }
    auto error = [&](R p) { return (double)cuport::magnitude(p - y.v) / b; };
    double e = error(plain(x)), f = error(rewrite(x)), w = b / (double)cuport::magnitude(y.v);
    if (!(e <= worst_plain)) worst_plain = e;
    if (!(f <= worst_rewrite)) worst_rewrite = f;
    if (r < 101) width += w < 1 ? w : 1;
  }
  printf("%s %g %g %g %d\\n", name, worst_plain, worst_rewrite, width / 101, unbounded);
}
"""


def program(real: str, shadow: str) -> str:
    lines = []
    for name, interval, body, rewrite in BODIES:
        if real == "double":  # the same text in double: functions without their suffix, literals without theirs
            body, rewrite = (_to_double(t) for t in (body, rewrite))
        lines.append(
            f'measure<{real}, cuport::{shadow}>("{name}", {interval}, 2000, [](const cuport::{shadow}* x) -> cuport::{shadow}'
            f" {{ return {body}; }}, [](const {real}* x) -> {real} {{ return {body}; }},"
            f" [](const {real}* x) -> {real} {{ return {rewrite}; }});"
        )
    library = LIBRARY if real == "float" else _to_double(LIBRARY)
    plain = "".join(
        f"static inline {real} {f}({real} a) {{ return {e}; }}\n"
        for f, e in ([("rsqrtf", "1.0f / sqrtf(a)")] if real == "float" else [("rsqrt", "1.0 / sqrt(a)")])
    )
    return plain + library + MAIN + "int main() {\n" + "\n".join(lines) + "\n}\n"


def _to_double(text: str) -> str:
    import re

    text = re.sub(r"\b(\w+)f\(", lambda m: m[1] + "(" if m[1] not in ("i", "") else m[0], text)
    text = text.replace("(float)", "(double)")
    # Constants that a rewrite replaces by another rounding of the same number must agree to double precision.
    for short, long in {
        "0.70710678f": "0.70710678118654752440",
        "1.41421356f": "1.41421356237309504880",
        "1.44269504f": "1.44269504088896340736",
        "0.69314718f": "0.69314718055994530942",
        "1.5707964f": "1.57079632679489661923",
    }.items():
        text = text.replace(short, long)
    return re.sub(r"(?<=\d)f\b", "", text)


@pytest.mark.parametrize(("real", "shadow"), [("float", "Shadow"), ("double", "ShadowDouble")])
def test_correct_rewrites_stay_within_the_bound(output: Run, real: str, shadow: str) -> None:
    rows = [line.split() for line in output(program(real, shadow), "-Wno-double-promotion").splitlines()]
    assert [r[0] for r in rows] == [b[0] for b in BODIES]
    outside = {r[0]: (float(r[1]), float(r[2])) for r in rows if not (float(r[1]) < 1 and float(r[2]) < 1)}
    assert outside == {}
    unbounded = {r[0]: int(r[4]) for r in rows if int(r[4]) > 20}
    assert unbounded == {}
    if real == "float":  # widths in units of the value: a constant off by 1e-3 would show
        wide = {r[0]: float(r[3]) for r in rows if float(r[3]) > 1e-3}
        assert set(wide) <= {"cancelling_dot", "sine_of_product", "log_near_one", "recurrence", "log_sum_exp", "tiny"}
