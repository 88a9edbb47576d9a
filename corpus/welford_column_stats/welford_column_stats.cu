// Mean and variance of every column (batch normalisation statistics), Welford's way, then applied.
#include <cuda_runtime.h>
#include <cmath>
#include <cstdio>
#include <vector>

#ifndef ROWS
#define ROWS 1003
#endif
#ifndef COLS
#define COLS 45
#endif

#define HOST_DEVICE __host__ __device__ __forceinline__

template <typename acc_t>
struct Welford {
  acc_t mean;
  acc_t m2;
  int count;

  HOST_DEVICE Welford() : mean(0), m2(0), count(0) {}
  HOST_DEVICE Welford(acc_t m, acc_t s, int c) : mean(m), m2(s), count(c) {}

  HOST_DEVICE Welford& operator<<(acc_t x) {
    ++count;
    const acc_t delta = x - mean;
    mean += delta / count;
    m2 += delta * (x - mean);
    return *this;
  }

  HOST_DEVICE Welford operator+(const Welford& o) const {
    if (o.count == 0) return *this;
    if (count == 0) return o;
    const int n = count + o.count;
    const acc_t delta = o.mean - mean;
    return Welford(mean + delta * o.count / n, m2 + o.m2 + delta * delta * count / n * o.count, n);
  }
};

constexpr int COLS_PER_BLOCK = 8;
constexpr int ROW_LANES = 32;

// threadIdx.x walks rows, threadIdx.y is the column; one warp shares a column
template <typename scalar_t, typename acc_t>
__global__ void column_stats(const scalar_t* __restrict__ x, acc_t* __restrict__ mean, acc_t* __restrict__ var,
                             int rows, int cols) {
  const int col = blockIdx.x * COLS_PER_BLOCK + threadIdx.y;
  if (col >= cols) return;  // whole warps leave
  Welford<acc_t> w;
  for (int r = threadIdx.x; r < rows; r += ROW_LANES) w << static_cast<acc_t>(x[(size_t)r * cols + col]);
#pragma unroll
  for (int offset = ROW_LANES / 2; offset > 0; offset >>= 1) {
    Welford<acc_t> other;
    other.mean = __shfl_down_sync(0xffffffff, w.mean, offset);
    other.m2 = __shfl_down_sync(0xffffffff, w.m2, offset);
    other.count = __shfl_down_sync(0xffffffff, w.count, offset);
    w = w + other;
  }
  if (threadIdx.x == 0) {
    mean[col] = w.mean;
    var[col] = w.m2 / w.count;
  }
}

// The same for few columns and many rows: the block shares the columns, and merges through shared memory.
template <typename scalar_t, typename acc_t, int Cols, int Lanes>
__global__ void column_stats_tall(const scalar_t* x, acc_t* mean, acc_t* var, int rows) {
  __shared__ Welford<acc_t> parts[Lanes][Cols];
  const int c = threadIdx.x, lane = threadIdx.y;
  Welford<acc_t> w;
  for (int r = lane; r < rows; r += Lanes) w << acc_t(x[r * Cols + c]);
  parts[lane][c] = w;
  __syncthreads();
  for (int s = Lanes / 2; s > 0; s /= 2) {
    if (lane < s) parts[lane][c] = parts[lane][c] + parts[lane + s][c];
    __syncthreads();
  }
  if (lane == 0) {
    mean[c] = parts[0][c].mean;
    var[c] = parts[0][c].m2 / parts[0][c].count;
  }
}

template <typename T>
__global__ void normalize(T* x, const T* mean, const T* var, const T* weight, const T* bias, int rows, int cols, T eps) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  const int r = blockIdx.y * blockDim.y + threadIdx.y;
  if (c < cols && r < rows) {
    const T scale = weight[c] * rsqrtf(var[c] + eps);
    x[r * cols + c] = (x[r * cols + c] - mean[c]) * scale + bias[c];
  }
}

template <typename T>
T* put(const std::vector<T>& v) {
  T* d;
  if (cudaMalloc(&d, sizeof(T) * v.size())) std::exit(1);
  cudaMemcpy(d, v.data(), sizeof(T) * v.size(), cudaMemcpyHostToDevice);
  return d;
}
template <typename T>
std::vector<T> get(const T* d, size_t n) {
  std::vector<T> v(n);
  cudaMemcpy(v.data(), d, sizeof(T) * n, cudaMemcpyDeviceToHost);
  return v;
}

int main() {
  const int rows = ROWS, cols = COLS, tall = 6;
  std::vector<float> x(rows * cols), w(cols), b(cols), zero(cols, -7.f);
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < cols; ++c) x[r * cols + c] = 10.f * c + 0.5f * ((r * (c % 28 + 1)) % 29) + 0.001f * r;
  for (int c = 0; c < cols; ++c) w[c] = 1.f + c / 64.f, b[c] = c - 20.f;

  float *dx = put(x), *dw = put(w), *db = put(b), *dm = put(zero), *dv = put(zero);
  column_stats<float, float>
      <<<(cols + COLS_PER_BLOCK - 1) / COLS_PER_BLOCK, dim3(ROW_LANES, COLS_PER_BLOCK)>>>(dx, dm, dv, rows, cols);
  normalize<float><<<dim3((cols + 31) / 32, (rows + 7) / 8), dim3(32, 8)>>>(dx, dm, dv, dw, db, rows, cols, 1e-5f);
  auto mean = get(dm, cols), var = get(dv, cols), y = get(dx, x.size());

  int errors = 0;
  for (int c = 0; c < cols; ++c) {
    // two passes in double: sum of squares about the exact mean
    double s = 0, q = 0;
    for (int r = rows; r-- > 0;) s += x[r * cols + c];
    s /= rows;
    for (int r = rows; r-- > 0;) q += (x[r * cols + c] - s) * (x[r * cols + c] - s);
    q /= rows;
    errors += !(std::fabs(mean[c] - s) <= 2e-6 * (std::fabs(s) + 10) && std::fabs(var[c] - q) <= 1e-4 * q);
    for (int r = 0; r < rows; ++r) {
      const double want = (x[r * cols + c] - s) / std::sqrt(q + 1e-5) * w[c] + b[c];
      errors += !(std::fabs(y[r * cols + c] - want) <= 1e-3);
    }
  }

  std::vector<short> sh(rows * tall);
  for (size_t i = 0; i < sh.size(); ++i) sh[i] = short(i * 7 % 1000 - 500);
  short* ds = put(sh);
  std::vector<double> none(tall, 0);
  double *tm = put(none), *tv = put(none);
  column_stats_tall<short, double, tall, 16><<<1, dim3(tall, 16)>>>(ds, tm, tv, rows);
  auto tmean = get(tm, tall), tvar = get(tv, tall);
  for (int c = 0; c < tall; ++c) {
    long long sum = 0, squares = 0;  // exact integers
    for (int r = 0; r < rows; ++r) sum += sh[r * tall + c], squares += sh[r * tall + c] * sh[r * tall + c];
    const double m = (double)sum / rows, v = (double)(squares * rows - sum * sum) / ((double)rows * rows);
    errors += !(std::fabs(tmean[c] - m) <= 1e-10 && std::fabs(tvar[c] - v) <= 1e-10 * v);
  }
  const cudaError_t status = cudaGetLastError();
  std::printf("%d errors, %s\n%s\n", errors, cudaGetErrorString(status), errors || status ? "FAIL" : "PASS");
  for (float* p : {dx, dw, db, dm, dv}) cudaFree(p);
  cudaFree(ds); cudaFree(tm); cudaFree(tv);
  return errors || status;
}
