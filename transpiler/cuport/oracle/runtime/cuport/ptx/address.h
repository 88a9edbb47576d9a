// Addresses of one memory space. A pointer to shared memory has a 32-bit handle, as on a GPU: its distance from the start
// of the block's shared memory. All other spaces are the generic one.
#pragma once
#include "../host/memory.h"
#include "../threads/shared.h"

namespace cuport {

CUPORT_QUIET inline size_t shared_bytes_at_most() {
  return shared_total(kSharedOptIn);
}
CUPORT_QUIET inline bool is_shared(const volatile void* p) {
  const auto at = reinterpret_cast<uintptr_t>(p), base = reinterpret_cast<uintptr_t>(shared_base);
  return base != 0 && at >= base && at - base < shared_bytes_at_most();
}
CUPORT_QUIET inline size_t shared_handle(const volatile void* p) {
  return reinterpret_cast<uintptr_t>(p) - reinterpret_cast<uintptr_t>(shared_base);
}
// From a handle; also from a generic pointer, whole or cut to 32 bits, which works on hardware because its window for
// shared memory is aligned to 4 GiB.
CUPORT_QUIET inline char* from_shared(uint64_t handle) {
  const auto base = reinterpret_cast<uintptr_t>(shared_base);
  if (handle >= shared_bytes_at_most()) {
    const auto cut = static_cast<uint32_t>(handle) - static_cast<uint32_t>(base);
    if (cut < shared_bytes_at_most()) return shared_base + cut;
  }
  return reinterpret_cast<char*>(base + handle);
}

}  // namespace cuport

CUPORT_QUIET inline size_t __cvta_generic_to_shared(const volatile void* p) { return cuport::shared_handle(p); }
CUPORT_QUIET inline void* __cvta_shared_to_generic(size_t handle) { return cuport::from_shared(handle); }
CUPORT_QUIET inline size_t __cvta_generic_to_global(const volatile void* p) { return reinterpret_cast<size_t>(p); }
CUPORT_QUIET inline void* __cvta_global_to_generic(size_t p) { return reinterpret_cast<void*>(p); }
CUPORT_QUIET inline size_t __cvta_generic_to_constant(const volatile void* p) { return reinterpret_cast<size_t>(p); }
CUPORT_QUIET inline void* __cvta_constant_to_generic(size_t p) { return reinterpret_cast<void*>(p); }
CUPORT_QUIET inline size_t __cvta_generic_to_local(const volatile void* p) { return reinterpret_cast<size_t>(p); }
CUPORT_QUIET inline void* __cvta_local_to_generic(size_t p) { return reinterpret_cast<void*>(p); }
CUPORT_QUIET inline unsigned __nvvm_get_smem_pointer(const volatile void* p) { return static_cast<unsigned>(cuport::shared_handle(p)); }
CUPORT_QUIET inline bool __isShared(const volatile void* p) { return cuport::is_shared(p); }
CUPORT_QUIET inline bool __isCtaShared(const volatile void* p) { return cuport::is_shared(p); }
CUPORT_QUIET inline bool __isClusterShared(const volatile void* p) { return cuport::is_shared(p); }
CUPORT_QUIET inline bool __isGridConstant(const volatile void*) { return false; }
CUPORT_QUIET inline bool __isGlobal(const volatile void* p) { return cuport::device_memory.contains(const_cast<const void*>(p)); }
CUPORT_QUIET inline bool __isConstant(const volatile void*) { return false; }
CUPORT_QUIET inline bool __isLocal(const volatile void* p) {  // on the stack of a thread
  return !cuport::is_shared(p) && !__isGlobal(p);
}
