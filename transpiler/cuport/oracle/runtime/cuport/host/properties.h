// The device that programs see: figures of a data-centre GPU, with few multiprocessors so that grids sized by them are
// small enough for a CPU.
#pragma once
#include "attribute_list.h"
#include "errors.h"
#include "memory.h"

struct CUuuid_st {
  char bytes[16];
};
typedef CUuuid_st CUuuid;
typedef CUuuid_st cudaUUID_t;
// The members of CUDA 12 and 13 together.
struct cudaDeviceProp {
  char name[256];
  cudaUUID_t uuid;
  char luid[8];
  unsigned luidDeviceNodeMask;
  size_t totalGlobalMem, sharedMemPerBlock;
  int regsPerBlock, warpSize;
  size_t memPitch;
  int maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3], clockRate;
  size_t totalConstMem;
  int major, minor;
  size_t textureAlignment, texturePitchAlignment;
  int deviceOverlap, multiProcessorCount, kernelExecTimeoutEnabled, integrated, canMapHostMemory, computeMode;
  int maxTexture1D, maxTexture1DMipmap, maxTexture1DLinear, maxTexture2D[2], maxTexture2DMipmap[2], maxTexture2DLinear[3];
  int maxTexture2DGather[2], maxTexture3D[3], maxTexture3DAlt[3], maxTextureCubemap, maxTexture1DLayered[2];
  int maxTexture2DLayered[3], maxTextureCubemapLayered[2], maxSurface1D, maxSurface2D[2], maxSurface3D[3];
  int maxSurface1DLayered[2], maxSurface2DLayered[3], maxSurfaceCubemap, maxSurfaceCubemapLayered[2];
  size_t surfaceAlignment;
  int concurrentKernels, ECCEnabled, pciBusID, pciDeviceID, pciDomainID, tccDriver, asyncEngineCount, unifiedAddressing;
  int memoryClockRate, memoryBusWidth, l2CacheSize, persistingL2CacheMaxSize, maxThreadsPerMultiProcessor;
  int streamPrioritiesSupported, globalL1CacheSupported, localL1CacheSupported;
  size_t sharedMemPerMultiprocessor;
  int regsPerMultiprocessor, managedMemory, isMultiGpuBoard, multiGpuBoardGroupID, hostNativeAtomicSupported;
  int singleToDoublePrecisionPerfRatio, pageableMemoryAccess, concurrentManagedAccess, computePreemptionSupported;
  int canUseHostPointerForRegisteredMem, cooperativeLaunch, cooperativeMultiDeviceLaunch;
  size_t sharedMemPerBlockOptin;
  int pageableMemoryAccessUsesHostPageTables, directManagedMemAccessFromHost, maxBlocksPerMultiProcessor;
  int accessPolicyMaxWindowSize;
  size_t reservedSharedMemPerBlock;
  int hostRegisterSupported, sparseCudaArraySupported, hostRegisterReadOnlySupported, timelineSemaphoreInteropSupported;
  int memoryPoolsSupported, gpuDirectRDMASupported;
  unsigned gpuDirectRDMAFlushWritesOptions;
  int gpuDirectRDMAWritesOrdering;
  unsigned memoryPoolSupportedHandleTypes;
  int deferredMappingCudaArraySupported, ipcEventSupported, clusterLaunch, unifiedFunctionPointers;
  int deviceNumaConfig, deviceNumaId, mpsEnabled, hostNumaId;
};

namespace cuport {
CUPORT_COLD inline cudaDeviceProp make_properties() {
  cudaDeviceProp p = {};
  snprintf(p.name, sizeof p.name, "cuport CPU oracle");
  memcpy(p.uuid.bytes, "cuport-cpu-00000", 16);
  p.totalGlobalMem = DeviceMemory::limit();
  p.sharedMemPerBlock = 48 * 1024;
  p.sharedMemPerBlockOptin = 227 * 1024;
  p.sharedMemPerMultiprocessor = 228 * 1024;
  p.reservedSharedMemPerBlock = 1024;
  p.regsPerBlock = p.regsPerMultiprocessor = 65536;
  p.warpSize = 32;
  p.memPitch = 2147483647;
  p.maxThreadsPerBlock = 1024;
  p.maxThreadsDim[0] = p.maxThreadsDim[1] = 1024, p.maxThreadsDim[2] = 64;
  p.maxGridSize[0] = 2147483647, p.maxGridSize[1] = p.maxGridSize[2] = 65535;
  p.clockRate = 1980000;
  p.totalConstMem = 64 * 1024;
  p.major = 9, p.minor = 0;
  p.textureAlignment = p.surfaceAlignment = 512, p.texturePitchAlignment = 32;
  p.deviceOverlap = p.concurrentKernels = p.canMapHostMemory = p.unifiedAddressing = p.managedMemory = 1;
  p.multiProcessorCount = 8;
  p.pciBusID = 1;
  p.ECCEnabled = p.tccDriver = 1;
  p.asyncEngineCount = 3;
  p.memoryClockRate = 2619000, p.memoryBusWidth = 5120;
  p.l2CacheSize = 50 << 20, p.persistingL2CacheMaxSize = p.accessPolicyMaxWindowSize = 32 << 20;
  p.maxThreadsPerMultiProcessor = 2048, p.maxBlocksPerMultiProcessor = 32;
  p.streamPrioritiesSupported = p.globalL1CacheSupported = p.localL1CacheSupported = 1;
  p.hostNativeAtomicSupported = p.concurrentManagedAccess = p.pageableMemoryAccess = 1;
  p.computePreemptionSupported = p.cooperativeLaunch = p.canUseHostPointerForRegisteredMem = 1;
  p.hostRegisterSupported = p.memoryPoolsSupported = p.unifiedFunctionPointers = 1;
  p.singleToDoublePrecisionPerfRatio = 2;
  p.maxTexture1D = p.maxTexture2D[0] = 131072, p.maxTexture2D[1] = 65536, p.maxTexture1DLinear = 268435456;
  p.maxTexture3D[0] = p.maxTexture3D[1] = p.maxTexture3D[2] = 16384;
  p.maxTexture2DLinear[0] = 131072, p.maxTexture2DLinear[1] = 65000, p.maxTexture2DLinear[2] = 2097120;
  p.maxTexture1DLayered[0] = p.maxTexture2DLayered[0] = p.maxTexture2DLayered[1] = 32768;
  p.maxTexture1DLayered[1] = p.maxTexture2DLayered[2] = 2048;
  return p;
}
inline const cudaDeviceProp& device_properties() {
  static const cudaDeviceProp properties = make_properties();
  return properties;
}
// Device 0 is all there is.
inline cudaError_t on_device(int device) { return device == 0 ? cudaSuccess : last_error = cudaErrorInvalidDevice; }
inline unsigned device_flags = 0;
inline size_t device_limits[8] = {1024, size_t{1} << 20, size_t{8} << 20, 2, 2048, 128, 0, 0};
}  // namespace cuport

enum cudaDeviceAttr {
#define CUPORT_ATTRIBUTE(name, number, value) name = number,
  CUPORT_DEVICE_ATTRIBUTES(CUPORT_ATTRIBUTE)
#undef CUPORT_ATTRIBUTE
};
enum cudaComputeMode {
  cudaComputeModeDefault = 0,
  cudaComputeModeExclusive = 1,
  cudaComputeModeProhibited = 2,
  cudaComputeModeExclusiveProcess = 3
};
enum cudaLimit {
  cudaLimitStackSize,
  cudaLimitPrintfFifoSize,
  cudaLimitMallocHeapSize,
  cudaLimitDevRuntimeSyncDepth,
  cudaLimitDevRuntimePendingLaunchCount,
  cudaLimitMaxL2FetchGranularity,
  cudaLimitPersistingL2CacheSize
};
enum cudaDeviceP2PAttr {
  cudaDevP2PAttrPerformanceRank = 1,
  cudaDevP2PAttrAccessSupported,
  cudaDevP2PAttrNativeAtomicSupported,
  cudaDevP2PAttrCudaArrayAccessSupported
};

inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* out, int device) {
  if (out == nullptr) return cuport::last_error = cudaErrorInvalidValue;
  if (cuport::on_device(device) != cudaSuccess) return cudaErrorInvalidDevice;
  *out = cuport::device_properties();
  return cudaSuccess;
}
#define cudaGetDeviceProperties_v2 cudaGetDeviceProperties
CUPORT_COLD inline cudaError_t cudaDeviceGetAttribute(int* out, cudaDeviceAttr which, int device) {
  if (cuport::on_device(device) != cudaSuccess) return cudaErrorInvalidDevice;
  const cudaDeviceProp& p = cuport::device_properties();
  switch (which) {
#define CUPORT_ATTRIBUTE(name, number, value) case name: *out = static_cast<int>(value); return cudaSuccess;
    CUPORT_DEVICE_ATTRIBUTES(CUPORT_ATTRIBUTE)
#undef CUPORT_ATTRIBUTE
  }
  return cuport::last_error = cudaErrorInvalidValue;
}
inline cudaError_t cudaGetDeviceCount(int* n) { *n = 1; return cudaSuccess; }
inline cudaError_t cudaGetDevice(int* device) { *device = 0; return cudaSuccess; }
inline cudaError_t cudaSetDevice(int device) { return cuport::on_device(device); }
inline cudaError_t cudaInitDevice(int device, unsigned, unsigned) { return cuport::on_device(device); }
inline cudaError_t cudaSetDeviceFlags(unsigned flags) { cuport::device_flags = flags; return cudaSuccess; }
inline cudaError_t cudaGetDeviceFlags(unsigned* flags) { *flags = cuport::device_flags | 8; return cudaSuccess; }
inline cudaError_t cudaSetValidDevices(int*, int) { return cudaSuccess; }
inline cudaError_t cudaChooseDevice(int* device, const cudaDeviceProp*) { *device = 0; return cudaSuccess; }
inline cudaError_t cudaDriverGetVersion(int* v) { *v = CUDART_VERSION; return cudaSuccess; }
inline cudaError_t cudaRuntimeGetVersion(int* v) { *v = CUDART_VERSION; return cudaSuccess; }
inline cudaError_t cudaDeviceGetPCIBusId(char* out, int length, int device) {
  snprintf(out, static_cast<size_t>(length), "0000:01:00.0");
  return cuport::on_device(device);
}
inline cudaError_t cudaDeviceGetByPCIBusId(int* device, const char*) { *device = 0; return cudaSuccess; }
inline cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) { *can = 0; return cudaSuccess; }
inline cudaError_t cudaDeviceEnablePeerAccess(int, unsigned) { return cuport::last_error = cudaErrorInvalidDevice; }
inline cudaError_t cudaDeviceDisablePeerAccess(int) { return cuport::last_error = cudaErrorPeerAccessNotEnabled; }
inline cudaError_t cudaDeviceGetP2PAttribute(int*, cudaDeviceP2PAttr, int, int) { return cuport::last_error = cudaErrorInvalidDevice; }
inline cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  if (least != nullptr) *least = 0;
  if (greatest != nullptr) *greatest = -5;
  return cudaSuccess;
}
inline cudaError_t cudaDeviceSetLimit(cudaLimit which, size_t value) {
  if (which < 0 || which > cudaLimitPersistingL2CacheSize) return cuport::last_error = cudaErrorUnsupportedLimit;
  cuport::device_limits[which] = value;
  return cudaSuccess;
}
inline cudaError_t cudaDeviceGetLimit(size_t* value, cudaLimit which) {
  if (which < 0 || which > cudaLimitPersistingL2CacheSize) return cuport::last_error = cudaErrorUnsupportedLimit;
  *value = cuport::device_limits[which];
  return cudaSuccess;
}
inline cudaError_t cudaDeviceFlushGPUDirectRDMAWrites(int, int) { return cuport::last_error = cudaErrorNotSupported; }
