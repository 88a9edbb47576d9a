// NumPy style broadcasting of element-wise functions with any number of inputs:
//   launch(shape, out, functor, in1, in2, ...)   with each input of its own strides.
#include <cuda_runtime.h>

#include <cstdio>
#include <initializer_list>
#include <vector>

#define CUDA_TRY(expr)                                                                  \
  do {                                                                                  \
    const cudaError_t status_ = (expr);                                                 \
    if (status_ != cudaSuccess) {                                                       \
      std::printf("%s failed: %s\n", #expr, cudaGetErrorString(status_));               \
      std::exit(1);                                                                     \
    }                                                                                   \
  } while (false)

namespace nd {

constexpr int MAX_DIMS = 5;

struct Shape {
  int rank = 0;
  int dims[MAX_DIMS] = {};
  Shape(std::initializer_list<int> list) { for (int d : list) dims[rank++] = d; }
  __host__ __device__ int size() const {
    int total = 1;
    for (int i = 0; i < rank; ++i) total *= dims[i];
    return total;
  }
};

template <typename T>
struct View {
  using value_type = T;
  const T* data;
  int stride[MAX_DIMS];  // 0 along broadcast axes
  __device__ const T& at(const int (&index)[MAX_DIMS], int rank) const {
    int offset = 0;
    for (int i = 0; i < rank; ++i) offset += index[i] * stride[i];
    return data[offset];
  }
};

template <typename Out, typename F, typename... Ins>
__global__ void apply(Shape shape, Out* out, F f, View<Ins>... ins) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= shape.size()) return;
  int index[MAX_DIMS];
  int rest = i;
  for (int d = shape.rank - 1; d >= 0; --d) {
    index[d] = rest % shape.dims[d];
    rest /= shape.dims[d];
  }
  out[i] = f(ins.at(index, shape.rank)...);
}

/// Aligns `from` with the last axes of `to`; axes of length one are repeated.
template <typename T>
View<T> broadcast(const T* data, const Shape& from, const Shape& to) {
  View<T> v{data, {}};
  int stride = 1;
  for (int i = from.rank - 1, o = to.rank - 1; i >= 0; --i, --o) {
    v.stride[o] = from.dims[i] == 1 ? 0 : stride;
    stride *= from.dims[i];
  }
  return v;
}

template <typename Out, typename F, typename... Ins>
void launch(const Shape& shape, Out* out, F f, View<Ins>... ins) {
  const int threads = 96;
  apply<Out, F, Ins...><<<(shape.size() + threads - 1) / threads, threads>>>(shape, out, f, ins...);
  CUDA_TRY(cudaGetLastError());
}

}  // namespace nd

struct Greater { __device__ bool operator()(float a, float b) const { return a > b; } };
struct Where {
  template <typename T> __device__ T operator()(bool c, T a, T b) const { return c ? a : b; }
};
struct Fma {
  float bias;
  __device__ float operator()(float a, int b, float c) const { return a * static_cast<float>(b) + c + bias; }
};

template <typename T>
T* to_device(const std::vector<T>& host) {
  T* p;
  CUDA_TRY(cudaMalloc(&p, host.size() * sizeof(T)));
  CUDA_TRY(cudaMemcpy(p, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice));
  return p;
}

int main() {
  const nd::Shape full{3, 1 + 4, 7, 11}, row{1, 7, 1}, column{5, 1, 11}, outer{3, 1, 1, 1};
  std::vector<float> a(full.size()), b(row.size()), c(column.size());
  std::vector<int> k(outer.size());
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(static_cast<int>(i * 73 % 257) - 128) / 16;
  for (size_t i = 0; i < b.size(); ++i) b[i] = 2.0f - static_cast<float>(i) / 2;
  for (size_t i = 0; i < c.size(); ++i) c[i] = static_cast<float>(i) / 8 - 3;
  for (size_t i = 0; i < k.size(); ++i) k[i] = static_cast<int>(i) * 5 - 4;

  float *da = to_device(a), *db = to_device(b), *dc = to_device(c);
  int* dk = to_device(k);
  bool* dmask;
  float *dsel, *dfma;
  CUDA_TRY(cudaMalloc(&dmask, full.size()));
  CUDA_TRY(cudaMalloc(&dsel, full.size() * sizeof(float)));
  CUDA_TRY(cudaMalloc(&dfma, full.size() * sizeof(float)));

  using nd::broadcast;
  nd::launch(full, dmask, Greater{}, broadcast(da, full, full), broadcast(db, row, full));
  nd::launch(full, dsel, Where{}, broadcast(dmask, full, full), broadcast(da, full, full), broadcast(dc, column, full));
  nd::launch(full, dfma, Fma{0.25f}, broadcast(dsel, full, full), broadcast(dk, outer, full), broadcast(dc, column, full));

  std::vector<float> fma(full.size());
  std::vector<char> mask(full.size());
  CUDA_TRY(cudaMemcpy(mask.data(), dmask, mask.size(), cudaMemcpyDeviceToHost));
  CUDA_TRY(cudaMemcpy(fma.data(), dfma, fma.size() * sizeof(float), cudaMemcpyDeviceToHost));

  // All values are small multiples of 1/16, so float arithmetic is exact and results compare bit for bit.
  int wrong = 0, trues = 0, i = 0;
  for (int x = 0; x < 3; ++x)
    for (int y = 0; y < 5; ++y)
      for (int z = 0; z < 7; ++z)
        for (int w = 0; w < 11; ++w, ++i) {
          const bool above = a[i] - (2.0f - z * 0.5f) > 0;
          const float other = (y * 11 + w) * 0.125f - 3;
          const float want = (above ? a[i] : other) * (x * 5 - 4) + other + 0.25f;
          wrong += mask[i] != above || fma[i] != want;
          trues += above;
        }
  std::printf("%d elements, %d above, %d wrong\n", i, trues, wrong);
  for (void* p : {(void*)da, (void*)db, (void*)dc, (void*)dk, (void*)dmask, (void*)dsel, (void*)dfma}) cudaFree(p);
  const bool pass = wrong == 0 && trues > 0 && trues < i;
  std::puts(pass ? "PASS" : "FAIL");
  return pass ? 0 : 1;
}
