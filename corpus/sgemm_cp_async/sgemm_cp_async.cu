// Batched matrix product with asynchronous copies: while one pair of tiles is multiplied, the next one is on its way.
#include <cuda_pipeline.h>
#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define TILE 16
#define STAGES 2

#ifndef SIZE_M
#define SIZE_M 37
#endif
#ifndef SIZE_N4
#define SIZE_N4 13 /* columns, in fours */
#endif
#ifndef SIZE_K4
#define SIZE_K4 11
#endif

#define CUDA_CALL(x)                                                           \
  do {                                                                         \
    cudaError_t r = (x);                                                       \
    if (r != cudaSuccess) {                                                    \
      fprintf(stderr, "%s at line %d\n", cudaGetErrorString(r), __LINE__);     \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

// 16 bytes; bytes beyond `valid` are filled with zeros
__device__ __forceinline__ void cp_async16(void *smem, const void *gmem, int valid) {
  const uint32_t dst = static_cast<uint32_t>(__cvta_generic_to_shared(smem));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(dst), "l"(gmem), "r"(valid) : "memory");
}
__device__ __forceinline__ void cp_async_commit() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }
template <int N>
__device__ __forceinline__ void cp_async_wait() { asm volatile("cp.async.wait_group %0;\n" ::"n"(N) : "memory"); }

struct Tiles {
  float a[TILE][TILE];
  float b[TILE][TILE];
};

// 64 threads; each copies four floats of a and four of b, and owns four elements of c
__device__ void fetch(Tiles *t, const float *A, const float *B, int M, int N, int K, int k0) {
  const int r = threadIdx.x / 4, q = threadIdx.x % 4 * 4;
  const int arow = blockIdx.y * TILE + r, acol = k0 + q;
  const bool in_a = arow < M && acol < K;
  cp_async16(&t->a[r][q], in_a ? A + (size_t)arow * K + acol : A, in_a ? 16 : 0);
  const int brow = k0 + r, bcol = blockIdx.x * TILE + q;
  const bool in_b = brow < K && bcol < N;
  cp_async16(&t->b[r][q], in_b ? B + (size_t)brow * N + bcol : B, in_b ? 16 : 0);
}

__global__ void __launch_bounds__(64) gemm_ptx(const float *A, const float *B, float *C, int M, int N, int K) {
  extern __shared__ __align__(16) unsigned char raw[];
  Tiles *stage = reinterpret_cast<Tiles *>(raw);
  A += (size_t)blockIdx.z * M * K;
  B += (size_t)blockIdx.z * K * N;
  C += (size_t)blockIdx.z * M * N;

  const int r = threadIdx.x / 4, q = threadIdx.x % 4 * 4;
  float acc[4] = {};
  const int steps = (K + TILE - 1) / TILE;
  fetch(&stage[0], A, B, M, N, K, 0);
  cp_async_commit();
  for (int s = 0; s < steps; ++s) {
    if (s + 1 < steps) fetch(&stage[(s + 1) % STAGES], A, B, M, N, K, (s + 1) * TILE);
    cp_async_commit();   // possibly empty
    cp_async_wait<1>();
    __syncthreads();
    const Tiles &t = stage[s % STAGES];
    for (int k = 0; k < TILE; ++k) {
      const float x = t.a[r][k];
      for (int j = 0; j < 4; ++j) acc[j] = fmaf(x, t.b[k][q + j], acc[j]);
    }
    __syncthreads();
  }
  const int row = blockIdx.y * TILE + r, col = blockIdx.x * TILE + q;
  if (row < M && col < N)
    *reinterpret_cast<float4 *>(C + (size_t)row * N + col) = make_float4(acc[0], acc[1], acc[2], acc[3]);
}

// row sums of C, its rows fetched by the pipeline primitives
__global__ void row_sums(const float *C, float *sums, int N) {
  __shared__ float buf[2][32];
  const float *row = C + (size_t)blockIdx.x * N;
  float sum = 0;
  const int steps = (N + 31) / 32;
  for (int s = -1; s < steps; ++s) {
    const int ahead = (s + 1) * 32 + threadIdx.x;
    if (ahead < N) __pipeline_memcpy_async(&buf[(s + 1) & 1][threadIdx.x], row + ahead, sizeof(float));
    __pipeline_commit();
    if (s < 0) continue;
    __pipeline_wait_prior(1);
    if (s * 32 + (int)threadIdx.x < N) sum += buf[s & 1][threadIdx.x];   // each lane reads what it copied itself
  }
  for (int d = 16; d; d >>= 1) sum += __shfl_down_sync(0xffffffffu, sum, d);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

int main(void) {
  const int batch = 3, M = SIZE_M, N = 4 * SIZE_N4, K = 4 * SIZE_K4;
  const size_t na = (size_t)batch * M * K, nb = (size_t)batch * K * N, nc = (size_t)batch * M * N;
  float *a = (float *)malloc(na * sizeof(float)), *b = (float *)malloc(nb * sizeof(float));
  float *c = (float *)malloc(nc * sizeof(float)), *s = (float *)malloc(batch * M * sizeof(float));
  for (size_t i = 0; i < na; i++) a[i] = (float)((int)(i * 2654435761u >> 20) % 64 - 32) / 8;
  for (size_t i = 0; i < nb; i++) b[i] = (float)((int)(i * 40503u >> 4) % 32 - 16) / 4;

  float *da, *db, *dc, *ds;
  CUDA_CALL(cudaMalloc((void **)&da, na * sizeof(float)));
  CUDA_CALL(cudaMalloc((void **)&db, nb * sizeof(float)));
  CUDA_CALL(cudaMalloc((void **)&dc, nc * sizeof(float)));
  CUDA_CALL(cudaMalloc((void **)&ds, batch * M * sizeof(float)));
  CUDA_CALL(cudaMemcpy(da, a, na * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_CALL(cudaMemcpy(db, b, nb * sizeof(float), cudaMemcpyHostToDevice));
  const int smem = STAGES * sizeof(Tiles);
  CUDA_CALL(cudaFuncSetAttribute(gemm_ptx, cudaFuncAttributeMaxDynamicSharedMemorySize, smem));
  gemm_ptx<<<dim3((N + TILE - 1) / TILE, (M + TILE - 1) / TILE, batch), 64, smem>>>(da, db, dc, M, N, K);
  CUDA_CALL(cudaGetLastError());
  row_sums<<<batch * M, 32>>>(dc, ds, N);
  CUDA_CALL(cudaGetLastError());
  CUDA_CALL(cudaMemcpy(c, dc, nc * sizeof(float), cudaMemcpyDeviceToHost));
  CUDA_CALL(cudaMemcpy(s, ds, batch * M * sizeof(float), cudaMemcpyDeviceToHost));

  /* multiples of 1/32 below 2^17 are exact in float: compare by ==; columns of C one after the other as A times a column */
  int wrong = 0;
  for (int z = 0; z < batch; z++) {
    double total[M];
    for (int i = 0; i < M; i++) total[i] = 0;
    for (int j = 0; j < N; j++) {
      double y[M];
      for (int i = 0; i < M; i++) y[i] = 0;
      for (int k = 0; k < K; k++)
        for (int i = 0; i < M; i++) y[i] += (double)a[(z * M + i) * K + k] * b[(z * K + k) * N + j];
      for (int i = 0; i < M; i++) {
        wrong += c[(z * M + i) * N + j] != y[i];
        total[i] += y[i];
      }
    }
    for (int i = 0; i < M; i++) wrong += s[z * M + i] != total[i];
  }
  printf("%zu elements, %d wrong\n", nc, wrong);
  CUDA_CALL(cudaFree(da)); CUDA_CALL(cudaFree(db)); CUDA_CALL(cudaFree(dc)); CUDA_CALL(cudaFree(ds));
  free(a); free(b); free(c); free(s);
  printf("%s\n", wrong ? "FAIL" : "PASS");
  return wrong != 0;
}
