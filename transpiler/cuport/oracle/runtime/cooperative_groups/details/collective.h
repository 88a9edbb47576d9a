// What reductions and scans are made of: the operators, and folding in the order of a butterfly or of the ranks.
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
  if constexpr (sizeof(T) <= 8) CUPORT_MET_BLOCK();
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

// Into an atomic object (cuda::atomic, cuda::atomic_ref); returns what it held.
template <class Atomic, class T, class Op>
inline T cuport_update(Atomic& atomic, T value, const Op& op) {
  T old = atomic.load();
  while (!atomic.compare_exchange_weak(old, op(old, value))) {
  }
  return old;
}

}  // namespace cooperative_groups
