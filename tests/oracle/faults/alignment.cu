// Addresses that are not multiples of what is read or written at once.
// A comment `fault: KERNEL KIND` marks the line that is to be named; kernels called clean_* have no fault.
#include <cstdio>
#include <cstring>
#include <cuda_runtime.h>

__global__ void vector_odd(const float* x, float4* out) {
  out[threadIdx.x] = *reinterpret_cast<const float4*>(x + 4 * threadIdx.x + 1);  // fault: vector_odd misaligned
}
__global__ void clean_vector(const float* x, float4* out) {
  out[threadIdx.x] = *reinterpret_cast<const float4*>(x + 4 * threadIdx.x);
}
__global__ void pair_odd(float* x) {
  float2* p = (float2*)(x + 1);
  p[threadIdx.x] = make_float2(1, 2);  // fault: pair_odd misaligned
}
__global__ void double_odd(float* x) {
  double* d = (double*)(x + 3);
  *d = 1.0;  // fault: double_odd misaligned
}
__global__ void int_from_bytes(const char* packet, int* out) {
  out[threadIdx.x] = *(const int*)(packet + 5 * threadIdx.x + 2);  // fault: int_from_bytes misaligned
}
__global__ void clean_from_bytes(const char* packet, int* out) {
  int v;
  memcpy(&v, packet + 5 * threadIdx.x, sizeof v);
  out[threadIdx.x] = v;
}
__global__ void shared_odd(double* out) {
  extern __shared__ char raw[];
  int* n = (int*)raw;
  double* d = (double*)(n + 1);
  d[threadIdx.x] = threadIdx.x;  // fault: shared_odd misaligned
  __syncthreads();
  out[threadIdx.x] = d[threadIdx.x];
}
__global__ void clean_shared(double* out) {
  extern __shared__ char raw[];
  double* d = (double*)raw;
  d[threadIdx.x] = threadIdx.x;
  __syncthreads();
  out[threadIdx.x] = d[threadIdx.x];
}
__global__ void atomic_odd(char* p) {
  atomicAdd((int*)(p + 2), 1);  // fault: atomic_odd misaligned
}
__global__ void clean_members(float* x, float* out) {  // one member at a time needs no more than its own
  float4* p = (float4*)x;
  out[threadIdx.x] = p[threadIdx.x].x + p[threadIdx.x].w;
}
struct Three {
  float x, y, z;
};
__global__ void clean_three(Three* p, float3* q) {
  p[threadIdx.x].y = 1;
  float3 v = q[threadIdx.x];
  q[threadIdx.x] = make_float3(v.z, v.y, v.x);
}

int main() {
  char *a, *b;
  const auto renew = [&] {
    cudaDeviceReset();
    cudaMalloc(&a, 1024), cudaMalloc(&b, 1024), cudaMemset(a, 0, 1024), cudaMemset(b, 0, 1024);
  };
#define RUN(...) renew(), __VA_ARGS__, cudaDeviceSynchronize()
  RUN(vector_odd<<<1, 8>>>((float*)a, (float4*)b));
  RUN(clean_vector<<<1, 8>>>((float*)a, (float4*)b));
  RUN(pair_odd<<<1, 8>>>((float*)a));
  RUN(double_odd<<<1, 1>>>((float*)a));
  RUN(int_from_bytes<<<1, 8>>>(a, (int*)b));
  RUN(clean_from_bytes<<<1, 8>>>(a, (int*)b));
  RUN(shared_odd<<<1, 8, 128>>>((double*)b));
  RUN(clean_shared<<<1, 8, 128>>>((double*)b));
  RUN(atomic_odd<<<1, 1>>>(a));
  RUN(clean_members<<<1, 8>>>((float*)a, (float*)b));
  RUN(clean_three<<<1, 8>>>((Three*)a, (float3*)b));
  return 0;
}
