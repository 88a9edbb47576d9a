// Estimate pi by throwing darts. Each thread owns an xorshift128 generator whose state lives in global memory
// between launches, so that a second launch goes on where the first one stopped.
#include <stdio.h>
#include <stdlib.h>
#include <cuda.h>
#include <cuda_runtime.h>

#ifndef THREADS
#define THREADS 64
#endif
#ifndef BLOCKS
#define BLOCKS 5
#endif

struct xorshift128 {
    unsigned x, y, z, w;
};

static __host__ __device__ inline unsigned next_random(struct xorshift128 *g)
{
    unsigned t = g->x ^ (g->x << 11);
    g->x = g->y;
    g->y = g->z;
    g->z = g->w;
    g->w = (g->w ^ (g->w >> 19)) ^ (t ^ (t >> 8));
    return g->w;
}

__global__ void seed_generators(struct xorshift128 *states, unsigned seed)
{
    unsigned id = blockIdx.x * blockDim.x + threadIdx.x;
    struct xorshift128 g;
    /* splitmix-like hashing keeps neighbouring threads apart */
    unsigned h = seed + id * 0x9E3779B9u;
    unsigned *word = &g.x;
    for (int k = 0; k < 4; k++) {
        h ^= h >> 16;
        h *= 0x85EBCA6Bu;
        h ^= h >> 13;
        h *= 0xC2B2AE35u;
        h ^= h >> 16;
        word[k] = h + k;
        h += 0x6D2B79F5u;
    }
    states[id] = g;
}

__global__ void throw_darts(struct xorshift128 *states, int darts, unsigned long long *hits)
{
    __shared__ unsigned partial[THREADS];
    int id = blockIdx.x * blockDim.x + threadIdx.x;
    struct xorshift128 g = states[id];
    unsigned inside = 0;
    for (int i = 0; i < darts; i++) {
        float u = next_random(&g) * 2.3283064365386963e-10f;
        float v = next_random(&g) * 2.3283064365386963e-10f;
        if (u * u + v * v < 1.0f)
            inside++;
    }
    states[id] = g;

    partial[threadIdx.x] = inside;
    __syncthreads();
    for (int half = THREADS / 2; half >= 1; half /= 2) {
        if (threadIdx.x < half)
            partial[threadIdx.x] += partial[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0)
        atomicAdd(hits, (unsigned long long)partial[0]);
}

int main(int argc, char **argv)
{
    const int darts = argc > 1 ? atoi(argv[1]) : 1500;
    const int total_threads = THREADS * BLOCKS;
    struct xorshift128 marsaglia = {123456789u, 362436069u, 521288629u, 88675123u}; /* his seeds, his first number */
    if (next_random(&marsaglia) != 3701687786u) {
        printf("not xorshift128\nFAIL\n");
        return 1;
    }
    struct cudaDeviceProp prop;
    if (cudaGetDeviceProperties(&prop, 0) != cudaSuccess || prop.maxThreadsPerBlock < THREADS) {
        fprintf(stderr, "no fit device\n");
        return 2;
    }

    struct xorshift128 *states;
    unsigned long long *d_hits, hits = 0;
    cudaMalloc((void **)&states, total_threads * sizeof *states);
    cudaMalloc((void **)&d_hits, sizeof *d_hits);
    cudaMemset(d_hits, 0, sizeof *d_hits);

    seed_generators<<<BLOCKS, THREADS>>>(states, 2026u);
    struct xorshift128 *start = (struct xorshift128 *)malloc(total_threads * sizeof *start);
    cudaMemcpy(start, states, total_threads * sizeof *start, cudaMemcpyDeviceToHost);
    throw_darts<<<BLOCKS, THREADS>>>(states, darts, d_hits);
    throw_darts<<<BLOCKS, THREADS>>>(states, darts / 2, d_hits);
    cudaMemcpy(&hits, d_hits, sizeof hits, cudaMemcpyDeviceToHost);

    /* Host: the same generators, but darts judged exactly, in integers: u*u + v*v < 2^64 of 2^32 x 2^32 squares.
       Only darts within float rounding of the circle may be judged differently. */
    unsigned long long sure = 0, close = 0;
    for (int t = 0; t < total_threads; t++) {
        struct xorshift128 g = start[t];
        for (int i = 0; i < darts + darts / 2; i++) {
            double u = next_random(&g), v = next_random(&g);
            double r2 = (u * u + v * v) / 18446744073709551616.0;
            if (r2 < 1.0 - 5e-7)
                sure++;
            else if (r2 < 1.0 + 5e-7)
                close++;
        }
    }
    double n = (double)total_threads * (darts + darts / 2);
    double pi = 4.0 * (double)hits / n;
    int ok = hits >= sure && hits <= sure + close && close < 100 && pi > 3.13 && pi < 3.155;
    printf("pi is about %.5f after %.0f darts (%llu hits)\n%s\n", pi, n, hits, ok ? "PASS" : "FAIL");

    free(start);
    cudaFree(states);
    cudaFree(d_hits);
    return !ok;
}
