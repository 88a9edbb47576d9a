// Cooperative groups: block, tiles, coalesced lanes, reductions and scans, the grid.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cstdio>
namespace cg = cooperative_groups;

template <unsigned int N>
__device__ int sum_of(cg::thread_block_tile<N> tile, int v) {
  for (int d = tile.size() / 2; d > 0; d /= 2) v += tile.shfl_xor(v, d);
  return v;
}
__device__ void wait_all(const cg::thread_group& g) { g.sync(); }

__global__ void tiles(int* o) {
  cg::thread_block block = cg::this_thread_block();
  cg::thread_block_tile<32> warp = cg::tiled_partition<32>(block);
  cg::thread_block_tile<8> tile = cg::tiled_partition<8>(block);
  const int t = block.thread_rank();
  const int eight = sum_of(tile, t), thirty_two = cg::reduce(warp, t, cg::plus<int>());
  const int before = cg::exclusive_scan(tile, t), upto = cg::inclusive_scan(tile, t, cg::plus<int>());
  const int high = cg::reduce(tile, t * 7 % 5, cg::greater<int>());
  wait_all(block);
  if (tile.thread_rank() == 3) {
    int* p = o + 5 * tile.meta_group_rank();
    p[0] = eight, p[1] = thirty_two, p[2] = before, p[3] = upto, p[4] = high;
  }
}

__global__ void coalesced(int* o) {
  const int t = threadIdx.x;
  if (t % 3 == 0) {
    cg::coalesced_group g = cg::coalesced_threads();
    const int next = g.shfl_down(t, 1), high = g.ballot(t > 10);
    if (g.thread_rank() == 0) o[0] = g.size(), o[1] = next;
    if (g.thread_rank() == g.size() - 1) o[2] = next;
    if (g.thread_rank() == 2) o[3] = high;
  }
}

__global__ void relax(float* x, int n, int steps) {
  cg::grid_group grid = cg::this_grid();
  const int i = grid.thread_rank();
  for (int s = 0; s < steps; s++) {
    const float v = i > 0 && i < n - 1 ? 0.5f * (x[i - 1] + x[i + 1]) : x[i < n ? i : 0];
    grid.sync();
    if (i < n) x[i] = v;
    cg::sync(grid);
  }
}

int main() {
  int* o;
  cudaMallocManaged(&o, 1024);
  tiles<<<1, 64>>>(o);
  cudaDeviceSynchronize();
  printf("%d %d %d %d %d\n", o[0], o[1], o[2], o[3], o[4]);       // expect: 28 496 3 6 4
  printf("%d %d %d %d %d\n", o[25], o[26], o[27], o[28], o[29]);  // expect: 348 1520 123 166 4
  coalesced<<<1, 32>>>(o);
  cudaDeviceSynchronize();
  printf("%d %d %d %x\n", o[0], o[1], o[2], o[3]);  // expect: 11 3 30 7f0
  float* x;
  cudaMallocManaged(&x, 400);
  for (int i = 0; i < 100; i++) x[i] = i == 50 ? 64 : 0;
  int n = 100, steps = 3;
  void* args[] = {&x, &n, &steps};
  const cudaError_t e = cudaLaunchCooperativeKernel((void*)relax, 4, 32, args, 0, 0);
  cudaDeviceSynchronize();
  printf("%s %g %g %g %g\n", cudaGetErrorName(e), x[47], x[48], x[49], x[51]);  // expect: cudaSuccess 8 0 24 24
  return 0;
}
