// Residual add + layer normalisation in one kernel, the way transformer blocks use it.
//
//   h = x + residual;   y = (h - mean(h)) / sqrt(var(h) + eps) * gamma + beta
//
// One block a row. The mean and 1/sqrt(var + eps) of each row are kept for a backward pass.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <cuda_runtime.h>

#ifndef TOKENS
#define TOKENS 41
#endif
#ifndef HIDDEN
#define HIDDEN 300
#endif

static const int kThreads = 128;
static const int kWarps = kThreads / 32;

#define CUDA_CHECK(expr)                                                                   \
  do {                                                                                     \
    cudaError_t status = (expr);                                                           \
    if (status != cudaSuccess) {                                                           \
      std::fprintf(stderr, "%s failed: %s\n", #expr, cudaGetErrorString(status));          \
      std::exit(2);                                                                        \
    }                                                                                      \
  } while (0)

// Sum over the block; every thread gets the result.
__device__ float block_sum(float value) {
  __shared__ float partial[kWarps];
  for (int offset = 16; offset > 0; offset >>= 1) {
    value += __shfl_down_sync(0xffffffff, value, offset);
  }
  if (threadIdx.x % 32 == 0) {
    partial[threadIdx.x / 32] = value;
  }
  __syncthreads();
  float total = 0.0f;
  for (int w = 0; w < kWarps; ++w) {
    total += partial[w];
  }
  __syncthreads();  // before the next call writes `partial` again
  return total;
}

__global__ void add_layernorm(const float* __restrict__ x, const float* __restrict__ residual,
                              const float* __restrict__ gamma, const float* __restrict__ beta,
                              float* __restrict__ y, float* __restrict__ mean_out,
                              float* __restrict__ rstd_out, int hidden, float eps) {
  const int row = blockIdx.x;
  const float* xr = x + row * hidden;
  const float* rr = residual + row * hidden;

  float sum = 0.0f;
  for (int i = threadIdx.x; i < hidden; i += kThreads) {
    sum += xr[i] + rr[i];
  }
  const float mean = block_sum(sum) / hidden;

  float squares = 0.0f;
  for (int i = threadIdx.x; i < hidden; i += kThreads) {
    const float d = xr[i] + rr[i] - mean;
    squares += d * d;
  }
  const float rstd = rsqrtf(block_sum(squares) / hidden + eps);

  for (int i = threadIdx.x; i < hidden; i += kThreads) {
    y[row * hidden + i] = (xr[i] + rr[i] - mean) * rstd * gamma[i] + beta[i];
  }
  if (threadIdx.x == 0) {
    mean_out[row] = mean;
    rstd_out[row] = rstd;
  }
}

static float noise(unsigned& state) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) / 16777216.0f - 0.5f;
}

int main() {
  const int tokens = TOKENS, hidden = HIDDEN;
  const float eps = 1e-5f;
  const size_t n = size_t(tokens) * hidden;
  std::vector<float> x(n), residual(n), gamma(hidden), beta(hidden), y(n), mean(tokens), rstd(tokens);
  unsigned state = 2024u;
  for (size_t i = 0; i < n; ++i) {
    x[i] = noise(state) + 0.25f * (i / hidden % 3);
    residual[i] = 0.1f * noise(state);
  }
  for (int i = 0; i < hidden; ++i) {
    gamma[i] = 1.0f + 0.2f * noise(state);
    beta[i] = noise(state);
  }

  float *d_x, *d_residual, *d_gamma, *d_beta, *d_y, *d_mean, *d_rstd;
  CUDA_CHECK(cudaMalloc(&d_x, n * sizeof(float)));
  CUDA_CHECK(cudaMalloc(&d_residual, n * sizeof(float)));
  CUDA_CHECK(cudaMalloc(&d_gamma, hidden * sizeof(float)));
  CUDA_CHECK(cudaMalloc(&d_beta, hidden * sizeof(float)));
  CUDA_CHECK(cudaMalloc(&d_y, n * sizeof(float)));
  CUDA_CHECK(cudaMalloc(&d_mean, tokens * sizeof(float)));
  CUDA_CHECK(cudaMalloc(&d_rstd, tokens * sizeof(float)));
  CUDA_CHECK(cudaMemcpy(d_x, x.data(), n * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_CHECK(cudaMemcpy(d_residual, residual.data(), n * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_CHECK(cudaMemcpy(d_gamma, gamma.data(), hidden * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_CHECK(cudaMemcpy(d_beta, beta.data(), hidden * sizeof(float), cudaMemcpyHostToDevice));

  add_layernorm<<<tokens, kThreads>>>(d_x, d_residual, d_gamma, d_beta, d_y, d_mean, d_rstd, hidden, eps);
  CUDA_CHECK(cudaGetLastError());
  CUDA_CHECK(cudaDeviceSynchronize());
  CUDA_CHECK(cudaMemcpy(y.data(), d_y, n * sizeof(float), cudaMemcpyDeviceToHost));
  CUDA_CHECK(cudaMemcpy(mean.data(), d_mean, tokens * sizeof(float), cudaMemcpyDeviceToHost));
  CUDA_CHECK(cudaMemcpy(rstd.data(), d_rstd, tokens * sizeof(float), cudaMemcpyDeviceToHost));

  double worst = 0.0;
  for (int t = 0; t < tokens; ++t) {
    double m = 0.0, m2 = 0.0;  // Welford, one pass, in double
    for (int i = 0; i < hidden; ++i) {
      const double h = double(x[t * hidden + i]) + residual[t * hidden + i];
      const double delta = h - m;
      m += delta / (i + 1);
      m2 += delta * (h - m);
    }
    const double r = 1.0 / std::sqrt(m2 / hidden + eps);
    worst = std::fmax(worst, std::fabs(mean[t] - m));
    worst = std::fmax(worst, std::fabs(rstd[t] - r) / r);
    for (int i = 0; i < hidden; ++i) {
      const double h = double(x[t * hidden + i]) + residual[t * hidden + i];
      worst = std::fmax(worst, std::fabs(y[t * hidden + i] - ((h - m) * r * gamma[i] + beta[i])));
    }
  }
  std::printf("%d tokens x %d: worst error %.2e\n", tokens, hidden, worst);
  std::printf("%s\n", worst < 1e-5 ? "PASS" : "FAIL");

  cudaFree(d_x);
  cudaFree(d_residual);
  cudaFree(d_gamma);
  cudaFree(d_beta);
  cudaFree(d_y);
  cudaFree(d_mean);
  cudaFree(d_rstd);
  return worst < 1e-5 ? 0 : 1;
}
