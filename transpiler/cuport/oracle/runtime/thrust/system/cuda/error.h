// Errors of the CUDA runtime as thrust::error_code: `throw thrust::system_error(code, thrust::cuda_category())`.
#pragma once
#include <thrust/system/error_code.h>
#include <string>
#include "cuport/host/errors.h"

THRUST_NAMESPACE_BEGIN
namespace system {
namespace cuda {
namespace errc {
enum errc_t {
  success = cudaSuccess,
  memory_allocation = cudaErrorMemoryAllocation,
  initialization_error = cudaErrorInitializationError,
  launch_failure = cudaErrorLaunchFailure,
  launch_timeout = cudaErrorLaunchTimeout,
  launch_out_of_resources = cudaErrorLaunchOutOfResources,
  invalid_device_function = cudaErrorInvalidDeviceFunction,
  invalid_configuration = cudaErrorInvalidConfiguration,
  invalid_device = cudaErrorInvalidDevice,
  invalid_value = cudaErrorInvalidValue,
  invalid_symbol = cudaErrorInvalidSymbol,
  invalid_resource_handle = cudaErrorInvalidResourceHandle,
  not_ready = cudaErrorNotReady,
  insufficient_driver = cudaErrorInsufficientDriver,
  no_device = cudaErrorNoDevice,
  assert_triggered = cudaErrorAssert,
  unknown = cudaErrorUnknown
};
}  // namespace errc

namespace detail {
class category : public error_category {
 public:
  const char* name() const override { return "cuda"; }
  std::string message(int code) const override {
    const cudaError_t e = static_cast<cudaError_t>(code);
    return std::string(cudaGetErrorName(e)) + ": " + cudaGetErrorString(e);
  }
  error_condition default_error_condition(int code) const override {
    return code == cudaSuccess ? error_condition(0, thrust::system_category()) : error_condition(code, *this);
  }
};
}  // namespace detail
}  // namespace cuda

inline const error_category& cuda_category() {
  static const cuda::detail::category one;
  return one;
}
template <>
struct is_error_code_enum<cuda::errc::errc_t> : thrust::detail::true_type {};
namespace cuda {
namespace errc {
inline error_code make_error_code(errc_t e) { return error_code(static_cast<int>(e), cuda_category()); }
inline error_condition make_error_condition(errc_t e) { return error_condition(static_cast<int>(e), cuda_category()); }
}  // namespace errc
}  // namespace cuda
}  // namespace system
namespace cuda {
namespace errc = system::cuda::errc;
}  // namespace cuda
using system::cuda_category;
THRUST_NAMESPACE_END
