// Kernels with one fault each, and clean ones that resemble them. `// fault: kernel kind` marks the line that is to be named.
#include <cstdio>
#include <cuda_runtime.h>

__global__ void bounds_write(float* a, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= n) a[i] = 1.0f;  // fault: bounds_write out-of-bounds
}
__global__ void bounds_read(const float* a, float* b, int n) {
  const int i = threadIdx.x;
  if (i < n) b[i] = a[i - 1];  // fault: bounds_read out-of-bounds
}
__global__ void bounds_shared(float* a) {
  __shared__ float s[32];
  __shared__ float t[32];
  t[threadIdx.x] = 0;
  s[threadIdx.x] = 0;
  __syncthreads();
  s[threadIdx.x + 1] = a[threadIdx.x];  // fault: bounds_shared out-of-bounds
  __syncthreads();
  a[threadIdx.x] = s[threadIdx.x] + t[threadIdx.x];
}
__global__ void bounds_dynamic(float* a) {
  extern __shared__ float s[];
  s[threadIdx.x + 1] = a[threadIdx.x];  // fault: bounds_dynamic out-of-bounds
}
__device__ __noinline__ void store(float* p, int i) {
  p[i] = 0.5f;  // fault: bounds_inside out-of-bounds
}
__global__ void bounds_inside(float* a, int n) { store(a, threadIdx.x < 31 ? 0 : n); }

__global__ void unwritten_shared(float* a) {
  __shared__ float s[64];
  if (threadIdx.x < 32) s[threadIdx.x] = 1;
  __syncthreads();
  a[threadIdx.x] = s[threadIdx.x];  // fault: unwritten_shared uninitialised
}
__global__ void unwritten_global(const float* never, float* b) {
  b[threadIdx.x] = never[threadIdx.x];  // fault: unwritten_global uninitialised
}

__global__ void race_shared(float* a) {
  __shared__ float s[64];
  s[threadIdx.x] = a[threadIdx.x];
  a[threadIdx.x] = s[threadIdx.x ^ 1];  // fault: race_shared race
}
__global__ void race_loop(float* a) {  // the second barrier of each round is missing
  __shared__ float s[64];
  s[threadIdx.x] = a[threadIdx.x];
  for (int d = 1; d < 64; d *= 2) {
    __syncthreads();
    const float v = threadIdx.x >= d ? s[threadIdx.x - d] : 0;  // fault: race_loop race
    s[threadIdx.x] += v;
  }
  a[threadIdx.x] = s[threadIdx.x];
}
__global__ void race_blocks(int* a) {
  a[0] += blockIdx.x + 1;  // fault: race_blocks race
}
__global__ void race_halo(float* a) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const int next = (i + 1) % (gridDim.x * blockDim.x);
  a[i] = a[next] + 1.0f;  // fault: race_halo race
}
__global__ void race_bytes(unsigned char* a) {
  a[threadIdx.x / 2] += threadIdx.x;  // fault: race_bytes race
}
__global__ void race_no_fence(const float* a, float* part, float* out, unsigned* done) {
  if (threadIdx.x == 0) {
    part[blockIdx.x] = a[blockIdx.x];
    if (atomicAdd(done, 1u) == gridDim.x - 1) *out = part[0];  // fault: race_no_fence race
  }
}
__global__ void race_warp(float* a) {  // counts on the lanes of a warp moving together
  __shared__ volatile float s[64];
  const int t = threadIdx.x;
  s[t] = a[t];
  __syncthreads();
  if (t < 32) {
    s[t] += s[t + 32];
    s[t] += s[t + 16];  // fault: race_warp race
  }
  if (t == 0) a[0] = s[0];
}
__global__ void race_atomic(int* a, int* b) {
  atomicAdd(&a[0], 1);  // fault: race_atomic race-atomic
  b[threadIdx.x] = a[0];
}
__global__ void race_same(int* a) {
  if (threadIdx.x < 40) a[0] = 7;  // fault: race_same race-same-value
}

__global__ void divergent(int* a) {
  if (threadIdx.x < 16) {
    __syncthreads();
    a[threadIdx.x] = 1;
  } else {
    __syncthreads();  // fault: divergent divergent-barrier
  }
}
__global__ void misaligned(char* a) {
  *(float*)(a + 2) = 1.0f;  // fault: misaligned misaligned
}
__global__ void mask(float* a) {
  if (threadIdx.x < 16) {
    a[threadIdx.x] += __shfl_down_sync(0xffffffffu, a[threadIdx.x], 1);  // fault: mask warp-mask
  }
  __syncthreads();
}

__global__ void clean_warp(float* a) {
  __shared__ volatile float s[64];
  const int t = threadIdx.x;
  s[t] = a[t];
  __syncthreads();
  if (t < 32) {
    float v = s[t] + s[t + 32];
    __syncwarp();
    s[t] = v;
    __syncwarp();
    for (int d = 16; d > 0; d >>= 1) {
      v = s[t] + (t + d < 32 ? s[t + d] : 0.0f);
      __syncwarp();
      s[t] = v;
      __syncwarp();
    }
  }
  if (t == 0) a[0] = s[0];
}
__device__ unsigned finished = 0;
__global__ void clean_last_block(const float* a, float* part, float* out) {
  __shared__ float s[64];
  __shared__ bool last;
  const int t = threadIdx.x;
  s[t] = a[blockIdx.x * 64 + t];
  __syncthreads();
  for (int d = 32; d > 0; d >>= 1) {
    if (t < d) s[t] += s[t + d];
    __syncthreads();
  }
  if (t == 0) {
    part[blockIdx.x] = s[0];
    __threadfence();
    last = atomicInc(&finished, gridDim.x) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && t == 0) {
    float v = 0;
    for (int i = 0; i < (int)gridDim.x; i++) v += part[i];
    *out = v;
  }
}
__global__ void clean_bytes(unsigned char* a) { a[threadIdx.x] += threadIdx.x; }
__global__ void clean_histogram(const int* x, int* h) {
  __shared__ int s[8];
  if (threadIdx.x < 8) s[threadIdx.x] = 0;
  __syncthreads();
  atomicAdd(&s[x[threadIdx.x] & 7], 1);
  __syncthreads();
  if (threadIdx.x < 8) atomicAdd(&h[threadIdx.x], s[threadIdx.x]);
}
__global__ void clean_tail(float* a, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) a[i] *= 2.0f;
}
__global__ void clean_exit(float* a, int n) {
  __shared__ float s[128];
  if ((int)threadIdx.x >= n) return;
  s[threadIdx.x] = a[threadIdx.x];
  __syncthreads();
  a[threadIdx.x] = s[n - 1 - threadIdx.x];
}

int main() {
  float h[256], *a, *b, *c;
  for (int i = 0; i < 256; i++) h[i] = i * 0.5f + 1;
  int* x;
  unsigned char* u;
  cudaMalloc(&a, 256), cudaMalloc(&b, 1024), cudaMalloc(&x, 1024), cudaMalloc(&u, 64);
  const auto reset = [&] {
    cudaMemcpy(a, h, 256, cudaMemcpyHostToDevice), cudaMemcpy(b, h, 1024, cudaMemcpyHostToDevice);
    cudaMemset(x, 0, 1024), cudaMemset(u, 1, 64);
    cudaMalloc(&c, 1024);
  };
  reset();
  bounds_write<<<1, 128>>>(a, 64);
  bounds_read<<<1, 32>>>(a, b, 32);
  bounds_shared<<<1, 32>>>(a);
  bounds_dynamic<<<1, 32, 128>>>(a);
  bounds_inside<<<1, 32>>>(a, 64);
  reset();
  unwritten_shared<<<1, 64>>>(a);
  unwritten_global<<<1, 64>>>(c, b);
  reset();
  race_shared<<<1, 64>>>(a);
  race_loop<<<1, 64>>>(b);
  race_blocks<<<4, 1>>>(x);
  race_halo<<<2, 32>>>(b);
  race_bytes<<<1, 64>>>(u);
  race_no_fence<<<4, 32>>>(b, c, a, (unsigned*)x + 9);
  reset();
  race_warp<<<1, 64>>>(a);
  race_atomic<<<1, 64>>>(x, x + 16);
  race_same<<<1, 64>>>(x);
  divergent<<<1, 32>>>(x);
  misaligned<<<1, 1>>>((char*)b);
  mask<<<1, 32>>>(a);
  reset();
  clean_warp<<<1, 64>>>(a);
  clean_last_block<<<4, 64>>>(b, c, a);
  clean_bytes<<<1, 64>>>(u);
  clean_histogram<<<4, 64>>>(x, x + 64);
  clean_tail<<<2, 128>>>(b, 200);
  clean_exit<<<1, 128>>>(b, 37);
  printf("%s\n", cudaGetErrorString(cudaDeviceSynchronize()));
  return 0;
}
