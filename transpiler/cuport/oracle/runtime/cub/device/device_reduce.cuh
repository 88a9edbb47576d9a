// cub::DeviceReduce and DeviceSegmentedReduce.
#pragma once
#include "device_common.cuh"

namespace cub {
namespace internal {

// (index, value) pairs: the smallest index of equal values wins.
template <class T, class At, class Op>
inline KeyValuePair<int, T> arg_reduce(size_t n, At at, Op better, const T& none) {
  KeyValuePair<int, T> best(1, none);
  for (size_t i = 0; i < n; ++i) {
    const T v = at(i);
    if (i == 0 || better(v, best.value)) best = KeyValuePair<int, T>(static_cast<int>(i), v);
  }
  return best;
}
struct Less {
  template <class T>
  bool operator()(const T& a, const T& b) const { return a < b; }
};
struct Greater {
  template <class T>
  bool operator()(const T& a, const T& b) const { return b < a; }
};
// The old interface writes pairs, the new one value and index apart.
template <class Out, class T>
inline void put_pair(Out out, const KeyValuePair<int, T>& pair) {
  using P = value_t<Out>;
  P p;
  p.key = static_cast<decltype(p.key)>(pair.key), p.value = pair.value;
  *out = p;
}
}  // namespace internal

struct DeviceReduce {
  template <class In, class Out, class Op, class T, class N, class... Rest>
  static cudaError_t Reduce(void* temp, size_t& bytes, In in, Out out, N n, Op op, T initial, Rest...) {
    using A = internal::result_t<Op, T, internal::value_t<In>>;
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      *out = internal::reduce_all<A>(static_cast<size_t>(n), [&](size_t i) { return in[i]; }, op, static_cast<A>(initial));
    });
  }
  template <class In, class Out, class N, class... Rest>
  static cudaError_t Sum(void* temp, size_t& bytes, In in, Out out, N n, Rest...) {
    return Reduce(temp, bytes, in, out, n, cub::Sum(), output_t<In, Out>(0));
  }
  template <class In, class Out, class N, class... Rest>
  static cudaError_t Min(void* temp, size_t& bytes, In in, Out out, N n, Rest...) {
    return Reduce(temp, bytes, in, out, n, cub::Min(), internal::highest<internal::value_t<In>>());
  }
  template <class In, class Out, class N, class... Rest>
  static cudaError_t Max(void* temp, size_t& bytes, In in, Out out, N n, Rest...) {
    return Reduce(temp, bytes, in, out, n, cub::Max(), internal::lowest<internal::value_t<In>>());
  }
  template <class In, class Out, class A, class... Rest>
  static cudaError_t ArgMin(void* temp, size_t& bytes, In in, Out out, A a, Rest... rest) {
    return arg(temp, bytes, in, out, internal::Less(), internal::highest<internal::value_t<In>>(), a, rest...);
  }
  template <class In, class Out, class A, class... Rest>
  static cudaError_t ArgMax(void* temp, size_t& bytes, In in, Out out, A a, Rest... rest) {
    return arg(temp, bytes, in, out, internal::Greater(), internal::lowest<internal::value_t<In>>(), a, rest...);
  }
  template <class In, class Out, class N, class Op, class Transform, class T, class... Rest>
  static cudaError_t TransformReduce(void* temp, size_t& bytes, In in, Out out, N n, Op op, Transform f, T initial, Rest...) {
    using A = std::decay_t<decltype(op(initial, f(in[0])))>;
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      *out = internal::reduce_all<A>(static_cast<size_t>(n), [&](size_t i) { return f(in[i]); }, op, static_cast<A>(initial));
    });
  }
  template <class Keys, class Unique, class Values, class Out, class Runs, class Op, class N, class... Rest>
  static cudaError_t ReduceByKey(void* temp, size_t& bytes, Keys keys, Unique unique, Values values, Out out, Runs runs, Op op,
                                 N n, Rest...) {
    using A = internal::result_t<Op, internal::value_t<Values>>;
    return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(n)), [&] {
      size_t run = 0;
      for (size_t i = 0, next; i < static_cast<size_t>(n); i = next, ++run) {
        const internal::value_t<Keys> key = keys[i];
        A total = static_cast<A>(values[i]);
        for (next = i + 1; next < static_cast<size_t>(n) && keys[next] == key; ++next) total = static_cast<A>(op(total, static_cast<A>(values[next])));
        unique[run] = key, out[run] = total;
      }
      *runs = static_cast<internal::value_t<Runs>>(run);
    });
  }

  template <class In, class Out>
  using output_t = std::conditional_t<std::is_convertible_v<internal::value_t<In>, internal::value_t<Out>> &&
                                          std::is_constructible_v<internal::value_t<Out>, int>,
                                      internal::value_t<Out>, internal::value_t<In>>;

 private:
  template <class In, class Out, class Op, class T, class A, class... Rest>
  static cudaError_t arg(void* temp, size_t& bytes, In in, Out out, Op op, const T& none, A a, Rest... rest) {
    if constexpr (std::is_integral_v<A>) {
      return internal::in_two_calls(temp, bytes, internal::tiles_of(static_cast<size_t>(a)), [&] {
        internal::put_pair(out, internal::arg_reduce<T>(static_cast<size_t>(a), [&](size_t i) { return in[i]; }, op, none));
      });
    } else {
      const size_t n = static_cast<size_t>(internal::first_of(rest...));
      return internal::in_two_calls(temp, bytes, internal::tiles_of(n), [&] {
        const auto found = internal::arg_reduce<T>(n, [&](size_t i) { return in[i]; }, op, none);
        *out = found.value, *a = static_cast<internal::value_t<A>>(found.key);
      });
    }
  }
};

// Segments by their begin and end offsets, or all of one size.
struct DeviceSegmentedReduce {
  template <class In, class Out, class S, class B, class E, class Op, class T, class... Rest>
  static cudaError_t Reduce(void* temp, size_t& bytes, In in, Out out, S segments, B begins, E ends, Op op, T initial, Rest...) {
    using A = internal::result_t<Op, T, internal::value_t<In>>;
    return each(temp, bytes, segments, begins, ends, [&](size_t s, size_t first, size_t n) {
      out[s] = internal::reduce_all<A>(n, [&](size_t i) { return in[first + i]; }, op, static_cast<A>(initial));
    });
  }
  template <class In, class Out, class S, class B, class... Rest>
  static cudaError_t Sum(void* temp, size_t& bytes, In in, Out out, S segments, B begins, Rest... rest) {
    return plain(temp, bytes, in, out, segments, cub::Sum(), DeviceReduce::output_t<In, Out>(0), begins, rest...);
  }
  template <class In, class Out, class S, class B, class... Rest>
  static cudaError_t Min(void* temp, size_t& bytes, In in, Out out, S segments, B begins, Rest... rest) {
    return plain(temp, bytes, in, out, segments, cub::Min(), internal::highest<internal::value_t<In>>(), begins, rest...);
  }
  template <class In, class Out, class S, class B, class... Rest>
  static cudaError_t Max(void* temp, size_t& bytes, In in, Out out, S segments, B begins, Rest... rest) {
    return plain(temp, bytes, in, out, segments, cub::Max(), internal::lowest<internal::value_t<In>>(), begins, rest...);
  }
  template <class In, class Out, class S, class B, class E, class... Rest>
  static cudaError_t ArgMin(void* temp, size_t& bytes, In in, Out out, S segments, B begins, E ends, Rest...) {
    return arg(temp, bytes, in, out, segments, begins, ends, internal::Less(), internal::highest<internal::value_t<In>>());
  }
  template <class In, class Out, class S, class B, class E, class... Rest>
  static cudaError_t ArgMax(void* temp, size_t& bytes, In in, Out out, S segments, B begins, E ends, Rest...) {
    return arg(temp, bytes, in, out, segments, begins, ends, internal::Greater(), internal::lowest<internal::value_t<In>>());
  }

 private:
  template <class S, class B, class E, class F>
  static cudaError_t each(void* temp, size_t& bytes, S segments, B begins, E ends, F f) {
    return internal::in_two_calls(temp, bytes, 1, [&] {
      for (size_t s = 0; s < static_cast<size_t>(segments); ++s) {
        const long long first = static_cast<long long>(begins[s]), last = static_cast<long long>(ends[s]);
        f(s, static_cast<size_t>(first), static_cast<size_t>(last > first ? last - first : 0));
      }
    });
  }
  template <class In, class Out, class S, class Op, class T, class B, class... Rest>
  static cudaError_t plain(void* temp, size_t& bytes, In in, Out out, S segments, Op op, T initial, B begins, Rest... rest) {
    if constexpr (std::is_integral_v<B>) {
      const size_t size = static_cast<size_t>(begins);
      return internal::in_two_calls(temp, bytes, 1, [&] {
        for (size_t s = 0; s < static_cast<size_t>(segments); ++s) {
          out[s] = internal::reduce_all<T>(size, [&](size_t i) { return in[s * size + i]; }, op, initial);
        }
      });
    } else {
      return Reduce(temp, bytes, in, out, segments, begins, internal::first_of(rest...), op, initial);
    }
  }
  template <class In, class Out, class S, class B, class E, class Op, class T>
  static cudaError_t arg(void* temp, size_t& bytes, In in, Out out, S segments, B begins, E ends, Op op, const T& none) {
    return each(temp, bytes, segments, begins, ends, [&](size_t s, size_t first, size_t n) {
      internal::put_pair(out + s, internal::arg_reduce<T>(n, [&](size_t i) { return in[first + i]; }, op, none));
    });
  }
};

}  // namespace cub
