// Reductions and scans: in the order of a butterfly and of the ranks respectively.
#pragma once
#include "partition.h"

namespace cooperative_groups {

template <class T = void>
struct plus { T operator()(T a, T b) const { return a + b; } };
template <class T = void>
struct less { T operator()(T a, T b) const { return b < a ? b : a; } };
template <class T = void>
struct greater { T operator()(T a, T b) const { return a < b ? b : a; } };
template <class T = void>
struct bit_and { T operator()(T a, T b) const { return a & b; } };
template <class T = void>
struct bit_or { T operator()(T a, T b) const { return a | b; } };
template <class T = void>
struct bit_xor { T operator()(T a, T b) const { return a ^ b; } };
#define CUPORT_ANY(name, expression) \
  template <>                        \
  struct name<void> {                \
    template <class T>               \
    T operator()(T a, T b) const {   \
      return expression;             \
    }                                \
  };
CUPORT_ANY(plus, a + b)
CUPORT_ANY(less, b < a ? b : a)
CUPORT_ANY(greater, a < b ? b : a)
CUPORT_ANY(bit_and, a & b)
CUPORT_ANY(bit_or, a | b)
CUPORT_ANY(bit_xor, a ^ b)
#undef CUPORT_ANY

// The same over a tile of several warps.
template <class T, class Op>
CUPORT_QUIET void cuport_fold_tile(void** operands, unsigned n) {
  using Operand = cuport::warps::FoldOperand<T, Op>;
  const auto at = [&](unsigned i) -> Operand& { return *static_cast<Operand*>(operands[i]); };
  Op op = at(0).op;
  if (at(0).fold == cuport::warps::Fold::reduce) {
    unsigned count = n;
    for (; count > 1 && count % 2 == 0; count /= 2) {
      for (unsigned i = 0; i < count / 2; ++i) at(i).value = op(at(i).value, at(i + count / 2).value);
    }
    for (unsigned i = 1; i < count; ++i) at(0).value = op(at(0).value, at(i).value);
    for (unsigned i = 1; i < n; ++i) at(i).value = at(0).value;
    return;
  }
  const bool inclusive = at(0).fold == cuport::warps::Fold::inclusive;
  T total = at(0).value;
  if (!inclusive) at(0).value = T{};
  for (unsigned i = 1; i < n; ++i) {
    const T before = total;
    total = op(total, at(i).value);
    at(i).value = inclusive ? total : before;
  }
}
template <unsigned N, class T, class Op>
inline T cuport_fold(const cuport_large_tile<N>&, T value, Op op, cuport::warps::Fold kind, int site) {
  cuport::warps::FoldOperand<T, Op> operand{value, op, kind};
  cuport::meet_tile(N, &operand, &cuport_fold_tile<T, Op>, site);
  return operand.value;
}
template <class T, class Op>
inline T cuport_fold(const lane_group& g, T value, Op op, cuport::warps::Fold kind, int site) {
  const T folded = cuport::warps::fold(g.cuport_mask(), value, op, kind, site);
  if constexpr (sizeof(T) <= 8) CUPORT_MET(g.cuport_mask());
  return folded;
}

template <class T>
using cuport_plain = std::remove_cv_t<std::remove_reference_t<T>>;

template <class Group, class T, class Op>
inline cuport_plain<T> reduce(const Group& g, T&& value, Op&& op, int site = CUPORT_SITE) {
  return cuport_fold(g, cuport_plain<T>(value), cuport_plain<Op>(op), cuport::warps::Fold::reduce, site);
}
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

// The group's result into an atomic object (cuda::atomic, cuda::atomic_ref), by one thread.
template <class Atomic, class T, class Op>
inline T cuport_update(Atomic& atomic, T value, const Op& op) {
  T old = atomic.load();
  while (!atomic.compare_exchange_weak(old, op(old, value))) {
  }
  return old;
}
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
