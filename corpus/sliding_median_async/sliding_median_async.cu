// Running median of a long signal. Tiles (with a halo) are fetched asynchronously, one ahead of the work.
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cuda_runtime.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace cg = cooperative_groups;

#define ORDER(a, b)                 \
  {                                 \
    const float lo = fminf(a, b);   \
    const float hi = fmaxf(a, b);   \
    (a) = lo;                       \
    (b) = hi;                       \
  }

// odd-even transposition: few values, no branches
template <int N>
__device__ float median(float (&v)[N]) {
  static_assert(N % 2 == 1, "a middle is needed");
#pragma unroll
  for (int round = 0; round < N; ++round) {
#pragma unroll
    for (int i = round & 1; i + 1 < N; i += 2) ORDER(v[i], v[i + 1]);
  }
  return v[N / 2];
}

template <int TILE, int WINDOW>
struct Geometry {
  static constexpr int halo = WINDOW / 2;
  static constexpr int span = TILE + 2 * halo;
};

// `padded` begins `halo` elements before the first output: padded[i .. i + WINDOW - 1] is the window of output i.
template <int TILE, int WINDOW>
__global__ void running_median(const float* padded, float* out, int n) {
  using G = Geometry<TILE, WINDOW>;
  __shared__ float stage[2][G::span];
  const cg::thread_block block = cg::this_thread_block();
  const int tiles = (n + TILE - 1) / TILE;

  const auto fetch = [&](int tile, float* into) {
    const int count = min(G::span, n + 2 * G::halo - tile * TILE);
    cg::memcpy_async(block, into, padded + tile * TILE, sizeof(float) * count);
  };

  int buffer = 0;
  if (static_cast<int>(blockIdx.x) < tiles) fetch(blockIdx.x, stage[0]);
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const int following = tile + gridDim.x;
    if (following < tiles) {
      fetch(following, stage[buffer ^ 1]);
      cg::wait_prior<1>(block);
    } else {
      cg::wait(block);
    }

    for (int t = block.thread_rank(); t < TILE && tile * TILE + t < n; t += block.size()) {
      float v[WINDOW];
#pragma unroll
      for (int k = 0; k < WINDOW; ++k) v[k] = stage[buffer][t + k];
      out[tile * TILE + t] = median(v);
    }
    block.sync();
    buffer ^= 1;
  }
}

template <int TILE, int WINDOW>
bool run(const std::vector<float>& signal, int blocks, int threads) {
  const int n = static_cast<int>(signal.size()), halo = WINDOW / 2;
  std::vector<float> padded(n + 2 * halo);
  for (int i = 0; i < n + 2 * halo; ++i) padded[i] = signal[std::min(std::max(i - halo, 0), n - 1)];
  float *in = nullptr, *out = nullptr;
  if (cudaMalloc(&in, padded.size() * sizeof(float)) != cudaSuccess || cudaMalloc(&out, n * sizeof(float)) != cudaSuccess)
    return false;
  cudaMemcpy(in, padded.data(), padded.size() * sizeof(float), cudaMemcpyHostToDevice);
  running_median<TILE, WINDOW><<<blocks, threads>>>(in, out, n);
  std::vector<float> got(n);
  const cudaError_t status = cudaMemcpy(got.data(), out, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(in);
  cudaFree(out);

  int wrong = status != cudaSuccess;
  std::vector<float> window(padded.begin(), padded.begin() + WINDOW);
  std::sort(window.begin(), window.end());
  for (int i = 0; i < n; ++i) {
    wrong += got[i] != window[halo];
    if (i + 1 == n) break;
    // slide: take the oldest out of the sorted window, insert the newest
    window.erase(std::lower_bound(window.begin(), window.end(), padded[i]));
    window.insert(std::upper_bound(window.begin(), window.end(), padded[i + WINDOW]), padded[i + WINDOW]);
  }
  std::printf("window %d, tile %d: %d wrong\n", WINDOW, TILE, wrong);
  return wrong == 0;
}

int main(int argc, char** argv) {
  const int n = argc > 1 ? std::atoi(argv[1]) : 1999;
  std::vector<float> signal(n);
  for (int i = 0; i < n; ++i) {
    signal[i] = static_cast<float>((i * 193) % 509) * 0.125f - 20.0f;
    if (i % 97 == 0) signal[i] = 1e6f;  // spikes
  }
  const bool ok = run<128, 5>(signal, 3, 64) & run<96, 9>(signal, 40, 96) & run<64, 3>(signal, 1, 80);
  std::puts(ok ? "PASS" : "FAIL");
  return ok ? 0 : 1;
}
