// Graphs taken apart: nodes destroyed, found in a clone, turned off, counted; user objects (runtime API reference, graph
// management). A chain of kernels adds 1, 10 and 100; each line says which of them ran.
#include <cstdio>
#include <cuda_runtime.h>

__global__ void add(int* p, int v) { *p += v; }
static void CUDART_CB gone(void* p) { *static_cast<int*>(p) += 1; }

int main() {
  int *d, now, v = 1;
  cudaMalloc(&d, sizeof now);
  cudaMemset(d, 0, sizeof now);
  cudaGraph_t graph, clone;
  cudaGraphCreate(&graph, 0);
  cudaGraphNode_t node[3], twin;
  void* args[] = {&d, &v};
  cudaKernelNodeParams p = {};
  p.func = (void*)add, p.gridDim = p.blockDim = dim3(1), p.kernelParams = args;
  for (int i = 0; i < 3; i++, v *= 10) cudaGraphAddKernelNode(&node[i], graph, i == 0 ? nullptr : &node[i - 1], i != 0, &p);
  cudaGraphDestroyNode(node[2]);
  size_t count = 0;
  cudaGraphGetNodes(graph, nullptr, &count);
  cudaGraphClone(&clone, graph);
  cudaGraphNodeFindInClone(&twin, node[1], clone);
  cudaGraphExec_t whole, part;
  cudaGraphInstantiate(&whole, graph, 0);
  cudaGraphInstantiateWithFlags(&part, clone, cudaGraphInstantiateFlagAutoFreeOnLaunch);
  unsigned on = 7;
  cudaGraphNodeSetEnabled(part, twin, 0);
  cudaGraphNodeGetEnabled(part, twin, &on);
  cudaGraphLaunch(whole, 0);
  cudaGraphLaunch(part, 0);
  cudaMemcpy(&now, d, sizeof now, cudaMemcpyDeviceToHost);
  printf("nodes %d on %u sum %d\n", (int)count, on, now);  // expect: nodes 2 on 0 sum 12
  cudaGraphNodeSetEnabled(part, twin, 1);
  cudaGraphLaunch(part, 0);
  cudaMemcpy(&now, d, sizeof now, cudaMemcpyDeviceToHost);
  printf("on again %d\n", now);  // expect: on again 23

  int destroyed = 0;
  cudaUserObject_t object;
  cudaUserObjectCreate(&object, &destroyed, gone, 2, cudaUserObjectNoDestructorSync);
  cudaUserObjectRelease(object, 1);
  printf("held %d", destroyed);
  cudaGraphRetainUserObject(graph, object, 1, cudaGraphUserObjectMove);
  cudaGraphReleaseUserObject(graph, object, 1);
  printf(" released %d\n", destroyed);  // expect: held 0 released 1
  printf("%s\n", cudaGetErrorName(cudaGetLastError()));  // expect: cudaSuccess
  return 0;
}
