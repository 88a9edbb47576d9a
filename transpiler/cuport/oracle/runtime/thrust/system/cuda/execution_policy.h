// thrust::cuda: the policies of the CUDA system as names for the sequential one. A stream only orders what is in order
// already, and nothing is asynchronous.
#pragma once
#include <thrust/detail/allocator_aware_execution_policy.h>
#include <thrust/detail/execute_with_allocator.h>
#include <thrust/system/cpp/execution_policy.h>
#include "cuport/host/errors.h"

THRUST_NAMESPACE_BEGIN
namespace system {
namespace cuda {
using thrust::system::cpp::tag;
template <class Derived>
using execution_policy = thrust::system::cpp::execution_policy<Derived>;

namespace detail {
// `par(allocator)`, which may still be given a stream.
template <class Allocator>
struct with_allocator : thrust::detail::execute_with_allocator<Allocator, thrust::system::cpp::detail::execution_policy> {
  using base = thrust::detail::execute_with_allocator<Allocator, thrust::system::cpp::detail::execution_policy>;
  using base::base;
  with_allocator on(cudaStream_t) const { return *this; }
};

struct par_t : thrust::system::cpp::detail::execution_policy<par_t> {
  constexpr par_t() {}
  par_t on(cudaStream_t) const { return *this; }
  cudaStream_t stream() const { return nullptr; }
  template <class Resource>
  with_allocator<thrust::mr::allocator<::cuda::std::max_align_t, Resource>> operator()(Resource* r) const {
    return with_allocator<thrust::mr::allocator<::cuda::std::max_align_t, Resource>>(r);
  }
  template <class Allocator>
  with_allocator<Allocator&> operator()(Allocator& a) const { return with_allocator<Allocator&>(a); }
  template <class Allocator>
  with_allocator<Allocator> operator()(const Allocator& a) const { return with_allocator<Allocator>(a); }
};
}  // namespace detail

constexpr detail::par_t par;
constexpr detail::par_t par_nosync;
}  // namespace cuda
}  // namespace system

namespace cuda {
using thrust::system::cuda::execution_policy;
using thrust::system::cuda::par;
using thrust::system::cuda::par_nosync;
using thrust::system::cuda::tag;
}  // namespace cuda
namespace cuda_cub {
using thrust::system::cuda::execution_policy;
using thrust::system::cuda::par;
using thrust::system::cuda::par_nosync;
using thrust::system::cuda::tag;
}  // namespace cuda_cub
THRUST_NAMESPACE_END
