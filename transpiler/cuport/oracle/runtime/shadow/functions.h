// Mathematical functions of shadow scalars.
//
// The error of f(x) is max |f(x +- e) - f(x)|, which needs no second-order care, plus k u |f(x)| for the function itself.
// k is twice the larger of 2 and the maximum ulp error in CUDA's published table for single precision ("Mathematical
// Functions" appendix of the CUDA C++ Programming Guide; an ulp is at most 2u|f|), and more where XLA's own functions, as
// measured on the CPU, are further off (erf, tanh, cosh, erfinv). The same k serves double precision, whose published
// errors are smaller, so that another library's function fits too. `size` is the argument's magnitude: exp(x) is exp2 of
// a rounded product in Triton and in the fast intrinsics, x^y is exp(y log x), erfc has exp(-x^2) in it.
#pragma once
#include <cmath>
#include "scalar.h"
#include "special.h"

namespace cuport {

template <class V>
double farther(V y, V low, V high) {
  double a = static_cast<double>(magnitude(low - y)), b = static_cast<double>(magnitude(high - y));
  return a > b ? a : b;
}

// `absolute`: an error that does not shrink with the value.
template <int P, class Fn>
ShadowT<P> unary(const ShadowT<P>& a, double k, Fn fn, double absolute = 0) {
  using S = ShadowT<P>;
  auto y = fn(a.v);
  double e = k == 0 ? a.own_error() : a.error(), L = 0;  // k = 0: a step, which decides
  if (e > 0) {
    auto low = fn(a.v - static_cast<typename S::Wide>(e)), high = fn(a.v + static_cast<typename S::Wide>(e));
    if (y == y && magnitude(y) < infinity) L = farther(y, low, high);
    else if (!((y != y && low != low && high != high) || (y == low && y == high))) L = infinity;
    if (L != L || e == infinity) L = infinity;  // the interval leaves the domain
  } else if (a.v == 0 && fits<P>(static_cast<double>(y))) {
    return S::leaf(y, 0, a.flags() & flag::tainted);  // exp(0), cos(0), sin(0) ...
  }
  // A zero has no digits to lose, and `k` may be infinite with the argument: exp(-inf).
  if (magnitude(y) < infinity) L += (y == 0 ? 0 : k * S::F::u * static_cast<double>(magnitude(y))) + absolute;
  return S::leaf(y, L, a.flags() & flag::tainted);
}

template <int P, class Fn>
ShadowT<P> binary(const ShadowT<P>& a, const ShadowT<P>& b, double k, Fn fn) {
  using S = ShadowT<P>;
  using V = typename S::Wide;
  auto y = fn(a.v, b.v);
  double ea = a.error(), eb = b.error(), L = 0;
  for (int i = 0; i < 4; i++) {  // the corners of the box; where one side is exact, its ends coincide
    if ((ea == 0 && i / 2) || (eb == 0 && i % 2) || (ea == 0 && eb == 0)) continue;
    V corner = fn(a.v + static_cast<V>(i / 2 ? ea : -ea), b.v + static_cast<V>(i % 2 ? eb : -eb));
    double d = y == corner || (y != y && corner != corner) ? 0 : static_cast<double>(magnitude(corner - y));
    if (!(d <= L)) L = d == d ? d : infinity;
    if (L == infinity) break;
  }
  if (ea == infinity || eb == infinity) L = infinity;
  if (magnitude(y) < infinity && y != 0) L += k * S::F::u * static_cast<double>(magnitude(y));
  return S::leaf(y, L, marks_of(a, b));
}

// Both precisions of a function: `name` keeps the argument's, `namef` is float's. Narrow types compute in float.
#define CUPORT_SHADOW_UNARY(name, k, absolute, expression)                                                   \
  template <int P>                                                                                           \
  auto name(const ShadowT<P>& a) {                                                                           \
    if constexpr (P < 24) return name(ShadowT<24>(a));                                                       \
    const double size = static_cast<double>(magnitude(a.v));                                                 \
    (void)size;                                                                                              \
    return unary(a, k, [](auto x) { using V = decltype(x); return static_cast<V>(expression); }, absolute);  \
  }                                                                                                          \
  template <int P>                                                                                           \
  Shadow name##f(const ShadowT<P>& a) {                                                                      \
    return name(ShadowT<24>(a));                                                                             \
  }
CUPORT_SHADOW_UNARY(sqrt, 2, 0, std::sqrt(x))
CUPORT_SHADOW_UNARY(rsqrt, 4, 0, 1 / std::sqrt(x))
CUPORT_SHADOW_UNARY(cbrt, 4, 0, std::cbrt(x))
CUPORT_SHADOW_UNARY(rcbrt, 4, 0, 1 / std::cbrt(x))
CUPORT_SHADOW_UNARY(exp, 4 + 2 * size, 0, std::exp(x))
CUPORT_SHADOW_UNARY(exp2, 4 + 1.4 * size, 0, std::exp2(x))
CUPORT_SHADOW_UNARY(exp10, 4 + 4.7 * size, 0, std::pow(static_cast<V>(10), x))
CUPORT_SHADOW_UNARY(expm1, 4 + 2 * size, 0, std::expm1(x))
CUPORT_SHADOW_UNARY(log, 4, 0, std::log(x))
CUPORT_SHADOW_UNARY(log2, 4, 0, std::log2(x))
CUPORT_SHADOW_UNARY(log10, 4, 0, std::log10(x))
CUPORT_SHADOW_UNARY(log1p, 4, 0, std::log1p(x))
CUPORT_SHADOW_UNARY(asin, 8, 0, std::asin(x))
CUPORT_SHADOW_UNARY(acos, 6, 0, std::acos(x))
CUPORT_SHADOW_UNARY(atan, 4, 0, std::atan(x))
CUPORT_SHADOW_UNARY(sinh, 6 + 2 * size, 0, std::sinh(x))
CUPORT_SHADOW_UNARY(cosh, 8 + 2 * size, 0, std::cosh(x))
CUPORT_SHADOW_UNARY(tanh, 6, 0, std::tanh(x))
CUPORT_SHADOW_UNARY(asinh, 6, 0, std::asinh(x))
CUPORT_SHADOW_UNARY(acosh, 8, 0, std::acosh(x))
CUPORT_SHADOW_UNARY(atanh, 6, 0, std::atanh(x))
CUPORT_SHADOW_UNARY(erf, 8, 0, std::erf(x))
CUPORT_SHADOW_UNARY(erfc, 8 + 2 * size * size, 0, std::erfc(x))
CUPORT_SHADOW_UNARY(erfcx, 8, 0, special::erfcx(x))
CUPORT_SHADOW_UNARY(erfinv, 24, 0, special::erfinv(x))
CUPORT_SHADOW_UNARY(erfcinv, 24, 0, special::erfcinv(x))
CUPORT_SHADOW_UNARY(normcdf, 10 + size * size, 0, std::erfc(x * static_cast<V>(-0.70710678118654752440084436210484903928L)) / 2)
CUPORT_SHADOW_UNARY(normcdfinv, 10, 0, static_cast<V>(-1.41421356237309504880168872420969807857L) * special::erfcinv(2 * x))
CUPORT_SHADOW_UNARY(tgamma, 22, 0, std::tgamma(x))
CUPORT_SHADOW_UNARY(lgamma, 12, 16 * Format<P>::u, std::lgamma(x))  // zeros at 1 and 2, and more below -2.26
CUPORT_SHADOW_UNARY(j0, 18, 37 * Format<P>::u, ::j0(static_cast<double>(x)))
CUPORT_SHADOW_UNARY(j1, 18, 37 * Format<P>::u, ::j1(static_cast<double>(x)))
CUPORT_SHADOW_UNARY(y0, 18, 37 * Format<P>::u, ::y0(static_cast<double>(x)))
CUPORT_SHADOW_UNARY(y1, 18, 37 * Format<P>::u, ::y1(static_cast<double>(x)))
CUPORT_SHADOW_UNARY(cyl_bessel_i0, 12, 0, special::bessel_i(0, x))
CUPORT_SHADOW_UNARY(cyl_bessel_i1, 12, 0, special::bessel_i(1, x))
// Steps: the value jumps where the interval holds an edge, and is exact elsewhere.
CUPORT_SHADOW_UNARY(floor, 0, 0, std::floor(x))
CUPORT_SHADOW_UNARY(ceil, 0, 0, std::ceil(x))
CUPORT_SHADOW_UNARY(trunc, 0, 0, std::trunc(x))
CUPORT_SHADOW_UNARY(round, 0, 0, std::round(x))
CUPORT_SHADOW_UNARY(rint, 0, 0, std::rint(x))
CUPORT_SHADOW_UNARY(nearbyint, 0, 0, std::rint(x))
CUPORT_SHADOW_UNARY(logb, 0, 0, std::logb(x))
#undef CUPORT_SHADOW_UNARY

// Periodic functions: |f'|e + e^2/2, since the ends of a wide interval say nothing about its middle. `rate` is the
// derivative of the inner argument.
template <int P, class Fn, class Df>
ShadowT<P> periodic(const ShadowT<P>& a, double rate, double k, Fn fn, Df df) {
  auto y = fn(a.v);
  double e = a.error() * rate, L = 0;
  if (e == 0 && fits<P>(static_cast<double>(y)) && (a.v == 0 || rate != 1)) k = 0;
  if (y == y) {
    L = k * Format<P>::u * static_cast<double>(magnitude(y));
    if (e > 0) L += static_cast<double>(magnitude(df(a.v))) * e + e * e / 2;
    if (L > 2) L = 2;
  } else if (e > 0) {
    L = infinity;
  }
  return ShadowT<P>::leaf(y, L, a.flags() & flag::tainted);
}

#define CUPORT_SHADOW_PERIODIC(name, rate, value, slope)                                                       \
  template <int P>                                                                                      \
  auto name(const ShadowT<P>& a) {                                                                      \
    if constexpr (P < 24) return name(ShadowT<24>(a));                                                  \
    else return periodic(a, rate, 4, [](auto x) { return value; }, [](auto x) { return slope; });              \
  }                                                                                                     \
  template <int P>                                                                                      \
  Shadow name##f(const ShadowT<P>& a) {                                                                 \
    return name(ShadowT<24>(a));                                                                        \
  }
CUPORT_SHADOW_PERIODIC(sin, 1, std::sin(x), std::cos(x))
CUPORT_SHADOW_PERIODIC(cos, 1, std::cos(x), std::sin(x))
CUPORT_SHADOW_PERIODIC(sinpi, 3.14159265358979324, special::sinpi(x), special::cospi(x))
CUPORT_SHADOW_PERIODIC(cospi, 3.14159265358979324, special::cospi(x), special::sinpi(x))
#undef CUPORT_SHADOW_PERIODIC

template <int P>
auto tan(const ShadowT<P>& a) {
  if constexpr (P < 24) {
    return tan(ShadowT<24>(a));
  } else {
    auto y = std::tan(a.v);
    double e = a.error(), size = static_cast<double>(magnitude(y)), slope = 1 + size * size;
    // Within a tenth of the distance to the pole, the slope changes by less than a quarter.
    double L = e == 0 ? 0 : e * slope < 0.1 * (size + 1) ? 1.25 * slope * e : infinity;
    if (y == y) L += 8 * Format<P>::u * size;
    return ShadowT<P>::leaf(y, L, a.flags() & flag::tainted);
  }
}
template <int P>
Shadow tanf(const ShadowT<P>& a) {
  return tan(ShadowT<24>(a));
}

template <int P>
auto fabs(const ShadowT<P>& a) {
  if (a.n() > 1 && !(magnitude(a.v) > a.error())) {
    ShadowT<P> r = a.alone();
    r.v = magnitude(r.v);
    r.id = stamp() >> 1;
    r.raise(flag::touched | ShadowT<P>::here());
    return r;
  }
  ShadowT<P> r = __builtin_signbit(static_cast<double>(a.v)) ? -a : copy_with(a, 0);
  r = r.alone();
  if (a.error() > 0 && !(magnitude(a.v) > a.error())) r.id = stamp() >> 1;
  return r;
}

// max and min keep the winner; where both may win, the larger error. A NaN loses, as IEEE's maxNum and CUDA have it.
template <int P>
ShadowT<P> extreme(const ShadowT<P>& a, const ShadowT<P>& b, bool larger) {
  if (a.v != a.v || b.v != b.v) {
    ShadowT<P> r = copy_with(a.v != a.v ? b : a, (a.flags() | b.flags()) & flag::tainted);
    if ((a.v != a.v ? a : b).L == infinity) r.L = infinity;
    return r;
  }
  bool first = larger ? a.v >= b.v : a.v <= b.v;
  const ShadowT<P>&winner = first ? a : b, &loser = first ? b : a;
  ShadowT<P> r = copy_with(winner, loser.flags() & flag::tainted);
  if (a.id && a.id == b.id) return r;
  double ew = winner.error(), el = loser.error();
  if (el > ew && !(magnitude(a.v - b.v) > ew + el)) {
    r = r.alone();
    r.L = el;
    r.raise(flag::touched);
  }
  return r;
}

template <int P>
ShadowT<P> modulo(const ShadowT<P>& a, const ShadowT<P>& b, bool nearest) {
  using V = typename ShadowT<P>::Wide;
  V y = nearest ? std::remainder(a.v, b.v) : std::fmod(a.v, b.v);
  double ea = a.error(), eb = b.error(), size = static_cast<double>(magnitude(b.v)), L = 0;
  if (ea > 0 || eb > 0) {
    double q = static_cast<double>(magnitude(a.v / b.v)), spread = (q * eb + ea) / (size - eb);
    double shift = nearest ? 0.5 : 0;
    bool jumps = !(eb < size) || std::floor(q - spread + shift) != std::floor(q + spread + shift) || q < spread;
    L = jumps ? size + ea : ea + q * eb;
    if (!nearest && q < spread && q + spread < 1) L = ea;  // no multiple near but zero
  }
  return ShadowT<P>::leaf(y, L == L ? L : infinity, marks_of(a, b));
}

template <int P>
ShadowT<P> copysign_of(const ShadowT<P>& a, const ShadowT<P>& b) {
  ShadowT<P> size = fabs(a);
  if (b.error() > 0 && !(magnitude(b.v) > 2 * b.error())) {
    return ShadowT<P>::leaf(std::copysign(size.v, b.v), 2 * static_cast<double>(size.v) + size.error(), marks_of(a, b));
  }
  return __builtin_signbit(static_cast<double>(b.v)) ? -size : size;
}

// Rounding units of y log x as an argument.
template <int P>
double power_units(const ShadowT<P>& x, const ShadowT<P>& y) {
  double units = 3 * static_cast<double>(magnitude(y.v * std::log(magnitude(x.v))));
  return units < 1000 ? units : 0;  // 0 and infinity have no digits
}

// Functions of two arguments take any mixture of precisions and plain numbers, as long as one is a shadow scalar.
template <class A>
struct precision { static constexpr int value = 0; };
template <int P>
struct precision<ShadowT<P>> { static constexpr int value = P < 24 ? 24 : P; };
template <class A, class B>
inline constexpr int common = precision<A>::value > precision<B>::value ? precision<A>::value : precision<B>::value;
template <class A, class B>
inline constexpr bool mixes = common<A, B> != 0 && (is_shadow_v<A> || std::is_arithmetic_v<A>) && (is_shadow_v<B> || std::is_arithmetic_v<B>);

#define CUPORT_SHADOW_BINARY_AS(name, type, ...)                             \
  template <class A, class B, std::enable_if_t<mixes<A, B>, int> = 0>        \
  auto name(const A& first, const B& second) {                               \
    using S = type;                                                          \
    const S a(first), b(second);                                             \
    return __VA_ARGS__;                                                      \
  }
#define CUPORT_COMMA ,
#define CUPORT_SHADOW_BINARY(name, ...)                                             \
  CUPORT_SHADOW_BINARY_AS(name, ShadowT<common<A CUPORT_COMMA B>>, __VA_ARGS__)     \
  CUPORT_SHADOW_BINARY_AS(name##f, Shadow, __VA_ARGS__)
CUPORT_SHADOW_BINARY(pow, binary(a, b, 16 + power_units(a, b), [](auto x, auto y) { return std::pow(x, y); }))
CUPORT_SHADOW_BINARY(atan2, binary(a, b, 6, [](auto x, auto y) { return std::atan2(x, y); }))
CUPORT_SHADOW_BINARY(hypot, binary(a, b, 6, [](auto x, auto y) { return std::hypot(x, y); }))
CUPORT_SHADOW_BINARY(rhypot, binary(a, b, 6, [](auto x, auto y) { return 1 / std::hypot(x, y); }))
CUPORT_SHADOW_BINARY(fmod, modulo(a, b, false))
CUPORT_SHADOW_BINARY(remainder, modulo(a, b, true))
CUPORT_SHADOW_BINARY(fmax, extreme(a, b, true))
CUPORT_SHADOW_BINARY(fmin, extreme(a, b, false))
CUPORT_SHADOW_BINARY_AS(max, ShadowT<common<A CUPORT_COMMA B>>, extreme(a, b, true))
CUPORT_SHADOW_BINARY_AS(min, ShadowT<common<A CUPORT_COMMA B>>, extreme(a, b, false))
CUPORT_SHADOW_BINARY(fdim, extreme(S(a - b), S(0), true))
CUPORT_SHADOW_BINARY(copysign, copysign_of(a, b))
CUPORT_SHADOW_BINARY(nextafter, S::leaf(a.v, a.error() + 2 * S::F::u * static_cast<double>(magnitude(a.v)), marks_of(a, b)))
CUPORT_SHADOW_BINARY(fdivide, quotient(a, b, 4))
#undef CUPORT_SHADOW_BINARY
#undef CUPORT_SHADOW_BINARY_AS

template <int P>
auto fabsf(const ShadowT<P>& a) { return fabs(ShadowT<24>(a)); }
template <int P>
auto abs(const ShadowT<P>& a) { return fabs(a); }
template <int P>
auto saturate(const ShadowT<P>& a) { return extreme(extreme(a, ShadowT<P>(0), true), ShadowT<P>(1), false); }

}  // namespace cuport

#include "functions_more.h"
