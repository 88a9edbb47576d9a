// The functions that instrumented code calls: -fsanitize=thread at every load and store, -fsanitize=bounds, alignment and
// integer-divide-by-zero where one of those goes wrong, and the library's memory functions (the linker's --wrap). Ours
// instead of the sanitizers' libraries.
#pragma once
#include <sys/time.h>
#include <cstring>
#include "checked_launch.h"
#include "../host/signals.h"

#define CUPORT_CALLED_FROM __builtin_return_address(0)
// By symbol rather than by name: compilers know some of these names with types of their own. Weak: a program may have
// several parts.
#define CUPORT_SYMBOL(result, symbol, name, parameters)                                                                     \
  extern "C" __attribute__((no_sanitize("thread", "undefined"), used, weak)) result cuport_on_##name parameters asm(symbol); \
  extern "C" __attribute__((no_sanitize("thread", "undefined"), used, weak)) result cuport_on_##name parameters
#define CUPORT_CALLBACK(name, parameters) CUPORT_SYMBOL(void, "__tsan_" #name, name, parameters)
#define CUPORT_CALLBACKS(n)                                                                                                   \
  CUPORT_CALLBACK(read##n, (void* at)) { cuport::checked::quick<n, false>(at, CUPORT_CALLED_FROM); }                          \
  CUPORT_CALLBACK(write##n, (void* at)) { cuport::checked::quick<n, true>(at, CUPORT_CALLED_FROM); }                          \
  CUPORT_CALLBACK(unaligned_read##n, (void* at)) { cuport::checked::access(at, n, false, 0, false, CUPORT_CALLED_FROM, 0); }  \
  CUPORT_CALLBACK(unaligned_write##n, (void* at)) { cuport::checked::access(at, n, true, 0, false, CUPORT_CALLED_FROM, 0); }  \
  CUPORT_CALLBACK(read_write##n, (void* at)) {                                                                                \
    cuport::checked::quick<n, false>(at, CUPORT_CALLED_FROM);                                                                 \
    cuport::checked::quick<n, true>(at, CUPORT_CALLED_FROM);                                                                  \
  }                                                                                                                           \
  CUPORT_CALLBACK(unaligned_read_write##n, (void* at)) {                                                                      \
    cuport::checked::access(at, n, false, 0, false, CUPORT_CALLED_FROM, 0);                                                   \
    cuport::checked::access(at, n, true, 0, false, CUPORT_CALLED_FROM, 0);                                                    \
  }                                                                                                                           \
  CUPORT_CALLBACK(volatile_read##n, (void* at)) { cuport::checked::on_volatile(at, n, false, CUPORT_CALLED_FROM); }           \
  CUPORT_CALLBACK(volatile_write##n, (void* at)) { cuport::checked::on_volatile(at, n, true, CUPORT_CALLED_FROM); }           \
  CUPORT_CALLBACK(unaligned_volatile_read##n, (void* at)) { cuport::checked::on_volatile(at, n, false, CUPORT_CALLED_FROM); } \
  CUPORT_CALLBACK(unaligned_volatile_write##n, (void* at)) { cuport::checked::on_volatile(at, n, true, CUPORT_CALLED_FROM); }
CUPORT_CALLBACKS(1)
CUPORT_CALLBACKS(2)
CUPORT_CALLBACKS(4)
CUPORT_CALLBACKS(8)
CUPORT_CALLBACKS(16)
#undef CUPORT_CALLBACKS
CUPORT_CALLBACK(read_range, (void* at, size_t n)) { cuport::checked::access(at, n, false, 0, false, CUPORT_CALLED_FROM, 0); }
CUPORT_CALLBACK(write_range, (void* at, size_t n)) { cuport::checked::access(at, n, true, 0, false, CUPORT_CALLED_FROM, 0); }
CUPORT_CALLBACK(func_entry, (void*)) {}
CUPORT_CALLBACK(func_exit, ()) {}
CUPORT_CALLBACK(init, ()) {}
CUPORT_CALLBACK(vptr_update, (void**, void*)) {}
CUPORT_CALLBACK(vptr_read, (void**)) {}
CUPORT_CALLBACK(atomic_thread_fence, (int)) { cuport::checked::on_fence(); }
CUPORT_CALLBACK(atomic_signal_fence, (int)) {}
#include "checked_atomics.h"

namespace cuport {
namespace checked {

// What the compilers hand to the handlers of undefined behaviour.
struct CodePlace {
  const char* file;
  uint32_t line, column;
};
struct TypeName {
  uint16_t kind, info;
  char name[1];
};
struct BoundsReport {
  CodePlace place;
  const TypeName *array, *index;
};
struct AlignmentReport {
  CodePlace place;
  const TypeName* type;
  unsigned char log_alignment, kind;  // 3 and more: something other than an access to a whole object
};

CUPORT_NOINLINE CUPORT_UNCHECKED inline void on_index(const BoundsReport* r, uintptr_t index, const void* code) {
  if (!on_device || state.busy || !fault_is_new(FaultKind::out_of_bounds, code, 0)) return;
  char message[kFaultMessage];
  snprintf(message, sizeof message, "index %lld of %s (column %u)", static_cast<long long>(static_cast<intptr_t>(index)), r->array->name,
           r->place.column);
  report_fault(FaultKind::out_of_bounds, blockIdx, threadIdx, code, 0, message);
}
CUPORT_NOINLINE CUPORT_UNCHECKED inline void on_misaligned(const AlignmentReport* r, uintptr_t at, const void* code) {
  if (!on_device || state.busy || r->kind > 2 || at % (uintptr_t{1} << r->log_alignment) == 0) return;
  if (find_region(at) == nullptr || !fault_is_new(FaultKind::misaligned, code, 0)) return;
  char place[140], message[kFaultMessage];
  place_name(place, sizeof place, at);
  snprintf(message, sizeof message, "%s a %s at %s, which is not a multiple of %u", r->kind == 1 ? "writes" : "reads", r->type->name, place,
           1u << r->log_alignment);
  report_fault(FaultKind::misaligned, blockIdx, threadIdx, code, 0, message);
}
CUPORT_NOINLINE CUPORT_UNCHECKED inline void on_division(const void* code) {
  if (on_device && !state.busy) report_fault(FaultKind::division_by_zero, blockIdx, threadIdx, code, 0, "an integer is divided by zero");
}

}  // namespace checked
}  // namespace cuport

CUPORT_SYMBOL(void, "__ubsan_handle_out_of_bounds", index, (void* r, uintptr_t index)) {
  cuport::checked::on_index(static_cast<const cuport::checked::BoundsReport*>(r), index, CUPORT_CALLED_FROM);
}
CUPORT_SYMBOL(void, "__ubsan_handle_type_mismatch_v1", type, (void* r, uintptr_t at)) {
  cuport::checked::on_misaligned(static_cast<const cuport::checked::AlignmentReport*>(r), at, CUPORT_CALLED_FROM);
}
// The smallest integer by -1 comes here, too.
CUPORT_SYMBOL(void, "__ubsan_handle_divrem_overflow", division, (void*, uintptr_t, uintptr_t divisor)) {
  if (static_cast<uint32_t>(divisor) == 0) cuport::checked::on_division(CUPORT_CALLED_FROM);
}

extern "C" void* cuport_real_memcpy(void*, const void*, size_t) asm("__real_memcpy");
extern "C" void* cuport_real_memmove(void*, const void*, size_t) asm("__real_memmove");
extern "C" void* cuport_real_memset(void*, int, size_t) asm("__real_memset");
extern "C" void* cuport_real_malloc(size_t) asm("__real_malloc");
CUPORT_SYMBOL(void*, "__wrap_memcpy", memcpy, (void* to, const void* from, size_t n)) {
  cuport::checked::on_copy(to, from, n, CUPORT_CALLED_FROM);
  return cuport_real_memcpy(to, from, n);
}
CUPORT_SYMBOL(void*, "__wrap_memmove", memmove, (void* to, const void* from, size_t n)) {
  cuport::checked::on_copy(to, from, n, CUPORT_CALLED_FROM);
  return cuport_real_memmove(to, from, n);
}
CUPORT_SYMBOL(void*, "__wrap_memset", memset, (void* to, int value, size_t n)) {
  cuport::checked::on_copy(to, nullptr, n, CUPORT_CALLED_FROM);
  return cuport_real_memset(to, value, n);
}
// Device code's heap.
CUPORT_SYMBOL(void*, "__wrap_malloc", malloc, (size_t n)) {
  void* at = cuport_real_malloc(n);
  const auto low = reinterpret_cast<uintptr_t>(at);
  if (cuport::checked::on_device && !cuport::checked::state.busy && at != nullptr) {
    if (low < cuport::checked::heap_low) cuport::checked::heap_low = low;
    if (low + n > cuport::checked::heap_high) cuport::checked::heap_high = low + n;
  }
  return at;
}
__attribute__((weak)) void* operator new(size_t n) {
  void* at = malloc(n == 0 ? 1 : n);
  if (at == nullptr) abort();
  return at;
}
__attribute__((weak)) void operator delete(void* at) noexcept { free(at); }
__attribute__((weak)) void operator delete(void* at, size_t) noexcept { free(at); }

// Compilers write copies of a few bytes out; those whose size no callback has would go unseen.
#define CUPORT_SEEN(n) (!__builtin_constant_p(n) || (n) == 1 || (n) == 2 || (n) == 4 || (n) == 8 || (n) == 16)
__attribute__((always_inline)) inline void* cuport_memcpy(void* to, const void* from, size_t n) {
  if (!CUPORT_SEEN(n)) return cuport_on_memcpy(to, from, n);
  return __builtin_memcpy(to, from, n);
}
__attribute__((always_inline)) inline void* cuport_memset(void* to, int value, size_t n) {
  if (!CUPORT_SEEN(n)) return cuport_on_memset(to, value, n);
  return __builtin_memset(to, value, n);
}
namespace std {
using ::cuport_memcpy;
using ::cuport_memset;
}  // namespace std
#if defined(__GNUC__) && !defined(__clang__)
#define memcpy(...) cuport_memcpy(__VA_ARGS__)
#define memset(...) cuport_memset(__VA_ARGS__)
#endif

namespace cuport {
namespace checked {
// CUPORT_SECONDS after its start a process that runs a kernel gives it up and says where it was.
CUPORT_UNCHECKED inline void on_alarm(int, siginfo_t*, void* context) {
  if (!on_device) return;
  report_hang("runs on and on", code_of(context));
  leave_kernel(cudaErrorLaunchFailure, "it does not end");
}
__attribute__((constructor)) inline void set_alarm() {
  const char* given = getenv("CUPORT_SECONDS");
  const double seconds = given == nullptr ? 0 : atof(given);
  if (!(seconds > 0)) return;
  struct sigaction action = {};
  action.sa_sigaction = &on_alarm;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGALRM, &action, nullptr);
  itimerval timer = {};
  timer.it_value.tv_sec = static_cast<time_t>(seconds);
  timer.it_value.tv_usec = static_cast<suseconds_t>((seconds - static_cast<double>(timer.it_value.tv_sec)) * 1e6);
  setitimer(ITIMER_REAL, &timer, nullptr);
}
}  // namespace checked
}  // namespace cuport

#ifndef CUPORT_UNIT
namespace cuport {
namespace checked {
__attribute__((constructor)) inline void know_registered() {
  is_registered = [](const void* at) CUPORT_UNCHECKED { return *find_registered(at) != nullptr; };
}
}  // namespace checked
}  // namespace cuport
#endif
