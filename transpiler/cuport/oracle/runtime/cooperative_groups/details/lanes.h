// Groups of lanes of one warp, by mask.
#pragma once
#include "block.h"

namespace cooperative_groups {

class lane_group {
 public:
  unsigned size() const { return static_cast<unsigned>(__builtin_popcount(mask_)); }
  unsigned num_threads() const { return size(); }
  unsigned thread_rank() const { return static_cast<unsigned>(__builtin_popcount(mask_ & ((1u << lane_id()) - 1))); }
  unsigned meta_group_size() const { return groups_; }
  unsigned meta_group_rank() const { return group_; }
  bool is_valid() const { return true; }
  void sync(int site = CUPORT_SITE) const { __syncwarp(mask_, site); }
  cuport_token barrier_arrive() const { return {}; }
  void barrier_wait(cuport_token&&, int site = CUPORT_SITE) const { sync(site); }
  int any(int p, int site = CUPORT_SITE) const { return __any_sync(mask_, p, site); }
  int all(int p, int site = CUPORT_SITE) const { return __all_sync(mask_, p, site); }
  unsigned ballot(int p, int site = CUPORT_SITE) const { return to_ranks(__ballot_sync(mask_, p, site)); }
  template <class T>
  unsigned match_any(T v, int site = CUPORT_SITE) const { return to_ranks(__match_any_sync(mask_, v, site)); }
  template <class T>
  unsigned match_all(T v, int& pred, int site = CUPORT_SITE) const { return to_ranks(__match_all_sync(mask_, v, &pred, site)); }
  template <class T>
  T shfl(T v, unsigned rank, int site = CUPORT_SITE) const { return from_rank(v, static_cast<int>(rank % size()), site); }
  // Out of range gives the own value.
  template <class T>
  T shfl_up(T v, unsigned delta, int site = CUPORT_SITE) const {
    const int source = static_cast<int>(thread_rank()) - static_cast<int>(delta);
    return from_rank(v, source < 0 ? static_cast<int>(thread_rank()) : source, site);
  }
  template <class T>
  T shfl_down(T v, unsigned delta, int site = CUPORT_SITE) const {
    const unsigned source = thread_rank() + delta;
    return from_rank(v, static_cast<int>(source >= size() ? thread_rank() : source), site);
  }
  template <class T>
  T shfl_xor(T v, unsigned lanes, int site = CUPORT_SITE) const {
    const unsigned source = thread_rank() ^ lanes;
    return from_rank(v, static_cast<int>(source >= size() ? thread_rank() : source), site);
  }
  unsigned cuport_mask() const { return mask_; }

 protected:
  explicit lane_group(unsigned mask, unsigned group = 0, unsigned groups = 1) : mask_(mask), group_(group), groups_(groups) {}

  template <class T>
  T from_rank(T v, int rank, int site) const {
    const int lane = nth_lane(rank);
    const T got = cuport::warps::shuffle_from(mask_, v, lane, site);
    if constexpr (sizeof(T) <= 8) CUPORT_MET(1u << lane);
    return got;
  }
  int nth_lane(int rank) const {
    unsigned rest = mask_;
    for (; rank > 0; --rank) rest &= rest - 1;
    return __builtin_ctz(rest);
  }
  // Bits by lane to bits by rank.
  unsigned to_ranks(unsigned lanes) const {
    unsigned ranks = 0, rank = 0;
    for (unsigned rest = mask_; rest != 0; rest &= rest - 1, ++rank) ranks |= (lanes >> __builtin_ctz(rest) & 1u) << rank;
    return ranks;
  }
  unsigned mask_;
  unsigned group_, groups_;  // which of how many a partition made
};

class coalesced_group : public lane_group {
 public:
  explicit coalesced_group(unsigned mask, unsigned group = 0, unsigned groups = 1) : lane_group(mask, group, groups) {}
};
inline coalesced_group coalesced_threads(int site = CUPORT_SITE) { return coalesced_group(__activemask(site)); }

}  // namespace cooperative_groups
