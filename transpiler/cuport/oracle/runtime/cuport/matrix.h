// Products of small matrices, as tensor cores make them: of narrow numbers, summed wide and rounded once.
#pragma once

namespace cuport {

// c = a b, all row after row. Products of half, bfloat16 and tf32 are exact in double, and so is nearly every sum; hardware
// keeps fewer digits, in an order nobody promises. A row of sums grows together, which compilers make vectors of.
template <int M, int N, int K, class T>
static inline void small_product(const T* a, const T* b, T* c) {
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

}  // namespace cuport
