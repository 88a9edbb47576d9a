// Weight update in bfloat16. Small updates vanish when every sum is rounded to nearest; with stochastic rounding they
// arrive on average. A second kernel averages in half precision, two lanes at a time.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

using bf16 = __nv_bfloat16;
using bf162 = __nv_bfloat162;

static inline void cuda_ok(cudaError_t e) { if (e != cudaSuccess) { std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorName(e)); std::exit(2); } }

__host__ __device__ inline uint32_t hash(uint32_t x) {
  x ^= x >> 16; x *= 0x7feb352du;
  x ^= x >> 15; x *= 0x846ca68bu;
  return x ^ x >> 16;
}

// Add 16 random bits below the last kept one, and cut.
__device__ inline bf16 round_stochastic(float f, uint32_t random) {
  const uint32_t bits = __float_as_uint(f) + (random & 0xffffu);
  return __ushort_as_bfloat16(static_cast<unsigned short>(bits >> 16));
}

__global__ void update_nearest(bf16* w, const float* step, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    w[i] = __float2bfloat16(__bfloat162float(w[i]) + step[i]);
}

// pairs: the last element of an odd count is done by the last thread of the grid
__global__ void update_stochastic(bf16* w, const float* step, int n, uint32_t seed) {
  const int t = blockIdx.x * blockDim.x + threadIdx.x;
  const int threads = gridDim.x * blockDim.x;
  bf162* w2 = reinterpret_cast<bf162*>(w);
  const float2* s2 = reinterpret_cast<const float2*>(step);
  for (int i = t; i < n / 2; i += threads) {
    const float2 old = __bfloat1622float2(w2[i]);
    const float2 s = s2[i];
    const uint32_t r = hash(seed ^ hash(2 * i));
    bf162 out;
    out.x = round_stochastic(old.x + s.x, r);
    out.y = round_stochastic(old.y + s.y, r >> 16);
    w2[i] = out;
  }
  if (t == threads - 1 && (n & 1))
    w[n - 1] = round_stochastic(__bfloat162float(w[n - 1]) + step[n - 1], hash(seed ^ hash(n - 1)));
}

// exponential moving average of half weights: avg = decay * avg + (1 - decay) * w
__global__ void ema_half2(__half2* avg, const __half2* w, float decay, int pairs) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= pairs) return;
  const __half2 d = __float2half2_rn(decay);
  const __half2 rest = __hsub2(__float2half2_rn(1.0f), d);
  avg[i] = __hfma2(d, avg[i], __hmul2(rest, w[i]));
}

float widen(uint16_t b) {
  const uint32_t u = static_cast<uint32_t>(b) << 16;
  float f;
  std::memcpy(&f, &u, sizeof f);
  return f;
}

int main(int argc, char** argv) {
  const int n = (argc > 1 ? std::atoi(argv[1]) : 1999) | 1;
  const int rounds = 40;
  std::vector<uint16_t> weights(n), near(n), chance(n);
  std::vector<float> step(n);
  for (int i = 0; i < n; ++i) {
    weights[i] = static_cast<uint16_t>(0x3f80 + i % 100);             // 1 .. 1.78, exactly
    if (i % 3 == 0) weights[i] |= 0x8000;
    step[i] = (i % 3 == 0 ? -1.0f : 1.0f) * (1.0f / 128) * (0.05f + 0.01f * (i % 11));  // less than half a step of bf16
  }

  bf16 *d_near, *d_chance;
  float* d_step;
  cuda_ok(cudaMalloc(&d_near, n * sizeof(bf16)));
  cuda_ok(cudaMalloc(&d_chance, n * sizeof(bf16)));
  cuda_ok(cudaMalloc(&d_step, n * sizeof(float)));
  cuda_ok(cudaMemcpy(d_near, weights.data(), n * sizeof(bf16), cudaMemcpyHostToDevice));
  cuda_ok(cudaMemcpy(d_chance, weights.data(), n * sizeof(bf16), cudaMemcpyHostToDevice));
  cuda_ok(cudaMemcpy(d_step, step.data(), n * sizeof(float), cudaMemcpyHostToDevice));
  for (int r = 0; r < rounds; ++r) {
    update_nearest<<<6, 64>>>(d_near, d_step, n);
    update_stochastic<<<5, 96>>>(d_chance, d_step, n, 1000u + r);
  }
  cuda_ok(cudaMemcpy(near.data(), d_near, n * sizeof(bf16), cudaMemcpyDeviceToHost));
  cuda_ok(cudaMemcpy(chance.data(), d_chance, n * sizeof(bf16), cudaMemcpyDeviceToHost));

  // Nearest: nothing may have moved. Stochastic: right on average (4 standard deviations, at most 1/2 step each round),
  // and each result is what the same random bits give when the cut is done in integers of 1/2^23.
  int moved = 0, wrong = 0;
  double drift = 0.0, spread = 0.0;
  for (int i = 0; i < n; ++i) {
    moved += near[i] != weights[i];
    double exact = widen(weights[i]);
    for (int r = 0; r < rounds; ++r) {
      const uint32_t seed = 1000u + r;
      const uint32_t bits = i == n - 1 ? hash(seed ^ hash(i)) : hash(seed ^ hash(i / 2 * 2)) >> (i % 2 * 16);
      const double sum = static_cast<float>(exact + step[i]);        // |sum| in [1, 4): ulp 2^-23 or 2^-22
      const double ulp = std::fabs(sum) < 2 ? 1.0 / (1 << 23) : 1.0 / (1 << 22);
      const double up = std::fabs(sum) + (bits & 0xffff) * ulp;
      const double unit = (up < 2 ? 1.0 : 2.0) / 128;
      exact = std::copysign(std::floor(up / unit) * unit, sum);
    }
    wrong += exact != widen(chance[i]);
    const double target = widen(weights[i]) + rounds * double(step[i]);
    drift += (widen(chance[i]) - target) * (i % 3 == 0 ? -1 : 1);
    spread += rounds * 0.25 / (128.0 * 128.0);
  }
  std::printf("%d moved, %d wrong, drift %.4f of allowed %.4f\n", moved, wrong, drift, 4 * std::sqrt(spread));
  bool ok = moved == 0 && wrong == 0 && std::fabs(drift) < 4 * std::sqrt(spread);

  const int pairs = 333;
  std::vector<__half2> avg(pairs), w(pairs);
  for (int i = 0; i < pairs; ++i) {
    avg[i] = __floats2half2_rn(0.01f * i, -0.02f * i);
    w[i] = __floats2half2_rn(1.0f - 0.003f * i, 0.5f + 0.001f * i);
  }
  __half2 *d_avg, *d_w;
  cuda_ok(cudaMalloc(&d_avg, pairs * sizeof(__half2)));
  cuda_ok(cudaMalloc(&d_w, pairs * sizeof(__half2)));
  cuda_ok(cudaMemcpy(d_avg, avg.data(), pairs * sizeof(__half2), cudaMemcpyHostToDevice));
  cuda_ok(cudaMemcpy(d_w, w.data(), pairs * sizeof(__half2), cudaMemcpyHostToDevice));
  ema_half2<<<(pairs + 127) / 128, 128>>>(d_avg, d_w, 0.75f, pairs);
  std::vector<__half2> got(pairs);
  cuda_ok(cudaMemcpy(got.data(), d_avg, pairs * sizeof(__half2), cudaMemcpyDeviceToHost));
  double worst = 0;
  for (int i = 0; i < pairs; ++i) {
    const double lo = 0.75 * __low2float(avg[i]) + 0.25 * __low2float(w[i]);
    const double hi = 0.75 * __high2float(avg[i]) + 0.25 * __high2float(w[i]);
    worst = std::fmax(worst, std::fabs(__low2float(got[i]) - lo) / (std::fabs(lo) + 0.1));
    worst = std::fmax(worst, std::fabs(__high2float(got[i]) - hi) / (std::fabs(hi) + 0.1));
  }
  std::printf("half average: worst %.1e\n", worst);
  ok = ok && worst < 1.0 / 1024;
  std::puts(ok ? "PASS" : "FAIL");
  cudaFree(d_near), cudaFree(d_chance), cudaFree(d_step), cudaFree(d_avg), cudaFree(d_w);
  return !ok;
}
