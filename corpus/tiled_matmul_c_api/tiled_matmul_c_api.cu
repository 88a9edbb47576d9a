/*
 * Batched matrix multiplication behind a small C interface (row-major):
 *
 *     C[b] = A[b] * B[b]        A: m x k,  B: k x n (or n x k if transb)
 */
#include <stdint.h>
#include <cuda_runtime.h>

#if defined(_WIN32)
#define MM_API extern "C" __declspec(dllexport)
#else
#define MM_API extern "C"
#endif

namespace mm
{
    template <class In, class Acc, int TILE, bool TransB>
    __global__ void tiled(const In* __restrict__ a, const In* __restrict__ b, Acc* __restrict__ c, int m, int n, int k,
                          int64_t stride_a, int64_t stride_b, int64_t stride_c)
    {
        __shared__ In tile_a[TILE][TILE];
        __shared__ In tile_b[TILE][TILE + 1];

        a += blockIdx.z * stride_a;
        b += blockIdx.z * stride_b;
        c += blockIdx.z * stride_c;

        const int tx = threadIdx.x, ty = threadIdx.y;
        const int row = blockIdx.y * TILE + ty;
        const int col = blockIdx.x * TILE + tx;

        Acc sum = 0;
        for (int t = 0; t < k; t += TILE)
        {
            tile_a[ty][tx] = (row < m && t + tx < k) ? a[row * k + t + tx] : In(0);
            if (TransB)
            {
                const int brow = blockIdx.x * TILE + ty;
                tile_b[tx][ty] = (brow < n && t + tx < k) ? b[brow * k + t + tx] : In(0);
            }
            else
                tile_b[ty][tx] = (col < n && t + ty < k) ? b[(t + ty) * n + col] : In(0);
            __syncthreads();

            #pragma unroll
            for (int i = 0; i < TILE; ++i)
                sum += Acc(tile_a[ty][i]) * Acc(tile_b[i][tx]);
            __syncthreads();
        }

        if (row < m && col < n)
            c[row * n + col] = sum;
    }

    template <class In, class Acc, int TILE>
    int run(const In* a, const In* b, Acc* c, int m, int n, int k, int batch, int transb, cudaStream_t stream)
    {
        if (!a || !b || !c) return -1;
        if (m <= 0 || n <= 0 || k < 0 || batch <= 0) return -2;
        const dim3 block(TILE, TILE);
        const dim3 grid((n + TILE - 1) / TILE, (m + TILE - 1) / TILE, batch);
        const int64_t sa = (int64_t)m * k, sb = (int64_t)k * n, sc = (int64_t)m * n;
        if (transb)
            tiled<In, Acc, TILE, true><<<grid, block, 0, stream>>>(a, b, c, m, n, k, sa, sb, sc);
        else
            tiled<In, Acc, TILE, false><<<grid, block, 0, stream>>>(a, b, c, m, n, k, sa, sb, sc);
        return cudaGetLastError() == cudaSuccess ? 0 : -3;
    }
}

MM_API int mm_f32(const float* a, const float* b, float* c, int m, int n, int k, int batch, int transb, cudaStream_t s)
{
    return mm::run<float, float, 16>(a, b, c, m, n, k, batch, transb, s);
}

MM_API int mm_f64(const double* a, const double* b, double* c, int m, int n, int k, int batch, int transb, cudaStream_t s)
{
    return mm::run<double, double, 8>(a, b, c, m, n, k, batch, transb, s);
}

MM_API int mm_s8(const int8_t* a, const int8_t* b, int32_t* c, int m, int n, int k, int batch, int transb, cudaStream_t s)
{
    return mm::run<int8_t, int32_t, 16>(a, b, c, m, n, k, batch, transb, s);
}
