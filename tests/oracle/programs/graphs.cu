// CUDA graphs: streams recorded and replayed, graphs built node by node. Values follow from running every node once a
// launch, each after the nodes it depends on (programming guide, "CUDA Graphs").
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

#define CHECK(call)                                                                           \
  do {                                                                                        \
    const cudaError_t e_ = (call);                                                            \
    if (e_ != cudaSuccess) {                                                                  \
      printf("line %d: %s gives %s\n", __LINE__, #call, cudaGetErrorName(e_));                \
      exit(1);                                                                                \
    }                                                                                         \
  } while (0)

__global__ void add(int* p, int v, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] += v;
}
__global__ void twice(int* p, int n) {
  const int i = threadIdx.x;
  if (i < n) p[i] *= 2;
}
static int called = 0;
static void CUDART_CB count(void* data) { called += *static_cast<int*>(data); }

int main() {
  const int n = 64;
  int *d, *other, host[n];
  CHECK(cudaMalloc(&d, sizeof host));
  CHECK(cudaMalloc(&other, sizeof host));
  cudaStream_t s, t;
  CHECK(cudaStreamCreate(&s));
  CHECK(cudaStreamCreateWithFlags(&t, cudaStreamNonBlocking));

  // Recorded, nothing runs: the host's copy is untouched until the launch.
  for (int& v : host) v = -1;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaStreamCaptureStatus status;
  int step = 5;
  CHECK(cudaMemset(d, 0, sizeof host));
  CHECK(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
  CHECK(cudaStreamIsCapturing(s, &status));
  add<<<1, n, 0, s>>>(d, step, n);
  step = 1000;  // arguments were copied when the launch was recorded
  twice<<<1, n, 0, s>>>(d, n);
  CHECK(cudaMemcpyAsync(host, d, sizeof host, cudaMemcpyDeviceToHost, s));
  CHECK(cudaStreamEndCapture(s, &graph));
  printf("recorded %d status %d\n", host[0], status == cudaStreamCaptureStatusActive);  // expect: recorded -1 status 1
  size_t nodes = 0;
  CHECK(cudaGraphGetNodes(graph, nullptr, &nodes));
  CHECK(cudaGraphInstantiate(&exec, graph, nullptr, nullptr, 0));
  CHECK(cudaGraphLaunch(exec, s));
  CHECK(cudaStreamSynchronize(s));
  printf("once %d nodes %d\n", host[0], (int)nodes);  // expect: once 10 nodes 3
  for (int i = 0; i < 2; i++) CHECK(cudaGraphLaunch(exec, s));
  CHECK(cudaStreamSynchronize(s));
  printf("three times %d\n", host[n - 1]);  // expect: three times 70
  CHECK(cudaGraphExecDestroy(exec));
  CHECK(cudaGraphDestroy(graph));

  // A second stream joins by an event and comes back by another.
  cudaEvent_t fork, join;
  CHECK(cudaEventCreate(&fork));
  CHECK(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));
  CHECK(cudaMemset(d, 0, sizeof host));
  CHECK(cudaMemset(other, 0, sizeof host));
  CHECK(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
  CHECK(cudaEventRecord(fork, s));
  CHECK(cudaStreamWaitEvent(t, fork, 0));
  add<<<1, n, 0, s>>>(d, 1, n);
  add<<<1, n, 0, t>>>(other, 7, n);
  CHECK(cudaEventRecord(join, t));
  CHECK(cudaStreamWaitEvent(s, join, 0));
  CHECK(cudaMemcpyAsync(host, other, sizeof host, cudaMemcpyDeviceToHost, s));
  CHECK(cudaStreamEndCapture(s, &graph));
  CHECK(cudaGraphInstantiateWithFlags(&exec, graph, 0));
  CHECK(cudaGraphLaunch(exec, t));
  CHECK(cudaDeviceSynchronize());
  printf("forked %d\n", host[3]);  // expect: forked 7
  add<<<1, n, 0, t>>>(other, 1, n);  // t records no longer
  CHECK(cudaMemcpy(host, other, sizeof host, cudaMemcpyDeviceToHost));
  printf("free again %d\n", host[3]);  // expect: free again 8

  // Node by node, added in an order that the edges do not allow: set, then add, then twice and copy; host counts.
  cudaGraph_t built;
  CHECK(cudaGraphCreate(&built, 0));
  cudaGraphNode_t set, adding, doubling, copying, counting;
  int v = 3, size = n, weight = 11;
  void* add_args[] = {&d, &v, &size};
  void* twice_args[] = {&d, &size};
  cudaKernelNodeParams kernel = {};
  kernel.func = (void*)twice, kernel.gridDim = dim3(1), kernel.blockDim = dim3(n), kernel.kernelParams = twice_args;
  CHECK(cudaGraphAddKernelNode(&doubling, built, nullptr, 0, &kernel));
  kernel.func = (void*)add, kernel.kernelParams = add_args;
  CHECK(cudaGraphAddKernelNode(&adding, built, nullptr, 0, &kernel));
  v = 4000;
  cudaMemsetParams fill = {};
  fill.dst = d, fill.value = 10, fill.elementSize = 4, fill.width = n, fill.height = 1, fill.pitch = 0;
  CHECK(cudaGraphAddMemsetNode(&set, built, nullptr, 0, &fill));
  CHECK(cudaGraphAddMemcpyNode1D(&copying, built, &doubling, 1, host, d, sizeof host, cudaMemcpyDeviceToHost));
  cudaHostNodeParams told = {};
  told.fn = count, told.userData = &weight;
  CHECK(cudaGraphAddHostNode(&counting, built, &copying, 1, &told));
#if CUDART_VERSION >= 13000
  CHECK(cudaGraphAddDependencies(built, &set, &adding, nullptr, 1));
  CHECK(cudaGraphAddDependencies(built, &adding, &doubling, nullptr, 1));
#else
  CHECK(cudaGraphAddDependencies(built, &set, &adding, 1));
  CHECK(cudaGraphAddDependencies(built, &adding, &doubling, 1));
#endif
  cudaGraphExec_t made;
  CHECK(cudaGraphInstantiate(&made, built, 0));
  CHECK(cudaGraphLaunch(made, s));
  CHECK(cudaStreamSynchronize(s));
  printf("built %d called %d\n", host[0], called);  // expect: built 26 called 11
  v = 1;
  CHECK(cudaGraphExecKernelNodeSetParams(made, adding, &kernel));
  CHECK(cudaGraphLaunch(made, s));
  CHECK(cudaStreamSynchronize(s));
  printf("changed %d called %d\n", host[0], called);  // expect: changed 22 called 22
  size_t roots = 0;
  CHECK(cudaGraphGetRootNodes(built, nullptr, &roots));
  cudaGraphNodeType type;
  CHECK(cudaGraphNodeGetType(counting, &type));
  printf("roots %d type %d\n", (int)roots, type == cudaGraphNodeTypeHost);  // expect: roots 1 type 1

  cudaGraph_t parent;
  cudaGraphNode_t child, after;
  CHECK(cudaGraphCreate(&parent, 0));
  CHECK(cudaGraphAddChildGraphNode(&child, parent, nullptr, 0, built));
  CHECK(cudaGraphAddEmptyNode(&after, parent, &child, 1));
  cudaGraphExec_t nested;
  CHECK(cudaGraphInstantiate(&nested, parent, 0));
  CHECK(cudaGraphLaunch(nested, 0));
  CHECK(cudaDeviceSynchronize());
  printf("nested called %d\n", called);  // expect: nested called 33
  printf("unmatched %s\n", cudaGetErrorName(cudaStreamEndCapture(s, &graph)));  // expect: unmatched cudaErrorIllegalState
  cudaGetLastError();
  CHECK(cudaGetLastError());
  puts("PASS");  // expect: PASS
  return 0;
}
