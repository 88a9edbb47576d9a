/* Histogram equalisation of an 8-bit image: count grey levels, build a lookup table on the host, remap in place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cuda_runtime.h>

typedef unsigned char  u8;
typedef unsigned int   u32;

#ifndef IMG_W
#define IMG_W 211
#endif
#ifndef IMG_H
#define IMG_H 97
#endif

#define BINS 256

namespace imaging {

/* Each block counts into its own shared histogram and then adds it to the global one. */
__global__ void histogram256(const u8 *pixels, u32 *bins, int count)
{
    __shared__ u32 local[BINS];

    for (int b = threadIdx.x; b < BINS; b += blockDim.x)
        local[b] = 0;
    __syncthreads();

    int stride = blockDim.x * gridDim.x;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride)
        atomicAdd(&local[pixels[i]], 1u);
    __syncthreads();

    for (int b = threadIdx.x; b < BINS; b += blockDim.x)
        if (local[b] != 0)
            atomicAdd(bins + b, local[b]);
}

__global__ void remap(u8 *pixels, const u8 *table, int width, int height)
{
    int col = blockIdx.x * blockDim.x + threadIdx.x;
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (col >= width || row >= height)
        return;
    u8 *p = pixels + row * width + col;
    *p = table[*p];
}

} /* namespace imaging */

static int die(const char *where, cudaError_t e)
{
    fprintf(stderr, "%s: %s\n", where, cudaGetErrorString(e));
    exit(3);
}
#define OK(x) ((x) == cudaSuccess ? 0 : die(#x, cudaGetLastError()))

static int by_value(const void *a, const void *b)
{
    return (int)*(const u8 *)a - (int)*(const u8 *)b;
}

int main(void)
{
    const int count = IMG_W * IMG_H;
    u8 *image, *result, *sorted;
    u8 table[BINS];
    u32 bins[BINS];
    u8 *d_image, *d_table;
    u32 *d_bins;
    int i, bad = 0;

    OK(cudaMallocHost((void **)&image, count));
    OK(cudaMallocHost((void **)&result, count));
    sorted = (u8 *)malloc(count);
    for (i = 0; i < count; ++i) {
        u32 h = (u32)i * 747796405u + 2891336453u;
        h = (h >> 19) ^ h;
        image[i] = (u8)(60 + (h % 64) + (h / 64 % 50)); /* a low-contrast image */
    }

    OK(cudaMalloc((void **)&d_image, count));
    OK(cudaMalloc((void **)&d_table, BINS));
    OK(cudaMalloc((void **)&d_bins, BINS * sizeof(u32)));
    OK(cudaMemcpy(d_image, image, count, cudaMemcpyHostToDevice));
    OK(cudaMemset(d_bins, 0, BINS * sizeof(u32)));

    imaging::histogram256<<<8, 192>>>(d_image, d_bins, count);
    OK(cudaMemcpy(bins, d_bins, sizeof(bins), cudaMemcpyDeviceToHost));

    u32 below = 0;
    for (i = 0; i < BINS; ++i) {
        below += bins[i];
        table[i] = (u8)((255ull * below) / count);
    }
    OK(cudaMemcpy(d_table, table, BINS, cudaMemcpyHostToDevice));

    dim3 block(32, 4);
    dim3 grid((IMG_W + block.x - 1) / block.x, (IMG_H + block.y - 1) / block.y);
    imaging::remap<<<grid, block>>>(d_image, d_table, IMG_W, IMG_H);
    OK(cudaMemcpy(result, d_image, count, cudaMemcpyDeviceToHost));

    /* Sorting gives the counts and the ranks without any table. */
    memcpy(sorted, image, count);
    qsort(sorted, count, 1, by_value);
    for (i = 0; i < count;) {
        int last = i;
        while (last < count && sorted[last] == sorted[i])
            ++last;
        if (bins[sorted[i]] != (u32)(last - i))
            ++bad;
        bins[sorted[i]] = 0;
        u8 rank = (u8)((255ull * last) / count);
        for (int k = 0; k < count; ++k)
            if (image[k] == sorted[i] && result[k] != rank)
                ++bad;
        i = last;
    }
    for (i = 0; i < BINS; ++i)
        bad += bins[i] != 0; /* levels that do not occur must have been counted zero times */

    printf("%d pixels, %d errors\n%s\n", count, bad, bad ? "FAIL" : "PASS");
    cudaFree(d_image);
    cudaFree(d_table);
    cudaFree(d_bins);
    cudaFreeHost(image);
    cudaFreeHost(result);
    free(sorted);
    return bad != 0;
}
