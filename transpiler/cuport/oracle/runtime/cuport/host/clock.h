// The clocks a kernel can read.
#pragma once
#include "../config.h"

namespace cuport {
inline long long ticks() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<long long>(t.tv_sec) * 1000000000 + t.tv_nsec;
}
}  // namespace cuport
inline long long clock64() { return cuport::ticks(); }
inline unsigned long long __nanotime() { return static_cast<unsigned long long>(cuport::ticks()); }
