// The rest of the host API: devices, streams, events, attributes, occupancy, launches by pointer.
#pragma once
#include "host_memory.h"
#include "launch.h"
#include "properties.h"

// A stream has nothing to do: every operation is finished when the call returns.
struct CUstream_st {
  unsigned flags;
  int priority;
};
struct CUevent_st {
  double seconds;  // when it was recorded; negative: never
};
#define cudaStreamLegacy (reinterpret_cast<cudaStream_t>(0x1))
#define cudaStreamPerThread (reinterpret_cast<cudaStream_t>(0x2))
enum {
  cudaStreamDefault = 0,
  cudaStreamNonBlocking = 1,
  cudaEventDefault = 0,
  cudaEventBlockingSync = 1,
  cudaEventDisableTiming = 2,
  cudaEventInterprocess = 4,
  cudaEventRecordDefault = 0,
  cudaEventWaitDefault = 0,
  cudaOccupancyDefault = 0,
  cudaDeviceScheduleAuto = 0,
  cudaDeviceScheduleSpin = 1,
  cudaDeviceScheduleYield = 2,
  cudaDeviceScheduleBlockingSync = 4,
  cudaDeviceMapHost = 8,
  cudaDeviceLmemResizeToMax = 16
};

namespace cuport {
inline double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
}  // namespace cuport

inline cudaError_t cudaDeviceSynchronize() { return cuport::done(); }
inline cudaError_t cudaThreadSynchronize() { return cuport::done(); }
inline cudaError_t cudaThreadExit() { return cuport::done(); }
inline cudaError_t cudaProfilerStart() { return cuport::done(); }
inline cudaError_t cudaProfilerStop() { return cuport::done(); }
inline cudaError_t cudaDeviceReset() {
  cuport::device_error = cuport::last_error = cudaSuccess;
  cuport::device_memory.release_all();
  return cudaSuccess;
}

inline cudaError_t cudaStreamCreateWithPriority(cudaStream_t* out, unsigned flags, int priority) {
  *out = new CUstream_st{flags, priority};
  return cuport::done();
}
inline cudaError_t cudaStreamCreate(cudaStream_t* out) { return cudaStreamCreateWithPriority(out, 0, 0); }
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* out, unsigned flags) { return cudaStreamCreateWithPriority(out, flags, 0); }
inline cudaError_t cudaStreamDestroy(cudaStream_t s) {
  if (reinterpret_cast<uintptr_t>(s) > 2) delete s;
  return cuport::done();
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cuport::done(); }
inline cudaError_t cudaStreamQuery(cudaStream_t) { return cuport::done(); }
inline cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned = 0) { return cuport::done(); }
typedef void (*cudaStreamCallback_t)(cudaStream_t, cudaError_t, void*);
typedef void (*cudaHostFn_t)(void*);
inline cudaError_t cudaStreamAddCallback(cudaStream_t s, cudaStreamCallback_t f, void* data, unsigned) {
  f(s, cuport::device_error, data);
  return cuport::done();
}
inline cudaError_t cudaLaunchHostFunc(cudaStream_t, cudaHostFn_t f, void* data) {
  f(data);
  return cuport::done();
}
inline cudaError_t cudaStreamAttachMemAsync(cudaStream_t, void*, size_t = 0, unsigned = cudaMemAttachSingle) { return cuport::done(); }

inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* out, unsigned) {
  *out = new CUevent_st{-1};
  return cuport::done();
}
inline cudaError_t cudaEventCreate(cudaEvent_t* out, unsigned = 0) { return cudaEventCreateWithFlags(out, 0); }
inline cudaError_t cudaEventDestroy(cudaEvent_t e) {
  delete e;
  return cuport::done();
}
inline cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t = nullptr) {
  if (e == nullptr) return cuport::done(cudaErrorInvalidResourceHandle);
  e->seconds = cuport::now();
  return cuport::done();
}
inline cudaError_t cudaEventRecordWithFlags(cudaEvent_t e, cudaStream_t s = nullptr, unsigned = 0) { return cudaEventRecord(e, s); }
inline cudaError_t cudaEventSynchronize(cudaEvent_t) { return cuport::done(); }
inline cudaError_t cudaEventQuery(cudaEvent_t) { return cuport::done(); }
// At least a microsecond: programs divide by it.
inline cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t from, cudaEvent_t to) {
  if (from == nullptr || to == nullptr || from->seconds < 0 || to->seconds < 0) {
    return cuport::done(cudaErrorInvalidResourceHandle);
  }
  const double elapsed = (to->seconds - from->seconds) * 1e3;
  *ms = elapsed < 1e-3 ? 1e-3f : static_cast<float>(elapsed);
  return cuport::done();
}

enum cudaFuncAttribute {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9,
  cudaFuncAttributeNonPortableClusterSizeAllowed = 13
};
enum cudaFuncCache {
  cudaFuncCachePreferNone,
  cudaFuncCachePreferShared,
  cudaFuncCachePreferL1,
  cudaFuncCachePreferEqual
};
enum cudaSharedMemConfig {
  cudaSharedMemBankSizeDefault,
  cudaSharedMemBankSizeFourByte,
  cudaSharedMemBankSizeEightByte
};
struct cudaFuncAttributes {
  size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
  int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion, cacheModeCA, maxDynamicSharedSizeBytes, preferredShmemCarveout;
};

namespace cuport {
template <class F>
inline const void* kernel_address(F* f) {
  return reinterpret_cast<const void*>(f);
}
}  // namespace cuport

template <class F>
inline cudaError_t cudaFuncSetAttribute(F* f, cudaFuncAttribute which, int value) {
  if (which == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (value < 0 || static_cast<size_t>(value) > cuport::kSharedOptIn) return cuport::done(cudaErrorInvalidValue);
    if (auto* a = cuport::attributes_of(cuport::kernel_address(f), true)) a->dynamic_limit = static_cast<size_t>(value) > cuport::kSharedLimit ? static_cast<size_t>(value) : cuport::kSharedLimit;
  }
  return cuport::done();
}
template <class F>
inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* out, F* f) {
  const auto* a = cuport::attributes_of(cuport::kernel_address(f), false);
  *out = cudaFuncAttributes{0, 0, 0, 1024, 32, 90, 90, 0, static_cast<int>(a == nullptr ? cuport::kSharedLimit : a->dynamic_limit), -1};
  return cuport::done();
}
template <class F>
inline cudaError_t cudaFuncSetCacheConfig(F*, cudaFuncCache) { return cuport::done(); }
template <class F>
inline cudaError_t cudaFuncSetSharedMemConfig(F*, cudaSharedMemConfig) { return cuport::done(); }
inline cudaError_t cudaDeviceSetCacheConfig(cudaFuncCache) { return cuport::done(); }
inline cudaError_t cudaDeviceSetSharedMemConfig(cudaSharedMemConfig) { return cuport::done(); }

template <class F>
inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* out, F*, int block, size_t shared) {
  if (block <= 0 || block > 1024) return cuport::done(cudaErrorInvalidValue);
  int n = 2048 / ((block + 31) / 32 * 32);
  if (shared != 0 && static_cast<size_t>(n) > 233472 / (shared + 1024)) n = static_cast<int>(233472 / (shared + 1024));
  *out = n > 32 ? 32 : n;
  return cuport::done();
}
template <class F>
inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* out, F* f, int block, size_t shared, unsigned) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(out, f, block, shared);
}
template <class F>
inline cudaError_t cudaOccupancyMaxPotentialBlockSize(int* grid, int* block, F*, size_t = 0, int limit = 0) {
  *block = limit > 0 && limit < 1024 ? limit : 1024;
  *grid = cuport::device_properties().multiProcessorCount * (2048 / *block);
  return cuport::done();
}
template <class S, class F>
inline cudaError_t cudaOccupancyMaxPotentialBlockSizeVariableSMem(int* grid, int* block, F* f, S, int limit = 0) {
  return cudaOccupancyMaxPotentialBlockSize(grid, block, f, 0, limit);
}

namespace cuport {
template <class T>
inline T& argument_at(void** args, size_t i) {
  return *static_cast<T*>(args[i]);
}
template <class... P, size_t... I>
inline cudaError_t launch_packed(void (*kernel)(P...), const Config& c, void** args, std::index_sequence<I...>) {
  return launch_pointer(kernel, c, argument_at<std::remove_cv_t<P>>(args, I)...);
}
}  // namespace cuport

template <class... P>
inline cudaError_t cudaLaunchKernel(void (*kernel)(P...), dim3 grid, dim3 block, void** args, size_t shared = 0, cudaStream_t = nullptr) {
  return cuport::launch_packed(kernel, cuport::Config{grid, block, shared}, args, std::index_sequence_for<P...>{});
}
template <class... P>
inline cudaError_t cudaLaunchCooperativeKernel(void (*kernel)(P...), dim3 grid, dim3 block, void** args, size_t shared = 0,
                                               cudaStream_t = nullptr) {
  const uint64_t threads = uint64_t{grid.x} * grid.y * grid.z * block.x * block.y * block.z;
  const auto& p = cuport::device_properties();
  if (threads > uint64_t{static_cast<unsigned>(p.multiProcessorCount)} * static_cast<unsigned>(p.maxThreadsPerMultiProcessor)) {
    return cuport::done(cudaErrorCooperativeLaunchTooLarge);
  }
  return cuport::launch_packed(kernel, cuport::Config{grid, block, shared, true}, args, std::index_sequence_for<P...>{});
}
