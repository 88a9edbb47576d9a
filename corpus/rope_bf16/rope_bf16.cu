// Rotary position embedding on bfloat16 queries, (tokens, heads, head_dim), in place: forward, and its backward.
#include <cuda_bf16.h>
#include <stdint.h>

// Neighbouring elements form a pair. One thread a pair; blockIdx.y is the head, blockIdx.z the token.
template <bool BACKWARD>
__global__ void rope_interleaved(__nv_bfloat16* __restrict__ x, const int64_t* __restrict__ positions, int heads,
                                 int head_dim, float log2_base)
{
    const int pair = blockIdx.x * blockDim.x + threadIdx.x;
    if (pair >= head_dim / 2)
        return;
    const int64_t row = (int64_t)blockIdx.z * heads + blockIdx.y;
    __nv_bfloat162* pairs = reinterpret_cast<__nv_bfloat162*>(x + row * head_dim);

    const float frequency = exp2f(-2.0f * pair / head_dim * log2_base);
    float s, c;
    sincosf((float)positions[blockIdx.z] * frequency, &s, &c);
    if (BACKWARD)
        s = -s;

    const float2 v = __bfloat1622float2(pairs[pair]);
    pairs[pair] = __floats2bfloat162_rn(v.x * c - v.y * s, v.x * s + v.y * c);
}

template __global__ void rope_interleaved<false>(__nv_bfloat16*, const int64_t*, int, int, float);
template __global__ void rope_interleaved<true>(__nv_bfloat16*, const int64_t*, int, int, float);

// The other convention: element i is paired with i + head_dim / 2, cosines and sines come from a table.
__global__ void rope_split_half(const __nv_bfloat16* x, const float* table /* (max_position, head_dim / 2, 2) */,
                                const int* positions, __nv_bfloat16* out, int tokens, int heads, int head_dim)
{
    const int half_dim = head_dim / 2;
    const int total = tokens * heads * half_dim;
    for (int k = blockIdx.x * blockDim.x + threadIdx.x; k < total; k += gridDim.x * blockDim.x)
    {
        const int i = k % half_dim;
        const int row = k / half_dim;          // token * heads + head
        const float2 cs = reinterpret_cast<const float2*>(table)[positions[row / heads] * half_dim + i];
        const float a = __bfloat162float(x[row * head_dim + i]);
        const float b = __bfloat162float(x[row * head_dim + i + half_dim]);
        out[row * head_dim + i] = __float2bfloat16_rn(a * cs.x - b * cs.y);
        out[row * head_dim + i + half_dim] = __float2bfloat16_rn(b * cs.x + a * cs.y);
    }
}
