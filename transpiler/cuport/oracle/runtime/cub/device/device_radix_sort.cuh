// cub::DeviceRadixSort, DeviceSegmentedRadixSort, DeviceSegmentedSort: stable, by key bits.
#pragma once
#include "device_common.cuh"
#include "../sorting.cuh"

namespace cub {
namespace internal {

// Which of two buffers the result lies in: a single block's sort always changes sides, larger ones with each 8-bit pass.
template <class K>
inline int sides_changed(size_t n, int begin, int end) {
  return n <= 4096 ? 1 : ((end - begin + 7) / 8) & 1;
}
template <class K, class V>
inline void sort_copy(const K* in, K* out, const V* values_in, V* values_out, size_t n, int begin, int end, bool descending) {
  if (out != in) memmove(static_cast<void*>(out), static_cast<const void*>(in), n * sizeof(K));
  if constexpr (!std::is_same_v<V, NullType>) {
    if (values_out != values_in) memmove(static_cast<void*>(values_out), static_cast<const void*>(values_in), n * sizeof(V));
  }
  radix_sort(out, values_out, n, begin, end, descending);
}
template <class K, class V, class N>
inline cudaError_t device_sort(void* temp, size_t& bytes, const K* in, K* out, const V* vin, V* vout, N n, int begin, int end,
                               bool descending) {
  const size_t items = static_cast<size_t>(n), each = sizeof(K) + (std::is_same_v<V, NullType> ? 0 : sizeof(V));
  return in_two_calls(temp, bytes, 1024 + items * each, [&] { sort_copy(in, out, vin, vout, items, begin, end, descending); });
}
template <class K, class V, class N>
inline cudaError_t device_sort(void* temp, size_t& bytes, DoubleBuffer<K>& keys, DoubleBuffer<V>* values, N n, int begin, int end,
                               bool descending) {
  const size_t items = static_cast<size_t>(n);
  return in_two_calls(temp, bytes, 1024 + items / 8, [&] {
    V *vin = nullptr, *vout = nullptr;
    const int change = sides_changed<K>(items, begin, end);
    if (values != nullptr) vin = values->Current(), vout = values->d_buffers[values->selector ^ change], values->selector ^= change;
    K *in = keys.Current(), *out = keys.d_buffers[keys.selector ^ change];
    keys.selector ^= change;
    sort_copy<K, V>(in, out, vin, vout, items, begin, end, descending);
  });
}
}  // namespace internal

struct DeviceRadixSort {
#define CUB_SORTS(name, descending)                                                                                      \
  template <class K, class V, class N, class... Rest>                                                                    \
  static cudaError_t SortPairs##name(void* temp, size_t& bytes, const K* in, K* out, const V* vin, V* vout, N n,         \
                                     int begin = 0, int end = int(sizeof(K)) * 8, Rest...) {                             \
    return internal::device_sort(temp, bytes, in, out, vin, vout, n, begin, end, descending);                            \
  }                                                                                                                      \
  template <class K, class V, class N, class... Rest>                                                                    \
  static cudaError_t SortPairs##name(void* temp, size_t& bytes, DoubleBuffer<K>& keys, DoubleBuffer<V>& values, N n,     \
                                     int begin = 0, int end = int(sizeof(K)) * 8, Rest...) {                             \
    return internal::device_sort(temp, bytes, keys, &values, n, begin, end, descending);                                 \
  }                                                                                                                      \
  template <class K, class N, class... Rest>                                                                             \
  static cudaError_t SortKeys##name(void* temp, size_t& bytes, const K* in, K* out, N n, int begin = 0,                  \
                                    int end = int(sizeof(K)) * 8, Rest...) {                                             \
    const NullType* none = nullptr;                                                                                      \
    return internal::device_sort(temp, bytes, in, out, none, static_cast<NullType*>(nullptr), n, begin, end, descending); \
  }                                                                                                                      \
  template <class K, class N, class... Rest>                                                                             \
  static cudaError_t SortKeys##name(void* temp, size_t& bytes, DoubleBuffer<K>& keys, N n, int begin = 0,                \
                                    int end = int(sizeof(K)) * 8, Rest...) {                                             \
    return internal::device_sort(temp, bytes, keys, static_cast<DoubleBuffer<NullType>*>(nullptr), n, begin, end, descending); \
  }
  CUB_SORTS(, false)
  CUB_SORTS(Descending, true)
#undef CUB_SORTS
};

namespace internal {

// Every segment by itself; what lies in none is left as it is, but for double buffers, whose result may be in place.
template <class K, class V, class S, class B, class E>
inline cudaError_t segmented_sort(void* temp, size_t& bytes, const K* in, K* out, const V* vin, V* vout, size_t n, S segments,
                                  B begins, E ends, int begin, int end, bool descending) {
  return in_two_calls(temp, bytes, 1024 + n * sizeof(K), [&] {
    for (size_t s = 0; s < static_cast<size_t>(segments); ++s) {
      const long long first = static_cast<long long>(begins[s]), last = static_cast<long long>(ends[s]);
      if (last <= first) continue;
      const bool values = vin != nullptr;
      sort_copy<K, V>(in + first, out + first, values ? vin + first : vin, values ? vout + first : vout,
                      static_cast<size_t>(last - first), begin, end, descending);
    }
  });
}
}  // namespace internal

struct DeviceSegmentedRadixSort {
#define CUB_SORTS(name, descending)                                                                                       \
  template <class K, class V, class S, class B, class E, class... Rest>                                                   \
  static cudaError_t SortPairs##name(void* temp, size_t& bytes, const K* in, K* out, const V* vin, V* vout, size_t n,     \
                                     S segments, B begins, E ends, int begin = 0, int end = int(sizeof(K)) * 8, Rest...) { \
    return internal::segmented_sort(temp, bytes, in, out, vin, vout, n, segments, begins, ends, begin, end, descending);  \
  }                                                                                                                       \
  template <class K, class V, class S, class B, class E, class... Rest>                                                   \
  static cudaError_t SortPairs##name(void* temp, size_t& bytes, DoubleBuffer<K>& keys, DoubleBuffer<V>& values, size_t n, \
                                     S segments, B begins, E ends, int begin = 0, int end = int(sizeof(K)) * 8, Rest...) { \
    K* k = keys.Current();                                                                                                \
    V* v = values.Current();                                                                                              \
    return internal::segmented_sort<K, V>(temp, bytes, k, k, v, v, n, segments, begins, ends, begin, end, descending);    \
  }                                                                                                                       \
  template <class K, class S, class B, class E, class... Rest>                                                            \
  static cudaError_t SortKeys##name(void* temp, size_t& bytes, const K* in, K* out, size_t n, S segments, B begins, E ends, \
                                    int begin = 0, int end = int(sizeof(K)) * 8, Rest...) {                               \
    return internal::segmented_sort<K, NullType>(temp, bytes, in, out, nullptr, nullptr, n, segments, begins, ends, begin, \
                                                 end, descending);                                                        \
  }                                                                                                                       \
  template <class K, class S, class B, class E, class... Rest>                                                            \
  static cudaError_t SortKeys##name(void* temp, size_t& bytes, DoubleBuffer<K>& keys, size_t n, S segments, B begins,     \
                                    E ends, int begin = 0, int end = int(sizeof(K)) * 8, Rest...) {                       \
    K* k = keys.Current();                                                                                                \
    return internal::segmented_sort<K, NullType>(temp, bytes, k, k, nullptr, nullptr, n, segments, begins, ends, begin,   \
                                                 end, descending);                                                        \
  }
  CUB_SORTS(, false)
  CUB_SORTS(Descending, true)
#undef CUB_SORTS
};

// As above without bit ranges; stable under every name.
struct DeviceSegmentedSort {
#define CUB_SORTS(name, target)                                                                                           \
  template <class K, class V, class S, class B, class E, class... Rest>                                                   \
  static cudaError_t name##Pairs##target(void* temp, size_t& bytes, const K* in, K* out, const V* vin, V* vout, size_t n, \
                                         S segments, B begins, E ends, Rest...) {                                         \
    return DeviceSegmentedRadixSort::SortPairs##target(temp, bytes, in, out, vin, vout, n, segments, begins, ends);       \
  }                                                                                                                       \
  template <class K, class V, class S, class B, class E, class... Rest>                                                   \
  static cudaError_t name##Pairs##target(void* temp, size_t& bytes, DoubleBuffer<K>& keys, DoubleBuffer<V>& values,       \
                                         size_t n, S segments, B begins, E ends, Rest...) {                               \
    return DeviceSegmentedRadixSort::SortPairs##target(temp, bytes, keys, values, n, segments, begins, ends);             \
  }                                                                                                                       \
  template <class K, class S, class B, class E, class... Rest>                                                            \
  static cudaError_t name##Keys##target(void* temp, size_t& bytes, const K* in, K* out, size_t n, S segments, B begins,   \
                                        E ends, Rest...) {                                                                \
    return DeviceSegmentedRadixSort::SortKeys##target(temp, bytes, in, out, n, segments, begins, ends);                   \
  }                                                                                                                       \
  template <class K, class S, class B, class E, class... Rest>                                                            \
  static cudaError_t name##Keys##target(void* temp, size_t& bytes, DoubleBuffer<K>& keys, size_t n, S segments, B begins, \
                                        E ends, Rest...) {                                                                \
    return DeviceSegmentedRadixSort::SortKeys##target(temp, bytes, keys, n, segments, begins, ends);                      \
  }
  CUB_SORTS(Sort, )
  CUB_SORTS(Sort, Descending)
  CUB_SORTS(StableSort, )
  CUB_SORTS(StableSort, Descending)
#undef CUB_SORTS
};

}  // namespace cub
