// Kernels without barriers.
#include "clock.h"

__global__ void saxpy(int n, float a, const float* x, float* y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}

__global__ void saxpy_strided(int n, float a, const float* x, float* y) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) y[i] = a * x[i] + y[i];
}

// Nothing canonical: two dimensions, two guards, neighbours.
__global__ void stencil(int w, int h, const float* in, float* out) {
  int x = blockIdx.x * blockDim.x + threadIdx.x;
  int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x > 0 && y > 0 && x < w - 1 && y < h - 1) {
    out[y * w + x] = 0.2f * (in[y * w + x] + in[y * w + x - 1] + in[y * w + x + 1] + in[(y - 1) * w + x] + in[(y + 1) * w + x]);
  }
}

__device__ unsigned mix(unsigned h) {
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  return h ^ (h >> 16);
}
__global__ void gather(unsigned n, const float* table, float* out) {
  unsigned t = threadIdx.x, first = blockIdx.x * blockDim.x;
  if (first + t >= n) return;
  out[first + t] = table[mix(first + t) & 1023u];
}

// Enough arithmetic a thread to keep a core busy: for the row with two cores.
__global__ void escape(int w, int h, int* out) {
  int px = blockIdx.x * blockDim.x + threadIdx.x, py = blockIdx.y * blockDim.y + threadIdx.y;
  if (px >= w || py >= h) return;
  float cx = -2.0f + 3.0f * px / w, cy = -1.5f + 3.0f * py / h, x = 0, y = 0;
  int k = 0;
  for (; k < 200 && x * x + y * y < 4.0f; ++k) {
    float t = x * x - y * y + cx;
    y = 2 * x * y + cy;
    x = t;
  }
  out[py * w + px] = k;
}

int main() {
  const int n = 1 << 24, w = 2048, h = 2048;
  float *x, *y;
  int* k;
  cudaMallocManaged(&x, n * sizeof(float));
  cudaMallocManaged(&y, n * sizeof(float));
  cudaMallocManaged(&k, 512 * 512 * sizeof(int));
  fill(x, n);
  fill(y, n);
  row("saxpy", [&] { saxpy<<<n / 256, 256>>>(n, 1.5f, x, y); cudaDeviceSynchronize(); });
  row("saxpy_strided", [&] { saxpy_strided<<<256, 256>>>(n, 1.5f, x, y); cudaDeviceSynchronize(); });
  row("stencil", [&] { stencil<<<dim3(w / 32, h / 8), dim3(32, 8)>>>(w, h, x, y); cudaDeviceSynchronize(); });
  row("gather", [&] { gather<<<n / 256, 256>>>(n, x, y); cudaDeviceSynchronize(); });
  row("escape", [&] { escape<<<dim3(512 / 16, 512 / 16), dim3(16, 16)>>>(512, 512, k); cudaDeviceSynchronize(); });
  return cudaGetLastError() == cudaSuccess ? 0 : 1;
}
