// One launch for many small tensors: a table of pointers and sizes travels as a kernel argument, blocks pick chunks.
#include <cuda_runtime.h>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#define BLOCK_SIZE 128
#define ILP 4
#define MAX_TENSORS 10
#define MAX_BLOCKS 24

template <int n>
struct TensorListMetadata {
  void* addresses[n][MAX_TENSORS];
  int sizes[MAX_TENSORS];
  unsigned char block_to_tensor[MAX_BLOCKS];
  int block_to_chunk[MAX_BLOCKS];
};

template <typename T, typename U, typename... ArgTypes>
__global__ void multi_tensor_apply_kernel(int chunk_size, volatile int* noop_flag, T tl, U callable, ArgTypes... args) {
  callable(chunk_size, noop_flag, tl, args...);
}

// x *= factor; raises the flag where a value is not finite
struct ScaleFunctor {
  __device__ __forceinline__ void operator()(int chunk_size, volatile int* noop_gmem, TensorListMetadata<1>& tl, float factor) {
    const int tensor = tl.block_to_tensor[blockIdx.x];
    const int chunk = tl.block_to_chunk[blockIdx.x];
    float* x = static_cast<float*>(tl.addresses[0][tensor]) + chunk * chunk_size;
    const int n = min(tl.sizes[tensor] - chunk * chunk_size, chunk_size);
    bool finite = true;
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
      const float v = x[i] * factor;
      finite = finite && isfinite(v);
      x[i] = v;
    }
    if (!finite) *noop_gmem = 1;
  }
};

// momentum SGD on lists 0: gradients, 1: parameters, 2: momentum buffers
template <bool NESTEROV>
struct SGDFunctor {
  __device__ __forceinline__ void operator()(int chunk_size, volatile int* noop_gmem, TensorListMetadata<3>& tl, float wd,
                                             float momentum, float lr, bool first_run) {
    if (*noop_gmem) return;
    const int tensor = tl.block_to_tensor[blockIdx.x];
    const int chunk = tl.block_to_chunk[blockIdx.x];
    int n = tl.sizes[tensor];
    const float* grad = (const float*)tl.addresses[0][tensor] + chunk * chunk_size;
    float* weight = (float*)tl.addresses[1][tensor] + chunk * chunk_size;
    float* mom = (float*)tl.addresses[2][tensor] + chunk * chunk_size;
    n -= chunk * chunk_size;

    float g[ILP], w[ILP], m[ILP];
    for (int i_start = 0; i_start < n && i_start < chunk_size; i_start += blockDim.x * ILP) {
#pragma unroll
      for (int ii = 0; ii < ILP; ii++) {
        g[ii] = w[ii] = m[ii] = 0;
        const int i = i_start + threadIdx.x + ii * blockDim.x;
        if (i < n && i < chunk_size) {
          g[ii] = grad[i];
          w[ii] = weight[i];
          m[ii] = mom[i];
        }
      }
#pragma unroll
      for (int ii = 0; ii < ILP; ii++) {
        const int i = i_start + threadIdx.x + ii * blockDim.x;
        if (i < n && i < chunk_size) {
          if (wd != 0.f) g[ii] += wd * w[ii];
          m[ii] = first_run ? g[ii] : m[ii] * momentum + g[ii];
          w[ii] -= lr * (NESTEROV ? g[ii] + momentum * m[ii] : m[ii]);
          weight[i] = w[ii];
          mom[i] = m[ii];
        }
      }
    }
  }
};

// Fills tables and launches whenever one is full.
template <int depth, typename U, typename... ArgTypes>
int multi_tensor_apply(int chunk_size, int* noop_flag, const std::vector<std::vector<float*>>& lists,
                       const std::vector<int>& sizes, U callable, ArgTypes... args) {
  assert(lists.size() == depth);
  TensorListMetadata<depth> tl;
  int launches = 0, block = 0, loc_tensor = 0;
  const int ntensors = (int)sizes.size();
  for (int t = 0; t < ntensors; t++) {
    tl.sizes[loc_tensor] = sizes[t];
    for (int d = 0; d < depth; d++) tl.addresses[d][loc_tensor] = lists[d][t];
    loc_tensor++;
    const int chunks = (sizes[t] + chunk_size - 1) / chunk_size;
    for (int chunk = 0; chunk < chunks; chunk++) {
      tl.block_to_tensor[block] = (unsigned char)(loc_tensor - 1);
      tl.block_to_chunk[block] = chunk;
      block++;
      const bool last_chunk = t == ntensors - 1 && chunk == chunks - 1;
      const bool tensors_full = loc_tensor == MAX_TENSORS && chunk == chunks - 1;
      if (tensors_full || block == MAX_BLOCKS || last_chunk) {
        multi_tensor_apply_kernel<<<block, BLOCK_SIZE>>>(chunk_size, noop_flag, tl, callable, args...);
        if (cudaGetLastError() != cudaSuccess) exit(2);
        launches++;
        block = 0;
        if (chunk == chunks - 1) {
          loc_tensor = 0;
        } else {  // the rest of this tensor goes on in the next table
          tl.sizes[0] = tl.sizes[loc_tensor - 1];
          for (int d = 0; d < depth; d++) tl.addresses[d][0] = tl.addresses[d][loc_tensor - 1];
          loc_tensor = 1;
        }
      }
    }
  }
  return launches;
}

int main(int argc, char** argv) {
  const int ntensors = argc > 1 ? atoi(argv[1]) : 17;
  const int chunk_size = 200;
  const float wd = 0.01f, momentum = 0.9f, lr = 0.05f;
  std::vector<int> sizes;
  for (int t = 0; t < ntensors; t++) sizes.push_back(1 + (t * 167) % 611);

  std::vector<std::vector<float*>> lists(3);
  std::vector<std::vector<float>> grads, start;
  for (int t = 0; t < ntensors; t++) {
    std::vector<float> g(sizes[t]), w(sizes[t]);
    for (int i = 0; i < sizes[t]; i++) g[i] = 128.0f * sinf(t + 0.21f * i), w[i] = cosf(0.5f * t - 0.13f * i);
    for (int d = 0; d < 3; d++) {
      float* p;
      if (cudaMalloc(&p, sizes[t] * sizeof(float)) != cudaSuccess) return 2;
      lists[d].push_back(p);
    }
    cudaMemcpy(lists[0][t], g.data(), sizes[t] * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(lists[1][t], w.data(), sizes[t] * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemset(lists[2][t], 0, sizes[t] * sizeof(float));
    grads.push_back(g);
    start.push_back(w);
  }
  int* noop;
  cudaMalloc(&noop, sizeof(int));
  cudaMemset(noop, 0, sizeof(int));

  const std::vector<std::vector<float*>> only_grads(lists.begin(), lists.begin() + 1);
  int launches = multi_tensor_apply<1>(chunk_size, noop, only_grads, sizes, ScaleFunctor(), 1.0f / 128.0f);
  launches += multi_tensor_apply<3>(chunk_size, noop, lists, sizes, SGDFunctor<false>(), wd, momentum, lr, true);
  launches += multi_tensor_apply<3>(chunk_size, noop, lists, sizes, SGDFunctor<true>(), 0.0f, momentum, lr, false);

  // an overflow: the flag goes up, and the step that follows must not change anything
  const float huge = 3e38f;
  cudaMemcpy(lists[0][ntensors - 1], &huge, sizeof(float), cudaMemcpyHostToDevice);
  multi_tensor_apply<1>(chunk_size, noop, only_grads, sizes, ScaleFunctor(), 128.0f);
  multi_tensor_apply<3>(chunk_size, noop, lists, sizes, SGDFunctor<true>(), wd, momentum, lr, false);
  int flag = 0;
  cudaMemcpy(&flag, noop, sizeof(int), cudaMemcpyDeviceToHost);

  // closed form of the two steps: w1 = w - lr (g + wd w); w2 = w1 - lr ((1 + mu) g + mu^2 m1)
  double worst = 0;
  for (int t = 0; t < ntensors; t++) {
    std::vector<float> w(sizes[t]);
    cudaMemcpy(w.data(), lists[1][t], sizes[t] * sizeof(float), cudaMemcpyDeviceToHost);
    for (int i = 0; i < sizes[t]; i++) {
      const double g = double(grads[t][i]) / 128, m1 = g + double(wd) * start[t][i];
      const double want = start[t][i] - double(lr) * (m1 + (1 + double(momentum)) * g + double(momentum) * momentum * m1);
      worst = fmax(worst, fabs(w[i] - want));
    }
  }
  const bool ok = flag == 1 && worst < 1e-6 && launches > 3;
  printf("%d tensors, %d launches, worst %.1e, flag %d\n%s\n", ntensors, launches, worst, flag, ok ? "PASS" : "FAIL");
  for (auto& list : lists)
    for (float* p : list) cudaFree(p);
  cudaFree(noop);
  return ok ? 0 : 1;
}
