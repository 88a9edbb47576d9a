// CUDA graphs: recorded from streams or put together node by node, then run step by step in an order that their edges
// allow. An instantiated graph is a copy.
#pragma once
#include "../host/host_launch.h"
#include "../host/host_memory.h"
#include "recording.h"

enum cudaGraphNodeType {
  cudaGraphNodeTypeKernel = 0,
  cudaGraphNodeTypeMemcpy = 1,
  cudaGraphNodeTypeMemset = 2,
  cudaGraphNodeTypeHost = 3,
  cudaGraphNodeTypeGraph = 4,
  cudaGraphNodeTypeEmpty = 5,
  cudaGraphNodeTypeWaitEvent = 6,
  cudaGraphNodeTypeEventRecord = 7,
  cudaGraphNodeTypeMemAlloc = 10,
  cudaGraphNodeTypeMemFree = 11,
  cudaGraphNodeTypeConditional = 13
};
enum cudaStreamCaptureMode { cudaStreamCaptureModeGlobal = 0, cudaStreamCaptureModeThreadLocal = 1, cudaStreamCaptureModeRelaxed = 2 };
enum cudaGraphExecUpdateResult {
  cudaGraphExecUpdateSuccess = 0,
  cudaGraphExecUpdateError = 1,
  cudaGraphExecUpdateErrorTopologyChanged = 2,
  cudaGraphExecUpdateErrorNodeTypeChanged = 3
};
struct cudaKernelNodeParams {
  void* func;
  dim3 gridDim, blockDim;
  unsigned sharedMemBytes;
  void** kernelParams;
  void** extra;
};
struct cudaMemsetParams {
  void* dst;
  size_t pitch;
  unsigned value, elementSize;
  size_t width, height;
};
struct cudaHostNodeParams {
  void (*fn)(void*);
  void* userData;
};

struct CUgraph_st;
struct CUgraphNode_st;
typedef CUgraph_st* cudaGraph_t;
typedef CUgraphNode_st* cudaGraphNode_t;

namespace cuport {

// What a handle stands for: the value that decides whether a conditional node's body runs.
struct Conditional {
  unsigned value, first;
  bool assigned;  // `first` at each launch
};

template <class T>
struct List {
  T* data = nullptr;
  size_t count = 0;
  void add(const T& value) {
    if ((count & (count - 1)) == 0) {
      auto* more = static_cast<T*>(realloc(static_cast<void*>(data), (count == 0 ? 1 : count * 2) * sizeof(T)));
      if (more == nullptr) fatal("no memory for a graph");
      data = more;
    }
    data[count++] = value;
  }
  T& operator[](size_t i) { return data[i]; }
  T* begin() { return data; }
  T* end() { return data + count; }
};

}  // namespace cuport

// A node's work is shared between a graph and what was instantiated from it; it is never freed, as programs make few.
struct CUgraphNode_st {
  cudaGraphNodeType type = cudaGraphNodeTypeEmpty;
  cuport::Step* step = nullptr;
  cuport::List<CUgraphNode_st*> before;
  CUgraph_st* graph = nullptr;
  CUgraphNode_st* origin = nullptr;  // in an instance: the node it is a copy of
  size_t place = 0;
  union {
    cudaKernelNodeParams kernel;
    cudaMemsetParams set;
    cudaHostNodeParams host;
    cudaMemcpy3DParms copy;
  };
  CUgraphNode_st() : copy{} {}
};
struct CUgraph_st {
  cuport::List<CUgraphNode_st*> nodes;
  cuport::Recording recording{};
  cudaStream_t origin = nullptr;  // where recording began
  cudaError_t problem = cudaSuccess;
  CUgraph_st* outer = nullptr;  // of a conditional node's body: the graph that has the node
  cuport::List<cuport::Conditional*> conditionals;
};
struct CUgraphExec_st {
  cuport::List<CUgraphNode_st*> order;
  cuport::List<cuport::Conditional*> conditionals;
};
typedef CUgraphExec_st* cudaGraphExec_t;

namespace cuport {

template <class F>
inline Step* make_step(StepKind kind, const F& f) {
  Step* step = new StepOf<F>(f);
  step->kind = kind;
  return step;
}
inline CUgraphNode_st* add_node(cudaGraph_t graph, cudaGraphNodeType type, Step* step, const cudaGraphNode_t* before, size_t count) {
  auto* node = new CUgraphNode_st;
  node->type = type, node->step = step, node->graph = graph, node->place = graph->nodes.count;
  for (size_t i = 0; i < count; ++i) node->before.add(before[i]);
  graph->nodes.add(node);
  return node;
}
// Steps of streams run in the order they were called in, which every order of the streams' events allows.
inline void take_step(Recording& self, Step* step) {
  auto* graph = static_cast<CUgraph_st*>(self.graph);
  static constexpr cudaGraphNodeType types[] = {cudaGraphNodeTypeKernel, cudaGraphNodeTypeMemcpy, cudaGraphNodeTypeMemset,
                                                cudaGraphNodeTypeHost, cudaGraphNodeTypeGraph, cudaGraphNodeTypeEmpty,
                                                cudaGraphNodeTypeEventRecord, cudaGraphNodeTypeWaitEvent};
  cudaGraphNode_t last = graph->nodes.count == 0 ? nullptr : graph->nodes[graph->nodes.count - 1];
  add_node(graph, types[static_cast<int>(step->kind)], step, &last, last == nullptr ? 0 : 1);
}
// A kernel's launch with copies of its arguments: the kernel itself knows their types, so it is recorded.
inline Step* kernel_step(const cudaKernelNodeParams& p) {
  struct Catch {
    static void take(Recording& self, Step* step) { self.graph = step; }
  };
  CUstream_st stream;
  Recording recording{&Catch::take, nullptr};
  stream.recording = &recording;
  launch_unknown(p.func, Config{p.gridDim, p.blockDim, p.sharedMemBytes, false, &stream}, p.kernelParams);
  return static_cast<Step*>(recording.graph);
}
inline cudaError_t fill_elements(const cudaMemsetParams& p) {
  for (size_t y = 0; y < (p.height == 0 ? 1 : p.height); ++y) {
    char* row = static_cast<char*>(p.dst) + y * p.pitch;
    if (p.elementSize == 1) {
      if (const cudaError_t e = fill(row, static_cast<int>(p.value), p.width)) return e;
      continue;
    }
    if (!is_device(row) || room_at(row) < p.width * p.elementSize) return done(cudaErrorInvalidValue);
    for (size_t x = 0; x < p.width; ++x) memcpy(row + x * p.elementSize, &p.value, p.elementSize);
    CUPORT_HOST_WROTE(row, p.width * p.elementSize);
  }
  return done();
}
inline cudaError_t run_nodes(List<CUgraphNode_st*>& order) {
  for (CUgraphNode_st* node : order) {
    if (node->step == nullptr) continue;
    if (const cudaError_t e = node->step->run()) return e;
  }
  return done();
}
inline cudaError_t run_exec(cudaGraphExec_t exec) {
  for (Conditional* c : exec->conditionals) {
    if (c->assigned) c->value = c->first;
  }
  return run_nodes(exec->order);
}
// Copies of a graph's nodes, each after those it waits for; empty if they wait in a circle.
inline List<CUgraphNode_st*> ordered(cudaGraph_t graph) {
  List<CUgraphNode_st*> order;
  const size_t n = graph->nodes.count;
  auto* copies = static_cast<CUgraphNode_st**>(calloc(n + 1, sizeof(CUgraphNode_st*)));
  if (copies == nullptr) fatal("no memory for a graph");
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < n; ++i) {
      CUgraphNode_st* node = graph->nodes[i];
      bool ready = copies[i] == nullptr;
      for (CUgraphNode_st* b : node->before) ready = ready && copies[b->place] != nullptr;
      if (!ready) continue;
      copies[i] = new CUgraphNode_st(*node);
      copies[i]->origin = node;
      order.add(copies[i]);
      more = true;
    }
  }
  free(copies);
  return order;
}
inline CUgraphNode_st* copy_in(cudaGraphExec_t exec, cudaGraphNode_t node) {
  for (CUgraphNode_st* n : exec->order) {
    if (n->origin == node) return n;
  }
  return nullptr;
}
inline cudaError_t set_step(CUgraphNode_st* node, Step* step) {
  if (node == nullptr || step == nullptr) return done(cudaErrorInvalidValue);
  node->step = step;
  return done();
}
inline Step* step_of(const cudaMemcpy3DParms& p) { return make_step(StepKind::copy, [p] { return copy_3d(&p); }); }
inline Step* step_of(const cudaMemsetParams& p) { return make_step(StepKind::set, [p] { return fill_elements(p); }); }
inline Step* step_of(const cudaHostNodeParams& p) { return make_step(StepKind::host, [p] { return p.fn(p.userData), done(); }); }
inline Step* step_of(const cudaKernelNodeParams& p) { return kernel_step(p); }
inline Step* copy_1d_step(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return make_step(StepKind::copy, [=] { return copy(to, from, bytes, kind); });
}
template <class P>
inline cudaError_t new_node(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count, cudaGraphNodeType type,
                            const P* p, P CUgraphNode_st::*member) {
  if (out == nullptr || graph == nullptr || p == nullptr) return done(cudaErrorInvalidValue);
  Step* step = step_of(*p);
  if (step == nullptr) return done(cudaErrorInvalidDeviceFunction);
  *out = add_node(graph, type, step, before, count);
  (*out)->*member = *p;
  return done();
}

}  // namespace cuport
#include "graphs_api.h"
