// 8-bit floating formats: e5m2, which has infinities, and e4m3, which has none and one NaN of each sign.
#pragma once
#include "convert.h"

namespace cuport {

template <int E, int M>
struct Float8 {
  static constexpr int bias = (1 << (E - 1)) - 1;
  static constexpr bool has_infinity = E == 5;
  static constexpr uint8_t largest = has_infinity ? 0x7B : 0x7E, nan = 0x7F, infinity = 0x7C;

  static float widen(uint8_t bits) {
    const int exponent = bits >> M & ((1 << E) - 1), fraction = bits & ((1 << M) - 1);
    float size = 0;
    if (has_infinity && exponent == (1 << E) - 1) size = fraction == 0 ? INFINITY : NAN;
    else if (!has_infinity && (bits & 0x7F) == nan) size = NAN;
    else if (exponent == 0) size = ldexpf(static_cast<float>(fraction), 1 - bias - M);
    else size = ldexpf(static_cast<float>(fraction + (1 << M)), exponent - bias - M);
    return (bits & 0x80) != 0 ? -size : size;
  }
  // To nearest even. What is too large, infinities too, becomes the largest number if `saturate`, else an infinity, or NaN
  // where the format has none.
  static uint8_t narrow(double x, bool saturate) {
    const auto sign = static_cast<uint8_t>(signbit(x) ? 0x80 : 0);
    if (x != x) return nan;
    const double size = fabs(x);
    if (size == 0) return sign;
    int exponent = 0;
    frexp(size, &exponent);
    int quantum = exponent - 1 - M;
    if (quantum < 1 - bias - M) quantum = 1 - bias - M;
    const double steps = isinf(size) ? 0 : nearbyint(ldexp(size, -quantum));
    if (isinf(size) || ldexp(steps, quantum) > static_cast<double>(widen(largest))) {
      return static_cast<uint8_t>(sign | (saturate ? largest : has_infinity ? infinity : nan));
    }
    // a carry out of the fraction arrives in the exponent, as it should
    const int stored = quantum + M + bias - 1;  // the leading one of a normal number adds the missing 1
    return static_cast<uint8_t>(sign | ((stored << M) + static_cast<int>(steps)));
  }
};

}  // namespace cuport
