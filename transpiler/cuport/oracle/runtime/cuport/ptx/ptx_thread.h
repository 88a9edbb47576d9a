// Special registers, warp operations and barriers of PTX.
#pragma once
#include "address.h"
#include "../host/clock.h"
#include "../threads/named_barriers.h"
#include "ptx.h"

namespace cuport {
namespace ptx {

CUPORT_FN uint32_t lanes_below() { return (1u << lane_id()) - 1u; }
CUPORT_FN uint32_t lanemask_lt() { return lanes_below(); }
CUPORT_FN uint32_t lanemask_le() { return lanes_below() | 1u << lane_id(); }
CUPORT_FN uint32_t lanemask_gt() { return ~lanemask_le(); }
CUPORT_FN uint32_t lanemask_ge() { return ~lanes_below(); }
CUPORT_FN uint32_t lanemask_eq() { return 1u << lane_id(); }
CUPORT_FN uint32_t laneid() { return lane_id(); }
CUPORT_FN uint32_t warpid() { return linear_thread() / 32; }
CUPORT_FN uint32_t nwarpid() { return 64; }
CUPORT_FN uint32_t smid() { return (blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z)) % 8; }  // as many as cudaDeviceProp says
CUPORT_FN uint32_t nsmid() { return 8; }
CUPORT_FN uint64_t gridid() { return 1; }
CUPORT_FN uint64_t ticks64() { return static_cast<uint64_t>(ticks()); }
CUPORT_FN uint32_t dynamic_shared_size() { return static_cast<uint32_t>(shared_dynamic_bytes); }
CUPORT_FN uint32_t total_shared_size() { return static_cast<uint32_t>(shared_static_bytes + shared_dynamic_bytes); }

// shfl: the PTX manual's own rule. `c` holds the clamp in its low bits and the sub-warp mask from bit 8.
enum class Shuffle { up, down, bfly, idx };
struct Shuffled {
  uint32_t value;
  bool inside;
};
template <Shuffle M>
CUPORT_QUIET inline Shuffled shfl(uint32_t a, uint32_t b, uint32_t c, uint32_t lanes, int site = CUPORT_SITE) {
  const int lane = static_cast<int>(lane_id()), by = static_cast<int>(b & 31u), clamp = static_cast<int>(c & 31u), mask = static_cast<int>(c >> 8 & 31u);
  const int last = (lane & mask) | (clamp & ~mask), first = lane & mask;
  int source = 0;
  bool inside = false;
  if constexpr (M == Shuffle::up) source = lane - by, inside = source >= last;
  if constexpr (M == Shuffle::down) source = lane + by, inside = source <= last;
  if constexpr (M == Shuffle::bfly) source = lane ^ by, inside = source <= last;
  if constexpr (M == Shuffle::idx) source = first | (by & ~mask), inside = source <= last;
  if (!inside) source = lane;
  return Shuffled{warps::shuffle_from(lanes, a, source, site), inside};
}
CUPORT_FN bool vote_all(bool a, uint32_t lanes, int site = CUPORT_SITE) { return __all_sync(lanes, a, site) != 0; }
CUPORT_FN bool vote_any(bool a, uint32_t lanes, int site = CUPORT_SITE) { return __any_sync(lanes, a, site) != 0; }
CUPORT_FN bool vote_uni(bool a, uint32_t lanes, int site = CUPORT_SITE) { return __uni_sync(lanes, a, site) != 0; }
CUPORT_FN uint32_t vote_ballot(bool a, uint32_t lanes, int site = CUPORT_SITE) { return __ballot_sync(lanes, a, site); }
CUPORT_FN uint32_t active_mask(int site = CUPORT_SITE) { return __activemask(site); }
CUPORT_FN void warp_sync(uint32_t lanes, int site = CUPORT_SITE) { __syncwarp(lanes, site); }
template <class T> CUPORT_FN uint32_t match_any(T a, uint32_t lanes, int site = CUPORT_SITE) { return __match_any_sync(lanes, a, site); }
template <class T>
CUPORT_FN Shuffled match_all(T a, uint32_t lanes, int site = CUPORT_SITE) {
  int same = 0;
  const uint32_t mask = __match_all_sync(lanes, a, &same, site);
  return Shuffled{mask, same != 0};
}
// The leader is the lowest lane.
CUPORT_FN Shuffled elect(uint32_t lanes, int site = CUPORT_SITE) {
  const auto v = warps::vote(lanes, true, site);
  const auto leader = static_cast<uint32_t>(__builtin_ctz(v.lanes));
  return Shuffled{leader, leader == lane_id()};
}
template <class Op, class T>
CUPORT_QUIET inline T redux(T a, uint32_t lanes, int site = CUPORT_SITE) { return warps::reduce<Op>(lanes, a, site); }

// Warps may come to one barrier from different instructions, so no place is named.
CUPORT_FN void bar_sync(uint32_t number, uint32_t threads) { barrier_sync(number, threads, 0); }
CUPORT_FN void bar_arrive(uint32_t number, uint32_t threads) { barrier_arrive(number, threads); }
CUPORT_QUIET inline uint32_t bar_popc(uint32_t number, uint32_t threads, bool p) { return static_cast<uint32_t>(meet_at(number, threads, p, true).last_count); }
CUPORT_QUIET inline bool bar_and(uint32_t number, uint32_t threads, bool p) { return meet_at(number, threads, p, true).last_all != 0; }
CUPORT_QUIET inline bool bar_or(uint32_t number, uint32_t threads, bool p) { return meet_at(number, threads, p, true).last_any != 0; }

}  // namespace ptx
}  // namespace cuport
