// Where thrust's device vectors live: memory of our runtime, so that kernels launched on it can be captured and checked.
// Takes the place of CCCL's header of this name, whose memory comes from operator new.
#pragma once
#include <thrust/detail/config.h>
#include <thrust/mr/memory_resource.h>
#include <thrust/system/cpp/pointer.h>
#include <thrust/system/detail/bad_alloc.h>
#include "cuport/host/memory.h"
#ifndef CUPORT_UNIT
#include "cuport/host/host_memory.h"
#endif

namespace cuport {

// Never null but for no bytes: as cudaMalloc, and thrust throws where there is no room. The checked build takes it for
// written: thrust writes it from the host.
inline void* thrust_allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
#ifndef CUPORT_UNIT
  const HostLock lock;
#endif
  char* at = device_memory.allocate(bytes);
  if (at == nullptr) throw thrust::system::detail::bad_alloc("cudaErrorMemoryAllocation: out of memory");
#ifndef CUPORT_UNIT
  CUPORT_HOST_ALLOCATED(at, bytes, true);
#endif
  return at;
}
// After cudaDeviceReset there is nothing left to give back.
inline void thrust_release(void* at) {
  if (at == nullptr) return;
#ifndef CUPORT_UNIT
  const HostLock lock;
  const Allocation* a = device_memory.find(at);
  if (a == nullptr || a->base != at) return;
  CUPORT_HOST_FREED(a->base, a->bytes);
#endif
  device_memory.release(at);
}

template <class Pointer>
class ThrustMemory final : public thrust::mr::memory_resource<Pointer> {
 public:
  Pointer do_allocate(std::size_t bytes, std::size_t) override { return Pointer(thrust_allocate(bytes)); }
  void do_deallocate(Pointer at, std::size_t, std::size_t) override { thrust_release(thrust::raw_pointer_cast(at)); }
};

}  // namespace cuport

THRUST_NAMESPACE_BEGIN
namespace system {
namespace cpp {
namespace detail {
using native_resource = ::cuport::ThrustMemory<thrust::cpp::pointer<void>>;
using universal_native_resource = ::cuport::ThrustMemory<thrust::cpp::universal_pointer<void>>;
}  // namespace detail
using memory_resource = detail::native_resource;
using universal_memory_resource = detail::universal_native_resource;
using universal_host_pinned_memory_resource = universal_memory_resource;
}  // namespace cpp
}  // namespace system
THRUST_NAMESPACE_END
