// Functions that CUDA has and the C++ library has not, in double or wider.
#pragma once
#include <cmath>

namespace cuport {
namespace special {

inline constexpr long double pi = 3.14159265358979323846264338327950288L;

// sin(pi x) and cos(pi x), reduced before multiplying.
template <class V>
V sinpi(V x) {
  V r = std::remainder(x, static_cast<V>(2));
  if (r > static_cast<V>(0.5)) r = 1 - r;
  if (r < static_cast<V>(-0.5)) r = -1 - r;
  return std::sin(static_cast<V>(pi) * r);
}
template <class V>
V cospi(V x) {
  V r = std::fabs(std::remainder(x, static_cast<V>(2)));
  return r == static_cast<V>(0.5) ? 0 : std::sin(static_cast<V>(pi) * (static_cast<V>(0.5) - r));
}

// exp(x^2) erfc(x). For large x the continued fraction of NIST's DLMF 7.9.1, from the tail.
template <class V>
V erfcx(V x) {
  if (x < 5) return std::exp(x * x) * std::erfc(x);
  V t = x;
  for (int k = 120; k > 0; k--) t = x + static_cast<V>(k) / 2 / t;
  return 1 / (t * std::sqrt(static_cast<V>(pi)));
}

// The x with erfc(x) = z, 0 < z < 2. Newton's method on log erfc, which is nearly quadratic in the tail.
template <class V>
V erfcinv(V z) {
  if (!(z >= 0 && z <= 2)) return static_cast<V>(__builtin_nan(""));
  if (z == 0 || z == 2) return z == 0 ? static_cast<V>(__builtin_inf()) : -static_cast<V>(__builtin_inf());
  if (z > 1) return -erfcinv<V>(2 - z);
  V x = z > static_cast<V>(0.5) ? (1 - z) * static_cast<V>(0.886) : std::sqrt(-std::log(z * std::sqrt(-std::log(z) + 1)));
  for (int i = 0; i < 40; i++) {
    V scaled = erfcx(x), slope = -2 / (std::sqrt(static_cast<V>(pi)) * scaled);  // d/dx log erfc(x)
    V gap = z > static_cast<V>(0.5) ? (std::erfc(x) - z) / z : std::log(scaled) - x * x - std::log(z);
    V next = x - gap / slope;
    if (!(std::fabs(next - x) > std::fabs(x) * static_cast<V>(1e-19) + static_cast<V>(1e-300))) return next;
    x = next;
  }
  return x;
}

// The x with erf(x) = y. Small arguments directly, so that no digit is lost to 1 - y.
template <class V>
V erfinv(V y) {
  V size = std::fabs(y);
  if (size > static_cast<V>(0.5)) return y > 0 ? erfcinv<V>(1 - y) : -erfcinv<V>(1 + y);
  V x = y * static_cast<V>(0.886226925452758);
  for (int i = 0; i < 30; i++) {
    V next = x - (std::erf(x) - y) * std::sqrt(static_cast<V>(pi)) / 2 * std::exp(x * x);
    if (!(std::fabs(next - x) > std::fabs(x) * static_cast<V>(1e-19))) return next;
    x = next;
  }
  return x;
}

// Modified Bessel function of the first kind and integer order: its power series, all terms of one sign.
template <class V>
V bessel_i(int order, V x) {
  V quarter = x * x / 4, term = order ? x / 2 : 1, sum = term;
  for (int k = 1; k < 2000; k++) {
    term *= quarter / (static_cast<V>(k) * static_cast<V>(k + order));
    sum += term;
    if (!(std::fabs(term) > std::fabs(sum) * static_cast<V>(1e-21))) break;
  }
  return sum;
}

}  // namespace special
}  // namespace cuport
