// __constant__, __device__ and __managed__ variables, copies to and from symbols, textbook uses.
#include <cstdio>
#include <cuda_runtime.h>

__constant__ float weights[5] = {1, 4, 6, 4, 1};
__constant__ int limit;
static __device__ int counter = 10;
__device__ float table[4][3];
__managed__ int shared_with_host = 3;
namespace settings {
__constant__ struct { float gain; int shift; } current;
__device__ unsigned hits;
}
__device__ float* buffer;
template <typename T> __device__ T twice(T v);

__global__ void blur(const float* in, float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n || i >= limit) return;
  float s = 0;
#pragma unroll
  for (int k = -2; k <= 2; k++) {
    const int j = min(max(i + k, 0), n - 1);
    s += weights[k + 2] * in[j];
  }
  out[i] = s / 16 * settings::current.gain + settings::current.shift;
  atomicAdd(&counter, 1);
  atomicInc(&settings::hits, 1000);
}
__global__ void fill() {
  table[threadIdx.y][threadIdx.x] = twice(threadIdx.y * 10.0f + threadIdx.x);
  if (threadIdx.x == 0 && threadIdx.y == 0) shared_with_host += 4;
}
template <typename T> __device__ T twice(T v) { return v + v; }
__global__ void through_pointer(int n) {
  if (threadIdx.x < n) buffer[threadIdx.x] = threadIdx.x + 0.5f;
}

int main() {
  float *in, *out, h[64];
  cudaMalloc((void**)&in, 256);
  cudaMalloc((void**)&out, 256);
  for (int i = 0; i < 64; i++) h[i] = i == 10 ? 16.0f : 0.0f;
  cudaMemcpy(in, h, 256, cudaMemcpyHostToDevice);
  const int n = 40;
  cudaMemcpyToSymbol(limit, &n, sizeof(int));
  struct { float gain; int shift; } s = {2.0f, 100};
  cudaMemcpyToSymbol(settings::current, &s, sizeof s);
  blur<<<2, 32>>>(in, out, 64);
  cudaMemcpy(h, out, 160, cudaMemcpyDeviceToHost);
  printf("blur %.0f %.0f %.0f %.0f\n", h[8], h[9], h[10], h[13]);  // expect: blur 102 108 112 100
  const float fresh[2] = {0, 16};
  cudaMemcpyToSymbol(weights, fresh, sizeof fresh, sizeof(float));  // weights become 1 0 16 4 1
  blur<<<2, 32>>>(in, out, 64);
  cudaMemcpy(h, out, 160, cudaMemcpyDeviceToHost);
  printf("blur %.0f %.0f %.0f\n", h[8], h[9], h[10]);  // expect: blur 102 108 132
  int c;
  unsigned hits;
  cudaMemcpyFromSymbol(&c, counter, sizeof c);
  cudaMemcpyFromSymbol(&hits, settings::hits, sizeof hits);
  printf("counted %d %u\n", c, hits);  // expect: counted 90 80

  fill<<<1, dim3(3, 4)>>>();
  cudaDeviceSynchronize();
  float t[4][3];
  cudaMemcpyFromSymbol(t, table, sizeof t);
  float* address;
  size_t size;
  cudaGetSymbolAddress((void**)&address, table);
  cudaGetSymbolSize(&size, table);
  float one;
  cudaMemcpy(&one, address + 4, 4, cudaMemcpyDeviceToHost);
  printf("table %.0f %.0f %.0f %zu managed %d\n", t[0][1], t[3][2], one, size, shared_with_host);  // expect: table 2 64 22 48 managed 7
  cudaMemcpyToSymbol(buffer, &out, sizeof out);
  through_pointer<<<1, 8>>>(4);
  cudaMemcpy(h, out, 16, cudaMemcpyDeviceToHost);
  printf("pointer %.1f\n", h[3]);  // expect: pointer 3.5
  return 0;
}
