// cub::DeviceSelect, DevicePartition, DeviceRunLengthEncode.
#pragma once
#include "device_common.cuh"

namespace cub {
namespace internal {

template <class In, class Keep, class Out, class Count>
inline void select_all(In in, Keep keep, Out out, Count count, size_t n) {
  size_t to = 0;
  for (size_t i = 0; i < n; ++i) {
    if (keep(i)) {
      const value_t<In> v = in[i];
      out[to++] = v;
    }
  }
  *count = static_cast<value_t<Count>>(to);
}
// Selected items first, the others from the end backwards, as CUB leaves them.
template <class In, class Keep, class Out, class Count>
inline void partition_all(In in, Keep keep, Out out, Count count, size_t n) {
  size_t to = 0, back = n;
  for (size_t i = 0; i < n; ++i) {
    const value_t<In> v = in[i];
    if (keep(i)) out[to++] = v; else out[--back] = v;
  }
  *count = static_cast<value_t<Count>>(to);
}
}  // namespace internal

struct DeviceSelect {
  // In place where a number comes fourth: Flagged(temp, bytes, data, flags, count, n).
  template <class In, class Flags, class A, class B, class... Rest>
  static cudaError_t Flagged(void* temp, size_t& bytes, In in, Flags flags, A a, B b, Rest... rest) {
    auto keep = [&](size_t i) { return static_cast<bool>(flags[i]); };
    if constexpr (std::is_integral_v<B>) return run(temp, bytes, in, keep, in, a, b);
    else return run(temp, bytes, in, keep, a, b, internal::first_of(rest...));
  }
  template <class In, class A, class B, class C, class... Rest>
  static cudaError_t If(void* temp, size_t& bytes, In in, A a, B b, C c, Rest... rest) {
    using T = internal::value_t<In>;
    if constexpr (std::is_integral_v<B>) {
      return run(temp, bytes, in, [&](size_t i) { return static_cast<bool>(c(static_cast<const T&>(in[i]))); }, in, a, b);
    } else {
      auto keep = internal::first_of(rest...);
      return run(temp, bytes, in, [&](size_t i) { return static_cast<bool>(keep(static_cast<const T&>(in[i]))); }, a, b, c);
    }
  }
  template <class In, class Flags, class Out, class Count, class N, class Keep, class... Rest>
  static cudaError_t FlaggedIf(void* temp, size_t& bytes, In in, Flags flags, Out out, Count count, N n, Keep keep, Rest...) {
    return run(temp, bytes, in, [&](size_t i) { return static_cast<bool>(keep(flags[i])); }, out, count, n);
  }
  template <class In, class Out, class Count, class N, class... Rest>
  static cudaError_t Unique(void* temp, size_t& bytes, In in, Out out, Count count, N n, Rest... rest) {
    using T = internal::value_t<In>;
    auto same = internal::equality_of<T, Rest...>::get(rest...);
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      size_t to = 0;
      T last{};
      for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
        const T v = in[i];
        if (i == 0 || !same(last, v)) out[to++] = v;
        last = v;
      }
      *count = static_cast<internal::value_t<Count>>(to);
    });
  }
  template <class Keys, class Values, class KeysOut, class ValuesOut, class Count, class N, class... Rest>
  static cudaError_t UniqueByKey(void* temp, size_t& bytes, Keys keys, Values values, KeysOut keys_out, ValuesOut values_out,
                                 Count count, N n, Rest... rest) {
    using K = internal::value_t<Keys>;
    auto same = internal::equality_of<K, Rest...>::get(rest...);
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      size_t to = 0;
      K last{};
      for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
        const K k = keys[i];
        const internal::value_t<Values> v = values[i];
        if (i == 0 || !same(last, k)) keys_out[to] = k, values_out[to++] = v;
        last = k;
      }
      *count = static_cast<internal::value_t<Count>>(to);
    });
  }

 private:
  template <class In, class Keep, class Out, class Count, class N>
  static cudaError_t run(void* temp, size_t& bytes, In in, Keep keep, Out out, Count count, N n) {
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)),
                                  [&] { internal::select_all(in, keep, out, count, static_cast<size_t>(n)); });
  }
};

struct DevicePartition {
  template <class In, class Flags, class Out, class Count, class N, class... Rest>
  static cudaError_t Flagged(void* temp, size_t& bytes, In in, Flags flags, Out out, Count count, N n, Rest...) {
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      internal::partition_all(in, [&](size_t i) { return static_cast<bool>(flags[i]); }, out, count, static_cast<size_t>(n));
    });
  }
  template <class In, class Out, class Count, class N, class Keep, class... Rest,
            class = std::enable_if_t<std::is_integral_v<N>>>
  static cudaError_t If(void* temp, size_t& bytes, In in, Out out, Count count, N n, Keep keep, Rest...) {
    using T = internal::value_t<In>;
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      internal::partition_all(in, [&](size_t i) { return static_cast<bool>(keep(static_cast<const T&>(in[i]))); }, out, count,
                              static_cast<size_t>(n));
    });
  }
  // Three ways: the two counts lie one after the other.
  template <class In, class First, class Second, class Others, class Count, class N, class P, class Q, class... Rest,
            class = std::enable_if_t<std::is_integral_v<N>>, class = std::enable_if_t<!std::is_integral_v<Others>>>
  static cudaError_t If(void* temp, size_t& bytes, In in, First first, Second second, Others others, Count count, N n, P p, Q q,
                        Rest...) {
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      size_t a = 0, b = 0, c = 0;
      for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
        const internal::value_t<In> v = in[i];
        if (p(v)) first[a++] = v;
        else if (q(v)) second[b++] = v;
        else others[c++] = v;
      }
      count[0] = static_cast<internal::value_t<Count>>(a), count[1] = static_cast<internal::value_t<Count>>(b);
    });
  }
};

struct DeviceRunLengthEncode {
  template <class In, class Unique, class Counts, class Runs, class N, class... Rest>
  static cudaError_t Encode(void* temp, size_t& bytes, In in, Unique unique, Counts counts, Runs runs, N n, Rest...) {
    return each(temp, bytes, in, runs, n, 1, [&](size_t run, size_t first, size_t length) {
      unique[run] = static_cast<internal::value_t<In>>(in[first]), counts[run] = static_cast<internal::value_t<Counts>>(length);
    });
  }
  template <class In, class Offsets, class Lengths, class Runs, class N, class... Rest>
  static cudaError_t NonTrivialRuns(void* temp, size_t& bytes, In in, Offsets offsets, Lengths lengths, Runs runs, N n, Rest...) {
    return each(temp, bytes, in, runs, n, 2, [&](size_t run, size_t first, size_t length) {
      offsets[run] = static_cast<internal::value_t<Offsets>>(first), lengths[run] = static_cast<internal::value_t<Lengths>>(length);
    });
  }

 private:
  template <class In, class Runs, class N, class F>
  static cudaError_t each(void* temp, size_t& bytes, In in, Runs runs, N n, size_t shortest, F f) {
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      size_t run = 0;
      for (size_t first = 0, last; first < static_cast<size_t>(n); first = last) {
        const internal::value_t<In> v = in[first];
        for (last = first + 1; last < static_cast<size_t>(n) && in[last] == v; ++last) {
        }
        if (last - first >= shortest) f(run++, first, last - first);
      }
      *runs = static_cast<internal::value_t<Runs>>(run);
    });
  }
};

}  // namespace cub
