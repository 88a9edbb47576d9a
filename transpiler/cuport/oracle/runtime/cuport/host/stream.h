// Streams and events. A stream has nothing to do: every operation is finished when the call returns.
#pragma once
#include "errors.h"

namespace cuport {
struct Recording;
}

struct CUstream_st {
  unsigned flags = 0;
  int priority = 0;
  unsigned long long id = 0;
  cuport::Recording* recording = nullptr;  // while its operations are kept for a graph
};
struct CUevent_st {
  double seconds = -1;  // when it was recorded; negative: never
  unsigned flags = 0;
  cuport::Recording* recording = nullptr;  // recorded in a stream whose operations are kept
};
#define cudaStreamLegacy (reinterpret_cast<cudaStream_t>(0x1))
#define cudaStreamPerThread (reinterpret_cast<cudaStream_t>(0x2))

namespace cuport {

inline CUstream_st legacy_stream, thread_stream;
// The object behind a handle, of which 0, 1 and 2 are names.
inline CUstream_st* stream_of(cudaStream_t s) {
  const uintptr_t value = reinterpret_cast<uintptr_t>(s);
  return value > 2 ? s : value == 2 ? &thread_stream : &legacy_stream;
}

inline double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace cuport
