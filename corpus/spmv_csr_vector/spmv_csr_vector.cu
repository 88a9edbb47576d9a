// y = alpha * A * x + beta * y for a CSR matrix: VECTOR lanes share a row, so that short rows do not waste a warp.
#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace sparse {

inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}

template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& host) : size_(host.size()) {
    check(cudaMalloc(&data_, size_ * sizeof(T)), "cudaMalloc");
    check(cudaMemcpy(data_, host.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), "upload");
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* get() { return data_; }
  const T* get() const { return data_; }
  std::vector<T> download() const {
    std::vector<T> host(size_);
    check(cudaMemcpy(host.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), "download");
    return host;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_;
};

template <int VECTOR, typename T>
__global__ void spmv_csr_vector(int rows, const int* __restrict__ row_ptr, const int* __restrict__ col_idx,
                                const T* __restrict__ values, const T* __restrict__ x, T* __restrict__ y, T alpha,
                                T beta) {
  static_assert((VECTOR & (VECTOR - 1)) == 0 && VECTOR <= 32, "a power of two, at most a warp");
  const int thread = blockIdx.x * blockDim.x + threadIdx.x;
  const int lane = threadIdx.x % VECTOR;
  const int row = thread / VECTOR;

  T sum = T(0);
  if (row < rows) {
    const int end = __ldg(row_ptr + row + 1);
    for (int j = __ldg(row_ptr + row) + lane; j < end; j += VECTOR) {
      sum += values[j] * __ldg(x + col_idx[j]);
    }
  }
#pragma unroll
  for (int delta = VECTOR / 2; delta > 0; delta /= 2) {
    sum += __shfl_down_sync(0xffffffffu, sum, delta, VECTOR);
  }
  if (row < rows && lane == 0) y[row] = alpha * sum + (beta == T(0) ? T(0) : beta * y[row]);
}

template <int VECTOR, typename T>
void launch(int rows, const DeviceArray<int>& row_ptr, const DeviceArray<int>& cols, const DeviceArray<T>& values,
            const DeviceArray<T>& x, DeviceArray<T>& y, T alpha, T beta) {
  constexpr int kThreads = 128;
  constexpr int kRowsPerBlock = kThreads / VECTOR;
  const int blocks = (rows + kRowsPerBlock - 1) / kRowsPerBlock;
  spmv_csr_vector<VECTOR, T>
      <<<blocks, kThreads>>>(rows, row_ptr.get(), cols.get(), values.get(), x.get(), y.get(), alpha, beta);
  check(cudaGetLastError(), "spmv_csr_vector");
}

}  // namespace sparse

template <int VECTOR, typename T>
bool run(int rows, int cols, double tolerance) {
  std::vector<int> row_ptr{0}, col_idx;
  std::vector<T> values, x(cols), y(rows);
  // Column-wise copy of the same entries: the reference scatters columns instead of gathering rows.
  std::vector<std::vector<std::pair<int, double>>> by_column(cols);
  unsigned state = 12345;
  auto next = [&state] { return (state = state * 1664525u + 1013904223u) >> 8; };
  for (int r = 0; r < rows; ++r) {
    const int length = r % 7 == 0 ? 0 : static_cast<int>(next() % (3 * VECTOR + 1));
    for (int k = 0; k < length; ++k) {
      const int c = static_cast<int>(next() % cols);
      const T v = T(int(next() % 2001) - 1000) / T(512);
      col_idx.push_back(c);
      values.push_back(v);
      by_column[c].emplace_back(r, double(v));
    }
    row_ptr.push_back(static_cast<int>(col_idx.size()));
  }
  for (int c = 0; c < cols; ++c) x[c] = T(std::sin(0.37 * c));
  for (int r = 0; r < rows; ++r) y[r] = T(std::cos(0.11 * r));
  const T alpha = T(0.75), beta = T(-1.5);

  std::vector<double> want(rows), scale(rows);
  for (int r = 0; r < rows; ++r) scale[r] = std::fabs(want[r] = double(beta) * y[r]);
  for (int c = 0; c < cols; ++c)
    for (const auto& [r, v] : by_column[c]) {
      want[r] += double(alpha) * v * x[c];
      scale[r] += std::fabs(double(alpha) * v * x[c]);
    }

  sparse::DeviceArray<int> d_ptr(row_ptr), d_cols(col_idx);
  sparse::DeviceArray<T> d_values(values), d_x(x), d_y(y);
  sparse::launch<VECTOR, T>(rows, d_ptr, d_cols, d_values, d_x, d_y, alpha, beta);
  const std::vector<T> got = d_y.download();
  double worst = 0;
  for (int r = 0; r < rows; ++r) {
    const double off = std::fabs(got[r] - want[r]) / (scale[r] + 1e-30);
    if (off > worst || off != off) worst = off;  // keeps a NaN
  }
  std::printf("VECTOR=%2d %s: worst error %.2e of the row's magnitude\n", VECTOR, sizeof(T) == 4 ? "float" : "double",
              worst);
  return worst < tolerance;
}

int main(int argc, char** argv) {
  const int rows = argc > 1 ? std::atoi(argv[1]) : 501;
  try {
    const bool ok = run<4, float>(rows, 333, 1e-6) & run<32, float>(rows, 777, 1e-6) & run<8, double>(rows, 259, 1e-14);
    std::puts(ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\nFAIL\n", e.what());
    return 2;
  }
}
