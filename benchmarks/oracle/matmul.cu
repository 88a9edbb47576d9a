// C = A B, 512 x 512, tiles of 16 x 16 in shared memory.
#include "clock.h"
#define T 16

__global__ void matmul(int n, const float* a, const float* b, float* c) {
  __shared__ float as[T][T], bs[T][T];
  int row = blockIdx.y * T + threadIdx.y, col = blockIdx.x * T + threadIdx.x;
  float sum = 0;
  for (int k = 0; k < n / T; ++k) {
    as[threadIdx.y][threadIdx.x] = a[row * n + k * T + threadIdx.x];
    bs[threadIdx.y][threadIdx.x] = b[(k * T + threadIdx.y) * n + col];
    __syncthreads();
    for (int i = 0; i < T; ++i) sum += as[threadIdx.y][i] * bs[i][threadIdx.x];
    __syncthreads();
  }
  c[row * n + col] = sum;
}

int main() {
  const int n = 512;
  float *a, *b, *c;
  cudaMallocManaged(&a, n * n * sizeof(float));
  cudaMallocManaged(&b, n * n * sizeof(float));
  cudaMallocManaged(&c, n * n * sizeof(float));
  fill(a, n * n);
  fill(b, n * n);
  row("matmul", [&] { matmul<<<dim3(n / T, n / T), dim3(T, T)>>>(n, a, b, c); cudaDeviceSynchronize(); });
  return cudaGetLastError() == cudaSuccess ? 0 : 1;
}
