// The calls of the graph API, and recording streams into graphs.
#pragma once
#include "graphs.h"

inline cudaError_t cudaGraphCreate(cudaGraph_t* out, unsigned) {
  *out = new CUgraph_st;
  return cuport::done();
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t) { return cuport::done(); }
inline cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) {
  CUstream_st* stream = cuport::stream_of(s);
  if (stream == &cuport::legacy_stream) return cuport::done(cudaErrorStreamCaptureUnsupported);
  if (stream->recording != nullptr) return cuport::done(cudaErrorIllegalState);
  auto* graph = new CUgraph_st;
  graph->origin = s;
  graph->recording = cuport::Recording{&cuport::take_step, graph};
  stream->recording = &graph->recording;
  return cuport::done();
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* out) {
  CUstream_st* stream = cuport::stream_of(s);
  if (stream->recording == nullptr) return cuport::done(cudaErrorIllegalState);
  auto* graph = static_cast<CUgraph_st*>(stream->recording->graph);
  if (graph->origin != s) return cuport::done(cudaErrorStreamCaptureUnmatched);
  stream->recording = nullptr;
  graph->recording.take = nullptr;  // streams that joined are free again
  if (out != nullptr) *out = graph;
  return cuport::done();
}
inline cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode*) { return cuport::done(); }

inline cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                          const cudaKernelNodeParams* p) {
  return cuport::new_node(out, graph, before, count, cudaGraphNodeTypeKernel, p, &CUgraphNode_st::kernel);
}
inline cudaError_t cudaGraphAddMemcpyNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                          const cudaMemcpy3DParms* p) {
  return cuport::new_node(out, graph, before, count, cudaGraphNodeTypeMemcpy, p, &CUgraphNode_st::copy);
}
inline cudaError_t cudaGraphAddMemsetNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                          const cudaMemsetParams* p) {
  return cuport::new_node(out, graph, before, count, cudaGraphNodeTypeMemset, p, &CUgraphNode_st::set);
}
inline cudaError_t cudaGraphAddHostNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                        const cudaHostNodeParams* p) {
  return cuport::new_node(out, graph, before, count, cudaGraphNodeTypeHost, p, &CUgraphNode_st::host);
}
inline cudaError_t cudaGraphAddMemcpyNode1D(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count, void* to,
                                            const void* from, size_t bytes, cudaMemcpyKind kind) {
  *out = cuport::add_node(graph, cudaGraphNodeTypeMemcpy, cuport::copy_1d_step(to, from, bytes, kind), before, count);
  return cuport::done();
}
template <class T>
inline cudaError_t cudaGraphAddMemcpyNodeToSymbol(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                                  const T& symbol, const void* from, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  char* to = static_cast<char*>(cuport::symbol_address(symbol)) + offset;
  return cudaGraphAddMemcpyNode1D(out, graph, before, count, to, from, bytes, kind);
}
template <class T>
inline cudaError_t cudaGraphAddMemcpyNodeFromSymbol(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                                    void* to, const T& symbol, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  const char* from = static_cast<const char*>(cuport::symbol_address(symbol)) + offset;
  return cudaGraphAddMemcpyNode1D(out, graph, before, count, to, from, bytes, kind);
}
inline cudaError_t cudaGraphAddEmptyNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count) {
  *out = cuport::add_node(graph, cudaGraphNodeTypeEmpty, nullptr, before, count);
  return cuport::done();
}
inline cudaError_t cudaGraphAddChildGraphNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                              cudaGraph_t child) {
  cuport::List<CUgraphNode_st*> order = cuport::ordered(child);
  cuport::Step* step = cuport::make_step(cuport::StepKind::child, [order]() mutable { return cuport::run_nodes(order); });
  *out = cuport::add_node(graph, cudaGraphNodeTypeGraph, step, before, count);
  return cuport::done();
}
inline cudaError_t cudaGraphAddEventRecordNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                               cudaEvent_t event) {
  cuport::Step* step = cuport::make_step(cuport::StepKind::record, [event] { return event->seconds = cuport::now(), cuport::done(); });
  *out = cuport::add_node(graph, cudaGraphNodeTypeEventRecord, step, before, count);
  return cuport::done();
}
inline cudaError_t cudaGraphAddEventWaitNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count, cudaEvent_t) {
  *out = cuport::add_node(graph, cudaGraphNodeTypeWaitEvent, nullptr, before, count);
  return cuport::done();
}
// Memory of a graph lives as long as the program: its address is known when the node is made.
struct cudaMemAllocNodeParams {
  cudaMemPoolProps poolProps;
  const cudaMemAccessDesc* accessDescs;
  size_t accessDescCount, bytesize;
  void* dptr;
};
inline cudaError_t cudaGraphAddMemAllocNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count,
                                            cudaMemAllocNodeParams* p) {
  *out = cuport::add_node(graph, cudaGraphNodeTypeEmpty, nullptr, before, count);
  return cudaMalloc(&p->dptr, p->bytesize);
}
inline cudaError_t cudaGraphAddMemFreeNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* before, size_t count, void*) {
  *out = cuport::add_node(graph, cudaGraphNodeTypeEmpty, nullptr, before, count);
  return cuport::done();
}
inline cudaError_t cudaDeviceGraphMemTrim(int) { return cuport::done(); }
// Old and new forms; the new ones name edge data, which only programmatic launches use.
inline cudaError_t cudaGraphAddDependencies(cudaGraph_t, const cudaGraphNode_t* from, const cudaGraphNode_t* to, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i]->before.add(from[i]);
  return cuport::done();
}
struct cudaGraphEdgeData {
  unsigned char from_port, to_port, type, reserved[5];
};
inline cudaError_t cudaGraphAddDependencies(cudaGraph_t graph, const cudaGraphNode_t* from, const cudaGraphNode_t* to,
                                            const cudaGraphEdgeData*, size_t count) {
  return cudaGraphAddDependencies(graph, from, to, count);
}
inline cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* out, size_t* count) {
  if (out != nullptr) {
    for (size_t i = 0; i < *count && i < graph->nodes.count; ++i) out[i] = graph->nodes[i];
  }
  *count = graph->nodes.count;
  return cuport::done();
}
inline cudaError_t cudaGraphGetRootNodes(cudaGraph_t graph, cudaGraphNode_t* out, size_t* count) {
  size_t n = 0;
  for (CUgraphNode_st* node : graph->nodes) {
    if (node->before.count != 0) continue;
    if (out != nullptr && n < *count) out[n] = node;
    ++n;
  }
  *count = n;
  return cuport::done();
}
inline cudaError_t cudaGraphGetEdges(cudaGraph_t graph, cudaGraphNode_t* from, cudaGraphNode_t* to, size_t* count) {
  size_t n = 0;
  for (CUgraphNode_st* node : graph->nodes) {
    for (CUgraphNode_st* b : node->before) {
      if (from != nullptr && to != nullptr && n < *count) from[n] = b, to[n] = node;
      ++n;
    }
  }
  *count = n;
  return cuport::done();
}
inline cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, cudaGraphNodeType* type) { *type = node->type; return cuport::done(); }
inline cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t node, cudaGraphNode_t* out, size_t* count) {
  for (size_t i = 0; out != nullptr && i < *count && i < node->before.count; ++i) out[i] = node->before[i];
  *count = node->before.count;
  return cuport::done();
}
inline cudaError_t cudaGraphKernelNodeGetParams(cudaGraphNode_t node, cudaKernelNodeParams* p) { *p = node->kernel; return cuport::done(); }
inline cudaError_t cudaGraphKernelNodeSetParams(cudaGraphNode_t node, const cudaKernelNodeParams* p) {
  node->kernel = *p;
  return cuport::set_step(node, cuport::step_of(*p));
}
inline cudaError_t cudaGraphMemcpyNodeSetParams(cudaGraphNode_t node, const cudaMemcpy3DParms* p) { return cuport::set_step(node, cuport::step_of(*p)); }
inline cudaError_t cudaGraphMemsetNodeSetParams(cudaGraphNode_t node, const cudaMemsetParams* p) { return cuport::set_step(node, cuport::step_of(*p)); }
inline cudaError_t cudaGraphHostNodeSetParams(cudaGraphNode_t node, const cudaHostNodeParams* p) { return cuport::set_step(node, cuport::step_of(*p)); }
inline cudaError_t cudaGraphClone(cudaGraph_t* out, cudaGraph_t graph) {
  *out = new CUgraph_st;
  for (CUgraphNode_st* node : graph->nodes) {
    auto* copy = new CUgraphNode_st(*node);
    copy->graph = *out, copy->origin = node, copy->before = cuport::List<CUgraphNode_st*>{};
    (*out)->nodes.add(copy);
  }
  for (size_t i = 0; i < graph->nodes.count; ++i) {
    for (CUgraphNode_st* b : graph->nodes[i]->before) (*out)->nodes[i]->before.add((*out)->nodes[b->place]);
  }
  return cuport::done();
}

template <class... A>
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* out, cudaGraph_t graph, A...) {
  if (out == nullptr || graph == nullptr) return cuport::done(cudaErrorInvalidValue);
  auto* exec = new CUgraphExec_st;
  exec->order = cuport::ordered(graph);
  exec->conditionals = graph->conditionals;
  if (exec->order.count != graph->nodes.count) return cuport::done(cudaErrorInvalidValue);
  *out = exec;
  return cuport::done();
}
inline cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* out, cudaGraph_t graph, unsigned long long = 0) {
  return cudaGraphInstantiate(out, graph);
}
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t) { return cuport::done(); }
inline cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) { return cuport::done(); }
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t s) {
  if (exec == nullptr) return cuport::done(cudaErrorInvalidValue);
  if (cuport::Recording* r = cuport::recording_of(s)) {
    return r->add(cuport::StepKind::child, [exec] { return cuport::run_exec(exec); });
  }
  return cuport::run_exec(exec);
}
inline cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node, const cudaKernelNodeParams* p) {
  return cuport::set_step(cuport::copy_in(exec, node), cuport::step_of(*p));
}
inline cudaError_t cudaGraphExecMemcpyNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node, const cudaMemcpy3DParms* p) {
  return cuport::set_step(cuport::copy_in(exec, node), cuport::step_of(*p));
}
inline cudaError_t cudaGraphExecMemcpyNodeSetParams1D(cudaGraphExec_t exec, cudaGraphNode_t node, void* to, const void* from, size_t bytes,
                                                      cudaMemcpyKind kind) {
  return cuport::set_step(cuport::copy_in(exec, node), cuport::copy_1d_step(to, from, bytes, kind));
}
inline cudaError_t cudaGraphExecMemsetNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node, const cudaMemsetParams* p) {
  return cuport::set_step(cuport::copy_in(exec, node), cuport::step_of(*p));
}
inline cudaError_t cudaGraphExecHostNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node, const cudaHostNodeParams* p) {
  return cuport::set_step(cuport::copy_in(exec, node), cuport::step_of(*p));
}
struct cudaGraphExecUpdateResultInfo {
  cudaGraphExecUpdateResult result;
  cudaGraphNode_t errorNode, errorFromNode;
};
namespace cuport {
// A graph of the same shape takes the place of what was instantiated.
inline cudaGraphExecUpdateResult update(cudaGraphExec_t exec, cudaGraph_t graph) {
  List<CUgraphNode_st*> order = ordered(graph);
  if (order.count != exec->order.count) return cudaGraphExecUpdateErrorTopologyChanged;
  for (size_t i = 0; i < order.count; ++i) {
    if (order[i]->type != exec->order[i]->type) return cudaGraphExecUpdateErrorNodeTypeChanged;
  }
  for (size_t i = 0; i < order.count; ++i) order[i]->origin = exec->order[i]->origin;  // it is still known by its first graph
  exec->order = order;
  return cudaGraphExecUpdateSuccess;
}
}  // namespace cuport
inline cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph, cudaGraphExecUpdateResultInfo* info) {
  *info = cudaGraphExecUpdateResultInfo{cuport::update(exec, graph), nullptr, nullptr};
  return info->result == cudaGraphExecUpdateSuccess ? cuport::done() : cuport::done(cudaErrorGraphExecUpdateFailure);
}
inline cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph, cudaGraphNode_t* failed, cudaGraphExecUpdateResult* result) {
  if (failed != nullptr) *failed = nullptr;
  *result = cuport::update(exec, graph);
  return *result == cudaGraphExecUpdateSuccess ? cuport::done() : cuport::done(cudaErrorGraphExecUpdateFailure);
}
inline cudaError_t cudaGraphDebugDotPrint(cudaGraph_t, const char*, unsigned) { return cuport::done(); }
