// Pooling over ragged segments (graph read-out, EmbeddingBag without indices): sum, mean or max of the rows
// offsets[s] .. offsets[s + 1], column by column. Empty segments give zeros.
#include <cuda_runtime.h>
#include <math_constants.h>

enum pool_mode { POOL_SUM = 0, POOL_MEAN = 1, POOL_MAX = 2 };

template <pool_mode M> struct pool;

template <> struct pool<POOL_SUM> {
    __device__ static float start() { return 0.f; }
    __device__ static float join(float a, float v) { return a + v; }
    __device__ static float finish(float a, long long) { return a; }
};
template <> struct pool<POOL_MEAN> : pool<POOL_SUM> {
    __device__ static float finish(float a, long long count) { return a / static_cast<float>(count); }
};
template <> struct pool<POOL_MAX> {
    __device__ static float start() { return -CUDART_INF_F; }
    __device__ static float join(float a, float v) { return fmaxf(a, v); }
    __device__ static float finish(float a, long long) { return a; }
};

// one warp a segment (threadIdx.y), lanes over columns
template <pool_mode M>
__global__ void segment_pool_kernel(const float *x, const long long *offsets, float *out, int segments, int columns)
{
    typedef pool<M> P;
    const int s = blockIdx.x * blockDim.y + threadIdx.y;
    if (s >= segments) return;
    const long long from = offsets[s], to = offsets[s + 1];
    float *row = out + (long long)s * columns;
    if (from == to) {
        for (int c = threadIdx.x; c < columns; c += blockDim.x) row[c] = 0.f;
        return;
    }
    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
        float a = P::start();
        for (long long r = from; r < to; r++) a = P::join(a, x[r * columns + c]);
        row[c] = P::finish(a, to - from);
    }
}

// gradient of sum and mean: every row of a segment takes the segment's gradient; one block a segment
__global__ void segment_spread_kernel(const float *grad, const long long *offsets, float *dx, int columns, int mean)
{
    const long long from = offsets[blockIdx.x], rows = offsets[blockIdx.x + 1] - from;
    const float factor = mean && rows > 0 ? 1.f / rows : 1.f;
    for (long long k = threadIdx.x; k < rows * columns; k += blockDim.x)
        dx[from * columns + k] = grad[(long long)blockIdx.x * columns + k % columns] * factor;
}

#define POOL_CASE(MODE)                                                                            \
    case MODE:                                                                                     \
        segment_pool_kernel<MODE><<<(segments + 3) / 4, dim3(32, 4), 0, stream>>>(x, offsets, out, segments, columns); \
        break

extern "C" {

cudaError_t segment_pool_forward(const float *x, const long long *offsets, float *out, int segments, int columns,
                                 int mode, cudaStream_t stream)
{
    if (segments == 0) return cudaSuccess;
    switch (mode) {
        POOL_CASE(POOL_SUM);
        POOL_CASE(POOL_MEAN);
        POOL_CASE(POOL_MAX);
        default: return cudaErrorInvalidValue;
    }
    return cudaPeekAtLastError();
}

cudaError_t segment_pool_backward(const float *grad, const long long *offsets, float *dx, int segments, int columns,
                                  int mode, cudaStream_t stream)
{
    if (mode != POOL_SUM && mode != POOL_MEAN) return cudaErrorNotSupported;
    if (segments > 0)
        segment_spread_kernel<<<segments, 96, 0, stream>>>(grad, offsets, dx, columns, mode == POOL_MEAN);
    return cudaPeekAtLastError();
}

}
