// Launches by pointer, what a kernel's attributes are and may be set to, occupancy.
#pragma once
#include "host_memory.h"
#include "launch.h"
#include "properties.h"

enum cudaFuncAttribute {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9,
  cudaFuncAttributeClusterDimMustBeSet = 10,
  cudaFuncAttributeRequiredClusterWidth = 11,
  cudaFuncAttributeRequiredClusterHeight = 12,
  cudaFuncAttributeRequiredClusterDepth = 13,
  cudaFuncAttributeNonPortableClusterSizeAllowed = 14,
  cudaFuncAttributeClusterSchedulingPolicyPreference = 15
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
enum cudaSharedCarveout { cudaSharedmemCarveoutDefault = -1, cudaSharedmemCarveoutMaxShared = 100, cudaSharedmemCarveoutMaxL1 = 0 };
struct cudaFuncAttributes {
  size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
  int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion, cacheModeCA, maxDynamicSharedSizeBytes, preferredShmemCarveout;
  int clusterDimMustBeSet, requiredClusterWidth, requiredClusterHeight, requiredClusterDepth, clusterSchedulingPolicyPreference;
  int nonPortableClusterSizeAllowed;
};
#define cudaOccupancyDefault 0x00
#define cudaOccupancyDisableCachingOverride 0x01

namespace cuport {
template <class F>
inline const void* kernel_address(F* f) {
  return reinterpret_cast<const void*>(f);
}
inline cudaError_t set_kernel_attribute(const void* kernel, cudaFuncAttribute which, int value) {
  if (kernel == nullptr) return done(cudaErrorInvalidDeviceFunction);
  if (which == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (value < 0 || static_cast<size_t>(value) > kSharedOptIn) return done(cudaErrorInvalidValue);
    const HostLock lock;
    if (auto* a = attributes_of(kernel, true)) a->dynamic_limit = static_cast<size_t>(value) > kSharedLimit ? static_cast<size_t>(value) : kSharedLimit;
  } else if (which < cudaFuncAttributeMaxDynamicSharedMemorySize || which > cudaFuncAttributeClusterSchedulingPolicyPreference) {
    return done(cudaErrorInvalidValue);
  }
  return done();
}
inline cudaError_t kernel_attributes_of(cudaFuncAttributes* out, const void* kernel) {
  if (out == nullptr) return done(cudaErrorInvalidValue);
  if (kernel == nullptr) return done(cudaErrorInvalidDeviceFunction);
  const auto* a = attributes_of(kernel, false);
  *out = cudaFuncAttributes{};
  out->maxThreadsPerBlock = 1024, out->numRegs = 32, out->ptxVersion = out->binaryVersion = 90;
  out->maxDynamicSharedSizeBytes = static_cast<int>(a == nullptr ? kSharedLimit : a->dynamic_limit);
  out->preferredShmemCarveout = -1;
  return done();
}
inline cudaError_t active_blocks(int* out, int block, size_t shared) {
  if (out == nullptr || block <= 0) return done(cudaErrorInvalidValue);
  int n = block > 1024 || shared > kSharedOptIn ? 0 : 2048 / ((block + 31) / 32 * 32);
  if (shared != 0 && static_cast<size_t>(n) > 233472 / (shared + 1024)) n = static_cast<int>(233472 / (shared + 1024));
  *out = n > 32 ? 32 : n;
  return done();
}
// The largest block, by its shared bytes, that gives the most threads a multiprocessor.
template <class S>
inline cudaError_t best_block(int* grid, int* block, S shared_of, int limit) {
  if (grid == nullptr || block == nullptr) return done(cudaErrorInvalidValue);
  int best = 0, most = 0;
  for (int b = limit > 0 && limit < 1024 ? limit : 1024; b > 0; b = b % 32 != 0 ? b / 32 * 32 : b - 32) {
    int n = 0;
    active_blocks(&n, b, static_cast<size_t>(shared_of(b)));
    if (n * b > most) most = n * b, best = b;
  }
  *block = best;
  *grid = best == 0 ? 0 : device_properties().multiProcessorCount * (most / best);
  return done();
}
inline cudaError_t cooperative_fits(const Config& c) {
  const uint64_t threads = uint64_t{c.grid.x} * c.grid.y * c.grid.z * c.block.x * c.block.y * c.block.z;
  const auto& p = device_properties();
  const uint64_t most = uint64_t{static_cast<unsigned>(p.multiProcessorCount)} * static_cast<unsigned>(p.maxThreadsPerMultiProcessor);
  return threads > most ? done(cudaErrorCooperativeLaunchTooLarge) : cudaSuccess;
}
// A kernel of which only the address is at hand.
inline cudaError_t launch_unknown(const void* kernel, const Config& c, void** args) {
  const KnownKernel* known = find_kernel(kernel);
  return known == nullptr ? done(cudaErrorInvalidDeviceFunction) : known->packed(kernel, c, args);
}
inline cudaError_t launch_packed(const void* kernel, const Config& c, void** args) { return launch_unknown(kernel, c, args); }
}  // namespace cuport

template <class F>
inline cudaError_t cudaFuncSetAttribute(F* f, cudaFuncAttribute which, int value) {
  return cuport::set_kernel_attribute(cuport::kernel_address(f), which, value);
}
template <class F>
inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* out, F* f) {
  return cuport::kernel_attributes_of(out, cuport::kernel_address(f));
}
template <class F>
inline cudaError_t cudaFuncSetCacheConfig(F*, cudaFuncCache) { return cuport::done(); }
template <class F>
inline cudaError_t cudaFuncSetSharedMemConfig(F*, cudaSharedMemConfig) { return cuport::done(); }
template <class F>
inline cudaError_t cudaFuncGetName(const char** name, F* f) {
  const cuport::KnownKernel* known = cuport::find_kernel(cuport::kernel_address(f));
  *name = known == nullptr ? "" : known->info->name;
  return cuport::done(known == nullptr ? cudaErrorInvalidDeviceFunction : cudaSuccess);
}
inline cudaError_t cudaDeviceSetCacheConfig(cudaFuncCache) { return cuport::done(); }
inline cudaError_t cudaDeviceGetCacheConfig(cudaFuncCache* out) { *out = cudaFuncCachePreferNone; return cuport::done(); }
inline cudaError_t cudaDeviceSetSharedMemConfig(cudaSharedMemConfig) { return cuport::done(); }
inline cudaError_t cudaDeviceGetSharedMemConfig(cudaSharedMemConfig* out) { *out = cudaSharedMemBankSizeFourByte; return cuport::done(); }

template <class F>
inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* out, F*, int block, size_t shared) {
  return cuport::active_blocks(out, block, shared);
}
template <class F>
inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* out, F*, int block, size_t shared, unsigned) {
  return cuport::active_blocks(out, block, shared);
}
template <class F>
inline cudaError_t cudaOccupancyMaxPotentialBlockSize(int* grid, int* block, F*, size_t shared = 0, int limit = 0) {
  return cuport::best_block(grid, block, [=](int) { return shared; }, limit);
}
template <class F>
inline cudaError_t cudaOccupancyMaxPotentialBlockSizeWithFlags(int* grid, int* block, F*, size_t shared = 0, int limit = 0, unsigned = 0) {
  return cuport::best_block(grid, block, [=](int) { return shared; }, limit);
}
template <class S, class F>
inline cudaError_t cudaOccupancyMaxPotentialBlockSizeVariableSMem(int* grid, int* block, F*, S shared_of, int limit = 0) {
  return cuport::best_block(grid, block, shared_of, limit);
}
template <class S, class F>
inline cudaError_t cudaOccupancyMaxPotentialBlockSizeVariableSMemWithFlags(int* grid, int* block, F*, S shared_of, int limit = 0, unsigned = 0) {
  return cuport::best_block(grid, block, shared_of, limit);
}
template <class F>
inline cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(size_t* out, F*, int blocks, int) {
  if (blocks <= 0) return cuport::done(cudaErrorInvalidValue);
  const size_t each = 233472 / static_cast<size_t>(blocks);
  *out = each < 1024 ? 0 : each - 1024 > cuport::kSharedOptIn ? cuport::kSharedOptIn : each - 1024;
  return cuport::done();
}

// `kernel`: a pointer to a kernel, or the same as a `const void*` where the kernel is known to the program.
template <class... P>
inline cudaError_t cudaLaunchKernel(void (*kernel)(P...), dim3 grid, dim3 block, void** args, size_t shared = 0, cudaStream_t s = nullptr) {
  return cuport::launch_packed(kernel, cuport::config(grid, block, shared, s), args);
}
inline cudaError_t cudaLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** args, size_t shared = 0, cudaStream_t s = nullptr) {
  return cuport::launch_unknown(kernel, cuport::config(grid, block, shared, s), args);
}
template <class K>
inline cudaError_t cudaLaunchCooperativeKernel(K* kernel, dim3 grid, dim3 block, void** args, size_t shared = 0, cudaStream_t s = nullptr) {
  const cuport::Config c{grid, block, shared, true, s};
  const cudaError_t error = cuport::cooperative_fits(c);
  return error != cudaSuccess ? error : cuport::launch_packed(kernel, c, args);
}

enum cudaLaunchAttributeID {
  cudaLaunchAttributeIgnore = 0,
  cudaLaunchAttributeAccessPolicyWindow = 1,
  cudaLaunchAttributeCooperative = 2,
  cudaLaunchAttributeSynchronizationPolicy = 3,
  cudaLaunchAttributeClusterDimension = 4,
  cudaLaunchAttributeClusterSchedulingPolicyPreference = 5,
  cudaLaunchAttributeProgrammaticStreamSerialization = 6,
  cudaLaunchAttributeProgrammaticEvent = 7,
  cudaLaunchAttributePriority = 8,
  cudaLaunchAttributeMemSyncDomainMap = 9,
  cudaLaunchAttributeMemSyncDomain = 10,
  cudaLaunchAttributePreferredSharedMemoryCarveout = 14
};
enum cudaAccessProperty { cudaAccessPropertyNormal, cudaAccessPropertyStreaming, cudaAccessPropertyPersisting };
struct cudaAccessPolicyWindow {
  void* base_ptr;
  size_t num_bytes;
  float hitRatio;
  cudaAccessProperty hitProp, missProp;
};
enum cudaSynchronizationPolicy { cudaSyncPolicyAuto = 1, cudaSyncPolicySpin, cudaSyncPolicyYield, cudaSyncPolicyBlockingSync };
enum cudaClusterSchedulingPolicy { cudaClusterSchedulingPolicyDefault, cudaClusterSchedulingPolicySpread, cudaClusterSchedulingPolicyLoadBalancing };
union cudaLaunchAttributeValue {
  char pad[64];
  cudaAccessPolicyWindow accessPolicyWindow;
  int cooperative;
  struct { unsigned x, y, z; } clusterDim;
  cudaClusterSchedulingPolicy clusterSchedulingPolicyPreference;
  cudaSynchronizationPolicy syncPolicy;
  unsigned sharedMemCarveout;
  int programmaticStreamSerializationAllowed;
  int priority;
};
struct cudaLaunchAttribute {
  cudaLaunchAttributeID id;
  char pad[8 - sizeof(int)];
  cudaLaunchAttributeValue val;
};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
  cudaLaunchAttribute* attrs;
  unsigned numAttrs;
};
typedef cudaLaunchAttributeID cudaStreamAttrID;
typedef cudaLaunchAttributeValue cudaStreamAttrValue;
#define cudaStreamAttributeAccessPolicyWindow cudaLaunchAttributeAccessPolicyWindow
inline cudaError_t cudaStreamSetAttribute(cudaStream_t, cudaStreamAttrID, const cudaStreamAttrValue*) { return cuport::done(); }
inline cudaError_t cudaStreamGetAttribute(cudaStream_t, cudaStreamAttrID, cudaStreamAttrValue* out) { *out = {}; return cuport::done(); }

namespace cuport {
// The plain configuration of an extended one.
inline cudaError_t plain_config(const cudaLaunchConfig_t* given, Config& out) {
  if (given == nullptr) return done(cudaErrorInvalidValue);
  out = Config{given->gridDim, given->blockDim, given->dynamicSmemBytes, false, given->stream};
  for (unsigned i = 0; i < given->numAttrs; ++i) {
    const cudaLaunchAttribute& a = given->attrs[i];
    if (a.id == cudaLaunchAttributeCooperative) out.cooperative = a.val.cooperative != 0;
    if (a.id == cudaLaunchAttributeClusterDimension) {
      const auto& n = a.val.clusterDim;
      if (n.x == 0 || n.y == 0 || n.z == 0) return done(cudaErrorInvalidClusterSize);
      out.cluster = dim3(n.x, n.y, n.z);
    }
  }
  return out.cooperative ? cooperative_fits(out) : cudaSuccess;
}
}  // namespace cuport
template <class... P, class... A>
inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* given, void (*kernel)(P...), A&&... args) {
  cuport::Config c{};
  const cudaError_t error = cuport::plain_config(given, c);
  return error != cudaSuccess ? error : cuport::launch_pointer(kernel, c, static_cast<A&&>(args)...);
}
template <class K>
inline cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* given, K* kernel, void** args) {
  cuport::Config c{};
  const cudaError_t error = cuport::plain_config(given, c);
  return error != cudaSuccess ? error : cuport::launch_packed(kernel, c, args);
}
template <class F>
inline cudaError_t cudaOccupancyMaxPotentialClusterSize(int* size, F*, const cudaLaunchConfig_t*) { *size = 8; return cuport::done(); }
template <class F>
inline cudaError_t cudaOccupancyMaxActiveClusters(int* count, F*, const cudaLaunchConfig_t*) {
  *count = cuport::device_properties().multiProcessorCount;
  return cuport::done();
}
