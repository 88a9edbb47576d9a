// Fewer atomics: threads of a warp that want the same counter let one of them ask for all.
#include <cstdio>
#include <cstdlib>
#include <algorithm>
#include <set>
#include <vector>
#include "cuda_runtime.h"

#define FULL 0xffffffffu
#define BUCKETS 24

__device__ int d_kept;                      // length of the filtered list
__device__ unsigned int d_words[BUCKETS];   // sums of weights

static __device__ __forceinline__ unsigned lanemask_lt()
{
    unsigned m;
    asm("mov.u32 %0, %%lanemask_lt;" : "=r"(m));
    return m;
}

// one atomicAdd a warp; must be called by all threads of the mask
__device__ int reserve(int *counter, unsigned mask)
{
    const int leader = __ffs(mask) - 1;
    const int lane = threadIdx.x & 31;
    int base = 0;
    if (lane == leader)
        base = atomicAdd(counter, __popc(mask));
    base = __shfl_sync(mask, base, leader);
    return base + __popc(mask & lanemask_lt());
}

// keeps the multiples of k, in any order
__global__ void filter_multiples(const int *src, int *dst, int n, int k)
{
    const int i = threadIdx.x + blockIdx.x * blockDim.x;
    const bool keep = i < n && src[i] % k == 0;
    const unsigned mask = __ballot_sync(FULL, keep);
    if (keep)
        dst[reserve(&d_kept, mask)] = src[i];
}

// counts and weights by bucket; equal buckets within a warp are found by match
__global__ void bucket_sums(const int *src, unsigned *counts, int n)
{
    for (int base = blockIdx.x * blockDim.x; base < n; base += gridDim.x * blockDim.x) {
        const int i = base + threadIdx.x;
        const int bucket = i < n ? src[i] % BUCKETS : -1;
        const unsigned peers = __match_any_sync(FULL, bucket);
        if (bucket < 0)
            continue;
        const unsigned weight = __reduce_add_sync(peers, (unsigned)src[i] & 7u);
        if ((peers & lanemask_lt()) == 0) {   // the first of its peers
            atomicAdd(counts + bucket, __popc(peers));
            atomicAdd(&d_words[bucket], weight);
        }
    }
}

// which values occur: a bitmap; says how many were new
__global__ void mark_seen(const int *src, unsigned *bitmap, int *fresh, int n)
{
    const int i = threadIdx.x + blockIdx.x * blockDim.x;
    if (i >= n)
        return;
    const unsigned bit = 1u << (src[i] & 31);
    const unsigned before = atomicOr(&bitmap[src[i] >> 5], bit);
    if (!(before & bit))
        atomicAdd(fresh, 1);
}

int main(int argc, char **argv)
{
    const int n = argc > 1 ? std::atoi(argv[1]) : 7001, top = 4096, k = 5;
    std::vector<int> v(n);
    unsigned x = 1u;
    for (int &e : v) { x = x * 69069u + 1u; e = (int)(x >> 20) % top; }

    int *src, *dst, *fresh;
    unsigned *counts, *bitmap;
    bool fine = cudaMalloc(&src, n * sizeof(int)) == cudaSuccess && cudaMalloc(&dst, n * sizeof(int)) == cudaSuccess &&
                cudaMalloc(&fresh, sizeof(int)) == cudaSuccess && cudaMalloc(&counts, sizeof(unsigned) * BUCKETS) == cudaSuccess &&
                cudaMalloc(&bitmap, top / 8) == cudaSuccess;
    if (!fine) { std::puts("cudaMalloc failed"); return 1; }
    cudaMemcpy(src, v.data(), n * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemset(counts, 0, sizeof(unsigned) * BUCKETS);
    cudaMemset(bitmap, 0, top / 8);
    cudaMemset(fresh, 0, sizeof(int));
    const int zero = 0;
    cudaMemcpyToSymbol(d_kept, &zero, sizeof zero);

    const dim3 block(128), grid((n + block.x - 1) / block.x);
    filter_multiples<<<grid, block>>>(src, dst, n, k);
    bucket_sums<<<3, block>>>(src, counts, n);
    mark_seen<<<grid, block>>>(src, bitmap, fresh, n);
    const cudaError_t status = cudaDeviceSynchronize();
    if (status != cudaSuccess) { std::puts(cudaGetErrorString(status)); return 1; }

    int kept = 0, distinct = 0;
    unsigned words[BUCKETS], hist[BUCKETS];
    cudaMemcpyFromSymbol(&kept, d_kept, sizeof kept);
    cudaMemcpyFromSymbol(words, d_words, sizeof words);
    cudaMemcpy(hist, counts, sizeof hist, cudaMemcpyDeviceToHost);
    cudaMemcpy(&distinct, fresh, sizeof distinct, cudaMemcpyDeviceToHost);
    std::vector<int> out(kept);
    cudaMemcpy(out.data(), dst, kept * sizeof(int), cudaMemcpyDeviceToHost);

    // reference: sort, then everything is a range
    std::sort(v.begin(), v.end());
    std::sort(out.begin(), out.end());
    std::vector<int> want;
    for (int m = 0; m < top; m += k) {
        const auto r = std::equal_range(v.begin(), v.end(), m);
        want.insert(want.end(), r.first, r.second);
    }
    bool ok = out == want && (size_t)distinct == std::set<int>(v.begin(), v.end()).size();
    for (int b = 0; b < BUCKETS; ++b) {
        unsigned c = 0, w = 0;
        for (int m = b; m < top; m += BUCKETS) {
            const auto r = std::equal_range(v.begin(), v.end(), m);
            c += r.second - r.first;
            w += (r.second - r.first) * (m % 8);
        }
        ok = ok && hist[b] == c && words[b] == w;
    }
    std::printf("kept %d of %d, %d distinct\n%s\n", kept, n, distinct, ok ? "PASS" : "FAIL");
    cudaFree(src); cudaFree(dst); cudaFree(fresh); cudaFree(counts); cudaFree(bitmap);
    return ok ? 0 : 1;
}
