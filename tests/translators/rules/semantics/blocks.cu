// Shared memory, barriers, warps, atomics.
#include <cuda_runtime.h>

__global__ void block_sum(const float* x, float* out, int n) {
  extern __shared__ float part[];
  int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
  part[t] = i < n ? x[i] : 0.0f;
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (t < half) part[t] += part[t + half];
    __syncthreads();
  }
  if (t == 0) out[blockIdx.x] = part[0];
}

__global__ void warp_scan(const int* x, int* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int lane = threadIdx.x & 31;
  int v = i < n ? x[i] : 0;
  for (int d = 1; d < 32; d <<= 1) {
    int other = __shfl_up_sync(0xffffffffu, v, d);
    if (lane >= d) v += other;
  }
  int total = __shfl_sync(0xffffffffu, v, 31);
  unsigned positive = __ballot_sync(0xffffffffu, x[i < n ? i : 0] > 0);
  bool any_negative = __any_sync(0xffffffffu, i < n && x[i] < 0);
  if (i < n) out[i] = v + 2 * total + __popc(positive & ((1u << lane) - 1u)) + (any_negative ? 5 : 0);
}

__global__ void transpose_tile(const float* in, float* out, int w, int h) {
  __shared__ float tile[8][9];
  int x = blockIdx.x * 8 + threadIdx.x, y = blockIdx.y * 8 + threadIdx.y;
  if (x < w && y < h) tile[threadIdx.y][threadIdx.x] = in[y * w + x];
  __syncthreads();
  x = blockIdx.y * 8 + threadIdx.x;
  y = blockIdx.x * 8 + threadIdx.y;
  if (x < h && y < w) out[y * h + x] = tile[threadIdx.x][threadIdx.y];
}

__global__ void histogram(const unsigned char* x, unsigned* bins, int n) {
  __shared__ unsigned local[16];
  if (threadIdx.x < 16) local[threadIdx.x] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) atomicAdd(&local[x[i] & 15], 1u);
  __syncthreads();
  if (threadIdx.x < 16) atomicAdd(&bins[threadIdx.x], local[threadIdx.x]);
}

__global__ void extremes(const int* x, int* lowest, int* highest, unsigned* mask, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    atomicMin(lowest, x[i]);
    atomicMax(highest, x[i]);
    atomicOr(mask, 1u << (x[i] & 31));
  }
}

__global__ void return_before_barrier(const int* x, int* out, int n) {
  __shared__ int keep[32];
  int t = threadIdx.x;
  if (blockIdx.x * blockDim.x >= n) return;
  int i = blockIdx.x * blockDim.x + t;
  keep[t] = i < n ? x[i] : 1;
  __syncthreads();
  if (i >= n) return;
  out[i] = keep[(t + 1) % 32] * 2 + keep[0];
}

// The double add of GPUs before sm_60, and a maximum over the bits of non-negative floats.
__device__ double add_by_cas(double* address, double value) {
  unsigned long long* bits = (unsigned long long*)address;
  unsigned long long old = *bits, assumed;
  do {
    assumed = old;
    old = atomicCAS(bits, assumed, __double_as_longlong(value + __longlong_as_double(assumed)));
  } while (assumed != old);
  return __longlong_as_double(old);
}

__global__ void cas_loops(const int* x, double* total, float* most, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    add_by_cas(total, (double)(x[i] & 63));
    atomicMax((int*)most, __float_as_int((float)(x[i] & 1023)));
  }
}
