// `__half` and `__nv_bfloat16` as shadow scalars, and CUDA's intrinsics for them and their pairs.
//
// Half arithmetic rounds after every operation, so the same rules hold with u = 2^-11 (2^-8). What is stored last is
// compared by the interval [round(y - B), round(y + B)], so bound() leaves out the last rounding.
#pragma once
#include "intrinsics.h"

namespace cuport {

using ShadowHalf = ShadowT<11>;
using ShadowBrain = ShadowT<8>;

template <int P>
struct ShadowPair {  // half2, bfloat162
  ShadowT<P> x, y;
};

template <class A>
inline constexpr bool is_narrow = false;
template <int P>
inline constexpr bool is_narrow<ShadowT<P>> = P < 24;
#define CUPORT_NARROW template <int P, std::enable_if_t<(P < 24), int> = 0>

// Conversions. The rewriting macros in names.h send `__float2half(x)` here, also for plain arguments.
template <int P, class A>
ShadowT<P> narrow(const A& a) { return ShadowT<P>(Shadow(a)); }
template <int P, class A>
ShadowPair<P> pair(const A& a) { return {narrow<P>(a), narrow<P>(a)}; }
template <int P, class A, class B>
ShadowPair<P> pair(const A& a, const B& b) { return {narrow<P>(a), narrow<P>(b)}; }
template <int P, class V>
ShadowPair<P> pair_of(const V& v) { return {narrow<P>(v.x), narrow<P>(v.y)}; }
CUPORT_NARROW Shadow widen(const ShadowT<P>& a) { return Shadow(a); }
template <class V, int P>
V widen_pair(const ShadowPair<P>& a) { return V{Shadow(a.x), Shadow(a.y)}; }
CUPORT_NARROW ShadowT<P> low(const ShadowPair<P>& a) { return a.x; }
CUPORT_NARROW ShadowT<P> high(const ShadowPair<P>& a) { return a.y; }

// One operation, for a number and for a pair.
#define CUPORT_NARROW1(name, pair_name, expression)                                                     \
  CUPORT_NARROW ShadowT<P> name(const ShadowT<P>& a) { return ShadowT<P>(expression); }                 \
  CUPORT_NARROW ShadowPair<P> pair_name(const ShadowPair<P>& a) { return {name(a.x), name(a.y)}; }
#define CUPORT_NARROW2(name, pair_name, expression)                                                                     \
  CUPORT_NARROW ShadowT<P> name(const ShadowT<P>& a, const ShadowT<P>& b) { return ShadowT<P>(expression); }            \
  CUPORT_NARROW ShadowPair<P> pair_name(const ShadowPair<P>& a, const ShadowPair<P>& b) { return {name(a.x, b.x), name(a.y, b.y)}; }
CUPORT_NARROW2(__hadd, __hadd2, a + b)
CUPORT_NARROW2(__hsub, __hsub2, a - b)
CUPORT_NARROW2(__hmul, __hmul2, a * b)
CUPORT_NARROW2(__hdiv, __h2div, a / b)
CUPORT_NARROW2(__hadd_rn, __hadd2_rn, a + b)
CUPORT_NARROW2(__hsub_rn, __hsub2_rn, a - b)
CUPORT_NARROW2(__hmul_rn, __hmul2_rn, a * b)
CUPORT_NARROW2(__hadd_sat, __hadd2_sat, saturate(a + b))
CUPORT_NARROW2(__hsub_sat, __hsub2_sat, saturate(a - b))
CUPORT_NARROW2(__hmul_sat, __hmul2_sat, saturate(a * b))
CUPORT_NARROW2(__hmax, __hmax2, extreme(a, b, true))
CUPORT_NARROW2(__hmin, __hmin2, extreme(a, b, false))
CUPORT_NARROW1(__hneg, __hneg2, -a)
CUPORT_NARROW1(__habs, __habs2, fabs(a))
CUPORT_NARROW1(hexp, h2exp, exp(Shadow(a)))
CUPORT_NARROW1(hexp2, h2exp2, exp2(Shadow(a)))
CUPORT_NARROW1(hexp10, h2exp10, exp10(Shadow(a)))
CUPORT_NARROW1(hlog, h2log, log(Shadow(a)))
CUPORT_NARROW1(hlog2, h2log2, log2(Shadow(a)))
CUPORT_NARROW1(hlog10, h2log10, log10(Shadow(a)))
CUPORT_NARROW1(hsqrt, h2sqrt, sqrt(Shadow(a)))
CUPORT_NARROW1(hrsqrt, h2rsqrt, rsqrt(Shadow(a)))
CUPORT_NARROW1(hrcp, h2rcp, 1 / Shadow(a))
CUPORT_NARROW1(hsin, h2sin, sin(Shadow(a)))
CUPORT_NARROW1(hcos, h2cos, cos(Shadow(a)))
CUPORT_NARROW1(htanh, h2tanh, tanh(Shadow(a)))
CUPORT_NARROW1(hfloor, h2floor, floor(Shadow(a)))
CUPORT_NARROW1(hceil, h2ceil, ceil(Shadow(a)))
CUPORT_NARROW1(hrint, h2rint, rint(Shadow(a)))
CUPORT_NARROW1(htrunc, h2trunc, trunc(Shadow(a)))
#undef CUPORT_NARROW1
#undef CUPORT_NARROW2

// A fused multiply-add rounds once. The product's own rounding is too small to matter beside it, so it is made in float.
CUPORT_NARROW ShadowT<P> __hfma(const ShadowT<P>& a, const ShadowT<P>& b, const ShadowT<P>& c) {
  return ShadowT<P>(Shadow(a) * Shadow(b)) + c;
}
CUPORT_NARROW ShadowPair<P> __hfma2(const ShadowPair<P>& a, const ShadowPair<P>& b, const ShadowPair<P>& c) {
  return {__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)};
}

#define CUPORT_NARROW_COMPARE(name, op)                                                                          \
  CUPORT_NARROW bool name(const ShadowT<P>& a, const ShadowT<P>& b) { return a op b; }                           \
  CUPORT_NARROW bool name##u(const ShadowT<P>& a, const ShadowT<P>& b) { return a op b || a != a || b != b; }
CUPORT_NARROW_COMPARE(__heq, ==)
CUPORT_NARROW_COMPARE(__hne, !=)
CUPORT_NARROW_COMPARE(__hlt, <)
CUPORT_NARROW_COMPARE(__hle, <=)
CUPORT_NARROW_COMPARE(__hgt, >)
CUPORT_NARROW_COMPARE(__hge, >=)
#undef CUPORT_NARROW_COMPARE
CUPORT_NARROW bool __hisnan(const ShadowT<P>& a) { return isnan(a); }
CUPORT_NARROW int __hisinf(const ShadowT<P>& a) { return isinf(a) ? (a.v > 0 ? 1 : -1) : 0; }

#define CUPORT_PAIR_OPERATOR(op)                                                                                       \
  CUPORT_NARROW ShadowPair<P> operator op(const ShadowPair<P>& a, const ShadowPair<P>& b) { return {a.x op b.x, a.y op b.y}; } \
  CUPORT_NARROW ShadowPair<P>& operator op##=(ShadowPair<P>& a, const ShadowPair<P>& b) { return a = a op b; }
CUPORT_PAIR_OPERATOR(+)
CUPORT_PAIR_OPERATOR(-)
CUPORT_PAIR_OPERATOR(*)
CUPORT_PAIR_OPERATOR(/)
#undef CUPORT_PAIR_OPERATOR

#define CUPORT_NARROW_INTEGER(name, I, step) \
  CUPORT_NARROW I name(const ShadowT<P>& a) { return to_integer<I>(Shadow(a), [](auto x) { return std::step(x); }); }
#define CUPORT_NARROW_INTEGERS(name, I)                                                                      \
  CUPORT_NARROW_INTEGER(name##_rn, I, rint) CUPORT_NARROW_INTEGER(name##_rz, I, trunc)                       \
  CUPORT_NARROW_INTEGER(name##_ru, I, ceil) CUPORT_NARROW_INTEGER(name##_rd, I, floor)
CUPORT_NARROW_INTEGERS(__half2int, int)
CUPORT_NARROW_INTEGERS(__half2uint, unsigned)
CUPORT_NARROW_INTEGERS(__half2short, short)
CUPORT_NARROW_INTEGERS(__bfloat162int, int)
CUPORT_NARROW_INTEGERS(__bfloat162uint, unsigned)
#undef CUPORT_NARROW_INTEGERS
#undef CUPORT_NARROW_INTEGER
#undef CUPORT_NARROW

// The values of narrow bit patterns, and back (to nearest even).
template <int P>
double from_bits(uint16_t bits) {
  constexpr int fraction = P - 1, bias = P == 11 ? 15 : 127, top = P == 11 ? 31 : 255;
  const int exponent = bits >> fraction & top, low = bits & ((1 << fraction) - 1);
  double size = exponent == top ? (low ? __builtin_nan("") : infinity)
                                : std::ldexp(low + (exponent ? 1 << fraction : 0), (exponent ? exponent : 1) - bias - fraction);
  return bits & 0x8000 ? -size : size;
}
template <int P>
uint16_t to_bits(double x) {
  constexpr int fraction = P - 1, bias = P == 11 ? 15 : 127, top = P == 11 ? 31 : 255;
  const uint16_t sign = __builtin_signbit(x) ? 0x8000 : 0;
  if (x != x) return static_cast<uint16_t>(sign | top << fraction | 1 << (fraction - 1));
  double size = magnitude(x);
  if (size >= Format<P>::max) return static_cast<uint16_t>(sign | top << fraction);
  int exponent = size > 0 ? std::ilogb(size) : -bias;
  if (exponent < 1 - bias) exponent = 1 - bias;
  // A carry out of the fraction arrives in the exponent, as it should.
  const int steps = static_cast<int>(std::nearbyint(std::ldexp(size, fraction - exponent)));
  const int biased = exponent + bias - 1;  // the leading one of a normal number adds the missing 1
  return static_cast<uint16_t>(sign | ((biased << fraction) + steps));
}

}  // namespace cuport
