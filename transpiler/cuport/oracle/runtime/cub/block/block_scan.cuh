// cub::BlockScan. The storage may be used again after a __syncthreads().
#pragma once
#include "block_threads.cuh"

namespace cub {

enum BlockScanAlgorithm { BLOCK_SCAN_RAKING, BLOCK_SCAN_RAKING_MEMOIZE, BLOCK_SCAN_WARP_SCANS };

template <class T, int X, BlockScanAlgorithm A = BLOCK_SCAN_RAKING, int Y = 1, int Z = 1, int = 0>
class BlockScan {
  static constexpr int N = X * Y * Z;
  struct Storage {
    T values[N];
    T prefix;
  };

 public:
  using TempStorage = Uninitialized<Storage>;
  explicit BlockScan(TempStorage& temp) : s_(temp.Alias()), thread_(internal::block_thread<X, Y, Z>()) {}
  BlockScan() : BlockScan(cuport::shared<TempStorage>()) {}

  // --- exclusive, one item ---
  template <class Op>
  void ExclusiveScan(T in, T& out, T initial, Op op, CUB_SITE) {
    T aggregate;
    ExclusiveScan(in, out, initial, op, aggregate, site);
  }
  template <class Op>
  void ExclusiveScan(T in, T& out, T initial, Op op, T& aggregate, CUB_SITE) {
    const T before = others(in, op, aggregate, site);
    out = thread_ == 0 ? initial : static_cast<T>(op(initial, before));
  }
  template <class Op, class Prefix>
  void ExclusiveScan(T in, T& out, Op op, Prefix& prefix, CUB_SITE) {
    T aggregate;
    const T before = others(in, op, aggregate, site), start = call(prefix, aggregate, site);
    out = thread_ == 0 ? start : static_cast<T>(op(start, before));
  }
  // Without an initial value thread 0's result is undefined; here it keeps its input.
  template <class Op>
  void ExclusiveScan(T in, T& out, Op op, CUB_SITE) {
    T aggregate;
    ExclusiveScan(in, out, op, aggregate, site);
  }
  template <class Op>
  void ExclusiveScan(T in, T& out, Op op, T& aggregate, CUB_SITE) {
    const T before = others(in, op, aggregate, site);
    out = thread_ == 0 ? in : before;
  }
  void ExclusiveSum(T in, T& out, CUB_SITE) { ExclusiveScan(in, out, T(0), cub::Sum(), site); }
  void ExclusiveSum(T in, T& out, T& aggregate, CUB_SITE) { ExclusiveScan(in, out, T(0), cub::Sum(), aggregate, site); }
  template <class Prefix>
  void ExclusiveSum(T in, T& out, Prefix& prefix, CUB_SITE) { ExclusiveScan(in, out, cub::Sum(), prefix, site); }

  // --- exclusive, several items a thread ---
  template <int ITEMS, class Op>
  void ExclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], T initial, Op op, CUB_SITE) {
    T aggregate;
    ExclusiveScan(in, out, initial, op, aggregate, site);
  }
  template <int ITEMS, class Op>
  void ExclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], T initial, Op op, T& aggregate, CUB_SITE) {
    const T before = others(ThreadReduce(in, op), op, aggregate, site);
    internal::ThreadScanExclusive(in, out, op, thread_ == 0 ? initial : static_cast<T>(op(initial, before)));
  }
  template <int ITEMS, class Op, class Prefix>
  void ExclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], Op op, Prefix& prefix, CUB_SITE) {
    T aggregate;
    const T before = others(ThreadReduce(in, op), op, aggregate, site), start = call(prefix, aggregate, site);
    internal::ThreadScanExclusive(in, out, op, thread_ == 0 ? start : static_cast<T>(op(start, before)));
  }
  template <int ITEMS, class Op>
  void ExclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], Op op, CUB_SITE) {
    T aggregate;
    ExclusiveScan(in, out, op, aggregate, site);
  }
  template <int ITEMS, class Op>
  void ExclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], Op op, T& aggregate, CUB_SITE) {
    const T before = others(ThreadReduce(in, op), op, aggregate, site);
    internal::ThreadScanExclusive(in, out, op, thread_ == 0 ? in[0] : before, thread_ != 0);
  }
  template <int ITEMS>
  void ExclusiveSum(T (&in)[ITEMS], T (&out)[ITEMS], CUB_SITE) { ExclusiveScan(in, out, T(0), cub::Sum(), site); }
  template <int ITEMS>
  void ExclusiveSum(T (&in)[ITEMS], T (&out)[ITEMS], T& aggregate, CUB_SITE) {
    ExclusiveScan(in, out, T(0), cub::Sum(), aggregate, site);
  }
  template <int ITEMS, class Prefix>
  void ExclusiveSum(T (&in)[ITEMS], T (&out)[ITEMS], Prefix& prefix, CUB_SITE) {
    ExclusiveScan(in, out, cub::Sum(), prefix, site);
  }

  // --- inclusive, one item ---
  template <class Op>
  void InclusiveScan(T in, T& out, Op op, CUB_SITE) {
    T aggregate;
    InclusiveScan(in, out, op, aggregate, site);
  }
  template <class Op>
  void InclusiveScan(T in, T& out, Op op, T& aggregate, CUB_SITE) {
    others(in, op, aggregate, site);
    out = s_.values[thread_];
  }
  template <class Op, class Prefix>
  void InclusiveScan(T in, T& out, Op op, Prefix& prefix, CUB_SITE) {
    T aggregate;
    others(in, op, aggregate, site);
    const T mine = s_.values[thread_];
    out = op(call(prefix, aggregate, site), mine);
  }
  void InclusiveSum(T in, T& out, CUB_SITE) { InclusiveScan(in, out, cub::Sum(), site); }
  void InclusiveSum(T in, T& out, T& aggregate, CUB_SITE) { InclusiveScan(in, out, cub::Sum(), aggregate, site); }
  template <class Prefix>
  void InclusiveSum(T in, T& out, Prefix& prefix, CUB_SITE) { InclusiveScan(in, out, cub::Sum(), prefix, site); }

  // --- inclusive, several items a thread ---
  template <int ITEMS, class Op>
  void InclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], Op op, CUB_SITE) {
    T aggregate;
    InclusiveScan(in, out, op, aggregate, site);
  }
  template <int ITEMS, class Op>
  void InclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], Op op, T& aggregate, CUB_SITE) {
    const T before = others(ThreadReduce(in, op), op, aggregate, site);
    internal::ThreadScanInclusive(in, out, op, before, thread_ != 0);
  }
  template <int ITEMS, class Op>
  void InclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], T initial, Op op, CUB_SITE) {
    T aggregate;
    const T before = others(ThreadReduce(in, op), op, aggregate, site);
    internal::ThreadScanInclusive(in, out, op, thread_ == 0 ? initial : static_cast<T>(op(initial, before)));
  }
  template <int ITEMS, class Op, class Prefix>
  void InclusiveScan(T (&in)[ITEMS], T (&out)[ITEMS], Op op, Prefix& prefix, CUB_SITE) {
    T aggregate;
    const T before = others(ThreadReduce(in, op), op, aggregate, site), start = call(prefix, aggregate, site);
    internal::ThreadScanInclusive(in, out, op, thread_ == 0 ? start : static_cast<T>(op(start, before)));
  }
  template <int ITEMS>
  void InclusiveSum(T (&in)[ITEMS], T (&out)[ITEMS], CUB_SITE) { InclusiveScan(in, out, cub::Sum(), site); }
  template <int ITEMS>
  void InclusiveSum(T (&in)[ITEMS], T (&out)[ITEMS], T& aggregate, CUB_SITE) {
    InclusiveScan(in, out, cub::Sum(), aggregate, site);
  }
  template <int ITEMS, class Prefix>
  void InclusiveSum(T (&in)[ITEMS], T (&out)[ITEMS], Prefix& prefix, CUB_SITE) {
    InclusiveScan(in, out, cub::Sum(), prefix, site);
  }

 private:
  // The scan of all threads' values; what the threads before this one amount to, if there are any.
  template <class Op>
  T others(T mine, Op& op, T& aggregate, int site) {
    s_.values[thread_] = mine;
    __syncthreads(site);
    if (thread_ == 0) {
      if constexpr (A == BLOCK_SCAN_WARP_SCANS) internal::scan_by_warps(s_.values, N, op);
      else rake(op);
    }
    __syncthreads(site);
    aggregate = s_.values[N - 1];
    return s_.values[thread_ == 0 ? 0 : thread_ - 1];
  }
  template <class Op>
  void rake(Op& op) {
    constexpr int segment = (N + 31) / 32;
    T upsweep[32];
    int lanes = 0;
    for (int first = 0; first < N; first += segment, ++lanes) {
      T partial = s_.values[first];
      for (int i = first + 1; i < first + segment && i < N; ++i) partial = static_cast<T>(op(partial, s_.values[i]));
      upsweep[lanes] = partial;
    }
    internal::scan_lanes(upsweep, lanes, op);
    for (int lane = 0; lane < lanes; ++lane) {
      const int first = lane * segment;
      T total = lane == 0 ? s_.values[0] : static_cast<T>(op(upsweep[lane - 1], s_.values[first]));
      s_.values[first] = total;
      for (int i = first + 1; i < first + segment && i < N; ++i) s_.values[i] = total = static_cast<T>(op(total, s_.values[i]));
    }
  }
  // The callback is called by the first warp; the first lane's answer counts.
  template <class Prefix>
  T call(Prefix& prefix, T aggregate, int site) {
    if (thread_ < 32) {
      const T start = prefix(aggregate);
      if (thread_ == 0) s_.prefix = start;
    }
    __syncthreads(site);
    return s_.prefix;
  }
  Storage& s_;
  const int thread_;
};

}  // namespace cub
