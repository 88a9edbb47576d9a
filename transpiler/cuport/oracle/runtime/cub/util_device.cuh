// What CUB asks of the device.
#pragma once
#include "util_debug.cuh"
#include "util_type.cuh"
#ifndef CUPORT_UNIT
#include "../cuport/host/host.h"

namespace cub {
inline int CurrentDevice() { return 0; }
inline int DeviceCount() { return 1; }
inline cudaError_t PtxVersion(int& version, int = 0) {
  version = 900;
  return cudaSuccess;
}
inline cudaError_t SmVersion(int& version, int = 0) { return PtxVersion(version); }
inline cudaError_t SyncStream(cudaStream_t) { return cudaDeviceSynchronize(); }
template <class Kernel>
inline cudaError_t MaxSmOccupancy(int& blocks, Kernel kernel, int threads, int dynamic = 0) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, threads, static_cast<size_t>(dynamic));
}
}  // namespace cub
#endif
