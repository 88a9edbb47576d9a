// Matrix fragments, all shapes and types, against plain loops over small integers (exact in every type), with leading
// dimensions that are larger than the tiles, both layouts, from global and from shared memory.
#include <cstdio>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>
using namespace nvcuda;

template <class T> __host__ __device__ T from_int(int v) { return T(static_cast<float>(v)); }
template <> __host__ __device__ signed char from_int<signed char>(int v) { return v; }
template <> __host__ __device__ unsigned char from_int<unsigned char>(int v) { return v; }
template <> __host__ __device__ double from_int<double>(int v) { return v; }

// A(i, k) = (i + 2 k) % 5 - 1 (without the -1 for unsigned types), B(k, j) = (3 k + j) % 4, C(i, j) = i - j
template <class T> __host__ __device__ int a_at(int i, int k) { return (i + 2 * k) % 5 - (T(-1) < T(0) ? 1 : 0); }
__host__ __device__ inline int b_at(int k, int j) { return (3 * k + j) % 4; }

template <int M, int N, int K, class T, class Held, class LA, class LB, class Sum>
__global__ void product(const Held* a, const Held* b, const Sum* c, Sum* d, int lda, int ldb, int ldc) {
  __shared__ Held tile[M * K];
  constexpr bool rows = std::is_same<LA, wmma::row_major>::value;
  for (int i = threadIdx.x; i < M * K; i += 32) {
    const int r = rows ? i / K : i % M, k = rows ? i % K : i / M;
    tile[i] = rows ? a[r * lda + k] : a[k * lda + r];
  }
  __syncwarp();
  wmma::fragment<wmma::matrix_a, M, N, K, T, LA> fa, other;
  wmma::fragment<wmma::matrix_b, M, N, K, T, LB> fb;
  wmma::fragment<wmma::accumulator, M, N, K, Sum> fc, fd;
  wmma::load_matrix_sync(fa, tile, rows ? K : M);
  wmma::load_matrix_sync(other, a, lda);
  wmma::load_matrix_sync(fb, b, ldb);
  wmma::load_matrix_sync(fc, c, ldc, wmma::mem_row_major);
  wmma::mma_sync(fd, fa, fb, fc);
  wmma::mma_sync(fd, other, fb, fd);          // D may be C
  for (int i = 0; i < fd.num_elements; ++i) fd.x[i] = fd.x[i] * from_int<Sum>(2);
  wmma::store_matrix_sync(d, fd, M, wmma::mem_col_major);
}

template <int M, int N, int K, class T, class Held, class LA, class LB, class Sum>
int run(const char* name) {
  constexpr bool ra = std::is_same<LA, wmma::row_major>::value, rb = std::is_same<LB, wmma::row_major>::value;
  const int lda = (ra ? K : M) + 16, ldb = (rb ? N : K) + 16, ldc = N + 8;
  Held *a, *b;
  Sum *c, *d;
  cudaMallocManaged(&a, sizeof(Held) * lda * (ra ? M : K)), cudaMallocManaged(&b, sizeof(Held) * ldb * (rb ? K : N));
  cudaMallocManaged(&c, sizeof(Sum) * ldc * M), cudaMallocManaged(&d, sizeof(Sum) * M * N);
  for (int i = 0; i < M; ++i)
    for (int k = 0; k < K; ++k) a[ra ? i * lda + k : k * lda + i] = from_int<Held>(a_at<Held>(i, k));
  for (int k = 0; k < K; ++k)
    for (int j = 0; j < N; ++j) b[rb ? k * ldb + j : j * ldb + k] = from_int<Held>(b_at(k, j));
  for (int i = 0; i < M; ++i)
    for (int j = 0; j < N; ++j) c[i * ldc + j] = from_int<Sum>(i - j);
  product<M, N, K, T, Held, LA, LB, Sum><<<1, 32>>>(a, b, c, d, lda, ldb, ldc);
  int wrong = cudaDeviceSynchronize() != cudaSuccess;
  for (int i = 0; i < M; ++i)
    for (int j = 0; j < N; ++j) {
      int sum = 0;
      for (int k = 0; k < K; ++k) sum += a_at<Held>(i, k) * b_at(k, j);
      wrong += static_cast<double>(d[j * M + i]) != 2.0 * (2 * sum + i - j);
    }
  if (wrong) printf("%s %dx%dx%d: %d wrong\n", name, M, N, K, wrong);
  cudaFree(a), cudaFree(b), cudaFree(c), cudaFree(d);
  return wrong;
}
using R = wmma::row_major;
using C = wmma::col_major;

// Accumulating in half rounds: 2048 + 1 is 2048, whatever the order within one product.
__global__ void rounding(float* out) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, R> a;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, half, C> b;
  wmma::fragment<wmma::accumulator, 16, 16, 16, half> c;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> f;
  wmma::fill_fragment(a, __float2half(0.25f));
  wmma::fill_fragment(b, __float2half(0.25f));
  wmma::fill_fragment(c, __float2half(2048.0f));
  wmma::fill_fragment(f, 2048.0f);
  wmma::mma_sync(c, a, b, c);  // + 1
  wmma::mma_sync(f, a, b, f);
  out[threadIdx.x] = __half2float(c.x[0]);
  out[32 + threadIdx.x] = f.x[7];
  // tf32 has 11 bits: 1 + 2^-12 becomes 1
  wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, R> ta;
  wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, R> tb;
  wmma::fragment<wmma::accumulator, 16, 16, 8, float> tc;
  wmma::fill_fragment(ta, 1.0f + 0x1p-12f);
  wmma::fill_fragment(tb, 1.0f);
  wmma::fill_fragment(tc, 0.0f);
  for (int i = 0; i < ta.num_elements; ++i) ta.x[i] = wmma::__float_to_tf32(ta.x[i]);
  wmma::mma_sync(tc, ta, tb, tc);
  out[64 + threadIdx.x] = tc.x[0];
}

int main() {
  int wrong = 0;
  wrong += run<16, 16, 16, half, half, R, R, float>("half");
  wrong += run<16, 16, 16, half, half, R, C, float>("half");
  wrong += run<16, 16, 16, half, half, C, R, half>("half");
  wrong += run<32, 8, 16, half, half, C, C, half>("half");
  wrong += run<8, 32, 16, half, half, R, R, float>("half");
  wrong += run<16, 16, 16, __nv_bfloat16, __nv_bfloat16, R, C, float>("bfloat16");
  wrong += run<32, 8, 16, __nv_bfloat16, __nv_bfloat16, C, R, float>("bfloat16");
  wrong += run<16, 16, 16, signed char, signed char, R, C, int>("s8");
  wrong += run<8, 32, 16, unsigned char, unsigned char, C, R, int>("u8");
  wrong += run<16, 16, 8, wmma::precision::tf32, float, R, R, float>("tf32");
  wrong += run<8, 8, 4, double, double, R, C, double>("double");
  float* out;
  cudaMallocManaged(&out, 96 * sizeof(float));
  rounding<<<1, 32>>>(out);
  cudaDeviceSynchronize();
  for (int i = 0; i < 32; ++i) wrong += out[i] != 2048.0f || out[32 + i] != 2049.0f || out[64 + i] != 8.0f;
  puts(wrong == 0 ? "PASS" : "FAIL");
}
// expect: PASS
