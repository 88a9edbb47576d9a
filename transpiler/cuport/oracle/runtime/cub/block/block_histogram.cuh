// cub::BlockHistogram: counts of the samples in a block, in shared or global memory.
#pragma once
#include "block_threads.cuh"
#include "../../cuport/threads/atomics.h"

namespace cub {

enum BlockHistogramAlgorithm { BLOCK_HISTO_SORT, BLOCK_HISTO_ATOMIC };

template <class T, int X, int ITEMS, int BINS, BlockHistogramAlgorithm = BLOCK_HISTO_SORT, int Y = 1, int Z = 1, int = 0>
class BlockHistogram {
 public:
  using TempStorage = Uninitialized<NullType>;
  explicit BlockHistogram(TempStorage&) : thread_(internal::block_thread<X, Y, Z>()) {}
  BlockHistogram() : thread_(internal::block_thread<X, Y, Z>()) {}

  template <class Counter>
  void InitHistogram(Counter* bins) {
    for (int i = thread_; i < BINS; i += X * Y * Z) bins[i] = Counter(0);
  }
  template <class Counter>
  void Composite(T (&items)[ITEMS], Counter* bins) {
    for (int i = 0; i < ITEMS; ++i) atomicAdd(bins + items[i], Counter(1));
  }
  template <class Counter>
  void Histogram(T (&items)[ITEMS], Counter* bins, CUB_SITE) {
    InitHistogram(bins);
    __syncthreads(site);
    Composite(items, bins);
  }

 private:
  const int thread_;
};

}  // namespace cub
