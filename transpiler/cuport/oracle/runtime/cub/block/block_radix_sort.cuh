// cub::BlockRadixSort and BlockMergeSort: stable sorts of a block's items.
#pragma once
#include "block_load.cuh"
#include "block_scan.cuh"
#include "../sorting.cuh"

namespace cub {

template <class K, int X, int ITEMS, class V = NullType, int RADIX_BITS = 4, bool = true,
          BlockScanAlgorithm = BLOCK_SCAN_WARP_SCANS, int = 0, int Y = 1, int Z = 1, int = 0>
class BlockRadixSort {
  static constexpr int N = X * Y * Z, ALL = static_cast<int>(sizeof(K)) * 8;
  struct Storage {
    K keys[N * ITEMS];
    V values[std::is_same_v<V, NullType> ? 1 : N * ITEMS];
  };

 public:
  using TempStorage = Uninitialized<Storage>;
  explicit BlockRadixSort(TempStorage& temp) : s_(temp.Alias()), thread_(internal::block_thread<X, Y, Z>()) {}
  BlockRadixSort() : BlockRadixSort(cuport::shared<TempStorage>()) {}

  void Sort(K (&keys)[ITEMS], int begin = 0, int end = ALL, CUB_SITE) { sort<internal::Blocked>(keys, begin, end, false, site); }
  void SortDescending(K (&keys)[ITEMS], int begin = 0, int end = ALL, CUB_SITE) { sort<internal::Blocked>(keys, begin, end, true, site); }
  void SortBlockedToStriped(K (&keys)[ITEMS], int begin = 0, int end = ALL, CUB_SITE) { sort<internal::Striped>(keys, begin, end, false, site); }
  void SortDescendingBlockedToStriped(K (&keys)[ITEMS], int begin = 0, int end = ALL, CUB_SITE) {
    sort<internal::Striped>(keys, begin, end, true, site);
  }
  void Sort(K (&keys)[ITEMS], V (&values)[ITEMS], int begin = 0, int end = ALL, CUB_SITE) {
    sort<internal::Blocked>(keys, values, begin, end, false, site);
  }
  void SortDescending(K (&keys)[ITEMS], V (&values)[ITEMS], int begin = 0, int end = ALL, CUB_SITE) {
    sort<internal::Blocked>(keys, values, begin, end, true, site);
  }
  void SortBlockedToStriped(K (&keys)[ITEMS], V (&values)[ITEMS], int begin = 0, int end = ALL, CUB_SITE) {
    sort<internal::Striped>(keys, values, begin, end, false, site);
  }
  void SortDescendingBlockedToStriped(K (&keys)[ITEMS], V (&values)[ITEMS], int begin = 0, int end = ALL, CUB_SITE) {
    sort<internal::Striped>(keys, values, begin, end, true, site);
  }

 private:
  template <class To>
  void sort(K (&keys)[ITEMS], int begin, int end, bool descending, int site) {
    internal::store_items<internal::Blocked>(thread_, N, s_.keys, keys);
    __syncthreads(site);
    if (thread_ == 0) internal::radix_sort(s_.keys, static_cast<V*>(nullptr), size_t{N} * ITEMS, begin, end, descending);
    __syncthreads(site);
    internal::load_items<To>(thread_, N, s_.keys, keys);
  }
  template <class To>
  void sort(K (&keys)[ITEMS], V (&values)[ITEMS], int begin, int end, bool descending, int site) {
    internal::store_items<internal::Blocked>(thread_, N, s_.keys, keys);
    internal::store_items<internal::Blocked>(thread_, N, s_.values, values);
    __syncthreads(site);
    if (thread_ == 0) internal::radix_sort(s_.keys, s_.values, size_t{N} * ITEMS, begin, end, descending);
    __syncthreads(site);
    internal::load_items<To>(thread_, N, s_.keys, keys);
    internal::load_items<To>(thread_, N, s_.values, values);
  }
  Storage& s_;
  const int thread_;
};

template <class K, int X, int ITEMS, class V = NullType, int Y = 1, int Z = 1>
class BlockMergeSort {
  static constexpr int N = X * Y * Z;
  struct Storage {
    K keys[N * ITEMS];
    V values[std::is_same_v<V, NullType> ? 1 : N * ITEMS];
  };

 public:
  using TempStorage = Uninitialized<Storage>;
  explicit BlockMergeSort(TempStorage& temp) : s_(temp.Alias()), thread_(internal::block_thread<X, Y, Z>()) {}
  BlockMergeSort() : BlockMergeSort(cuport::shared<TempStorage>()) {}

  template <class Less>
  void Sort(K (&keys)[ITEMS], Less less, CUB_SITE) { sort(keys, less, N * ITEMS, site); }
  template <class Less>
  void Sort(K (&keys)[ITEMS], Less less, int valid, K, CUB_SITE) { sort(keys, less, valid, site); }
  template <class Less>
  void Sort(K (&keys)[ITEMS], V (&values)[ITEMS], Less less, CUB_SITE) { sort(keys, values, less, N * ITEMS, site); }
  template <class Less>
  void Sort(K (&keys)[ITEMS], V (&values)[ITEMS], Less less, int valid, K, CUB_SITE) { sort(keys, values, less, valid, site); }
  template <class... A>
  void StableSort(K (&keys)[ITEMS], A&&... rest) { Sort(keys, static_cast<A&&>(rest)...); }

 private:
  // Items past the valid ones stay behind them.
  template <class Less>
  void sort(K (&keys)[ITEMS], Less less, int valid, int site) {
    internal::store_items<internal::Blocked>(thread_, N, s_.keys, keys);
    __syncthreads(site);
    if (thread_ == 0) internal::merge_sort(static_cast<K*>(s_.keys), static_cast<V*>(nullptr), static_cast<size_t>(valid), less);
    __syncthreads(site);
    internal::load_items<internal::Blocked>(thread_, N, s_.keys, keys);
  }
  template <class Less>
  void sort(K (&keys)[ITEMS], V (&values)[ITEMS], Less less, int valid, int site) {
    internal::store_items<internal::Blocked>(thread_, N, s_.keys, keys);
    internal::store_items<internal::Blocked>(thread_, N, s_.values, values);
    __syncthreads(site);
    if (thread_ == 0) internal::merge_sort(static_cast<K*>(s_.keys), static_cast<V*>(s_.values), static_cast<size_t>(valid), less);
    __syncthreads(site);
    internal::load_items<internal::Blocked>(thread_, N, s_.keys, keys);
    internal::load_items<internal::Blocked>(thread_, N, s_.values, values);
  }
  Storage& s_;
  const int thread_;
};

}  // namespace cub
