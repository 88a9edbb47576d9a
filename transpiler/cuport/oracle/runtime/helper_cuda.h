// The error checks and device choices that the CUDA samples bring along under this name.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cuport/runtime.h"
#include "helper_string.h"

#ifndef MAX
#define MAX(a, b) (a > b ? a : b)
#endif

inline const char* _cudaGetErrorEnum(cudaError_t error) { return cudaGetErrorName(error); }
template <class T>
inline const char* cuport_error_name(T error) { return cudaGetErrorName(static_cast<cudaError_t>(error)); }
template <class T>
inline void check(T result, const char* function, const char* file, int line) {
  if (result == T{}) return;
  fprintf(stderr, "CUDA error at %s:%d code=%u(%s) \"%s\" \n", file, line, static_cast<unsigned>(result), cuport_error_name(result), function);
  exit(EXIT_FAILURE);
}
#define checkCudaErrors(value) check((value), #value, __FILE__, __LINE__)

inline void cuport_check_last(const char* message, const char* file, int line, bool leave) {
  const cudaError_t e = cudaGetLastError();
  if (e == cudaSuccess) return;
  fprintf(stderr, "%s(%i) : getLastCudaError() CUDA error : %s : (%d) %s.\n", file, line, message, static_cast<int>(e), cudaGetErrorString(e));
  if (leave) exit(EXIT_FAILURE);
}
inline void __getLastCudaError(const char* message, const char* file, int line) { cuport_check_last(message, file, line, true); }
inline void __printLastCudaError(const char* message, const char* file, int line) { cuport_check_last(message, file, line, false); }
#define getLastCudaError(message) cuport_check_last(message, __FILE__, __LINE__, true)
#define printLastCudaError(message) cuport_check_last(message, __FILE__, __LINE__, false)

inline int ftoi(float value) { return value >= 0 ? static_cast<int>(value + 0.5f) : static_cast<int>(value - 0.5f); }
inline int _ConvertSMVer2Cores(int major, int minor) {
  if (major == 6) return minor == 0 ? 64 : 128;
  if (major == 7 || (major == 8 && minor == 0)) return 64;
  return major == 3 ? 192 : 128;
}
inline const char* _ConvertSMVer2ArchName(int major, int minor) {
  static const char* const names[] = {"Kepler", "Kepler", "Kepler", "Kepler", "Kepler", "Maxwell", "Pascal", "Volta", "Ampere", "Hopper", "Blackwell"};
  if (major == 7 && minor == 5) return "Turing";
  if (major == 8 && minor == 9) return "Ada";
  return names[major < 0 ? 0 : major > 10 ? 10 : major];
}
inline int gpuDeviceInit(int device) {
  cudaDeviceProp p;
  checkCudaErrors(cudaGetDeviceProperties(&p, device < 0 ? 0 : device));
  checkCudaErrors(cudaSetDevice(device < 0 ? 0 : device));
  printf("gpuDeviceInit() CUDA Device [%d]: \"%s\n", device < 0 ? 0 : device, _ConvertSMVer2ArchName(p.major, p.minor));
  return device < 0 ? 0 : device;
}
inline int gpuGetMaxGflopsDeviceId() { return 0; }
inline int findCudaDevice(int argc, const char** argv) {
  if (checkCmdLineFlag(argc, argv, "device")) return gpuDeviceInit(getCmdLineArgumentInt(argc, argv, "device="));
  cudaDeviceProp p;
  checkCudaErrors(cudaSetDevice(0));
  checkCudaErrors(cudaGetDeviceProperties(&p, 0));
  printf("GPU Device %d: \"%s\" with compute capability %d.%d\n\n", 0, _ConvertSMVer2ArchName(p.major, p.minor), p.major, p.minor);
  return 0;
}
inline int findCudaDevice(int argc, char** argv) { return findCudaDevice(argc, const_cast<const char**>(argv)); }
inline int findIntegratedGPU() { return -1; }
inline bool checkCudaCapabilities(int major, int minor) {
  cudaDeviceProp p;
  checkCudaErrors(cudaGetDeviceProperties(&p, 0));
  if (p.major > major || (p.major == major && p.minor >= minor)) return true;
  printf("  No GPU device was found that can support CUDA compute capability %d.%d.\n", major, minor);
  return false;
}
