// What the device-wide algorithms share. Each is called twice, first without storage to learn how much it needs; all
// work is done by the calling thread when the call returns.
#pragma once
#include "../block/block_threads.cuh"
#include "../util_device.cuh"

namespace cub {
namespace internal {

constexpr size_t kTileItems = 2048;

// Runs `body` in the second call. `bytes`: roughly what CUB needs, so that a program that passes too few is told so.
template <class F>
inline cudaError_t in_two_calls(void* storage, size_t& bytes, size_t need, F body) {
  if (need == 0) need = 1;
  if (storage == nullptr) {
    bytes = need;
    return cudaSuccess;
  }
  if (bytes < need) return cudaErrorInvalidValue;
  if (cuport::device_error != cudaSuccess) return cuport::device_error;
  body();
  return cudaSuccess;
}
inline size_t tiles_of(size_t n) { return 256 * 3 - 1 + n / kTileItems * 16; }

// Reduces at(0) ... at(n - 1) after `initial`. Floating sums are taken as blocks of 256 threads take them, tile by tile.
template <class T, class At, class Op>
inline T reduce_all(size_t n, At at, Op& op, const T& initial) {
  T total = initial;
  if constexpr (!is_integer<T>) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      for (size_t first = 0; first < n; first += kTileItems) {
        T lane[256];
        const size_t items = n - first < kTileItems ? n - first : kTileItems;
        const int lanes = static_cast<int>(items < 256 ? items : 256);
        for (int t = 0; t < lanes; ++t) {
          T mine = static_cast<T>(at(first + static_cast<size_t>(t)));
          for (size_t i = static_cast<size_t>(t) + 256; i < items; i += 256) mine = static_cast<T>(op(mine, static_cast<T>(at(first + i))));
          lane[t] = mine;
        }
        total = static_cast<T>(op(total, reduce_by_warps(lane, lanes, op)));
      }
      return total;
    }
  }
  for (size_t i = 0; i < n; ++i) total = static_cast<T>(op(total, static_cast<T>(at(i))));
  return total;
}

// put(i, scan). Without an initial value the first element begins; an exclusive scan needs one. Tile by tile, so that
// the error of floating sums does not grow as in one long chain.
template <bool Inclusive, class T, class At, class Put, class Op>
inline void scan_all(size_t n, At at, Put put, Op& op, const T* initial) {
  if (n == 0) return;
  bool begun = initial != nullptr;
  T before = begun ? *initial : static_cast<T>(at(0));
  for (size_t first = 0; first < n; first += kTileItems) {
    const size_t last = n - first < kTileItems ? n : first + kTileItems;
    T local = static_cast<T>(at(first));
    for (size_t i = first; i < last; ++i) {
      if constexpr (Inclusive) {
        if (i != first) local = static_cast<T>(op(local, static_cast<T>(at(i))));
        put(i, begun ? static_cast<T>(op(before, local)) : local);
      } else {
        const T next = i == first ? local : static_cast<T>(at(i));
        put(i, i == first ? before : static_cast<T>(op(before, local)));
        if (i != first) local = static_cast<T>(op(local, next));
      }
    }
    before = begun ? static_cast<T>(op(before, local)) : local;
    begun = true;
  }
}

template <class First, class... Rest>
inline First first_of(First f, Rest...) { return f; }

// A trailing argument that is a comparison; streams and flags are none.
template <class K, class... Rest>
struct equality_of {
  using type = Equality;
  static type get(Rest...) { return {}; }
};
template <class K, class F, class... Rest>
struct equality_of<K, F, Rest...> {
  static constexpr bool is = std::is_class_v<F> && std::is_invocable_v<F&, const K&, const K&>;
  using type = std::conditional_t<is, F, Equality>;
  static type get(F f, Rest...) {
    if constexpr (is) return f; else return (void)f, Equality{};
  }
};

}  // namespace internal
}  // namespace cub
