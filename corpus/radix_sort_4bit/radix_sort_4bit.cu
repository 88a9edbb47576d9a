// Stable least-significant-digit radix sort, four bits a pass.
#include <cuda_runtime.h>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

constexpr int kBits = 4;
constexpr int kBuckets = 1 << kBits;
constexpr int kWarps = 4;
constexpr int kThreads = kWarps * 32;
constexpr int kTile = kThreads;  // keys of a block

__device__ __forceinline__ unsigned lanes_below()
{
    unsigned mask;
    asm("mov.u32 %0, %%lanemask_lt;" : "=r"(mask));
    return mask;
}

template <typename Key>
__device__ __forceinline__ int digit(Key key, int shift)
{
    return static_cast<int>((key >> shift) & (kBuckets - 1));
}

// Lanes of the warp that hold the same digit.
__device__ unsigned peers(int d, unsigned valid)
{
    unsigned same = valid;
#pragma unroll
    for (int b = 0; b < kBits; ++b) {
        const bool one = d >> b & 1;
        const unsigned votes = __ballot_sync(0xffffffffu, one);
        same &= one ? votes : ~votes;
    }
    return same;
}

// counts[bucket * blocks + block]
template <typename Key>
__global__ void count_digits(const Key *keys, int n, int shift, int *counts)
{
    __shared__ int bins[kBuckets];
    if (threadIdx.x < kBuckets) bins[threadIdx.x] = 0;
    __syncthreads();
    const int i = blockIdx.x * kTile + threadIdx.x;
    if (i < n) atomicAdd(&bins[digit(keys[i], shift)], 1);
    __syncthreads();
    if (threadIdx.x < kBuckets) counts[threadIdx.x * gridDim.x + blockIdx.x] = bins[threadIdx.x];
}

// One warp scans all counts, 32 at a time, with a running carry.
__global__ void exclusive_scan(int *counts, int n)
{
    const int lane = threadIdx.x;
    int carry = 0;
    for (int base = 0; base < n; base += 32) {
        const int mine = base + lane < n ? counts[base + lane] : 0;
        int sum = mine;
        for (int d = 1; d < 32; d *= 2) {
            const int below = __shfl_up_sync(0xffffffffu, sum, d);
            if (lane >= d) sum += below;
        }
        if (base + lane < n) counts[base + lane] = carry + sum - mine;
        carry += __shfl_sync(0xffffffffu, sum, 31);
    }
}

template <typename Key>
__global__ void __launch_bounds__(kThreads) scatter(const Key *in, Key *out, int n, int shift, const int *offsets)
{
    __shared__ int per_warp[kWarps][kBuckets];
    const int warp = threadIdx.x / 32;
    const int i = blockIdx.x * kTile + threadIdx.x;
    for (int k = threadIdx.x; k < kWarps * kBuckets; k += kThreads) (&per_warp[0][0])[k] = 0;
    __syncthreads();

    const bool have = i < n;
    const unsigned valid = __ballot_sync(0xffffffffu, have);
    const Key key = have ? in[i] : Key(0);
    const int d = digit(key, shift);
    const unsigned same = peers(d, valid);
    const int rank = __popc(same & lanes_below());
    if (have && rank == 0) per_warp[warp][d] = __popc(same);
    __syncthreads();

    if (!have) return;
    int before = 0;
    for (int w = 0; w < warp; ++w) before += per_warp[w][d];
    out[offsets[d * gridDim.x + blockIdx.x] + before + rank] = key;
}

template <typename Key>
bool radix_sort(std::vector<Key> &keys)
{
    const int n = static_cast<int>(keys.size());
    const int blocks = (n + kTile - 1) / kTile;
    Key *a, *b;
    int *counts;
    cudaMalloc(&a, n * sizeof(Key));
    cudaMalloc(&b, n * sizeof(Key));
    cudaMalloc(&counts, blocks * kBuckets * sizeof(int));
    cudaMemcpy(a, keys.data(), n * sizeof(Key), cudaMemcpyHostToDevice);
    for (int shift = 0; shift < static_cast<int>(8 * sizeof(Key)); shift += kBits) {
        count_digits<<<blocks, kThreads>>>(a, n, shift, counts);
        exclusive_scan<<<1, 32>>>(counts, blocks * kBuckets);
        scatter<<<blocks, kThreads>>>(a, b, n, shift, counts);
        std::swap(a, b);
    }
    const bool fine = cudaDeviceSynchronize() == cudaSuccess;
    cudaMemcpy(keys.data(), a, n * sizeof(Key), cudaMemcpyDeviceToHost);
    cudaFree(a);
    cudaFree(b);
    cudaFree(counts);
    return fine;
}

// Floats sort like unsigned integers once negative ones are flipped.
uint32_t encode(float f)
{
    uint32_t u;
    std::memcpy(&u, &f, sizeof u);
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}

float decode(uint32_t u)
{
    u = u & 0x80000000u ? u & 0x7fffffffu : ~u;
    float f;
    std::memcpy(&f, &u, sizeof f);
    return f;
}

int main()
{
#ifndef KEYS
#define KEYS 1531
#endif
    std::vector<float> floats(KEYS);
    std::vector<uint32_t> codes(KEYS);
    std::vector<unsigned long long> wide(KEYS / 3 + 1);
    uint64_t s = 88172645463325252ull;
    for (int i = 0; i < KEYS; ++i) {
        s ^= s << 13, s ^= s >> 7, s ^= s << 17;
        floats[i] = (static_cast<int>(s >> 40) - (1 << 23)) * 3.5e-3f;
        codes[i] = encode(floats[i]);
        wide[i / 3] = s;
    }
    auto wide_sorted = wide;
    std::sort(wide_sorted.begin(), wide_sorted.end());
    std::sort(floats.begin(), floats.end());

    bool ok = radix_sort(codes) && radix_sort(wide);
    for (int i = 0; i < KEYS; ++i) ok = ok && decode(codes[i]) == floats[i];
    ok = ok && wide == wide_sorted;
    std::printf("%s\n", ok ? "PASS" : "FAIL");
    return !ok;
}
