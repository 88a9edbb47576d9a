// Small integer arithmetic.
#pragma once
#include "util_type.cuh"

namespace cub {
template <class N, class D>
constexpr N DivideAndRoundUp(N n, D d) { return static_cast<N>(n / d + (n % d != 0 ? 1 : 0)); }
constexpr int Nominal4BItemsToItemsCombined(int n, int bytes) { return n * 4 / bytes < 1 ? 1 : n * 4 / bytes; }
}  // namespace cub
