////////////////////////////////////////////////////////////////////////////////
// Bitonic sort of (key, value) pairs.
// Arrays of any length: padded with the largest key up to the next power of two.
////////////////////////////////////////////////////////////////////////////////
#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <vector>
#include <utility>
#include <cuda_runtime.h>

typedef unsigned int uint;

#define SHARED_SIZE_LIMIT 256U

#define COMPARE_SWAP(ka, va, kb, vb, dir)      \
    if (((ka) > (kb)) == (dir))                \
    {                                          \
        uint t;                                \
        t = (ka); (ka) = (kb); (kb) = t;       \
        t = (va); (va) = (vb); (vb) = t;       \
    }

////////////////////////////////////////////////////////////////////////////////
// Sorts each run of SHARED_SIZE_LIMIT pairs in shared memory; odd runs descend.
////////////////////////////////////////////////////////////////////////////////
__global__ void bitonicSortShared(uint *d_Key, uint *d_Val)
{
    __shared__ uint s_key[SHARED_SIZE_LIMIT];
    __shared__ uint s_val[SHARED_SIZE_LIMIT];

    uint pos = blockIdx.x * SHARED_SIZE_LIMIT + threadIdx.x;
    d_Key += pos;
    d_Val += pos;
    s_key[threadIdx.x] = d_Key[0];
    s_val[threadIdx.x] = d_Val[0];
    s_key[threadIdx.x + SHARED_SIZE_LIMIT / 2] = d_Key[SHARED_SIZE_LIMIT / 2];
    s_val[threadIdx.x + SHARED_SIZE_LIMIT / 2] = d_Val[SHARED_SIZE_LIMIT / 2];

    for (uint size = 2; size < SHARED_SIZE_LIMIT; size <<= 1)
    {
        // direction of this part of the bitonic sequence
        uint ddd = (threadIdx.x & (size / 2)) == 0;
        for (uint stride = size / 2; stride > 0; stride >>= 1)
        {
            __syncthreads();
            uint p = 2 * threadIdx.x - (threadIdx.x & (stride - 1));
            COMPARE_SWAP(s_key[p], s_val[p], s_key[p + stride], s_val[p + stride], ddd);
        }
    }

    uint last = (blockIdx.x & 1) == 0;
    for (uint stride = SHARED_SIZE_LIMIT / 2; stride > 0; stride >>= 1)
    {
        __syncthreads();
        uint p = 2 * threadIdx.x - (threadIdx.x & (stride - 1));
        COMPARE_SWAP(s_key[p], s_val[p], s_key[p + stride], s_val[p + stride], last);
    }

    __syncthreads();
    d_Key[0] = s_key[threadIdx.x];
    d_Val[0] = s_val[threadIdx.x];
    d_Key[SHARED_SIZE_LIMIT / 2] = s_key[threadIdx.x + SHARED_SIZE_LIMIT / 2];
    d_Val[SHARED_SIZE_LIMIT / 2] = s_val[threadIdx.x + SHARED_SIZE_LIMIT / 2];
}

// One step of a merge that is too long for shared memory.
__global__ void bitonicMergeGlobal(uint *d_Key, uint *d_Val, uint size, uint stride)
{
    uint i = blockIdx.x * blockDim.x + threadIdx.x;
    uint ddd = (i & (size / 2)) == 0;
    uint pos = 2 * i - (i & (stride - 1));

    uint keyA = d_Key[pos], valA = d_Val[pos];
    uint keyB = d_Key[pos + stride], valB = d_Val[pos + stride];

    COMPARE_SWAP(keyA, valA, keyB, valB, ddd);

    d_Key[pos] = keyA;
    d_Val[pos] = valA;
    d_Key[pos + stride] = keyB;
    d_Val[pos + stride] = valB;
}

// Returns the number of launches.
static uint sortPairs(uint *d_Key, uint *d_Val, uint arrayLength)
{
    assert(arrayLength % SHARED_SIZE_LIMIT == 0);
    uint launches = 1;
    bitonicSortShared<<<arrayLength / SHARED_SIZE_LIMIT, SHARED_SIZE_LIMIT / 2>>>(d_Key, d_Val);
    for (uint size = 2 * SHARED_SIZE_LIMIT; size <= arrayLength; size <<= 1)
        for (uint stride = size / 2; stride > 0; stride >>= 1, ++launches)
            bitonicMergeGlobal<<<arrayLength / 256, 128>>>(d_Key, d_Val, size, stride);
    return launches;
}

int main(int argc, char **argv)
{
    const uint n = argc > 1 ? (uint)strtoul(argv[1], NULL, 0) : 1700U;
    uint padded = SHARED_SIZE_LIMIT;
    while (padded < n)
        padded <<= 1;

    std::vector<uint> keys(padded, 0xFFFFFFFFU), vals(padded, 0xFFFFFFFFU);
    for (uint i = 0; i < n; ++i)
    {
        keys[i] = (i * 2654435761U) >> 22; // many equal keys
        vals[i] = i;
    }
    std::vector<std::pair<uint, uint> > want;
    for (uint i = 0; i < n; ++i)
        want.push_back(std::make_pair(keys[i], vals[i]));
    std::sort(want.begin(), want.end());

    uint *d_Key = NULL, *d_Val = NULL;
    cudaMalloc((void **)&d_Key, padded * sizeof(uint));
    cudaMalloc((void **)&d_Val, padded * sizeof(uint));
    cudaMemcpy(d_Key, &keys[0], padded * sizeof(uint), cudaMemcpyHostToDevice);
    cudaMemcpy(d_Val, &vals[0], padded * sizeof(uint), cudaMemcpyHostToDevice);

    cudaEvent_t start, stop;
    cudaEventCreate(&start);
    cudaEventCreate(&stop);
    cudaEventRecord(start, 0);
    const uint launches = sortPairs(d_Key, d_Val, padded);
    cudaEventRecord(stop, 0);
    cudaEventSynchronize(stop);
    float msec = 0;
    cudaEventElapsedTime(&msec, start, stop);

    cudaMemcpy(&keys[0], d_Key, padded * sizeof(uint), cudaMemcpyDeviceToHost);
    cudaMemcpy(&vals[0], d_Val, padded * sizeof(uint), cudaMemcpyDeviceToHost);
    if (cudaGetLastError() != cudaSuccess)
        return 2;

    // Bitonic sort is not stable: keys must agree, and the pairs as a set.
    bool ok = true;
    std::vector<std::pair<uint, uint> > got;
    for (uint i = 0; i < n; ++i)
    {
        ok = ok && keys[i] == want[i].first;
        got.push_back(std::make_pair(keys[i], vals[i]));
    }
    std::sort(got.begin(), got.end());
    ok = ok && got == want;

    printf("%u pairs, %u launches, %s\n", n, launches, msec >= 0.0f ? "timed" : "no time");
    printf("Test %s\n", ok ? "PASSED" : "FAILED");
    cudaEventDestroy(start);
    cudaEventDestroy(stop);
    cudaFree(d_Key);
    cudaFree(d_Val);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
