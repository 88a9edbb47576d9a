// Bias + GELU (tanh approximation) forward, and its gradient four elements at a time.
//
// The forward kernel is a grid-stride loop over a rows x cols activation; the backward kernel reads float4.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <vector>

#include <cuda_runtime.h>

#ifndef ROWS
#define ROWS 61
#endif
#ifndef COLS
#define COLS 148  // a multiple of 4: the gradient is vectorised
#endif

template <typename T>
struct Gelu {
  static constexpr T kSqrt2OverPi = T(0.7978845608028654);
  static constexpr T kCubic = T(0.044715);

  __host__ __device__ static T inner(T v) { return kSqrt2OverPi * (v + kCubic * v * v * v); }

  __device__ static T forward(T v) { return T(0.5) * v * (T(1) + tanh(inner(v))); }

  __device__ static T derivative(T v) {
    const T t = tanh(inner(v));
    const T slope = kSqrt2OverPi * (T(1) + T(3) * kCubic * v * v);
    return T(0.5) * (T(1) + t) + T(0.5) * v * (T(1) - t * t) * slope;
  }
};

template <typename T>
__global__ void bias_gelu(const T* __restrict__ x, const T* __restrict__ bias, T* __restrict__ out, int rows,
                          int cols) {
  const int total = rows * cols;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < total; i += gridDim.x * blockDim.x) {
    out[i] = Gelu<T>::forward(x[i] + bias[i % cols]);
  }
}

__global__ void gelu_backward(const float4* __restrict__ x, const float4* __restrict__ grad_out,
                              float4* __restrict__ grad_in, int n4) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n4) return;
  const float4 v = x[i];
  const float4 g = grad_out[i];
  grad_in[i] = make_float4(g.x * Gelu<float>::derivative(v.x), g.y * Gelu<float>::derivative(v.y),
                           g.z * Gelu<float>::derivative(v.z), g.w * Gelu<float>::derivative(v.w));
}

static inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) {
    std::cerr << what << ": " << cudaGetErrorString(status) << std::endl;
    std::exit(2);
  }
}

// GELU through the logistic function: 0.5 v (1 + tanh u) = v / (1 + exp(-2u)).
static double gelu_reference(double v) {
  const double u = 0.7978845608028654 * (v + 0.044715 * v * v * v);
  return v / (1.0 + std::exp(-2.0 * u));
}

int main() {
  const int rows = ROWS, cols = COLS, n = rows * cols;
  std::vector<float> x(n), bias(cols), grad(n), out(n), grad_in(n);
  for (int i = 0; i < n; ++i) {
    x[i] = 4.0f * std::sin(0.37f * i) + 0.001f * (i % 13);
    grad[i] = std::cos(0.11f * i);
  }
  for (int c = 0; c < cols; ++c) bias[c] = 0.5f - 0.01f * c;

  const size_t bytes = n * sizeof(float);
  float *d_x, *d_bias, *d_out, *d_grad, *d_grad_in;
  check(cudaMalloc(&d_x, bytes), "x");
  check(cudaMalloc(&d_bias, cols * sizeof(float)), "bias");
  check(cudaMalloc(&d_out, bytes), "out");
  check(cudaMalloc(&d_grad, bytes), "grad");
  check(cudaMalloc(&d_grad_in, bytes), "grad_in");
  check(cudaMemcpy(d_x, x.data(), bytes, cudaMemcpyHostToDevice), "copy x");
  check(cudaMemcpy(d_bias, bias.data(), cols * sizeof(float), cudaMemcpyHostToDevice), "copy bias");
  check(cudaMemcpy(d_grad, grad.data(), bytes, cudaMemcpyHostToDevice), "copy grad");

  bias_gelu<float><<<12, 128>>>(d_x, d_bias, d_out, rows, cols);
  const int n4 = n / 4;
  gelu_backward<<<(n4 + 127) / 128, 128>>>(reinterpret_cast<const float4*>(d_x),
                                           reinterpret_cast<const float4*>(d_grad),
                                           reinterpret_cast<float4*>(d_grad_in), n4);
  check(cudaDeviceSynchronize(), "kernels");
  check(cudaMemcpy(out.data(), d_out, bytes, cudaMemcpyDeviceToHost), "copy out");
  check(cudaMemcpy(grad_in.data(), d_grad_in, bytes, cudaMemcpyDeviceToHost), "copy grad_in");

  double worst = 0.0, worst_grad = 0.0;
  for (int i = 0; i < n; ++i) {
    const double want = gelu_reference(double(x[i]) + double(bias[i % cols]));
    worst = std::fmax(worst, std::fabs(out[i] - want));
    const double h = 1e-5;  // a central difference knows nothing of the kernel's formula
    const double slope = (gelu_reference(x[i] + h) - gelu_reference(x[i] - h)) / (2 * h);
    worst_grad = std::fmax(worst_grad, std::fabs(grad_in[i] - grad[i] * slope));
  }
  std::printf("forward: worst error %.2e, backward: worst error %.2e\n", worst, worst_grad);

  for (float* p : {d_x, d_bias, d_out, d_grad, d_grad_in}) cudaFree(p);
  const bool ok = worst < 5e-6 && worst_grad < 5e-6;
  std::cout << (ok ? "PASS" : "FAIL") << std::endl;
  return ok ? 0 : 1;
}
