// The host API about memory that is there: registration, advice, attributes, symbols; and pools.
#pragma once
#include "host_memory.h"

namespace cuport {

// A symbol is the variable itself, its address, or (in old programs) its name.
template <class T>
inline void* symbol_address(const T& symbol) {
  if constexpr (std::is_array_v<T> && std::is_same_v<std::remove_cv_t<std::remove_extent_t<T>>, char>) {
    if (find_global(&symbol) == nullptr) {
      const GlobalVariable* named = find_global(symbol, strlen(symbol));
      return named == nullptr ? nullptr : named->address;
    }
  }
  void* address = const_cast<char*>(&reinterpret_cast<const volatile char&>(symbol));
  if constexpr (std::is_pointer_v<T> && !std::is_function_v<std::remove_pointer_t<T>>) {
    if (find_global(address) == nullptr) return const_cast<void*>(static_cast<const volatile void*>(symbol));
  }
  return address;
}
inline size_t symbol_room(const void* address) {
  const GlobalVariable* g = find_global(address);
  return g == nullptr ? 0 : static_cast<size_t>(static_cast<char*>(g->address) + g->bytes - static_cast<const char*>(address));
}
// Whether a copy of these bytes of a symbol can be.
inline cudaError_t check_symbol(const void* address, size_t bytes, size_t offset) {
  if (address == nullptr || find_global(address) == nullptr) return done(cudaErrorInvalidSymbol);
  return offset > symbol_room(address) || bytes > symbol_room(address) - offset ? done(cudaErrorInvalidValue) : cudaSuccess;
}
inline cudaError_t range_known(const void* p, size_t bytes) {
  const Allocation* a = device_memory.find(p);
  if (a == nullptr || a->use != MemoryUse::managed) return find_global(p) != nullptr ? done() : done(cudaErrorInvalidValue);
  return done(room_at(p) < bytes ? cudaErrorInvalidValue : cudaSuccess);
}

}  // namespace cuport

inline cudaError_t cudaHostRegister(void* p, size_t bytes, unsigned) {
  if (p == nullptr || bytes == 0) return cuport::done(cudaErrorInvalidValue);
  const cuport::HostLock lock;
  if (*cuport::find_registered(p) != nullptr) return cuport::done(cudaErrorHostMemoryAlreadyRegistered);
  cuport::registered = new cuport::RegisteredRange{static_cast<char*>(p), bytes, cuport::registered};
  return cuport::done();
}
inline cudaError_t cudaHostUnregister(void* p) {
  const cuport::HostLock lock;
  cuport::RegisteredRange** at = cuport::find_registered(p);
  if (*at == nullptr || (*at)->base != p) return cuport::done(cudaErrorHostMemoryNotRegistered);
  cuport::RegisteredRange* gone = *at;
  *at = gone->next;
  delete gone;
  return cuport::done();
}
template <class T>
inline cudaError_t cudaHostGetDevicePointer(T** out, void* host, unsigned) {
  const cuport::Allocation* a = cuport::device_memory.find(host);
  if ((a == nullptr || a->use == cuport::MemoryUse::device) && *cuport::find_registered(host) == nullptr) return cuport::done(cudaErrorInvalidValue);
  *out = static_cast<T*>(host);
  return cuport::done();
}
inline cudaError_t cudaHostGetFlags(unsigned* flags, void*) {
  *flags = cudaHostAllocMapped;
  return cuport::done();
}
inline cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total) {
  if (total != nullptr) *total = cuport::DeviceMemory::limit();
  if (free_bytes != nullptr) *free_bytes = cuport::DeviceMemory::limit() - cuport::device_memory.used();
  return cuport::done();
}
inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* out, const void* p) {
  const cuport::Allocation* a = cuport::device_memory.find(p);
  void* address = const_cast<void*>(p);
  out->device = 0;
  if (a != nullptr || cuport::find_global(p) != nullptr) {
    const cuport::MemoryUse use = a == nullptr ? cuport::MemoryUse::device : a->use;
    out->type = use == cuport::MemoryUse::device ? cudaMemoryTypeDevice : use == cuport::MemoryUse::host ? cudaMemoryTypeHost : cudaMemoryTypeManaged;
    out->devicePointer = address;
    out->hostPointer = use == cuport::MemoryUse::device ? nullptr : address;
  } else {
    const bool pinned = *cuport::find_registered(p) != nullptr;
    out->type = pinned ? cudaMemoryTypeHost : cudaMemoryTypeUnregistered;
    out->device = pinned ? 0 : -2;
    out->devicePointer = pinned ? address : nullptr;
    out->hostPointer = address;
  }
  return cuport::done();
}
// Old and new forms: (..., int device, stream) and (..., cudaMemLocation, flags, stream).
template <class... A>
inline cudaError_t cudaMemPrefetchAsync(const void* p, size_t bytes, A...) { return cuport::range_known(p, bytes); }
template <class... A>
inline cudaError_t cudaMemAdvise(const void* p, size_t bytes, cudaMemoryAdvise, A...) { return cuport::range_known(p, bytes); }
template <class... A>
inline cudaError_t cudaMemAdvise_v2(const void* p, size_t bytes, cudaMemoryAdvise, A...) { return cuport::range_known(p, bytes); }
inline cudaError_t cudaMemRangeGetAttribute(void* out, size_t bytes, cudaMemRangeAttribute, const void*, size_t) {
  memset(out, 0, bytes);
  return cuport::done();
}
inline cudaError_t cudaStreamAttachMemAsync(cudaStream_t, void*, size_t = 0, unsigned = cudaMemAttachSingle) { return cuport::done(); }

template <class T>
inline cudaError_t cudaMemcpyToSymbol(const T& symbol, const void* from, size_t bytes, size_t offset = 0,
                                      cudaMemcpyKind kind = cudaMemcpyHostToDevice) {
  void* to = cuport::symbol_address(symbol);
  if (const cudaError_t error = cuport::check_symbol(to, bytes, offset)) return error;
  return cuport::blocking_copy(static_cast<char*>(to) + offset, from, bytes, kind);
}
template <class T>
inline cudaError_t cudaMemcpyToSymbolAsync(const T& symbol, const void* from, size_t bytes, size_t offset = 0,
                                           cudaMemcpyKind kind = cudaMemcpyHostToDevice, cudaStream_t s = nullptr) {
  void* to = cuport::symbol_address(symbol);
  if (const cudaError_t error = cuport::check_symbol(to, bytes, offset)) return error;
  return cudaMemcpyAsync(static_cast<char*>(to) + offset, from, bytes, kind, s);
}
template <class T>
inline cudaError_t cudaMemcpyFromSymbol(void* to, const T& symbol, size_t bytes, size_t offset = 0,
                                        cudaMemcpyKind kind = cudaMemcpyDeviceToHost) {
  const void* from = cuport::symbol_address(symbol);
  if (const cudaError_t error = cuport::check_symbol(from, bytes, offset)) return error;
  return cuport::blocking_copy(to, static_cast<const char*>(from) + offset, bytes, kind);
}
template <class T>
inline cudaError_t cudaMemcpyFromSymbolAsync(void* to, const T& symbol, size_t bytes, size_t offset = 0,
                                             cudaMemcpyKind kind = cudaMemcpyDeviceToHost, cudaStream_t s = nullptr) {
  const void* from = cuport::symbol_address(symbol);
  if (const cudaError_t error = cuport::check_symbol(from, bytes, offset)) return error;
  return cudaMemcpyAsync(to, static_cast<const char*>(from) + offset, bytes, kind, s);
}
template <class P, class T>
inline cudaError_t cudaGetSymbolAddress(P** out, const T& symbol) {
  void* address = cuport::symbol_address(symbol);
  *out = static_cast<P*>(address);
  return cuport::done(cuport::find_global(address) == nullptr ? cudaErrorInvalidSymbol : cudaSuccess);
}
template <class T>
inline cudaError_t cudaGetSymbolSize(size_t* out, const T& symbol) {
  *out = cuport::symbol_room(cuport::symbol_address(symbol));
  return cuport::done(*out == 0 ? cudaErrorInvalidSymbol : cudaSuccess);
}

// Stream-ordered allocation. Pools keep nothing: memory comes and goes at once.
struct cudaMemPoolProps {
  int allocType, handleTypes;
  cudaMemLocation location;
  void* win32SecurityAttributes;
  size_t maxSize;
  unsigned short usage;
  unsigned char reserved[54];
};
struct CUmemPoolHandle_st {
  unsigned long long values[16];
};
typedef CUmemPoolHandle_st* cudaMemPool_t;
enum cudaMemPoolAttr {
  cudaMemPoolReuseFollowEventDependencies = 1,
  cudaMemPoolReuseAllowOpportunistic,
  cudaMemPoolReuseAllowInternalDependencies,
  cudaMemPoolAttrReleaseThreshold,
  cudaMemPoolAttrReservedMemCurrent,
  cudaMemPoolAttrReservedMemHigh,
  cudaMemPoolAttrUsedMemCurrent,
  cudaMemPoolAttrUsedMemHigh
};
enum { cudaMemAllocationTypeInvalid = 0, cudaMemAllocationTypePinned = 1, cudaMemAllocationTypeManaged = 2 };
enum { cudaMemHandleTypeNone = 0, cudaMemHandleTypePosixFileDescriptor = 1, cudaMemHandleTypeWin32 = 2 };
enum { cudaMemAccessFlagsProtNone = 0, cudaMemAccessFlagsProtRead = 1, cudaMemAccessFlagsProtReadWrite = 3 };
struct cudaMemAccessDesc {
  cudaMemLocation location;
  int flags;
};
namespace cuport {
inline CUmemPoolHandle_st default_pool;
}
inline cudaError_t cudaMallocAsync(void** out, size_t bytes, cudaStream_t = nullptr) { return cudaMalloc(out, bytes); }
inline cudaError_t cudaMallocAsync(void** out, size_t bytes, cudaMemPool_t, cudaStream_t) { return cudaMalloc(out, bytes); }
inline cudaError_t cudaMallocFromPoolAsync(void** out, size_t bytes, cudaMemPool_t, cudaStream_t) { return cudaMalloc(out, bytes); }
CUPORT_TYPED(cudaMallocAsync)
CUPORT_TYPED(cudaMallocFromPoolAsync)
#undef CUPORT_TYPED
inline cudaError_t cudaFreeAsync(void* p, cudaStream_t s = nullptr) {
#ifdef CUPORT_GRAPHS
  if (cuport::recording_of(s) != nullptr) return cuport::done();  // the graph keeps it, for it may run again
#endif
  (void)s;
  return cudaFree(p);
}
inline cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* out, int) { *out = &cuport::default_pool; return cuport::done(); }
inline cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* out, int) { *out = &cuport::default_pool; return cuport::done(); }
inline cudaError_t cudaDeviceSetMemPool(int, cudaMemPool_t) { return cuport::done(); }
inline cudaError_t cudaMemPoolCreate(cudaMemPool_t* out, const cudaMemPoolProps*) { *out = new CUmemPoolHandle_st{}; return cuport::done(); }
inline cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) { if (pool != &cuport::default_pool) delete pool; return cuport::done(); }
inline cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t) { return cuport::done(); }
inline cudaError_t cudaMemPoolSetAccess(cudaMemPool_t, const cudaMemAccessDesc*, size_t) { return cuport::done(); }
inline cudaError_t cudaMemPoolGetAccess(int* flags, cudaMemPool_t, cudaMemLocation*) { *flags = cudaMemAccessFlagsProtReadWrite; return cuport::done(); }
// The first three hold an int, the others a 64-bit number.
inline cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr which, void* value) {
  if (which < cudaMemPoolAttrReleaseThreshold) pool->values[which] = static_cast<unsigned>(*static_cast<int*>(value)); else memcpy(&pool->values[which], value, 8);
  return cuport::done();
}
inline cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr which, void* value) {
  unsigned long long v = pool->values[which];
  if (which >= cudaMemPoolAttrReservedMemCurrent) v = cuport::device_memory.used();
  if (which < cudaMemPoolAttrReleaseThreshold) *static_cast<int*>(value) = static_cast<int>(v); else memcpy(value, &v, 8);
  return cuport::done();
}
