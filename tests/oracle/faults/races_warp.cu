// Lanes of one warp do not move together unless something says so.
// A comment `fault: KERNEL KIND` marks the line that is to be named; kernels called clean_* have no fault.
#include <cooperative_groups.h>
#include <cstdio>
#include <cuda_runtime.h>
namespace cg = cooperative_groups;
#define FULL 0xffffffffu

__device__ void warp_reduce(volatile float* s, int t) {  // as it was written for the first GPUs
  s[t] += s[t + 32];
  s[t] += s[t + 16];  // fault: old_reduction race
  s[t] += s[t + 8];
  s[t] += s[t + 4];
  s[t] += s[t + 2];
  s[t] += s[t + 1];
}
__global__ void old_reduction(const float* in, float* out) {
  __shared__ float s[128];
  int t = threadIdx.x;
  s[t] = in[t];
  s[t + 64] = 0;
  __syncthreads();
  if (t < 32) warp_reduce(s, t);
  if (t == 0) out[0] = s[0];
}
__global__ void clean_reduction(const float* in, float* out) {
  __shared__ float s[64];
  int t = threadIdx.x;
  s[t] = in[t];
  __syncthreads();
  if (t < 32) {
    float v = s[t] + s[t + 32];
    for (int d = 16; d > 0; d /= 2) v += __shfl_down_sync(FULL, v, d);
    if (t == 0) out[0] = v;
  }
}
__global__ void clean_syncwarp(const float* in, float* out) {
  __shared__ float s[64];
  int t = threadIdx.x;
  s[t] = in[t];
  __syncwarp();
  float left = s[t ^ 1];
  __syncwarp();
  s[t] = left;
  __syncwarp();
  out[t] = s[t ^ 2];
}
__global__ void warp_exchange(const int* in, int* out) {
  __shared__ int s[32];
  int t = threadIdx.x;
  s[t] = in[t];
  out[t] = s[31 - t];  // fault: warp_exchange race
}
__global__ void scan_hillis(int* x) {  // one __syncwarp for two phases
  __shared__ int s[32];
  int t = threadIdx.x;
  s[t] = x[t];
  __syncwarp();
  for (int d = 1; d < 32; d *= 2) {
    int v = t >= d ? s[t - d] : 0;  // fault: scan_hillis race
    s[t] += v;
    __syncwarp();
  }
  x[t] = s[t];
}
__global__ void clean_scan(int* x) {
  __shared__ int s[32];
  int t = threadIdx.x;
  s[t] = x[t];
  __syncwarp();
  for (int d = 1; d < 32; d *= 2) {
    int v = t >= d ? s[t - d] : 0;
    __syncwarp();
    s[t] += v;
    __syncwarp();
  }
  x[t] = s[t];
}
__global__ void half_warps(const int* in, int* out) {  // each half synchronises on its own, but they exchange
  __shared__ int s[32];
  int t = threadIdx.x;
  s[t] = in[t];  // fault: half_warps race
  __syncwarp(t < 16 ? 0x0000ffffu : 0xffff0000u);
  out[t] = s[(t + 16) % 32];
}
__global__ void clean_half_warps(const int* in, int* out) {
  __shared__ int s[32];
  int t = threadIdx.x;
  s[t] = in[t];
  __syncwarp(t < 16 ? 0x0000ffffu : 0xffff0000u);
  out[t] = s[t / 16 * 16 + (t + 5) % 16];
}
__global__ void tiles(const int* in, int* out) {
  __shared__ int s[64];
  auto tile = cg::tiled_partition<8>(cg::this_thread_block());
  int t = threadIdx.x;
  s[t] = in[t];
  tile.sync();
  out[t] = s[(t + 8) % 64];  // fault: tiles race
}
__global__ void clean_tiles(const int* in, int* out) {
  __shared__ int s[64];
  auto tile = cg::tiled_partition<8>(cg::this_thread_block());
  int t = threadIdx.x, first = t - tile.thread_rank();
  s[t] = in[t];
  tile.sync();
  int sum = 0;
  for (unsigned i = 0; i < tile.size(); ++i) sum += s[first + i];
  tile.sync();
  s[t] = tile.shfl(sum, 0);
  cg::sync(cg::this_thread_block());
  out[t] = s[63 - t];
}
__global__ void clean_chain(const int* in, int* out) {  // 0-7 meet 8-15, then 8-15 meet 16-23: ordered through the middle
  __shared__ int s[32];
  int t = threadIdx.x;
  if (t < 8) s[t] = in[t];
  if (t < 16) __syncwarp(0x0000ffffu);
  if (t >= 8 && t < 24) __syncwarp(0x00ffff00u);
  if (t >= 16 && t < 24) out[t] = s[t - 16];
}
__global__ void chain_broken(const int* in, int* out) {
  __shared__ int s[32];
  int t = threadIdx.x;
  if (t >= 8 && t < 24) __syncwarp(0x00ffff00u);
  if (t < 8) s[t] = in[t];
  if (t < 16) __syncwarp(0x0000ffffu);
  if (t >= 16 && t < 24) out[t] = s[t - 16];  // fault: chain_broken race
}
__global__ void shuffle_orders(const int* in, int* out) {  // a shuffle of another warp orders nothing here
  __shared__ int s[64];
  int t = threadIdx.x;
  s[t] = in[t];
  int v = __shfl_xor_sync(FULL, t, 1);
  out[t] = s[63 - t] + v;  // fault: shuffle_orders race
}
__global__ void clean_shuffle_shared(const float* in, float* out, int n) {  // shuffle, shared, barrier, shuffle
  __shared__ float s[32];
  int t = threadIdx.x, lane = t % 32, warp = t / 32;
  float v = 0;
  for (int i = t; i < n; i += blockDim.x) v += in[i];
  for (int d = 16; d > 0; d >>= 1) v += __shfl_xor_sync(FULL, v, d);
  if (lane == 0) s[warp] = v;
  __syncthreads();
  v = t < blockDim.x / 32 ? s[lane] : 0.0f;
  if (warp == 0) {
    for (int d = 16; d > 0; d >>= 1) v += __shfl_down_sync(FULL, v, d);
    if (lane == 0) s[0] = v;
  }
  __syncthreads();
  out[t] = s[0];
}
__global__ void clean_ballot(const int* in, int* out) {
  __shared__ int order[32];
  int t = threadIdx.x, p = in[t] % 2;
  unsigned votes = __ballot_sync(FULL, p);
  if (p) order[__popc(votes & ((1u << t) - 1))] = t;
  __syncwarp();
  if (t < __popc(votes)) out[t] = order[t];
}

int main() {
  int *a, *b, host[256];
  for (int i = 0; i < 256; ++i) host[i] = i % 7 + 1;
  const auto renew = [&] {
    cudaDeviceReset();
    cudaMalloc(&a, sizeof host), cudaMalloc(&b, sizeof host);
    cudaMemcpy(a, host, sizeof host, cudaMemcpyHostToDevice), cudaMemcpy(b, host, sizeof host, cudaMemcpyHostToDevice);
  };
#define RUN(...) renew(), __VA_ARGS__, cudaDeviceSynchronize()
  RUN(old_reduction<<<1, 64>>>((float*)a, (float*)b));
  RUN(clean_reduction<<<1, 64>>>((float*)a, (float*)b));
  RUN(clean_syncwarp<<<1, 64>>>((float*)a, (float*)b));
  RUN(warp_exchange<<<1, 32>>>(a, b));
  RUN(scan_hillis<<<1, 32>>>(a));
  RUN(clean_scan<<<1, 32>>>(a));
  RUN(half_warps<<<1, 32>>>(a, b));
  RUN(clean_half_warps<<<1, 32>>>(a, b));
  RUN(tiles<<<1, 64>>>(a, b));
  RUN(clean_tiles<<<1, 64>>>(a, b));
  RUN(clean_chain<<<1, 32>>>(a, b));
  RUN(chain_broken<<<1, 32>>>(a, b));
  RUN(shuffle_orders<<<1, 64>>>(a, b));
  RUN(clean_shuffle_shared<<<1, 128>>>((float*)a, (float*)b, 256));
  RUN(clean_ballot<<<1, 32>>>(a, b));
  return 0;
}
