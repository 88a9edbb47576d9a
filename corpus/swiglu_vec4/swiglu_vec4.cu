// Gated activations of transformer MLPs: out = act(gate) * up, forward and backward.
// gate and up lie beside each other in one [rows, 2 * width] projection.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <cuda_runtime.h>

#ifndef ROWS
#define ROWS 37
#endif
#ifndef WIDTH
#define WIDTH 204  // a multiple of 4
#endif

namespace glu {

struct SiLU {
  static __device__ __forceinline__ float f(float x) { return x / (1.0f + __expf(-x)); }
  static __device__ __forceinline__ float df(float x) {
    const float s = 1.0f / (1.0f + __expf(-x));
    return s * (1.0f + x * (1.0f - s));
  }
};

struct Gelu {
  static __device__ __forceinline__ float f(float x) { return 0.5f * x * (1.0f + erff(x * 0.70710678f)); }
  static __device__ __forceinline__ float df(float x) {
    return 0.5f * (1.0f + erff(x * 0.70710678f)) + x * 0.39894228f * __expf(-0.5f * x * x);
  }
};

template <class Act>
__global__ void forward(const float* __restrict__ proj, float* __restrict__ out, int64_t rows, int width) {
  const int64_t quads = rows * (width / 4);
  for (int64_t q = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; q < quads; q += (int64_t)gridDim.x * blockDim.x) {
    const int64_t row = q / (width / 4), col = q % (width / 4) * 4;
    const float4 g = *reinterpret_cast<const float4*>(proj + row * 2 * width + col);
    const float4 u = *reinterpret_cast<const float4*>(proj + row * 2 * width + width + col);
    float4 o;
    o.x = Act::f(g.x) * u.x;
    o.y = Act::f(g.y) * u.y;
    o.z = Act::f(g.z) * u.z;
    o.w = Act::f(g.w) * u.w;
    reinterpret_cast<float4*>(out)[q] = o;
  }
}

template <class Act>
__global__ void backward(const float* __restrict__ proj, const float* __restrict__ dout, float* __restrict__ dproj,
                         int64_t rows, int width) {
  const int64_t total = rows * width;
  for (int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; i < total; i += (int64_t)gridDim.x * blockDim.x) {
    const int64_t at = i / width * 2 * width + i % width;
    const float g = proj[at], u = proj[at + width], d = dout[i];
    dproj[at] = d * u * Act::df(g);
    dproj[at + width] = d * Act::f(g);
  }
}

inline void check(cudaError_t e, const char* what) {
  if (e != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(e));
}

struct Free {
  void operator()(void* p) const { cudaFree(p); }
};
using Buffer = std::unique_ptr<float[], Free>;

Buffer upload(const std::vector<float>& host) {
  float* p = nullptr;
  check(cudaMalloc(&p, host.size() * sizeof(float)), "cudaMalloc");
  check(cudaMemcpy(p, host.data(), host.size() * sizeof(float), cudaMemcpyHostToDevice), "upload");
  return Buffer(p);
}

std::vector<float> download(const Buffer& b, size_t n) {
  std::vector<float> host(n);
  check(cudaMemcpy(host.data(), b.get(), n * sizeof(float), cudaMemcpyDeviceToHost), "download");
  return host;
}

}  // namespace glu

static double silu(double x) { return 0.5 * x * (1.0 + std::tanh(0.5 * x)); }  // the logistic function, by tanh
static double gelu(double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }

static double larger(double a, double b) { return b <= a ? a : b == b ? b : INFINITY; }  // NaN is the worst of all

template <class Act>
static double worst(double (*reference)(double), const char* name) {
  using namespace glu;
  std::vector<float> proj(ROWS * 2 * WIDTH), dout(ROWS * WIDTH);
  uint32_t state = 12345u;
  auto next = [&state] {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) * (1.0f / 8388608.0f) - 1.0f;
  };
  for (auto& v : proj) v = 4.0f * next();
  for (auto& v : dout) v = next();

  auto dProj = upload(proj), dDout = upload(dout);
  auto dOut = upload(std::vector<float>(ROWS * WIDTH, -1.0f));
  auto dGrad = upload(std::vector<float>(proj.size(), -1.0f));
  forward<Act><<<7, 96>>>(dProj.get(), dOut.get(), ROWS, WIDTH);
  check(cudaPeekAtLastError(), "forward");
  backward<Act><<<(ROWS * WIDTH + 127) / 128, 128>>>(dProj.get(), dDout.get(), dGrad.get(), ROWS, WIDTH);
  check(cudaDeviceSynchronize(), "backward");

  const auto out = download(dOut, ROWS * WIDTH), grad = download(dGrad, proj.size());
  double error = 0;
  for (int r = 0; r < ROWS; ++r)
    for (int c = 0; c < WIDTH; ++c) {
      const double g = proj[r * 2 * WIDTH + c], u = proj[r * 2 * WIDTH + WIDTH + c], d = dout[r * WIDTH + c];
      const double h = 1e-5, slope = (reference(g + h) - reference(g - h)) / (2 * h);  // central difference
      error = larger(error, std::fabs(out[r * WIDTH + c] - reference(g) * u));
      error = larger(error, std::fabs(grad[r * 2 * WIDTH + c] - d * u * slope));
      error = larger(error, std::fabs(grad[r * 2 * WIDTH + WIDTH + c] - d * reference(g)));
    }
  std::printf("%-5s worst absolute error %.3g\n", name, error);
  return error;
}

int main() try {
  const bool good = worst<glu::SiLU>(silu, "silu") < 1e-5 && worst<glu::Gelu>(gelu, "gelu") < 1e-5;
  std::puts(good ? "PASS" : "FAIL");
  return good ? 0 : 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
