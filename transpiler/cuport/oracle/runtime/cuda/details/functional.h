// cuda::minimum, maximum, proclaim_return_type.
#pragma once
#include <functional>
#include "../std/details.h"

namespace cuda {

template <class T = void>
struct minimum {
  constexpr T operator()(const T& a, const T& b) const { return b < a ? b : a; }
};
template <class T = void>
struct maximum {
  constexpr T operator()(const T& a, const T& b) const { return a < b ? b : a; }
};
template <>
struct minimum<void> {
  template <class T, class U>
  constexpr ::std::common_type_t<T, U> operator()(const T& a, const U& b) const { return b < a ? b : a; }
};
template <>
struct maximum<void> {
  template <class T, class U>
  constexpr ::std::common_type_t<T, U> operator()(const T& a, const U& b) const { return a < b ? b : a; }
};

template <class R, class F>
struct cuport_returns {
  F f;
  template <class... A>
  constexpr R operator()(A&&... args) const { return f(static_cast<A&&>(args)...); }
  template <class... A>
  constexpr R operator()(A&&... args) { return f(static_cast<A&&>(args)...); }
};
template <class R, class F>
constexpr cuport_returns<R, ::std::decay_t<F>> proclaim_return_type(F&& f) { return {static_cast<F&&>(f)}; }
template <class F>
constexpr ::std::decay_t<F> proclaim_copyable_arguments(F&& f) { return static_cast<F&&>(f); }
template <class T>
inline T* get_device_address(T& value) { return &value; }

}  // namespace cuda
