// The host API for memory: allocation, copies, fills, symbols. Everything happens at once; streams only order.
#pragma once
#include <type_traits>
#include "errors.h"
#include "memory.h"
#include "registry.h"

enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4
};
enum {
  cudaHostAllocDefault = 0,
  cudaHostAllocPortable = 1,
  cudaHostAllocMapped = 2,
  cudaHostAllocWriteCombined = 4,
  cudaHostRegisterDefault = 0,
  cudaHostRegisterPortable = 1,
  cudaHostRegisterMapped = 2,
  cudaMemAttachGlobal = 1,
  cudaMemAttachHost = 2,
  cudaMemAttachSingle = 4
};
enum cudaMemoryAdvise {
  cudaMemAdviseSetReadMostly = 1,
  cudaMemAdviseUnsetReadMostly,
  cudaMemAdviseSetPreferredLocation,
  cudaMemAdviseUnsetPreferredLocation,
  cudaMemAdviseSetAccessedBy,
  cudaMemAdviseUnsetAccessedBy
};
enum cudaMemoryType {
  cudaMemoryTypeUnregistered = 0,
  cudaMemoryTypeHost = 1,
  cudaMemoryTypeDevice = 2,
  cudaMemoryTypeManaged = 3
};
struct cudaPointerAttributes {
  cudaMemoryType type;
  int device;
  void* devicePointer;
  void* hostPointer;
};
struct cudaExtent {
  size_t width, height, depth;
};
struct cudaPos {
  size_t x, y, z;
};
struct cudaPitchedPtr {
  void* ptr;
  size_t pitch, xsize, ysize;
};
typedef struct cudaArray* cudaArray_t;
typedef const struct cudaArray* cudaArray_const_t;
struct cudaMemcpy3DParms {
  cudaArray_t srcArray;
  cudaPos srcPos;
  cudaPitchedPtr srcPtr;
  cudaArray_t dstArray;
  cudaPos dstPos;
  cudaPitchedPtr dstPtr;
  cudaExtent extent;
  cudaMemcpyKind kind;
};
typedef int cudaMemPool_t;

namespace cuport {

// What an API call returns: a failed kernel's error first, for it stays; errors are remembered for cudaGetLastError.
inline cudaError_t done(cudaError_t error = cudaSuccess) {
  if (device_error != cudaSuccess) return device_error;
  if (error != cudaSuccess) last_error = error;
  return error;
}

// The bytes from here to the end of the allocation or global; all there are for host memory.
inline size_t room_at(const void* p) {
  if (const Allocation* a = device_memory.find(p)) return static_cast<size_t>(a->base + a->bytes - static_cast<const char*>(p));
  return device_memory.contains(p) ? 0 : ~size_t{0};
}
inline bool is_device(const void* p) { return device_memory.contains(p) || find_global(p) != nullptr; }

// A copy that leaves an allocation, or goes where the kind says it cannot, is an invalid value.
inline cudaError_t copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  if (device_error != cudaSuccess) return device_error;
  if (bytes == 0) return cudaSuccess;
  if (to == nullptr || from == nullptr) return done(cudaErrorInvalidValue);
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return done(cudaErrorInvalidMemcpyDirection);
  if (room_at(to) < bytes || room_at(from) < bytes) return done(cudaErrorInvalidValue);
  if ((kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice) && !is_device(to)) return done(cudaErrorInvalidValue);
  if ((kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice) && !is_device(from)) return done(cudaErrorInvalidValue);
  memmove(to, from, bytes);
  return cudaSuccess;
}

inline cudaError_t copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t height,
                             cudaMemcpyKind kind) {
  if (width > to_pitch || width > from_pitch) return done(cudaErrorInvalidPitchValue);
  for (size_t row = 0; row < height; ++row) {
    const cudaError_t e = copy(static_cast<char*>(to) + row * to_pitch, static_cast<const char*>(from) + row * from_pitch, width, kind);
    if (e != cudaSuccess) return e;
  }
  return done();
}

inline cudaError_t fill(void* to, int value, size_t bytes) {
  if (device_error != cudaSuccess) return device_error;
  if (bytes == 0) return cudaSuccess;
  if (to == nullptr || !is_device(to) || room_at(to) < bytes) return done(cudaErrorInvalidValue);
  memset(to, value, bytes);
  return cudaSuccess;
}

// A symbol is the variable itself, its address, or (in old programs) its name.
template <class T>
inline void* symbol_address(const T& symbol) {
  if constexpr (std::is_array_v<T> && std::is_same_v<std::remove_cv_t<std::remove_extent_t<T>>, char>) {
    if (find_global(&symbol) == nullptr) {
      const GlobalVariable* named = find_global(symbol, strlen(symbol));
      return named == nullptr ? nullptr : named->address;
    }
  }
  void* address = const_cast<void*>(static_cast<const volatile void*>(&symbol));
  if constexpr (std::is_pointer_v<T>) {
    if (find_global(address) == nullptr) return const_cast<void*>(static_cast<const volatile void*>(symbol));
  }
  return address;
}
inline size_t symbol_room(const void* address) {
  const GlobalVariable* g = find_global(address);
  return g == nullptr ? 0 : static_cast<size_t>(static_cast<char*>(g->address) + g->bytes - static_cast<const char*>(address));
}

}  // namespace cuport

inline cudaError_t cudaMalloc(void** out, size_t bytes) {
  if (out == nullptr) return cuport::done(cudaErrorInvalidValue);
  *out = cuport::device_memory.allocate(bytes);
  return cuport::done(*out == nullptr && bytes != 0 ? cudaErrorMemoryAllocation : cudaSuccess);
}
inline cudaError_t cudaMallocManaged(void** out, size_t bytes, unsigned = cudaMemAttachGlobal) {
  if (bytes == 0) return cuport::done(cudaErrorInvalidValue);
  return cudaMalloc(out, bytes);
}
inline cudaError_t cudaMallocHost(void** out, size_t bytes, unsigned = 0) { return cudaMalloc(out, bytes); }
inline cudaError_t cudaHostAlloc(void** out, size_t bytes, unsigned) { return cudaMalloc(out, bytes); }
inline cudaError_t cudaMallocAsync(void** out, size_t bytes, cudaStream_t = nullptr) { return cudaMalloc(out, bytes); }
inline cudaError_t cudaMallocPitch(void** out, size_t* pitch, size_t width, size_t height) {
  *pitch = (width + 511) / 512 * 512;
  return cudaMalloc(out, *pitch * height);
}
#define CUPORT_TYPED(name, ...)                                                      \
  template <class T, class... A>                                                     \
  inline auto name(T** out, A... rest)->std::enable_if_t<!std::is_void_v<T>, cudaError_t> { \
    return name(reinterpret_cast<void**>(out), rest...);                             \
  }
CUPORT_TYPED(cudaMalloc)
CUPORT_TYPED(cudaMallocManaged)
CUPORT_TYPED(cudaMallocHost)
CUPORT_TYPED(cudaHostAlloc)
CUPORT_TYPED(cudaMallocAsync)
CUPORT_TYPED(cudaMallocPitch)
#undef CUPORT_TYPED
inline cudaExtent make_cudaExtent(size_t w, size_t h, size_t d) { return {w, h, d}; }
inline cudaPos make_cudaPos(size_t x, size_t y, size_t z) { return {x, y, z}; }
inline cudaPitchedPtr make_cudaPitchedPtr(void* p, size_t pitch, size_t x, size_t y) { return {p, pitch, x, y}; }
inline cudaError_t cudaMalloc3D(cudaPitchedPtr* out, cudaExtent e) {
  out->xsize = e.width, out->ysize = e.height;
  return cudaMallocPitch(&out->ptr, &out->pitch, e.width, e.height * e.depth);
}

inline cudaError_t cudaFree(void* p) {
  if (p == nullptr) return cuport::done();
  return cuport::done(cuport::device_memory.release(p) ? cudaSuccess : cudaErrorInvalidValue);
}
inline cudaError_t cudaFreeHost(void* p) { return cudaFree(p); }
inline cudaError_t cudaFreeAsync(void* p, cudaStream_t = nullptr) { return cudaFree(p); }
inline cudaError_t cudaHostRegister(void*, size_t, unsigned) { return cuport::done(); }
inline cudaError_t cudaHostUnregister(void*) { return cuport::done(); }
template <class T>
inline cudaError_t cudaHostGetDevicePointer(T** out, void* host, unsigned) {
  *out = static_cast<T*>(host);
  return cuport::done();
}

inline cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return cuport::copy(to, from, bytes, kind);
}
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t = nullptr) {
  return cuport::copy(to, from, bytes, kind);
}
inline cudaError_t cudaMemcpyPeer(void* to, int, const void* from, int, size_t bytes) {
  return cuport::copy(to, from, bytes, cudaMemcpyDefault);
}
inline cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, size_t bytes, cudaStream_t = nullptr) {
  return cuport::copy(to, from, bytes, cudaMemcpyDefault);
}
inline cudaError_t cudaMemcpy2D(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t height,
                                cudaMemcpyKind kind) {
  return cuport::copy_rows(to, to_pitch, from, from_pitch, width, height, kind);
}
inline cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                                     size_t height, cudaMemcpyKind kind, cudaStream_t = nullptr) {
  return cuport::copy_rows(to, to_pitch, from, from_pitch, width, height, kind);
}
namespace cuport {
inline cudaError_t (*copy_array_3d)(const cudaMemcpy3DParms*) = nullptr;  // set by array.h, in programs that use arrays
}
inline cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms* p) {
  if (p->srcArray != nullptr || p->dstArray != nullptr) {
    return cuport::copy_array_3d != nullptr ? cuport::copy_array_3d(p) : cuport::done(cudaErrorNotSupported);
  }
  for (size_t z = 0; z < p->extent.depth; ++z) {
    char* to = static_cast<char*>(p->dstPtr.ptr) + p->dstPos.x +
               ((z + p->dstPos.z) * p->dstPtr.ysize + p->dstPos.y) * p->dstPtr.pitch;
    const char* from = static_cast<const char*>(p->srcPtr.ptr) + p->srcPos.x +
                       ((z + p->srcPos.z) * p->srcPtr.ysize + p->srcPos.y) * p->srcPtr.pitch;
    const cudaError_t e = cuport::copy_rows(to, p->dstPtr.pitch, from, p->srcPtr.pitch, p->extent.width, p->extent.height, p->kind);
    if (e != cudaSuccess) return e;
  }
  return cuport::done();
}
inline cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms* p, cudaStream_t = nullptr) { return cudaMemcpy3D(p); }

inline cudaError_t cudaMemset(void* to, int value, size_t bytes) { return cuport::fill(to, value, bytes); }
inline cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t = nullptr) {
  return cuport::fill(to, value, bytes);
}
inline cudaError_t cudaMemset2D(void* to, size_t pitch, int value, size_t width, size_t height) {
  for (size_t row = 0; row < height; ++row) {
    const cudaError_t e = cuport::fill(static_cast<char*>(to) + row * pitch, value, width);
    if (e != cudaSuccess) return e;
  }
  return cuport::done();
}
inline cudaError_t cudaMemset2DAsync(void* to, size_t pitch, int value, size_t width, size_t height, cudaStream_t = nullptr) {
  return cudaMemset2D(to, pitch, value, width, height);
}

template <class T>
inline cudaError_t cudaMemcpyToSymbol(const T& symbol, const void* from, size_t bytes, size_t offset = 0,
                                      cudaMemcpyKind kind = cudaMemcpyHostToDevice) {
  void* to = cuport::symbol_address(symbol);
  if (to == nullptr || cuport::find_global(to) == nullptr) return cuport::done(cudaErrorInvalidSymbol);
  if (offset + bytes > cuport::symbol_room(to)) return cuport::done(cudaErrorInvalidValue);
  return cuport::copy(static_cast<char*>(to) + offset, from, bytes, kind);
}
template <class T>
inline cudaError_t cudaMemcpyToSymbolAsync(const T& symbol, const void* from, size_t bytes, size_t offset,
                                           cudaMemcpyKind kind, cudaStream_t = nullptr) {
  return cudaMemcpyToSymbol(symbol, from, bytes, offset, kind);
}
template <class T>
inline cudaError_t cudaMemcpyFromSymbol(void* to, const T& symbol, size_t bytes, size_t offset = 0,
                                        cudaMemcpyKind kind = cudaMemcpyDeviceToHost) {
  const void* from = cuport::symbol_address(symbol);
  if (from == nullptr || cuport::find_global(from) == nullptr) return cuport::done(cudaErrorInvalidSymbol);
  if (offset + bytes > cuport::symbol_room(from)) return cuport::done(cudaErrorInvalidValue);
  return cuport::copy(to, static_cast<const char*>(from) + offset, bytes, kind);
}
template <class T>
inline cudaError_t cudaMemcpyFromSymbolAsync(void* to, const T& symbol, size_t bytes, size_t offset, cudaMemcpyKind kind,
                                             cudaStream_t = nullptr) {
  return cudaMemcpyFromSymbol(to, symbol, bytes, offset, kind);
}
template <class P, class T>
inline cudaError_t cudaGetSymbolAddress(P** out, const T& symbol) {
  void* address = cuport::symbol_address(symbol);
  *out = static_cast<P*>(address);
  return cuport::done(address == nullptr ? cudaErrorInvalidSymbol : cudaSuccess);
}
template <class T>
inline cudaError_t cudaGetSymbolSize(size_t* out, const T& symbol) {
  *out = cuport::symbol_room(cuport::symbol_address(symbol));
  return cuport::done(*out == 0 ? cudaErrorInvalidSymbol : cudaSuccess);
}

inline cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total) {
  *total = cuport::DeviceMemory::limit();
  *free_bytes = *total - cuport::device_memory.used();
  return cuport::done();
}
inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* out, const void* p) {
  const bool device = cuport::is_device(p);
  out->type = device ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  out->device = 0;
  out->devicePointer = device ? const_cast<void*>(p) : nullptr;
  out->hostPointer = device ? nullptr : const_cast<void*>(p);
  return cuport::done();
}
template <class... A>
inline cudaError_t cudaMemPrefetchAsync(const void*, size_t, A...) { return cuport::done(); }
template <class... A>
inline cudaError_t cudaMemAdvise(const void*, size_t, cudaMemoryAdvise, A...) { return cuport::done(); }
