// Dropout: forward draws the mask from Philox and packs it into bits, backward reads the bits back.
#include <cuda_runtime.h>

template <typename T, int N>
struct __align__(sizeof(T) * N) Vec {
    T v[N];
};

__device__ __forceinline__ uint4 philox_4x32_7(uint2 key, uint4 ctr)
{
    #pragma unroll
    for (int r = 0; r < 7; ++r) {
        unsigned lo0 = ctr.x * 0xD2511F53u, hi0 = __umulhi(ctr.x, 0xD2511F53u);
        unsigned lo1 = ctr.z * 0xCD9E8D57u, hi1 = __umulhi(ctr.z, 0xCD9E8D57u);
        ctr = make_uint4(hi1 ^ ctr.y ^ key.x, lo1, hi0 ^ ctr.w ^ key.y, lo0);
        key.x += 0x9E3779B9u, key.y += 0xBB67AE85u;
    }
    return ctr;
}

// One element a thread and turn; a warp writes one mask word. Whole warps stay in the loop to the end.
template <typename T>
__global__ void dropout_forward(const T *__restrict__ x, T *__restrict__ y, unsigned *__restrict__ mask, unsigned n,
                                float drop_probability, unsigned seed_lo, unsigned seed_hi)
{
    const unsigned threshold = (unsigned)(drop_probability * 65536.0f);
    const T scale = (T)(1.0f / (1.0f - drop_probability));
    const unsigned rounded = (n + 31u) & ~31u;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < rounded; i += gridDim.x * blockDim.x) {
        const uint4 r = philox_4x32_7(make_uint2(seed_lo, seed_hi), make_uint4(i >> 3, 0u, 0u, 0u));
        const unsigned word = (i & 4u) ? ((i & 2u) ? r.w : r.z) : ((i & 2u) ? r.y : r.x);
        const unsigned draw = (i & 1u) ? word >> 16 : word & 0xffffu;
        const bool keep = i < n && draw >= threshold;
        const unsigned bits = __ballot_sync(0xffffffffu, keep);
        if ((i & 31u) == 0)
            mask[i >> 5] = bits;
        if (i < n)
            y[i] = keep ? x[i] * scale : T(0);
    }
}

// N neighbouring elements a thread, loaded and stored as one vector; n is a multiple of N.
template <typename T, int N>
__global__ void dropout_backward(const T *__restrict__ dy, const unsigned *__restrict__ mask, T *__restrict__ dx,
                                 unsigned n, float drop_probability)
{
    const unsigned first = (blockIdx.x * blockDim.x + threadIdx.x) * N;
    if (first >= n)
        return;
    const T scale = (T)(1.0f / (1.0f - drop_probability));
    Vec<T, N> g = *reinterpret_cast<const Vec<T, N> *>(dy + first);
    const unsigned bits = mask[first >> 5] >> (first & 31u);
    #pragma unroll
    for (int k = 0; k < N; ++k)
        g.v[k] = (bits >> k) & 1u ? g.v[k] * scale : T(0);
    *reinterpret_cast<Vec<T, N> *>(dx + first) = g;
}
