// Sums of 16M floats: a tree in shared memory, and shuffles.
#include "clock.h"

__global__ void tree(const float* in, float* out) {
  __shared__ float s[256];
  unsigned t = threadIdx.x;
  s[t] = in[blockIdx.x * blockDim.x + t];
  __syncthreads();
  for (unsigned step = blockDim.x / 2; step > 0; step >>= 1) {
    if (t < step) s[t] += s[t + step];
    __syncthreads();
  }
  if (t == 0) out[blockIdx.x] = s[0];
}

__global__ void lanes(const float* in, float* out) {
  __shared__ float s[8];
  float v = in[blockIdx.x * blockDim.x + threadIdx.x];
  for (int step = 16; step > 0; step >>= 1) v += __shfl_down_sync(0xffffffffu, v, step);
  if (threadIdx.x % 32 == 0) s[threadIdx.x / 32] = v;
  __syncthreads();
  if (threadIdx.x < 32) {
    v = threadIdx.x < 8 ? s[threadIdx.x] : 0.0f;
    for (int step = 4; step > 0; step >>= 1) v += __shfl_down_sync(0xffffffffu, v, step);
    if (threadIdx.x == 0) out[blockIdx.x] = v;
  }
}

int main() {
  const int n = 1 << 24;
  float *in, *out;
  cudaMallocManaged(&in, n * sizeof(float));
  cudaMallocManaged(&out, n / 256 * sizeof(float));
  fill(in, n);
  row("tree_reduce", [&] { tree<<<n / 256, 256>>>(in, out); cudaDeviceSynchronize(); }, 5);
  row("shuffle_reduce", [&] { lanes<<<n / 256, 256>>>(in, out); cudaDeviceSynchronize(); }, 5);
  return cudaGetLastError() == cudaSuccess ? 0 : 1;
}
