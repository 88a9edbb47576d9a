// D = alpha * A * B + beta * C on tensor cores through the WMMA API. A is row-major, B column-major.
// One warp computes a 16 x 32 piece of D; ragged matrices are padded while they are copied to shared memory.
#include <cuda_fp16.h>
#include <mma.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace nvcuda;

constexpr int WM = 16, WN = 16, WK = 16;
constexpr int WARPS = 4;           // one above the other
constexpr int BLOCK_M = WM * WARPS;
constexpr int BLOCK_N = WN * 2;
constexpr int SKEW = 8;            // halves, keeps rows 16-byte aligned

__global__ void hgemm(const half *__restrict__ a, const half *__restrict__ b, const float *__restrict__ c,
                      float *__restrict__ d, int m, int n, int k, float alpha, float beta)
{
    __shared__ __align__(32) half As[BLOCK_M][WK + SKEW];
    __shared__ __align__(32) half Bs[BLOCK_N][WK + SKEW];
    __shared__ __align__(32) float Cs[WARPS][WM][BLOCK_N];

    const int warp = threadIdx.x / warpSize;
    const int row0 = blockIdx.y * BLOCK_M, col0 = blockIdx.x * BLOCK_N;

    wmma::fragment<wmma::accumulator, WM, WN, WK, float> acc[2];
    for (int j = 0; j < 2; j++) wmma::fill_fragment(acc[j], 0.0f);

    for (int k0 = 0; k0 < k; k0 += WK) {
        for (int i = threadIdx.x; i < BLOCK_M * WK; i += blockDim.x) {
            const int r = row0 + i / WK, q = k0 + i % WK;
            As[i / WK][i % WK] = r < m && q < k ? a[(size_t)r * k + q] : __float2half(0.0f);
        }
        for (int i = threadIdx.x; i < BLOCK_N * WK; i += blockDim.x) {
            const int r = col0 + i / WK, q = k0 + i % WK;
            Bs[i / WK][i % WK] = r < n && q < k ? b[(size_t)r * k + q] : __float2half(0.0f);
        }
        __syncthreads();

        wmma::fragment<wmma::matrix_a, WM, WN, WK, half, wmma::row_major> fa;
        wmma::load_matrix_sync(fa, &As[warp * WM][0], WK + SKEW);
#pragma unroll
        for (int j = 0; j < 2; j++) {
            wmma::fragment<wmma::matrix_b, WM, WN, WK, half, wmma::col_major> fb;
            wmma::load_matrix_sync(fb, &Bs[j * WN][0], WK + SKEW);
            wmma::mma_sync(acc[j], fa, fb, acc[j]);
        }
        __syncthreads();
    }

    for (int j = 0; j < 2; j++) {
        for (int e = 0; e < acc[j].num_elements; e++) acc[j].x[e] *= alpha;
        wmma::store_matrix_sync(&Cs[warp][0][j * WN], acc[j], BLOCK_N, wmma::mem_row_major);
    }
    __syncwarp();
    for (int i = threadIdx.x % warpSize; i < WM * BLOCK_N; i += warpSize) {
        const int r = row0 + warp * WM + i / BLOCK_N, q = col0 + i % BLOCK_N;
        if (r < m && q < n)
            d[(size_t)r * n + q] = Cs[warp][i / BLOCK_N][i % BLOCK_N] + beta * c[(size_t)r * n + q];
    }
}

// The same product in half precision throughout, for multiples of 16 only: no shared memory, one warp a block.
__global__ void hgemm_aligned(const half *a, const half *b, half *d, int n, int k)
{
    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::col_major> fb;
    wmma::fragment<wmma::accumulator, 16, 16, 16, half> acc;
    wmma::fill_fragment(acc, __float2half(0.0f));
    for (int k0 = 0; k0 < k; k0 += 16) {
        wmma::load_matrix_sync(fa, a + blockIdx.y * 16 * k + k0, k);
        wmma::load_matrix_sync(fb, b + blockIdx.x * 16 * k + k0, k);
        wmma::mma_sync(acc, fa, fb, acc);
    }
    wmma::store_matrix_sync(d + blockIdx.y * 16 * n + blockIdx.x * 16, acc, n, wmma::mem_row_major);
}

#define check(x) if ((x) != cudaSuccess) { printf("line %d: %s\n", __LINE__, cudaGetErrorString(cudaGetLastError())); exit(1); }

template <class T> static T *device(const std::vector<T> &v)
{
    T *p;
    check(cudaMalloc((void **)&p, v.size() * sizeof(T)));
    check(cudaMemcpy(p, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice));
    return p;
}

int main(int argc, char **argv)
{
    const int m = argc > 1 ? atoi(argv[1]) : 75, n = argc > 2 ? atoi(argv[2]) : 83, k = argc > 3 ? atoi(argv[3]) : 60;
    std::vector<half> a(m * k), b(n * k);
    std::vector<float> c(m * n), d(m * n, NAN);
    std::vector<double> ad(m * k), bd(n * k);
    for (int i = 0; i < m * k; i++) ad[i] = __half2float(a[i] = __float2half(sinf(i * 0.7f)));
    for (int i = 0; i < n * k; i++) bd[i] = __half2float(b[i] = __float2half(cosf(i * 0.3f)));
    for (int i = 0; i < m * n; i++) c[i] = i % 11 - 5.0f;

    half *da = device(a), *db = device(b);
    float *dc = device(c), *dd = device(d);
    const float alpha = 0.5f, beta = 2.0f;
    hgemm<<<dim3((n + BLOCK_N - 1) / BLOCK_N, (m + BLOCK_M - 1) / BLOCK_M), 32 * WARPS>>>(da, db, dc, dd, m, n, k, alpha, beta);
    check(cudaGetLastError());
    check(cudaMemcpy(d.data(), dd, d.size() * sizeof(float), cudaMemcpyDeviceToHost));

    // reference in double, one outer product after the other
    std::vector<double> want(m * n, 0.0);
    for (int q = 0; q < k; q++)
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) want[i * n + j] += ad[i * k + q] * bd[j * k + q];
    double worst = 0;
    for (int i = 0; i < m * n; i++) {
        const double e = fabs(d[i] - (alpha * want[i] + beta * c[i]));
        if (!(e <= worst)) worst = e == e ? e : INFINITY;  // NaN as well
    }

    // quarters with short sums are exact in half: -2 .. 2 times -1 .. 1, 48 terms
    const int mn = 48;
    std::vector<half> p(mn * mn), q(mn * mn), r(mn * mn);
    std::vector<int> pi(mn * mn), qi(mn * mn);
    for (int i = 0; i < mn * mn; i++) {
        p[i] = __float2half((pi[i] = (i * 13 + i / mn) % 17 - 8) * 0.25f);
        q[i] = __float2half((qi[i] = (i * 5 + i / mn * 3) % 9 - 4) * 0.25f);
    }
    half *dp = device(p), *dq = device(q), *dr = device(r);
    hgemm_aligned<<<dim3(mn / 16, mn / 16), 32>>>(dp, dq, dr, mn, mn);
    check(cudaDeviceSynchronize());
    check(cudaMemcpy(r.data(), dr, r.size() * sizeof(half), cudaMemcpyDeviceToHost));
    int wrong = 0;
    for (int i = 0; i < mn; i++)
        for (int j = 0; j < mn; j++) {
            int sum = 0;  // in sixteenths
            for (int t = 0; t < mn; t++) sum += pi[i * mn + t] * qi[j * mn + t];
            wrong += __half2float(r[i * mn + j]) * 16 != sum;
        }
    printf("float accumulation: worst error %.2e; half: %d wrong\n", worst, wrong);
    // products of halves are exact in float; tensor cores may cut what they add instead of rounding it
    const bool ok = worst < 3e-5 && wrong == 0;
    cudaFree(da); cudaFree(db); cudaFree(dc); cudaFree(dd); cudaFree(dp); cudaFree(dq); cudaFree(dr);
    puts(ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
}
