// argmin / argmax / range of a float array in one pass, ties to the lowest index.
// A float and its index travel as one 64-bit key, so one atomic decides both.
#include "cuda_runtime.h"
#include "device_launch_parameters.h"
#include <cfloat>
#include <cstdio>
#include <cstdlib>
#include <algorithm>
#include <utility>
#include <vector>

using u32 = unsigned int;
using u64 = unsigned long long;

__device__ u64 g_best;            // largest key so far
__device__ u64 g_least = ~0ull;   // smallest key so far
__device__ float g_absmax;        // by compare-and-swap

// floats as unsigned integers of the same order
__host__ __device__ static inline u32 ordered(float f) {
#ifdef __CUDA_ARCH__
  u32 b = __float_as_uint(f);
#else
  union { float f; u32 u; } pun = {f};
  u32 b = pun.u;
#endif
  return b & 0x80000000u ? ~b : b | 0x80000000u;
}

__device__ static inline float unordered(u32 b) {
  return __uint_as_float(b & 0x80000000u ? b & 0x7fffffffu : ~b);
}

__device__ static float atomicMaxFloat(float* address, float value) {
  int* word = reinterpret_cast<int*>(address);
  int old = *reinterpret_cast<volatile int*>(word), assumed;
  do {
    assumed = old;
    if (__int_as_float(assumed) >= value) break;
    old = atomicCAS(word, assumed, __float_as_int(value));
  } while (old != assumed);
  return __int_as_float(old);
}

__global__ void reset() {
  g_best = 0;
  g_least = ~0ull;
  g_absmax = 0.f;
}

__global__ void extremes(const float* __restrict__ x, u32 n) {
  u64 hi = 0, lo = ~0ull;
  float absmax = 0.f;
  for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    const u64 key = u64(ordered(x[i])) << 32;
    hi = max(hi, key | (0xffffffffu - i));  // the lowest index wins a tie for the largest
    lo = min(lo, key | i);
    absmax = fmaxf(absmax, fabsf(x[i]));
  }
  for (int d = 16; d; d >>= 1) {
    hi = max(hi, __shfl_xor_sync(~0u, hi, d));
    lo = min(lo, __shfl_xor_sync(~0u, lo, d));
    absmax = fmaxf(absmax, __shfl_down_sync(~0u, absmax, d));
  }
  if ((threadIdx.x & 31) == 0) {
    atomicMax(&g_best, hi);
    atomicMin(&g_least, lo);
    atomicMaxFloat(&g_absmax, absmax);
  }
}

struct Answer {
  float largest, smallest, absmax;
  u32 argmax, argmin;
};

__global__ void unpack(Answer* a) {
  a->largest = unordered(u32(g_best >> 32));
  a->argmax = ~u32(g_best);
  a->smallest = unordered(u32(g_least >> 32));
  a->argmin = u32(g_least);
  a->absmax = g_absmax;
}

static bool test(const std::vector<float>& v, int blocks) {
  float* dx;
  Answer *da, a;
  cudaMalloc(&dx, v.size() * sizeof(float));
  cudaMalloc(&da, sizeof(Answer));
  cudaMemcpy(dx, v.data(), v.size() * sizeof(float), cudaMemcpyHostToDevice);
  reset<<<1, 1>>>();
  extremes<<<blocks, 224>>>(dx, (u32)v.size());
  unpack<<<1, 1>>>(da);
  cudaMemcpy(&a, da, sizeof a, cudaMemcpyDeviceToHost);
  u64 raw = 0;
  cudaMemcpyFromSymbol(&raw, g_best, sizeof raw);

  const u32 argmax = u32(std::max_element(v.begin(), v.end()) - v.begin());  // the first of equals
  const u32 argmin = u32(std::min_element(v.begin(), v.end()) - v.begin());
  const bool ok = cudaDeviceSynchronize() == cudaSuccess && a.argmax == argmax && a.argmin == argmin &&
                  a.largest == v[argmax] && a.smallest == v[argmin] &&
                  a.absmax == std::max(v[argmax], -v[argmin]) && u32(raw >> 32) == ordered(v[argmax]);
  printf("n=%zu blocks=%d: max %g at %u, min %g at %u %s\n", v.size(), blocks, a.largest, a.argmax, a.smallest, a.argmin,
         ok ? "" : "<-- wrong");
  cudaFree(dx);
  cudaFree(da);
  return ok;
}

int main(int argc, char** argv) {
  const size_t n = argc > 1 ? strtoull(argv[1], nullptr, 0) : 9973;
  std::vector<float> v(n);
  u32 s = 2463534242u;
  for (auto& e : v) {
    s ^= s << 13; s ^= s >> 17; s ^= s << 5;
    e = float(int(s >> 16)) / 16.f - 2048.f;  // 65536 values: ties happen
  }
  bool ok = test(v, 5);
  for (auto& e : v) e = -std::abs(e) - 1.f;   // all negative
  ok = test(v, 1) && ok;
  std::fill(v.begin(), v.end(), 0.25f);       // all equal
  ok = test(v, 3) && ok;
  ok = test({FLT_MAX, -FLT_MAX, FLT_MIN}, 2) && ok;
  puts(ok ? "PASS" : "FAIL");
  return ok ? 0 : 1;
}
