// Conversions between numbers as the GPU does them: float to integer saturates and takes NaN to 0; the intrinsics name
// their rounding (rn to nearest even, rz toward zero, ru up, rd down).
#pragma once
#include <fenv.h>
#include <type_traits>
#include "integers.h"

namespace cuport {

// A floating value that is already integral (or NaN, or infinite) as an integer, saturated.
template <class To, class From>
CUPORT_FN constexpr To saturate_to(From x) {
  // The largest value of To may not be a From; one more, a power of two, always is.
  constexpr int bits = static_cast<int>(sizeof(To)) * 8 - (static_cast<To>(-1) < static_cast<To>(0) ? 1 : 0);
  constexpr To top = static_cast<To>(static_cast<To>(-1) < static_cast<To>(0) ? ((static_cast<To>(1) << (bits - 1)) - 1) + (static_cast<To>(1) << (bits - 1)) : static_cast<To>(-1));
  constexpr To bottom = static_cast<To>(static_cast<To>(-1) < static_cast<To>(0) ? -top - 1 : 0);
  constexpr From limit = static_cast<From>(static_cast<unsigned long long>(1) << (bits - 1)) * 2;
  // NaN (PTX ISA manual, cvt): 0 where both are of 32 bits or fewer, else the bit pattern with only the top bit set
  if (!(x == x)) return sizeof(From) == 8 || sizeof(To) == 8 ? static_cast<To>(1ull << (sizeof(To) * 8 - 1)) : To(0);
  if (x >= limit) return top;
  if (x <= (bottom == 0 ? From(0) : -limit)) return bottom;
  return static_cast<To>(x);
}

template <class T>
struct is_plain_float : std::bool_constant<std::is_same_v<T, float> || std::is_same_v<T, double>> {};

// half and bfloat16 (narrow.h)
template <class T, class = void>
struct is_narrow_float : std::false_type {};
template <class T>
struct is_narrow_float<T, std::void_t<decltype(std::declval<T>().cuport_bits)>> : std::true_type {};

// `(To)x` in device code: saturating from float and double, narrow integers by way of int as the hardware does;
// anything else is the cast itself. By value, since a bit-field cannot be referred to.
template <class To, class F, std::enable_if_t<!std::is_class_v<F> && !std::is_union_v<F>, int> = 0>
CUPORT_FN constexpr To cast(F x) {
  using T = std::remove_cv_t<To>;
  if constexpr (is_plain_float<F>::value && std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    if constexpr (sizeof(T) >= 4) {
      return saturate_to<T>(x);
    } else {
      return static_cast<T>(saturate_to<std::conditional_t<(static_cast<T>(-1) < static_cast<T>(0)), int, unsigned>>(x));
    }
  } else {
    return (To) x;
  }
}
template <class To, class From,
          std::enable_if_t<std::is_class_v<std::remove_reference_t<From>> || std::is_union_v<std::remove_reference_t<From>>, int> = 0>
CUPORT_FN constexpr To cast(From&& x) {
  if constexpr (std::is_integral_v<To> && !std::is_same_v<To, bool> && is_narrow_float<std::remove_cv_t<std::remove_reference_t<From>>>::value) {
    return cast<To>(static_cast<float>(x));
  } else {
    return (To) static_cast<From&&>(x);
  }
}

enum class Round { nearest, zero, up, down };

template <Round R, class F>
CUPORT_FN F round_to_integral(F x) {
  if constexpr (R == Round::nearest) return static_cast<F>(__builtin_nearbyint(static_cast<double>(x)));
  if constexpr (R == Round::zero) return static_cast<F>(__builtin_trunc(static_cast<double>(x)));
  if constexpr (R == Round::up) return static_cast<F>(__builtin_ceil(static_cast<double>(x)));
  if constexpr (R == Round::down) return static_cast<F>(__builtin_floor(static_cast<double>(x)));
}

inline int fe_mode(Round r) {
  return r == Round::nearest ? FE_TONEAREST : r == Round::zero ? FE_TOWARDZERO : r == Round::up ? FE_UPWARD : FE_DOWNWARD;
}
// Computes `f` in a rounding mode. `volatile` keeps the compiler from moving the operation out.
template <Round R, class F>
CUPORT_NOINLINE auto in_mode(F f) -> decltype(f()) {
  if constexpr (R == Round::nearest) return f();
  const int before = fegetround();
  fesetround(fe_mode(R));
  volatile auto result = f();
  fesetround(before);
  return result;
}
template <Round R, class To, class From>
CUPORT_FN To convert(From x) {
  volatile From from = x;
  return in_mode<R>([&] { return static_cast<To>(from); });
}

}  // namespace cuport

#define CUPORT_ROUNDINGS(M, ...)          \
  M(rn, cuport::Round::nearest, __VA_ARGS__) \
  M(rz, cuport::Round::zero, __VA_ARGS__)    \
  M(ru, cuport::Round::up, __VA_ARGS__)      \
  M(rd, cuport::Round::down, __VA_ARGS__)

#define CUPORT_TO_INT(suffix, round, name, F, I) \
  CUPORT_FN I name##_##suffix(F x) { return cuport::saturate_to<I>(cuport::round_to_integral<round>(x)); }
CUPORT_ROUNDINGS(CUPORT_TO_INT, __float2int, float, int)
CUPORT_ROUNDINGS(CUPORT_TO_INT, __float2uint, float, unsigned)
CUPORT_ROUNDINGS(CUPORT_TO_INT, __float2ll, float, long long)
CUPORT_ROUNDINGS(CUPORT_TO_INT, __float2ull, float, unsigned long long)
CUPORT_ROUNDINGS(CUPORT_TO_INT, __double2int, double, int)
CUPORT_ROUNDINGS(CUPORT_TO_INT, __double2uint, double, unsigned)
CUPORT_ROUNDINGS(CUPORT_TO_INT, __double2ll, double, long long)
CUPORT_ROUNDINGS(CUPORT_TO_INT, __double2ull, double, unsigned long long)
#undef CUPORT_TO_INT
#define CUPORT_CONVERT(suffix, round, name, From, To) \
  CUPORT_FN To name##_##suffix(From x) { return cuport::convert<round, To>(x); }
CUPORT_ROUNDINGS(CUPORT_CONVERT, __int2float, int, float)
CUPORT_ROUNDINGS(CUPORT_CONVERT, __uint2float, unsigned, float)
CUPORT_ROUNDINGS(CUPORT_CONVERT, __ll2float, long long, float)
CUPORT_ROUNDINGS(CUPORT_CONVERT, __ull2float, unsigned long long, float)
CUPORT_ROUNDINGS(CUPORT_CONVERT, __ll2double, long long, double)
CUPORT_ROUNDINGS(CUPORT_CONVERT, __ull2double, unsigned long long, double)
CUPORT_ROUNDINGS(CUPORT_CONVERT, __double2float, double, float)
#undef CUPORT_CONVERT
CUPORT_FN double __int2double_rn(int x) { return x; }
CUPORT_FN double __uint2double_rn(unsigned x) { return x; }
