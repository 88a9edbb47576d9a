// Barriers: in loops, in branches all threads take, after early returns, with counts; odd block sizes.
#include <cstdio>
#include <cuda_runtime.h>

__global__ void loop(int* data, int rounds) {
  extern __shared__ int ring[];
  const int t = threadIdx.x, n = blockDim.x;
  ring[t] = t;
  for (int r = 0; r < rounds; r++) {
    __syncthreads();
    const int next = ring[(t + 1) % n];
    __syncthreads();
    ring[t] = next;
  }
  data[t] = ring[t];
}

__global__ void early(int* out, int live) {
  __shared__ int last;
  if ((int)threadIdx.x >= live) return;
  if (threadIdx.x == 0) last = 0;
  __syncthreads();
  atomicMax(&last, (int)threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = last;
}

__global__ void branch(int* out, int flag) {
  __shared__ int s[64];
  s[threadIdx.x] = threadIdx.x;
  if (flag) {
    __syncthreads();
    out[threadIdx.x] = s[63 - threadIdx.x];
  } else {
    out[threadIdx.x] = -1;
  }
}

__global__ void counted(int* out) {
  const int t = threadIdx.x;
  const int c = __syncthreads_count(t % 3 == 0);
  const int a = __syncthreads_and(t < 1000);
  const int o = __syncthreads_or(t == 50);
  const int none = __syncthreads_or(t < 0);
  if (t == 0) out[0] = c, out[1] = a, out[2] = o, out[3] = none;
}

__global__ void continued(int* out, int n) {
  __shared__ int sum;
  if (threadIdx.x == 0) sum = 0;
  for (int i = 0; i < n; i++) {
    if (i % 2 == 1) continue;
    __syncthreads();
    if (threadIdx.x == (unsigned)i) sum += i;
    __syncthreads();
  }
  if (threadIdx.x == 0) *out = sum;
}

__device__ void nested(int* s, int depth) {
  if (depth == 0) return;
  __syncthreads();
  const int v = s[(threadIdx.x + 1) % blockDim.x];
  __syncthreads();
  s[threadIdx.x] = v;
  nested(s, depth - 1);
}
__global__ void recursive(int* out) {
  __shared__ int s[128];
  s[threadIdx.x] = threadIdx.x;
  nested(s, 5);
  out[threadIdx.x] = s[threadIdx.x];
}

__global__ void three_d(int* out) {
  __shared__ int s[4][3][5];
  s[threadIdx.z][threadIdx.y][threadIdx.x] = 100 * threadIdx.z + 10 * threadIdx.y + threadIdx.x;
  __syncthreads();
  const int i = threadIdx.x + 5 * (threadIdx.y + 3 * threadIdx.z);
  out[i] = s[3 - threadIdx.z][2 - threadIdx.y][4 - threadIdx.x];
}

int main() {
  int *d, h[1024];
  cudaMalloc(&d, sizeof h);
  const int sizes[] = {1, 31, 33, 100, 1024};
  for (int n : sizes) {
    loop<<<1, n, n * sizeof(int)>>>(d, 7);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    int bad = 0;
    for (int i = 0; i < n; i++) bad += h[i] != (i + 7) % n;
    printf("loop %d: %d\n", n, bad);
  }
  // expect: loop 1: 0
  // expect: loop 31: 0
  // expect: loop 33: 0
  // expect: loop 100: 0
  // expect: loop 1024: 0
  early<<<1, 100>>>(d, 37);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("early %d %d\n", h[0], h[36]);  // expect: early 36 36
  branch<<<1, 64>>>(d, 1);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("branch %d %d\n", h[0], h[63]);  // expect: branch 63 0
  counted<<<1, 100>>>(d);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("counted %d %d %d %d\n", h[0], h[1] != 0, h[2] != 0, h[3] != 0);  // expect: counted 34 1 1 0
  continued<<<1, 33>>>(d, 11);
  cudaMemcpy(h, d, 4, cudaMemcpyDeviceToHost);
  printf("continued %d\n", h[0]);  // expect: continued 30
  recursive<<<1, 128>>>(d);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("recursive %d %d\n", h[0], h[127]);  // expect: recursive 5 4
  three_d<<<1, dim3(5, 3, 4)>>>(d);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("3d %d %d\n", h[0], h[59]);  // expect: 3d 324 0
  return 0;
}
