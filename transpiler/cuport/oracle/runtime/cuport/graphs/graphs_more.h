// The rarer calls of the graph API: looking at nodes, changing them, user objects, what a stream records into.
#pragma once
#include "graphs_api.h"

#define cudaGraphInstantiateFlagAutoFreeOnLaunch 1
#define cudaGraphInstantiateFlagUpload 2
#define cudaGraphInstantiateFlagDeviceLaunch 4
#define cudaGraphInstantiateFlagUseNodePriority 8
#define cudaGraphUserObjectMove 1
#define cudaUserObjectNoDestructorSync 1
#define cudaStreamAddCaptureDependencies 0
#define cudaStreamSetCaptureDependencies 1
enum cudaGraphDebugDotFlags {
  cudaGraphDebugDotFlagsVerbose = 1,
  cudaGraphDebugDotFlagsKernelNodeParams = 4,
  cudaGraphDebugDotFlagsMemcpyNodeParams = 8,
  cudaGraphDebugDotFlagsMemsetNodeParams = 16,
  cudaGraphDebugDotFlagsHostNodeParams = 32,
  cudaGraphDebugDotFlagsHandles = 512
};
enum cudaGraphMemAttributeType {
  cudaGraphMemAttrUsedMemCurrent,
  cudaGraphMemAttrUsedMemHigh,
  cudaGraphMemAttrReservedMemCurrent,
  cudaGraphMemAttrReservedMemHigh
};
enum cudaGraphInstantiateResult { cudaGraphInstantiateSuccess = 0, cudaGraphInstantiateError = 1, cudaGraphInstantiateInvalidStructure = 2 };
struct cudaGraphInstantiateParams {
  unsigned long long flags;
  cudaStream_t uploadStream;
  cudaGraphNode_t errNode_out;
  cudaGraphInstantiateResult result_out;
};
inline cudaError_t cudaGraphInstantiateWithParams(cudaGraphExec_t* out, cudaGraph_t graph, cudaGraphInstantiateParams* p) {
  const cudaError_t error = cudaGraphInstantiate(out, graph);
  p->errNode_out = nullptr;
  p->result_out = error == cudaSuccess ? cudaGraphInstantiateSuccess : cudaGraphInstantiateInvalidStructure;
  return error;
}
inline cudaError_t cudaDeviceGetGraphMemAttribute(int, cudaGraphMemAttributeType, void* out) {
  const unsigned long long used = cuport::device_memory.used();
  memcpy(out, &used, 8);
  return cuport::done();
}
inline cudaError_t cudaDeviceSetGraphMemAttribute(int, cudaGraphMemAttributeType, void*) { return cuport::done(); }

inline cudaError_t cudaGraphHostNodeGetParams(cudaGraphNode_t node, cudaHostNodeParams* p) { *p = node->host; return cuport::done(); }
inline cudaError_t cudaGraphMemcpyNodeGetParams(cudaGraphNode_t node, cudaMemcpy3DParms* p) { *p = node->copy; return cuport::done(); }
inline cudaError_t cudaGraphMemsetNodeGetParams(cudaGraphNode_t node, cudaMemsetParams* p) { *p = node->set; return cuport::done(); }
inline cudaError_t cudaGraphMemcpyNodeSetParams1D(cudaGraphNode_t node, void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return cuport::set_step(node, cuport::copy_1d_step(to, from, bytes, kind));
}
template <class T>
inline cudaError_t cudaGraphExecMemcpyNodeSetParamsToSymbol(cudaGraphExec_t exec, cudaGraphNode_t node, const T& symbol, const void* from,
                                                            size_t bytes, size_t offset, cudaMemcpyKind kind) {
  return cudaGraphExecMemcpyNodeSetParams1D(exec, node, static_cast<char*>(cuport::symbol_address(symbol)) + offset, from, bytes, kind);
}
template <class T>
inline cudaError_t cudaGraphExecMemcpyNodeSetParamsFromSymbol(cudaGraphExec_t exec, cudaGraphNode_t node, void* to, const T& symbol,
                                                              size_t bytes, size_t offset, cudaMemcpyKind kind) {
  const char* from = static_cast<const char*>(cuport::symbol_address(symbol)) + offset;
  return cudaGraphExecMemcpyNodeSetParams1D(exec, node, to, from, bytes, kind);
}
inline cudaError_t cudaGraphExecChildGraphNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node, cudaGraph_t child) {
  cuport::List<CUgraphNode_st*> order = cuport::ordered(child);
  return cuport::set_step(cuport::copy_in(exec, node), cuport::make_step(cuport::StepKind::child, [order]() mutable { return cuport::run_nodes(order); }));
}
inline cudaError_t cudaGraphNodeGetDependentNodes(cudaGraphNode_t node, cudaGraphNode_t* out, size_t* count) {
  size_t n = 0;
  for (CUgraphNode_st* other : node->graph->nodes) {
    for (CUgraphNode_st* b : other->before) {
      if (b != node) continue;
      if (out != nullptr && n < *count) out[n] = other;
      ++n;
    }
  }
  *count = n;
  return cuport::done();
}
inline cudaError_t cudaGraphNodeFindInClone(cudaGraphNode_t* out, cudaGraphNode_t original, cudaGraph_t clone) {
  for (CUgraphNode_st* node : clone->nodes) {
    if (node->origin == original) return *out = node, cuport::done();
  }
  return cuport::done(cudaErrorInvalidValue);
}
inline cudaError_t cudaGraphNodeSetEnabled(cudaGraphExec_t exec, cudaGraphNode_t node, unsigned enabled) {
  CUgraphNode_st* copy = cuport::copy_in(exec, node);
  if (copy == nullptr) return cuport::done(cudaErrorInvalidValue);
  copy->step = enabled != 0 ? node->step : nullptr;
  return cuport::done();
}
inline cudaError_t cudaGraphNodeGetEnabled(cudaGraphExec_t exec, cudaGraphNode_t node, unsigned* enabled) {
  const CUgraphNode_st* copy = cuport::copy_in(exec, node);
  *enabled = copy != nullptr && copy->step != nullptr;
  return cuport::done(copy == nullptr ? cudaErrorInvalidValue : cudaSuccess);
}
inline cudaError_t cudaGraphRemoveDependencies(cudaGraph_t, const cudaGraphNode_t* from, const cudaGraphNode_t* to, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    cuport::List<CUgraphNode_st*> kept;
    for (CUgraphNode_st* b : to[i]->before) {
      if (b != from[i]) kept.add(b);
    }
    to[i]->before = kept;
  }
  return cuport::done();
}
inline cudaError_t cudaGraphDestroyNode(cudaGraphNode_t node) {
  cuport::List<CUgraphNode_st*> kept;
  for (CUgraphNode_st* other : node->graph->nodes) {
    if (other == node) continue;
    cudaGraphRemoveDependencies(node->graph, &node, &other, 1);
    other->place = kept.count;
    kept.add(other);
  }
  node->graph->nodes = kept;
  return cuport::done();
}

struct CUuserObject_st {
  void* pointer;
  void (*destroy)(void*);
  unsigned count;
};
typedef CUuserObject_st* cudaUserObject_t;
inline cudaError_t cudaUserObjectCreate(cudaUserObject_t* out, void* pointer, void (*destroy)(void*), unsigned count, unsigned) {
  *out = new CUuserObject_st{pointer, destroy, count};
  return cuport::done();
}
inline cudaError_t cudaUserObjectRetain(cudaUserObject_t o, unsigned count = 1) { return o->count += count, cuport::done(); }
inline cudaError_t cudaUserObjectRelease(cudaUserObject_t o, unsigned count = 1) {
  if ((o->count -= count) == 0) o->destroy(o->pointer), delete o;
  return cuport::done();
}
inline cudaError_t cudaGraphRetainUserObject(cudaGraph_t, cudaUserObject_t o, unsigned count = 1, unsigned flags = 0) {
  return (flags & cudaGraphUserObjectMove) != 0 ? cuport::done() : cudaUserObjectRetain(o, count);
}
inline cudaError_t cudaGraphReleaseUserObject(cudaGraph_t, cudaUserObject_t o, unsigned count = 1) { return cudaUserObjectRelease(o, count); }

// What is recorded next waits for the graph's last node.
inline cudaError_t cudaStreamGetCaptureInfo(cudaStream_t s, cudaStreamCaptureStatus* status, unsigned long long* id = nullptr,
                                            cudaGraph_t* out = nullptr, const cudaGraphNode_t** before = nullptr, size_t* count = nullptr) {
  const cuport::Recording* r = cuport::recording_of(s);
  CUgraph_st* graph = r != nullptr ? static_cast<CUgraph_st*>(r->graph) : nullptr;
  *status = r != nullptr ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  if (id != nullptr && r != nullptr) *id = reinterpret_cast<uintptr_t>(r->graph);
  if (out != nullptr) *out = graph;
  const size_t n = graph != nullptr ? graph->nodes.count : 0;
  if (before != nullptr) *before = n != 0 ? graph->nodes.data + (n - 1) : nullptr;
  if (count != nullptr) *count = n != 0 ? 1 : 0;
  return cuport::done();
}
inline cudaError_t cudaStreamGetCaptureInfo(cudaStream_t s, cudaStreamCaptureStatus* status, unsigned long long* id, cudaGraph_t* graph,
                                            const cudaGraphNode_t** before, const cudaGraphEdgeData** edges, size_t* count) {
  if (edges != nullptr) *edges = nullptr;
  return cudaStreamGetCaptureInfo(s, status, id, graph, before, count);
}
#define cudaStreamGetCaptureInfo_v3 cudaStreamGetCaptureInfo
#define cudaStreamGetCaptureInfo_v2 cudaStreamGetCaptureInfo
// Steps already follow each other, whatever a stream is told to wait for.
template <class... A>
inline cudaError_t cudaStreamUpdateCaptureDependencies(cudaStream_t, cudaGraphNode_t*, A...) { return cuport::done(); }

// CUDA 13's forms, which name the edges' data.
inline cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t node, cudaGraphNode_t* out, cudaGraphEdgeData*, size_t* count) {
  return cudaGraphNodeGetDependencies(node, out, count);
}
inline cudaError_t cudaGraphNodeGetDependentNodes(cudaGraphNode_t node, cudaGraphNode_t* out, cudaGraphEdgeData*, size_t* count) {
  return cudaGraphNodeGetDependentNodes(node, out, count);
}
inline cudaError_t cudaGraphGetEdges(cudaGraph_t graph, cudaGraphNode_t* from, cudaGraphNode_t* to, cudaGraphEdgeData*, size_t* count) {
  return cudaGraphGetEdges(graph, from, to, count);
}
inline cudaError_t cudaGraphRemoveDependencies(cudaGraph_t graph, const cudaGraphNode_t* from, const cudaGraphNode_t* to,
                                               const cudaGraphEdgeData*, size_t count) {
  return cudaGraphRemoveDependencies(graph, from, to, count);
}
