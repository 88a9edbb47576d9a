// The functions that -fsanitize=thread calls at every load and store, ours instead of its library's.
#pragma once
#include "checked.h"

// By symbol rather than by name: compilers know some of these names with types of their own.
#define CUPORT_CALLBACK(name, parameters)                                                                              \
  extern "C" __attribute__((no_sanitize("thread"), used, visibility("default"))) void cuport_on_##name parameters asm("__tsan_" #name); \
  extern "C" __attribute__((no_sanitize("thread"), used, visibility("default"))) void cuport_on_##name parameters
#define CUPORT_CALLED_FROM __builtin_return_address(0)
#define CUPORT_CALLBACKS(n)                                                                                       \
  CUPORT_CALLBACK(read##n, (void* at)) { cuport::checked::access(at, n, false, 0, CUPORT_CALLED_FROM, 0); }       \
  CUPORT_CALLBACK(write##n, (void* at)) { cuport::checked::access(at, n, true, 0, CUPORT_CALLED_FROM, 0); }       \
  CUPORT_CALLBACK(unaligned_read##n, (void* at)) { cuport::checked::access(at, n, false, 0, CUPORT_CALLED_FROM, 0); } \
  CUPORT_CALLBACK(unaligned_write##n, (void* at)) { cuport::checked::access(at, n, true, 0, CUPORT_CALLED_FROM, 0); } \
  CUPORT_CALLBACK(read_write##n, (void* at)) {                                                                    \
    cuport::checked::access(at, n, false, 0, CUPORT_CALLED_FROM, 0);                                              \
    cuport::checked::access(at, n, true, 0, CUPORT_CALLED_FROM, 0);                                               \
  }                                                                                                               \
  CUPORT_CALLBACK(unaligned_read_write##n, (void* at)) {                                                          \
    cuport::checked::access(at, n, false, 0, CUPORT_CALLED_FROM, 0);                                              \
    cuport::checked::access(at, n, true, 0, CUPORT_CALLED_FROM, 0);                                               \
  }                                                                                                               \
  CUPORT_CALLBACK(volatile_read##n, (void* at)) {                                                                 \
    cuport::checked::access(at, n, false, cuport::checked::kVolatile, CUPORT_CALLED_FROM, 0);                     \
  }                                                                                                               \
  CUPORT_CALLBACK(volatile_write##n, (void* at)) {                                                                \
    cuport::checked::access(at, n, true, cuport::checked::kVolatile, CUPORT_CALLED_FROM, 0);                      \
  }                                                                                                               \
  CUPORT_CALLBACK(unaligned_volatile_read##n, (void* at)) {                                                       \
    cuport::checked::access(at, n, false, cuport::checked::kVolatile, CUPORT_CALLED_FROM, 0);                     \
  }                                                                                                               \
  CUPORT_CALLBACK(unaligned_volatile_write##n, (void* at)) {                                                      \
    cuport::checked::access(at, n, true, cuport::checked::kVolatile, CUPORT_CALLED_FROM, 0);                      \
  }
CUPORT_CALLBACKS(1)
CUPORT_CALLBACKS(2)
CUPORT_CALLBACKS(4)
CUPORT_CALLBACKS(8)
CUPORT_CALLBACKS(16)
#undef CUPORT_CALLBACKS
CUPORT_CALLBACK(read_range, (void* at, size_t n)) { cuport::checked::access(at, static_cast<unsigned>(n), false, 0, CUPORT_CALLED_FROM, 0); }
CUPORT_CALLBACK(write_range, (void* at, size_t n)) { cuport::checked::access(at, static_cast<unsigned>(n), true, 0, CUPORT_CALLED_FROM, 0); }
CUPORT_CALLBACK(func_entry, (void*)) {}
CUPORT_CALLBACK(func_exit, ()) {}
CUPORT_CALLBACK(init, ()) {}
CUPORT_CALLBACK(vptr_update, (void**, void*)) {}
CUPORT_CALLBACK(vptr_read, (void**)) {}
CUPORT_CALLBACK(atomic_thread_fence, (int)) {}
CUPORT_CALLBACK(atomic_signal_fence, (int)) {}
