// Tiles of every size, tiles of tiles, partitions, and groups whose kind is known only at run time.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cstdio>
namespace cg = cooperative_groups;

// 256 threads: tiles of 128 meet on their own; each thread of a tile goes round a different number of times.
__global__ void large(int* o) {
  cg::thread_block block = cg::this_thread_block();
  auto half = cg::tiled_partition<128>(block);
  auto pair = cg::tiled_partition<64>(half);
  __shared__ int sum[2];
  if (block.thread_rank() < 2) sum[threadIdx.x] = 0;
  block.sync();
  for (int step = 0; step < 3 + (int)half.meta_group_rank(); step++) {
    if (half.thread_rank() == step * 40) sum[half.meta_group_rank()] += step + 1;
    half.sync();
    if (sum[half.meta_group_rank()] != (step + 1) * (step + 2) / 2) o[0] = -1;
    half.sync();
  }
  const int t = threadIdx.x;
  const int total = cg::reduce(half, t, cg::plus<int>()), most = cg::reduce(pair, t * 37 % 64, cg::greater<int>());
  const int before = cg::exclusive_scan(half, 1), upto = cg::inclusive_scan(pair, t, cg::plus<int>());
  const int any = half.any(t == 200), all = half.all(t < 128), from = half.shfl(t, 100);
  if (t == 130) {
    o[1] = total, o[2] = most, o[3] = before, o[4] = upto, o[5] = any, o[6] = all, o[7] = from;
    o[8] = half.meta_group_size(), o[9] = pair.meta_group_rank(), o[10] = pair.meta_group_size(), o[11] = pair.size();
  }
  if (t == 3) o[12] = any, o[13] = all, o[14] = total;
}

// Threads that returned are not waited for.
__global__ void leaving(int* o) {
  auto tile = cg::tiled_partition<64>(cg::this_thread_block());
  if (threadIdx.x % 3 == 0) return;
  tile.sync();
  const int n = cg::reduce(tile, 1, cg::plus<int>());
  if (threadIdx.x == 70) *o = n;
}

__global__ void nested(int* o) {
  cg::thread_block block = cg::this_thread_block();
  auto warp = cg::tiled_partition<32>(block);
  auto eight = cg::tiled_partition<8>(warp);
  auto two = cg::tiled_partition<2>(eight);
  cg::thread_block_tile<8> plain = eight;  // what it was cut from forgotten, its place kept
  const int t = threadIdx.x;
  if (t == 43) {  // warp 1, lane 11
    o[0] = eight.meta_group_rank(), o[1] = eight.meta_group_size(), o[2] = eight.thread_rank();
    o[3] = two.meta_group_rank(), o[4] = two.meta_group_size(), o[5] = two.thread_rank();
    o[6] = plain.meta_group_rank(), o[7] = plain.meta_group_size(), o[8] = warp.meta_group_rank();
  }
  const unsigned odd = eight.ballot(t & 1), same = eight.match_any(t / 3);
  int pred;
  const unsigned every = two.match_all(t / 2, pred);
  if (t == 43) o[9] = odd, o[10] = same, o[11] = every, o[12] = pred;
  const double d = eight.shfl(t * 0.5, 9);  // ranks wrap within the tile
  const int up = eight.shfl_up(t, 4), down = eight.shfl_down(t, 5), across = eight.shfl_xor(t, 7);
  if (t == 43) o[13] = (int)(d * 2), o[14] = up, o[15] = down, o[16] = across;
  auto one = cg::this_thread();
  one.sync();
  if (t == 43) o[17] = one.size() + one.thread_rank();
}

struct Particle {
  double x, y, z;
  int id;
};
__device__ int sum_group(cg::thread_group g, int* scratch, int value) {
  const int rank = g.thread_rank();
  for (int i = g.size() / 2; i > 0; i /= 2) {
    scratch[rank] = value;
    g.sync();
    if (rank < i) value += scratch[rank + i];
    g.sync();
  }
  return value;
}
__global__ void dynamic(int* o) {
  __shared__ int scratch[64];
  cg::thread_block block = cg::this_thread_block();
  const int all = sum_group(block, scratch, threadIdx.x);
  if (threadIdx.x == 0) o[0] = all;
  block.sync();
  cg::thread_group tile = cg::tiled_partition(block, 16);
  const int part = sum_group(tile, scratch + threadIdx.x / 16 * 16, threadIdx.x);
  if (threadIdx.x == 16) o[1] = part, o[2] = tile.size(), o[3] = cg::group_size(tile);
  cg::thread_group four = cg::tiled_partition(tile, 4);
  if (threadIdx.x == 22) o[4] = four.thread_rank() + 10 * four.size();
  cg::sync(block);
  auto warp = cg::tiled_partition<32>(block);
  const Particle p = {threadIdx.x * 1.0, 2.0, 3.0, (int)threadIdx.x};
  const Particle q = warp.shfl(p, 5);
  if (threadIdx.x == 40) o[5] = q.id, o[6] = (int)(q.x + q.y + q.z);
  auto token = block.barrier_arrive();
  scratch[threadIdx.x] = threadIdx.x;
  block.barrier_wait(std::move(token));
  o[8 + threadIdx.x] = scratch[63 - threadIdx.x];
}

__global__ void partitions(int* o) {
  auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  const int t = threadIdx.x;
  auto third = cg::binary_partition(warp, t % 3 == 0);  // 11 say yes, 21 no
  auto label = cg::labeled_partition(warp, t / 5 % 3);  // 5 lanes in turn: labels 0 1 2 0 1 2 0(30, 31)
  if (t == 6) o[0] = third.size(), o[1] = third.thread_rank(), o[2] = third.meta_group_rank(), o[3] = third.meta_group_size();
  if (t == 7) o[4] = third.size(), o[5] = third.thread_rank(), o[6] = third.meta_group_rank();
  if (t == 17) o[7] = label.size(), o[8] = label.thread_rank(), o[9] = label.meta_group_rank(), o[10] = label.meta_group_size();
  const int sum = cg::reduce(label, t, cg::plus<int>()), least = cg::reduce(third, -t, cg::less<int>());
  if (t == 31) o[11] = sum, o[12] = least;
  if (t % 2 == 1) {
    cg::coalesced_group odd = cg::coalesced_threads();
    cg::coalesced_group run = cg::tiled_partition(odd, 6);  // ranks 0-5, 6-11, 12-15
    const int last = run.shfl(t, run.size() - 1), bits = cg::reduce(run, 1 << t, cg::bit_or<int>());
    const float scan = cg::inclusive_scan(run, 0.5f, [](float a, float b) { return a + b; });
    if (t == 15) o[13] = run.size(), o[14] = run.meta_group_rank(), o[15] = run.meta_group_size(), o[16] = last, o[17] = bits, o[18] = (int)(scan * 2);
    if (t == 29) o[19] = run.size(), o[20] = last;
    const int got = cg::invoke_one_broadcast(run, [&] { return t * 100; });
    cg::invoke_one(run, [&] { o[22 + run.meta_group_rank()] = t; });
    if (t == 27) o[21] = got;
  }
}

int main() {
  int* o;
  cudaMallocManaged(&o, 1024);
  const auto show = [&](int n) {
    cudaDeviceSynchronize();
    for (int i = 0; i < n; i++) printf("%d%c", o[i], i == n - 1 ? '\n' : ' ');
    for (int i = 0; i < 100; i++) o[i] = 0;
  };
  for (int i = 0; i < 100; i++) o[i] = 0;
  large<<<1, 256>>>(o);
  // 128 + ... + 255 = 24512; threads 128, 129, 130 scanned: 387; tile 1 of 2, its pair 0 of 2; t = 3's tile: 0 + ... + 127 = 8128
  show(15);  // expect: 0 24512 63 2 387 1 0 228 2 0 2 64 0 1 8128
  leaving<<<1, 128>>>(o);
  show(1);  // expect: 43
  nested<<<1, 64>>>(o);
  // lanes 40-47: odd ones 10101010; 42 / 3 = 43 / 3 = 44 / 3: ranks 2-4
  show(18);  // expect: 1 4 3 1 4 1 1 4 1 170 28 3 1 41 43 43 44 1
  dynamic<<<1, 64>>>(o);
  // lane 5 of warp 1 is thread 37
  show(10);  // expect: 2016 376 16 16 42 37 42 0 63 62
  partitions<<<1, 32>>>(o);
  // label 2: 10-14 and 25-29, no: t = 17 is 17 / 5 % 3 = 0: 0-4, 15-19, 30, 31: 12 lanes, rank 7, first group of three
  // sum of label 0: 10 + 85 + 61 = 156; least of -t among those not divisible by three: -31
  // odd lanes 13 15 17 19 21 23 form run 1 of 3: bits 0xaaa000
  show(25);  // expect: 11 2 1 2 21 4 0 12 7 0 3 156 -31 6 1 3 23 11182080 2 4 31 2500 1 13 25
  return 0;
}
