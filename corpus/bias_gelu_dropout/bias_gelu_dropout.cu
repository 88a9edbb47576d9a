// y = dropout(gelu(x + bias)); C interface for a training library. No state: the mask follows from seed and index.
#include <cstdint>
#include <cuda_runtime.h>

#define BLK 128

__device__ static inline uint32_t mix(uint32_t seed, uint32_t index)
{
    uint32_t h = seed ^ (index * 0x9E3779B9u);
    h ^= h >> 16;  h *= 0x7FEB352Du;
    h ^= h >> 15;  h *= 0x846CA68Bu;
    h ^= h >> 16;
    return h;
}

// keep when the hash, as a fraction of 2^32, lies above the drop rate
__device__ static inline bool keep(uint32_t seed, uint32_t index, float rate)
{
    return (mix(seed, index) >> 8) * (1.0f / 16777216.0f) >= rate;
}

static const float kAlpha = 0.7978845608f;   // sqrt(2 / pi)
#define K_BETA 0.044715f

__global__ void bias_gelu_dropout_fwd(const float *x, const float *bias, float *y, uint8_t *mask, int rows, int cols,
                                      float rate, uint32_t seed)
{
    const int col = blockIdx.x * blockDim.x + threadIdx.x;
    if (col >= cols) return;
    const float b = bias[col];
    for (int row = blockIdx.y; row < rows; row += gridDim.y) {
        const uint32_t i = (uint32_t)row * cols + col;
        const float v = x[i] + b;
        const float g = 0.5f * v * (1.0f + tanhf(kAlpha * (v + K_BETA * v * v * v)));
        const bool k = keep(seed, i, rate);
        mask[i] = k;
        y[i] = k ? g / (1.0f - rate) : 0.0f;
    }
}

__global__ void bias_gelu_dropout_bwd(const float *dy, const float *x, const float *bias, const uint8_t *mask, float *dx,
                                      float *dbias, int rows, int cols, float rate)
{
    const int col = blockIdx.x * blockDim.x + threadIdx.x;
    if (col >= cols) return;
    const float b = bias[col];
    float sum = 0.0f;
    for (int row = blockIdx.y; row < rows; row += gridDim.y) {
        const uint32_t i = (uint32_t)row * cols + col;
        float d = 0.0f;
        if (mask[i]) {
            const float v = x[i] + b;
            const float t = tanhf(kAlpha * (v + K_BETA * v * v * v));
            const float slope = 0.5f * (1.0f + t) + 0.5f * v * (1.0f - t * t) * kAlpha * (1.0f + 3.0f * K_BETA * v * v);
            d = dy[i] * slope / (1.0f - rate);
        }
        dx[i] = d;
        sum += d;
    }
    atomicAdd(dbias + col, sum);
}

extern "C" int bgd_forward(const float *x, const float *bias, float *y, uint8_t *mask, int rows, int cols, float rate,
                           uint32_t seed, cudaStream_t stream)
{
    if (rows <= 0 || cols <= 0 || rate < 0 || rate >= 1) return cudaErrorInvalidValue;
    dim3 grid((cols + BLK - 1) / BLK, rows < 64 ? rows : 64);
    bias_gelu_dropout_fwd<<<grid, BLK, 0, stream>>>(x, bias, y, mask, rows, cols, rate, seed);
    return cudaPeekAtLastError();
}

extern "C" int bgd_backward(const float *dy, const float *x, const float *bias, const uint8_t *mask, float *dx,
                            float *dbias, int rows, int cols, float rate, cudaStream_t stream)
{
    if (rows <= 0 || cols <= 0) return cudaErrorInvalidValue;
    cudaMemsetAsync(dbias, 0, sizeof(float) * cols, stream);
    dim3 grid((cols + BLK - 1) / BLK, rows < 16 ? rows : 16);
    bias_gelu_dropout_bwd<<<grid, BLK, 0, stream>>>(dy, x, bias, mask, dx, dbias, rows, cols, rate);
    return cudaPeekAtLastError();
}
