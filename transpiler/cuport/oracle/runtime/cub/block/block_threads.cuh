// What the block collectives share: the thread's number, and CUB's warp-by-warp order of evaluation, done by one thread
// over everybody's values in shared memory between two barriers.
#pragma once
#include "../thread/thread_load.cuh"
#include "../thread/thread_reduce.cuh"
#include "../util_ptx.cuh"

namespace cub {
namespace internal {

template <int X, int Y, int Z>
inline int block_thread() { return RowMajorTid(X, Y, Z); }

// The reduction of v[0..n) as a warp's shuffles do it: neighbours first. Destroys v.
template <class T, class Op>
inline T reduce_lanes(T* v, int n, Op& op) {
  for (int step = 1; step < n; step *= 2) {
    for (int i = 0; i + step < n; i += 2 * step) v[i] = static_cast<T>(op(v[i], v[i + step]));
  }
  return v[0];
}
// Warps first, then the warps' results in order.
template <class T, class Op>
inline T reduce_by_warps(T* v, int n, Op& op) {
  T total = reduce_lanes(v, n < 32 ? n : 32, op);
  for (int first = 32; first < n; first += 32) {
    total = static_cast<T>(op(total, reduce_lanes(v + first, n - first < 32 ? n - first : 32, op)));
  }
  return total;
}
// One warp whose lanes each go over a consecutive segment, then the lanes.
template <class T, class Op>
inline T reduce_by_raking(T* v, int n, int threads, Op& op) {
  const int segment = (threads + 31) / 32;
  int lanes = 0;
  for (int first = 0; first < n; first += segment, ++lanes) {
    T partial = v[first];
    for (int i = first + 1; i < first + segment && i < n; ++i) partial = static_cast<T>(op(partial, v[i]));
    v[lanes] = partial;
  }
  return reduce_lanes(v, lanes, op);
}
// v becomes its inclusive scan, in the order of shuffles that double their distance.
template <class T, class Op>
inline void scan_lanes(T* v, int n, Op& op) {
  for (int step = 1; step < n; step *= 2) {
    for (int i = n - 1; i >= step; --i) v[i] = static_cast<T>(op(v[i - step], v[i]));
  }
}
template <class T, class Op>
inline void scan_by_warps(T* v, int n, Op& op) {
  for (int first = 0; first < n; first += 32) {
    const int lanes = n - first < 32 ? n - first : 32;
    scan_lanes(v + first, lanes, op);
    if (first == 0) continue;
    const T before = v[first - 1];
    for (int i = 0; i < lanes; ++i) v[first + i] = static_cast<T>(op(before, v[first + i]));
  }
}

}  // namespace internal
}  // namespace cub
