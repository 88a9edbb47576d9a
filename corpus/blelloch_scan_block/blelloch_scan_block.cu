// Work-efficient exclusive scan of blocks (Blelloch 1990) with recursion over the block sums on the host side.
#include <cuda_runtime.h>
#include <stddef.h>

#define LOG_BANKS 5
#define PAD(i) ((i) + ((i) >> LOG_BANKS))
#define ELEMS(threads) (2 * (threads))
#define SMEM(threads) ((PAD(ELEMS(threads)) + 1) * sizeof(int))

template <bool WRITE_SUMS>
__global__ void blelloch_scan(int *out, const int *in, int *sums, int n)
{
    extern __shared__ int s[];
    const int t = threadIdx.x, width = 2 * blockDim.x;   // a power of two
    const int base = blockIdx.x * width;
    const int ia = t, ib = t + blockDim.x;

    s[PAD(ia)] = base + ia < n ? in[base + ia] : 0;
    s[PAD(ib)] = base + ib < n ? in[base + ib] : 0;

    int offset = 1;
    for (int d = width >> 1; d > 0; d >>= 1) {
        __syncthreads();
        if (t < d) {
            const int ai = PAD(offset * (2 * t + 1) - 1), bi = PAD(offset * (2 * t + 2) - 1);
            s[bi] += s[ai];
        }
        offset <<= 1;
    }

    if (WRITE_SUMS) {      // known when compiled: the same way for all threads
        __syncthreads();
        if (t == blockDim.x - 1)
            sums[blockIdx.x] = s[PAD(width - 1)];
        __syncthreads();
    }
    if (t == 0)
        s[PAD(width - 1)] = 0;

    for (int d = 1; d < width; d <<= 1) {
        offset >>= 1;
        __syncthreads();
        if (t < d) {
            const int ai = PAD(offset * (2 * t + 1) - 1), bi = PAD(offset * (2 * t + 2) - 1);
            const int left = s[ai];
            s[ai] = s[bi];
            s[bi] += left;
        }
    }
    __syncthreads();

    if (base + ia < n) out[base + ia] = s[PAD(ia)];
    if (base + ib < n) out[base + ib] = s[PAD(ib)];
}

__global__ void add_block_offsets(int *out, const int *offsets, int n, int width)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        out[i] += __ldg(&offsets[i / width]);
}

enum { THREADS = 64 };

extern "C" size_t scan_workspace(int n)
{
    size_t need = 0;
    while (n > ELEMS(THREADS)) {
        n = (n + ELEMS(THREADS) - 1) / ELEMS(THREADS);
        need += n;
    }
    return (need + 1) * sizeof(int);
}

extern "C" cudaError_t scan_exclusive(int *out, const int *in, int n, int *workspace)
{
    if (n <= 0)
        return cudaSuccess;
    const int blocks = (n + ELEMS(THREADS) - 1) / ELEMS(THREADS);
    if (blocks == 1) {
        blelloch_scan<false><<<1, THREADS, SMEM(THREADS)>>>(out, in, NULL, n);
        return cudaGetLastError();
    }
    blelloch_scan<true><<<blocks, THREADS, SMEM(THREADS)>>>(out, in, workspace, n);
    cudaError_t e = scan_exclusive(workspace, workspace, blocks, workspace + blocks);
    if (e != cudaSuccess)
        return e;
    add_block_offsets<<<(n + 255) / 256, 256>>>(out, workspace, n, ELEMS(THREADS));
    return cudaGetLastError();
}
