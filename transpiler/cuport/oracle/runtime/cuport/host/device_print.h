// printf in kernels: kept back until the host synchronises, copies or launches again, as on a GPU, so that what the
// host prints in between comes first.
#pragma once
#include <stdarg.h>
#include "../threads/grid.h"

namespace cuport {

struct DeviceOutput {
  char* data = nullptr;
  size_t size = 0, room = 0;
  int lock = 0;  // blocks may run on several processors
};
inline DeviceOutput device_output;

inline void flush_device_output() {
  DeviceOutput& o = device_output;
  if (CUPORT_LIKELY(o.size == 0)) return;
  const size_t n = o.size;
  o.size = 0;
  fwrite(o.data, 1, n, stdout);
  fflush(stdout);
}

// In a kernel the number of arguments, as in CUDA, not of characters; negative where the format is not understood.
CUPORT_QUIET CUPORT_COLD __attribute__((format(printf, 1, 2))) inline int device_printf(const char* format, ...) {
  va_list list, again;
  va_start(list, format);
  if (!launch_state.in_kernel) {
    const int n = vprintf(format, list);
    va_end(list);
    return n;
  }
  va_copy(again, list);
  const int n = vsnprintf(nullptr, 0, format, list);
  va_end(list);
  if (n >= 0) {
    DeviceOutput& o = device_output;
    while (__atomic_test_and_set(&o.lock, __ATOMIC_ACQUIRE)) {
    }
    static const bool registered = atexit(&flush_device_output) == 0;
    (void)registered;
    const size_t need = o.size + static_cast<size_t>(n) + 1;
    if (need > o.room) {
      const size_t more = need * 2 + 4096;
      if (char* grown = static_cast<char*>(realloc(o.data, more))) o.data = grown, o.room = more;
    }
    if (need <= o.room) {
      vsnprintf(o.data + o.size, static_cast<size_t>(n) + 1, format, again);
      o.size += static_cast<size_t>(n);
    }
    __atomic_clear(&o.lock, __ATOMIC_RELEASE);
  }
  va_end(again);
  if (n < 0) return -1;
  int arguments = 0;
  for (const char* p = format; *p != 0; ++p) {
    if (*p != '%') continue;
    if (p[1] == '%') ++p; else ++arguments;
  }
  return arguments;
}

}  // namespace cuport
