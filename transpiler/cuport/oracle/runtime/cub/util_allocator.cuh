// cub::CachingDeviceAllocator: here every request goes to cudaMalloc, so that a buffer has the size asked for.
#pragma once
#include "util_device.cuh"
#ifndef CUPORT_UNIT

namespace cub {

struct CachingDeviceAllocator {
  static constexpr int INVALID_DEVICE_ORDINAL = -1;
  bool debug = false;
  CachingDeviceAllocator() = default;
  explicit CachingDeviceAllocator(bool, bool d = false) : debug(d) {}
  CachingDeviceAllocator(unsigned, unsigned = 1, unsigned = ~0u, size_t = ~size_t{0}, bool = false, bool d = false) : debug(d) {}
  cudaError_t SetMaxCachedBytes(size_t) { return cudaSuccess; }
  cudaError_t DeviceAllocate(int, void** out, size_t bytes, cudaStream_t = nullptr) { return cudaMalloc(out, bytes); }
  cudaError_t DeviceAllocate(void** out, size_t bytes, cudaStream_t = nullptr) { return cudaMalloc(out, bytes); }
  cudaError_t DeviceFree(int, void* at) { return cudaFree(at); }
  cudaError_t DeviceFree(void* at) { return cudaFree(at); }
  cudaError_t FreeAllCached() { return cudaSuccess; }
};

}  // namespace cub
#endif
