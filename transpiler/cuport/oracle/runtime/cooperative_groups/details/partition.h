// Cutting groups into smaller ones.
#pragma once
#include "tiles.h"

namespace cooperative_groups {

template <unsigned N, class Parent>
inline thread_block_tile<N, Parent> tiled_partition(const Parent&) { return {}; }

// Runs of n lanes in the order of their ranks.
inline coalesced_group tiled_partition(const coalesced_group& parent, unsigned n) {
  if (n == 0 || n >= parent.size()) return parent;
  const unsigned own = parent.thread_rank() / n;
  unsigned mask = 0, rank = 0;
  for (unsigned rest = parent.cuport_mask(); rest != 0; rest &= rest - 1, ++rank) {
    if (rank / n == own) mask |= rest & (0u - rest);
  }
  return coalesced_group(mask, own, (parent.size() + n - 1) / n);
}
inline thread_group tiled_partition(const thread_group& parent, unsigned n) {
  if (!parent.cuport_is_block()) return thread_group(tiled_partition(coalesced_group(parent.cuport_mask()), n));
  const unsigned all = n >= 32 ? ~0u : (1u << n) - 1;
  return thread_group(coalesced_group(all << (lane_id() & ~(n - 1)), linear_thread() / n, (thread_block::size() + n - 1) / n));
}

// Those that say yes and those that say no.
template <class Group>
inline coalesced_group binary_partition(const Group& g, bool p, int site = CUPORT_SITE) {
  const unsigned yes = __ballot_sync(g.cuport_mask(), p, site), no = g.cuport_mask() & ~yes;
  if (yes == 0 || no == 0) return coalesced_group(g.cuport_mask(), 0, 1);
  return coalesced_group(p ? yes : no, p, 2);
}
// Those with equal labels; the groups are counted in the order of their first lanes.
template <class Group, class T>
inline coalesced_group labeled_partition(const Group& g, T label, int site = CUPORT_SITE) {
  const unsigned mine = __match_any_sync(g.cuport_mask(), label, site), first = mine & (0u - mine);
  const unsigned leaders = __ballot_sync(g.cuport_mask(), 1u << lane_id() == first, site);
  return coalesced_group(mine, static_cast<unsigned>(__builtin_popcount(leaders & (first - 1))), static_cast<unsigned>(__builtin_popcount(leaders)));
}

template <class Group>
inline void sync(const Group& g, int site = CUPORT_SITE) { g.sync(site); }
inline void sync(const grid_group& g) { g.sync(); }
template <class Group>
inline auto thread_rank(const Group& g) { return g.thread_rank(); }
template <class Group>
inline auto group_size(const Group& g) { return g.size(); }
template <class Group>
inline dim3 group_index(const Group& g) { return g.group_index(); }
template <class Group>
inline dim3 thread_index(const Group& g) { return g.thread_index(); }

template <class Group, class F, class... A>
inline void invoke_one(const Group& g, F&& f, A&&... args) {
  if (g.thread_rank() == 0) static_cast<F&&>(f)(static_cast<A&&>(args)...);
}
template <class Group, class F, class... A>
inline auto invoke_one_broadcast(const Group& g, F&& f, A&&... args) {
  std::remove_cv_t<std::remove_reference_t<decltype(static_cast<F&&>(f)(static_cast<A&&>(args)...))>> value{};
  if (g.thread_rank() == 0) value = static_cast<F&&>(f)(static_cast<A&&>(args)...);
  return g.shfl(value, 0);
}

// What used to be told apart from the rest.
namespace experimental {
using namespace cooperative_groups;
template <unsigned size, unsigned most = 1024>
struct block_tile_memory {
  char cuport_unused;
};
template <unsigned size, unsigned most>
inline thread_block this_thread_block(block_tile_memory<size, most>&) { return {}; }
template <unsigned N, class Parent>
inline thread_block_tile<N, Parent> tiled_partition(const Parent&) { return {}; }
}  // namespace experimental

}  // namespace cooperative_groups
