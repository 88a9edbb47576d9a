// cub's block-wide collectives: values from the definitions of reduction, scan and neighbours over thread numbers.
#include <cstdio>
#include <cub/block/block_shuffle.cuh>
#include <cub/cub.cuh>

constexpr int kThreads = 128, kItems = 4;

// Over t = 0..127: sum 128*127/2 = 8128; the first 100: 4950; the maximum of (t * 37) % 128 is 127, since 37 is odd.
template <cub::BlockReduceAlgorithm A>
__global__ void reduce(int* o) {
  typedef cub::BlockReduce<int, kThreads, A> Reduce;
  __shared__ typename Reduce::TempStorage temp;
  const int t = threadIdx.x;
  const int sum = Reduce(temp).Sum(t);
  __syncthreads();
  const int part = Reduce(temp).Sum(t, 100);
  __syncthreads();
  const int most = Reduce(temp).Reduce((t * 37) % 128, cub::Max());
  __syncthreads();
  int items[kItems];
  for (int i = 0; i < kItems; ++i) items[i] = t * kItems + i;
  const int all = Reduce(temp).Sum(items);
  if (t == 0) o[0] = sum, o[1] = part, o[2] = most, o[3] = all;
}

// A 2-D block of 16 x 8: threads are numbered row by row.
__global__ void reduce_2d(float* o) {
  typedef cub::BlockReduce<float, 16, cub::BLOCK_REDUCE_WARP_REDUCTIONS, 8> Reduce;
  __shared__ Reduce::TempStorage temp;
  const float sum = Reduce(temp).Sum(threadIdx.y * 100.0f + threadIdx.x);
  if (threadIdx.x == 0 && threadIdx.y == 0) *o = sum;
}

struct Running {
  int total;
  __device__ int operator()(int aggregate) {
    const int before = total;
    total += aggregate;
    return before;
  }
};

// Three tiles of 128 through one block: the prefix callback carries the total on.
__global__ void scan(int* o, int* totals) {
  typedef cub::BlockScan<int, kThreads> Scan;
  __shared__ Scan::TempStorage temp;
  const int t = threadIdx.x;
  int before, upto, total;
  Scan(temp).ExclusiveSum(t, before, total);
  __syncthreads();
  Scan(temp).InclusiveSum(t, upto);
  __syncthreads();
  o[t] = before, o[128 + t] = upto;
  if (t == 0) totals[0] = total;
  Running running{1000};
  for (int tile = 0; tile < 3; ++tile) {
    int x;
    Scan(temp).ExclusiveSum(1, x, running);
    o[256 + tile * 128 + t] = x;
    __syncthreads();
  }
  int items[kItems], scanned[kItems];
  for (int i = 0; i < kItems; ++i) items[i] = (t * kItems + i) % 7;
  Scan(temp).InclusiveScan(items, scanned, cub::Max());
  __syncthreads();
  for (int i = 0; i < kItems; ++i) items[i] = 2;
  Scan(temp).ExclusiveSum(items, items, total);
  o[640 + t] = scanned[3], o[768 + t] = items[3];
  if (t == 0) totals[1] = total;
  __syncthreads();
  int least;
  Scan(temp).ExclusiveScan(100 - t, least, 1000, cub::Min());
  o[896 + t] = least;
}

// A tile goes in striped and comes out blocked, is shifted, and goes out again; the last tile is not full.
__global__ void move(const int* in, int* out, int n) {
  typedef cub::BlockLoad<int, kThreads, kItems, cub::BLOCK_LOAD_TRANSPOSE> Load;
  typedef cub::BlockStore<int, kThreads, kItems, cub::BLOCK_STORE_WARP_TRANSPOSE> Store;
  typedef cub::BlockExchange<int, kThreads, kItems> Exchange;
  __shared__ union {
    Load::TempStorage load;
    Store::TempStorage store;
    Exchange::TempStorage exchange;
  } temp;
  const int first = blockIdx.x * kThreads * kItems, valid = min(n - first, kThreads * kItems);
  int items[kItems];
  Load(temp.load).Load(in + first, items, valid, -1);
  __syncthreads();
  Exchange(temp.exchange).BlockedToStriped(items);
  __syncthreads();
  for (int i = 0; i < kItems; ++i) items[i] += 1000 * i;  // item i of thread t is element i * 128 + t
  Exchange(temp.exchange).StripedToBlocked(items, items);
  __syncthreads();
  Store(temp.store).Store(out + first, items, valid);
}

// Parameters that are references, not to what is const.
struct Minus {
  __device__ int operator()(int& a, int& b) const { return a - b; }
};
__global__ void neighbours(int* o) {
  typedef cub::BlockDiscontinuity<int, kThreads> Discontinuity;
  typedef cub::BlockAdjacentDifference<int, kThreads> Difference;
  typedef cub::BlockShuffle<int, kThreads> Shuffle;
  __shared__ union {
    Discontinuity::TempStorage discontinuity;
    Difference::TempStorage difference;
    Shuffle::TempStorage shuffle;
  } temp;
  const int t = threadIdx.x;
  int items[2] = {(2 * t) / 10, (2 * t + 1) / 10}, heads[2], tails[2], left[2];
  Discontinuity(temp.discontinuity).FlagHeadsAndTails(heads, tails, items, cub::Inequality());
  __syncthreads();
  o[2 * t] = heads[0], o[2 * t + 1] = heads[1], o[256 + 2 * t] = tails[0], o[256 + 2 * t + 1] = tails[1];
  int squares[2] = {4 * t * t, (2 * t + 1) * (2 * t + 1)};
  Difference(temp.difference).SubtractLeft(squares, left, Minus());
  __syncthreads();
  o[512 + 2 * t] = left[0], o[512 + 2 * t + 1] = left[1];
  int from = -1, around;
  Shuffle(temp.shuffle).Offset(t, from, 3);
  __syncthreads();
  Shuffle(temp.shuffle).Rotate(t, around, 3);
  o[768 + t] = from, o[896 + t] = around;
}

__global__ void histogram(int* o) {
  typedef cub::BlockHistogram<unsigned char, kThreads, 2, 16, cub::BLOCK_HISTO_ATOMIC> Histogram;
  __shared__ Histogram::TempStorage temp;
  __shared__ int bins[16];
  unsigned char samples[2] = {(unsigned char)(threadIdx.x % 16), 3};
  Histogram(temp).Histogram(samples, bins);
  __syncthreads();
  if (threadIdx.x < 16) o[threadIdx.x] = bins[threadIdx.x];
}

// The storage in dynamic shared memory, first for one collective, then for another; types named outside the kernel.
using Sum = cub::BlockReduce<int, kThreads>;
using Scan = cub::BlockScan<int, kThreads, cub::BLOCK_SCAN_WARP_SCANS>;
__global__ void dynamic(int* o) {
  extern __shared__ __align__(16) char memory[];
  auto& reduce = reinterpret_cast<Sum::TempStorage&>(memory);
  const int sum = Sum(reduce).Sum(1);
  __syncthreads();
  int before;
  Scan(*reinterpret_cast<Scan::TempStorage*>(memory)).ExclusiveSum(3, before);
  if (threadIdx.x == 0) o[0] = sum;
  if (threadIdx.x == 100) o[1] = before;
}

int main() {
  int *d, *in;
  float* f;
  cudaMallocManaged(&d, 4096 * sizeof(int));
  cudaMallocManaged(&in, 4096 * sizeof(int));
  cudaMallocManaged(&f, sizeof(float));
  reduce<cub::BLOCK_REDUCE_WARP_REDUCTIONS><<<1, kThreads>>>(d);
  reduce<cub::BLOCK_REDUCE_RAKING><<<1, kThreads>>>(d + 4);
  reduce<cub::BLOCK_REDUCE_RAKING_COMMUTATIVE_ONLY><<<1, kThreads>>>(d + 8);
  cudaDeviceSynchronize();
  for (int i = 0; i < 12; i += 4) printf("%d %d %d %d\n", d[i], d[i + 1], d[i + 2], d[i + 3]);
  reduce_2d<<<1, dim3(16, 8)>>>(f);
  cudaDeviceSynchronize();
  printf("%g\n", *f);  // 16 * 100 * 28 + 8 * 120

  scan<<<1, kThreads>>>(d, in);
  cudaDeviceSynchronize();
  bool good = in[0] == 8128 && in[1] == 1024;
  for (int t = 0; t < 128; ++t) {
    good &= d[t] == t * (t - 1) / 2 && d[128 + t] == t * (t + 1) / 2;
    for (int tile = 0; tile < 3; ++tile) good &= d[256 + tile * 128 + t] == 1000 + tile * 128 + t;
    good &= d[640 + t] == (t == 0 ? 3 : 6) && d[768 + t] == 2 * (4 * t + 3) && d[896 + t] == (t == 0 ? 1000 : 101 - t);
  }
  printf("scan %s\n", good ? "right" : "wrong");

  const int n = 1000;
  for (int i = 0; i < n; ++i) in[i] = i, d[i] = -7;
  d[n] = -7;
  move<<<2, kThreads>>>(in, d, n);
  cudaDeviceSynchronize();
  good = d[n] == -7;
  for (int i = 0; i < n; ++i) good &= d[i] == i + 1000 * (i % 512 / 128);
  printf("move %s\n", good ? "right" : "wrong");

  neighbours<<<1, kThreads>>>(d);
  cudaDeviceSynchronize();
  good = true;
  for (int i = 0; i < 256; ++i) {
    good &= d[i] == (i % 10 == 0) && d[256 + i] == (i % 10 == 9 || i == 255);
    good &= d[512 + i] == (i == 0 ? 0 : 2 * i - 1);
  }
  for (int t = 0; t < 128; ++t) good &= d[768 + t] == (t < 125 ? t + 3 : -1) && d[896 + t] == (t + 3) % 128;
  printf("neighbours %s\n", good ? "right" : "wrong");

  histogram<<<1, kThreads>>>(d);
  cudaDeviceSynchronize();
  printf("%d %d %d\n", d[0], d[3], d[15]);  // 8 of each, and 128 threes
  dynamic<<<1, kThreads, sizeof(Sum::TempStorage) + sizeof(Scan::TempStorage)>>>(d);
  cudaDeviceSynchronize();
  printf("%d %d\n", d[0], d[1]);
  printf("PASS\n");
}
// expect: 8128 4950 127 130816
// expect: 8128 4950 127 130816
// expect: 8128 4950 127 130816
// expect: 45760
// expect: scan right
// expect: move right
// expect: neighbours right
// expect: 8 136 8
// expect: 128 300
// expect: PASS
