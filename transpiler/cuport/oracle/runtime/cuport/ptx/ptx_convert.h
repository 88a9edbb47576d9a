// cvt of PTX: between integers, floating types of 16, 32 and 64 bits, tf32, and pairs of 8-bit floating types.
#pragma once
#include "../numbers/float8.h"
#include "ptx_float.h"

namespace cuport {
namespace ptx {

enum class Integral { none, nearest, zero, up, down };  // rounding to an integer

template <class T> inline constexpr bool is_floating = std::is_floating_point_v<T> || std::is_same_v<T, f16> || std::is_same_v<T, bf16>;

template <Integral I>
CUPORT_FN double integral(double x) {
  if constexpr (I == Integral::nearest) return nearbyint(x);
  if constexpr (I == Integral::zero) return trunc(x);
  if constexpr (I == Integral::up) return ceil(x);
  if constexpr (I == Integral::down) return floor(x);
  return x;
}
// Clamped to the range of To, however narrow.
template <class To, class From>
CUPORT_FN To clamped(From x) {
  constexpr bool sign = is_signed<To>;
  constexpr unsigned_t<To> most = sign ? static_cast<unsigned_t<To>>(static_cast<unsigned_t<To>>(-1) >> 1) : static_cast<unsigned_t<To>>(-1);
  if (x < 0) {
    if (!sign) return 0;
    constexpr int64_t least = sign ? -static_cast<int64_t>(most) - 1 : 0;
    return static_cast<int64_t>(x) < least ? static_cast<To>(least) : static_cast<To>(x);
  }
  return static_cast<uint64_t>(x) > static_cast<uint64_t>(most) ? static_cast<To>(most) : static_cast<To>(x);
}

template <class To, class From, unsigned Mode, Round R, Integral I>
CUPORT_FN To cvt(From x) {
  if constexpr (std::is_integral_v<To> && std::is_integral_v<From>) {
    if constexpr ((Mode & sat) != 0) return clamped<To>(x);
    else return static_cast<To>(x);
  } else if constexpr (std::is_integral_v<To>) {
    if constexpr ((Mode & ftz) != 0) x = flushed(x);
    const double v = integral<I == Integral::none ? Integral::zero : I>(value(x));
    if (v != v) return sizeof(From) == 8 || sizeof(To) == 8 ? static_cast<To>(uint64_t{1} << (bits_of<To> - 1)) : To(0);
    if constexpr (sizeof(To) >= 4) return saturate_to<To>(v);
    else return clamped<To>(saturate_to<int32_t>(v));
  } else if constexpr (std::is_integral_v<From>) {
    if constexpr (std::is_floating_point_v<To>) return finished<Mode>(convert<R, To>(x));
    else return finished<Mode>(rounded_to<To, R>(convert<Round::zero, double>(x)));
  } else {
    if constexpr ((Mode & ftz) != 0) x = flushed(x);
    if constexpr (I != Integral::none) return finished<Mode>(rounded_to<To>(integral<I>(value(x))));
    else return finished<Mode>(rounded_to<To, R>(value(x)));
  }
}
// Two floats to a pair, the first to the upper half.
template <class To, unsigned Mode, Round R>
CUPORT_FN To cvt_pair(float high, float low) {
  using L = typename lane<To>::type;
  return pack<To>(cvt<L, float, Mode, R, Integral::none>(low), cvt<L, float, Mode, R, Integral::none>(high));
}
template <Round R>  // .rna: halves go away from zero
CUPORT_FN tf32 to_tf32(float x, bool away) {
  uint32_t bits = bit_cast<uint32_t>(x);
  if ((bits & 0x7F800000u) == 0x7F800000u) return tf32{bits};
  if (away) bits += 0x1000u;
  else if (R == Round::nearest) bits += 0xFFFu + (bits >> 13 & 1u);
  return tf32{bits & 0xFFFFE000u};
}
template <class To, unsigned Mode>
CUPORT_FN To cvt_to_float8(float high, float low) {
  using F = std::conditional_t<std::is_same_v<To, e4m3x2>, Float8<4, 3>, Float8<5, 2>>;
  if constexpr ((Mode & relu) != 0) high = high < 0 ? 0.0f : high, low = low < 0 ? 0.0f : low;
  return To{static_cast<uint16_t>(F::narrow(static_cast<double>(high), true) << 8 | F::narrow(static_cast<double>(low), true))};
}
template <class To, unsigned Mode>
CUPORT_FN To cvt_to_float8(f16x2 x) {
  return cvt_to_float8<To, Mode>(Half::widen(part<uint16_t>(x, 1)), Half::widen(part<uint16_t>(x, 0)));
}
template <class From, unsigned Mode>
CUPORT_FN f16x2 cvt_from_float8(From x) {
  using F = std::conditional_t<std::is_same_v<From, e4m3x2>, Float8<4, 3>, Float8<5, 2>>;
  const f16 low{Half::narrow(F::widen(static_cast<uint8_t>(x.bits)))}, high{Half::narrow(F::widen(static_cast<uint8_t>(x.bits >> 8)))};
  return pack<f16x2>(finished<Mode>(low), finished<Mode>(high));
}

}  // namespace ptx
}  // namespace cuport
