// The host API for memory: allocation, copies, fills. Everything happens at once; streams only order.
#pragma once
#include <setjmp.h>
#include <type_traits>
#include "device_print.h"
#include "host_lock.h"
#include "host_types.h"
#include "memory.h"
#include "../cases/registry.h"
#include "signals.h"
#include "stream.h"
#ifdef CUPORT_GRAPHS
#include "../graphs/recording.h"
#endif
#ifdef CUPORT_CHECKED
#include "../checked/checked_host.h"
#else
#define CUPORT_HOST_ALLOCATED(base, bytes, known)
#define CUPORT_HOST_FREED(base, bytes)
#define CUPORT_HOST_WROTE(at, bytes)
#define CUPORT_HOST_COPIED(to, from, bytes)
#endif

namespace cuport {

// What an API call returns: a failed kernel's error first, for it stays; errors are remembered for cudaGetLastError.
inline cudaError_t done(cudaError_t error = cudaSuccess) {
  if (device_error != cudaSuccess) return device_error;
  if (error != cudaSuccess) last_error = error;
  return error;
}
// The same where the call waits for the device.
inline cudaError_t synchronised() {
  flush_device_output();
  return done();
}

// Runs `f`, or keeps it: for the graph that the stream's operations are recorded into, or after the kernel that calls.
#ifdef CUPORT_GRAPHS
template <class F>
inline cudaError_t in_stream(cudaStream_t s, StepKind kind, const F& f) {
#ifdef CUPORT_CHILDREN
  if (in_kernel()) return add_child(s, f);
#endif
  if (Recording* r = recording_of(s)) return r->add(kind, f);
  return f();
}
inline bool is_recording(cudaStream_t s) { return recording_of(s) != nullptr; }
#define CUPORT_IN_STREAM(stream, kind, ...) return ::cuport::in_stream(stream, ::cuport::StepKind::kind, [=] { return __VA_ARGS__; })
#elif defined(CUPORT_CHILDREN)
template <class F>
inline cudaError_t in_stream(cudaStream_t s, const F& f) {
  return in_kernel() ? add_child(s, f) : f();
}
inline bool is_recording(cudaStream_t) { return false; }
#define CUPORT_IN_STREAM(stream, kind, ...) return ::cuport::in_stream(stream, [=] { return __VA_ARGS__; })
#else
inline bool is_recording(cudaStream_t) { return false; }
#define CUPORT_IN_STREAM(stream, kind, ...) return (void)(stream), __VA_ARGS__
#endif

// The bytes from here to the end of the allocation or global; all there are for host memory.
inline size_t room_at(const void* p) {
  if (const Allocation* a = device_memory.find(p)) return static_cast<size_t>(a->base + a->bytes - static_cast<const char*>(p));
  return device_memory.contains(p) ? 0 : ~size_t{0};
}
inline bool is_device(const void* p) { return device_memory.contains(p) || find_global(p) != nullptr; }
// Memory that the host cannot touch on a real device.
inline bool is_device_only(const void* p) {
  const Allocation* a = device_memory.find(p);
  return a != nullptr && a->use == MemoryUse::device;
}

// memmove that survives an address that is none.
CUPORT_NOINLINE CUPORT_QUIET inline bool careful_move(void* to, const void* from, size_t bytes) {
  sigjmp_buf back;
  if (sigsetjmp(back, 0) != 0) {
    careful = nullptr;
    return false;
  }
  careful = &back;
  memmove(to, from, bytes);
  careful = nullptr;
  return true;
}

// A copy that leaves an allocation, or goes where the kind says it cannot, is an invalid value.
inline cudaError_t copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  if (device_error != cudaSuccess) return device_error;
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return done(cudaErrorInvalidMemcpyDirection);
  if (bytes == 0) return cudaSuccess;
  if (to == nullptr || from == nullptr) return done(cudaErrorInvalidValue);
  const HostLock lock;
  if (room_at(to) < bytes || room_at(from) < bytes) return done(cudaErrorInvalidValue);
  if ((kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice) ? !is_device(to) : kind != cudaMemcpyDefault && is_device_only(to)) {
    return done(cudaErrorInvalidValue);
  }
  if ((kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice) ? !is_device(from) : kind != cudaMemcpyDefault && is_device_only(from)) {
    return done(cudaErrorInvalidValue);
  }
  if (!careful_move(to, from, bytes)) return done(cudaErrorInvalidValue);
  CUPORT_HOST_COPIED(to, from, bytes);
  return cudaSuccess;
}
inline cudaError_t blocking_copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  flush_device_output();
  return copy(to, from, bytes, kind);
}

inline cudaError_t copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t height,
                             cudaMemcpyKind kind) {
  const size_t unused = height <= 1 ? width : 0;  // the pitch of a single row may be left out
  if (width > (to_pitch == 0 ? unused : to_pitch) || width > (from_pitch == 0 ? unused : from_pitch)) return done(cudaErrorInvalidPitchValue);
  for (size_t row = 0; row < height; ++row) {
    const cudaError_t e = copy(static_cast<char*>(to) + row * to_pitch, static_cast<const char*>(from) + row * from_pitch, width, kind);
    if (e != cudaSuccess) return e;
  }
  return done();
}

inline cudaError_t fill(void* to, int value, size_t bytes) {
  if (device_error != cudaSuccess) return device_error;
  if (bytes == 0) return cudaSuccess;
  const HostLock lock;
  if (to == nullptr || !is_device(to) || room_at(to) < bytes) return done(cudaErrorInvalidValue);
  memset(to, value, bytes);
  CUPORT_HOST_WROTE(to, bytes);
  return cudaSuccess;
}
inline cudaError_t fill_rows(void* to, size_t pitch, int value, size_t width, size_t height) {
  if (width > pitch) return done(cudaErrorInvalidValue);
  for (size_t row = 0; row < height; ++row) {
    const cudaError_t e = fill(static_cast<char*>(to) + row * pitch, value, width);
    if (e != cudaSuccess) return e;
  }
  return done();
}

// Memory that the host sees too is zero at first, as the pages of a process are.
inline cudaError_t allocate(void** out, size_t bytes, MemoryUse use) {
  if (out == nullptr) return done(cudaErrorInvalidValue);
  const HostLock lock;
  char* at = device_memory.allocate(bytes);
  *out = at;
  if (at == nullptr) return done(bytes != 0 ? cudaErrorMemoryAllocation : cudaSuccess);
  device_memory.find(at)->use = use;
  if (use != MemoryUse::device) memset(at, 0, bytes);
  CUPORT_HOST_ALLOCATED(at, bytes, use != MemoryUse::device);
  return done();
}
inline cudaError_t release(void* p, bool host) {
  if (p == nullptr) return done();
  const HostLock lock;
  const Allocation* a = device_memory.find(p);
  if (a == nullptr || a->base != p || (a->use == MemoryUse::host) != host) return done(cudaErrorInvalidValue);
  CUPORT_HOST_FREED(a->base, a->bytes);
  device_memory.release(p);
  return done();
}

inline cudaError_t (*copy_array_3d)(const cudaMemcpy3DParms*) = nullptr;  // set by array.h, in programs that use arrays
inline cudaError_t copy_3d(const cudaMemcpy3DParms* p) {
  if (p->srcArray != nullptr || p->dstArray != nullptr) {
    return copy_array_3d != nullptr ? copy_array_3d(p) : done(cudaErrorNotSupported);
  }
  for (size_t z = 0; z < p->extent.depth; ++z) {
    char* to = static_cast<char*>(p->dstPtr.ptr) + p->dstPos.x +
               ((z + p->dstPos.z) * p->dstPtr.ysize + p->dstPos.y) * p->dstPtr.pitch;
    const char* from = static_cast<const char*>(p->srcPtr.ptr) + p->srcPos.x +
                       ((z + p->srcPos.z) * p->srcPtr.ysize + p->srcPos.y) * p->srcPtr.pitch;
    const cudaError_t e = copy_rows(to, p->dstPtr.pitch, from, p->srcPtr.pitch, p->extent.width, p->extent.height, p->kind);
    if (e != cudaSuccess) return e;
  }
  return done();
}

}  // namespace cuport

inline cudaError_t cudaMalloc(void** out, size_t bytes) { return cuport::allocate(out, bytes, cuport::MemoryUse::device); }
inline cudaError_t cudaMallocManaged(void** out, size_t bytes, unsigned = cudaMemAttachGlobal) {
  if (bytes == 0) return cuport::done(cudaErrorInvalidValue);
  return cuport::allocate(out, bytes, cuport::MemoryUse::managed);
}
inline cudaError_t cudaMallocHost(void** out, size_t bytes, unsigned = 0) {
  return cuport::allocate(out, bytes, cuport::MemoryUse::host);
}
inline cudaError_t cudaHostAlloc(void** out, size_t bytes, unsigned) { return cudaMallocHost(out, bytes); }
inline cudaError_t cudaMallocPitch(void** out, size_t* pitch, size_t width, size_t height) {
  if (pitch == nullptr) return cuport::done(cudaErrorInvalidValue);
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
CUPORT_TYPED(cudaMallocPitch)
inline cudaError_t cudaMalloc3D(cudaPitchedPtr* out, cudaExtent e) {
  if (out == nullptr) return cuport::done(cudaErrorInvalidValue);
  out->xsize = e.width, out->ysize = e.height;
  return cudaMallocPitch(&out->ptr, &out->pitch, e.width, e.height * e.depth);
}
inline cudaError_t cudaFree(void* p) { return cuport::release(p, false); }
inline cudaError_t cudaFreeHost(void* p) { return cuport::release(p, true); }

inline cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return cuport::blocking_copy(to, from, bytes, kind);
}
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t s = nullptr) {
  CUPORT_IN_STREAM(s, copy, cuport::copy(to, from, bytes, kind));
}
inline cudaError_t cudaMemcpyPeer(void* to, int, const void* from, int, size_t bytes) {
  return cuport::blocking_copy(to, from, bytes, cudaMemcpyDefault);
}
inline cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, size_t bytes, cudaStream_t s = nullptr) {
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, s);
}
inline cudaError_t cudaMemcpy2D(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t height,
                                cudaMemcpyKind kind) {
  cuport::flush_device_output();
  return cuport::copy_rows(to, to_pitch, from, from_pitch, width, height, kind);
}
inline cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                                     size_t height, cudaMemcpyKind kind, cudaStream_t s = nullptr) {
  CUPORT_IN_STREAM(s, copy, cuport::copy_rows(to, to_pitch, from, from_pitch, width, height, kind));
}
inline cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms* p) {
  if (p == nullptr) return cuport::done(cudaErrorInvalidValue);
  cuport::flush_device_output();
  return cuport::copy_3d(p);
}
inline cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms* p, cudaStream_t s = nullptr) {
  if (p == nullptr) return cuport::done(cudaErrorInvalidValue);
  const cudaMemcpy3DParms given = *p;
  CUPORT_IN_STREAM(s, copy, cuport::copy_3d(&given));
}
inline cudaError_t cudaMemcpy3DPeer(const cudaMemcpy3DPeerParms* p) {
  const cudaMemcpy3DParms same{p->srcArray, p->srcPos, p->srcPtr, p->dstArray, p->dstPos, p->dstPtr, p->extent, cudaMemcpyDefault};
  return cudaMemcpy3D(&same);
}

inline cudaError_t cudaMemcpy3DPeerAsync(const cudaMemcpy3DPeerParms* p, cudaStream_t = nullptr) { return cudaMemcpy3DPeer(p); }

inline cudaError_t cudaMemset(void* to, int value, size_t bytes) { return cuport::fill(to, value, bytes); }
inline cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t s = nullptr) {
  CUPORT_IN_STREAM(s, set, cuport::fill(to, value, bytes));
}
inline cudaError_t cudaMemset2D(void* to, size_t pitch, int value, size_t width, size_t height) {
  return cuport::fill_rows(to, pitch, value, width, height);
}
inline cudaError_t cudaMemset2DAsync(void* to, size_t pitch, int value, size_t width, size_t height, cudaStream_t s = nullptr) {
  CUPORT_IN_STREAM(s, set, cuport::fill_rows(to, pitch, value, width, height));
}
inline cudaError_t cudaMemset3D(cudaPitchedPtr to, int value, cudaExtent e) {
  for (size_t z = 0; z < e.depth; ++z) {
    char* slice = static_cast<char*>(to.ptr) + z * to.ysize * to.pitch;
    if (const cudaError_t error = cuport::fill_rows(slice, to.pitch, value, e.width, e.height)) return error;
  }
  return cuport::done();
}
inline cudaError_t cudaMemset3DAsync(cudaPitchedPtr to, int value, cudaExtent e, cudaStream_t s = nullptr) {
  CUPORT_IN_STREAM(s, set, cudaMemset3D(to, value, e));
}
