// Barriers and warp operations that not all come to.
// A comment `fault: KERNEL KIND` marks the line that is to be named; kernels called clean_* have no fault.
#include <cooperative_groups.h>
#include <cstdio>
#include <cuda_runtime.h>
namespace cg = cooperative_groups;
#define FULL 0xffffffffu

__global__ void two_branches(int* x) {
  if (threadIdx.x % 2) {
    x[threadIdx.x] = 1;
    __syncthreads();  // fault: two_branches divergent-barrier
  } else {
    __syncthreads();
    x[threadIdx.x] = 2;
  }
}
__global__ void one_branch(int* x) {
  if (threadIdx.x < 20) {
    x[threadIdx.x] = 1;
    __syncthreads();  // fault: one_branch divergent-barrier
  }
}
__global__ void clean_uniform(int* x, int n) {
  if (n > 3) {
    x[threadIdx.x] = 1;
    __syncthreads();
  }
  x[63 - threadIdx.x] += 1;
}
__global__ void loop_counts(int* x) {  // each thread goes round a different number of times
  for (unsigned i = 0; i <= threadIdx.x % 4; ++i) {
    x[threadIdx.x] += 1;
    __syncthreads();
  }
  x[threadIdx.x] -= 1;
  __syncthreads();  // fault: loop_counts divergent-barrier
}
__global__ void clean_loop(int* x, int n) {
  for (int i = 0; i < n; ++i) {
    if (threadIdx.x > i) x[threadIdx.x] += 1;
    __syncthreads();
  }
}
__global__ void clean_early_return(float* x, int n) {
  if (threadIdx.x >= n) return;
  __shared__ float s[64];
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  x[threadIdx.x] = s[n - 1 - threadIdx.x];
}
__global__ void inside_switch(int* x) {
  switch (threadIdx.x / 32) {
    case 0:
      x[threadIdx.x] = __syncthreads_count(1);
      break;
    default:
      x[threadIdx.x] = __syncthreads_or(0);  // fault: inside_switch divergent-barrier
  }
}
__global__ void shuffle_in_branch(int* x) {
  int v = threadIdx.x;
  if (threadIdx.x < 16) v += __shfl_down_sync(FULL, v, 8);  // fault: shuffle_in_branch warp-mask
  __syncthreads();
  x[threadIdx.x] = v;
}
__global__ void clean_shuffle_branch(int* x) {
  int v = threadIdx.x;
  if (threadIdx.x < 16) v += __shfl_down_sync(0x0000ffffu, v, 8);
  __syncthreads();
  x[threadIdx.x] = v;
}
__global__ void not_in_mask(int* x) {
  int v = threadIdx.x;
  v += __shfl_xor_sync(0x0000ffffu, v, 1);  // fault: not_in_mask warp-mask
  x[threadIdx.x] = v;
}
__global__ void syncwarp_other(int* x) {
  x[threadIdx.x] = 1;
  if (threadIdx.x >= 8) __syncwarp(0x000000ffu);  // fault: syncwarp_other warp-mask
}
__global__ void votes_apart(int* x) {
  int even = 0;
  if (threadIdx.x % 2 == 0) even = __any_sync(FULL, 1);  // fault: votes_apart warp-mask
  else __syncthreads();
  x[threadIdx.x] = even;
}
__global__ void clean_active(int* x) {
  if (x[threadIdx.x] == 0) {
    unsigned mask = __activemask();
    x[threadIdx.x] = __popc(__ballot_sync(mask, 1));
  }
}
__global__ void clean_coalesced(int* x, int* n) {
  if (threadIdx.x % 3 == 0) {
    cg::coalesced_group g = cg::coalesced_threads();
    int first = 0;
    if (g.thread_rank() == 0) first = atomicAdd(n, g.size());
    x[threadIdx.x] = g.shfl(first, 0) + g.thread_rank();
  }
}
__global__ void clean_tiles(int* x) {
  auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  int v = threadIdx.x;
  if (warp.meta_group_rank() == 0) {
    for (int d = warp.size() / 2; d > 0; d /= 2) v += warp.shfl_down(v, d);
  }
  cg::this_thread_block().sync();
  x[threadIdx.x] = v;
}
__global__ void tile_in_branch(int* x) {
  auto tile = cg::tiled_partition<16>(cg::this_thread_block());
  if (threadIdx.x % 16 < 12) tile.sync();  // fault: tile_in_branch warp-mask
  __syncthreads();
  x[threadIdx.x] = 1;
}
__global__ void grid_sync_plain(int* x) {  // launched without cooperation
  x[threadIdx.x] = 1;
  cg::this_grid().sync();  // fault: grid_sync_plain deadlock
}

int main() {
  int *a, *b;
  const auto renew = [&] {
    cudaDeviceReset();
    cudaMalloc(&a, 1024), cudaMalloc(&b, 1024), cudaMemset(a, 0, 1024), cudaMemset(b, 0, 1024);
  };
#define RUN(...) renew(), __VA_ARGS__, cudaDeviceSynchronize()
  RUN(two_branches<<<1, 64>>>(a));
  RUN(one_branch<<<1, 64>>>(a));
  RUN(clean_uniform<<<1, 64>>>(a, 4));
  RUN(loop_counts<<<1, 64>>>(a));
  RUN(clean_loop<<<1, 64>>>(a, 5));
  RUN(clean_early_return<<<1, 64>>>((float*)a, 37));
  RUN(inside_switch<<<1, 64>>>(a));
  RUN(shuffle_in_branch<<<1, 32>>>(a));
  RUN(clean_shuffle_branch<<<1, 32>>>(a));
  RUN(not_in_mask<<<1, 32>>>(a));
  RUN(syncwarp_other<<<1, 32>>>(a));
  RUN(votes_apart<<<1, 32>>>(a));
  RUN(clean_active<<<1, 64>>>(a));
  RUN(clean_coalesced<<<1, 64>>>(a, b));
  RUN(clean_tiles<<<1, 64>>>(a));
  RUN(tile_in_branch<<<1, 32>>>(a));
  RUN(grid_sync_plain<<<2, 32>>>(a));
  return 0;
}
