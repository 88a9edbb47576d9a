// Rotary position embedding, applied in place to queries and keys.
// To be called from Python (ctypes) or C; see rope_apply() at the end.

#include <cuda_runtime.h>
#include <math.h>

namespace {

template <bool NeoX>
__device__ __forceinline__ void rotate(float* head, int pair, int pairs, float c, float s)
{
    // NeoX: first half against second half; otherwise neighbours
    const int i = NeoX ? pair : 2 * pair;
    const int j = NeoX ? pair + pairs : 2 * pair + 1;
    const float x = head[i], y = head[j];
    head[i] = x * c - y * s;
    head[j] = y * c + x * s;
}

}  // namespace

// grid: one block a token; the threads share the pairs of all heads
template <bool NeoX>
__global__ void rope_kernel(float* __restrict__ q, float* __restrict__ k, const int* __restrict__ positions, int q_heads,
                            int k_heads, int head_dim, int rot_dim, float log2_base)
{
    const int token = blockIdx.x;
    const int pairs = rot_dim / 2;
    const float pos = positions ? (float)positions[token] : (float)token;

    for (int i = threadIdx.x; i < (q_heads + k_heads) * pairs; i += blockDim.x) {
        const int head = i / pairs, pair = i % pairs;
        const float inv_freq = exp2f(-log2_base * (2 * pair) / rot_dim);
        float s, c;
        sincosf(pos * inv_freq, &s, &c);
        if (head < q_heads)
            rotate<NeoX>(q + ((size_t)token * q_heads + head) * head_dim, pair, pairs, c, s);
        else
            rotate<NeoX>(k + ((size_t)token * k_heads + head - q_heads) * head_dim, pair, pairs, c, s);
    }
}

extern "C" int rope_apply(float* q, float* k, const int* positions, int tokens, int q_heads, int k_heads, int head_dim,
                          int rot_dim, float base, int neox, void* stream)
{
    if (tokens <= 0)
        return 0;
    if (rot_dim > head_dim || rot_dim % 2 != 0)
        return -1;
    const int work = (q_heads + k_heads) * rot_dim / 2;
    const int threads = work < 256 ? (work + 31) / 32 * 32 : 256;
    cudaStream_t s = static_cast<cudaStream_t>(stream);
    if (neox)
        rope_kernel<true><<<tokens, threads, 0, s>>>(q, k, positions, q_heads, k_heads, head_dim, rot_dim, log2f(base));
    else
        rope_kernel<false><<<tokens, threads, 0, s>>>(q, k, positions, q_heads, k_heads, head_dim, rot_dim, log2f(base));
    return (int)cudaGetLastError();
}
