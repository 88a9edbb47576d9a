#include "shared.h"

__constant__ float weights[4];
__device__ int launches;

__device__ float weigh(float x, int which) { return x * weights[which]; }
// Threads wait for each other in here, which no unit but this one can know.
__device__ float averaged(float x) { return (x + __shfl_xor_sync(0xffffffffu, x, 1)) / 2; }
__global__ void reverse(float* p, int n, float add) {
  __shared__ float s[SIZE];
  s[threadIdx.x] = p[threadIdx.x];
  __syncthreads();
  p[threadIdx.x] = s[n - 1 - threadIdx.x] + add;
}
template <typename T>
__global__ void elsewhere(T* p, T value) { p[threadIdx.x] = value; }
template __global__ void elsewhere<int>(int*, int);
namespace tools {
__global__ void count(int* out) { *out = ++launches; }
}
static __global__ void same_name(float* p) {
  __shared__ float s[2 * SIZE];
  s[threadIdx.x] = 3;
  __syncthreads();
  p[threadIdx.x] = s[SIZE - 1 - threadIdx.x];
  atomicAdd(&launches, 1);
}
// Members are as they are: `static` would make them functions of no object.
template <int N>
class Counter {
  int steps[N];

 public:
  __device__ void start() { steps[0] = 1; }
  __device__ int& operator[](int i) { return steps[i]; }
};
static __global__ void same_count(float* p) {
  Counter<2> c;
  c.start();
  c[0] += 2;
  p[threadIdx.x] += c[0];
}
void from_kernels(float* p) {
  fill<float><<<1, SIZE>>>(p, 9.0f);
  same_name<<<1, SIZE>>>(p);
  same_count<<<1, SIZE>>>(p);
}
const void* kernel_address() { return (const void*)reverse; }
