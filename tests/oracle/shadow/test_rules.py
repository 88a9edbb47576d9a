"""Each rule of the shadow scalar, as the bound's definition states it."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

Run = Callable[..., str]

U = 2.0**-24

# Every line of `cases` prints the scalar after it was computed and the marks of the thread, which are then taken off.
PROGRAM = """
using namespace cuport;
static void show(const char* name, Shadow s) {
  printf("%s %.17g %.17g %.17g %.17g %u %d %d %d %d\\n", name, s.v, s.own_error(), s.M, s.bound(), s.n(),
         s.has(flag::touched), s.has(flag::tainted), s.has(flag::exact), taint::current->bits);
  *taint::current = taint::Thread{};
}
#define IN(x) Shadow::input(x, stamp() >> 1)
#include "shadow/names.h"
int main() {
  float a = IN(0.1f), b = IN(0.7f), big = IN(1e30f), zero = IN(0), one = IN(1), three = IN(3), inf = IN(INFINITY);
  float nan = IN(NAN), copy = a;
  show("input", a);
  show("sum2", a + b);
  float s = 0;
  for (int i = 0; i < 1000; i++) s += a * b;
  show("dot1000", s);
  show("mean", s / 1000);
  show("scaled", s * b);
  show("halved", s * 0.5f);
  show("squared", s * s);
  show("plus_zero", a + 0.0f);
  show("minus_itself", a - copy);
  show("minus_maximum", a - fmaxf(fmaxf(copy, zero), a));
  show("plus_negated", a + (-copy));
  show("other_equal", a - IN(0.1f));
  show("times_one", a * 1.0f);
  show("times_eight", a * 8.0f);
  show("times_zero", s * 0.0f);
  show("over_four", a / 4.0f);
  show("product", a * b);
  show("product_exact", three * 5.0f);
  show("quotient", a / b);
  show("third", one / three);
  show("literal_inexact", Shadow(0.1));
  show("literal_exact", Shadow(0.1f));
  show("big_integer", Shadow(16777217));
  show("exp_zero", expf(zero));
  show("exp_minus_inf", expf(-inf));
  show("exp", expf(a));
  show("fast_exp", __expf(b * 10.0f));
  show("sqrt_negative", sqrtf(IN(-1.0f)));
  show("sqrt_doubtful", sqrtf((a + b) - IN(0.8f)));
  show("log_doubtful", logf((a + b) - IN(0.8f) + a - a));
  show("overflow", big * big);
  show("overflow_sum", big * 3e8f + big * 3e8f - big * 3e8f);
  show("underflow", IN(1e-30f) * IN(1e-30f));
  show("inf_minus_inf", inf - inf);
  show("inf_times_zero", inf * zero);
  show("one_over_inf", one / inf);
  show("one_over_zero", one / zero);
  show("one_over_doubtful", one / ((a + b) - IN(0.8f)));
  show("nan_kept", nan + a);
  show("fmax_nan", fmaxf(nan, a));
  show("max_winner", fmaxf(a * b, b));
  show("max_near", fmaxf(a * b, a * b + zero));
  show("floor_far", floorf(a * b));
  show("floor_near", floorf(three * (one / three)));
  show("abs", fabsf(-a));
  show("count", [] { float n = 0; for (int i = 0; i < 100000; i++) n += 1.0f; return n; }());
  show("sin_far", sinf(a * 1e5f));
  bool flip = a < b;
  show("compare_far", a);
  flip = a * b < b * a;
  show("compare_near", a);
  flip = a == IN(0.1f);
  show("compare_equal_inputs", a);
  flip = s == s;
  show("compare_itself", a);
  int i = a * b * 130.0f;
  show("int_far", a);
  i = (int)(three * (one / three));
  show("int_near", a);
  i = three * 2.0f;
  show("int_exact", a);
  i = __float2int_rn((a + b) * 0.625f);
  show("rint_near", a);
  i = __float_as_int(a);
  show("bits_exact", a);
  i = __float_as_int(a * b);
  show("bits_computed", a);
  if (a * b < b * a) i++;
  float after = a * b;
  *cuport::taint::current = cuport::taint::Thread{};
  show("made_while_tainted", after + one);



  return i == 12345 && flip;
}
"""


@dataclass(frozen=True)
class Shown:
    v: float
    e: float
    m: float
    bound: float
    n: int
    touched: bool
    tainted: bool
    exact: bool
    thread: int


@pytest.fixture(scope="module")
def shown(output: Run) -> dict[str, Shown]:
    text = output(PROGRAM, "-Wno-unused-variable")
    table = {}
    for line in text.splitlines():
        name, *rest = line.split()
        if len(rest) == 9:
            v, e, m, bound = map(float, rest[:4])
            n, touched, tainted, exact, thread = map(int, rest[4:])
            table[name] = Shown(v, e, m, bound, n, bool(touched), bool(tainted), bool(exact), thread)
    return table


def f32(x: float) -> float:
    return float(np.float32(x))


def test_an_input_is_exact_and_untouched(shown: dict[str, Shown]) -> None:
    s = shown["input"]
    assert (s.e, s.bound, s.n, s.touched, s.m) == (0, 0, 1, False, f32(0.1))


def test_a_chain_has_the_error_of_the_formula(shown: dict[str, Shown]) -> None:
    term = f32(0.1) * f32(0.7)
    s = shown["dot1000"]
    local = 1000 * U * term
    assert s.n == 1000 and s.m == pytest.approx(1000 * term)
    assert s.e == pytest.approx(local + U * max(math.sqrt(999) * 1000 * term, 1000 * 1000 * term / 8))


def test_a_chain_survives_one_factor_and_division(shown: dict[str, Shown]) -> None:
    for name in ("mean", "scaled", "halved"):
        assert shown[name].n == 1000
    assert shown["halved"].e == pytest.approx(shown["dot1000"].e / 2)
    assert shown["squared"].n == 1


def test_two_exact_terms_have_one_association(shown: dict[str, Shown]) -> None:
    assert shown["sum2"].e == pytest.approx(U * shown["sum2"].v)


@pytest.mark.parametrize(
    "name", ["minus_itself", "minus_maximum", "plus_negated", "times_zero", "times_one", "times_eight"]
)
def test_exact_operations_have_no_error(shown: dict[str, Shown], name: str) -> None:
    assert shown[name].e == 0
    assert shown[name].v == {"times_one": f32(0.1), "times_eight": 8 * f32(0.1)}.get(name, 0)


@pytest.mark.parametrize(
    "name", ["over_four", "product_exact", "exp_zero", "exp_minus_inf", "count", "literal_exact", "one_over_inf"]
)
def test_what_no_rounding_touches_has_no_error(shown: dict[str, Shown], name: str) -> None:
    assert shown[name].e == 0


def test_equal_inputs_are_not_one_number(shown: dict[str, Shown]) -> None:
    assert shown["other_equal"].m == pytest.approx(2 * f32(0.1))


@pytest.mark.parametrize(
    ("name", "units"),
    [("product", 1), ("quotient", 2), ("third", 2), ("literal_inexact", 1), ("big_integer", 1), ("exp", 4.2)],
)
def test_rounding_units(shown: dict[str, Shown], name: str, units: float) -> None:
    s = shown[name]
    assert s.e == pytest.approx(units * U * abs(s.v), rel=1e-6)


def test_fast_exponential_grows_with_its_argument(shown: dict[str, Shown]) -> None:
    s = shown["fast_exp"]
    assert s.e > 2 * (2 + math.floor(1.173 * 7)) * U * s.v


def test_certain_infinities_and_nans_have_no_error(shown: dict[str, Shown]) -> None:
    for name in ("sqrt_negative", "overflow", "inf_minus_inf", "inf_times_zero", "one_over_zero", "nan_kept"):
        assert shown[name].e == 0, name
        assert not math.isfinite(shown[name].v), name
        assert shown[name].bound == 0, name


@pytest.mark.parametrize("name", ["sqrt_doubtful", "log_doubtful", "overflow_sum", "one_over_doubtful"])
def test_what_may_leave_the_domain_has_no_bound(shown: dict[str, Shown], name: str) -> None:
    assert shown[name].e == math.inf


def test_underflow_may_flush(shown: dict[str, Shown]) -> None:
    assert shown["underflow"].e >= 2.0**-126


def test_maximum_keeps_the_winner(shown: dict[str, Shown]) -> None:
    assert shown["fmax_nan"].v == f32(0.1) and shown["fmax_nan"].e == 0
    assert shown["max_winner"].v == f32(0.7) and not shown["max_winner"].touched
    assert shown["max_near"].e == pytest.approx(U * shown["max_near"].v)


def test_steps_are_exact_away_from_edges_and_unbounded_near_them(shown: dict[str, Shown]) -> None:
    assert shown["floor_far"].e == 0
    assert shown["floor_near"].e == 1


def test_periodic_functions_carry_their_argument_error(shown: dict[str, Shown]) -> None:
    s = shown["sin_far"]
    argument = f32(0.1) * 1e5
    assert U * argument * abs(math.cos(argument)) < s.e < 2 * U * argument + 5 * U


@pytest.mark.parametrize(
    ("name", "taints"),
    [
        ("compare_far", False),
        ("compare_near", True),
        ("compare_equal_inputs", False),
        ("compare_itself", False),
        ("int_far", False),
        ("int_near", True),
        ("int_exact", False),
        ("rint_near", True),
        ("bits_exact", False),
        ("bits_computed", True),
    ],
)
def test_near_ties_taint_the_thread(shown: dict[str, Shown], name: str, taints: bool) -> None:
    assert (shown[name].thread != 0) is taints


def test_what_a_tainted_thread_computes_is_marked_for_ever(shown: dict[str, Shown]) -> None:
    assert shown["made_while_tainted"].tainted


USER_CODE = """
#include "shadow/names.h"
struct Body { float x, y, z; int id; float4 q; };
template <typename T, int N> T mean(const T* x) { T s = 0; for (int i = 0; i < N; i++) s += x[i]; return s / N; }
float device(const float* x, int n, half* h, __nv_bfloat16 bb, volatile float* v, double d) {
  float s = 0.0f, a[4] = {0, 1.f, 2.0, 3};
  const float k = 1.5;
  for (int i = 0; i < n; ++i) { s += x[i] * x[i]; a[i & 3] += s; }
  float m = -INFINITY;
  m = fmaxf(m, s), m = max(m, 1.0f), m = min(m, 5), m = std::max<float>(m, s);
  float4 q = make_float4(1.f, s, 2, k), z = {0.f, 0.f, 0.f, s};
  float2 w{s, s};
  q.x += s, w.y *= 2;
  int j = (int)s;
  j += s > 3 ? 1 : 0;
  unsigned u = s;
  float t = s > 0 ? s : 0.f, t2 = s > 0 ? s : ::cuport::Literal{0}, t3 = n ? 1.0 : s;
  s += q.x + q.w + z.w + j + u + t + t2 + t3 + static_cast<float>(j) + float(3) + a[2] + mean<float, 3>(x) + m + w.y;
  h[0] = __float2half(s), h[1] = __hadd(h[0], h[0]), h[1] += h[0], s += __half2float(h[1]), h[0] = __float2half(1.0f);
  s += __bfloat162float(bb), s = s * 0.5 + 1.0 / s;
  s += powf(s, 2) + pow(s, 2.0) + sqrtf(s) + exp(-s) + std::abs(s) + abs(s) + ::sinf(s) + std::fma(s, s, 1.f);
  v[0] = s, v[0] += v[0];
  if (s) s -= 1;
  if (!s) s++;
  s = s < 0 ? -s : s;
  half2 hh = __hadd2(__floats2half2_rn(s, 1.f), __float2half2_rn(2.f));
  s += __low2float(hh) + __half22float2(hh).y;
  Body p{s, s, 1, 7, q}, p2 = p;
  p2.z = p.x + p2.q.y;
  printf("%f", s);
  static constexpr float C = 0.044715f, D = C * 2.f + 1;
  s += C + D + std::numeric_limits<float>::epsilon() + p2.z + p2.id;
  double dd = s;
  dd += s * d, s = dd, s += d;
  float sine, cosine, whole;
  int e = 0;
  sincosf(s, &sine, &cosine);
  return sine + cosine + frexpf(s, &e) + modff(s, &whole) + rsqrtf(s) + __fdividef(s, k) + fmodf(s, 2) + ldexpf(s, e);
}
int main() {
  float x[3] = {0.1f, 0.2f, 0.3f}, v[1];
  half h[2];
  float r = device(x, 3, h, __nv_bfloat16(1.f), v, 2.0);
  return r.error() > 0 ? 0 : 1;
}
"""


def test_user_code_in_many_styles_compiles_and_runs(output: Run) -> None:
    output(USER_CODE)


@pytest.mark.parametrize("code", ["int i; *(float*)&i = 1; long double d = 1;", "float f; f % 2;", "float f; f << 1;"])
def test_what_has_no_meaning_for_a_number_does_not_compile(
    compiled: Callable[..., subprocess.CompletedProcess[str]], code: str
) -> None:
    text = '#include "shadow/names.h"\nint main() { %s }' % code  # noqa: UP031
    assert compiled(text).returncode != 0


NARROW = """
using namespace cuport;
int main() {
  int bad = 0;
  for (unsigned b = 0; b < 65536; b++) {
    double h = from_bits<11>(b), f = from_bits<8>(b);
    bad += h == h && to_bits<11>(h) != b;
    bad += f == f && to_bits<8>(f) != b;
    float plain;
    unsigned wide = b << 16;
    memcpy(&plain, &wide, 4);
    bad += f == f && f != plain;
  }
  printf("%d %x %x %x %x\\n", bad, to_bits<11>(65519.9), to_bits<11>(65520), to_bits<11>(3e-8), to_bits<8>(1.00390625));
  Shadow x = Shadow::input(0.7f, 1) * 1.7f;
  ShadowHalf h = x;
  Shadow back = h;
  printf("%.17g %.17g %.17g\\n", h.bound(), x.bound(), back.error() / back.v * 2048);
}
"""


def test_narrow_types_round_to_nearest_even_and_leave_the_last_rounding_to_the_judge(output: Run) -> None:
    first, second = output(NARROW).splitlines()
    assert first.split() == ["0", "7bff", "7c00", "1", "3f80"]
    before_rounding, single, after = map(float, second.split())
    assert before_rounding == pytest.approx(single, rel=1e-6)
    assert 1 <= after < 1.01
