// The pinned allocator of older releases: pinned memory is ordinary device memory here.
#pragma once
#include <thrust/system/cuda/memory.h>

THRUST_NAMESPACE_BEGIN
namespace system {
namespace cuda {
namespace experimental {
template <class T>
using pinned_allocator = thrust::system::cuda::universal_host_pinned_allocator<T>;
}  // namespace experimental
}  // namespace cuda
}  // namespace system
namespace cuda {
namespace experimental = thrust::system::cuda::experimental;
}  // namespace cuda
THRUST_NAMESPACE_END
