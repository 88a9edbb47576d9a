#include <cuda_runtime.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

// W8A8 linear layer: activations are quantised row by row on the fly, weights were quantised before; products are summed
// in int32 with dp4a, and scaled back in the epilogue.

namespace w8a8 {

struct Identity {
  __device__ float operator()(float v) const { return v; }
};
struct Relu {
  __device__ float operator()(float v) const { return v > 0.f ? v : 0.f; }
};

__device__ __forceinline__ signed char to_int8(float v) {
  return static_cast<signed char>(max(-127, min(127, __float2int_rn(v))));
}

// One block a row. n is a multiple of 4.
__global__ void quantize_rows(const float* in, char4* out, float* scales, int n) {
  __shared__ float largest[128];
  const float4* row = reinterpret_cast<const float4*>(in + static_cast<int64_t>(blockIdx.x) * n);
  char4* out_row = out + static_cast<int64_t>(blockIdx.x) * (n / 4);

  float m = 0.f;
  for (int i = threadIdx.x; i < n / 4; i += blockDim.x) {
    const float4 v = row[i];
    m = fmaxf(m, fmaxf(fmaxf(fabsf(v.x), fabsf(v.y)), fmaxf(fabsf(v.z), fabsf(v.w))));
  }
  largest[threadIdx.x] = m;
  __syncthreads();
  for (unsigned s = blockDim.x / 2; s > 0; s >>= 1) {
    if (threadIdx.x < s) largest[threadIdx.x] = fmaxf(largest[threadIdx.x], largest[threadIdx.x + s]);
    __syncthreads();
  }
  const float scale = fmaxf(largest[0], 1e-8f) / 127.f;
  if (threadIdx.x == 0) scales[blockIdx.x] = scale;

  for (int i = threadIdx.x; i < n / 4; i += blockDim.x) {
    const float4 v = row[i];
    out_row[i] = make_char4(to_int8(v.x / scale), to_int8(v.y / scale), to_int8(v.z / scale), to_int8(v.w / scale));
  }
}

constexpr int kTile = 16;

// out[m][n] = act(sum_k x[m][k] w[n][k] * sx[m] * sw[n] + bias[n]); k4 = k / 4 packed words
template <class Activation>
__global__ __launch_bounds__(kTile * kTile) void linear(const int* __restrict__ x, const int* __restrict__ w,
                                                        const float* __restrict__ sx, const float* __restrict__ sw,
                                                        const float* __restrict__ bias, float* __restrict__ out, int m,
                                                        int n, int k4, Activation act) {
  __shared__ int xs[kTile][kTile + 1];
  __shared__ int ws[kTile][kTile + 1];
  const int row = blockIdx.y * kTile + threadIdx.y;
  const int col = blockIdx.x * kTile + threadIdx.x;
  const int wrow = blockIdx.x * kTile + threadIdx.y;

  int acc = 0;
  for (int base = 0; base < k4; base += kTile) {
    const int k = base + threadIdx.x;
    xs[threadIdx.y][threadIdx.x] = row < m && k < k4 ? x[row * k4 + k] : 0;
    ws[threadIdx.y][threadIdx.x] = wrow < n && k < k4 ? w[wrow * k4 + k] : 0;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kTile; ++i) acc = __dp4a(xs[threadIdx.y][i], ws[threadIdx.x][i], acc);
    __syncthreads();
  }
  if (row < m && col < n) out[row * n + col] = act(acc * (sx[row] * sw[col]) + bias[col]);
}

}  // namespace w8a8

template <typename T>
struct Buffer {
  T* p = nullptr;
  size_t n;
  explicit Buffer(size_t count) : n(count) { cudaMalloc(&p, n * sizeof(T)); }
  ~Buffer() { cudaFree(p); }
  void put(const std::vector<T>& v) { cudaMemcpy(p, v.data(), n * sizeof(T), cudaMemcpyHostToDevice); }
  std::vector<T> get() const {
    std::vector<T> v(n);
    cudaMemcpy(v.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost);
    return v;
  }
};

#ifndef M
#define M 37
#endif
#ifndef N
#define N 43
#endif
#ifndef K
#define K 204
#endif

template <class Activation>
bool check(const std::vector<float>& x, const std::vector<float>& w, const std::vector<float>& bias, bool relu) {
  Buffer<float> dx(M * K), dw(N * K), db(N), sx(M), sw(N), out(M * N);
  Buffer<char4> qx(M * K / 4), qw(N * K / 4);
  dx.put(x), dw.put(w), db.put(bias);
  w8a8::quantize_rows<<<M, 128>>>(dx.p, qx.p, sx.p, K);
  w8a8::quantize_rows<<<N, 64>>>(dw.p, qw.p, sw.p, K);
  const dim3 grid((N + w8a8::kTile - 1) / w8a8::kTile, (M + w8a8::kTile - 1) / w8a8::kTile);
  w8a8::linear<<<grid, dim3(w8a8::kTile, w8a8::kTile)>>>((const int*)qx.p, (const int*)qw.p, sx.p, sw.p, db.p, out.p, M,
                                                         N, K / 4, Activation());
  if (cudaDeviceSynchronize() != cudaSuccess) return false;
  const auto got = out.get();
  const auto codes_x = qx.get(), codes_w = qw.get();
  const auto hx = sx.get(), hw = sw.get();

  // 1. codes are the nearest integers; 2. the product of codes, exactly; 3. near the product in floating point
  bool ok = true;
  double worst = 0.0;
  const auto* cx = reinterpret_cast<const signed char*>(codes_x.data());
  const auto* cw = reinterpret_cast<const signed char*>(codes_w.data());
  for (int i = 0; i < M; ++i) {
    float top = 0;
    for (int k = 0; k < K; ++k) {
      top = std::max(top, std::fabs(x[i * K + k]));
      ok = ok && std::fabs(x[i * K + k] / double(hx[i]) - cx[i * K + k]) < 0.5001;
    }
    ok = ok && std::fabs(hx[i] * 127 - top) <= 1e-6f * top;
  }
  for (int i = 0; i < M; ++i)
    for (int j = 0; j < N; ++j) {
      long long exact = 0;
      double real = bias[j];
      for (int k = K - 1; k >= 0; --k) {
        exact += cx[i * K + k] * cw[j * K + k];
        real += double(x[i * K + k]) * w[j * K + k];
      }
      double want = double(exact) * hx[i] * hw[j] + bias[j];
      if (relu) want = std::max(want, 0.0), real = std::max(real, 0.0);
      ok = ok && std::fabs(got[i * N + j] - want) < 1e-5 * (std::fabs(want) + 1);
      worst = std::max(worst, std::fabs(got[i * N + j] - real));
    }
  std::printf("%s: quantisation costs at most %.3f\n", relu ? "relu" : "linear", worst);
  return ok && worst < 0.25;
}

int main() {
  static_assert(K % 4 == 0, "rows are read four at a time");
  std::vector<float> x(M * K), w(N * K), bias(N);
  for (int i = 0; i < M * K; ++i) x[i] = std::sin(i * 0.913f) * (1 + i / K % 3);
  for (int i = 0; i < N * K; ++i) w[i] = 0.5f * std::cos(i * 1.77f + 0.3f);
  for (int i = 0; i < N; ++i) bias[i] = 0.1f * (i % 7) - 0.3f;
  const bool ok = check<w8a8::Identity>(x, w, bias, false) & check<w8a8::Relu>(x, w, bias, true);
  std::puts(ok ? "PASS" : "FAIL");
  return ok ? 0 : 1;
}
