// The plain part of the driver API, over the runtime's: device, context, memory, streams, events. Modules and their
// functions are compiled GPU code, which is refused by name (oracle/messages.py).
#pragma once
#include "host.h"

typedef enum cudaError_enum {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NOT_INITIALIZED = 3,
  CUDA_ERROR_DEINITIALIZED = 4,
  CUDA_ERROR_NO_DEVICE = 100,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_IMAGE = 200,
  CUDA_ERROR_INVALID_CONTEXT = 201,
  CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
  CUDA_ERROR_FILE_NOT_FOUND = 301,
  CUDA_ERROR_INVALID_HANDLE = 400,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_NOT_READY = 600,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701,
  CUDA_ERROR_LAUNCH_TIMEOUT = 702,
  CUDA_ERROR_ASSERT = 710,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_NOT_PERMITTED = 800,
  CUDA_ERROR_NOT_SUPPORTED = 801,
  CUDA_ERROR_UNKNOWN = 999
} CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
struct CUctx_st {
  unsigned flags;
};
typedef CUctx_st* CUcontext;
typedef cudaStream_t CUstream;
typedef cudaEvent_t CUevent;
#define CU_CTX_SCHED_AUTO 0x00
#define CU_CTX_SCHED_SPIN 0x01
#define CU_CTX_SCHED_YIELD 0x02
#define CU_CTX_SCHED_BLOCKING_SYNC 0x04
#define CU_CTX_MAP_HOST 0x08
#define CU_STREAM_DEFAULT 0x00
#define CU_STREAM_NON_BLOCKING 0x01
#define CU_EVENT_DEFAULT 0x00
#define CU_EVENT_BLOCKING_SYNC 0x01
#define CU_EVENT_DISABLE_TIMING 0x02
#define CU_MEM_ATTACH_GLOBAL 0x01
#define CU_MEMHOSTALLOC_PORTABLE 0x01
#define CU_MEMHOSTALLOC_DEVICEMAP 0x02

typedef enum CUdevice_attribute_enum {
  CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 1,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X = 2,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y = 3,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z = 4,
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X = 5,
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y = 6,
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z = 7,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK = 8,
  CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY = 9,
  CU_DEVICE_ATTRIBUTE_WARP_SIZE = 10,
  CU_DEVICE_ATTRIBUTE_MAX_PITCH = 11,
  CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK = 12,
  CU_DEVICE_ATTRIBUTE_CLOCK_RATE = 13,
  CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT = 14,
  CU_DEVICE_ATTRIBUTE_GPU_OVERLAP = 15,
  CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT = 17,
  CU_DEVICE_ATTRIBUTE_INTEGRATED = 18,
  CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY = 19,
  CU_DEVICE_ATTRIBUTE_COMPUTE_MODE = 20,
  CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS = 31,
  CU_DEVICE_ATTRIBUTE_ECC_ENABLED = 32,
  CU_DEVICE_ATTRIBUTE_PCI_BUS_ID = 33,
  CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID = 34,
  CU_DEVICE_ATTRIBUTE_TCC_DRIVER = 35,
  CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE = 36,
  CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH = 37,
  CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE = 38,
  CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR = 39,
  CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT = 40,
  CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING = 41,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR = 81,
  CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR = 82,
  CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY = 83,
  CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS = 89,
  CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH = 95,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,
  CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED = 102,
  CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR = 106,
  CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED = 115
} CUdevice_attribute;

namespace cuport {
inline CUctx_st primary_context{0};
inline CUcontext current_context = nullptr;
inline CUresult driver(cudaError_t error) { return static_cast<CUresult>(error); }
inline void* pointer(CUdeviceptr p) { return reinterpret_cast<void*>(static_cast<uintptr_t>(p)); }
}  // namespace cuport

inline CUresult cuInit(unsigned) { return CUDA_SUCCESS; }
inline CUresult cuDriverGetVersion(int* v) { *v = CUDA_VERSION; return CUDA_SUCCESS; }
inline CUresult cuGetErrorString(CUresult e, const char** text) { *text = cudaGetErrorString(static_cast<cudaError_t>(e)); return CUDA_SUCCESS; }
inline CUresult cuGetErrorName(CUresult e, const char** text) { *text = cudaGetErrorName(static_cast<cudaError_t>(e)); return CUDA_SUCCESS; }
inline CUresult cuDeviceGetCount(int* n) { *n = 1; return CUDA_SUCCESS; }
inline CUresult cuDeviceGet(CUdevice* out, int n) {
  *out = 0;
  return n == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
inline CUresult cuDeviceGetName(char* out, int room, CUdevice) { snprintf(out, static_cast<size_t>(room), "%s", cuport::device_properties().name); return CUDA_SUCCESS; }
inline CUresult cuDeviceGetUuid(CUuuid* out, CUdevice) { *out = cuport::device_properties().uuid; return CUDA_SUCCESS; }
inline CUresult cuDeviceTotalMem(size_t* out, CUdevice) { *out = cuport::device_properties().totalGlobalMem; return CUDA_SUCCESS; }
inline CUresult cuDeviceComputeCapability(int* major, int* minor, CUdevice) { *major = 9, *minor = 0; return CUDA_SUCCESS; }
inline CUresult cuDeviceGetAttribute(int* out, CUdevice_attribute which, CUdevice d) { return cuport::driver(cudaDeviceGetAttribute(out, static_cast<cudaDeviceAttr>(which), d)); }

inline CUresult cuCtxCreate(CUcontext* out, unsigned flags, CUdevice) { *out = cuport::current_context = new CUctx_st{flags}; return CUDA_SUCCESS; }
struct CUctxCreateParams;
inline CUresult cuCtxCreate(CUcontext* out, CUctxCreateParams*, unsigned flags, CUdevice d) { return cuCtxCreate(out, flags, d); }
inline CUresult cuCtxDestroy(CUcontext c) {
  if (c == nullptr) return CUDA_ERROR_INVALID_CONTEXT;
  if (c == cuport::current_context) cuport::current_context = nullptr;
  if (c != &cuport::primary_context) delete c;
  return CUDA_SUCCESS;
}
inline CUresult cuCtxDetach(CUcontext c) { return cuCtxDestroy(c); }
inline CUresult cuDevicePrimaryCtxRetain(CUcontext* out, CUdevice) { *out = &cuport::primary_context; return CUDA_SUCCESS; }
inline CUresult cuDevicePrimaryCtxRelease(CUdevice) { return CUDA_SUCCESS; }
inline CUresult cuDevicePrimaryCtxReset(CUdevice) { return cuport::driver(cudaDeviceReset()); }
inline CUresult cuCtxSetCurrent(CUcontext c) { cuport::current_context = c; return CUDA_SUCCESS; }
inline CUresult cuCtxGetCurrent(CUcontext* out) { *out = cuport::current_context; return CUDA_SUCCESS; }
inline CUresult cuCtxPushCurrent(CUcontext c) { return cuCtxSetCurrent(c); }
inline CUresult cuCtxPopCurrent(CUcontext* out) {
  if (out != nullptr) *out = cuport::current_context;
  return CUDA_SUCCESS;
}
inline CUresult cuCtxGetDevice(CUdevice* out) { *out = 0; return CUDA_SUCCESS; }
inline CUresult cuCtxSynchronize() { return cuport::driver(cudaDeviceSynchronize()); }

inline CUresult cuMemAlloc(CUdeviceptr* out, size_t bytes) {
  void* p = nullptr;
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  const cudaError_t e = cudaMalloc(&p, bytes);
  *out = reinterpret_cast<uintptr_t>(p);
  return cuport::driver(e);
}
inline CUresult cuMemAllocManaged(CUdeviceptr* out, size_t bytes, unsigned) {
  void* p = nullptr;
  const cudaError_t e = cudaMallocManaged(&p, bytes);
  *out = reinterpret_cast<uintptr_t>(p);
  return cuport::driver(e);
}
inline CUresult cuMemAllocPitch(CUdeviceptr* out, size_t* pitch, size_t width, size_t height, unsigned) {
  void* p = nullptr;
  const cudaError_t e = cudaMallocPitch(&p, pitch, width, height);
  *out = reinterpret_cast<uintptr_t>(p);
  return cuport::driver(e);
}
inline CUresult cuMemFree(CUdeviceptr p) { return cuport::driver(cudaFree(cuport::pointer(p))); }
inline CUresult cuMemAllocHost(void** out, size_t bytes) { return cuport::driver(cudaMallocHost(out, bytes)); }
inline CUresult cuMemHostAlloc(void** out, size_t bytes, unsigned) { return cuport::driver(cudaMallocHost(out, bytes)); }
inline CUresult cuMemFreeHost(void* p) { return cuport::driver(cudaFreeHost(p)); }
inline CUresult cuMemHostGetDevicePointer(CUdeviceptr* out, void* p, unsigned) { *out = reinterpret_cast<uintptr_t>(p); return CUDA_SUCCESS; }
inline CUresult cuMemGetInfo(size_t* free_bytes, size_t* total) { return cuport::driver(cudaMemGetInfo(free_bytes, total)); }
inline CUresult cuMemcpyHtoD(CUdeviceptr to, const void* from, size_t n) { return cuport::driver(cudaMemcpy(cuport::pointer(to), from, n, cudaMemcpyHostToDevice)); }
inline CUresult cuMemcpyDtoH(void* to, CUdeviceptr from, size_t n) { return cuport::driver(cudaMemcpy(to, cuport::pointer(from), n, cudaMemcpyDeviceToHost)); }
inline CUresult cuMemcpyDtoD(CUdeviceptr to, CUdeviceptr from, size_t n) { return cuport::driver(cudaMemcpy(cuport::pointer(to), cuport::pointer(from), n, cudaMemcpyDeviceToDevice)); }
inline CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t n) { return cuport::driver(cudaMemcpy(cuport::pointer(to), cuport::pointer(from), n, cudaMemcpyDefault)); }
inline CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, size_t n, CUstream s) { return cuport::driver(cudaMemcpyAsync(cuport::pointer(to), from, n, cudaMemcpyHostToDevice, s)); }
inline CUresult cuMemcpyDtoHAsync(void* to, CUdeviceptr from, size_t n, CUstream s) { return cuport::driver(cudaMemcpyAsync(to, cuport::pointer(from), n, cudaMemcpyDeviceToHost, s)); }
inline CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream s) { return cuport::driver(cudaMemcpyAsync(cuport::pointer(to), cuport::pointer(from), n, cudaMemcpyDeviceToDevice, s)); }
inline CUresult cuMemsetD8(CUdeviceptr to, unsigned char v, size_t n) { return cuport::driver(cudaMemset(cuport::pointer(to), v, n)); }
namespace cuport {
template <class T>
inline CUresult fill_with(CUdeviceptr to, T value, size_t n) {
  char* at = static_cast<char*>(pointer(to));
  if (!is_device(at) || room_at(at) < n * sizeof(T)) return CUDA_ERROR_INVALID_VALUE;
  for (size_t i = 0; i < n; ++i) memcpy(at + i * sizeof(T), &value, sizeof(T));
  CUPORT_HOST_WROTE(at, n * sizeof(T));
  return driver(done());
}
}  // namespace cuport
inline CUresult cuMemsetD16(CUdeviceptr to, unsigned short v, size_t n) { return cuport::fill_with(to, v, n); }
inline CUresult cuMemsetD32(CUdeviceptr to, unsigned v, size_t n) { return cuport::fill_with(to, v, n); }

inline CUresult cuStreamCreate(CUstream* out, unsigned flags) { return cuport::driver(cudaStreamCreateWithFlags(out, flags)); }
inline CUresult cuStreamDestroy(CUstream s) { return cuport::driver(cudaStreamDestroy(s)); }
inline CUresult cuStreamSynchronize(CUstream s) { return cuport::driver(cudaStreamSynchronize(s)); }
inline CUresult cuStreamQuery(CUstream s) { return cuport::driver(cudaStreamQuery(s)); }
inline CUresult cuStreamWaitEvent(CUstream s, CUevent e, unsigned) { return cuport::driver(cudaStreamWaitEvent(s, e)); }
inline CUresult cuEventCreate(CUevent* out, unsigned flags) { return cuport::driver(cudaEventCreateWithFlags(out, flags)); }
inline CUresult cuEventDestroy(CUevent e) { return cuport::driver(cudaEventDestroy(e)); }
inline CUresult cuEventRecord(CUevent e, CUstream s) { return cuport::driver(cudaEventRecord(e, s)); }
inline CUresult cuEventSynchronize(CUevent e) { return cuport::driver(cudaEventSynchronize(e)); }
inline CUresult cuEventQuery(CUevent e) { return cuport::driver(cudaEventQuery(e)); }
inline CUresult cuEventElapsedTime(float* ms, CUevent from, CUevent to) { return cuport::driver(cudaEventElapsedTime(ms, from, to)); }
inline CUresult cuProfilerStart() { return CUDA_SUCCESS; }
inline CUresult cuProfilerStop() { return CUDA_SUCCESS; }
