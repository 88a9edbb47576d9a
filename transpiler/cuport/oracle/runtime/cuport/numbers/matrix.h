// Products of small matrices, as tensor cores make them: of narrow numbers, summed wide and rounded once.
#pragma once
#include <type_traits>
#include "../config.h"

namespace cuport {

// c = a b, all row after row. Products of half, bfloat16 and tf32 are exact in double, and so is nearly every sum; hardware
// keeps fewer digits, in an order nobody promises.
template <int M, int N, int K, class T>
CUPORT_QUIET static inline void plain_product(const T* a, const T* b, T* c) {
  for (int i = 0; i < M; ++i) {
    T sum[N];
    for (int j = 0; j < N; ++j) sum[j] = a[i * K] * b[j];
    for (int k = 1; k < K; ++k) {
      const T x = a[i * K + k];
      for (int j = 0; j < N; ++j) sum[j] += x * b[k * N + j];
    }
    for (int j = 0; j < N; ++j) c[i * N + j] = sum[j];
  }
}

#if defined(__x86_64__)
// The same additions in the same order, a row of sums in wide registers.
template <int M, int N, int K, class T>
CUPORT_QUIET __attribute__((target("avx2"), noinline)) void wide_product(const T* a, const T* b, T* c) {
  typedef T Wide __attribute__((vector_size(32), aligned(alignof(T)), may_alias));
  constexpr int lanes = 32 / static_cast<int>(sizeof(T)), parts = N / lanes;
  const auto* rows = reinterpret_cast<const Wide*>(b);
  for (int i = 0; i < M; ++i) {
    Wide sum[parts];
    const Wide first = a[i * K] - Wide{};
#pragma GCC unroll 8
    for (int p = 0; p < parts; ++p) sum[p] = first * rows[p];
    for (int k = 1; k < K; ++k) {
      const Wide x = a[i * K + k] - Wide{};
#pragma GCC unroll 8
      for (int p = 0; p < parts; ++p) sum[p] += x * rows[k * parts + p];
    }
#pragma GCC unroll 8
    for (int p = 0; p < parts; ++p) reinterpret_cast<Wide*>(c)[i * parts + p] = sum[p];
  }
}
#endif

template <int M, int N, int K, class T>
CUPORT_QUIET static inline void small_product(const T* a, const T* b, T* c) {
#if defined(__x86_64__)
  if constexpr ((std::is_same_v<T, double> || std::is_same_v<T, int>) && N % (32 / sizeof(T)) == 0) {
    static const bool wide = __builtin_cpu_supports("avx2");
    if (wide) return wide_product<M, N, K>(a, b, c);
  }
#endif
  plain_product<M, N, K>(a, b, c);
}

}  // namespace cuport
