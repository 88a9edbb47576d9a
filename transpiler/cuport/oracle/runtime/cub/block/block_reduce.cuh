// cub::BlockReduce. The result is defined in thread 0; the storage may be used again after a __syncthreads().
#pragma once
#include "block_threads.cuh"

namespace cub {

enum BlockReduceAlgorithm { BLOCK_REDUCE_RAKING_COMMUTATIVE_ONLY, BLOCK_REDUCE_RAKING, BLOCK_REDUCE_WARP_REDUCTIONS };

template <class T, int X, BlockReduceAlgorithm A = BLOCK_REDUCE_WARP_REDUCTIONS, int Y = 1, int Z = 1, int = 0>
class BlockReduce {
  static constexpr int N = X * Y * Z;
  struct Storage {
    T values[N];
  };

 public:
  using TempStorage = Uninitialized<Storage>;
  explicit BlockReduce(TempStorage& temp) : at_(temp.Alias().values), thread_(internal::block_thread<X, Y, Z>()) {}
  BlockReduce() : BlockReduce(cuport::shared<TempStorage>()) {}

  template <class Op>
  T Reduce(T input, Op op, CUB_SITE) { return reduce(input, op, N, site); }
  template <class Op, int ITEMS>
  T Reduce(T (&items)[ITEMS], Op op, CUB_SITE) { return reduce(ThreadReduce(items, op), op, N, site); }
  template <class Op>
  T Reduce(T input, Op op, int valid, CUB_SITE) { return reduce(input, op, valid, site); }
  T Sum(T input, CUB_SITE) { return reduce(input, cub::Sum(), N, site); }
  T Sum(T input, int valid, CUB_SITE) { return reduce(input, cub::Sum(), valid, site); }
  template <int ITEMS>
  T Sum(T (&items)[ITEMS], CUB_SITE) { return Reduce(items, cub::Sum(), site); }

 private:
  template <class Op>
  T reduce(T input, Op op, int valid, int site) {
    at_[thread_] = input;
    __syncthreads(site);
    if (thread_ != 0) return input;
    const int n = valid < 1 ? 1 : valid < N ? valid : N;
    if constexpr (A == BLOCK_REDUCE_WARP_REDUCTIONS) return internal::reduce_by_warps(at_, n, op);
    return internal::reduce_by_raking(at_, n, N, op);
  }
  T (&at_)[N];
  const int thread_;
};

}  // namespace cub
