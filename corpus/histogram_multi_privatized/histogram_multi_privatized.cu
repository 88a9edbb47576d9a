/*
 * Histograms of the four channels of an RGBA image, kept in shared memory per
 * block ("privatised"), then added to the global ones. The number of bins is
 * chosen at run time.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cuda_runtime.h>

#ifndef IMAGE_W
#define IMAGE_W 113
#define IMAGE_H 59
#endif
#define NUM_CHANNELS 4

#ifndef USE_WORD_LOADS
#define USE_WORD_LOADS 1
#endif

#define CUDA_SAFE_CALL(expr)                                                        \
    do                                                                              \
    {                                                                               \
        const cudaError_t e_ = (expr);                                              \
        if (e_ != cudaSuccess)                                                      \
        {                                                                           \
            fprintf(stderr, "%s(%d): %s\n", __FILE__, __LINE__, cudaGetErrorString(e_)); \
            abort();                                                                \
        }                                                                           \
    } while (0)

inline __device__ unsigned int binOf(unsigned char value, unsigned int numBins)
{
    return (value * numBins) >> 8;
}

__global__ void channelHistograms(const uchar4 *pixels, unsigned int numPixels, unsigned int *histograms,
                                  unsigned int numBins)
{
    extern __shared__ unsigned int local[]; // NUM_CHANNELS * numBins

    for (unsigned int b = threadIdx.x; b < NUM_CHANNELS * numBins; b += blockDim.x)
        local[b] = 0;
    __syncthreads();

    for (unsigned int i = blockIdx.x * blockDim.x + threadIdx.x; i < numPixels; i += gridDim.x * blockDim.x)
    {
#if USE_WORD_LOADS
        const unsigned int word = reinterpret_cast<const unsigned int *>(pixels)[i];
        for (int c = 0; c < NUM_CHANNELS; ++c)
            atomicAdd(&local[c * numBins + binOf((word >> (8 * c)) & 0xFFu, numBins)], 1u);
#else
        const uchar4 p = pixels[i];
        atomicAdd(&local[0 * numBins + binOf(p.x, numBins)], 1u);
        atomicAdd(&local[1 * numBins + binOf(p.y, numBins)], 1u);
        atomicAdd(&local[2 * numBins + binOf(p.z, numBins)], 1u);
        atomicAdd(&local[3 * numBins + binOf(p.w, numBins)], 1u);
#endif
    }
    __syncthreads();

    for (unsigned int b = threadIdx.x; b < NUM_CHANNELS * numBins; b += blockDim.x)
        if (local[b] != 0)
            atomicAdd(histograms + b, local[b]);
}

// The value below which a share of the pixels of a channel lies; one thread a channel.
__global__ void percentile(const unsigned int *histograms, unsigned int numBins, unsigned int threshold, int *result)
{
    const int channel = threadIdx.x;
    unsigned int seen = 0;
    unsigned int bin = 0;
    while (bin < numBins)
    {
        seen += histograms[channel * numBins + bin];
        if (seen > threshold)
            break;
        ++bin;
    }
    result[channel] = (int)bin;
}

static int compareBytes(const void *a, const void *b)
{
    return *(const unsigned char *)a - *(const unsigned char *)b;
}

int main()
{
    const unsigned int numPixels = IMAGE_W * IMAGE_H;
    uchar4 *image = (uchar4 *)malloc(numPixels * sizeof(uchar4));
    for (unsigned int i = 0; i < numPixels; ++i)
    {
        const unsigned int x = i % IMAGE_W, y = i / IMAGE_W;
        image[i].x = (unsigned char)(x * 2 + y);
        image[i].y = (unsigned char)((x ^ y) * 3);
        image[i].z = (unsigned char)(x * y / 29);
        image[i].w = 255;
    }

    uchar4 *dImage;
    unsigned int *dHist;
    int *dPercentile;
    CUDA_SAFE_CALL(cudaMalloc((void **)&dImage, numPixels * sizeof(uchar4)));
    CUDA_SAFE_CALL(cudaMalloc((void **)&dHist, NUM_CHANNELS * 256 * sizeof(unsigned int)));
    CUDA_SAFE_CALL(cudaMalloc((void **)&dPercentile, NUM_CHANNELS * sizeof(int)));
    CUDA_SAFE_CALL(cudaMemcpy(dImage, image, numPixels * sizeof(uchar4), cudaMemcpyHostToDevice));

    // sorted copies of the channels are the reference
    unsigned char *sorted[NUM_CHANNELS];
    for (int c = 0; c < NUM_CHANNELS; ++c)
    {
        sorted[c] = (unsigned char *)malloc(numPixels);
        for (unsigned int i = 0; i < numPixels; ++i)
            sorted[c][i] = ((const unsigned char *)&image[i])[c];
        qsort(sorted[c], numPixels, 1, compareBytes);
    }

    const unsigned int binCounts[] = {256, 64, 10, 1};
    int wrong = 0;
    for (unsigned int k = 0; k < sizeof(binCounts) / sizeof(binCounts[0]); ++k)
    {
        const unsigned int numBins = binCounts[k];
        const size_t histBytes = NUM_CHANNELS * numBins * sizeof(unsigned int);
        CUDA_SAFE_CALL(cudaMemset(dHist, 0, histBytes));
        channelHistograms<<<6, 160, histBytes>>>(dImage, numPixels, dHist, numBins);
        CUDA_SAFE_CALL(cudaGetLastError());
        percentile<<<1, NUM_CHANNELS>>>(dHist, numBins, numPixels / 4, dPercentile);
        CUDA_SAFE_CALL(cudaGetLastError());

        unsigned int hist[NUM_CHANNELS * 256];
        int quartile[NUM_CHANNELS];
        CUDA_SAFE_CALL(cudaMemcpy(hist, dHist, histBytes, cudaMemcpyDeviceToHost));
        CUDA_SAFE_CALL(cudaMemcpy(quartile, dPercentile, sizeof(quartile), cudaMemcpyDeviceToHost));
        for (int c = 0; c < NUM_CHANNELS; ++c)
        {
            unsigned int at = 0;
            for (unsigned int b = 0; b < numBins; ++b)
            {
                // exactly the values from ceil(256 b / bins) up to the next limit fall into bin b
                const unsigned int limit = ((b + 1) * 256 + numBins - 1) / numBins;
                const unsigned int from = at;
                while (at < numPixels && sorted[c][at] < limit)
                    ++at;
                wrong += hist[c * numBins + b] != at - from;
            }
            wrong += quartile[c] != (int)(sorted[c][numPixels / 4] * numBins / 256);
        }
        printf("%3u bins: %d wrong so far\n", numBins, wrong);
    }
    for (int c = 0; c < NUM_CHANNELS; ++c)
        free(sorted[c]);
    free(image);
    CUDA_SAFE_CALL(cudaFree(dImage));
    CUDA_SAFE_CALL(cudaFree(dHist));
    CUDA_SAFE_CALL(cudaFree(dPercentile));
    printf("%s\n", wrong ? "FAIL" : "PASS");
    return wrong ? 1 : 0;
}
