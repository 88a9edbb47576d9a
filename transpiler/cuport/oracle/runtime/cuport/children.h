// Kernels that kernels launch (dynamic parallelism), in programs that do so (CUPORT_CHILDREN).
//
// A child runs when the grid that launched it has run, before that grid counts as complete; with its own children, before
// the next one begins. Every order that streams and the programming model of CUDA 12 promise is kept by this: a parent
// cannot wait for its children.
#pragma once
#include "threads/blocks.h"
#include "host/stream.h"

#define cudaStreamTailLaunch (reinterpret_cast<cudaStream_t>(0x3))
#define cudaStreamFireAndForget (reinterpret_cast<cudaStream_t>(0x4))

namespace cuport {

struct Child {
  virtual cudaError_t run() = 0;
  virtual ~Child() = default;
  Child* next = nullptr;
};
template <class F>
struct ChildOf final : Child {
  F todo;
  explicit ChildOf(const F& f) : todo(f) {}
  cudaError_t run() override { return todo(); }
};
// What the running grid launched, the last first; what is to come after all else apart.
inline thread_local Child* children[2] = {nullptr, nullptr};

inline bool in_kernel() { return launch_state.in_kernel; }
template <class F>
CUPORT_QUIET inline cudaError_t add_child(cudaStream_t stream, const F& f) {
  Child* child = new ChildOf<F>(f);
  Child*& last = children[stream == cudaStreamTailLaunch ? 1 : 0];
  child->next = last;
  last = child;
  return cudaSuccess;
}
// Runs what a grid launched; if that grid failed, forgets it.
inline cudaError_t run_children(cudaError_t error) {
  Child* ordered = nullptr;
  for (const int late : {1, 0}) {
    for (Child* child = children[late]; child != nullptr;) {
      Child* next = child->next;
      child->next = ordered, ordered = child, child = next;
    }
    children[late] = nullptr;
  }
  while (ordered != nullptr) {
    if (error == cudaSuccess) error = ordered->run();
    Child* next = ordered->next;
    delete ordered;
    ordered = next;
  }
  return error;
}

}  // namespace cuport
