// Single-source shortest paths with float weights (Bellman-Ford with a mask of active vertices).
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <float.h>

#define GUARD(i, n) if ((i) >= (n)) return
#define OK(x) do { cudaError_t r = (x); if (r) { printf("error %d: %s\n", (int)r, cudaGetErrorName(r)); exit(3); } } while (0)

struct Graph {
  int         nVertices;
  const int   *pFirst;     // nVertices + 1
  const int   *pTarget;
  const float *pWeight;
};

// There is no atomicMin for float. Distances are never negative, but compare as floats all the same.
__device__ bool atomicMinFloat(float *pAddress, float fValue)
{
  int *pBits = (int *)pAddress;
  int iSeen = *pBits;
  while (__int_as_float(iSeen) > fValue) {
    int iAssumed = iSeen;
    iSeen = atomicCAS(pBits, iAssumed, __float_as_int(fValue));
    if (iSeen == iAssumed) return true;
  }
  return false;
}

__global__ void relax(Graph g, const unsigned char *pActive, const float *pDistOld, float *pDistNew, unsigned char *pNextActive)
{
  int iVertex = threadIdx.x + blockIdx.x * blockDim.x;
  GUARD(iVertex, g.nVertices);
  if (!pActive[iVertex]) return;
  float fHere = pDistOld[iVertex];
  int iEnd = g.pFirst[iVertex + 1];
  for (int iEdge = g.pFirst[iVertex]; iEdge < iEnd; ++iEdge) {
    int iTo = __ldcs(&g.pTarget[iEdge]);
    atomicMinFloat(&pDistNew[iTo], fHere + __ldcs(&g.pWeight[iEdge]));
  }
}

__global__ void settle(float *pDistOld, const float *pDistNew, unsigned char *pActive, int *pCount, int nVertices)
{
  int iVertex = threadIdx.x + blockIdx.x * blockDim.x;
  GUARD(iVertex, nVertices);
  bool bBetter = pDistNew[iVertex] < pDistOld[iVertex];
  pActive[iVertex] = bBetter ? 1 : 0;
  if (bBetter) {
    pDistOld[iVertex] = pDistNew[iVertex];
    atomicAdd(pCount, 1);
  }
}

int main(int argc, char *argv[])
{
  int n = argc > 1 ? atoi(argv[1]) : 777;
  const int kDegree = 5;
  int m = n * kDegree;
  int *first = (int *)malloc((n + 1) * sizeof(int));
  int *target = (int *)malloc(m * sizeof(int));
  float *weight = (float *)malloc(m * sizeof(float));
  unsigned lcg = 7;
  for (int v = 0; v <= n; ++v) first[v] = v * kDegree;
  for (int e = 0; e < m; ++e) {
    lcg = lcg * 1103515245u + 12345u;
    target[e] = (int)((lcg >> 10) % (unsigned)n);
    weight[e] = 0.05f + (float)(lcg >> 20) / 1024.0f;
  }

  float *hostDist;
  int *hostCount;
  OK(cudaMallocHost((void **)&hostDist, n * sizeof(float)));
  OK(cudaHostAlloc((void **)&hostCount, sizeof(int), cudaHostAllocDefault));
  for (int v = 0; v < n; ++v) hostDist[v] = v == 0 ? 0.0f : FLT_MAX;

  int *dFirst, *dTarget, *dCount;
  float *dWeight, *dOld, *dNew;
  unsigned char *dActive;
  OK(cudaMalloc(&dFirst, (n + 1) * sizeof(int)));
  OK(cudaMalloc(&dTarget, m * sizeof(int)));
  OK(cudaMalloc(&dWeight, m * sizeof(float)));
  OK(cudaMalloc(&dOld, n * sizeof(float)));
  OK(cudaMalloc(&dNew, n * sizeof(float)));
  OK(cudaMalloc(&dActive, n));
  OK(cudaMalloc(&dCount, sizeof(int)));

  cudaStream_t stream;
  OK(cudaStreamCreate(&stream));
  OK(cudaMemcpyAsync(dFirst, first, (n + 1) * sizeof(int), cudaMemcpyHostToDevice, stream));
  OK(cudaMemcpyAsync(dTarget, target, m * sizeof(int), cudaMemcpyHostToDevice, stream));
  OK(cudaMemcpyAsync(dWeight, weight, m * sizeof(float), cudaMemcpyHostToDevice, stream));
  OK(cudaMemcpyAsync(dOld, hostDist, n * sizeof(float), cudaMemcpyHostToDevice, stream));
  OK(cudaMemcpyAsync(dNew, dOld, n * sizeof(float), cudaMemcpyDeviceToDevice, stream));
  OK(cudaMemsetAsync(dActive, 0, n, stream));
  OK(cudaMemsetAsync(dActive, 1, 1, stream));

  Graph g;
  g.nVertices = n; g.pFirst = dFirst; g.pTarget = dTarget; g.pWeight = dWeight;
  dim3 block(160), grid((n + block.x - 1) / block.x);
  int rounds = 0;
  do {
    OK(cudaMemsetAsync(dCount, 0, sizeof(int), stream));
    relax<<<grid, block, 0, stream>>>(g, dActive, dOld, dNew, NULL);
    settle<<<grid, block, 0, stream>>>(dOld, dNew, dActive, dCount, n);
    OK(cudaMemcpyAsync(hostCount, dCount, sizeof(int), cudaMemcpyDeviceToHost, stream));
    OK(cudaStreamSynchronize(stream));
    ++rounds;
  } while (*hostCount > 0 && rounds <= n);
  OK(cudaMemcpyAsync(hostDist, dOld, n * sizeof(float), cudaMemcpyDeviceToHost, stream));
  OK(cudaStreamSynchronize(stream));

  // Dijkstra without a heap, in double.
  double *best = (double *)malloc(n * sizeof(double));
  char *done = (char *)calloc(n, 1);
  for (int v = 0; v < n; ++v) best[v] = v == 0 ? 0.0 : DBL_MAX;
  for (;;) {
    int u = -1;
    for (int v = 0; v < n; ++v)
      if (!done[v] && best[v] < DBL_MAX && (u < 0 || best[v] < best[u])) u = v;
    if (u < 0) break;
    done[u] = 1;
    for (int e = first[u]; e < first[u + 1]; ++e)
      best[target[e]] = fmin(best[target[e]], best[u] + weight[e]);
  }
  int bad = 0, unreachable = 0;
  for (int v = 0; v < n; ++v) {
    if (best[v] == DBL_MAX) { ++unreachable; bad += hostDist[v] != FLT_MAX; }
    else bad += !(fabs(hostDist[v] - best[v]) <= 1e-5 * (best[v] + 0.05));
  }
  printf("%d rounds, %d unreachable, %d wrong\n%s\n", rounds, unreachable, bad, bad ? "FAIL" : "PASS");
  OK(cudaStreamDestroy(stream));
  cudaFreeHost(hostDist); cudaFreeHost(hostCount);
  cudaFree(dFirst); cudaFree(dTarget); cudaFree(dWeight); cudaFree(dOld); cudaFree(dNew); cudaFree(dActive); cudaFree(dCount);
  free(first); free(target); free(weight); free(best); free(done);
  return bad ? 1 : 0;
}
