// + - * / and comparisons of shadow scalars. The rules are those of the error analysis in scalar.h; included by it.
#pragma once

namespace cuport {

// Exponent of the lowest set bit; `none` where it is not known (constant evaluation, a value wider than double).
inline constexpr int no_grain = -30000;
template <int P>
constexpr int grain(const ShadowT<P>& a) {
  if (a.n() > 1) return a.has(flag::exact) ? a.g() : no_grain;
  if (__builtin_is_constant_evaluated()) return no_grain;
  double x = static_cast<double>(a.v);
  if (static_cast<typename ShadowT<P>::Wide>(x) != a.v || x == 0 || x != x) return no_grain;
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &x, 8);
  int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  uint64_t significand = (bits & ((1ull << 52) - 1)) | (exponent ? 1ull << 52 : 0);
  return (exponent ? exponent : 1) - 1075 + __builtin_ctzll(significand);
}

constexpr double two_to(int k) {
  if (k < -1022 || k > 1023) return k < 0 ? 0 : infinity;
  uint64_t bits = static_cast<uint64_t>(k + 1023) << 52;
  double x = 0;
  __builtin_memcpy(&x, &bits, 8);
  return x;
}

template <int P>
constexpr bool power_of_two(const ShadowT<P>& a) {  // exactly, and normal
  if (a.L != 0 || a.n() != 1 || __builtin_is_constant_evaluated()) return false;
  double x = static_cast<double>(a.v);
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &x, 8);
  uint64_t exponent = bits >> 52 & 0x7ff;
  return (bits & ((1ull << 52) - 1)) == 0 && exponent && exponent != 0x7ff && static_cast<typename ShadowT<P>::Wide>(x) == a.v;
}

template <int P>
constexpr uint32_t marks_of(const ShadowT<P>& a, const ShadowT<P>& b) {
  return static_cast<uint32_t>((a.meta | b.meta) & flag::tainted) | flag::touched;
}

template <int P>
constexpr ShadowT<P> copy_with(const ShadowT<P>& a, uint32_t f) {
  ShadowT<P> r = a;
  r.raise(f | ShadowT<P>::here());
  return r;
}

template <int P>
constexpr ShadowT<P> sum(const ShadowT<P>& a, const ShadowT<P>& b) {
  using S = ShadowT<P>;
  uint32_t f = marks_of(a, b);
  if (b.is_zero()) return copy_with(a, f);
  if (a.is_zero()) return copy_with(b, f);
  if (a.id && a.id == ~b.id && a.v == -b.v) return S::leaf(a.v + b.v, 0, f);  // x - x; NaN for infinities
  double L = a.L + b.L, M = a.M + b.M;
  int g = 0;
  if (L == 0) {
    int ga = grain(a), gb = grain(b);
    g = ga < gb ? ga : gb;
    if (g > -16000 && M <= two_to(g + P < 1023 ? g + P : 1023)) f |= flag::exact;
  }
  return S::settle(a.v + b.v, L, M, static_cast<uint64_t>(a.n()) + b.n(), f, g);
}

// a * 2^k, exactly: the chain survives with its grain. `factor` is the power of two, with its sign.
template <int P>
constexpr ShadowT<P> scaled(const ShadowT<P>& a, typename ShadowT<P>::Wide factor, int k, uint32_t f) {
  double size = static_cast<double>(magnitude(factor));
  ShadowT<P> r = ShadowT<P>::settle(a.v * factor, a.L * size, a.M * size, a.n(), f | (a.flags() & flag::exact), a.g() + k);
  if (factor == 1) r.id = a.id;
  return r;
}

// A chain times or over one number: the chain survives. `factor` is the other number or its reciprocal, `e` its error.
template <int P>
constexpr ShadowT<P> carried(const ShadowT<P>& chain, typename ShadowT<P>::Wide v, double factor, double e, double k, uint32_t f) {
  double L = chain.L * factor + (static_cast<double>(magnitude(chain.v)) + chain.error()) * e +
             k * Format<P>::u * static_cast<double>(magnitude(v));
  return ShadowT<P>::settle(v, L, chain.M * factor, chain.n(), f);
}

template <int P>
constexpr int significant_bits(const ShadowT<P>& a) {
  int g = grain(a);
  return g == no_grain ? 10000 : __builtin_ilogb(static_cast<double>(a.v)) - g + 1;
}

template <int P>
constexpr bool exact_product(const ShadowT<P>& a, const ShadowT<P>& b, typename ShadowT<P>::Wide v) {
  if (__builtin_is_constant_evaluated()) return false;
  if constexpr (P <= 24) return fits<P>(static_cast<double>(v));
  return significant_bits(a.alone()) + significant_bits(b.alone()) <= P;  // they add up
}

// A product or quotient that came out infinite or NaN. In doubt where an operand may as well be zero or have no bound.
template <int P>
constexpr ShadowT<P> beyond(const ShadowT<P>& a, const ShadowT<P>& b, typename ShadowT<P>::Wide v, uint32_t f) {
  double ea = a.error(), eb = b.error();
  bool doubt = ea == infinity || eb == infinity || (ea > 0 && !(magnitude(a.v) > 2 * ea) && a.v == a.v) ||
               (eb > 0 && !(magnitude(b.v) > 2 * eb) && b.v == b.v);
  return ShadowT<P>::leaf(v, doubt ? infinity : 0, f);
}

template <int P>
constexpr ShadowT<P> product(const ShadowT<P>& a, const ShadowT<P>& b) {
  using S = ShadowT<P>;
  uint32_t f = marks_of(a, b);
  auto v = a.v * b.v;
  if (!(magnitude(v) < infinity)) return beyond(a, b, v, f);
  if ((a.is_zero() || b.is_zero()) && a.L < infinity && b.L < infinity) return S::leaf(v, 0, f);
  if (power_of_two(b)) return scaled(a, b.v, grain(b), f);
  if (power_of_two(a)) return scaled(b, a.v, grain(a), f);
  double ea = a.error(), eb = b.error();
  if (a.n() > 1 && b.n() == 1) return carried(a, v, static_cast<double>(magnitude(b.v)), eb, 1, f);
  if (b.n() > 1 && a.n() == 1) return carried(b, v, static_cast<double>(magnitude(a.v)), ea, 1, f);
  if (a.own_error() == 0 && b.own_error() == 0 && exact_product(a, b, v)) return S::leaf(v, 0, f);
  double va = static_cast<double>(magnitude(a.v)), vb = static_cast<double>(magnitude(b.v));
  return S::leaf(v, vb * ea + va * eb + ea * eb + S::F::u * static_cast<double>(magnitude(v)), f);
}

// `k` units of rounding for the division itself: 2 where it may be a product with a reciprocal.
template <int P>
constexpr ShadowT<P> quotient(const ShadowT<P>& a, const ShadowT<P>& b, double k = 2) {
  using S = ShadowT<P>;
  uint32_t f = marks_of(a, b);
  auto v = a.v / b.v;
  if (!(magnitude(v) < infinity)) return beyond(a, b, v, f);
  double ea = a.error(), eb = b.error(), vb = static_cast<double>(magnitude(b.v));
  if (a.is_zero() && eb < vb) return S::leaf(v, 0, f);
  if (power_of_two(b)) return scaled(a, 1 / b.v, -grain(b), f);
  if (!(eb < vb)) return S::leaf(v, infinity, f);
  if (vb == infinity) return S::leaf(v, ea < infinity ? 0 : infinity, f);
  if (a.n() > 1 && b.n() == 1) return carried(a, v, 1 / vb, eb / (vb * (vb - eb)), k, f);
  double size = static_cast<double>(magnitude(v));
  return S::leaf(v, (size * eb + ea) / (vb - eb) + k * S::F::u * size, f);
}

// Comparisons: within twice the errors of both sides, rounding may turn them.
template <int P>
constexpr void weigh(const ShadowT<P>& a, const ShadowT<P>& b) {
  if (__builtin_is_constant_evaluated()) return;
  if ((a.meta | b.meta) & flag::tainted) return taint::thread(taint::branch);
  if (a.L == 0 && b.L == 0 && a.n() == 1 && b.n() == 1) return;
  if (a.id && a.id == b.id) return;
  double e = a.own_error() + b.own_error();
  if (e > 0 && !(magnitude(a.v - b.v) > 2 * e)) taint::thread(taint::branch);
}

#define CUPORT_SHADOW_OPERATOR(op, result, expression)                                                            \
  template <int P>                                                                                                \
  constexpr result operator op(const ShadowT<P>& a, const ShadowT<P>& b) {                                        \
    return expression;                                                                                            \
  }                                                                                                               \
  template <int P, class A, std::enable_if_t<std::is_arithmetic_v<A>, int> = 0>                                   \
  constexpr auto operator op(const ShadowT<P>& a, A b) {                                                          \
    return a op ShadowT<P>(b);                                                                                    \
  }                                                                                                               \
  template <int P, class A, std::enable_if_t<std::is_arithmetic_v<A>, int> = 0>                                   \
  constexpr auto operator op(A a, const ShadowT<P>& b) {                                                          \
    return ShadowT<P>(a) op b;                                                                                    \
  }                                                                                                               \
  template <int P, int Q, std::enable_if_t<P != Q, int> = 0>                                                      \
  constexpr auto operator op(const ShadowT<P>& a, const ShadowT<Q>& b) {                                          \
    constexpr int wider = P > Q ? P : Q;                                                                          \
    return ShadowT<wider>(a) op ShadowT<wider>(b);                                                                \
  }
CUPORT_SHADOW_OPERATOR(+, ShadowT<P>, sum(a, b))
CUPORT_SHADOW_OPERATOR(-, ShadowT<P>, sum(a, -b))
CUPORT_SHADOW_OPERATOR(*, ShadowT<P>, product(a, b))
CUPORT_SHADOW_OPERATOR(/, ShadowT<P>, quotient(a, b))
CUPORT_SHADOW_OPERATOR(<, bool, (weigh(a, b), a.v < b.v))
CUPORT_SHADOW_OPERATOR(>, bool, (weigh(a, b), a.v > b.v))
CUPORT_SHADOW_OPERATOR(<=, bool, (weigh(a, b), a.v <= b.v))
CUPORT_SHADOW_OPERATOR(>=, bool, (weigh(a, b), a.v >= b.v))
CUPORT_SHADOW_OPERATOR(==, bool, (weigh(a, b), a.v == b.v))
CUPORT_SHADOW_OPERATOR(!=, bool, (weigh(a, b), a.v != b.v))
#undef CUPORT_SHADOW_OPERATOR

}  // namespace cuport
