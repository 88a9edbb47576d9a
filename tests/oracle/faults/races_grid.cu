// Races between blocks, and what orders blocks: fences with flags, counters and locks, grid barriers.
// A comment `fault: KERNEL KIND` marks the line that is to be named; kernels called clean_* have no fault.
#include <cooperative_groups.h>
#include <cstdio>
#include <cuda_runtime.h>
namespace cg = cooperative_groups;

__global__ void sum_in_place(const int* x, int* total) {
  *total += x[blockIdx.x];  // fault: sum_in_place race
}
__global__ void clean_sum(const int* x, int* total) {
  atomicAdd(total, x[blockIdx.x]);
}
__global__ void stencil_in_place(float* u, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i + 1 < n) u[i] = 0.5f * (u[i] + u[i + 1]);  // fault: stencil_in_place race
}
__global__ void clean_stencil(const float* u, float* v, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i + 1 < n) v[i] = 0.5f * (u[i] + u[i + 1]);
}
__global__ void overlapping(float* out) {  // blocks are 32 apart but 48 wide
  out[blockIdx.x * 32 + threadIdx.x] = blockIdx.x;  // fault: overlapping race
}
__global__ void clean_disjoint(float* out) { out[blockIdx.x * blockDim.x + threadIdx.x] = blockIdx.x; }
__global__ void histogram_global(const unsigned char* p, int* h, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) h[p[i]]++;  // fault: histogram_global race
}
__global__ void max_by_hand(const int* x, int* best) {
  int v = x[blockIdx.x * blockDim.x + threadIdx.x];
  if (v > *best) *best = v;  // fault: max_by_hand race
}
__global__ void clean_max(const int* x, int* best) { atomicMax(best, x[blockIdx.x * blockDim.x + threadIdx.x]); }
__global__ void frontier(const int* neighbour, int* level, int now, int* changed) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (level[i] == now) {
    int j = neighbour[i];
    if (level[j] < 0) level[j] = now + 1;  // fault: frontier race
    *changed = 1;  // benign: frontier race-same-value
  }
}
__device__ unsigned arrived;
__device__ unsigned arrived_too;
__device__ unsigned arrived_late;
__global__ void last_block_no_fence(const float* x, float* part, float* total) {
  if (threadIdx.x == 0) {
    part[blockIdx.x] = x[blockIdx.x];
    if (atomicInc(&arrived, gridDim.x - 1) == gridDim.x - 1) {
      float s = 0;
      for (int i = 0; i < (int)gridDim.x; ++i) s += part[i];  // fault: last_block_no_fence race
      *total = s;
    }
  }
}
__global__ void last_block_no_barrier(const float* x, float* part, float* total) {  // thread 0 counts before all have written
  __shared__ bool last;
  int t = threadIdx.x, n = blockDim.x;
  part[blockIdx.x * n + t] = x[t];
  if (t == 0) {
    __threadfence();
    last = atomicInc(&arrived_late, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && t == 0) {
    float s = 0;
    for (int i = 0; i < (int)gridDim.x * n; ++i) s += part[i];  // fault: last_block_no_barrier race
    *total = s;
  }
}
__global__ void clean_last_block(const float* x, float* part, float* total) {
  __shared__ bool last;
  int t = threadIdx.x, n = blockDim.x;
  part[blockIdx.x * n + t] = x[t];
  __threadfence();
  __syncthreads();
  if (t == 0) last = atomicInc(&arrived_too, gridDim.x - 1) == gridDim.x - 1;
  __syncthreads();
  if (last && t == 0) {
    float s = 0;
    for (int i = 0; i < (int)gridDim.x * n; ++i) s += part[i];
    *total = s;
  }
}
struct Lock {
  int* held;
  __device__ void take() {
    while (atomicCAS(held, 0, 1) != 0) {}
    __threadfence();
  }
  __device__ void give() {
    __threadfence();
    atomicExch(held, 0);
  }
};
__global__ void clean_lock(Lock lock, int* total, const int* x) {
  if (threadIdx.x == 0) {
    lock.take();
    *total += x[blockIdx.x];
    lock.give();
  }
}
__global__ void lock_no_fence(int* held, int* total, const int* x) {
  if (threadIdx.x == 0) {
    while (atomicCAS(held, 0, 1) != 0) {}
    *total += x[blockIdx.x];  // fault: lock_no_fence race
    atomicExch(held, 0);
  }
}
__global__ void clean_lock_plain(int* held, int* total, const int* x) {  // given back by a plain store
  if (threadIdx.x == 0) {
    while (atomicCAS(held, 0, 1) != 0) {}
    __threadfence();
    *total += x[blockIdx.x];
    __threadfence();
    *held = 0;
  }
}
__global__ void lock_left_early(Lock lock, int* total, const int* x) {
  if (threadIdx.x == 0) {
    lock.take();
    int v = *total;  // fault: lock_left_early race
    lock.give();
    *total = v + x[blockIdx.x];
  }
}
__global__ void clean_lane_lock(Lock lock, int* total) {  // each lane in its turn
  for (bool done = false; !done;) {
    if (atomicCAS(lock.held, 0, 1) == 0) {
      __threadfence();
      *total += 1;
      __threadfence();
      atomicExch(lock.held, 0);
      done = true;
    }
  }
}
__device__ unsigned ticket;
__device__ unsigned ticket_too;
__global__ void clean_look_back(const int* x, int* prefix, volatile int* flag) {  // each block waits for the one before
  if (threadIdx.x == 0) {
    unsigned me = atomicAdd(&ticket, 1u);
    int before = 0;
    if (me > 0) {
      while (flag[me - 1] == 0) {}
      __threadfence();
      before = prefix[me - 1];
    }
    prefix[me] = before + x[me];
    __threadfence();
    flag[me] = 1;
  }
}
__global__ void look_back_no_fence(const int* x, int* prefix, volatile int* flag) {
  if (threadIdx.x == 0) {
    unsigned me = atomicAdd(&ticket_too, 1u);
    int before = 0;
    if (me > 0) {
      while (flag[me - 1] == 0) {}
      before = prefix[me - 1];  // fault: look_back_no_fence race
    }
    prefix[me] = before + x[me];
    flag[me] = 1;
  }
}
__global__ void clean_grid_sync(float* u, float* v, int n) {
  cg::grid_group grid = cg::this_grid();
  for (int step = 0; step < 3; ++step) {
    for (int i = grid.thread_rank(); i < n; i += grid.size()) v[i] = u[(i + 1) % n];
    grid.sync();
    for (int i = grid.thread_rank(); i < n; i += grid.size()) u[i] = v[(i + 33) % n];
    grid.sync();
  }
}
__global__ void grid_sync_missing(float* u, float* v, int n) {
  cg::grid_group grid = cg::this_grid();
  for (int step = 0; step < 3; ++step) {
    for (int i = grid.thread_rank(); i < n; i += grid.size()) v[i] = u[(i + 1) % n];
    __syncthreads();
    for (int i = grid.thread_rank(); i < n; i += grid.size()) u[i] = v[(i + 33) % n];  // fault: grid_sync_missing race
    grid.sync();
  }
}
__global__ void first_writes(int* x) {
  if (blockIdx.x == 0) x[threadIdx.x] = 5;
}
__global__ void clean_then_reads(const int* x, int* y) { y[blockIdx.x * blockDim.x + threadIdx.x] = x[threadIdx.x]; }
__global__ void clean_counter(int* slot, const int* x, int* out) {  // places taken from a counter
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (x[i] > 3) out[atomicAdd(slot, 1)] = i;
}

int main() {
  int *a, *b, *c, host[512];
  for (int i = 0; i < 512; ++i) host[i] = i % 7 + 1;
  const auto renew = [&] {
    cudaDeviceReset();
    cudaMalloc(&a, sizeof host), cudaMalloc(&b, sizeof host), cudaMalloc(&c, sizeof host);
    cudaMemcpy(a, host, sizeof host, cudaMemcpyHostToDevice), cudaMemset(b, 0, sizeof host), cudaMemset(c, 0, sizeof host);
  };
#define RUN(...) renew(), __VA_ARGS__, cudaDeviceSynchronize()
  float *fa, *fb, *fc;
#define FLOATS renew(), fa = (float*)a, fb = (float*)b, fc = (float*)c
  RUN(sum_in_place<<<8, 1>>>(a, b));
  RUN(clean_sum<<<8, 1>>>(a, b));
  FLOATS, stencil_in_place<<<4, 64>>>(fa, 256);
  FLOATS, clean_stencil<<<4, 64>>>(fa, fb, 256);
  FLOATS, overlapping<<<4, 48>>>(fb);
  FLOATS, clean_disjoint<<<4, 48>>>(fb);
  RUN(histogram_global<<<4, 32>>>((unsigned char*)a, b, 128));
  RUN(max_by_hand<<<4, 1>>>(a, b));
  RUN(clean_max<<<4, 32>>>(a, b));
  renew();
  int level[64], next[64];
  for (int i = 0; i < 64; ++i) level[i] = i < 40 ? 0 : -1, next[i] = 40 + i % 20;
  cudaMemcpy(a, next, sizeof next, cudaMemcpyHostToDevice), cudaMemcpy(b, level, sizeof level, cudaMemcpyHostToDevice);
  frontier<<<2, 32>>>(a, b, 0, c);
  FLOATS, last_block_no_fence<<<4, 32>>>(fa, fb, fc);
  FLOATS, last_block_no_barrier<<<4, 32>>>(fa, fb, fc);
  FLOATS, clean_last_block<<<4, 32>>>(fa, fb, fc);
  RUN(clean_lock<<<8, 32>>>(Lock{b}, c, a));
  RUN(lock_no_fence<<<8, 32>>>(b, c, a));
  RUN(clean_lock_plain<<<8, 32>>>(b, c, a));
  RUN(lock_left_early<<<8, 32>>>(Lock{b}, c, a));
  RUN(clean_lane_lock<<<2, 32>>>(Lock{b}, c));
  RUN(clean_look_back<<<8, 32>>>(a, b, c));
  RUN(look_back_no_fence<<<8, 32>>>(a, b, c));
  int n = 256;
  FLOATS;
  void* args[] = {&fa, &fb, &n};
  cudaLaunchCooperativeKernel((void*)clean_grid_sync, dim3(4), dim3(32), args);
  FLOATS;
  cudaLaunchCooperativeKernel((void*)grid_sync_missing, dim3(4), dim3(32), args);
  renew();
  cudaStream_t s1, s2;
  cudaStreamCreate(&s1), cudaStreamCreate(&s2);
  first_writes<<<2, 32, 0, s1>>>(b);
  clean_then_reads<<<2, 32, 0, s2>>>(b, c);
  RUN(clean_counter<<<4, 32>>>(c, a, b));
  return 0;
}
