// C = A * B with A block-sparse (16 x 16 blocks in block-CSR, half), B dense half, C float, on tensor cores.
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace nvcuda;

#define BS 16
#define WARPS 2
#define DIV_UP(x, y) (((x) + (y) - 1) / (y))

#define CHECK(call)                                                                 \
  do {                                                                              \
    const cudaError_t rc = call;                                                    \
    if (rc != cudaSuccess) {                                                        \
      std::printf("Error: %s:%d, ", __FILE__, __LINE__);                            \
      std::printf("code: %d, reason: %s\n", rc, cudaGetErrorString(rc));            \
      std::exit(1);                                                                 \
    }                                                                               \
  } while (0)

// blockIdx.x: block row of A; each warp owns one 16-wide column tile of C. n need not be a multiple of 16.
__global__ void bsr_mm(const int *__restrict__ row_ptr, const int *__restrict__ block_col, const half *__restrict__ blocks,
                       const half *__restrict__ b, float *__restrict__ c, int n)
{
  __shared__ half a_tile[BS * BS];
  __shared__ half b_tile[WARPS][BS * BS];
  __shared__ float c_tile[WARPS][BS * BS];

  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int col0 = (blockIdx.y * WARPS + warp) * BS;

  wmma::fragment<wmma::matrix_a, BS, BS, BS, half, wmma::row_major> a_frag;
  wmma::fragment<wmma::matrix_b, BS, BS, BS, half, wmma::row_major> b_frag;
  wmma::fragment<wmma::accumulator, BS, BS, BS, float> acc;
  wmma::fill_fragment(acc, 0.0f);

  const int end = row_ptr[blockIdx.x + 1];
  for (int k = row_ptr[blockIdx.x]; k < end; ++k) {
    for (int i = threadIdx.x; i < BS * BS; i += blockDim.x) a_tile[i] = blocks[k * BS * BS + i];
    const half *b_rows = b + (size_t)block_col[k] * BS * n;
    for (int i = lane; i < BS * BS; i += 32) {
      const int col = col0 + i % BS;
      b_tile[warp][i] = col < n ? b_rows[(i / BS) * n + col] : __float2half(0.0f);
    }
    __syncthreads();
    wmma::load_matrix_sync(a_frag, a_tile, BS);
    wmma::load_matrix_sync(b_frag, b_tile[warp], BS);
    wmma::mma_sync(acc, a_frag, b_frag, acc);
    __syncthreads();
  }

  wmma::store_matrix_sync(c_tile[warp], acc, BS, wmma::mem_row_major);
  __syncwarp();
  for (int i = lane; i < BS * BS; i += 32) {
    const int col = col0 + i % BS;
    if (col < n) c[(size_t)(blockIdx.x * BS + i / BS) * n + col] = c_tile[warp][i];
  }
}

// Weights are pruned to blocks: the sum of magnitudes of a block decides.
__global__ void block_norms(const float *dense, float *norm, int cols)
{
  float sum = 0.0f;
  const float *block = dense + (size_t)blockIdx.y * BS * cols + blockIdx.x * BS;
  for (int i = threadIdx.x; i < BS * BS; i += 32) sum += fabsf(block[(i / BS) * cols + i % BS]);
  for (int d = 16; d; d >>= 1) sum += __shfl_xor_sync(0xffffffff, sum, d);
  if (threadIdx.x == 0) norm[blockIdx.y * gridDim.x + blockIdx.x] = sum;
}

int main(int argc, char **argv)
{
  const int mb = argc > 1 ? std::atoi(argv[1]) : 3, kb = 5;   // blocks of A
  const int m = mb * BS, k = kb * BS, n = 75;
  std::vector<float> dense(m * k);
  for (int r = 0; r < m; ++r)
    for (int c = 0; c < k; ++c)
      dense[r * k + c] = ((r / BS + c / BS) % 2 ? 0.01f : 1.0f) * std::sin(0.37f * r + 1.7f * c);
  std::vector<half> b(k * n);
  for (int i = 0; i < k * n; ++i) b[i] = __float2half(std::cos(0.23f * i) * (1 + i % 3));

  float *d_dense, *d_norm, *d_c;
  CHECK(cudaMalloc(&d_dense, dense.size() * sizeof(float)));
  CHECK(cudaMalloc(&d_norm, mb * kb * sizeof(float)));
  CHECK(cudaMalloc(&d_c, m * n * sizeof(float)));
  CHECK(cudaMemcpy(d_dense, dense.data(), dense.size() * sizeof(float), cudaMemcpyHostToDevice));
  block_norms<<<dim3(kb, mb), 32>>>(d_dense, d_norm, k);
  CHECK(cudaGetLastError());
  std::vector<float> norm(mb * kb);
  CHECK(cudaMemcpy(norm.data(), d_norm, norm.size() * sizeof(float), cudaMemcpyDeviceToHost));

  std::vector<int> row_ptr(1, 0), block_col;
  std::vector<half> blocks;
  std::vector<char> kept(mb * kb, 0);
  for (int i = 0; i < mb; ++i) {
    for (int j = 0; j < kb; ++j) {
      if (norm[i * kb + j] < 16.0f) continue;
      kept[i * kb + j] = 1;
      block_col.push_back(j);
      for (int e = 0; e < BS * BS; ++e) blocks.push_back(__float2half(dense[(i * BS + e / BS) * k + j * BS + e % BS]));
    }
    row_ptr.push_back(static_cast<int>(block_col.size()));
  }

  int *d_ptr, *d_col;
  half *d_blocks, *d_b;
  CHECK(cudaMalloc(&d_ptr, row_ptr.size() * sizeof(int)));
  CHECK(cudaMalloc(&d_col, block_col.size() * sizeof(int)));
  CHECK(cudaMalloc(&d_blocks, blocks.size() * sizeof(half)));
  CHECK(cudaMalloc(&d_b, b.size() * sizeof(half)));
  CHECK(cudaMemcpy(d_ptr, row_ptr.data(), row_ptr.size() * sizeof(int), cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy(d_col, block_col.data(), block_col.size() * sizeof(int), cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy(d_blocks, blocks.data(), blocks.size() * sizeof(half), cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy(d_b, b.data(), b.size() * sizeof(half), cudaMemcpyHostToDevice));
  bsr_mm<<<dim3(mb, DIV_UP(n, BS * WARPS)), 32 * WARPS>>>(d_ptr, d_col, d_blocks, d_b, d_c, n);
  CHECK(cudaGetLastError());
  std::vector<float> c(m * n);
  CHECK(cudaMemcpy(c.data(), d_c, c.size() * sizeof(float), cudaMemcpyDeviceToHost));

  // dense reference in double, outer products over k, masked by blocks
  std::vector<double> want(m * n, 0.0), size(m * n, 0.0);
  int expected = 0;
  for (int i = 0; i < mb; ++i)
    for (int j = 0; j < kb; ++j) expected += (i + j) % 2 == 0;
  for (int p = 0; p < k; ++p)
    for (int r = 0; r < m; ++r) {
      if (!kept[(r / BS) * kb + p / BS]) continue;
      const double a = __half2float(__float2half(dense[r * k + p]));
      for (int j = 0; j < n; ++j) {
        want[r * n + j] += a * __half2float(b[p * n + j]);
        size[r * n + j] += std::fabs(a * __half2float(b[p * n + j]));
      }
    }
  double worst = 0;
  for (int i = 0; i < m * n; ++i) worst = std::fmax(worst, std::fabs(c[i] - want[i]) / (size[i] + 1e-3));
  const bool ok = worst < 2e-6 && static_cast<int>(block_col.size()) == expected;
  std::printf("%zu of %d blocks kept, worst %.1e\n%s\n", block_col.size(), mb * kb, worst, ok ? "PASS" : "FAIL");
  for (void *p : {(void *)d_dense, (void *)d_norm, (void *)d_c, (void *)d_ptr, (void *)d_col, (void *)d_blocks, (void *)d_b})
    CHECK(cudaFree(p));
  return ok ? 0 : 1;
}
