// cub::BlockExchange: items change threads through shared memory.
#pragma once
#include "block_load.cuh"

namespace cub {

template <class T, int X, int ITEMS, bool = false, int Y = 1, int Z = 1, int = 0>
class BlockExchange {
  static constexpr int N = X * Y * Z;
  struct Storage {
    T items[N * ITEMS];
  };

 public:
  using TempStorage = Uninitialized<Storage>;
  explicit BlockExchange(TempStorage& temp) : at_(temp.Alias().items), thread_(internal::block_thread<X, Y, Z>()) {}
  BlockExchange() : BlockExchange(cuport::shared<TempStorage>()) {}

  template <class U>
  void BlockedToStriped(const T (&in)[ITEMS], U (&out)[ITEMS], CUB_SITE) { move<internal::Blocked, internal::Striped>(in, out, site); }
  template <class U>
  void StripedToBlocked(const T (&in)[ITEMS], U (&out)[ITEMS], CUB_SITE) { move<internal::Striped, internal::Blocked>(in, out, site); }
  template <class U>
  void BlockedToWarpStriped(const T (&in)[ITEMS], U (&out)[ITEMS], CUB_SITE) { move<internal::Blocked, internal::WarpStriped>(in, out, site); }
  template <class U>
  void WarpStripedToBlocked(const T (&in)[ITEMS], U (&out)[ITEMS], CUB_SITE) { move<internal::WarpStriped, internal::Blocked>(in, out, site); }
  void BlockedToStriped(T (&items)[ITEMS], CUB_SITE) { BlockedToStriped(items, items, site); }
  void StripedToBlocked(T (&items)[ITEMS], CUB_SITE) { StripedToBlocked(items, items, site); }
  void BlockedToWarpStriped(T (&items)[ITEMS], CUB_SITE) { BlockedToWarpStriped(items, items, site); }
  void WarpStripedToBlocked(T (&items)[ITEMS], CUB_SITE) { WarpStripedToBlocked(items, items, site); }

  template <class U, class Offset>
  void ScatterToBlocked(const T (&in)[ITEMS], U (&out)[ITEMS], Offset (&ranks)[ITEMS], CUB_SITE) {
    for (int i = 0; i < ITEMS; ++i) at_[ranks[i]] = in[i];
    take<internal::Blocked>(out, site);
  }
  template <class U, class Offset>
  void ScatterToStriped(const T (&in)[ITEMS], U (&out)[ITEMS], Offset (&ranks)[ITEMS], CUB_SITE) {
    for (int i = 0; i < ITEMS; ++i) at_[ranks[i]] = in[i];
    take<internal::Striped>(out, site);
  }
  // Ranks below zero do not take part; what nobody wrote is read all the same, and means nothing.
  template <class U, class Offset>
  void ScatterToStripedGuarded(const T (&in)[ITEMS], U (&out)[ITEMS], Offset (&ranks)[ITEMS], CUB_SITE) {
    for (int i = 0; i < ITEMS; ++i) {
      if (ranks[i] >= 0) at_[ranks[i]] = in[i];
    }
    take<internal::Striped>(out, site);
  }
  template <class U, class Offset, class Valid>
  void ScatterToStripedFlagged(const T (&in)[ITEMS], U (&out)[ITEMS], Offset (&ranks)[ITEMS], Valid (&valid)[ITEMS], CUB_SITE) {
    for (int i = 0; i < ITEMS; ++i) {
      if (valid[i]) at_[ranks[i]] = in[i];
    }
    take<internal::Striped>(out, site);
  }
  template <class Offset>
  void ScatterToBlocked(T (&items)[ITEMS], Offset (&ranks)[ITEMS], CUB_SITE) { ScatterToBlocked(items, items, ranks, site); }
  template <class Offset>
  void ScatterToStriped(T (&items)[ITEMS], Offset (&ranks)[ITEMS], CUB_SITE) { ScatterToStriped(items, items, ranks, site); }
  template <class Offset>
  void ScatterToStripedGuarded(T (&items)[ITEMS], Offset (&ranks)[ITEMS], CUB_SITE) { ScatterToStripedGuarded(items, items, ranks, site); }
  template <class Offset, class Valid>
  void ScatterToStripedFlagged(T (&items)[ITEMS], Offset (&ranks)[ITEMS], Valid (&valid)[ITEMS], CUB_SITE) {
    ScatterToStripedFlagged(items, items, ranks, valid, site);
  }

 private:
  template <class From, class To, class U>
  void move(const T (&in)[ITEMS], U (&out)[ITEMS], int site) {
    for (int i = 0; i < ITEMS; ++i) at_[From::template place<ITEMS>(thread_, i, N)] = in[i];
    take<To>(out, site);
  }
  template <class To, class U>
  void take(U (&out)[ITEMS], int site) {
    __syncthreads(site);
    for (int i = 0; i < ITEMS; ++i) out[i] = at_[To::template place<ITEMS>(thread_, i, N)];
  }
  T (&at_)[N * ITEMS];
  const int thread_;
};

}  // namespace cub
