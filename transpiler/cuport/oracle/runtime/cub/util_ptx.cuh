// Lane and warp numbers, shuffles of any type, synchronisation: what CUB calls PTX.
#pragma once
#include "util_type.cuh"
#include "../cuport/threads/barrier.h"

namespace cub {

inline unsigned LaneId() { return cuport::lane_id(); }
inline unsigned WarpId() { return cuport::linear_thread() / 32; }
inline unsigned LaneMaskLt() { return (1u << LaneId()) - 1; }
inline unsigned LaneMaskLe() { return (2u << LaneId()) - 1; }
inline unsigned LaneMaskGt() { return ~LaneMaskLe(); }
inline unsigned LaneMaskGe() { return ~LaneMaskLt(); }
inline int RowMajorTid(int x, int y, int) {
  return static_cast<int>(threadIdx.z) * x * y + static_cast<int>(threadIdx.y) * x + static_cast<int>(threadIdx.x);
}
template <int LogicalWarpThreads, int = 0>
inline unsigned WarpMask(unsigned warp) {
  constexpr unsigned all = LogicalWarpThreads >= 32 ? ~0u : (1u << (LogicalWarpThreads % 32)) - 1;
  return LogicalWarpThreads >= 32 ? all : all << (warp * LogicalWarpThreads % 32);
}

inline void CTA_SYNC(int site = CUPORT_SITE) { __syncthreads(site); }
inline int CTA_SYNC_OR(int p, int site = CUPORT_SITE) { return __syncthreads_or(p, site); }
inline int CTA_SYNC_AND(int p, int site = CUPORT_SITE) { return __syncthreads_and(p, site); }
inline void WARP_SYNC(unsigned mask, int site = CUPORT_SITE) { __syncwarp(mask, site); }
inline int WARP_ANY(int p, unsigned mask, int site = CUPORT_SITE) { return __any_sync(mask, p, site); }
inline int WARP_ALL(int p, unsigned mask, int site = CUPORT_SITE) { return __all_sync(mask, p, site); }
inline unsigned WARP_BALLOT(int p, unsigned mask, int site = CUPORT_SITE) { return __ballot_sync(mask, p, site); }
inline void ThreadExit() { __builtin_trap(); }

template <int LogicalWarpThreads, class T>
inline T ShuffleUp(T v, int offset, int first_thread, unsigned mask, int site = CUPORT_SITE) {
  const int lane = static_cast<int>(LaneId()), source = lane - offset;
  const int base = lane / LogicalWarpThreads * LogicalWarpThreads;
  return cuport::warps::shuffle_from(mask, v, source < base + first_thread ? lane : source, site);
}
template <int LogicalWarpThreads, class T>
inline T ShuffleDown(T v, int offset, int last_thread, unsigned mask, int site = CUPORT_SITE) {
  const int lane = static_cast<int>(LaneId()), source = lane + offset;
  const int base = lane / LogicalWarpThreads * LogicalWarpThreads;
  return cuport::warps::shuffle_from(mask, v, source > base + last_thread ? lane : source, site);
}
template <int LogicalWarpThreads, class T>
inline T ShuffleIndex(T v, int source, unsigned mask, int site = CUPORT_SITE) {
  const int lane = static_cast<int>(LaneId()), base = lane / LogicalWarpThreads * LogicalWarpThreads;
  return cuport::warps::shuffle_from(mask, v, base + source % LogicalWarpThreads, site);
}

template <class Bits>
inline unsigned BFE(Bits source, unsigned start, unsigned count) {
  return static_cast<unsigned>((source >> start) & ((Bits(1) << count) - 1));
}
inline void BFI(unsigned& out, unsigned x, unsigned y, unsigned start, unsigned count) {
  const unsigned mask = (count >= 32 ? ~0u : (1u << count) - 1) << start;
  out = (x & ~mask) | ((y << start) & mask);
}
inline unsigned SHR_ADD(unsigned x, unsigned shift, unsigned addend) { return (x >> shift) + addend; }
inline unsigned SHL_ADD(unsigned x, unsigned shift, unsigned addend) { return (x << shift) + addend; }

template <int LabelBits>
inline unsigned MatchAny(unsigned label, int site = CUPORT_SITE) { return __match_any_sync(~0u, label, site); }

}  // namespace cub
