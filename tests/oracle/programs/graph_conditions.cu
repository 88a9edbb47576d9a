// Conditional nodes of graphs: a body that runs once, one of two or of several bodies, a body that repeats; the value that
// decides is set by kernels, or is the default that each launch begins with. Counts are worked out beside the checks.
// expect: 1 2 1 12 2 0 1 PASS
#include <cstdio>

__global__ void choose(const unsigned* from, cudaGraphConditionalHandle handle) { cudaGraphSetConditional(handle, *from); }
__global__ void count(int* to) { ++*to; }
__global__ void down(int* left, int* turns, cudaGraphConditionalHandle handle) {
  ++*turns;
  cudaGraphSetConditional(handle, --*left > 0);
}

int main() {
  int* m;
  unsigned* choice;
  cudaMallocManaged(&m, 8 * sizeof(int));
  cudaMallocManaged(&choice, sizeof(unsigned));
  cudaMemset(m, 0, 8 * sizeof(int));

  // If and else, after a kernel that decides: three launches with 1, 0, 0.
  cudaGraph_t graph;
  cudaGraphExec_t run;
  cudaGraphCreate(&graph, 0);
  cudaGraphConditionalHandle handle;
  cudaGraphConditionalHandleCreate(&handle, graph);
  void* arguments[] = {&choice, &handle};
  cudaGraphNodeParams kernel = {cudaGraphNodeTypeKernel};
  kernel.kernel.func = (void*)choose;
  kernel.kernel.gridDim = kernel.kernel.blockDim = dim3(1);
  kernel.kernel.kernelParams = arguments;
  cudaGraphNode_t first, second, inside;
  cudaGraphAddNode(&first, graph, nullptr, nullptr, 0, &kernel);
  cudaGraphNodeParams condition = {cudaGraphNodeTypeConditional};
  condition.conditional.handle = handle;
  condition.conditional.type = cudaGraphCondTypeIf;
  condition.conditional.size = 2;
  cudaGraphAddNode(&second, graph, &first, nullptr, 1, &condition);
  for (int i = 0; i < 2; ++i) {
    int* at = m + i;
    void* to[] = {&at};
    kernel.kernel.func = (void*)count;
    kernel.kernel.kernelParams = to;
    cudaGraphAddNode(&inside, condition.conditional.phGraph_out[i], nullptr, nullptr, 0, &kernel);
  }
  cudaGraphInstantiate(&run, graph, 0);
  for (unsigned value : {1u, 0u, 0u}) *choice = value, cudaGraphLaunch(run, 0), cudaDeviceSynchronize();

  // A loop that a stream records, nested in what another records: first 12 turns, then, with the default 1, one more.
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  cudaStreamCaptureStatus status;
  const cudaGraphNode_t* before;
  size_t number;
  count<<<1, 1, 0, stream>>>(m + 4);
  cudaStreamGetCaptureInfo(stream, &status, nullptr, &graph, &before, nullptr, &number);
  cudaGraphConditionalHandleCreate(&handle, graph, 1, cudaGraphCondAssignDefault);
  condition.conditional.handle = handle;
  condition.conditional.type = cudaGraphCondTypeWhile;
  condition.conditional.size = 1;
  cudaGraphAddNode(&second, graph, before, nullptr, number, &condition);
  cudaStreamUpdateCaptureDependencies(stream, &second, nullptr, 1, cudaStreamSetCaptureDependencies);
  cudaStreamEndCapture(stream, &graph);
  cudaStreamBeginCaptureToGraph(stream, condition.conditional.phGraph_out[0], nullptr, nullptr, 0, cudaStreamCaptureModeGlobal);
  down<<<1, 1, 0, stream>>>(m + 2, m + 3, handle);
  cudaStreamEndCapture(stream, nullptr);
  cudaGraphInstantiate(&run, graph, 0);
  m[2] = 11;
  cudaGraphLaunch(run, stream);
  cudaStreamSynchronize(stream);
  m[2] = 1;
  cudaGraphLaunch(run, stream);
  cudaStreamSynchronize(stream);

  // One of three by number; a number beyond them runs none.
  cudaGraphCreate(&graph, 0);
  cudaGraphConditionalHandleCreate(&handle, graph, 2, cudaGraphCondAssignDefault);
  condition.conditional.handle = handle;
  condition.conditional.type = cudaGraphCondTypeSwitch;
  condition.conditional.size = 3;
  cudaGraphAddNode(&second, graph, nullptr, nullptr, 0, &condition);
  for (int i : {0, 2}) {
    int* at = m + 5 + i / 2;
    void* to[] = {&at};
    kernel.kernel.kernelParams = to;
    cudaGraphAddNode(&inside, condition.conditional.phGraph_out[i], nullptr, nullptr, 0, &kernel);
  }
  cudaGraphInstantiate(&run, graph, 0);
  cudaGraphLaunch(run, 0);
  m[2] = cudaDeviceSynchronize() == cudaSuccess;
  for (int i = 0; i < 7; ++i) printf("%d ", m[i]);
  printf(cudaGetLastError() == cudaSuccess ? "PASS\n" : "FAIL\n");
}
