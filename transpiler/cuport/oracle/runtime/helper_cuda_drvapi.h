// Error checks and device choices over the driver API, as the CUDA samples' header of this name offers them.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cuda.h"
#include "helper_string.h"

#ifndef checkCudaErrors
#define checkCudaErrors(value) __checkCudaErrors(value, __FILE__, __LINE__)
inline void __checkCudaErrors(CUresult error, const char* file, int line) {
  if (error == CUDA_SUCCESS) return;
  const char* text = nullptr;
  cuGetErrorString(error, &text);
  fprintf(stderr, "checkCudaErrors() Driver API error = %04d \"%s\" from file <%s>, line %i.\n", static_cast<int>(error), text, file, line);
  exit(EXIT_FAILURE);
}
#endif
template <class T>
inline void getCudaAttribute(T* out, CUdevice_attribute which, int device) {
  int value = 0;
  if (cuDeviceGetAttribute(&value, which, device) != CUDA_SUCCESS) exit(EXIT_FAILURE);
  *out = static_cast<T>(value);
}
inline int _ConvertSMVer2CoresDRV(int major, int minor) {
  if (major == 6) return minor == 0 ? 64 : 128;
  return major == 7 || (major == 8 && minor == 0) ? 64 : 128;
}
inline CUdevice findCudaDeviceDRV(int, const char**) {
  CUdevice device = 0;
  char name[100];
  cuInit(0);
  cuDeviceGet(&device, 0);
  cuDeviceGetName(name, sizeof name, device);
  printf("> Using CUDA Device [0]: %s\n", name);
  return device;
}
inline int gpuGetMaxGflopsDeviceIdDRV() { return 0; }
