#include <cstdio>
#include "common.cuh"
void second(int* out);
static __device__ int local() { return 100; }
__global__ void gather(int* out) { *out = look(0) + look(1) + local(), hits += 1; }
int main() {
  int *d, n, seen;
  cudaMalloc(&d, sizeof n);
  second(d);
  cudaMemcpy(&n, d, sizeof n, cudaMemcpyDeviceToHost);
  printf("second %d\n", n);  // expect: second 1230
  gather<<<1, 1>>>(d);
  cudaMemcpy(&n, d, sizeof n, cudaMemcpyDeviceToHost);
  cudaMemcpyFromSymbol(&seen, hits, sizeof seen);
  printf("first %d hits %d\n", n, seen);  // expect: first 103 hits 1
  return 0;
}
