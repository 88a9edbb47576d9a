// Reductions over a group, and of a group into an atomic object.
#pragma once
#include "../cooperative_groups.h"
#include "details/collective.h"

namespace cooperative_groups {

template <class Group, class T, class Op>
inline cuport_plain<T> reduce(const Group& g, T&& value, Op&& op, int site = CUPORT_SITE) {
  return cuport_fold(g, cuport_plain<T>(value), cuport_plain<Op>(op), cuport::warps::Fold::reduce, site);
}

// By one thread of the group.
template <class Group, class Atomic, class T, class Op>
inline void reduce_update_async(const Group& g, Atomic& atomic, T&& value, Op&& op, int site = CUPORT_SITE) {
  const auto total = reduce(g, value, op, site);
  if (g.thread_rank() == 0) cuport_update(atomic, total, op);
}
template <class Group, class Atomic, class T, class Op>
inline void reduce_store_async(const Group& g, Atomic& atomic, T&& value, Op&& op, int site = CUPORT_SITE) {
  const auto total = reduce(g, value, op, site);
  if (g.thread_rank() == 0) atomic.store(total);
}

}  // namespace cooperative_groups
