// 2-D weighted histogram (deposit of mass on a grid) with hand-made double atomics;
// the last block to finish sums everything up.
#include <cuda_runtime.h>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

namespace {

constexpr int kBinsX = 13;
constexpr int kBinsY = 9;

// for architectures without a native one
__device__ double addDouble(double* address, double value) {
  auto* word = reinterpret_cast<unsigned long long int*>(address);
  unsigned long long int old = *reinterpret_cast<volatile unsigned long long int*>(word);
  unsigned long long int assumed;
  do {
    assumed = old;
    old = atomicCAS(word, assumed, __double_as_longlong(value + __longlong_as_double(assumed)));
  } while (assumed != old);  // integers are compared: NaN would never be equal to itself
  return __longlong_as_double(old);
}

struct Extent {
  int xmin, xmax, ymin, ymax;
};

__device__ unsigned int blocksDone = 0;

__global__ void deposit(const float2* __restrict__ where, const float* __restrict__ mass, int n, double* grid,
                        int* last, Extent* extent, double* total) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    const float2 p = where[i];
    const int bx = min(max(static_cast<int>(floorf(p.x)), 0), kBinsX - 1);
    const int by = min(max(static_cast<int>(floorf(p.y)), 0), kBinsY - 1);
    addDouble(&grid[by * kBinsX + bx], mass[i]);
    atomicMax(&last[by * kBinsX + bx], i);
    atomicMin(&extent->xmin, bx);
    atomicMax(&extent->xmax, bx);
    atomicMin(&extent->ymin, by);
    atomicMax(&extent->ymax, by);
  }

  // the block that comes last sees what all others wrote
  __shared__ bool isLast;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) isLast = atomicInc(&blocksDone, gridDim.x - 1) == gridDim.x - 1;
  __syncthreads();
  if (isLast && threadIdx.x == 0) {
    double sum = 0.0;
    for (int b = 0; b < kBinsX * kBinsY; ++b) sum += reinterpret_cast<volatile double*>(grid)[b];
    *total = sum;
  }
}

void must(cudaError_t e) {
  if (e == cudaSuccess) return;
  std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(e));
  std::exit(3);
}

template <typename T>
class Buffer {
 public:
  explicit Buffer(const std::vector<T>& v) : size_(v.size()) {
    must(cudaMalloc(&data_, size_ * sizeof(T)));
    must(cudaMemcpy(data_, v.data(), size_ * sizeof(T), cudaMemcpyHostToDevice));
  }
  Buffer(const Buffer&) = delete;
  ~Buffer() { cudaFree(data_); }
  operator T*() const { return data_; }
  std::vector<T> fetch() const {
    std::vector<T> v(size_);
    must(cudaMemcpy(v.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
    return v;
  }

 private:
  T* data_ = nullptr;
  size_t size_;
};

}  // namespace

int main(int argc, char** argv) {
  const int n = argc > 1 ? std::atoi(argv[1]) : 2003;
  std::vector<float2> where(n);
  std::vector<float> mass(n);
  for (int i = 0; i < n; ++i) {
    where[i] = make_float2(6.0f + 5.5f * std::sin(0.31f * i), 4.0f + 3.9f * std::cos(0.17f * i * i));
    mass[i] = (i % 50 + 1) / 32.0f;
  }
  Buffer<float2> dwhere(where);
  Buffer<float> dmass(mass);

  bool good = true;
  for (int round = 0; round < 2; ++round) {  // twice: the counter must have returned to zero by itself
    Buffer<double> grid(std::vector<double>(kBinsX * kBinsY, 0.0));
    Buffer<int> last(std::vector<int>(kBinsX * kBinsY, -1));
    Buffer<Extent> extent({Extent{1000, -1, 1000, -1}});
    Buffer<double> total({-1.0});
    deposit<<<(n + 255) / 256, 256>>>(dwhere, dmass, n, grid, last, extent, total);
    must(cudaGetLastError());

    std::map<std::pair<int, int>, std::pair<double, int>> want;  // (y, x) -> mass, last index
    double all = 0;
    Extent e{1000, -1, 1000, -1};
    for (int i = 0; i < n; ++i) {
      const auto key = std::make_pair((int)where[i].y, (int)where[i].x);
      want[key].first += mass[i];
      want[key].second = i;
      all += mass[i];
      if (key.second < e.xmin) e.xmin = key.second;
      if (key.second > e.xmax) e.xmax = key.second;
      if (key.first < e.ymin) e.ymin = key.first;
      if (key.first > e.ymax) e.ymax = key.first;
    }
    const auto g = grid.fetch();
    const auto l = last.fetch();
    const Extent x = extent.fetch()[0];
    int wrong = 0;
    for (int b = 0; b < kBinsX * kBinsY; ++b) {
      const auto it = want.find({b / kBinsX, b % kBinsX});
      const auto cell = it == want.end() ? std::make_pair(0.0, -1) : it->second;
      wrong += g[b] != cell.first || l[b] != cell.second;  // multiples of 1/32: exact in any order
    }
    wrong += x.xmin != e.xmin || x.xmax != e.xmax || x.ymin != e.ymin || x.ymax != e.ymax;
    wrong += total.fetch()[0] != all;
    std::printf("round %d: %zu cells hit, %d wrong\n", round, want.size(), wrong);
    good = good && wrong == 0;
  }
  std::puts(good ? "PASS" : "FAIL");
  return good ? 0 : 1;
}
