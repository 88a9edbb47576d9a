// One program of four units: symbols, device functions, kernels and templates across them; static ones of one name.
#include <cstdio>
#include "shared.h"

extern "C" int twice(int);
static __global__ void same_name(float* p) { p[threadIdx.x] += 1; }
static __device__ float local(float x) { return x + 1; }
__global__ void use(float* p) {
  __shared__ float s[SIZE];
  s[threadIdx.x] = weigh(p[threadIdx.x], 1);
  __syncthreads();
  p[threadIdx.x] = local(s[SIZE - 1 - threadIdx.x]);
}
__global__ void neighbours(float* p) { p[threadIdx.x] = averaged(float(threadIdx.x)); }

static float first(const float* d) {
  float value;
  cudaMemcpy(&value, d, sizeof value, cudaMemcpyDeviceToHost);
  return value;
}

int main(int argc, char** argv) {
  float* d;
  cudaMalloc(&d, SIZE * sizeof(float));
  fill<<<1, SIZE>>>(d, 1.0f);
  same_name<<<1, SIZE>>>(d);
  printf("here %g\n", first(d));  // expect: here 2
  const float given[4] = {0, 10, 0, 0};
  cudaMemcpyToSymbol(weights, given, sizeof given);
  use<<<1, SIZE>>>(d);
  printf("across %g\n", first(d));  // expect: across 21
  reverse<<<1, SIZE>>>(d, SIZE);
  printf("default %g\n", first(d));  // expect: default 22
  elsewhere<int><<<1, SIZE>>>((int*)d, 7);
  int n;
  cudaMemcpy(&n, d, sizeof n, cudaMemcpyDeviceToHost);
  printf("instance %d\n", n);  // expect: instance 7
  from_kernels(d);
  float host[SIZE];
  cudaMemcpy(host, d, sizeof host, cudaMemcpyDeviceToHost);
  printf("other same_name %g, sum %d\n", host[0], host_sum(host, SIZE));  // expect: other same_name 6, sum 192
  neighbours<<<1, SIZE>>>(d);  // thread i and its neighbour: 0 and 1
  printf("waits elsewhere %g\n", first(d));  // expect: waits elsewhere 0.5
  tools::count<<<1, 1>>>((int*)d);
  cudaMemcpyFromSymbol(&n, launches, sizeof n);
  printf("counted %d twice %d\n", n, twice(21));  // expect: counted 33 twice 42
  by_address(kernel_address(), d, SIZE);
  printf("by address %g %s\n", first(d), cudaGetErrorName(cudaGetLastError()));  // expect: by address 2 cudaSuccess
  printf("%d arguments, last %s\n", argc, argv[argc - 1]);  // expect: 3 arguments, last --seed
  return 0;
}
