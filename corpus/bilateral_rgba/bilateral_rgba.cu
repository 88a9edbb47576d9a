/* Bilateral filter on RGBA images: smooths, but not across edges. Pitched memory, tiles with a halo. */
#include "cuda_runtime.h"
#include "device_launch_parameters.h"
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define RADIUS   3
#define TILE_W   16
#define TILE_H   12
#define SPAN_W   (TILE_W + 2 * RADIUS)
#define SPAN_H   (TILE_H + 2 * RADIUS)
#define IDIVUP(a, b) (((a) % (b) != 0) ? ((a) / (b) + 1) : ((a) / (b)))
#define CLAMP(v, lo, hi) ((v) < (lo) ? (lo) : ((v) > (hi) ? (hi) : (v)))
#define SQUARE(x) ((x) * (x))

__constant__ float c_gauss[2 * RADIUS + 1];

/* square of the colour distance, alpha left out, channels in 0..1 */
__device__ float colourDistance(uchar4 a, uchar4 b)
{
    float dx = (float)a.x - (float)b.x, dy = (float)a.y - (float)b.y, dz = (float)a.z - (float)b.z;
    return (SQUARE(dx) + SQUARE(dy) + SQUARE(dz)) * (1.0f / SQUARE(255.0f));
}

__global__ void bilateral(const uchar4 *src, size_t srcPitch, uchar4 *dst, size_t dstPitch, int width, int height,
                          float rangeSigma)
{
    __shared__ uchar4 tile[SPAN_H][SPAN_W];
    int left = blockIdx.x * TILE_W - RADIUS;
    int top  = blockIdx.y * TILE_H - RADIUS;

    for (int j = threadIdx.y; j < SPAN_H; j += TILE_H) {
        int y = CLAMP(top + j, 0, height - 1);
        const uchar4 *row = (const uchar4 *)((const char *)src + y * srcPitch);
        for (int i = threadIdx.x; i < SPAN_W; i += TILE_W)
            tile[j][i] = row[CLAMP(left + i, 0, width - 1)];
    }
    __syncthreads();

    int x = blockIdx.x * TILE_W + threadIdx.x;
    int y = blockIdx.y * TILE_H + threadIdx.y;
    if (x >= width || y >= height)
        return;

    uchar4 centre = tile[threadIdx.y + RADIUS][threadIdx.x + RADIUS];
    float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    float scale = -1.0f / (2.0f * rangeSigma * rangeSigma);
    for (int dy = -RADIUS; dy <= RADIUS; dy++)
        for (int dx = -RADIUS; dx <= RADIUS; dx++) {
            uchar4 p = tile[threadIdx.y + RADIUS + dy][threadIdx.x + RADIUS + dx];
            float weight = c_gauss[dy + RADIUS] * c_gauss[dx + RADIUS] * __expf(colourDistance(p, centre) * scale);
            sum.x += weight * p.x;
            sum.y += weight * p.y;
            sum.z += weight * p.z;
            sum.w += weight;
        }
    uchar4 *out = (uchar4 *)((char *)dst + y * dstPitch) + x;
    out->x = (unsigned char)(__fdividef(sum.x, sum.w) + 0.5f);
    out->y = (unsigned char)(__fdividef(sum.y, sum.w) + 0.5f);
    out->z = (unsigned char)(__fdividef(sum.z, sum.w) + 0.5f);
    out->w = centre.w;
}

static void report(cudaError_t e, const char *file, int line)
{
    if (e != cudaSuccess) {
        printf("CUDA error %s at %s:%d\nFAIL\n", cudaGetErrorString(e), file, line);
        exit(1);
    }
}
#define HANDLE_ERROR(e) (report(e, __FILE__, __LINE__))

int main(int argc, char *argv[])
{
    int w = argc > 2 ? atoi(argv[1]) : 61;
    int h = argc > 2 ? atoi(argv[2]) : 47;
    const float spatialSigma = 1.8f, rangeSigma = 0.15f;
    size_t rowBytes = w * sizeof(uchar4);

    uchar4 *host = (uchar4 *)malloc(rowBytes * h), *got = (uchar4 *)malloc(rowBytes * h);
    unsigned noise = 17u;
    for (int i = 0; i < w * h; i++) {
        noise = noise * 214013u + 2531011u;
        int bright = ((i % w) / 9 + (i / w) / 11) % 2 ? 190 : 60; /* chequers with noise */
        host[i].x = (unsigned char)(bright + (noise >> 16) % 23);
        host[i].y = (unsigned char)(bright / 2 + (noise >> 20) % 31);
        host[i].z = (unsigned char)(250 - bright + (noise >> 28) % 5);
        host[i].w = (unsigned char)(i & 255);
    }
    float gauss[2 * RADIUS + 1];
    for (int i = -RADIUS; i <= RADIUS; i++)
        gauss[i + RADIUS] = expf(-(float)(i * i) / (2 * spatialSigma * spatialSigma));
    HANDLE_ERROR(cudaMemcpyToSymbol(c_gauss, gauss, sizeof(gauss)));

    uchar4 *src, *dst;
    size_t srcPitch, dstPitch;
    HANDLE_ERROR(cudaMallocPitch((void **)&src, &srcPitch, rowBytes, h));
    HANDLE_ERROR(cudaMallocPitch((void **)&dst, &dstPitch, rowBytes, h));
    HANDLE_ERROR(cudaMemcpy2D(src, srcPitch, host, rowBytes, rowBytes, h, cudaMemcpyHostToDevice));
    dim3 threads(TILE_W, TILE_H), blocks(IDIVUP(w, TILE_W), IDIVUP(h, TILE_H));
    bilateral<<<blocks, threads>>>(src, srcPitch, dst, dstPitch, w, h, rangeSigma);
    HANDLE_ERROR(cudaPeekAtLastError());
    HANDLE_ERROR(cudaMemcpy2D(got, rowBytes, dst, dstPitch, rowBytes, h, cudaMemcpyDeviceToHost));

    /* reference in double: one exponential of the whole exponent, channel by channel, deviations from the centre */
    int off = 0, changed = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const unsigned char *c = &host[y * w + x].x, *g = &got[y * w + x].x;
            double weight = 0, shift[3] = {0, 0, 0};
            for (int k = 0; k < SQUARE(2 * RADIUS + 1); k++) {
                int dx = k % (2 * RADIUS + 1) - RADIUS, dy = k / (2 * RADIUS + 1) - RADIUS;
                const unsigned char *p = &host[CLAMP(y + dy, 0, h - 1) * w + CLAMP(x + dx, 0, w - 1)].x;
                double range = 0;
                for (int ch = 0; ch < 3; ch++)
                    range += SQUARE((p[ch] - c[ch]) / 255.0);
                double wk = exp(-0.5 * ((dx * dx + dy * dy) / SQUARE((double)spatialSigma) + range / SQUARE((double)rangeSigma)));
                weight += wk;
                for (int ch = 0; ch < 3; ch++)
                    shift[ch] += wk * (p[ch] - c[ch]);
            }
            for (int ch = 0; ch < 3; ch++) {
                double want = c[ch] + shift[ch] / weight;
                off += fabs(g[ch] - want) > 0.5 + 1e-3; /* rounded to nearest, but for float's last bits */
                changed += g[ch] != c[ch];
            }
            off += g[3] != c[3];
        }
    printf("%d values off, %d changed\n%s\n", off, changed, off == 0 && changed > w * h ? "PASS" : "FAIL");
    cudaFree(src);
    cudaFree(dst);
    free(host);
    free(got);
    return !(off == 0 && changed > w * h);
}
