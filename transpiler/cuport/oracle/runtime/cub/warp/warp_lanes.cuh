// What the warp collectives share: which lanes form the logical warp, and values fetched from one of them.
#pragma once
#include "../thread/thread_operators.cuh"
#include "../util_ptx.cuh"

namespace cub {
namespace internal {

// A logical warp of W threads: consecutive lanes; of a W that is no power of two, as many as fit into 32.
template <int W>
struct Lanes {
  static_assert(W >= 1 && W <= 32, "a logical warp has 1 to 32 threads");
  int lane, first;
  unsigned mask;
  Lanes() {
    const int hardware = static_cast<int>(cuport::lane_id());
    first = hardware / W * W;
    lane = hardware - first;
    mask = (W == 32 ? ~0u : (1u << (W % 32)) - 1) << first;
  }
  template <class T>
  T from(const T& v, int source, int site) const {  // source outside: the own value
    const int from = source < 0 || source >= W ? first + lane : first + source;
    const T result = cuport::warps::shuffle_from(mask, v, from, site);
    if constexpr (sizeof(T) <= 8) CUPORT_MET(1u << from);
    return result;
  }
  unsigned ballot(bool p, int site) const { return __ballot_sync(mask, p, site) >> first; }
  void sync(int site) const { __syncwarp(mask, site); }
};

}  // namespace internal
}  // namespace cub
