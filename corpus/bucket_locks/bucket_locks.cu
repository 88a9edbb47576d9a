// Buckets that keep count, smallest, largest and sum of what falls into them; each bucket has its own lock.
#include <cuda_runtime.h>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <vector>
#include <algorithm>

struct Bucket {
  int count;
  int smallest, largest;
  long long sum;
};

class BucketTable {
 public:
  __host__ bool create(int buckets) {
    size_ = buckets;
    std::vector<Bucket> empty(buckets, Bucket{0, INT_MAX, INT_MIN, 0});
    return cudaMalloc(&buckets_, buckets * sizeof(Bucket)) == cudaSuccess &&
           cudaMalloc(&locks_, buckets * sizeof(int)) == cudaSuccess &&
           cudaMemset(locks_, 0, buckets * sizeof(int)) == cudaSuccess &&
           cudaMemcpy(buckets_, empty.data(), buckets * sizeof(Bucket), cudaMemcpyHostToDevice) == cudaSuccess;
  }
  __host__ void destroy() {
    cudaFree(buckets_);
    cudaFree(locks_);
  }
  __host__ std::vector<Bucket> download() const {
    std::vector<Bucket> out(size_);
    cudaMemcpy(out.data(), buckets_, size_ * sizeof(Bucket), cudaMemcpyDeviceToHost);
    return out;
  }

  __device__ int size() const { return size_; }

  // Lanes of a warp may want the same lock: whoever holds it must get through the loop's body first.
  __device__ void add(int which, int value) {
    bool done = false;
    while (!done) {
      if (atomicCAS(&locks_[which], 0, 1) == 0) {
        __threadfence();
        volatile Bucket* b = &buckets_[which];
        b->count = b->count + 1;
        if (value < b->smallest) b->smallest = value;
        if (value > b->largest) b->largest = value;
        b->sum = b->sum + value;
        __threadfence();
        atomicExch(&locks_[which], 0);
        done = true;
      }
    }
  }

  __device__ long long spread(int which) const {
    const volatile Bucket* b = &buckets_[which];
    return b->count ? (long long)b->largest - b->smallest : 0;
  }

 private:
  Bucket* buckets_ = nullptr;
  int* locks_ = nullptr;
  int size_ = 0;
};

__device__ unsigned int blocks_done = 0;

__global__ void fill(BucketTable table, const int* values, int n, long long* widest) {
  __shared__ bool last;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    table.add(abs(values[i]) % table.size(), values[i]);

  // the block that comes last looks at the whole table
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) last = atomicAdd(&blocks_done, 1) == gridDim.x - 1;
  __syncthreads();
  if (!last) return;
  __threadfence();
  for (int b = threadIdx.x; b < table.size(); b += blockDim.x) atomicMax(widest, table.spread(b));
  if (threadIdx.x == 0) blocks_done = 0;
}

int main(int argc, char** argv) {
  const int n = argc > 1 ? std::atoi(argv[1]) : 700;
  const int buckets = 29;
  std::vector<int> values(n);
  for (int i = 0; i < n; ++i) values[i] = (i * 48271) % 20011 - 9000;

  BucketTable table;
  int* d_values;
  long long *d_widest, widest = -1;
  if (!table.create(buckets) || cudaMalloc(&d_values, n * sizeof(int)) != cudaSuccess ||
      cudaMalloc(&d_widest, sizeof(long long)) != cudaSuccess)
    return 2;
  cudaMemcpy(d_values, values.data(), n * sizeof(int), cudaMemcpyHostToDevice);
  cudaMemcpy(d_widest, &widest, sizeof widest, cudaMemcpyHostToDevice);
  fill<<<5, 64>>>(table, d_values, n, d_widest);
  cudaMemcpy(&widest, d_widest, sizeof widest, cudaMemcpyDeviceToHost);
  const std::vector<Bucket> got = table.download();
  const cudaError_t err = cudaGetLastError();

  // sort by (bucket, value): every bucket is a run
  std::sort(values.begin(), values.end(), [=](int a, int b) {
    return std::abs(a) % buckets != std::abs(b) % buckets ? std::abs(a) % buckets < std::abs(b) % buckets : a < b;
  });
  bool ok = err == cudaSuccess;
  long long want_widest = 0;
  size_t at = 0;
  for (int b = 0; b < buckets; ++b) {
    const size_t from = at;
    long long sum = 0;
    while (at < values.size() && std::abs(values[at]) % buckets == b) sum += values[at++];
    ok = ok && got[b].count == int(at - from) && got[b].sum == sum;
    if (at > from) {
      ok = ok && got[b].smallest == values[from] && got[b].largest == values[at - 1];
      want_widest = std::max(want_widest, (long long)values[at - 1] - values[from]);
    }
  }
  ok = ok && widest == want_widest;
  std::printf("widest bucket: %lld\n%s\n", widest, ok ? "PASS" : "FAIL");
  table.destroy();
  cudaFree(d_values);
  cudaFree(d_widest);
  return ok ? 0 : 1;
}
