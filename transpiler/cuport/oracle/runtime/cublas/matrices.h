// Levels 2 and 3, batches, and products of mixed types. Part of cublas_v2.h.
#pragma once
#include "loops.h"
#include "../cuda_bf16.h"
#include "../cuda_fp16.h"

namespace cuport {
namespace blas {

template <class T>
inline cublasStatus_t checked_gemm(cublasHandle_t h, cublasOperation_t oa, cublasOperation_t ob, int m, int n, int k, const T* alpha,
                                   const T* a, int lda, const T* b, int ldb, const T* beta, T* c, int ldc) {
  const bool legal = n >= 0 && k >= 0 && fits(oa, m, k, lda) && fits(ob, k, n, ldb) && fits(m, ldc);
  return run(h, legal, [&] { gemm<T>(oa, ob, m, n, k, *alpha, a, lda, b, ldb, *beta, c, ldc); });
}
template <class T>
inline cublasStatus_t gemv(cublasHandle_t h, cublasOperation_t op, int m, int n, const T* alpha, const T* a, int lda, const T* x, int sx,
                           const T* beta, T* y, int sy) {
  return run(h, n >= 0 && sx != 0 && sy != 0 && fits(m, lda), [&] {
    const int rows = op == CUBLAS_OP_N ? m : n, columns = op == CUBLAS_OP_N ? n : m;
    const T s = *alpha, t = *beta;
    const T* from = start(x, columns, sx);
    each(rows, y, sy, [&](T& to, int i) {
      T sum = 0;
      for (int j = 0; j < columns; ++j) sum += (op == CUBLAS_OP_N ? at(a, i, j, lda) : at(a, j, i, lda)) * from[static_cast<long>(j) * sx];
      to = t == T(0) ? s * sum : s * sum + t * to;
    });
  });
}

// A matrix of a type that is known only at run time, in the type W of the computation.
template <class W, class F>
inline bool with_type(cudaDataType type, const void* at, F f) {
  switch (type) {
    case CUDA_R_32F: return f(static_cast<const float*>(at)), true;
    case CUDA_R_64F: return f(static_cast<const double*>(at)), true;
    case CUDA_R_16F: return f(static_cast<const __half*>(at)), true;
    case CUDA_R_16BF: return f(static_cast<const __nv_bfloat16*>(at)), true;
    case CUDA_R_8I: return f(static_cast<const signed char*>(at)), true;
    case CUDA_R_32I: return f(static_cast<const int*>(at)), true;
    default: return false;
  }
}
template <class W>
inline bool mixed(cublasOperation_t oa, cublasOperation_t ob, int m, int n, int k, W alpha, const void* a, cudaDataType ta, int lda,
                  const void* b, cudaDataType tb, int ldb, W beta, void* c, cudaDataType tc, int ldc) {
  W *pa = nullptr, *pb = nullptr;
  const bool known = with_type<W>(ta, a, [&](auto* p) { pa = packed<W>(oa, p, lda, m, k); }) &&
                     with_type<W>(tb, b, [&](auto* p) { pb = packed<W>(ob, p, ldb, k, n); }) && with_type<W>(tc, c, [&](auto* p) {
                       using TC = std::remove_const_t<std::remove_reference_t<decltype(*p)>>;
                       gemm<W>(CUBLAS_OP_N, CUBLAS_OP_N, m, n, k, alpha, pa, m, pb, k, beta, const_cast<TC*>(p), ldc);
                     });
  free(pa), free(pb);
  return known;
}
inline size_t bytes_of(cudaDataType t) {
  return t == CUDA_R_64F ? 8 : t == CUDA_R_32F || t == CUDA_R_32I ? 4 : t == CUDA_R_8I ? 1 : 2;
}

}  // namespace blas
}  // namespace cuport

#define CUPORT_BLAS_23(P, T)                                                                                                     \
  inline cublasStatus_t cublas##P##gemm(cublasHandle_t h, cublasOperation_t oa, cublasOperation_t ob, int m, int n, int k,       \
                                        const T* alpha, const T* a, int lda, const T* b, int ldb, const T* beta, T* c, int ldc) { \
    return cuport::blas::checked_gemm(h, oa, ob, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);                                  \
  }                                                                                                                              \
  inline cublasStatus_t cublas##P##gemmStridedBatched(cublasHandle_t h, cublasOperation_t oa, cublasOperation_t ob, int m, int n, \
                                                      int k, const T* alpha, const T* a, int lda, long long sa, const T* b,      \
                                                      int ldb, long long sb, const T* beta, T* c, int ldc, long long sc, int count) { \
    cublasStatus_t s = CUBLAS_STATUS_SUCCESS;                                                                                    \
    for (int i = 0; i < count && s == CUBLAS_STATUS_SUCCESS; ++i) {                                                              \
      s = cublas##P##gemm(h, oa, ob, m, n, k, alpha, a + i * sa, lda, b + i * sb, ldb, beta, c + i * sc, ldc);                   \
    }                                                                                                                            \
    return s;                                                                                                                    \
  }                                                                                                                              \
  inline cublasStatus_t cublas##P##gemmBatched(cublasHandle_t h, cublasOperation_t oa, cublasOperation_t ob, int m, int n, int k, \
                                               const T* alpha, const T* const a[], int lda, const T* const b[], int ldb,         \
                                               const T* beta, T* const c[], int ldc, int count) {                                \
    cublasStatus_t s = CUBLAS_STATUS_SUCCESS;                                                                                    \
    for (int i = 0; i < count && s == CUBLAS_STATUS_SUCCESS; ++i) {                                                              \
      s = cublas##P##gemm(h, oa, ob, m, n, k, alpha, a[i], lda, b[i], ldb, beta, c[i], ldc);                                     \
    }                                                                                                                            \
    return s;                                                                                                                    \
  }
#define CUPORT_BLAS_23_PLAIN(P, T)                                                                                               \
  CUPORT_BLAS_23(P, T)                                                                                                           \
  inline cublasStatus_t cublas##P##gemv(cublasHandle_t h, cublasOperation_t op, int m, int n, const T* alpha, const T* a, int lda, \
                                        const T* x, int sx, const T* beta, T* y, int sy) {                                       \
    return cuport::blas::gemv(h, op, m, n, alpha, a, lda, x, sx, beta, y, sy);                                                   \
  }                                                                                                                              \
  inline cublasStatus_t cublas##P##ger(cublasHandle_t h, int m, int n, const T* alpha, const T* x, int sx, const T* y, int sy, T* a, \
                                       int lda) {                                                                                \
    return cuport::blas::run(h, n >= 0 && cuport::blas::fits(m, lda), [&] {                                                      \
      cuport::blas::each(n, y, sy, [&](const T& v, int j) {                                                                      \
        cuport::blas::each(m, x, sx, [&](const T& u, int i) { cuport::blas::at(a, i, j, lda) += *alpha * u * v; });              \
      });                                                                                                                        \
    });                                                                                                                          \
  }                                                                                                                              \
  inline cublasStatus_t cublas##P##symv(cublasHandle_t h, cublasFillMode_t f, int n, const T* alpha, const T* a, int lda, const T* x, \
                                        int sx, const T* beta, T* y, int sy) {                                                   \
    return cuport::blas::run(h, cuport::blas::fits(n, lda), [&] {                                                                \
      const T* from = cuport::blas::start(x, n, sx);                                                                             \
      cuport::blas::each(n, y, sy, [&](T& to, int i) {                                                                           \
        T sum = 0;                                                                                                               \
        for (int j = 0; j < n; ++j) sum += cuport::blas::symmetric(f, a, i, j, lda) * from[static_cast<long>(j) * sx];           \
        to = *beta == T(0) ? *alpha * sum : *alpha * sum + *beta * to;                                                           \
      });                                                                                                                        \
    });                                                                                                                          \
  }                                                                                                                              \
  inline cublasStatus_t cublas##P##trsv(cublasHandle_t h, cublasFillMode_t f, cublasOperation_t op, cublasDiagType_t d, int n,   \
                                        const T* a, int lda, T* x, int sx) {                                                     \
    return cuport::blas::run(h, cuport::blas::fits(n, lda),                                                                      \
                             [&] { cuport::blas::solve(f, op, d, n, a, lda, cuport::blas::start(x, n, sx), sx); });              \
  }                                                                                                                              \
  inline cublasStatus_t cublas##P##trsm(cublasHandle_t h, cublasSideMode_t side, cublasFillMode_t f, cublasOperation_t op,       \
                                        cublasDiagType_t d, int m, int n, const T* alpha, const T* a, int lda, T* b, int ldb) {  \
    return cuport::blas::run(h, n >= 0 && cuport::blas::fits(side == CUBLAS_SIDE_LEFT ? m : n, lda) && cuport::blas::fits(m, ldb), [&] { \
      for (int j = 0; j < n; ++j) for (int i = 0; i < m; ++i) cuport::blas::at(b, i, j, ldb) *= *alpha;                          \
      const cublasOperation_t other = op == CUBLAS_OP_N ? CUBLAS_OP_T : CUBLAS_OP_N;                                             \
      if (side == CUBLAS_SIDE_LEFT) for (int j = 0; j < n; ++j) cuport::blas::solve(f, op, d, m, a, lda, b + static_cast<long>(j) * ldb, 1L); \
      else for (int i = 0; i < m; ++i) cuport::blas::solve(f, other, d, n, a, lda, b + i, long{ldb});                            \
    });                                                                                                                          \
  }                                                                                                                              \
  inline cublasStatus_t cublas##P##syrk(cublasHandle_t h, cublasFillMode_t f, cublasOperation_t op, int n, int k, const T* alpha, \
                                        const T* a, int lda, const T* beta, T* c, int ldc) {                                     \
    return cuport::blas::run(h, k >= 0 && cuport::blas::fits(op, n, k, lda) && cuport::blas::fits(n, ldc), [&] {                 \
      for (int j = 0; j < n; ++j) for (int i = 0; i < n; ++i) {                                                                  \
        if (f == CUBLAS_FILL_MODE_LOWER ? i < j : i > j) continue;                                                               \
        T sum = 0;                                                                                                               \
        for (int p = 0; p < k; ++p) sum += op == CUBLAS_OP_N ? cuport::blas::at(a, i, p, lda) * cuport::blas::at(a, j, p, lda)   \
                                                             : cuport::blas::at(a, p, i, lda) * cuport::blas::at(a, p, j, lda);  \
        T& to = cuport::blas::at(c, i, j, ldc);                                                                                  \
        to = *beta == T(0) ? *alpha * sum : *alpha * sum + *beta * to;                                                           \
      }                                                                                                                          \
    });                                                                                                                          \
  }                                                                                                                              \
  inline cublasStatus_t cublas##P##geam(cublasHandle_t h, cublasOperation_t oa, cublasOperation_t ob, int m, int n, const T* alpha, \
                                        const T* a, int lda, const T* beta, const T* b, int ldb, T* c, int ldc) {                \
    return cuport::blas::run(h, n >= 0 && cuport::blas::fits(m, ldc), [&] {                                                      \
      for (int j = 0; j < n; ++j) for (int i = 0; i < m; ++i) {                                                                  \
        T sum = 0;                                                                                                               \
        if (*alpha != T(0)) sum += *alpha * (oa == CUBLAS_OP_N ? cuport::blas::at(a, i, j, lda) : cuport::blas::at(a, j, i, lda)); \
        if (*beta != T(0)) sum += *beta * (ob == CUBLAS_OP_N ? cuport::blas::at(b, i, j, ldb) : cuport::blas::at(b, j, i, ldb)); \
        cuport::blas::at(c, i, j, ldc) = sum;                                                                                    \
      }                                                                                                                          \
    });                                                                                                                          \
  }
CUPORT_BLAS_23_PLAIN(S, float)
CUPORT_BLAS_23_PLAIN(D, double)

// Halves are multiplied and added as floats and rounded once.
inline cublasStatus_t cublasHgemm(cublasHandle_t h, cublasOperation_t oa, cublasOperation_t ob, int m, int n, int k, const __half* alpha,
                                  const __half* a, int lda, const __half* b, int ldb, const __half* beta, __half* c, int ldc) {
  return cuport::blas::run(h, n >= 0 && k >= 0 && cuport::blas::fits(m, ldc), [&] {
    cuport::blas::gemm<float>(oa, ob, m, n, k, static_cast<float>(*alpha), a, lda, b, ldb, static_cast<float>(*beta), c, ldc);
  });
}
// `compute` is a cublasComputeType_t, or, in the old way, the type to compute in.
template <class Compute>
inline cublasStatus_t cublasGemmEx(cublasHandle_t h, cublasOperation_t oa, cublasOperation_t ob, int m, int n, int k, const void* alpha,
                                   const void* a, cudaDataType ta, int lda, const void* b, cudaDataType tb, int ldb, const void* beta,
                                   void* c, cudaDataType tc, int ldc, Compute compute, cublasGemmAlgo_t) {
  const int type = static_cast<int>(compute);
  const bool old = std::is_same_v<Compute, cudaDataType>;
  const bool in_double = old ? type == CUDA_R_64F : type == CUBLAS_COMPUTE_64F || type == CUBLAS_COMPUTE_64F_PEDANTIC;
  const bool in_int = old ? type == CUDA_R_32I : type == CUBLAS_COMPUTE_32I || type == CUBLAS_COMPUTE_32I_PEDANTIC;
  const bool in_half = old ? type == CUDA_R_16F : type == CUBLAS_COMPUTE_16F || type == CUBLAS_COMPUTE_16F_PEDANTIC;
  bool known = true;
  const cublasStatus_t s = cuport::blas::run(h, n >= 0 && k >= 0 && cuport::blas::fits(m, ldc), [&] {
    using cuport::blas::mixed;
    if (in_double) {
      known = mixed<double>(oa, ob, m, n, k, *static_cast<const double*>(alpha), a, ta, lda, b, tb, ldb, *static_cast<const double*>(beta), c, tc, ldc);
    } else if (in_int) {
      known = mixed<int>(oa, ob, m, n, k, *static_cast<const int*>(alpha), a, ta, lda, b, tb, ldb, *static_cast<const int*>(beta), c, tc, ldc);
    } else {
      const float x = in_half ? static_cast<float>(*static_cast<const __half*>(alpha)) : *static_cast<const float*>(alpha);
      const float y = in_half ? static_cast<float>(*static_cast<const __half*>(beta)) : *static_cast<const float*>(beta);
      known = mixed<float>(oa, ob, m, n, k, x, a, ta, lda, b, tb, ldb, y, c, tc, ldc);
    }
  });
  return s == CUBLAS_STATUS_SUCCESS && !known ? CUBLAS_STATUS_NOT_SUPPORTED : s;
}
template <class Compute>
inline cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t h, cublasOperation_t oa, cublasOperation_t ob, int m, int n, int k,
                                                 const void* alpha, const void* a, cudaDataType ta, int lda, long long sa, const void* b,
                                                 cudaDataType tb, int ldb, long long sb, const void* beta, void* c, cudaDataType tc,
                                                 int ldc, long long sc, int count, Compute compute, cublasGemmAlgo_t algorithm) {
  using cuport::blas::bytes_of;
  cublasStatus_t s = CUBLAS_STATUS_SUCCESS;
  for (long long i = 0; i < count && s == CUBLAS_STATUS_SUCCESS; ++i) {
    s = cublasGemmEx(h, oa, ob, m, n, k, alpha, static_cast<const char*>(a) + i * sa * static_cast<long long>(bytes_of(ta)), ta, lda,
                     static_cast<const char*>(b) + i * sb * static_cast<long long>(bytes_of(tb)), tb, ldb, beta,
                     static_cast<char*>(c) + i * sc * static_cast<long long>(bytes_of(tc)), tc, ldc, compute, algorithm);
  }
  return s;
}
#undef CUPORT_BLAS_23
#undef CUPORT_BLAS_23_PLAIN
