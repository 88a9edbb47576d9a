// A small cuBLAS: the real single- and double-precision routines of BLAS that programs compare their kernels with, in
// plain loops on the CPU (cublas/loops.h). Column-major; results within rounding of NVIDIA's, never equal bit for bit.
// What is not here (complex, banded, packed, Lt, Xt) is refused by name before the program is compiled.
#pragma once
#include "cublas/types.h"
#include "cublas/loops.h"
#define CUBLAS_VERSION 120804
#define CUBLAS_VER_MAJOR 12
#define CUBLASAPI

inline cublasStatus_t cublasCreate(cublasHandle_t* out) {
  if (out == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *out = new cublasContext;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasDestroy(cublasHandle_t h) {
  delete h;
  return h == nullptr ? CUBLAS_STATUS_NOT_INITIALIZED : CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasGetVersion(cublasHandle_t, int* v) { return *v = CUBLAS_VERSION, CUBLAS_STATUS_SUCCESS; }

namespace cuport {
namespace blas {
// Wrong arguments are told before anything is computed; after a failed kernel nothing works any more.
template <class F>
inline cublasStatus_t run(cublasHandle_t h, bool legal, F f) {
  if (h == nullptr) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!legal) return CUBLAS_STATUS_INVALID_VALUE;
  if (device_error != cudaSuccess) return CUBLAS_STATUS_EXECUTION_FAILED;
  f();
  return CUBLAS_STATUS_SUCCESS;
}
inline bool fits(int rows, int ld) { return rows >= 0 && ld >= (rows > 1 ? rows : 1); }
inline bool fits(cublasOperation_t op, int rows, int columns, int ld) { return fits(op == CUBLAS_OP_N ? rows : columns, ld); }
}  // namespace blas
}  // namespace cuport

#define CUPORT_BLAS_OPTION(Name, Type, member)                                                               \
  inline cublasStatus_t cublasSet##Name(cublasHandle_t h, Type v) {                                          \
    return cuport::blas::run(h, true, [&] { h->member = v; });                                               \
  }                                                                                                          \
  inline cublasStatus_t cublasGet##Name(cublasHandle_t h, Type* v) {                                         \
    return cuport::blas::run(h, v != nullptr, [&] { *v = h->member; });                                      \
  }
CUPORT_BLAS_OPTION(Stream, cudaStream_t, stream)
CUPORT_BLAS_OPTION(PointerMode, cublasPointerMode_t, pointer_mode)
CUPORT_BLAS_OPTION(AtomicsMode, cublasAtomicsMode_t, atomics_mode)
CUPORT_BLAS_OPTION(MathMode, cublasMath_t, math_mode)
#undef CUPORT_BLAS_OPTION
inline cublasStatus_t cublasSetWorkspace(cublasHandle_t h, void*, size_t) { return cuport::blas::run(h, true, [] {}); }

#include "cublas/vectors.h"
#include "cublas/matrices.h"

// The names that the header of newer releases maps to.
#define cublasCreate_v2 cublasCreate
#define cublasDestroy_v2 cublasDestroy
#define cublasSetStream_v2 cublasSetStream
#define cublasSgemm_v2 cublasSgemm
#define cublasDgemm_v2 cublasDgemm
