// cub's block-wide sorts and warp-wide collectives.
#include <cstdio>
#include <cub/block/block_merge_sort.cuh>
#include <cub/block/block_radix_sort.cuh>
#include <cub/warp/warp_exchange.cuh>
#include <cub/warp/warp_load.cuh>
#include <cub/warp/warp_reduce.cuh>
#include <cub/warp/warp_scan.cuh>

constexpr int kThreads = 64, kItems = 4, kAll = kThreads * kItems;

// Keys (i * 101) % 256 - 128 are a permutation of -128..127, since 101 is odd; the value of a key is its place i.
__global__ void sort_pairs(int* keys, int* places, float* falling) {
  typedef cub::BlockRadixSort<int, kThreads, kItems, int> Sort;
  typedef cub::BlockRadixSort<float, kThreads, kItems> SortFloats;
  __shared__ union {
    Sort::TempStorage pairs;
    SortFloats::TempStorage floats;
  } temp;
  int k[kItems], v[kItems];
  float f[kItems];
  for (int i = 0; i < kItems; ++i) {
    v[i] = threadIdx.x * kItems + i;
    k[i] = (v[i] * 101) % 256 - 128;
    f[i] = k[i] * 0.5f;
  }
  Sort(temp.pairs).Sort(k, v);
  __syncthreads();
  SortFloats(temp.floats).SortDescendingBlockedToStriped(f);
  for (int i = 0; i < kItems; ++i) {
    keys[threadIdx.x * kItems + i] = k[i], places[threadIdx.x * kItems + i] = v[i];
    falling[i * kThreads + threadIdx.x] = f[i];
  }
}

// Only bits 4..7 count: within equal bits the order stays.
__global__ void sort_bits(unsigned* keys) {
  typedef cub::BlockRadixSort<unsigned, kThreads, 1> Sort;
  __shared__ Sort::TempStorage temp;
  unsigned k[1] = {(threadIdx.x * 5u) % 64};
  Sort(temp).Sort(k, 4, 8);
  keys[threadIdx.x] = k[0];
}

struct Later {
  __device__ bool operator()(int a, int b) const { return a > b; }
};
__global__ void merge(int* keys) {
  typedef cub::BlockMergeSort<int, kThreads, 2> Sort;
  __shared__ Sort::TempStorage temp;
  int k[2] = {(int)threadIdx.x * 2, (int)threadIdx.x * 2 + 1};
  Sort(temp).Sort(k, Later());
  keys[threadIdx.x * 2] = k[0], keys[threadIdx.x * 2 + 1] = k[1];
}

__global__ void warps(int* o) {
  typedef cub::WarpReduce<int> Reduce;
  typedef cub::WarpReduce<int, 8> Reduce8;
  typedef cub::WarpScan<int, 16> Scan16;
  __shared__ Reduce::TempStorage reduce[2];
  __shared__ Reduce8::TempStorage reduce8[8];
  __shared__ Scan16::TempStorage scan[4];
  const int t = threadIdx.x, warp = t / 32;
  const int sum = Reduce(reduce[warp]).Sum(t);
  if (t % 32 == 0) o[warp] = sum;
  const int most = Reduce8(reduce8[t / 8]).Reduce(t % 8 * 3 % 8, cub::Max());
  if (t % 8 == 0) o[8 + t / 8] = most;
  const int some = Reduce8(reduce8[t / 8]).Sum(1, 5);
  if (t % 8 == 0) o[16 + t / 8] = some;
  int before, upto, total;
  Scan16(scan[t / 16]).ExclusiveSum(2, before, total);
  Scan16(scan[t / 16]).InclusiveSum(t % 16, upto);
  o[64 + t] = before, o[128 + t] = upto, o[192 + t] = total;
  const int segment = Reduce(reduce[warp]).HeadSegmentedSum(1, t % 32 == 0 || t % 32 == 5 || t % 32 == 20);
  if (t < 32) o[32 + t] = segment;
}

__global__ void exchange(int* o) {
  typedef cub::WarpLoad<int, 4, cub::WARP_LOAD_TRANSPOSE> Load;
  typedef cub::WarpExchange<int, 4> Exchange;
  __shared__ Load::TempStorage load;
  __shared__ Exchange::TempStorage temp;
  int items[4];
  Load(load).Load(o, items);
  __syncwarp();
  Exchange(temp).BlockedToStriped(items, items);
  for (int i = 0; i < 4; ++i) o[128 + i * 32 + threadIdx.x] = items[i] * 2;
}

int main() {
  int *d, *places;
  float* f;
  unsigned* u;
  cudaMallocManaged(&d, 1024 * sizeof(int));
  cudaMallocManaged(&places, 1024 * sizeof(int));
  cudaMallocManaged(&f, 256 * sizeof(float));
  cudaMallocManaged(&u, 64 * sizeof(unsigned));
  sort_pairs<<<1, kThreads>>>(d, places, f);
  cudaDeviceSynchronize();
  bool good = true;
  for (int i = 0; i < kAll; ++i) good &= d[i] == i - 128 && (places[i] * 101) % 256 == i && f[i] == (127 - i) * 0.5f;
  printf("pairs %s\n", good ? "right" : "wrong");
  sort_bits<<<1, kThreads>>>(u);
  cudaDeviceSynchronize();
  // The keys of 0..15 in their first order: 0 5 10 15 (t = 0..3), then t = 13 gives 65 % 64 = 1, 6, 11, then 2, 7, 12, ...
  for (int i = 0; i < 16; ++i) printf("%u%c", u[i], i == 15 ? '\n' : ' ');
  merge<<<1, kThreads>>>(d);
  cudaDeviceSynchronize();
  good = true;
  for (int i = 0; i < 128; ++i) good &= d[i] == 127 - i;
  printf("merge %s\n", good ? "right" : "wrong");
  warps<<<1, 64>>>(d);
  cudaDeviceSynchronize();
  printf("%d %d\n", d[0], d[1]);  // 0 + ... + 31, and 32 more for each
  good = true;
  for (int i = 0; i < 8; ++i) good &= d[8 + i] == 7 && d[16 + i] == 5;
  for (int t = 0; t < 64; ++t) good &= d[64 + t] == t % 16 * 2 && d[128 + t] == t % 16 * (t % 16 + 1) / 2 && d[192 + t] == 32;
  printf("warps %s\n", good ? "right" : "wrong");
  printf("%d %d %d\n", d[32], d[37], d[52]);
  for (int i = 0; i < 128; ++i) d[i] = i;
  exchange<<<1, 32>>>(d);
  cudaDeviceSynchronize();
  good = true;
  for (int i = 0; i < 128; ++i) good &= d[128 + i] == 2 * i;
  printf("exchange %s\n", good ? "right" : "wrong");
  printf("PASS\n");
}
// expect: pairs right
// expect: 0 5 10 15 1 6 11 2 7 12 3 8 13 4 9 14
// expect: merge right
// expect: 496 1520
// expect: warps right
// expect: 5 15 12
// expect: exchange right
// expect: PASS
