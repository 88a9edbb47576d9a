// All-pairs Hamming distances of binary fingerprints, for use from other languages (ctypes, cgo, ...).
//
//   int hamming_matrix(const uint32_t *a, const uint32_t *b, uint16_t *distance, int na, int nb, int words, stream)
//
// All pointers are device pointers. Rows have `words` 32-bit words, a multiple of 4. Returns a cudaError_t.

#include <cuda_runtime.h>
#include <cstdint>

namespace
{
    const int TILE = 16;

    __device__ inline int distance4(uint4 p, uint4 q)
    {
        return __popc(p.x ^ q.x) + __popc(p.y ^ q.y) + __popc(p.z ^ q.z) + __popc(p.w ^ q.w);
    }
}

__global__ void hamming_kernel(const uint32_t* __restrict__ a, const uint32_t* __restrict__ b,
                               uint16_t* __restrict__ distance, int na, int nb, int words)
{
    __shared__ uint4 rows_a[TILE][TILE + 1];
    __shared__ uint4 rows_b[TILE][TILE + 1];

    const int tx = threadIdx.x, ty = threadIdx.y;
    const int col = blockIdx.x * TILE + tx;
    const int row = blockIdx.y * TILE + ty;
    const int quads = words >> 2;
    const uint4 zero = make_uint4(0, 0, 0, 0);

    int total = 0;
    for (int q0 = 0; q0 < quads; q0 += TILE)
    {
        const int q = q0 + tx;
        const int load_b = blockIdx.x * TILE + ty;
        rows_a[ty][tx] = (row < na && q < quads) ? reinterpret_cast<const uint4*>(a)[row * quads + q] : zero;
        rows_b[ty][tx] = (load_b < nb && q < quads) ? reinterpret_cast<const uint4*>(b)[load_b * quads + q] : zero;
        __syncthreads();

        #pragma unroll
        for (int k = 0; k < TILE; ++k)
            total += distance4(rows_a[ty][k], rows_b[tx][k]);
        __syncthreads();
    }

    if (row < na && col < nb)
        distance[static_cast<size_t>(row) * nb + col] = static_cast<uint16_t>(total);
}

extern "C" int hamming_matrix(const uint32_t* a, const uint32_t* b, uint16_t* distance, int na, int nb, int words,
                              cudaStream_t stream)
{
    if (words % 4 != 0)
        return cudaErrorInvalidValue;
    if (na <= 0 || nb <= 0)
        return cudaSuccess;
    const dim3 block(TILE, TILE);
    const dim3 grid((nb + TILE - 1) / TILE, (na + TILE - 1) / TILE);
    hamming_kernel<<<grid, block, 0, stream>>>(a, b, distance, na, nb, words);
    return cudaGetLastError();
}
