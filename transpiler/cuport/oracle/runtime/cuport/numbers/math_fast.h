// The fast-math intrinsics and those that name a rounding. Where glibc owns the name (`__expf`), it is a macro for one in
// namespace cuport. Fast ones return the well-rounded value: hardware's error is the business of the bounds.
#pragma once
#include "convert.h"

namespace cuport {

CUPORT_FN float fast_expf(float x) { return expf(x); }
CUPORT_FN float fast_exp10f(float x) { return exp10f(x); }
CUPORT_FN float fast_exp2f(float x) { return exp2f(x); }
CUPORT_FN float fast_logf(float x) { return logf(x); }
CUPORT_FN float fast_log2f(float x) { return log2f(x); }
CUPORT_FN float fast_log10f(float x) { return log10f(x); }
CUPORT_FN float fast_sinf(float x) { return sinf(x); }
CUPORT_FN float fast_cosf(float x) { return cosf(x); }
CUPORT_FN float fast_tanf(float x) { return tanf(x); }
CUPORT_FN float fast_tanhf(float x) { return tanhf(x); }
// exp2(y * log2(x)): NaN for negative x, whatever y is.
CUPORT_FN float fast_powf(float x, float y) { return x < 0 ? NAN : powf(x, y); }
CUPORT_FN void fast_sincosf(float x, float* s, float* c) { *s = sinf(x), *c = cosf(x); }
// For 2^126 < |y| < 2^128 the hardware gives 0 (NaN for an infinite x).
CUPORT_FN float fast_divide(float x, float y) {
  const float size = fabsf(y);
  if (size > 0x1p126f && size < INFINITY) return isinf(x) ? NAN : copysignf(0.0f, x) * copysignf(1.0f, y);
  return x / y;
}

// An operation in a rounding mode, its operands hidden from the optimiser.
template <Round R, class T, class F>
CUPORT_FN T rounded(T a, T b, F f) {
  volatile T x = a, y = b;
  return in_mode<R>([&] { return static_cast<T>(f(static_cast<T>(x), static_cast<T>(y))); });
}

}  // namespace cuport

#define __expf cuport::fast_expf
#define __exp10f cuport::fast_exp10f
#define __exp2f cuport::fast_exp2f
#define __logf cuport::fast_logf
#define __log2f cuport::fast_log2f
#define __log10f cuport::fast_log10f
#define __sinf cuport::fast_sinf
#define __cosf cuport::fast_cosf
#define __tanf cuport::fast_tanf
#define __tanhf cuport::fast_tanhf
#define __powf cuport::fast_powf
#define __sincosf cuport::fast_sincosf
#define __fdividef cuport::fast_divide
CUPORT_FN float fdividef(float x, float y) { return x / y; }
CUPORT_FN float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }

#define CUPORT_BINARY(suffix, round, name, T, op)                                      \
  CUPORT_FN T name##_##suffix(T a, T b) {                                              \
    return cuport::rounded<round>(a, b, [](T x, T y) CUPORT_NOINLINE { return x op y; }); \
  }
CUPORT_ROUNDINGS(CUPORT_BINARY, __fadd, float, +)
CUPORT_ROUNDINGS(CUPORT_BINARY, __fsub, float, -)
CUPORT_ROUNDINGS(CUPORT_BINARY, __fmul, float, *)
CUPORT_ROUNDINGS(CUPORT_BINARY, __fdiv, float, /)
CUPORT_ROUNDINGS(CUPORT_BINARY, __dadd, double, +)
CUPORT_ROUNDINGS(CUPORT_BINARY, __dsub, double, -)
CUPORT_ROUNDINGS(CUPORT_BINARY, __dmul, double, *)
CUPORT_ROUNDINGS(CUPORT_BINARY, __ddiv, double, /)
#undef CUPORT_BINARY
#define CUPORT_UNARY(suffix, round, name, T, expression)                                                   \
  CUPORT_FN T name##_##suffix(T a) {                                                                       \
    return cuport::rounded<round>(a, a, [](T x, T) CUPORT_NOINLINE { return static_cast<T>(expression); }); \
  }
CUPORT_ROUNDINGS(CUPORT_UNARY, __frcp, float, 1.0f / x)
CUPORT_ROUNDINGS(CUPORT_UNARY, __fsqrt, float, sqrtf(x))
CUPORT_ROUNDINGS(CUPORT_UNARY, __drcp, double, 1.0 / x)
CUPORT_ROUNDINGS(CUPORT_UNARY, __dsqrt, double, sqrt(x))
#undef CUPORT_UNARY
#define CUPORT_FMA(suffix, round, name, T, f)                                   \
  CUPORT_FN T name##_##suffix(T a, T b, T c) {                                  \
    volatile T z = c;                                                           \
    return cuport::rounded<round>(a, b, [&](T x, T y) CUPORT_NOINLINE { return f(x, y, static_cast<T>(z)); }); \
  }
CUPORT_ROUNDINGS(CUPORT_FMA, __fmaf, float, fmaf)
CUPORT_ROUNDINGS(CUPORT_FMA, __fmaf_ieee, float, fmaf)
CUPORT_ROUNDINGS(CUPORT_FMA, __fma, double, fma)
#undef CUPORT_FMA
CUPORT_FN float __frsqrt_rn(float x) { return static_cast<float>(1.0 / sqrt(static_cast<double>(x))); }
