// Launches from the host program: `k<<<...>>>(...)`, and through pointers; each can be captured.
//
// Host threads may launch at the same time: one kernel runs, the others wait.
#pragma once
#include <signal.h>
#include "../cases/capture_write.h"
#include "device_print.h"
#include "../threads/rows.h"
#include "host_lock.h"
#ifdef CUPORT_GRAPHS
#include "../graphs/recording.h"
#endif

namespace cuport {

// What the main thread got before main(), for every other host thread that launches: the schedule, and a stack on which
// the overflow of another stack can be handled.
struct LaunchingThread {
  char stack[64 * 1024];
  LaunchingThread() {
    read_schedule();
    stack_t alternative = {};
    alternative.ss_sp = stack;
    alternative.ss_size = sizeof stack;
    sigaltstack(&alternative, nullptr);
  }
  ~LaunchingThread() {
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }
};
inline const pthread_t main_thread = pthread_self();
inline __thread LaunchingThread* launching_thread = nullptr;
CUPORT_COLD inline void prepare_thread() {
  static pthread_key_t key;
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, [] { pthread_key_create(&key, [](void* p) { delete static_cast<LaunchingThread*>(p); }); });
  launching_thread = new LaunchingThread;
  pthread_setspecific(key, launching_thread);
}

#ifdef __GLIBC__
// The executable lies in a cache; the program is to see the name of its source, beside which its data may lie.
__attribute__((constructor)) inline void name_program(int argc, char** argv, char**) {
  const char* name = getenv("CUPORT_NAME");
  if (name != nullptr && *name != 0 && argc > 0) argv[0] = strdup(name);
}
#endif

// Kernels that the program takes the address of, so that a launch through a pointer knows what it launches.
struct KnownKernel {
  const void* pointer;
  const KernelInfo* info;
  cudaError_t (*packed)(const void* pointer, const Config& c, void** args);  // a launch with its arguments' addresses
};
inline KnownKernel* known_kernels = nullptr;
inline int known_kernel_count = 0, known_kernel_room = 0;
inline const KnownKernel* find_kernel(const void* pointer) {
  for (int i = 0; i < known_kernel_count; ++i) {
    if (known_kernels[i].pointer == pointer) return &known_kernels[i];
  }
  return nullptr;
}
inline void add_kernel(const KnownKernel& known) {
  const HostLock lock;
  if (find_kernel(known.pointer) != nullptr) return;
  if (known_kernel_count == known_kernel_room) {
    const int more = known_kernel_room == 0 ? 64 : known_kernel_room * 2;
    auto* grown = static_cast<KnownKernel*>(malloc(sizeof(KnownKernel) * static_cast<size_t>(more)));  // the old one may be in use
    if (grown == nullptr) fatal("no memory for the list of kernels");
    if (known_kernel_count != 0) memcpy(grown, known_kernels, sizeof(KnownKernel) * static_cast<size_t>(known_kernel_count));
    known_kernels = grown, known_kernel_room = more;
  }
  known_kernels[known_kernel_count++] = known;
}

// A launch from the host program: `pointer` identifies the kernel, `run` runs its grid.
template <class Run, class... P>
inline cudaError_t launch_from_host(const Config& c, const KernelInfo& info, const void* pointer, const Run& run, P&... args) {
  const HostLock lock;
  if (CUPORT_UNLIKELY(launching_thread == nullptr) && !pthread_equal(pthread_self(), main_thread)) prepare_thread();
  flush_device_output();
  cudaError_t error = device_error != cudaSuccess ? device_error : check_config(c, pointer);
  if (error != cudaSuccess) return last_error = error;
  Capture& capture = Capture::instance();
  const bool captured = capture.on() && capture.begin(info, c.grid, c.block, c.shared, args...);
  CUPORT_ARGUMENTS(info, args...);
  error = run();
  if (captured) capture.end(error);
  if (error != cudaSuccess) device_error = error;
  return cudaSuccess;  // a launch is asynchronous: the next synchronising call tells
}

// An argument for a parameter that is a reference, on its way through functions that copy their arguments.
template <class T>
struct Reference {
  T* to;
  operator T&() const { return *to; }
};
template <class T>
inline Reference<T> refer(T& value) { return Reference<T>{&value}; }

// A launch's configuration with the clusters that the kernel itself asks for.
inline Config clustered(const Config& c, const KernelInfo& info) {
  Config with = c;
  if (info.cluster[0] * info.cluster[1] * info.cluster[2] > 1) with.cluster = dim3(info.cluster[0], info.cluster[1], info.cluster[2]);
  return with;
}

// `k<<<...>>>(...)` through the function that cuda/rewrite put beside each kernel.
template <auto K, bool Waits, class Body = void, class... P>
inline cudaError_t launch(const Config& c, const KernelInfo& info, P... args) {
#ifdef CUPORT_CHILDREN
  if (in_kernel()) {
    if (const cudaError_t error = check_config(c, reinterpret_cast<const void*>(K))) return last_error = error;
    return add_child(c.stream, [=, &info]() mutable { return run_kernel<K, Waits, Body>(clustered(c, info), info, args...); });
  }
#endif
#ifdef CUPORT_GRAPHS
  if (Recording* recording = recording_of(c.stream)) {
    return recording->add(StepKind::kernel, [=, &info] { return launch<K, Waits, Body>(unrecorded(c), info, args...); });
  }
#endif
  const Config with = clustered(c, info);
  const auto run = [&] { return run_kernel<K, Waits, Body>(with, info, args...); };
  return launch_from_host(with, info, reinterpret_cast<const void*>(K), run, args...);
}

// The same where the kernel is known only as a pointer; perhaps nothing else is known of it, so that it gets fibers.
// Two steps, `launching(kernel, config)(arguments)`, so that arguments convert as in a call: NULL is a null pointer.
template <class... P>
struct PointerLaunch {
  void (*kernel)(P...);
  Config c;
  cudaError_t operator()(std::remove_cv_t<P>... args) const {
    static const KernelInfo unknown{"", "", "", false, false, true, nullptr};
    if (kernel == nullptr) return last_error = cudaErrorInvalidDeviceFunction;
#ifdef CUPORT_CHILDREN
    if (in_kernel()) {
      if (const cudaError_t error = check_config(c, reinterpret_cast<const void*>(kernel))) return last_error = error;
      return add_child(c.stream, [=, self = *this]() mutable { return run_call<true>(self.c, "", [&]() CUPORT_QUIET { self.kernel(args...); }); });
    }
#endif
#ifdef CUPORT_GRAPHS
    if (Recording* recording = recording_of(c.stream)) {
      const PointerLaunch later{kernel, unrecorded(c)};
      return recording->add(StepKind::kernel, [=]() mutable { return later(args...); });
    }
#endif
    const KnownKernel* known = find_kernel(reinterpret_cast<const void*>(kernel));
    const KernelInfo& info = known == nullptr ? unknown : *known->info;
    const Config with = clustered(c, info);
    const auto call = [&]() CUPORT_QUIET { kernel(args...); };
    const auto run = [&] { return info.waits ? run_call<true>(with, info.name, call) : run_call<false>(with, info.name, call); };
    return launch_from_host(with, info, reinterpret_cast<const void*>(kernel), run, args...);
  }
};
template <class... P>
inline PointerLaunch<P...> launching(void (*kernel)(P...), const Config& c) {
  return PointerLaunch<P...>{kernel, c};
}
template <class... P, class... A>
inline cudaError_t launch_pointer(void (*kernel)(P...), const Config& c, A&&... given) {
  return PointerLaunch<P...>{kernel, c}(static_cast<A&&>(given)...);
}

template <class T>
inline std::remove_reference_t<T>& argument_at(void** args, size_t i) {
  if constexpr (std::is_reference_v<T>) return **static_cast<std::remove_reference_t<T>**>(args[i]); else return *static_cast<T*>(args[i]);
}
template <class... P, size_t... I>
inline cudaError_t launch_packed(void (*kernel)(P...), const Config& c, void** args, std::index_sequence<I...>) {
  return launch_pointer(kernel, c, argument_at<std::remove_cv_t<P>>(args, I)...);
}
template <class... P>
inline cudaError_t launch_packed(void (*kernel)(P...), const Config& c, void** args) {
  return launch_packed(kernel, c, args, std::index_sequence_for<P...>{});
}

template <class... P>
inline auto know_kernel(void (*kernel)(P...), const KernelInfo& info) {
  static bool known = false;  // a function of its own for each type, so more than one kernel may come by
  static const void* last = nullptr;
  const void* pointer = reinterpret_cast<const void*>(kernel);
  if (!known || last != pointer) {
    add_kernel(KnownKernel{pointer, &info, [](const void* p, const Config& c, void** args) {
                             return launch_packed(reinterpret_cast<void (*)(P...)>(const_cast<void*>(p)), c, args);
                           }});
    known = true, last = pointer;
  }
  return kernel;
}

}  // namespace cuport
