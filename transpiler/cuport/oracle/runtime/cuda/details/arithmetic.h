// cuda::ceil_div and its like.
#pragma once
#include <cmath>
#include "../std/details.h"

namespace cuda {

template <class T, class U>
constexpr ::std::common_type_t<T, U> ceil_div(T a, U b) {
  using V = ::std::common_type_t<T, U>;
  return static_cast<V>(static_cast<V>(a) / static_cast<V>(b) + (static_cast<V>(a) % static_cast<V>(b) != 0 ? 1 : 0));
}
template <class T, class U>
constexpr ::std::common_type_t<T, U> round_up(T a, U b) { return static_cast<::std::common_type_t<T, U>>(ceil_div(a, b) * b); }
template <class T, class U>
constexpr ::std::common_type_t<T, U> round_down(T a, U b) { return static_cast<::std::common_type_t<T, U>>(a / b * b); }
template <class T>
constexpr T uabs(T a) { return a < 0 ? static_cast<T>(-a) : a; }
template <class T>
constexpr int ilog2(T v) { return 63 - __builtin_clzll(static_cast<unsigned long long>(v)); }
template <class T>
constexpr int ceil_ilog2(T v) { return ilog2(v) + ((v & (v - 1)) != 0 ? 1 : 0); }
template <class T>
constexpr int ilog10(T v) {
  int n = 0;
  for (; v >= 10; v /= 10) ++n;
  return n;
}
template <class T>
constexpr T isqrt(T v) {
  T low = 0, high = v / 2 + 1;
  while (low < high) {
    const T middle = static_cast<T>(low + (high - low + 1) / 2);
    if (middle <= v / middle) low = middle; else high = static_cast<T>(middle - 1);
  }
  return low;
}
template <class T>
constexpr bool is_power_of_two(T v) { return v > 0 && (v & (v - 1)) == 0; }
template <class T>
constexpr T next_power_of_two(T v) { return v <= 1 ? T{1} : static_cast<T>(T{1} << ceil_ilog2(v)); }
template <class T>
constexpr T prev_power_of_two(T v) { return v == 0 ? T{0} : static_cast<T>(T{1} << ilog2(v)); }

}  // namespace cuda
