// cub::WarpExchange, WarpLoad, WarpStore, WarpMergeSort: items move between the lanes of a warp through its storage.
#pragma once
#include "warp_lanes.cuh"
#include "../thread/thread_load.cuh"

namespace cub {

enum WarpExchangeAlgorithm { WARP_EXCHANGE_SMEM, WARP_EXCHANGE_SHUFFLE };

template <class T, int ITEMS, int LOGICAL_WARP_THREADS = 32, WarpExchangeAlgorithm = WARP_EXCHANGE_SMEM>
class WarpExchange {
  static constexpr int W = LOGICAL_WARP_THREADS;

 public:
  struct TempStorage {
    Uninitialized<T[W * ITEMS]> items;
  };
  explicit WarpExchange(TempStorage& temp) : at_(temp.items.Alias()) {}
  WarpExchange() = delete;

  template <class U>
  void BlockedToStriped(const T (&in)[ITEMS], U (&out)[ITEMS], CUB_SITE) {
    const internal::Lanes<W> lanes;
    for (int i = 0; i < ITEMS; ++i) at_[lanes.lane * ITEMS + i] = in[i];
    lanes.sync(site);
    for (int i = 0; i < ITEMS; ++i) out[i] = at_[i * W + lanes.lane];
    lanes.sync(site);
  }
  template <class U>
  void StripedToBlocked(const T (&in)[ITEMS], U (&out)[ITEMS], CUB_SITE) {
    const internal::Lanes<W> lanes;
    for (int i = 0; i < ITEMS; ++i) at_[i * W + lanes.lane] = in[i];
    lanes.sync(site);
    for (int i = 0; i < ITEMS; ++i) out[i] = at_[lanes.lane * ITEMS + i];
    lanes.sync(site);
  }
  template <class Offset>
  void ScatterToStriped(T (&items)[ITEMS], Offset (&ranks)[ITEMS], CUB_SITE) { ScatterToStriped(items, items, ranks, site); }
  template <class U, class Offset>
  void ScatterToStriped(const T (&in)[ITEMS], U (&out)[ITEMS], Offset (&ranks)[ITEMS], CUB_SITE) {
    const internal::Lanes<W> lanes;
    for (int i = 0; i < ITEMS; ++i) at_[ranks[i]] = in[i];
    lanes.sync(site);
    for (int i = 0; i < ITEMS; ++i) out[i] = at_[i * W + lanes.lane];
    lanes.sync(site);
  }

 private:
  T (&at_)[W * ITEMS];
};

enum WarpLoadAlgorithm { WARP_LOAD_DIRECT, WARP_LOAD_STRIPED, WARP_LOAD_VECTORIZE, WARP_LOAD_TRANSPOSE };
enum WarpStoreAlgorithm { WARP_STORE_DIRECT, WARP_STORE_STRIPED, WARP_STORE_VECTORIZE, WARP_STORE_TRANSPOSE };

// Every algorithm but STRIPED leaves a lane with consecutive items.
template <class T, int ITEMS, WarpLoadAlgorithm A = WARP_LOAD_DIRECT, int W = 32, int = 0>
class WarpLoad {
 public:
  using TempStorage = Uninitialized<NullType>;
  explicit WarpLoad(TempStorage&) {}
  WarpLoad() {}
  template <class It>
  void Load(It from, T (&items)[ITEMS], int valid = W * ITEMS) {
    for (int i = 0; i < ITEMS; ++i) {
      if (place(i) < valid) items[i] = from[place(i)];
    }
  }
  template <class It, class D>
  void Load(It from, T (&items)[ITEMS], int valid, D otherwise) {
    for (int i = 0; i < ITEMS; ++i) items[i] = place(i) < valid ? static_cast<T>(from[place(i)]) : static_cast<T>(otherwise);
  }

 private:
  static int place(int i) {
    const internal::Lanes<W> lanes;
    return A == WARP_LOAD_STRIPED ? i * W + lanes.lane : lanes.lane * ITEMS + i;
  }
};

template <class T, int ITEMS, WarpStoreAlgorithm A = WARP_STORE_DIRECT, int W = 32, int = 0>
class WarpStore {
 public:
  using TempStorage = Uninitialized<NullType>;
  explicit WarpStore(TempStorage&) {}
  WarpStore() {}
  template <class It>
  void Store(It to, T (&items)[ITEMS], int valid = W * ITEMS) {
    const internal::Lanes<W> lanes;
    for (int i = 0; i < ITEMS; ++i) {
      const int place = A == WARP_STORE_STRIPED ? i * W + lanes.lane : lanes.lane * ITEMS + i;
      if (place < valid) to[place] = items[i];
    }
  }
};

template <class K, int ITEMS, int W = 32, class V = NullType, int = 0>
class WarpMergeSort {
  static constexpr int N = W * ITEMS;

 public:
  struct TempStorage {
    Uninitialized<K[N]> keys;
    Uninitialized<V[N]> values;
  };
  explicit WarpMergeSort(TempStorage& temp) : keys_(temp.keys.Alias()), values_(temp.values.Alias()) {}
  WarpMergeSort() = delete;
  static int get_linear_tid() { return internal::Lanes<W>().lane; }

  template <class Less>
  void Sort(K (&keys)[ITEMS], Less less, CUB_SITE) { sort(keys, static_cast<V*>(nullptr), less, N, site); }
  template <class Less>
  void Sort(K (&keys)[ITEMS], Less less, int valid, K, CUB_SITE) { sort(keys, static_cast<V*>(nullptr), less, valid, site); }
  template <class Less>
  void Sort(K (&keys)[ITEMS], V (&values)[ITEMS], Less less, CUB_SITE) { sort(keys, values, less, N, site); }
  template <class Less>
  void Sort(K (&keys)[ITEMS], V (&values)[ITEMS], Less less, int valid, K, CUB_SITE) { sort(keys, values, less, valid, site); }
  template <class Less>
  void StableSort(K (&keys)[ITEMS], Less less, CUB_SITE) { Sort(keys, less, site); }
  template <class Less>
  void StableSort(K (&keys)[ITEMS], V (&values)[ITEMS], Less less, CUB_SITE) { Sort(keys, values, less, site); }

 private:
  template <class Less>
  void sort(K* keys, V* values, Less less, int valid, int site) {
    const internal::Lanes<W> lanes;
    for (int i = 0; i < ITEMS; ++i) {
      keys_[lanes.lane * ITEMS + i] = keys[i];
      if (values != nullptr) values_[lanes.lane * ITEMS + i] = values[i];
    }
    lanes.sync(site);
    if (lanes.lane == 0) {  // by insertion: stable, and short
      for (int i = 1; i < valid; ++i) {
        const K k = keys_[i];
        const V v = values_[i];
        int j = i;
        for (; j > 0 && less(k, keys_[j - 1]); --j) keys_[j] = keys_[j - 1], values_[j] = values_[j - 1];
        keys_[j] = k, values_[j] = v;
      }
    }
    lanes.sync(site);
    for (int i = 0; i < ITEMS; ++i) {
      keys[i] = keys_[lanes.lane * ITEMS + i];
      if (values != nullptr) values[i] = values_[lanes.lane * ITEMS + i];
    }
    lanes.sync(site);
  }
  K (&keys_)[N];
  V (&values_)[N];
};

}  // namespace cub
