// Collectives of groups: into atomics, of structures and by lambdas, copies by a group, the grid and its ranks.
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cuda/atomic>
#include <cstdio>
namespace cg = cooperative_groups;

__device__ cuda::atomic<int, cuda::thread_scope_device> total;
__device__ cuda::atomic<int, cuda::thread_scope_device> largest;
__device__ cuda::atomic<int, cuda::thread_scope_device> places;

__global__ void into_atomics(int* o) {
  auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  const int t = threadIdx.x;
  cg::reduce_update_async(warp, total, t, cg::plus<int>());
  cg::reduce_update_async(warp, largest, t * 7 % 64, cg::greater<int>());
  // room for t % 3 items each: threads get disjoint stretches of one array
  const int at = cg::exclusive_scan_update(warp, places, t % 3, cg::plus<int>());
  for (int i = 0; i < t % 3; i++) atomicAdd(&o[at + i], 1);
}

struct Best {
  float value;
  int index;
};
__global__ void by_lambda(Best* best, int* o, double* d) {
  auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  const int t = threadIdx.x;
  const Best mine = {static_cast<float>((t * 13 + 5) % 32), t};
  const Best top = cg::reduce(warp, mine, [](Best a, Best b) { return a.value > b.value ? a : b; });
  const int product = cg::inclusive_scan(warp, t < 10 ? 2 : 1, [](int a, int b) { return a * b; });
  const int bits = cg::exclusive_scan(warp, 1 << t, cg::bit_or<int>());
  const double mean = cg::reduce(warp, t * 0.5, cg::plus<double>()) / warp.size();
  const unsigned all = cg::reduce(warp, ~(1u << t), cg::bit_and<unsigned>());
  const int odd = cg::reduce(warp, t, cg::bit_xor<int>()), least = cg::reduce(warp, (t + 20) % 32 - 7, cg::less<int>());
  const long long wide = cg::reduce(warp, 1ll << 33, cg::plus<long long>());
  if (t == 12) {
    *best = top, *d = mean;
    o[0] = product, o[1] = bits, o[2] = all, o[3] = odd, o[4] = least, o[5] = static_cast<int>(wide >> 33);
  }
}

__global__ void copy_in(const int* in, int n, int* o) {
  extern __shared__ int buffer[];
  auto block = cg::this_thread_block();
  int sum = 0;
  cg::memcpy_async(block, buffer, in, sizeof(int) * 64);
  for (int batch = 0; batch < n / 64; batch++) {
    if ((batch + 1) * 64 < n) {
      cg::memcpy_async(block, buffer + (batch + 1) % 2 * 64, 64, in + (batch + 1) * 64, n - (batch + 1) * 64);
      cg::wait_prior<1>(block);
    } else {
      cg::wait(block);
    }
    sum += buffer[batch % 2 * 64 + (threadIdx.x + 9) % 64];
    block.sync();
  }
  o[threadIdx.x] = sum;
}

__global__ void ranks(int* o) {
  cg::grid_group grid = cg::this_grid();
  const unsigned long long r = grid.thread_rank();
  if (r == 100) {
    o[0] = grid.size(), o[1] = grid.num_blocks(), o[2] = grid.block_rank(), o[3] = grid.block_index().y;
    o[4] = grid.dim_blocks().x, o[5] = grid.num_threads() == grid.size(), o[6] = cg::this_thread_block().group_index().x;
    o[7] = cg::this_thread_block().thread_index().y, o[8] = cg::this_thread_block().dim_threads().x;
  }
}

__global__ void ring(unsigned* x, int steps) {
  cg::grid_group grid = cg::this_grid();
  const unsigned i = grid.thread_rank(), n = grid.size();
  for (int s = 0; s < steps; s++) {
    const unsigned next = x[(i + 1) % n];
    grid.sync();
    x[i] = next;
    auto token = grid.barrier_arrive();
    grid.barrier_wait(std::move(token));
  }
}

int main() {
  int *o, *in;
  Best* best;
  double* d;
  cudaMallocManaged(&o, 4096), cudaMallocManaged(&in, 4096), cudaMallocManaged(&best, 8), cudaMallocManaged(&d, 8);
  const auto clear = [&] {
    for (int i = 0; i < 1024; i++) o[i] = 0;
  };
  clear();
  into_atomics<<<2, 64>>>(o);
  cudaDeviceSynchronize();
  int once = 0, sum = 0, most = 0, room = 0;
  for (int i = 0; i < 1024; i++) once += o[i] == 1;
  cudaMemcpyFromSymbol(&sum, total, 4), cudaMemcpyFromSymbol(&most, largest, 4), cudaMemcpyFromSymbol(&room, places, 4);
  // twice 0 + ... + 63; 64 threads hold 21 pairs of (1, 2) and one 0: 63 a block
  printf("%d %d %d %d\n", sum, most, room, once);  // expect: 4032 63 126 126
  by_lambda<<<1, 32>>>(best, o, d);
  cudaDeviceSynchronize();
  // 13 t + 5 = 31 (mod 32): t = 2; the mean of t / 2 is 7.75
  printf("%g %d %g\n", best->value, best->index, *d);                            // expect: 31 2 7.75
  printf("%d %d %d %d %d %d\n", o[0], o[1], o[2], o[3], o[4], o[5]);  // expect: 1024 4095 0 0 -7 32
  for (int i = 0; i < 256; i++) in[i] = i * i % 1000;
  clear();
  copy_in<<<1, 64, 512>>>(in, 256, o);
  cudaDeviceSynchronize();
  int good = 0;
  for (int t = 0; t < 64; t++) {
    int want = 0;
    for (int b = 0; b < 4; b++) want += in[b * 64 + (t + 9) % 64];
    good += o[t] == want;
  }
  printf("%d\n", good);  // expect: 64
  ranks<<<dim3(2, 3), dim3(4, 5)>>>(o);
  cudaDeviceSynchronize();
  // thread 100 is the first of block 5 = (1, 2)
  printf("%d %d %d %d %d %d %d %d %d\n", o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7], o[8]);  // expect: 120 6 5 2 2 1 1 0 4
  unsigned* x;
  const unsigned n = 16384;
  cudaMallocManaged(&x, n * 4);
  for (unsigned i = 0; i < n; i++) x[i] = i;
  int steps = 3;
  void* args[] = {&x, &steps};
  const cudaError_t e = cudaLaunchCooperativeKernel((void*)ring, dim3(64), dim3(256), args, 0, 0);
  cudaDeviceSynchronize();
  good = 0;
  for (unsigned i = 0; i < n; i++) good += x[i] == (i + 3) % n;
  printf("%s %d\n", cudaGetErrorName(e), good);  // expect: cudaSuccess 16384
  return 0;
}
