// One thread's own items: reduce and scan, in order.
#pragma once
#include "thread_operators.cuh"

namespace cub {

template <int N, class T, class Op>
inline T ThreadReduce(const T* items, Op op, T prefix) {
  for (int i = 0; i < N; ++i) prefix = op(prefix, items[i]);
  return prefix;
}
template <int N, class T, class Op>
inline T ThreadReduce(const T* items, Op op) {
  T total = items[0];
  for (int i = 1; i < N; ++i) total = op(total, items[i]);
  return total;
}
template <int N, class T, class Op>
inline T ThreadReduce(const T (&items)[N], Op op) { return ThreadReduce<N>(static_cast<const T*>(items), op); }
template <int N, class T, class Op>
inline T ThreadReduce(const T (&items)[N], Op op, T prefix) { return ThreadReduce<N>(static_cast<const T*>(items), op, prefix); }

namespace internal {
template <int N, class T, class Op>
inline T ThreadReduce(const T (&items)[N], Op op) { return cub::ThreadReduce(items, op); }
template <int N, class T, class Op>
inline T ThreadScanInclusive(const T (&in)[N], T (&out)[N], Op op) {
  T total = in[0];
  out[0] = total;
  for (int i = 1; i < N; ++i) out[i] = total = op(total, in[i]);
  return total;
}
template <int N, class T, class Op>
inline T ThreadScanInclusive(const T (&in)[N], T (&out)[N], Op op, T prefix, bool apply = true) {
  T total = in[0];
  if (apply) total = op(prefix, total);
  out[0] = total;
  for (int i = 1; i < N; ++i) out[i] = total = op(total, in[i]);
  return total;
}
template <int N, class T, class Op>
inline T ThreadScanExclusive(const T (&in)[N], T (&out)[N], Op op, T prefix, bool apply = true) {
  T total = in[0];
  if (apply) total = op(prefix, total);
  out[0] = prefix;
  for (int i = 1; i < N; ++i) {
    const T next = op(total, in[i]);
    out[i] = total, total = next;
  }
  return total;
}
}  // namespace internal
using internal::ThreadScanExclusive;
using internal::ThreadScanInclusive;

}  // namespace cub
