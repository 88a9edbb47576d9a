// The K largest (or smallest) entries of every row, in order, with their columns; ties go to the lower column.
//   topk_rows [rows] [cols] [k]
#include "cuda_runtime.h"
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <vector>

#define CEIL_DIV(a, b) (((a) + (b) - 1) / (b))

struct Largest {
  static constexpr float worst = -3.4e38f;
  __device__ bool operator()(float a, int ia, float b, int ib) const { return a > b || (a == b && ia < ib); }
};

struct Smallest {
  static constexpr float worst = 3.4e38f;
  __device__ bool operator()(float a, int ia, float b, int ib) const { return a < b || (a == b && ia < ib); }
};

template <int K, class Better>
struct List {
  float value[K];
  int index[K];

  __device__ void clear() {
#pragma unroll
    for (int i = 0; i < K; ++i) { value[i] = Better::worst; index[i] = 0x7fffffff; }
  }
  // insertion from the bottom; the list stays ordered
  __device__ void offer(float v, int at) {
    Better better;
    if (!better(v, at, value[K - 1], index[K - 1])) return;
    value[K - 1] = v;
    index[K - 1] = at;
#pragma unroll
    for (int i = K - 1; i > 0; --i) {
      if (better(value[i], index[i], value[i - 1], index[i - 1])) {
        float tv = value[i]; value[i] = value[i - 1]; value[i - 1] = tv;
        int ti = index[i]; index[i] = index[i - 1]; index[i - 1] = ti;
      }
    }
  }
};

// block.x threads a row, block.y rows a block
template <int K, class Better>
__global__ void topk(const float* __restrict__ x, float* __restrict__ best, int* __restrict__ where, int rows, int cols) {
  extern __shared__ unsigned char pool[];
  const int lanes = blockDim.x;
  float* pool_value = reinterpret_cast<float*>(pool);
  int* pool_index = reinterpret_cast<int*>(pool_value + lanes * blockDim.y * K);
  const int row = blockIdx.x * blockDim.y + threadIdx.y;

  List<K, Better> mine;
  mine.clear();
  if (row < rows)
    for (int c = threadIdx.x; c < cols; c += lanes) mine.offer(x[(size_t)row * cols + c], c);

  const int slot = (threadIdx.y * lanes + threadIdx.x) * K;
  for (int i = 0; i < K; ++i) {
    pool_value[slot + i] = mine.value[i];
    pool_index[slot + i] = mine.index[i];
  }
  // pairwise merge; lanes need not be a power of two
  for (int active = lanes; active > 1;) {
    const int half = (active + 1) / 2;
    __syncthreads();
    if (threadIdx.x + half < active) {
      const int other = slot + half * K;
      for (int i = 0; i < K; ++i) mine.offer(pool_value[other + i], pool_index[other + i]);
      for (int i = 0; i < K; ++i) {
        pool_value[slot + i] = mine.value[i];
        pool_index[slot + i] = mine.index[i];
      }
    }
    active = half;
  }
  if (row >= rows || threadIdx.x != 0) return;
  for (int i = 0; i < K; ++i) {
    best[row * K + i] = mine.value[i];
    where[row * K + i] = mine.index[i];
  }
}

template <int K, class Better>
void run(const float* x, float* best, int* where, int rows, int cols) {
  const dim3 threads(24, 3);
  const size_t bytes = threads.x * threads.y * K * (sizeof(float) + sizeof(int));
  topk<K, Better><<<CEIL_DIV(rows, (int)threads.y), threads, bytes>>>(x, best, where, rows, cols);
}

template <class Better>
bool dispatch(int k, const float* x, float* best, int* where, int rows, int cols) {
  switch (k) {
    case 1: run<1, Better>(x, best, where, rows, cols); break;
    case 4: run<4, Better>(x, best, where, rows, cols); break;
    case 5: run<5, Better>(x, best, where, rows, cols); break;
    case 8: run<8, Better>(x, best, where, rows, cols); break;
    default: return false;
  }
  return cudaGetLastError() == cudaSuccess;
}

int main(int argc, char** argv) {
  const int rows = argc > 1 ? std::atoi(argv[1]) : 20;
  const int cols = argc > 2 ? std::atoi(argv[2]) : 613;
  const int k = argc > 3 ? std::atoi(argv[3]) : 5;

  std::vector<float> x(rows * cols);
  for (int i = 0; i < rows * cols; ++i) {  // noise with ties
    unsigned h = i * 2654435761u;
    h = (h ^ h >> 15) * 2246822519u;
    x[i] = float((h >> 9) % 1009) * 0.25f - 125.0f;
  }

  float *d_x, *d_best;
  int* d_where;
  cudaMalloc(&d_x, x.size() * sizeof(float));
  cudaMalloc(&d_best, rows * k * sizeof(float));
  cudaMalloc(&d_where, rows * k * sizeof(int));
  cudaMemcpy(d_x, x.data(), x.size() * sizeof(float), cudaMemcpyHostToDevice);

  int wrong = 0;
  std::vector<float> best(rows * k);
  std::vector<int> where(rows * k), order(cols);
  for (int sign = 1; sign >= -1; sign -= 2) {
    const bool launched = sign > 0 ? dispatch<Largest>(k, d_x, d_best, d_where, rows, cols)
                                   : dispatch<Smallest>(k, d_x, d_best, d_where, rows, cols);
    if (!launched) { std::cerr << "k must be 1, 4, 5 or 8\nFAIL" << std::endl; return 2; }
    cudaMemcpy(best.data(), d_best, best.size() * sizeof(float), cudaMemcpyDeviceToHost);
    cudaMemcpy(where.data(), d_where, where.size() * sizeof(int), cudaMemcpyDeviceToHost);
    for (int r = 0; r < rows; ++r) {
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(),
                       [&](int a, int b) { return sign * x[r * cols + a] > sign * x[r * cols + b]; });
      for (int i = 0; i < k; ++i) wrong += where[r * k + i] != order[i] || best[r * k + i] != x[r * cols + order[i]];
    }
  }
  std::cout << rows << " x " << cols << ", k = " << k << ": " << (wrong ? "FAIL" : "PASS") << std::endl;
  cudaFree(d_x); cudaFree(d_best); cudaFree(d_where);
  return wrong ? 1 : 0;
}
