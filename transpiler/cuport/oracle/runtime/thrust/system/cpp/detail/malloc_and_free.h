// thrust::malloc, thrust::device_malloc and temporary storage of the device system: memory of our runtime.
#pragma once
#include <thrust/system/cpp/detail/execution_policy.h>
#include <thrust/system/cpp/memory_resource.h>
#include <thrust/system/detail/sequential/malloc_and_free.h>

THRUST_NAMESPACE_BEGIN
namespace system {
namespace cpp {
namespace detail {
template <class Policy>
inline void* malloc(execution_policy<Policy>&, std::size_t bytes) {
  return ::cuport::thrust_allocate(bytes);
}
template <class Policy, class Pointer>
inline void free(execution_policy<Policy>&, Pointer at) {
  ::cuport::thrust_release(const_cast<void*>(static_cast<const volatile void*>(thrust::raw_pointer_cast(at))));
}
}  // namespace detail
}  // namespace cpp
}  // namespace system
THRUST_NAMESPACE_END
