// Nodes of every kind through one call, conditional nodes with bodies of their own, recording into a graph that exists.
#pragma once
#include "graphs_more.h"

typedef unsigned long long cudaGraphConditionalHandle;
#define cudaGraphCondAssignDefault 1
enum cudaGraphConditionalNodeType { cudaGraphCondTypeIf = 0, cudaGraphCondTypeWhile = 1, cudaGraphCondTypeSwitch = 2 };
struct cudaConditionalNodeParams {
  cudaGraphConditionalHandle handle;
  cudaGraphConditionalNodeType type;
  unsigned size;
  cudaGraph_t* phGraph_out;
  void* ctx;
};
struct cudaKernelNodeParamsV2 {
  void* func;
  dim3 gridDim, blockDim;
  unsigned sharedMemBytes;
  void** kernelParams;
  void** extra;
  void* ctx;
};
struct cudaMemcpyNodeParams {
  int flags, reserved[3];
  cudaMemcpy3DParms copyParams;
};
struct cudaChildGraphNodeParams {
  cudaGraph_t graph;
};
struct cudaEventRecordNodeParams {
  cudaEvent_t event;
};
typedef cudaEventRecordNodeParams cudaEventWaitNodeParams;
struct cudaMemFreeNodeParams {
  void* dptr;
};
typedef cudaMemAllocNodeParams cudaMemAllocNodeParamsV2;
typedef cudaMemsetParams cudaMemsetParamsV2;
typedef cudaHostNodeParams cudaHostNodeParamsV2;
struct cudaGraphNodeParams {
  cudaGraphNodeType type;
  int reserved0[3];
  union {
    long long reserved1[29];
    cudaKernelNodeParamsV2 kernel;
    cudaMemcpyNodeParams memcpy;
    cudaMemsetParamsV2 memset;
    cudaHostNodeParamsV2 host;
    cudaChildGraphNodeParams graph;
    cudaEventWaitNodeParams eventWait;
    cudaEventRecordNodeParams eventRecord;
    cudaMemAllocNodeParamsV2 alloc;
    cudaMemFreeNodeParams free;
    cudaConditionalNodeParams conditional;
  };
};

namespace cuport {
inline List<Conditional*> all_conditionals;
// Null where a kernel runs again by itself, without the graph that it was recorded in.
CUPORT_QUIET inline Conditional* conditional_of(cudaGraphConditionalHandle handle) {
  return handle == 0 || handle > all_conditionals.count ? nullptr : all_conditionals.data[handle - 1];
}
}  // namespace cuport
inline cudaError_t cudaGraphConditionalHandleCreate(cudaGraphConditionalHandle* out, cudaGraph_t graph, unsigned first = 0, unsigned flags = 0) {
  if (out == nullptr || graph == nullptr) return cuport::done(cudaErrorInvalidValue);
  auto* made = new cuport::Conditional{first, first, (flags & cudaGraphCondAssignDefault) != 0};
  while (graph->outer != nullptr) graph = graph->outer;  // a launch begins with all of them
  graph->conditionals.add(made);
  cuport::all_conditionals.add(made);
  *out = cuport::all_conditionals.count;
  return cuport::done();
}
CUPORT_QUIET inline void cudaGraphSetConditional(cudaGraphConditionalHandle handle, unsigned value) {
  if (cuport::Conditional* c = cuport::conditional_of(handle)) __atomic_store_n(&c->value, value, __ATOMIC_RELAXED);
}

namespace cuport {
// A body gets its nodes after the node itself was made, so its order is found when it first runs.
struct Body {
  cudaGraph_t graph;
  List<CUgraphNode_st*> order;
  cudaError_t run() {
    if (order.count != graph->nodes.count) order = ordered(graph);
    return run_nodes(order);
  }
};
inline cudaError_t run_conditional(const Conditional& c, cudaGraphConditionalNodeType type, Body* bodies, unsigned size) {
  if (type == cudaGraphCondTypeWhile) {
    while (c.value != 0) {
      if (const cudaError_t e = bodies[0].run()) return e;
    }
    return done();
  }
  const unsigned taken = type == cudaGraphCondTypeSwitch ? c.value : c.value != 0 ? 0 : 1;
  return taken < size ? bodies[taken].run() : done();
}
inline cudaError_t add_conditional(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                   cudaConditionalNodeParams* p) {
  Conditional* conditional = conditional_of(p->handle);
  const unsigned most = p->type == cudaGraphCondTypeIf ? 2 : p->type == cudaGraphCondTypeWhile ? 1 : ~0u;
  if (conditional == nullptr || p->size == 0 || p->size > most) return done(cudaErrorInvalidValue);
  const unsigned size = p->size;
  auto* bodies = new Body[size]();
  p->phGraph_out = new cudaGraph_t[size];
  for (unsigned i = 0; i < size; ++i) {
    bodies[i].graph = p->phGraph_out[i] = new CUgraph_st;
    bodies[i].graph->outer = graph;
  }
  const cudaGraphConditionalNodeType type = p->type;
  Step* step = make_step(StepKind::child, [=] { return run_conditional(*conditional, type, bodies, size); });
  *out = add_node(graph, cudaGraphNodeTypeConditional, step, before, count);
  return done();
}
}  // namespace cuport

inline cudaError_t cudaGraphAddNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                    cudaGraphNodeParams* p) {
  if (out == nullptr || graph == nullptr || p == nullptr) return cuport::done(cudaErrorInvalidValue);
  switch (p->type) {
    case cudaGraphNodeTypeKernel: {
      const cudaKernelNodeParamsV2& k = p->kernel;
      const cudaKernelNodeParams same{k.func, k.gridDim, k.blockDim, k.sharedMemBytes, k.kernelParams, k.extra};
      return cudaGraphAddKernelNode(out, graph, before, count, &same);
    }
    case cudaGraphNodeTypeMemcpy: return cudaGraphAddMemcpyNode(out, graph, before, count, &p->memcpy.copyParams);
    case cudaGraphNodeTypeMemset: return cudaGraphAddMemsetNode(out, graph, before, count, &p->memset);
    case cudaGraphNodeTypeHost: return cudaGraphAddHostNode(out, graph, before, count, &p->host);
    case cudaGraphNodeTypeGraph: return cudaGraphAddChildGraphNode(out, graph, before, count, p->graph.graph);
    case cudaGraphNodeTypeEmpty: return cudaGraphAddEmptyNode(out, graph, before, count);
    case cudaGraphNodeTypeWaitEvent: return cudaGraphAddEventWaitNode(out, graph, before, count, p->eventWait.event);
    case cudaGraphNodeTypeEventRecord: return cudaGraphAddEventRecordNode(out, graph, before, count, p->eventRecord.event);
    case cudaGraphNodeTypeMemAlloc: return cudaGraphAddMemAllocNode(out, graph, before, count, &p->alloc);
    case cudaGraphNodeTypeMemFree: return cudaGraphAddMemFreeNode(out, graph, before, count, p->free.dptr);
    case cudaGraphNodeTypeConditional: return cuport::add_conditional(out, graph, before, count, &p->conditional);
  }
  return cuport::done(cudaErrorInvalidValue);
}
inline cudaError_t cudaGraphAddNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, const cudaGraphEdgeData*,
                                    size_t count, cudaGraphNodeParams* p) {
  return cudaGraphAddNode(out, graph, before, count, p);
}
inline cudaError_t cudaStreamBeginCaptureToGraph(cudaStream_t s, cudaGraph_t graph, const cudaGraphNode_t*, const cudaGraphEdgeData*, size_t,
                                                 cudaStreamCaptureMode) {
  CUstream_st* stream = cuport::stream_of(s);
  if (stream == &cuport::legacy_stream) return cuport::done(cudaErrorStreamCaptureUnsupported);
  if (stream->recording != nullptr || graph == nullptr) return cuport::done(cudaErrorIllegalState);
  graph->origin = s;
  graph->recording = cuport::Recording{&cuport::take_step, graph};
  stream->recording = &graph->recording;
  return cuport::done();
}
