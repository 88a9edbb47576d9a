// Intrinsics of 16-bit floating types that fewer programs use: unordered comparisons of pairs, masks, NaN-keeping extremes,
// complex products, conversions to and from 8- and 64-bit integers.
#pragma once
#include "narrow.h"

#define CUPORT_NARROW_PAIR_UNORDERED(T, T2, name)                                                            \
  CUPORT_FN T2 __##name##u2(T2 a, T2 b) { return T2(T(__##name##u(a.x, b.x) ? 1.0f : 0.0f), T(__##name##u(a.y, b.y) ? 1.0f : 0.0f)); } \
  CUPORT_FN unsigned __##name##2_mask(T2 a, T2 b) { return (__##name(a.x, b.x) ? 0xFFFFu : 0u) | (__##name(a.y, b.y) ? 0xFFFF0000u : 0u); } \
  CUPORT_FN unsigned __##name##u2_mask(T2 a, T2 b) { return (__##name##u(a.x, b.x) ? 0xFFFFu : 0u) | (__##name##u(a.y, b.y) ? 0xFFFF0000u : 0u); }
#define CUPORT_NARROW_BOTH_UNORDERED(T, T2, name, both) \
  CUPORT_FN bool both(T2 a, T2 b) { return __##name##u(a.x, b.x) && __##name##u(a.y, b.y); }

#define CUPORT_NARROW_MORE(T, T2, F, N, Raw, Raw2)                                                           \
  CUPORT_NARROW_PAIR_UNORDERED(T, T2, heq) CUPORT_NARROW_BOTH_UNORDERED(T, T2, heq, __hbequ2)                \
  CUPORT_NARROW_PAIR_UNORDERED(T, T2, hne) CUPORT_NARROW_BOTH_UNORDERED(T, T2, hne, __hbneu2)                \
  CUPORT_NARROW_PAIR_UNORDERED(T, T2, hlt) CUPORT_NARROW_BOTH_UNORDERED(T, T2, hlt, __hbltu2)                \
  CUPORT_NARROW_PAIR_UNORDERED(T, T2, hle) CUPORT_NARROW_BOTH_UNORDERED(T, T2, hle, __hbleu2)                \
  CUPORT_NARROW_PAIR_UNORDERED(T, T2, hgt) CUPORT_NARROW_BOTH_UNORDERED(T, T2, hgt, __hbgtu2)                \
  CUPORT_NARROW_PAIR_UNORDERED(T, T2, hge) CUPORT_NARROW_BOTH_UNORDERED(T, T2, hge, __hbgeu2)                \
  CUPORT_FN T __hmax_nan(T a, T b) { return __hisnan(a) || __hisnan(b) ? T(NAN) : __hmax(a, b); }            \
  CUPORT_FN T __hmin_nan(T a, T b) { return __hisnan(a) || __hisnan(b) ? T(NAN) : __hmin(a, b); }            \
  CUPORT_FN T2 __hmax2_nan(T2 a, T2 b) { return T2(__hmax_nan(a.x, b.x), __hmax_nan(a.y, b.y)); }            \
  CUPORT_FN T2 __hmin2_nan(T2 a, T2 b) { return T2(__hmin_nan(a.x, b.x), __hmin_nan(a.y, b.y)); }            \
  CUPORT_FN T2 __hsub2_rn(T2 a, T2 b) { return a - b; }                                                      \
  CUPORT_FN T2 __hsub2_sat(T2 a, T2 b) { return T2(__hsub_sat(a.x, b.x), __hsub_sat(a.y, b.y)); }            \
  CUPORT_FN T2 __hfma2_sat(T2 a, T2 b, T2 c) { return T2(__hfma_sat(a.x, b.x, c.x), __hfma_sat(a.y, b.y, c.y)); } \
  CUPORT_FN T2 __hfma2_relu(T2 a, T2 b, T2 c) { return T2(__hfma_relu(a.x, b.x, c.x), __hfma_relu(a.y, b.y, c.y)); } \
  CUPORT_FN T2 __hcmadd(T2 a, T2 b, T2 c) {                                                                  \
    return T2(__hfma(-a.y, b.y, __hfma(a.x, b.x, c.x)), __hfma(a.y, b.x, __hfma(a.x, b.y, c.y)));            \
  }                                                                                                          \
  CUPORT_FN T htanh_approx(T a) { return htanh(a); }                                                         \
  CUPORT_FN T2 h2tanh_approx(T2 a) { return h2tanh(a); }                                                     \
  CUPORT_FN T operator++(T& a, int) { const T was = a; ++a; return was; }                                    \
  CUPORT_FN T operator--(T& a, int) { const T was = a; --a; return was; }                                    \
  CUPORT_FN T2& operator++(T2& a) { ++a.x, ++a.y; return a; }                                                \
  CUPORT_FN T2& operator--(T2& a) { --a.x, --a.y; return a; }                                                \
  CUPORT_FN T2 operator++(T2& a, int) { const T2 was = a; ++a; return was; }                                 \
  CUPORT_FN T2 operator--(T2& a, int) { const T2 was = a; --a; return was; }                                 \
  CUPORT_FN T2 operator+(T2 a) { return a; }                                                                 \
  CUPORT_FN signed char __##N##2char_rz(T x) { return static_cast<signed char>(min(max(__float2int_rz(x), -128), 127)); } \
  CUPORT_FN unsigned char __##N##2uchar_rz(T x) { return static_cast<unsigned char>(min(max(__float2int_rz(x), 0), 255)); } \
  CUPORT_NARROW_LONG(T, F, N, rn, nearest) CUPORT_NARROW_LONG(T, F, N, rz, zero)                             \
  CUPORT_NARROW_LONG(T, F, N, ru, up) CUPORT_NARROW_LONG(T, F, N, rd, down)
// A double holds no 64-bit integer in full; rounding the first of the two conversions to odd makes the second one right.
#define CUPORT_NARROW_LONG(T, F, N, suffix, round)                                                           \
  CUPORT_FN T __ull2##N##_##suffix(unsigned long long x) { return __ushort_as_cuport<T>(F::narrow(cuport::odd_double(x), cuport::Round::round)); } \
  CUPORT_FN unsigned long long __##N##2ull_##suffix(T x) { return __float2ull_##suffix(x); }

namespace cuport {
CUPORT_FN double odd_double(unsigned long long x) {
  const bool lost = (x >> 53) != 0 && (x & 0x7FFull) != 0;
  return static_cast<double>(lost ? (x & ~0x7FFull) | 0x800ull : x);
}
}  // namespace cuport
