// cub::DeviceMergeSort, DeviceMerge, DeviceAdjacentDifference, DeviceFor, DeviceTransform, DeviceCopy, DeviceMemcpy.
#pragma once
#include "device_common.cuh"
#include "../sorting.cuh"

namespace cub {

// Stable under every name.
struct DeviceMergeSort {
  template <class Keys, class N, class Less, class... Rest>
  static cudaError_t SortKeys(void* temp, size_t& bytes, Keys keys, N n, Less less, Rest...) {
    return internal::in_two_calls(temp, bytes, need<Keys>(n), [&] {
      internal::merge_sort(keys, static_cast<NullType*>(nullptr), static_cast<size_t>(n), less);
    });
  }
  template <class Keys, class Values, class N, class Less, class... Rest>
  static cudaError_t SortPairs(void* temp, size_t& bytes, Keys keys, Values values, N n, Less less, Rest...) {
    return internal::in_two_calls(temp, bytes, need<Keys>(n), [&] { internal::merge_sort(keys, values, static_cast<size_t>(n), less); });
  }
  template <class In, class Keys, class N, class Less, class... Rest>
  static cudaError_t SortKeysCopy(void* temp, size_t& bytes, In in, Keys keys, N n, Less less, Rest...) {
    return internal::in_two_calls(temp, bytes, need<Keys>(n), [&] {
      for (size_t i = 0; i < static_cast<size_t>(n); ++i) keys[i] = in[i];
      internal::merge_sort(keys, static_cast<NullType*>(nullptr), static_cast<size_t>(n), less);
    });
  }
  template <class In, class ValuesIn, class Keys, class Values, class N, class Less, class... Rest>
  static cudaError_t SortPairsCopy(void* temp, size_t& bytes, In in, ValuesIn values_in, Keys keys, Values values, N n, Less less, Rest...) {
    return internal::in_two_calls(temp, bytes, need<Keys>(n), [&] {
      for (size_t i = 0; i < static_cast<size_t>(n); ++i) keys[i] = in[i], values[i] = values_in[i];
      internal::merge_sort(keys, values, static_cast<size_t>(n), less);
    });
  }
  template <class... A>
  static cudaError_t StableSortKeys(void* temp, size_t& bytes, A... a) { return SortKeys(temp, bytes, a...); }
  template <class... A>
  static cudaError_t StableSortPairs(void* temp, size_t& bytes, A... a) { return SortPairs(temp, bytes, a...); }
  template <class... A>
  static cudaError_t StableSortKeysCopy(void* temp, size_t& bytes, A... a) { return SortKeysCopy(temp, bytes, a...); }

 private:
  template <class Keys, class N>
  static size_t need(N n) { return 512 + static_cast<size_t>(n) * sizeof(internal::value_t<Keys>); }
};

struct DeviceMerge {
  template <class A, class N, class B, class M, class Out, class Less = internal::value_t<A>, class... Rest>
  static cudaError_t MergeKeys(void* temp, size_t& bytes, A a, N n, B b, M m, Out out) {
    return MergeKeys(temp, bytes, a, n, b, m, out, [](const auto& x, const auto& y) { return x < y; });
  }
  template <class A, class N, class B, class M, class Out, class Less, class... Rest>
  static cudaError_t MergeKeys(void* temp, size_t& bytes, A a, N n, B b, M m, Out out, Less less, Rest...) {
    return internal::in_two_calls(temp, bytes, 512, [&] {
      size_t i = 0, j = 0;
      for (size_t k = 0; k < static_cast<size_t>(n) + static_cast<size_t>(m); ++k) {
        const bool right = i == static_cast<size_t>(n) || (j < static_cast<size_t>(m) && less(b[j], a[i]));
        if (right) out[k] = b[j++]; else out[k] = a[i++];
      }
    });
  }
  template <class A, class AV, class N, class B, class BV, class M, class Out, class OutV, class Less, class... Rest>
  static cudaError_t MergePairs(void* temp, size_t& bytes, A a, AV av, N n, B b, BV bv, M m, Out out, OutV outv, Less less, Rest...) {
    return internal::in_two_calls(temp, bytes, 512, [&] {
      size_t i = 0, j = 0;
      for (size_t k = 0; k < static_cast<size_t>(n) + static_cast<size_t>(m); ++k) {
        const bool right = i == static_cast<size_t>(n) || (j < static_cast<size_t>(m) && less(b[j], a[i]));
        if (right) out[k] = b[j], outv[k] = bv[j++]; else out[k] = a[i], outv[k] = av[i++];
      }
    });
  }
};

struct DeviceAdjacentDifference {
  template <class In, class Out, class N, class Op = Difference, class... Rest>
  static cudaError_t SubtractLeftCopy(void* temp, size_t& bytes, In in, Out out, N n, Op op = {}, Rest...) {
    return internal::in_two_calls(temp, bytes, 512, [&] {
      for (size_t i = static_cast<size_t>(n); i-- > 0;) {  // from the end: input and output may be the same
        if (i == 0) out[i] = in[i]; else out[i] = op(in[i], in[i - 1]);
      }
    });
  }
  template <class In, class Out, class N, class Op = Difference, class... Rest>
  static cudaError_t SubtractRightCopy(void* temp, size_t& bytes, In in, Out out, N n, Op op = {}, Rest...) {
    return internal::in_two_calls(temp, bytes, 512, [&] {
      for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
        if (i + 1 == static_cast<size_t>(n)) out[i] = in[i]; else out[i] = op(in[i], in[i + 1]);
      }
    });
  }
  template <class In, class N, class Op = Difference, class... Rest>
  static cudaError_t SubtractLeft(void* temp, size_t& bytes, In in, N n, Op op = {}, Rest...) {
    return SubtractLeftCopy(temp, bytes, in, in, n, op);
  }
  template <class In, class N, class Op = Difference, class... Rest>
  static cudaError_t SubtractRight(void* temp, size_t& bytes, In in, N n, Op op = {}, Rest...) {
    return SubtractRightCopy(temp, bytes, in, in, n, op);
  }
};

// With and without the storage of the other algorithms.
struct DeviceFor {
  template <class N, class Op, class... Rest, class = std::enable_if_t<std::is_integral_v<N>>>
  static cudaError_t Bulk(N n, Op op, Rest...) {
    for (N i = 0; i < n; ++i) op(i);
    return cudaSuccess;
  }
  template <class N, class Op, class... Rest>
  static cudaError_t Bulk(void* temp, size_t& bytes, N n, Op op, Rest...) {
    return internal::in_two_calls(temp, bytes, 1, [&] { Bulk(n, op); });
  }
  template <class It, class N, class Op, class... Rest>
  static cudaError_t ForEachN(It first, N n, Op op, Rest...) {
    for (N i = 0; i < n; ++i) op(first[i]);
    return cudaSuccess;
  }
  template <class It, class Op, class... Rest, class = std::enable_if_t<std::is_class_v<Op>>>
  static cudaError_t ForEach(It first, It last, Op op, Rest...) { return ForEachN(first, last - first, op); }
  template <class It, class Op, class... Rest>
  static cudaError_t ForEachCopy(It first, It last, Op op, Rest...) { return ForEachN(first, last - first, op); }
  template <class It, class N, class Op, class... Rest>
  static cudaError_t ForEachCopyN(It first, N n, Op op, Rest...) { return ForEachN(first, n, op); }
  template <class It, class Op, class... Rest>
  static cudaError_t ForEach(void* temp, size_t& bytes, It first, It last, Op op, Rest...) {
    return internal::in_two_calls(temp, bytes, 1, [&] { ForEachN(first, last - first, op); });
  }
  template <class It, class N, class Op, class... Rest>
  static cudaError_t ForEachN(void* temp, size_t& bytes, It first, N n, Op op, Rest...) {
    return internal::in_two_calls(temp, bytes, 1, [&] { ForEachN(first, n, op); });
  }
};

namespace internal {
template <class In, class = void>
struct is_indexable : std::false_type {};
template <class In>
struct is_indexable<In, std::void_t<decltype(std::declval<In>()[0])>> : std::true_type {};

template <int>
void get();  // so that `get<0>(tuple)` is looked for in the tuple's namespace
template <class Tuple, class Op, size_t... I>
inline auto call_with(Tuple& in, size_t i, Op& op, std::index_sequence<I...>) { return op(get<I>(in)[static_cast<ptrdiff_t>(i)]...); }
template <template <class...> class Tuple, class... In>
std::index_sequence_for<In...> indices_of(const Tuple<In...>&);
}  // namespace internal

// The input is an iterator, or a tuple of several.
struct DeviceTransform {
  template <class In, class Out, class N, class Op, class... Rest>
  static cudaError_t Transform(In in, Out out, N n, Op op, Rest...) {
    for (N i = 0; i < n; ++i) {
      if constexpr (internal::is_indexable<In>::value) out[i] = op(in[i]);
      else out[i] = internal::call_with(in, static_cast<size_t>(i), op, decltype(internal::indices_of(in)){});
    }
    return cudaSuccess;
  }
  template <class Out, class N, class T, class... Rest>
  static cudaError_t Fill(Out out, N n, T value, Rest...) {
    for (N i = 0; i < n; ++i) out[i] = value;
    return cudaSuccess;
  }
  template <class Out, class N, class Make, class... Rest>
  static cudaError_t Generate(Out out, N n, Make make, Rest...) {
    for (N i = 0; i < n; ++i) out[i] = make();
    return cudaSuccess;
  }
};

struct DeviceCopy {
  template <class In, class Out, class Sizes, class N, class... Rest>
  static cudaError_t Batched(void* temp, size_t& bytes, In in, Out out, Sizes sizes, N n, Rest...) {
    return internal::in_two_calls(temp, bytes, 512, [&] {
      for (size_t r = 0; r < static_cast<size_t>(n); ++r) {
        for (size_t i = 0; i < static_cast<size_t>(sizes[r]); ++i) out[r][i] = in[r][i];
      }
    });
  }
};
struct DeviceMemcpy {
  template <class In, class Out, class Sizes, class N, class... Rest>
  static cudaError_t Batched(void* temp, size_t& bytes, In in, Out out, Sizes sizes, N n, Rest...) {
    return internal::in_two_calls(temp, bytes, 512, [&] {
      for (size_t r = 0; r < static_cast<size_t>(n); ++r) memcpy(out[r], in[r], static_cast<size_t>(sizes[r]));
    });
  }
};

}  // namespace cub
