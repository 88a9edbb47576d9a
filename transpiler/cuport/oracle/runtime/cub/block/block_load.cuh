// cub::BlockLoad, BlockStore and the free functions under them: from memory to registers and back. A thread has
// consecutive items (blocked), or every X-th (striped).
#pragma once
#include "block_threads.cuh"

namespace cub {
namespace internal {

// Where item `i` of a thread lies.
struct Blocked {
  template <int ITEMS>
  static int place(int thread, int i, int) { return thread * ITEMS + i; }
};
struct Striped {
  template <int ITEMS>
  static int place(int thread, int i, int threads) { return i * threads + thread; }
};
struct WarpStriped {
  template <int ITEMS>
  static int place(int thread, int i, int) { return thread / 32 * 32 * ITEMS + i * 32 + thread % 32; }
};

template <class P, class T, int ITEMS, class It>
inline void load_items(int thread, int threads, It from, T (&items)[ITEMS]) {
  for (int i = 0; i < ITEMS; ++i) items[i] = from[P::template place<ITEMS>(thread, i, threads)];
}
template <class P, class T, int ITEMS, class It>
inline void load_items(int thread, int threads, It from, T (&items)[ITEMS], int valid) {
  for (int i = 0; i < ITEMS; ++i) {
    const int place = P::template place<ITEMS>(thread, i, threads);
    if (place < valid) items[i] = from[place];
  }
}
template <class P, class T, int ITEMS, class It, class D>
inline void load_items(int thread, int threads, It from, T (&items)[ITEMS], int valid, const D& otherwise) {
  for (int i = 0; i < ITEMS; ++i) {
    const int place = P::template place<ITEMS>(thread, i, threads);
    if (place < valid) items[i] = from[place]; else items[i] = static_cast<T>(otherwise);
  }
}
template <class P, class T, int ITEMS, class It>
inline void store_items(int thread, int threads, It to, T (&items)[ITEMS], int valid = 0x7FFFFFFF) {
  for (int i = 0; i < ITEMS; ++i) {
    const int place = P::template place<ITEMS>(thread, i, threads);
    if (place < valid) to[place] = items[i];
  }
}

}  // namespace internal

template <class T, int ITEMS, class It, class... Guard>
inline void LoadDirectBlocked(int thread, It from, T (&items)[ITEMS], Guard... guard) {
  internal::load_items<internal::Blocked>(thread, 0, from, items, guard...);
}
template <class T, int ITEMS>
inline void LoadDirectBlockedVectorized(int thread, const T* from, T (&items)[ITEMS]) {
  internal::load_items<internal::Blocked>(thread, 0, from, items);
}
template <int THREADS, class T, int ITEMS, class It, class... Guard>
inline void LoadDirectStriped(int thread, It from, T (&items)[ITEMS], Guard... guard) {
  internal::load_items<internal::Striped>(thread, THREADS, from, items, guard...);
}
template <class T, int ITEMS, class It, class... Guard>
inline void LoadDirectWarpStriped(int thread, It from, T (&items)[ITEMS], Guard... guard) {
  internal::load_items<internal::WarpStriped>(thread, 0, from, items, guard...);
}
template <class T, int ITEMS, class It, class... Guard>
inline void StoreDirectBlocked(int thread, It to, T (&items)[ITEMS], Guard... guard) {
  internal::store_items<internal::Blocked>(thread, 0, to, items, guard...);
}
template <class T, int ITEMS>
inline void StoreDirectBlockedVectorized(int thread, T* to, T (&items)[ITEMS]) {
  internal::store_items<internal::Blocked>(thread, 0, to, items);
}
template <int THREADS, class T, int ITEMS, class It, class... Guard>
inline void StoreDirectStriped(int thread, It to, T (&items)[ITEMS], Guard... guard) {
  internal::store_items<internal::Striped>(thread, THREADS, to, items, guard...);
}
template <class T, int ITEMS, class It, class... Guard>
inline void StoreDirectWarpStriped(int thread, It to, T (&items)[ITEMS], Guard... guard) {
  internal::store_items<internal::WarpStriped>(thread, 0, to, items, guard...);
}

enum BlockLoadAlgorithm {
  BLOCK_LOAD_DIRECT,
  BLOCK_LOAD_STRIPED,
  BLOCK_LOAD_VECTORIZE,
  BLOCK_LOAD_TRANSPOSE,
  BLOCK_LOAD_WARP_TRANSPOSE,
  BLOCK_LOAD_WARP_TRANSPOSE_TIMESLICED
};
enum BlockStoreAlgorithm {
  BLOCK_STORE_DIRECT,
  BLOCK_STORE_STRIPED,
  BLOCK_STORE_VECTORIZE,
  BLOCK_STORE_TRANSPOSE,
  BLOCK_STORE_WARP_TRANSPOSE,
  BLOCK_STORE_WARP_TRANSPOSE_TIMESLICED
};

// Every algorithm but STRIPED leaves a thread with consecutive items; transposing is a way to get there.
template <class T, int X, int ITEMS, BlockLoadAlgorithm A = BLOCK_LOAD_DIRECT, int Y = 1, int Z = 1, int = 0>
class BlockLoad {
  using Place = std::conditional_t<A == BLOCK_LOAD_STRIPED, internal::Striped, internal::Blocked>;

 public:
  using TempStorage = Uninitialized<NullType>;
  explicit BlockLoad(TempStorage&) {}
  BlockLoad() {}
  template <class It, class... Guard>
  void Load(It from, T (&items)[ITEMS], Guard... guard) {
    internal::load_items<Place>(internal::block_thread<X, Y, Z>(), X * Y * Z, from, items, guard...);
  }
};

template <class T, int X, int ITEMS, BlockStoreAlgorithm A = BLOCK_STORE_DIRECT, int Y = 1, int Z = 1, int = 0>
class BlockStore {
  using Place = std::conditional_t<A == BLOCK_STORE_STRIPED, internal::Striped, internal::Blocked>;

 public:
  using TempStorage = Uninitialized<NullType>;
  explicit BlockStore(TempStorage&) {}
  BlockStore() {}
  template <class It>
  void Store(It to, T (&items)[ITEMS], int valid = X * Y * Z * ITEMS) {
    internal::store_items<Place>(internal::block_thread<X, Y, Z>(), X * Y * Z, to, items, valid);
  }
};

}  // namespace cub
