// Arithmetic on the bytes or halves of a word, and the dynamic-programming (DPX) intrinsics. Included where they are used.
#pragma once
#include "convert.h"
#include "vectors.h"

namespace cuport {
namespace simd {

template <class T>
using lane_t = std::conditional_t<sizeof(T) == 1, uint8_t, uint16_t>;
// f over the lanes, of type T, of the operands; its result's low bits fill the lane.
template <class T, class F, class... W>
CUPORT_FN unsigned each(F f, W... words) {
  constexpr int bits = static_cast<int>(sizeof(T)) * 8;
  unsigned r = 0;
  for (int at = 0; at < 32; at += bits) r |= static_cast<unsigned>(static_cast<lane_t<T>>(f(static_cast<int>(static_cast<T>(words >> at))...))) << at;
  return r;
}
template <class T>
CUPORT_FN int clamp(int v) {
  constexpr bool sign = static_cast<T>(-1) < static_cast<T>(0);
  constexpr int bits = static_cast<int>(sizeof(T)) * 8, most = sign ? (1 << (bits - 1)) - 1 : (1 << bits) - 1, least = sign ? -most - 1 : 0;
  return v > most ? most : v < least ? least : v;
}
template <class T>
CUPORT_FN unsigned sum_of_differences(unsigned a, unsigned b) {
  unsigned total = 0;
  for (int at = 0; at < 32; at += static_cast<int>(sizeof(T)) * 8) {
    const int x = static_cast<T>(a >> at), y = static_cast<T>(b >> at);
    total += static_cast<unsigned>(x < y ? y - x : x - y);
  }
  return total;
}

}  // namespace simd
}  // namespace cuport

#define CUPORT_SIMD1(name, T, expression) \
  CUPORT_FN unsigned name(unsigned a) { return cuport::simd::each<T>([](int x) { return static_cast<int>(expression); }, a); }
#define CUPORT_SIMD2(name, T, expression) \
  CUPORT_FN unsigned name(unsigned a, unsigned b) { return cuport::simd::each<T>([](int x, int y) { return static_cast<int>(expression); }, a, b); }
#define CUPORT_SIMD_COMPARE(name, n, T, op)                \
  CUPORT_SIMD2(__vcmp##name##n, T, x op y ? -1 : 0)        \
  CUPORT_SIMD2(__vset##name##n, T, x op y ? 1 : 0)
#define CUPORT_SIMD(n, S, U)                                                                         \
  CUPORT_SIMD1(__vabs##n, S, x < 0 ? -x : x)                                                         \
  CUPORT_SIMD1(__vabsss##n, S, cuport::simd::clamp<S>(x < 0 ? -x : x))                               \
  CUPORT_SIMD1(__vneg##n, S, -x)                                                                     \
  CUPORT_SIMD1(__vnegss##n, S, cuport::simd::clamp<S>(-x))                                           \
  CUPORT_SIMD2(__vadd##n, U, x + y)                                                                  \
  CUPORT_SIMD2(__vaddss##n, S, cuport::simd::clamp<S>(x + y))                                        \
  CUPORT_SIMD2(__vaddus##n, U, cuport::simd::clamp<U>(x + y))                                        \
  CUPORT_SIMD2(__vsub##n, U, x - y)                                                                  \
  CUPORT_SIMD2(__vsubss##n, S, cuport::simd::clamp<S>(x - y))                                        \
  CUPORT_SIMD2(__vsubus##n, U, cuport::simd::clamp<U>(x - y))                                        \
  CUPORT_SIMD2(__vavgs##n, S, (x + y + (x + y >= 0)) >> 1)                                           \
  CUPORT_SIMD2(__vavgu##n, U, (x + y + 1) >> 1)                                                      \
  CUPORT_SIMD2(__vhaddu##n, U, (x + y) >> 1)                                                         \
  CUPORT_SIMD2(__vabsdiffs##n, S, x < y ? y - x : x - y)                                             \
  CUPORT_SIMD2(__vabsdiffu##n, U, x < y ? y - x : x - y)                                             \
  CUPORT_SIMD2(__vmaxs##n, S, x < y ? y : x)                                                         \
  CUPORT_SIMD2(__vmaxu##n, U, x < y ? y : x)                                                         \
  CUPORT_SIMD2(__vmins##n, S, x < y ? x : y)                                                         \
  CUPORT_SIMD2(__vminu##n, U, x < y ? x : y)                                                         \
  CUPORT_FN unsigned __vsads##n(unsigned a, unsigned b) { return cuport::simd::sum_of_differences<S>(a, b); } \
  CUPORT_FN unsigned __vsadu##n(unsigned a, unsigned b) { return cuport::simd::sum_of_differences<U>(a, b); } \
  CUPORT_SIMD_COMPARE(eq, n, U, ==) CUPORT_SIMD_COMPARE(ne, n, U, !=)                                \
  CUPORT_SIMD_COMPARE(ges, n, S, >=) CUPORT_SIMD_COMPARE(geu, n, U, >=)                              \
  CUPORT_SIMD_COMPARE(gts, n, S, >) CUPORT_SIMD_COMPARE(gtu, n, U, >)                                \
  CUPORT_SIMD_COMPARE(les, n, S, <=) CUPORT_SIMD_COMPARE(leu, n, U, <=)                              \
  CUPORT_SIMD_COMPARE(lts, n, S, <) CUPORT_SIMD_COMPARE(ltu, n, U, <)
CUPORT_SIMD(2, short, unsigned short)
CUPORT_SIMD(4, signed char, unsigned char)
#undef CUPORT_SIMD
#undef CUPORT_SIMD_COMPARE
#undef CUPORT_SIMD2
#undef CUPORT_SIMD1

// DPX. Of 32-bit numbers, and of two 16-bit ones.
namespace cuport {
namespace simd {
template <class T> CUPORT_FN T plus(T a, T b) { return static_cast<T>(static_cast<unsigned>(a) + static_cast<unsigned>(b)); }
template <class T> CUPORT_FN T most(T a, T b) { return a < b ? b : a; }
template <class T> CUPORT_FN T least(T a, T b) { return a < b ? a : b; }
template <class T> CUPORT_FN T positive(T a) { return a < 0 ? T(0) : a; }
template <class T, class F>
CUPORT_FN unsigned both(F f, unsigned a, unsigned b, unsigned c = 0) {
  return each<T>([&](int x, int y, int z) { return f(static_cast<T>(x), static_cast<T>(y), static_cast<T>(z)); }, a, b, c);
}
template <class T, class F>
CUPORT_FN unsigned both_said(F f, unsigned a, unsigned b, bool* high, bool* low) {
  *low = f(static_cast<T>(a), static_cast<T>(b)), *high = f(static_cast<T>(a >> 16), static_cast<T>(b >> 16));
  return (*low ? a : b) % 65536u | (*high ? a : b) & 0xFFFF0000u;
}
}  // namespace simd
}  // namespace cuport

#define CUPORT_DPX3(name, word, T, expression)                                                                    \
  CUPORT_FN word name(word a, word b, word c) { using namespace cuport::simd; return static_cast<word>(expression); }
#define CUPORT_DPX3_PAIR(name, T, expression)                                                                     \
  CUPORT_FN unsigned name(unsigned p, unsigned q, unsigned r) {                                                   \
    return cuport::simd::both<T>([](T a, T b, T c) { using namespace cuport::simd; return static_cast<T>(expression); }, p, q, r); \
  }
#define CUPORT_DPX2(name, word, expression)                                                                       \
  CUPORT_FN word name(word a, word b) { using namespace cuport::simd; return static_cast<word>(expression); }
#define CUPORT_DPX2_PAIR(name, T, expression)                                                                     \
  CUPORT_FN unsigned name(unsigned p, unsigned q) {                                                               \
    return cuport::simd::both<T>([](T a, T b, T) { using namespace cuport::simd; return static_cast<T>(expression); }, p, q); \
  }
#define CUPORT_DPX(extreme, f)                                                                                    \
  CUPORT_DPX3(__viadd##extreme##_s32, int, int, f(plus(a, b), c))                                                 \
  CUPORT_DPX3(__viadd##extreme##_u32, unsigned, unsigned, f(plus(a, b), c))                                       \
  CUPORT_DPX3(__viadd##extreme##_s32_relu, int, int, positive(f(plus(a, b), c)))                                  \
  CUPORT_DPX3_PAIR(__viadd##extreme##_s16x2, short, f(plus(a, b), c))                                             \
  CUPORT_DPX3_PAIR(__viadd##extreme##_u16x2, unsigned short, f(plus(a, b), c))                                    \
  CUPORT_DPX3_PAIR(__viadd##extreme##_s16x2_relu, short, positive(f(plus(a, b), c)))                              \
  CUPORT_DPX3(__vi##extreme##3_s32, int, int, f(f(a, b), c))                                                      \
  CUPORT_DPX3(__vi##extreme##3_u32, unsigned, unsigned, f(f(a, b), c))                                            \
  CUPORT_DPX3(__vi##extreme##3_s32_relu, int, int, positive(f(f(a, b), c)))                                       \
  CUPORT_DPX3_PAIR(__vi##extreme##3_s16x2, short, f(f(a, b), c))                                                  \
  CUPORT_DPX3_PAIR(__vi##extreme##3_u16x2, unsigned short, f(f(a, b), c))                                         \
  CUPORT_DPX3_PAIR(__vi##extreme##3_s16x2_relu, short, positive(f(f(a, b), c)))                                   \
  CUPORT_DPX2(__vi##extreme##_s32_relu, int, positive(f(a, b)))                                                   \
  CUPORT_DPX2_PAIR(__vi##extreme##_s16x2_relu, short, positive(f(a, b)))
CUPORT_DPX(max, most)
CUPORT_DPX(min, least)
#undef CUPORT_DPX
#undef CUPORT_DPX2_PAIR
#undef CUPORT_DPX2
#undef CUPORT_DPX3_PAIR
#undef CUPORT_DPX3
// Which of two it was: true for the first, also where they are equal.
#define CUPORT_DPX_SAID(extreme, op)                                                                              \
  CUPORT_FN int __vib##extreme##_s32(int a, int b, bool* first) { return (*first = a op b) ? a : b; }             \
  CUPORT_FN unsigned __vib##extreme##_u32(unsigned a, unsigned b, bool* first) { return (*first = a op b) ? a : b; } \
  CUPORT_FN unsigned __vib##extreme##_s16x2(unsigned a, unsigned b, bool* high, bool* low) {                      \
    return cuport::simd::both_said<short>([](short x, short y) { return x op y; }, a, b, high, low);              \
  }                                                                                                               \
  CUPORT_FN unsigned __vib##extreme##_u16x2(unsigned a, unsigned b, bool* high, bool* low) {                      \
    return cuport::simd::both_said<unsigned short>([](unsigned short x, unsigned short y) { return x op y; }, a, b, high, low); \
  }
CUPORT_DPX_SAID(max, >=)
CUPORT_DPX_SAID(min, <=)
#undef CUPORT_DPX_SAID

// Dot products of vector types.
CUPORT_FN int __dp4a(char4 a, char4 b, int c) { return __dp4a(cuport::bit_cast<int>(a), cuport::bit_cast<int>(b), c); }
CUPORT_FN unsigned __dp4a(uchar4 a, uchar4 b, unsigned c) { return __dp4a(cuport::bit_cast<unsigned>(a), cuport::bit_cast<unsigned>(b), c); }
#define CUPORT_DP2A(name)                                                                                                          \
  CUPORT_FN int name(short2 a, char4 b, int c) { return name(cuport::bit_cast<int>(a), cuport::bit_cast<int>(b), c); }              \
  CUPORT_FN unsigned name(ushort2 a, uchar4 b, unsigned c) { return name(cuport::bit_cast<unsigned>(a), cuport::bit_cast<unsigned>(b), c); }
CUPORT_DP2A(__dp2a_lo)
CUPORT_DP2A(__dp2a_hi)
#undef CUPORT_DP2A
