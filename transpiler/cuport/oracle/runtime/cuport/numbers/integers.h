// Integer and bit intrinsics, min and max with CUDA's overloads, bit casts.
#pragma once
#include <type_traits>
#include "../config.h"

#define CUPORT_FN static inline

#define CUPORT_MIN_MAX(R, A, B)                                                              \
  CUPORT_FN R min(const A a, const B b) { return static_cast<R>(a) < static_cast<R>(b) ? static_cast<R>(a) : static_cast<R>(b); } \
  CUPORT_FN R max(const A a, const B b) { return static_cast<R>(a) > static_cast<R>(b) ? static_cast<R>(a) : static_cast<R>(b); }
CUPORT_MIN_MAX(int, int, int)
CUPORT_MIN_MAX(unsigned, unsigned, unsigned)
CUPORT_MIN_MAX(unsigned, int, unsigned)
CUPORT_MIN_MAX(unsigned, unsigned, int)
CUPORT_MIN_MAX(long, long, long)
CUPORT_MIN_MAX(unsigned long, unsigned long, unsigned long)
CUPORT_MIN_MAX(unsigned long, long, unsigned long)
CUPORT_MIN_MAX(unsigned long, unsigned long, long)
CUPORT_MIN_MAX(long long, long long, long long)
CUPORT_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
CUPORT_MIN_MAX(unsigned long long, long long, unsigned long long)
CUPORT_MIN_MAX(unsigned long long, unsigned long long, long long)
#undef CUPORT_MIN_MAX
// As fmin and fmax do: a NaN loses.
CUPORT_FN float min(const float a, const float b) { return fminf(a, b); }
CUPORT_FN float max(const float a, const float b) { return fmaxf(a, b); }
CUPORT_FN double min(const double a, const double b) { return fmin(a, b); }
CUPORT_FN double max(const double a, const double b) { return fmax(a, b); }
CUPORT_FN double min(const float a, const double b) { return fmin(static_cast<double>(a), b); }
CUPORT_FN double min(const double a, const float b) { return fmin(a, static_cast<double>(b)); }
CUPORT_FN double max(const float a, const double b) { return fmax(static_cast<double>(a), b); }
CUPORT_FN double max(const double a, const float b) { return fmax(a, static_cast<double>(b)); }
CUPORT_FN unsigned umin(unsigned a, unsigned b) { return a < b ? a : b; }
CUPORT_FN unsigned umax(unsigned a, unsigned b) { return a > b ? a : b; }
CUPORT_FN long long llmin(long long a, long long b) { return a < b ? a : b; }
CUPORT_FN long long llmax(long long a, long long b) { return a > b ? a : b; }
CUPORT_FN unsigned long long ullmin(unsigned long long a, unsigned long long b) { return a < b ? a : b; }
CUPORT_FN unsigned long long ullmax(unsigned long long a, unsigned long long b) { return a > b ? a : b; }

CUPORT_FN int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
CUPORT_FN int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x)); }
CUPORT_FN int __ffs(int x) { return __builtin_ffs(x); }
CUPORT_FN int __ffsll(long long x) { return __builtin_ffsll(x); }
CUPORT_FN int __popc(unsigned x) { return __builtin_popcount(x); }
CUPORT_FN int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
CUPORT_FN unsigned __brev(unsigned x) {
  x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
  x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
  x = (x >> 4 & 0x0F0F0F0Fu) | (x & 0x0F0F0F0Fu) << 4;
  return __builtin_bswap32(x);
}
CUPORT_FN unsigned long long __brevll(unsigned long long x) {
  return static_cast<unsigned long long>(__brev(static_cast<unsigned>(x))) << 32 | __brev(static_cast<unsigned>(x >> 32));
}
// Bytes 0-3 are x's, 4-7 y's; a selector's bit 3 repeats the byte's sign.
CUPORT_FN unsigned __byte_perm(unsigned x, unsigned y, unsigned s) {
  const unsigned long long both = static_cast<unsigned long long>(y) << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned selector = s >> (4 * i) & 15u;
    unsigned byte = static_cast<unsigned>(both >> (8 * (selector & 7u))) & 0xFFu;
    if ((selector & 8u) != 0) byte = (byte & 0x80u) != 0 ? 0xFFu : 0u;
    result |= byte << (8 * i);
  }
  return result;
}
CUPORT_FN unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  const unsigned long long both = static_cast<unsigned long long>(high) << 32 | low;
  return static_cast<unsigned>(both << (shift & 31u) >> 32);
}
CUPORT_FN unsigned __funnelshift_lc(unsigned low, unsigned high, unsigned shift) {
  return shift >= 32 ? low : __funnelshift_l(low, high, shift);
}
CUPORT_FN unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  const unsigned long long both = static_cast<unsigned long long>(high) << 32 | low;
  return static_cast<unsigned>(both >> (shift & 31u));
}
CUPORT_FN unsigned __funnelshift_rc(unsigned low, unsigned high, unsigned shift) {
  return shift >= 32 ? high : __funnelshift_r(low, high, shift);
}
CUPORT_FN int __mulhi(int a, int b) { return static_cast<int>(static_cast<long long>(a) * b >> 32); }
CUPORT_FN unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(static_cast<unsigned long long>(a) * b >> 32); }
CUPORT_FN long long __mul64hi(long long a, long long b) { return static_cast<long long>(static_cast<__int128>(a) * b >> 64); }
CUPORT_FN unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(a) * b >> 64);
}
CUPORT_FN int __mul24(int a, int b) {
  const int x = static_cast<int>(static_cast<unsigned>(a) << 8) >> 8, y = static_cast<int>(static_cast<unsigned>(b) << 8) >> 8;
  return static_cast<int>(static_cast<unsigned>(x) * static_cast<unsigned>(y));
}
CUPORT_FN unsigned __umul24(unsigned a, unsigned b) { return (a & 0xFFFFFFu) * (b & 0xFFFFFFu); }
CUPORT_FN int mulhi(int a, int b) { return __mulhi(a, b); }
CUPORT_FN int mul24(int a, int b) { return __mul24(a, b); }
CUPORT_FN unsigned umul24(unsigned a, unsigned b) { return __umul24(a, b); }
CUPORT_FN unsigned __sad(int x, int y, unsigned z) {
  const long long d = static_cast<long long>(x) - y;
  return static_cast<unsigned>(d < 0 ? -d : d) + z;
}
CUPORT_FN unsigned __usad(unsigned x, unsigned y, unsigned z) { return (x > y ? x - y : y - x) + z; }
CUPORT_FN int __hadd(int a, int b) { return static_cast<int>((static_cast<long long>(a) + b) >> 1); }
CUPORT_FN int __rhadd(int a, int b) { return static_cast<int>((static_cast<long long>(a) + b + 1) >> 1); }
CUPORT_FN unsigned __uhadd(unsigned a, unsigned b) { return static_cast<unsigned>((static_cast<unsigned long long>(a) + b) >> 1); }
CUPORT_FN unsigned __urhadd(unsigned a, unsigned b) { return static_cast<unsigned>((static_cast<unsigned long long>(a) + b + 1) >> 1); }
CUPORT_FN unsigned __fns(unsigned mask, unsigned base, int offset) {
  // Position of the offset-th set bit, counted from `base` upwards (positive) or downwards (negative); 0: bit at base.
  if (offset == 0) return (mask >> base & 1u) != 0 ? base : 0xFFFFFFFFu;
  const int step = offset > 0 ? 1 : -1;
  int left = offset > 0 ? offset : -offset;
  for (int i = static_cast<int>(base); i >= 0 && i < 32; i += step) {
    if ((mask >> i & 1u) != 0 && --left == 0) return static_cast<unsigned>(i);
  }
  return 0xFFFFFFFFu;
}

namespace cuport {
template <class T>
CUPORT_FN T byte_lane(unsigned x, int i) { return static_cast<T>(x >> (8 * i)); }
template <class A, class B, class R>
CUPORT_FN R dot4(unsigned a, unsigned b, R c) {
  for (int i = 0; i < 4; ++i) c = static_cast<R>(c + static_cast<R>(byte_lane<A>(a, i)) * static_cast<R>(byte_lane<B>(b, i)));
  return c;
}
}  // namespace cuport
CUPORT_FN int __dp4a(int a, int b, int c) {
  return cuport::dot4<signed char, signed char>(static_cast<unsigned>(a), static_cast<unsigned>(b), c);
}
CUPORT_FN unsigned __dp4a(unsigned a, unsigned b, unsigned c) { return cuport::dot4<unsigned char, unsigned char>(a, b, c); }
CUPORT_FN int __dp2a_lo(int a, int b, int c) {
  return c + static_cast<short>(a) * static_cast<signed char>(b) + static_cast<short>(a >> 16) * static_cast<signed char>(b >> 8);
}
CUPORT_FN int __dp2a_hi(int a, int b, int c) {
  return c + static_cast<short>(a) * static_cast<signed char>(b >> 16) + static_cast<short>(a >> 16) * static_cast<signed char>(b >> 24);
}
CUPORT_FN unsigned __dp2a_lo(unsigned a, unsigned b, unsigned c) {
  return c + (a & 0xFFFFu) * (b & 0xFFu) + (a >> 16) * (b >> 8 & 0xFFu);
}
CUPORT_FN unsigned __dp2a_hi(unsigned a, unsigned b, unsigned c) {
  return c + (a & 0xFFFFu) * (b >> 16 & 0xFFu) + (a >> 16) * (b >> 24);
}

namespace cuport {
template <class To, class From>
CUPORT_FN To bit_cast(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "a bit cast keeps the size");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

// Shifts as PTX defines them: by 32 (64) or more gives 0, or the sign for signed right shifts. By value, since a bit-field
// cannot be referred to; what is no number has operators of its own.
template <class A, class B>
using if_numbers = std::enable_if_t<!std::is_class_v<A> && !std::is_class_v<B> && !std::is_union_v<A>, int>;
template <class A, class B>
using if_class = std::enable_if_t<std::is_class_v<std::remove_reference_t<A>> || std::is_class_v<std::remove_reference_t<B>>, int>;
template <class A, class B, if_numbers<A, B> = 0>
CUPORT_FN constexpr auto shift_left(A a, B b) -> decltype(a << b) {
  using R = decltype(a << b);
  return static_cast<unsigned long long>(b) >= sizeof(R) * 8 ? R(0) : static_cast<R>(a << b);
}
template <class A, class B, if_numbers<A, B> = 0>
CUPORT_FN constexpr auto shift_right(A a, B b) -> decltype(a >> b) {
  using R = decltype(a >> b);
  return static_cast<unsigned long long>(b) >= sizeof(R) * 8 ? (R(a) < R(0) ? R(-1) : R(0)) : static_cast<R>(a >> b);
}
template <class A, class B, if_numbers<A, B> = 0>
CUPORT_FN constexpr A& shift_left_by(A& a, B b) { return a = static_cast<std::remove_cv_t<A>>(shift_left(a, b)); }
template <class A, class B, if_numbers<A, B> = 0>
CUPORT_FN constexpr A& shift_right_by(A& a, B b) { return a = static_cast<std::remove_cv_t<A>>(shift_right(a, b)); }
template <class A, class B, if_class<A, B> = 0>
CUPORT_FN constexpr decltype(auto) shift_left_by(A&& a, B&& b) { return static_cast<A&&>(a) <<= static_cast<B&&>(b); }
template <class A, class B, if_class<A, B> = 0>
CUPORT_FN constexpr decltype(auto) shift_right_by(A&& a, B&& b) { return static_cast<A&&>(a) >>= static_cast<B&&>(b); }
template <class A, class B, if_class<A, B> = 0>
CUPORT_FN constexpr decltype(auto) shift_left(A&& a, B&& b) { return static_cast<A&&>(a) << static_cast<B&&>(b); }
template <class A, class B, if_class<A, B> = 0>
CUPORT_FN constexpr decltype(auto) shift_right(A&& a, B&& b) { return static_cast<A&&>(a) >> static_cast<B&&>(b); }
}  // namespace cuport
CUPORT_FN int __float_as_int(float x) { return cuport::bit_cast<int>(x); }
CUPORT_FN unsigned __float_as_uint(float x) { return cuport::bit_cast<unsigned>(x); }
CUPORT_FN float __int_as_float(int x) { return cuport::bit_cast<float>(x); }
CUPORT_FN float __uint_as_float(unsigned x) { return cuport::bit_cast<float>(x); }
CUPORT_FN long long __double_as_longlong(double x) { return cuport::bit_cast<long long>(x); }
CUPORT_FN double __longlong_as_double(long long x) { return cuport::bit_cast<double>(x); }
CUPORT_FN int __double2hiint(double x) { return static_cast<int>(cuport::bit_cast<long long>(x) >> 32); }
CUPORT_FN int __double2loint(double x) { return static_cast<int>(cuport::bit_cast<long long>(x)); }
CUPORT_FN double __hiloint2double(int high, int low) {
  return cuport::bit_cast<double>(static_cast<unsigned long long>(static_cast<unsigned>(high)) << 32 | static_cast<unsigned>(low));
}

// Loads and stores with cache hints are loads and stores.
#define CUPORT_LOAD(name) template <class T> CUPORT_FN T name(const T* p) { return *p; }
CUPORT_LOAD(__ldg)
CUPORT_LOAD(__ldcg)
CUPORT_LOAD(__ldca)
CUPORT_LOAD(__ldcs)
CUPORT_LOAD(__ldlu)
CUPORT_LOAD(__ldcv)
#undef CUPORT_LOAD
#define CUPORT_STORE(name) template <class T, class V> CUPORT_FN void name(T* p, V v) { *p = static_cast<T>(v); }
CUPORT_STORE(__stwb)
CUPORT_STORE(__stcg)
CUPORT_STORE(__stcs)
CUPORT_STORE(__stwt)
#undef CUPORT_STORE
CUPORT_FN void __prefetch_global_l1(const void*) {}
CUPORT_FN void __prefetch_global_l2(const void*) {}
CUPORT_FN void __builtin_assume_cuda(bool) {}
#define __builtin_assume(x) ((void)0)
#define __nv_is_extended_device_lambda_closure_type(T) false
