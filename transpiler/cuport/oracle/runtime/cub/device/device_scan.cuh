// cub::DeviceScan, plain and by key, in place or not.
#pragma once
#include "device_common.cuh"

namespace cub {

struct DeviceScan {
  // `X(temp, bytes, in, out, ...)`, or in place `X(temp, bytes, data, ...)` where a number or operator comes third.
  template <class In, class A, class... Rest>
  static cudaError_t ExclusiveSum(void* temp, size_t& bytes, In in, A a, Rest... rest) {
    using T = internal::value_t<In>;
    if constexpr (std::is_integral_v<A>) return exclusive(temp, bytes, in, in, Sum(), T(0), a);
    else return exclusive(temp, bytes, in, a, Sum(), T(0), internal::first_of(rest...));
  }
  template <class In, class A, class... Rest>
  static cudaError_t InclusiveSum(void* temp, size_t& bytes, In in, A a, Rest... rest) {
    if constexpr (std::is_integral_v<A>) return inclusive(temp, bytes, in, in, Sum(), a);
    else return inclusive(temp, bytes, in, a, Sum(), internal::first_of(rest...));
  }
  template <class In, class Out, class Op, class T, class N, class... Rest,
            class = std::enable_if_t<std::is_integral_v<N>>>
  static cudaError_t ExclusiveScan(void* temp, size_t& bytes, In in, Out out, Op op, T initial, N n, Rest...) {
    return exclusive(temp, bytes, in, out, op, initial, n);
  }
  template <class In, class Op, class T, class N>
  static cudaError_t ExclusiveScan(void* temp, size_t& bytes, In in, Op op, T initial, N n) {
    return exclusive(temp, bytes, in, in, op, initial, n);
  }
  template <class In, class A, class B, class... Rest>
  static cudaError_t InclusiveScan(void* temp, size_t& bytes, In in, A a, B b, Rest... rest) {
    if constexpr (std::is_integral_v<B>) return inclusive(temp, bytes, in, in, a, b);
    else return inclusive(temp, bytes, in, a, b, internal::first_of(rest...));
  }
  template <class In, class Out, class Op, class T, class N, class... Rest>
  static cudaError_t InclusiveScanInit(void* temp, size_t& bytes, In in, Out out, Op op, T initial, N n, Rest...) {
    return run<true>(temp, bytes, in, out, op, &initial, n);
  }

  template <class Keys, class In, class Out, class N, class... Rest>
  static cudaError_t ExclusiveSumByKey(void* temp, size_t& bytes, Keys keys, In in, Out out, N n, Rest... rest) {
    return by_key<false>(temp, bytes, keys, in, out, Sum(), internal::value_t<In>(0), n, rest...);
  }
  template <class Keys, class In, class Out, class N, class... Rest>
  static cudaError_t InclusiveSumByKey(void* temp, size_t& bytes, Keys keys, In in, Out out, N n, Rest... rest) {
    return by_key<true>(temp, bytes, keys, in, out, Sum(), internal::value_t<In>(0), n, rest...);
  }
  template <class Keys, class In, class Out, class Op, class T, class N, class... Rest>
  static cudaError_t ExclusiveScanByKey(void* temp, size_t& bytes, Keys keys, In in, Out out, Op op, T initial, N n, Rest... rest) {
    return by_key<false>(temp, bytes, keys, in, out, op, initial, n, rest...);
  }
  template <class Keys, class In, class Out, class Op, class N, class... Rest>
  static cudaError_t InclusiveScanByKey(void* temp, size_t& bytes, Keys keys, In in, Out out, Op op, N n, Rest... rest) {
    return by_key<true>(temp, bytes, keys, in, out, op, internal::value_t<In>(), n, rest...);
  }

 private:
  template <bool Inclusive, class In, class Out, class Op, class T, class N>
  static cudaError_t run(void* temp, size_t& bytes, In in, Out out, Op op, const T* initial, N n) {
    using A = internal::result_t<Op, T, internal::value_t<In>>;
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      A start{};
      if (initial != nullptr) start = static_cast<A>(*initial);
      internal::scan_all<Inclusive, A>(
          static_cast<size_t>(n), [&](size_t i) { return in[i]; }, [&](size_t i, const A& v) { out[i] = v; }, op,
          initial == nullptr ? nullptr : &start);
    });
  }
  template <class In, class Out, class Op, class T, class N>
  static cudaError_t exclusive(void* temp, size_t& bytes, In in, Out out, Op op, T initial, N n) {
    return run<false>(temp, bytes, in, out, op, &initial, n);
  }
  template <class In, class Out, class Op, class N>
  static cudaError_t inclusive(void* temp, size_t& bytes, In in, Out out, Op op, N n) {
    return run<true>(temp, bytes, in, out, op, static_cast<const internal::value_t<In>*>(nullptr), n);
  }
  template <bool Inclusive, class Keys, class In, class Out, class Op, class T, class N, class... Rest>
  static cudaError_t by_key(void* temp, size_t& bytes, Keys keys, In in, Out out, Op op, T initial, N n, Rest... rest) {
    using Key = internal::value_t<Keys>;
    using A = internal::result_t<Op, T, internal::value_t<In>>;
    auto same = internal::equality_of<Key, Rest...>::get(rest...);
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      for (size_t first = 0, last; first < static_cast<size_t>(n); first = last) {
        for (last = first + 1; last < static_cast<size_t>(n) && same(static_cast<const Key&>(keys[last - 1]), static_cast<const Key&>(keys[last])); ++last) {
        }
        const A start = static_cast<A>(initial);
        internal::scan_all<Inclusive, A>(
            last - first, [&](size_t i) { return in[first + i]; }, [&](size_t i, const A& v) { out[first + i] = v; }, op,
            Inclusive ? nullptr : &start);
      }
    });
  }
};

}  // namespace cub
