// What a barrier and a shuffle cost each thread: nothing else happens.
#include "clock.h"

__global__ void barriers(int n, int* out) {
  for (int i = 0; i < n; ++i) __syncthreads();
  if (threadIdx.x == 0) out[blockIdx.x] = n;
}

__global__ void shuffles(int n, int* out) {
  int v = threadIdx.x;
  for (int i = 0; i < n; ++i) v += __shfl_xor_sync(0xffffffffu, v, 1);
  out[threadIdx.x] = v;
}

__global__ void votes(int n, int* out) {
  unsigned v = 0;
  for (int i = 0; i < n; ++i) v += __ballot_sync(0xffffffffu, threadIdx.x & 1);
  out[threadIdx.x] = v;
}

int main() {
  int* out;
  cudaMallocManaged(&out, 4096);
  const int sizes[] = {64, 128, 256, 512, 1024}, n = 400, blocks = 8;
  for (int threads : sizes) {
    char name[32];
    snprintf(name, sizeof name, "barrier_%d", threads);
    row(name, [&] { barriers<<<blocks, threads>>>(n, out); cudaDeviceSynchronize(); });
  }
  row("shuffle", [&] { shuffles<<<blocks, 256>>>(n, out); cudaDeviceSynchronize(); });
  row("vote", [&] { votes<<<blocks, 256>>>(n, out); cudaDeviceSynchronize(); });
  return cudaGetLastError() == cudaSuccess ? 0 : 1;
}
