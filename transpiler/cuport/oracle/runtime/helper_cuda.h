// The error-checking helpers that the CUDA samples bring along under this name.
#pragma once
#include "cuport/runtime.h"

#ifndef EXIT_WAIVED
#define EXIT_WAIVED 2
#endif

template <class T>
inline void check(T result, const char* function, const char* file, int line) {
  if (result == T{}) return;
  fprintf(stderr, "CUDA error at %s:%d code=%u(%s) \"%s\" \n", file, line, static_cast<unsigned>(result),
          cudaGetErrorName(static_cast<cudaError_t>(result)), function);
  exit(EXIT_FAILURE);
}
#define checkCudaErrors(value) check((value), #value, __FILE__, __LINE__)

inline void cuport_check_last(const char* message, const char* file, int line) {
  const cudaError_t e = cudaGetLastError();
  if (e == cudaSuccess) return;
  fprintf(stderr, "%s(%d) : getLastCudaError() CUDA error : %s : (%d) %s.\n", file, line, message, static_cast<int>(e),
          cudaGetErrorString(e));
  exit(EXIT_FAILURE);
}
#define getLastCudaError(message) cuport_check_last(message, __FILE__, __LINE__)
#define printLastCudaError(message) cuport_check_last(message, __FILE__, __LINE__)
#ifndef MAX
#define MAX(a, b) (a > b ? a : b)
#endif
#ifndef MIN
#define MIN(a, b) (a < b ? a : b)
#endif
inline int findCudaDevice(int, const char**) { return 0; }
inline int findCudaDevice(int, char**) { return 0; }
inline int gpuGetMaxGflopsDeviceId() { return 0; }
inline int gpuDeviceInit(int) { return 0; }
inline int _ConvertSMVer2Cores(int, int) { return 128; }
inline const char* _ConvertSMVer2ArchName(int, int) { return "Hopper"; }
inline bool checkCudaCapabilities(int, int) { return true; }
inline int ftoi(float value) { return value >= 0 ? static_cast<int>(value + 0.5f) : static_cast<int>(value - 0.5f); }
