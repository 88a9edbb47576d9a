// The arithmetic of BLAS in plain loops over column-major matrices. Sums are taken in the element type, in ascending
// order of the inner index; cuBLAS adds in another order, so floating results agree within rounding only.
#pragma once
#include "types.h"

namespace cuport {
namespace blas {

// Element i of a vector: with a negative stride it begins at the far end.
template <class T>
inline T* start(T* x, int n, int stride) { return stride < 0 ? x - static_cast<long>(n - 1) * stride : x; }
template <class T, class F>
inline void each(int n, T* x, int stride, F f) {
  T* p = start(x, n, stride);
  for (int i = 0; i < n; ++i, p += stride) f(*p, i);
}
template <class T>
inline T& at(T* a, int i, int j, int ld) { return a[static_cast<size_t>(j) * static_cast<size_t>(ld) + static_cast<size_t>(i)]; }

// op(A) of a matrix with `rows` x `columns` after the operation, packed by columns; release with free().
template <class To, class From>
inline To* packed(cublasOperation_t op, const From* a, int ld, int rows, int columns) {
  auto* p = static_cast<To*>(malloc(sizeof(To) * static_cast<size_t>(rows) * static_cast<size_t>(columns) + 1));
  for (int j = 0; j < columns; ++j) {
    for (int i = 0; i < rows; ++i) at(p, i, j, rows) = static_cast<To>(op == CUBLAS_OP_N ? at(a, i, j, ld) : at(a, j, i, ld));
  }
  return p;
}

// C (m x n, packed, zero on entry) += A B, four columns at a time so that a column of A is read once for all of them.
template <class W>
#if defined(__GNUC__) && !defined(__clang__)
__attribute__((optimize("O3")))
#endif
inline void multiply_into(int m, int n, int k, const W* a, const W* b, W* c) {
  for (int j = 0; j < n; j += 4) {
    const int columns = n - j < 4 ? n - j : 4;
    for (int p = 0; p < k; ++p) {
      const W* column = a + static_cast<size_t>(p) * static_cast<size_t>(m);
      if (columns == 4) {
        const W b0 = at(b, p, j, k), b1 = at(b, p, j + 1, k), b2 = at(b, p, j + 2, k), b3 = at(b, p, j + 3, k);
        W *c0 = c + static_cast<size_t>(j) * static_cast<size_t>(m), *c1 = c0 + m, *c2 = c1 + m, *c3 = c2 + m;
        for (int i = 0; i < m; ++i) c0[i] += column[i] * b0, c1[i] += column[i] * b1, c2[i] += column[i] * b2, c3[i] += column[i] * b3;
      } else {
        for (int q = 0; q < columns; ++q) {
          for (int i = 0; i < m; ++i) at(c, i, j + q, m) += column[i] * at(b, p, j + q, k);
        }
      }
    }
  }
}

// C = alpha op(A) op(B) + beta C, computed in W. With beta 0 what C held is not looked at.
template <class W, class TA, class TB, class TC>
inline void gemm(cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k, W alpha, const TA* a, int lda, const TB* b,
                 int ldb, W beta, TC* c, int ldc) {
  W* pa = packed<W>(op_a, a, lda, m, k);
  W* pb = packed<W>(op_b, b, ldb, k, n);
  auto* sum = static_cast<W*>(calloc(static_cast<size_t>(m) * static_cast<size_t>(n) + 1, sizeof(W)));
  multiply_into(m, n, k, static_cast<const W*>(pa), static_cast<const W*>(pb), sum);
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < m; ++i) {
      TC& to = at(c, i, j, ldc);
      const W product = alpha * at(sum, i, j, m);
      to = static_cast<TC>(beta == W(0) ? product : product + beta * static_cast<W>(to));
    }
  }
  free(pa), free(pb), free(sum);
}

// Element (i, j) of a symmetric matrix of which one triangle is stored.
template <class T>
inline T symmetric(cublasFillMode_t fill, const T* a, int i, int j, int ld) {
  const bool stored = fill == CUBLAS_FILL_MODE_LOWER ? i >= j : i <= j;
  return stored ? at(a, i, j, ld) : at(a, j, i, ld);
}
// Element (i, j) of op(A) for a triangular A.
template <class T>
inline T triangular(cublasFillMode_t fill, cublasOperation_t op, cublasDiagType_t diagonal, const T* a, int i, int j, int ld) {
  if (i == j && diagonal == CUBLAS_DIAG_UNIT) return T(1);
  if (op != CUBLAS_OP_N) {
    const int swapped = i;
    i = j, j = swapped;
  }
  const bool stored = fill == CUBLAS_FILL_MODE_LOWER ? i >= j : i <= j;
  return stored ? at(a, i, j, ld) : T(0);
}
// Solves op(A) x = x for one vector of length n.
template <class T>
inline void solve(cublasFillMode_t fill, cublasOperation_t op, cublasDiagType_t diagonal, int n, const T* a, int lda, T* x, long stride) {
  const bool forward = (fill == CUBLAS_FILL_MODE_LOWER) == (op == CUBLAS_OP_N);
  for (int s = 0; s < n; ++s) {
    const int i = forward ? s : n - 1 - s;
    T value = x[i * stride];
    for (int t = 0; t < s; ++t) {
      const int j = forward ? t : n - 1 - t;
      value -= triangular(fill, op, diagonal, a, i, j, lda) * x[j * stride];
    }
    x[i * stride] = diagonal == CUBLAS_DIAG_UNIT ? value : value / at(a, i, i, lda);
  }
}

}  // namespace blas
}  // namespace cuport
