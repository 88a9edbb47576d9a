// Scans over a group, and on top of an atomic object.
#pragma once
#include "../cooperative_groups.h"
#include "details/collective.h"

namespace cooperative_groups {

template <class Group, class T, class Op, class = std::enable_if_t<!std::is_integral_v<cuport_plain<Op>>>>
inline cuport_plain<T> inclusive_scan(const Group& g, T&& value, Op&& op, int site = CUPORT_SITE) {
  return cuport_fold(g, cuport_plain<T>(value), cuport_plain<Op>(op), cuport::warps::Fold::inclusive, site);
}
template <class Group, class T, class Op, class = std::enable_if_t<!std::is_integral_v<cuport_plain<Op>>>>
inline cuport_plain<T> exclusive_scan(const Group& g, T&& value, Op&& op, int site = CUPORT_SITE) {
  return cuport_fold(g, cuport_plain<T>(value), cuport_plain<Op>(op), cuport::warps::Fold::exclusive, site);
}
template <class Group, class T>
inline cuport_plain<T> inclusive_scan(const Group& g, T&& value, int site = CUPORT_SITE) {
  return inclusive_scan(g, value, plus<cuport_plain<T>>(), site);
}
template <class Group, class T>
inline cuport_plain<T> exclusive_scan(const Group& g, T&& value, int site = CUPORT_SITE) {
  return exclusive_scan(g, value, plus<cuport_plain<T>>(), site);
}

// Every thread's scan, on top of what the atomic held before the group's total was put to it.
template <bool inclusive, class Group, class Atomic, class T, class Op>
inline T cuport_scan_update(const Group& g, Atomic& atomic, T value, Op op, int site) {
  const T upto = inclusive_scan(g, value, op, site), before = exclusive_scan(g, value, op, site);
  T base{};
  if (g.thread_rank() == g.size() - 1) base = cuport_update(atomic, upto, op);
  base = g.shfl(base, g.size() - 1);
  if (inclusive) return op(base, upto);
  return g.thread_rank() == 0 ? base : op(base, before);
}
template <class Group, class Atomic, class T, class Op>
inline cuport_plain<T> inclusive_scan_update(const Group& g, Atomic& atomic, T&& value, Op&& op, int site = CUPORT_SITE) {
  return cuport_scan_update<true>(g, atomic, cuport_plain<T>(value), cuport_plain<Op>(op), site);
}
template <class Group, class Atomic, class T, class Op>
inline cuport_plain<T> exclusive_scan_update(const Group& g, Atomic& atomic, T&& value, Op&& op, int site = CUPORT_SITE) {
  return cuport_scan_update<false>(g, atomic, cuport_plain<T>(value), cuport_plain<Op>(op), site);
}

}  // namespace cooperative_groups
