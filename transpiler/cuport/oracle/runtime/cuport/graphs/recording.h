// What is called on a stream between cudaStreamBeginCapture and cudaStreamEndCapture: kept as steps of a graph, to run
// later. Only in programs that use graphs (CUPORT_GRAPHS).
#pragma once
#include "../host/errors.h"
#include "../threads/grid.h"
#include "../host/stream.h"

namespace cuport {

enum class StepKind { kernel, copy, set, host, child, empty, record, wait };

// Something to do; copies of all it needs are inside.
struct Step {
  virtual cudaError_t run() = 0;
  virtual ~Step() = default;
  StepKind kind = StepKind::empty;
};
template <class F>
struct StepOf final : Step {
  F todo;
  explicit StepOf(const F& f) : todo(f) {}
  cudaError_t run() override { return todo(); }
};

struct Recording {
  void (*take)(Recording& self, Step* step);  // into the graph
  void* graph;
  template <class F>
  cudaError_t add(StepKind kind, const F& f) {
    Step* step = new StepOf<F>(f);
    step->kind = kind;
    take(*this, step);
    return cudaSuccess;
  }
};

// Null, too, once recording has ended in the stream that it began in.
inline Recording* recording_of(cudaStream_t s) {
  CUstream_st* stream = stream_of(s);
  if (stream->recording != nullptr && stream->recording->take == nullptr) stream->recording = nullptr;
  return stream->recording;
}
inline Config unrecorded(const Config& c) {
  Config again = c;
  again.stream = nullptr;
  return again;
}

}  // namespace cuport
