// CubDebug, CubDebugExit: say a CUDA error with its place.
#pragma once
#include "util_macro.cuh"
#include "../cuport/host/errors.h"

namespace cub {
inline cudaError_t Debug(cudaError_t error, const char* file, int line) {
  if (error != cudaSuccess) {
    fprintf(stderr, "CUDA error %d [%s, %d]: %s\n", static_cast<int>(error), file, line, cudaGetErrorString(error));
    fflush(stderr);
  }
  return error;
}
}  // namespace cub
#ifndef CubDebug
#define CubDebug(e) cub::Debug((cudaError_t)(e), __FILE__, __LINE__)
#endif
#ifndef CubDebugExit
#define CubDebugExit(e) \
  if (cub::Debug((cudaError_t)(e), __FILE__, __LINE__)) { exit(1); }
#endif
#ifndef _CubLog
#define _CubLog(format, ...) printf(format, __VA_ARGS__);
#endif
#ifndef CubLog
#define CubLog(format, ...) printf(format, __VA_ARGS__);
#endif
