// Copies between host and device, and level 1. Part of cublas_v2.h.
#pragma once
#include "loops.h"

inline cublasStatus_t cublasSetVector(int n, int bytes, const void* from, int from_stride, void* to, int to_stride) {
  if (n < 0 || bytes <= 0 || from_stride <= 0 || to_stride <= 0) return CUBLAS_STATUS_INVALID_VALUE;
  for (long i = 0; i < n; ++i) {
    memcpy(static_cast<char*>(to) + i * to_stride * bytes, static_cast<const char*>(from) + i * from_stride * bytes, static_cast<size_t>(bytes));
  }
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasGetVector(int n, int bytes, const void* from, int from_stride, void* to, int to_stride) {
  return cublasSetVector(n, bytes, from, from_stride, to, to_stride);
}
inline cublasStatus_t cublasSetMatrix(int rows, int columns, int bytes, const void* from, int from_ld, void* to, int to_ld) {
  if (rows < 0 || columns < 0 || bytes <= 0 || from_ld < rows || to_ld < rows) return CUBLAS_STATUS_INVALID_VALUE;
  for (long j = 0; j < columns; ++j) {
    memcpy(static_cast<char*>(to) + j * to_ld * bytes, static_cast<const char*>(from) + j * from_ld * bytes, static_cast<size_t>(rows) * static_cast<size_t>(bytes));
  }
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasGetMatrix(int rows, int columns, int bytes, const void* from, int from_ld, void* to, int to_ld) {
  return cublasSetMatrix(rows, columns, bytes, from, from_ld, to, to_ld);
}
inline cublasStatus_t cublasSetVectorAsync(int n, int bytes, const void* from, int a, void* to, int b, cudaStream_t) {
  return cublasSetVector(n, bytes, from, a, to, b);
}
inline cublasStatus_t cublasGetVectorAsync(int n, int bytes, const void* from, int a, void* to, int b, cudaStream_t) {
  return cublasSetVector(n, bytes, from, a, to, b);
}
inline cublasStatus_t cublasSetMatrixAsync(int rows, int columns, int bytes, const void* from, int a, void* to, int b, cudaStream_t) {
  return cublasSetMatrix(rows, columns, bytes, from, a, to, b);
}
inline cublasStatus_t cublasGetMatrixAsync(int rows, int columns, int bytes, const void* from, int a, void* to, int b, cudaStream_t) {
  return cublasSetMatrix(rows, columns, bytes, from, a, to, b);
}

namespace cuport {
namespace blas {

template <class T, class F>
inline void each_two(int n, const T* x, int sx, T* y, int sy, F f) {
  const T* p = start(x, n, sx);
  T* q = start(y, n, sy);
  for (int i = 0; i < n; ++i, p += sx, q += sy) f(*p, *q);
}
template <class T, class Better>
inline int find(int n, const T* x, int stride, Better better) {  // counts from 1; 0 if there is nothing
  if (n < 1 || stride < 1) return 0;
  int best = 0;
  T value = fabs(x[0]);
  for (int i = 1; i < n; ++i) {
    const T v = fabs(x[static_cast<size_t>(i) * static_cast<size_t>(stride)]);
    if (better(v, value)) best = i, value = v;
  }
  return best + 1;
}
// Scaled, so that squares neither overflow nor vanish.
template <class T>
inline T norm(int n, const T* x, int stride) {
  T scale = 0, sum = 1;
  each(n, x, stride, [&](const T& v, int) {
    if (v == T(0)) return;
    const T a = fabs(v);
    if (scale < a) sum = 1 + sum * (scale / a) * (scale / a), scale = a;
    else sum += (a / scale) * (a / scale);
  });
  return scale * sqrt(sum);
}

}  // namespace blas
}  // namespace cuport

#define CUPORT_BLAS_1(P, p, T)                                                                                                 \
  inline cublasStatus_t cublas##P##axpy(cublasHandle_t h, int n, const T* alpha, const T* x, int sx, T* y, int sy) {           \
    return cuport::blas::run(h, true, [&] { const T s = *alpha; cuport::blas::each_two(n, x, sx, y, sy, [=](const T& a, T& b) { b += s * a; }); }); \
  }                                                                                                                            \
  inline cublasStatus_t cublas##P##copy(cublasHandle_t h, int n, const T* x, int sx, T* y, int sy) {                           \
    return cuport::blas::run(h, true, [&] { cuport::blas::each_two(n, x, sx, y, sy, [](const T& a, T& b) { b = a; }); });      \
  }                                                                                                                            \
  inline cublasStatus_t cublas##P##swap(cublasHandle_t h, int n, T* x, int sx, T* y, int sy) {                                 \
    return cuport::blas::run(h, true, [&] {                                                                                    \
      cuport::blas::each_two(n, static_cast<const T*>(x), sx, y, sy, [](const T& a, T& b) { const T was = a; const_cast<T&>(a) = b, b = was; }); \
    });                                                                                                                        \
  }                                                                                                                            \
  inline cublasStatus_t cublas##P##scal(cublasHandle_t h, int n, const T* alpha, T* x, int sx) {                               \
    return cuport::blas::run(h, true, [&] { const T s = *alpha; cuport::blas::each(n, x, sx, [=](T& a, int) { a *= s; }); });  \
  }                                                                                                                            \
  inline cublasStatus_t cublas##P##dot(cublasHandle_t h, int n, const T* x, int sx, const T* y, int sy, T* result) {           \
    return cuport::blas::run(h, true, [&] {                                                                                    \
      T sum = 0;                                                                                                               \
      cuport::blas::each_two(n, x, sx, const_cast<T*>(y), sy, [&](const T& a, T& b) { sum += a * b; });                        \
      *result = sum;                                                                                                           \
    });                                                                                                                        \
  }                                                                                                                            \
  inline cublasStatus_t cublas##P##asum(cublasHandle_t h, int n, const T* x, int sx, T* result) {                              \
    return cuport::blas::run(h, true, [&] {                                                                                    \
      T sum = 0;                                                                                                               \
      cuport::blas::each(n, x, sx, [&](const T& a, int) { sum += fabs(a); });                                                  \
      *result = sum;                                                                                                           \
    });                                                                                                                        \
  }                                                                                                                            \
  inline cublasStatus_t cublas##P##nrm2(cublasHandle_t h, int n, const T* x, int sx, T* result) {                              \
    return cuport::blas::run(h, true, [&] { *result = cuport::blas::norm(n, x, sx); });                                        \
  }                                                                                                                            \
  inline cublasStatus_t cublasI##p##amax(cublasHandle_t h, int n, const T* x, int sx, int* result) {                           \
    return cuport::blas::run(h, true, [&] { *result = cuport::blas::find(n, x, sx, [](T a, T b) { return a > b; }); });        \
  }                                                                                                                            \
  inline cublasStatus_t cublasI##p##amin(cublasHandle_t h, int n, const T* x, int sx, int* result) {                           \
    return cuport::blas::run(h, true, [&] { *result = cuport::blas::find(n, x, sx, [](T a, T b) { return a < b; }); });        \
  }                                                                                                                            \
  inline cublasStatus_t cublas##P##rot(cublasHandle_t h, int n, T* x, int sx, T* y, int sy, const T* c, const T* s) {          \
    return cuport::blas::run(h, true, [&] {                                                                                    \
      const T cosine = *c, sine = *s;                                                                                          \
      cuport::blas::each_two(n, static_cast<const T*>(x), sx, y, sy, [=](const T& a, T& b) {                                   \
        const T was = a;                                                                                                       \
        const_cast<T&>(a) = cosine * was + sine * b, b = cosine * b - sine * was;                                              \
      });                                                                                                                      \
    });                                                                                                                        \
  }
CUPORT_BLAS_1(S, s, float)
CUPORT_BLAS_1(D, d, double)
#undef CUPORT_BLAS_1
