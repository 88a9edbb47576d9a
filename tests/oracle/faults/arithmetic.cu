// What C++ leaves open and a GPU defines is no fault; what gives an arbitrary value is said and goes on.
// A comment `fault: KERNEL KIND` or `benign: KERNEL KIND` marks the line that is to be named.
#include <climits>
#include <cstdio>
#include <cuda_runtime.h>

__global__ void divides(const int* x, int* y) {
  y[threadIdx.x] = 100 / x[threadIdx.x];  // benign: divides division-by-zero
}
__global__ void remainders(const unsigned long long* x, unsigned long long* y) {
  y[threadIdx.x] = 100ull % x[threadIdx.x];  // benign: remainders division-by-zero
}
__global__ void clean_division(const int* x, int* y) {
  y[threadIdx.x] = x[threadIdx.x] != 0 ? 100 / x[threadIdx.x] : 0;
}
__global__ void clean_overflow(int* y, unsigned n) {
  int i = INT_MAX - (int)threadIdx.x;
  y[threadIdx.x] = i + 1000 + (int)(1u << (n % 40)) - (INT_MIN / (int)(n - 41));
}
__global__ void clean_conversions(const float* x, int* y, unsigned char* z) {
  y[threadIdx.x] = (int)(x[threadIdx.x] * 1e20f);
  z[threadIdx.x] = (unsigned char)(x[threadIdx.x] * -300.0f);
}
__global__ void clean_floats(const float* x, float* y) {
  y[threadIdx.x] = x[threadIdx.x] / 0.0f + sqrtf(-1.0f - x[threadIdx.x]) + logf(0.0f);
}
__global__ void clean_negative_shift(const int* x, int* y) { y[threadIdx.x] = (x[threadIdx.x] - 5) << 3 >> 33 - (x[threadIdx.x] & 1); }

int main() {
  int *a, *b, host[64];
  for (int i = 0; i < 64; ++i) host[i] = i % 4;
  cudaMalloc(&a, 256), cudaMalloc(&b, 512);
  cudaMemcpy(a, host, 256, cudaMemcpyHostToDevice), cudaMemset(b, 0, 512);
  divides<<<1, 32>>>(a, b);
  clean_division<<<1, 32>>>(a, b);
  clean_overflow<<<1, 32>>>(b, 40);
  clean_conversions<<<1, 32>>>((float*)a, b, (unsigned char*)b + 256);
  clean_floats<<<1, 32>>>((float*)a, (float*)b);
  clean_negative_shift<<<1, 32>>>(a, b);
  cudaMemset(b, 0, 512);
  remainders<<<1, 8>>>((unsigned long long*)b + 32, (unsigned long long*)b);
  printf("%s\n", cudaGetErrorString(cudaDeviceSynchronize()));
  return 0;
}
