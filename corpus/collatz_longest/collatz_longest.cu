#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cuda_runtime.h>

/* Which start below a limit has the longest 3n+1 sequence? The kernel itself reports it, too. */

__device__ unsigned long long d_longest;  /* steps << 32 | ~start: the smaller start wins a tie */

__global__ void collatz(unsigned int limit, unsigned int *histogram, int bins)
{
    for (unsigned int start = blockIdx.x * blockDim.x + threadIdx.x + 1; start < limit; start += gridDim.x * blockDim.x) {
        unsigned long long n = start;
        unsigned int steps = 0;
        while (n != 1) {
            assert(n < (1ULL << 62));
            n = (n & 1) ? 3 * n + 1 : n >> 1;
            ++steps;
        }
        atomicAdd(&histogram[min((int)steps, bins - 1)], 1u);
        atomicMax(&d_longest, (unsigned long long)steps << 32 | (unsigned int)~start);
    }
}

/* One thread prints; the others hold the highest values of parts of the orbit. */
__global__ void report(unsigned long long *peak)
{
    __shared__ unsigned long long orbit[64];
    __shared__ int length;
    unsigned long long n = (unsigned int)~(unsigned int)d_longest, highest = 0;

again:
    if (threadIdx.x == 0) {
        length = 0;
        while (length < 64 && n != 0) {
            orbit[length++] = n;
            n = n == 1 ? 0 : (n & 1) ? 3 * n + 1 : n / 2;
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < length; i += blockDim.x)
        highest = orbit[i] > highest ? orbit[i] : highest;
    int full = length == 64;
    __syncthreads();
    if (full)
        goto again;

    atomicMax(peak, highest);
    __syncthreads();
    if (threadIdx.x == 0)
        printf("start %u needs %u steps and climbs to %llu\n", ~(unsigned int)d_longest, (unsigned int)(d_longest >> 32), *peak);
}

int main(int argc, char **argv)
{
    unsigned int limit = argc > 1 ? (unsigned int)strtoul(argv[1], 0, 10) : 20000u;
    const int bins = 200; /* longer ones share the last */
    unsigned int *d_histogram, *histogram = (unsigned int *)malloc(bins * sizeof(unsigned int));
    unsigned long long *d_peak, peak, longest;
    void *symbol;

    if (cudaMalloc((void **)&d_histogram, bins * sizeof(unsigned int)) || cudaMalloc((void **)&d_peak, sizeof peak)) {
        fprintf(stderr, "out of memory\n");
        return 2;
    }
    cudaMemset(d_histogram, 0, bins * sizeof(unsigned int));
    cudaMemset(d_peak, 0, sizeof peak);
    cudaGetSymbolAddress(&symbol, d_longest);
    cudaMemset(symbol, 0, sizeof longest);

    collatz<<<11, 100>>>(limit, d_histogram, bins);
    report<<<1, 40>>>(d_peak);
    cudaDeviceSynchronize();
    cudaMemcpyFromSymbol(&longest, d_longest, sizeof longest);
    cudaMemcpy(&peak, d_peak, sizeof peak, cudaMemcpyDeviceToHost);
    cudaMemcpy(histogram, d_histogram, bins * sizeof(unsigned int), cudaMemcpyDeviceToHost);
    if (cudaGetLastError() != cudaSuccess)
        return 2;

    /* Reference with memory: a sequence ends where it falls below its start. */
    unsigned short *steps = (unsigned short *)calloc(limit, sizeof(unsigned short));
    unsigned int want[200], best = 1;
    memset(want, 0, sizeof want);
    for (unsigned int s = 1; s < limit; ++s) {
        unsigned long long n = s;
        unsigned int k = 0;
        for (; n >= s && n != 1; ++k)
            n = n % 2 ? n * 3 + 1 : n / 2;
        steps[s] = (unsigned short)(k + (n == 1 ? 0 : steps[n]));
        ++want[steps[s] < bins ? steps[s] : bins - 1];
        if (steps[s] > steps[best])
            best = s;
    }
    unsigned long long top = 0;
    for (unsigned long long n = best; n != 1; n = n % 2 ? n * 3 + 1 : n / 2)
        if (n > top)
            top = n;
    int ok = (unsigned int)~(unsigned int)longest == best && longest >> 32 == steps[best] && peak == top &&
             memcmp(histogram, want, sizeof want) == 0;
    printf("%s\n", ok ? "PASS" : "FAIL");
    cudaFree(d_histogram);
    cudaFree(d_peak);
    free(histogram);
    free(steps);
    return !ok;
}
