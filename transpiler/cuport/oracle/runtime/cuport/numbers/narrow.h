// 16-bit floating types. Every operation is done in float and rounded at once: float has more than twice the digits, so
// that is the correctly rounded result of +, -, *, / and sqrt.
#pragma once
#include "math.h"
#include "vectors.h"

namespace cuport {

// Bits of a format with E exponent and M fraction bits, of 1 + E + M = 16; to nearest even, or as named.
template <int E, int M>
struct Format16 {
  static constexpr int bias = (1 << (E - 1)) - 1;

  static float widen(uint16_t bits) {
    if constexpr (E == 8) return bit_cast<float>(static_cast<uint32_t>(bits) << 16);
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
    const uint32_t magnitude = bits & 0x7FFFu;
    if (magnitude >= ((1u << E) - 1) << M) return bit_cast<float>(sign | 0x7F800000u | (magnitude & ((1u << M) - 1)) << (23 - M));
    if (magnitude < 1u << M) {  // zero or subnormal
      const float value = static_cast<float>(magnitude) * 0x1p-24f;
      return sign != 0 ? -value : value;
    }
    return bit_cast<float>(sign | ((magnitude << (23 - M)) + (static_cast<uint32_t>(127 - bias) << 23)));
  }

  // A float rounded to odd keeps what the second rounding has to know (S. Boldo, G. Melquiond, 2005).
  static uint16_t narrow(double x) {
    float f = static_cast<float>(x);
    if (static_cast<double>(f) != x && x == x) {
      uint32_t bits = bit_cast<uint32_t>(f);
      if (fabs(static_cast<double>(f)) > fabs(x)) --bits;
      f = bit_cast<float>(bits | 1u);
    }
    return narrow(f);
  }
  static uint16_t narrow(double x, Round round) {
    if (round == Round::nearest) return narrow(x);
    const uint64_t bits = bit_cast<uint64_t>(x);
    const auto sign = static_cast<uint16_t>(bits >> 48 & 0x8000u);
    if (x != x) return static_cast<uint16_t>(0x7FFFu);
    const double size = fabs(x);
    constexpr uint16_t infinity = static_cast<uint16_t>(((1u << E) - 1) << M);
    const bool away = (round == Round::up && sign == 0) || (round == Round::down && sign != 0);
    if (size == INFINITY) return static_cast<uint16_t>(sign | infinity);
    int exponent = 0;
    frexp(size, &exponent);  // size = f * 2^exponent, f in [1/2, 1)
    int quantum = exponent - 1 - M;
    if (quantum < 1 - bias - M) quantum = 1 - bias - M;
    const double scaled = ldexp(size, -quantum);
    double whole = floor(scaled);
    const double rest = scaled - whole;
    if (away && rest > 0.0) whole += 1.0;
    const double rounded = ldexp(whole, quantum);
    if (rounded >= ldexp(1.0, bias + 1)) {
      return static_cast<uint16_t>(sign | (away ? infinity : infinity - 1));
    }
    if (rounded == 0.0) return sign;
    frexp(rounded, &exponent);
    const int stored = exponent - 1 + bias;
    if (stored < 1) return static_cast<uint16_t>(sign | static_cast<uint16_t>(ldexp(rounded, bias - 1 + M)));
    const auto fraction = static_cast<uint16_t>(ldexp(rounded, M - (exponent - 1)) - (1 << M));
    return static_cast<uint16_t>(sign | stored << M | fraction);
  }

  // The common case, by bits: float to nearest even.
  static uint16_t narrow(float x) {
    const uint32_t bits = bit_cast<uint32_t>(x);
    if constexpr (E == 8) {
      if (x != x) return 0x7FFFu;
      return static_cast<uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
    }
    const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000u);
    const uint32_t size = bits & 0x7FFFFFFFu;
    if (size > 0x7F800000u) return 0x7FFFu;
    if (size >= 0x47800000u) return static_cast<uint16_t>(sign | 0x7C00u);  // 65536 and more
    if (size < 0x38800000u) {  // subnormal: adding 0.5 leaves the rounded quotient in the low digits
      const float shifted = bit_cast<float>(size) + 0.5f;
      return static_cast<uint16_t>(sign | (bit_cast<uint32_t>(shifted) - 0x3F000000u));
    }
    return static_cast<uint16_t>(sign | (size - 0x38000000u + 0xFFFu + (size >> 13 & 1u)) >> 13);
  }
};

}  // namespace cuport

// A scalar type T of format F and its pair T2, with the operators and the intrinsics that both formats share.
#define CUPORT_NARROW(T, T2, F, dtype, Raw, Raw2)                                                        \
  struct T {                                                                                             \
    uint16_t cuport_bits;                                                                                \
    T() = default;                                                                                       \
    T(float x) : cuport_bits(F::narrow(x)) {}                                                            \
    T(double x) : cuport_bits(F::narrow(x)) {}                                                           \
    template <class I, class = std::enable_if_t<std::is_integral_v<I>>>                                  \
    T(I x) : cuport_bits(F::narrow(static_cast<double>(x))) {}                                           \
    operator float() const { return F::widen(cuport_bits); }                                             \
    template <class V>                                                                                   \
    T& operator=(V x) { return *this = T(x); }                                                           \
    T& operator=(const T&) = default;                                                                    \
    T(const T&) = default;                                                                               \
    T(const Raw& r) : cuport_bits(r.x) {}                                                                \
    operator Raw() const { return Raw{cuport_bits}; }                                                    \
  };                                                                                                     \
  struct alignas(4) T2 {                                                                                 \
    T x, y;                                                                                              \
    T2() = default;                                                                                      \
    T2(T a, T b) : x(a), y(b) {}                                                                         \
    T2(const Raw2& r) : x(Raw{r.x}), y(Raw{r.y}) {}                                                      \
    operator Raw2() const { return Raw2{x.cuport_bits, y.cuport_bits}; }                                 \
  };                                                                                                     \
  namespace cuport {                                                                                     \
  template <> struct dtype_of<T> { static constexpr const char* name = dtype; };                         \
  template <> struct lanes_of<T2> { static constexpr int count = 2; using type = T; };                   \
  }                                                                                                      \
  CUPORT_NARROW_OPERATOR(T, T2, +) CUPORT_NARROW_OPERATOR(T, T2, -)                                      \
  CUPORT_NARROW_OPERATOR(T, T2, *) CUPORT_NARROW_OPERATOR(T, T2, /)                                      \
  CUPORT_NARROW_COMPARE(T, ==, __heq, __hequ, __heq2, __hbeq2) CUPORT_NARROW_COMPARE(T, !=, __hne, __hneu, __hne2, __hbne2) \
  CUPORT_NARROW_COMPARE(T, <, __hlt, __hltu, __hlt2, __hblt2) CUPORT_NARROW_COMPARE(T, <=, __hle, __hleu, __hle2, __hble2) \
  CUPORT_NARROW_COMPARE(T, >, __hgt, __hgtu, __hgt2, __hbgt2) CUPORT_NARROW_COMPARE(T, >=, __hge, __hgeu, __hge2, __hbge2) \
  CUPORT_NARROW_PAIR_COMPARE(T, T2, ==, heq, __hbeq2) CUPORT_NARROW_PAIR_COMPARE(T, T2, !=, hne, __hbne2) \
  CUPORT_NARROW_PAIR_COMPARE(T, T2, <, hlt, __hblt2) CUPORT_NARROW_PAIR_COMPARE(T, T2, <=, hle, __hble2) \
  CUPORT_NARROW_PAIR_COMPARE(T, T2, >, hgt, __hbgt2) CUPORT_NARROW_PAIR_COMPARE(T, T2, >=, hge, __hbge2) \
  CUPORT_FN T operator-(T a) { a.cuport_bits ^= 0x8000u; return a; }                                     \
  CUPORT_FN T operator+(T a) { return a; }                                                               \
  CUPORT_FN T2 operator-(T2 a) { return T2(-a.x, -a.y); }                                                \
  CUPORT_FN T& operator++(T& a) { return a = a + T(1.0f); }                                              \
  CUPORT_FN T& operator--(T& a) { return a = a - T(1.0f); }                                              \
  CUPORT_FN T __hadd(T a, T b) { return a + b; }                                                         \
  CUPORT_FN T __hsub(T a, T b) { return a - b; }                                                         \
  CUPORT_FN T __hmul(T a, T b) { return a * b; }                                                         \
  CUPORT_FN T __hadd_rn(T a, T b) { return a + b; }                                                      \
  CUPORT_FN T __hsub_rn(T a, T b) { return a - b; }                                                      \
  CUPORT_FN T __hmul_rn(T a, T b) { return a * b; }                                                      \
  CUPORT_FN T __hdiv(T a, T b) { return a / b; }                                                         \
  CUPORT_FN T __hfma(T a, T b, T c) {                                                                    \
    /* the product is exact in double */                                                                 \
    return T(static_cast<double>(static_cast<float>(a)) * static_cast<double>(static_cast<float>(b)) + static_cast<double>(static_cast<float>(c))); \
  }                                                                                                      \
  CUPORT_FN T cuport_clip(T a) { return T(__saturatef(static_cast<float>(a))); }                         \
  CUPORT_FN T __hadd_sat(T a, T b) { return cuport_clip(a + b); }                                        \
  CUPORT_FN T __hsub_sat(T a, T b) { return cuport_clip(a - b); }                                        \
  CUPORT_FN T __hmul_sat(T a, T b) { return cuport_clip(a * b); }                                        \
  CUPORT_FN T __hfma_sat(T a, T b, T c) { return cuport_clip(__hfma(a, b, c)); }                         \
  CUPORT_FN T __hfma_relu(T a, T b, T c) { const T r = __hfma(a, b, c); return static_cast<float>(r) > 0 ? r : T(0.0f); } \
  CUPORT_FN T __hneg(T a) { return -a; }                                                                 \
  CUPORT_FN T __habs(T a) { a.cuport_bits &= 0x7FFFu; return a; }                                        \
  CUPORT_FN bool __hisnan(T a) { return isnan(static_cast<float>(a)); }                                  \
  CUPORT_FN int __hisinf(T a) { const float f = a; return isinf(f) ? (f > 0 ? 1 : -1) : 0; }             \
  CUPORT_FN T __hmax(T a, T b) { return T(fmaxf(a, b)); }                                                \
  CUPORT_FN T __hmin(T a, T b) { return T(fminf(a, b)); }                                                \
  CUPORT_FN T2 __hadd2(T2 a, T2 b) { return a + b; }                                                     \
  CUPORT_FN T2 __hsub2(T2 a, T2 b) { return a - b; }                                                     \
  CUPORT_FN T2 __hmul2(T2 a, T2 b) { return a * b; }                                                     \
  CUPORT_FN T2 __hadd2_rn(T2 a, T2 b) { return a + b; }                                                  \
  CUPORT_FN T2 __hmul2_rn(T2 a, T2 b) { return a * b; }                                                  \
  CUPORT_FN T2 __h2div(T2 a, T2 b) { return a / b; }                                                     \
  CUPORT_FN T2 __hfma2(T2 a, T2 b, T2 c) { return T2(__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)); }    \
  CUPORT_FN T2 __hneg2(T2 a) { return -a; }                                                              \
  CUPORT_FN T2 __habs2(T2 a) { return T2(__habs(a.x), __habs(a.y)); }                                    \
  CUPORT_FN T2 __hmax2(T2 a, T2 b) { return T2(__hmax(a.x, b.x), __hmax(a.y, b.y)); }                    \
  CUPORT_FN T2 __hmin2(T2 a, T2 b) { return T2(__hmin(a.x, b.x), __hmin(a.y, b.y)); }                    \
  CUPORT_FN T2 __hadd2_sat(T2 a, T2 b) { return T2(__hadd_sat(a.x, b.x), __hadd_sat(a.y, b.y)); }        \
  CUPORT_FN T2 __hmul2_sat(T2 a, T2 b) { return T2(__hmul_sat(a.x, b.x), __hmul_sat(a.y, b.y)); }        \
  CUPORT_FN T2 __hisnan2(T2 a) { return T2(T(__hisnan(a.x) ? 1.0f : 0.0f), T(__hisnan(a.y) ? 1.0f : 0.0f)); } \
  CUPORT_NARROW_FUNCTION(T, T2, exp, expf(v)) CUPORT_NARROW_FUNCTION(T, T2, exp2, exp2f(v))              \
  CUPORT_NARROW_FUNCTION(T, T2, exp10, exp10f(v)) CUPORT_NARROW_FUNCTION(T, T2, log, logf(v))            \
  CUPORT_NARROW_FUNCTION(T, T2, log2, log2f(v)) CUPORT_NARROW_FUNCTION(T, T2, log10, log10f(v))          \
  CUPORT_NARROW_FUNCTION(T, T2, sin, sinf(v)) CUPORT_NARROW_FUNCTION(T, T2, cos, cosf(v))                \
  CUPORT_NARROW_FUNCTION(T, T2, tanh, tanhf(v)) CUPORT_NARROW_FUNCTION(T, T2, sqrt, sqrtf(v))            \
  CUPORT_NARROW_FUNCTION(T, T2, rsqrt, rsqrtf(v)) CUPORT_NARROW_FUNCTION(T, T2, rcp, 1.0f / v)           \
  CUPORT_NARROW_FUNCTION(T, T2, floor, floorf(v)) CUPORT_NARROW_FUNCTION(T, T2, ceil, ceilf(v))          \
  CUPORT_NARROW_FUNCTION(T, T2, trunc, truncf(v)) CUPORT_NARROW_FUNCTION(T, T2, rint, rintf(v))

#define CUPORT_NARROW_OPERATOR(T, T2, op)                                                              \
  CUPORT_FN T operator op(T a, T b) { return T(static_cast<float>(a) op static_cast<float>(b)); }      \
  CUPORT_FN T& operator op##=(T& a, T b) { return a = a op b; }                                        \
  CUPORT_FN T2 operator op(T2 a, T2 b) { return T2(a.x op b.x, a.y op b.y); }                          \
  CUPORT_FN T2& operator op##=(T2& a, T2 b) { return a = a op b; }
// The intrinsics ending in u are true for unordered operands.
#define CUPORT_NARROW_COMPARE(T, op, name, unordered, ...)                                             \
  CUPORT_FN bool operator op(T a, T b) { return static_cast<float>(a) op static_cast<float>(b); }      \
  CUPORT_FN bool name(T a, T b) { return a op b && !isunordered(static_cast<float>(a), static_cast<float>(b)); } \
  CUPORT_FN bool unordered(T a, T b) { return a op b || isunordered(static_cast<float>(a), static_cast<float>(b)); }
#define CUPORT_NARROW_PAIR_COMPARE(T, T2, op, name, both)                                              \
  CUPORT_FN T2 __##name##2(T2 a, T2 b) { return T2(T(__##name(a.x, b.x) ? 1.0f : 0.0f), T(__##name(a.y, b.y) ? 1.0f : 0.0f)); } \
  CUPORT_FN bool both(T2 a, T2 b) { return __##name(a.x, b.x) && __##name(a.y, b.y); }                 \
  CUPORT_FN bool operator op(T2 a, T2 b) { return a.x op b.x && a.y op b.y; }
#define CUPORT_NARROW_FUNCTION(T, T2, name, expression)                                                \
  CUPORT_FN T h##name(T a) { const float v = a; return T(static_cast<float>(expression)); }            \
  CUPORT_FN T2 h2##name(T2 a) { return T2(h##name(a.x), h##name(a.y)); }

// The conversions, which carry the type's name: N in __float2N, N2 in __float2N2_rn.
#define CUPORT_NARROW_NAMES(T, T2, F, N, N2)                                                           \
  CUPORT_FN T __float2##N(float x) { return T(x); }                                                    \
  CUPORT_FN T __double2##N(double x) { return T(x); }                                                  \
  CUPORT_FN float __##N##2float(T x) { return x; }                                                     \
  CUPORT_NARROW_ROUNDED(T, F, N, rn, nearest) CUPORT_NARROW_ROUNDED(T, F, N, rz, zero)                 \
  CUPORT_NARROW_ROUNDED(T, F, N, ru, up) CUPORT_NARROW_ROUNDED(T, F, N, rd, down)                      \
  CUPORT_FN unsigned short __##N##_as_ushort(T x) { return x.cuport_bits; }                            \
  CUPORT_FN short __##N##_as_short(T x) { return static_cast<short>(x.cuport_bits); }                  \
  CUPORT_FN T __ushort_as_##N(unsigned short x) { T r; r.cuport_bits = x; return r; }                  \
  CUPORT_FN T __short_as_##N(short x) { T r; r.cuport_bits = static_cast<uint16_t>(x); return r; }     \
  CUPORT_FN T2 make_##N2(T a, T b) { return T2(a, b); }                                                \
  CUPORT_FN T2 __float2##N2##_rn(float x) { return T2(T(x), T(x)); }                                   \
  CUPORT_FN T2 __floats2##N2##_rn(float a, float b) { return T2(T(a), T(b)); }                         \
  CUPORT_FN T2 __float22##N2##_rn(float2 v) { return T2(T(v.x), T(v.y)); }                             \
  CUPORT_FN T2 __halves2##N2(T a, T b) { return T2(a, b); }                                            \
  CUPORT_FN T2 __##N##2##N2(T a) { return T2(a, a); }                                                  \
  CUPORT_FN float2 __##N2##2float2(T2 v) { return make_float2(v.x, v.y); }                             \
  CUPORT_FN T __low2##N(T2 v) { return v.x; }                                                          \
  CUPORT_FN T __high2##N(T2 v) { return v.y; }                                                         \
  CUPORT_FN float __low2float(T2 v) { return v.x; }                                                    \
  CUPORT_FN float __high2float(T2 v) { return v.y; }                                                   \
  CUPORT_FN T2 __low2##N2(T2 v) { return T2(v.x, v.x); }                                               \
  CUPORT_FN T2 __high2##N2(T2 v) { return T2(v.y, v.y); }                                              \
  CUPORT_FN T2 __lows2##N2(T2 a, T2 b) { return T2(a.x, b.x); }                                        \
  CUPORT_FN T2 __highs2##N2(T2 a, T2 b) { return T2(a.y, b.y); }                                       \
  CUPORT_FN T2 __lowhigh2highlow(T2 v) { return T2(v.y, v.x); }
#define CUPORT_NARROW_ROUNDED(T, F, N, suffix, round)                                                  \
  CUPORT_FN T __float2##N##_##suffix(float x) { return __ushort_as_cuport<T>(F::narrow(static_cast<double>(x), cuport::Round::round)); } \
  CUPORT_FN T __int2##N##_##suffix(int x) { return __ushort_as_cuport<T>(F::narrow(static_cast<double>(x), cuport::Round::round)); } \
  CUPORT_FN T __uint2##N##_##suffix(unsigned x) { return __ushort_as_cuport<T>(F::narrow(static_cast<double>(x), cuport::Round::round)); } \
  CUPORT_FN T __short2##N##_##suffix(short x) { return __int2##N##_##suffix(x); }                      \
  CUPORT_FN T __ushort2##N##_##suffix(unsigned short x) { return __int2##N##_##suffix(x); }            \
  CUPORT_FN T __ll2##N##_##suffix(long long x) { return __ushort_as_cuport<T>(F::narrow(static_cast<double>(x), cuport::Round::round)); } \
  CUPORT_FN int __##N##2int_##suffix(T x) { return __float2int_##suffix(x); }                          \
  CUPORT_FN unsigned __##N##2uint_##suffix(T x) { return __float2uint_##suffix(x); }                   \
  CUPORT_FN long long __##N##2ll_##suffix(T x) { return __float2ll_##suffix(x); }                      \
  CUPORT_FN short __##N##2short_##suffix(T x) { return static_cast<short>(min(max(__float2int_##suffix(x), -32768), 32767)); } \
  CUPORT_FN unsigned short __##N##2ushort_##suffix(T x) { return static_cast<unsigned short>(min(max(__float2int_##suffix(x), 0), 65535)); }

template <class T>
CUPORT_FN T __ushort_as_cuport(uint16_t bits) {
  T r;
  r.cuport_bits = bits;
  return r;
}
