// Launches from the host program: `k<<<...>>>(...)`, and through pointers; each can be captured.
#pragma once
#include "capture_write.h"
#include "grid.h"

namespace cuport {

// Kernels that the program takes the address of, so that a launch through a pointer knows what it launches.
struct KnownKernel {
  const void* pointer;
  const KernelInfo* info;
};
inline KnownKernel known_kernels[1024];
inline int known_kernel_count = 0;
inline const KernelInfo* find_kernel(const void* pointer) {
  for (int i = 0; i < known_kernel_count; ++i) {
    if (known_kernels[i].pointer == pointer) return known_kernels[i].info;
  }
  return nullptr;
}
template <class F>
inline F* know_kernel(F* kernel, const KernelInfo& info) {
  const void* pointer = reinterpret_cast<const void*>(kernel);
  if (find_kernel(pointer) == nullptr && known_kernel_count < 1024) {
    known_kernels[known_kernel_count++] = KnownKernel{pointer, &info};
  }
  return kernel;
}

// A launch from the host program: `pointer` identifies the kernel, `call` runs one thread of it.
template <bool Waits, class Call, class... P>
inline cudaError_t launch_from_host(const Config& c, const KernelInfo& info, const void* pointer, const Call& call, P&... args) {
  cudaError_t error = device_error != cudaSuccess ? device_error : check_config(c, pointer);
  if (error != cudaSuccess) return last_error = error;
  Capture& capture = Capture::instance();
  const bool captured = capture.on() && capture.begin(info, c.grid, c.block, c.shared, args...);
  error = run_call<Waits>(c, info.name, call);
  if (captured) capture.end(error);
  if (error != cudaSuccess) device_error = error;
  return cudaSuccess;  // a launch is asynchronous: the next synchronising call tells
}

// `k<<<...>>>(...)` through the function that cuda/rewrite put beside each kernel.
template <auto K, bool Waits, class... P>
inline cudaError_t launch(const Config& c, const KernelInfo& info, P... args) {
  const auto call = [&] { K(args...); };
  return launch_from_host<Waits>(c, info, reinterpret_cast<const void*>(K), call, args...);
}

// The same where the kernel is known only as a pointer; perhaps nothing else is known of it, so that it gets fibers.
template <class... P, class... A>
inline cudaError_t launch_pointer(void (*kernel)(P...), const Config& c, A&&... given) {
  static const KernelInfo unknown{"", "", "", false, false, nullptr};
  const KernelInfo* info = find_kernel(reinterpret_cast<const void*>(kernel));
  return [&](std::remove_cv_t<P>... args) {
    const auto call = [&] { kernel(args...); };
    return launch_from_host<true>(c, info == nullptr ? unknown : *info, reinterpret_cast<const void*>(kernel), call, args...);
  }(static_cast<A&&>(given)...);
}

}  // namespace cuport
