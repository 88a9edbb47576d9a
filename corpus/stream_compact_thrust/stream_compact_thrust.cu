// Stream compaction: mark - scan - scatter, the scan by Thrust. Particles that left the box are dropped.
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>

#include <iostream>
#include <string>
#include <vector>

struct ParticleView {
  float* x;
  float* y;
  int* id;
};

struct InsideBox {
  float lo, hi;
  __host__ __device__ bool operator()(float x, float y) const { return x >= lo && x < hi && y >= lo && y < hi; }
};

struct InsideDisc {
  float r2;
  __host__ __device__ bool operator()(float x, float y) const { return x * x + y * y < r2; }
};

template <typename Predicate>
__global__ void markKernel(ParticleView p, int count, Predicate keep, int* marks) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) marks[i] = keep(p.x[i], p.y[i]) ? 1 : 0;
}

__global__ void scatterKernel(ParticleView from, ParticleView to, int count, const int* marks, const int* target) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count && marks[i]) {
    const int t = target[i];
    to.x[t] = from.x[i];
    to.y[t] = from.y[i];
    to.id[t] = from.id[i];
  }
}

class Particles {
 public:
  explicit Particles(int n) : x_(n), y_(n), id_(n) {}

  Particles(const thrust::host_vector<float>& x, const thrust::host_vector<float>& y) : x_(x), y_(y), id_(x.size()) {
    thrust::host_vector<int> ids(x.size());
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int>(i);
    id_ = ids;
  }

  int size() const { return static_cast<int>(id_.size()); }
  const thrust::device_vector<int>& ids() const { return id_; }

  template <typename Predicate>
  Particles filtered(Predicate keep) {
    constexpr int kThreads = 128;
    const int n = size(), blocks = (n + kThreads - 1) / kThreads;
    thrust::device_vector<int> marks(n), target(n);
    int* m = thrust::raw_pointer_cast(marks.data());
    markKernel<Predicate><<<blocks, kThreads>>>(view(), n, keep, m);
    thrust::exclusive_scan(marks.begin(), marks.end(), target.begin());
    Particles kept(thrust::reduce(marks.begin(), marks.end(), 0));
    scatterKernel<<<blocks, kThreads>>>(view(), kept.view(), n, m, thrust::raw_pointer_cast(&target[0]));
    return kept;
  }

 private:
  ParticleView view() {
    return {thrust::raw_pointer_cast(x_.data()), thrust::raw_pointer_cast(y_.data()), thrust::raw_pointer_cast(id_.data())};
  }
  thrust::device_vector<float> x_, y_;
  thrust::device_vector<int> id_;
};

int main(int argc, char** argv) {
  const int n = argc > 1 ? std::stoi(argv[1]) : 3001;
  thrust::host_vector<float> x(n), y(n);
  for (int i = 0; i < n; ++i) {
    x[i] = static_cast<float>((i * 97) % 512 - 256) / 128.0f;
    y[i] = static_cast<float>((i * 31 + 11) % 480 - 240) / 120.0f;
  }
  Particles all(x, y);
  Particles boxed = all.filtered(InsideBox{-1.0f, 1.0f});
  Particles disc = boxed.filtered(InsideDisc{0.75f});

  // Reference: erase one by one, from the back, deciding in integers.
  std::vector<int> want(n);
  for (int i = 0; i < n; ++i) want[i] = i;
  for (int i = n; i-- > 0;) {
    const int a = (i * 97) % 512 - 256, b = (i * 31 + 11) % 480 - 240;
    const bool box = a >= -128 && a < 128 && b >= -120 && b < 120;
    const double r2 = a / 128.0 * (a / 128.0) + b / 120.0 * (b / 120.0);
    if (!box || !(r2 < 0.75f)) want.erase(want.begin() + i);
  }
  const thrust::host_vector<int> got = disc.ids();
  bool same = got.size() == want.size() && boxed.size() > disc.size() && disc.size() > 0;
  for (size_t i = 0; same && i < want.size(); ++i) same = got[i] == want[i];
  std::cout << all.size() << " -> " << boxed.size() << " -> " << disc.size() << "\n" << (same ? "PASS" : "FAIL") << "\n";
  return same ? 0 : 1;
}
