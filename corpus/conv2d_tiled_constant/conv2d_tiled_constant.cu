// 2D convolution, filter in constant memory, input tile with halo in shared memory.
// For a separable filter the two-pass version must give the same picture.
#include <cuda.h>
#include <cstdio>
#include <cstdlib>
#include <cmath>

#define TILE_W 16
#define TILE_H 8
#define MAX_RADIUS 4
#define MAX_TAPS ((2 * MAX_RADIUS + 1) * (2 * MAX_RADIUS + 1))

__constant__ float c_Filter[MAX_TAPS];
__constant__ float c_Line[2][2 * MAX_RADIUS + 1];   // [0] rows, [1] columns

__host__ __device__ inline int clampi(int v, int lo, int hi) { return v < lo ? lo : (v > hi ? hi : v); }

template<int R>
__global__ void conv2dKernel(const float *in, float *out, int width, int height)
{
    __shared__ float s_Tile[TILE_H + 2 * R][TILE_W + 2 * R];

    const int x0 = blockIdx.x * TILE_W - R;
    const int y0 = blockIdx.y * TILE_H - R;

    // every thread loads one or more cells of tile and halo
    for (int y = threadIdx.y; y < TILE_H + 2 * R; y += TILE_H)
        for (int x = threadIdx.x; x < TILE_W + 2 * R; x += TILE_W)
            s_Tile[y][x] = in[clampi(y0 + y, 0, height - 1) * width + clampi(x0 + x, 0, width - 1)];
    __syncthreads();

    const int x = blockIdx.x * TILE_W + threadIdx.x;
    const int y = blockIdx.y * TILE_H + threadIdx.y;
    if (x < width && y < height) {
        float sum = 0.0f;
        #pragma unroll
        for (int j = 0; j <= 2 * R; j++)
            #pragma unroll
            for (int i = 0; i <= 2 * R; i++)
                sum += c_Filter[j * (2 * R + 1) + i] * s_Tile[threadIdx.y + j][threadIdx.x + i];
        out[y * width + x] = sum;
    }
}

template<int R, bool Columns>
__global__ void convLineKernel(const float *in, float *out, int width, int height)
{
    const int x = blockIdx.x * blockDim.x + threadIdx.x;
    const int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height)
        return;
    float sum = 0.0f;
    for (int k = -R; k <= R; k++) {
        const int at = Columns ? clampi(y + k, 0, height - 1) * width + x : y * width + clampi(x + k, 0, width - 1);
        sum += c_Line[Columns ? 1 : 0][k + R] * in[at];
    }
    out[y * width + x] = sum;
}

template __global__ void conv2dKernel<1>(const float *, float *, int, int);
template __global__ void conv2dKernel<3>(const float *, float *, int, int);

static int iDivUp(int a, int b) { return (a + b - 1) / b; }

static void verify(cudaError_t e, const char *where)
{
    if (e != cudaSuccess) {
        printf("%s: %s\n", where, cudaGetErrorString(e));
        exit(1);
    }
}

template<int R>
static double run(const float *h_In, int width, int height)
{
    float row[2 * R + 1], col[2 * R + 1], full[(2 * R + 1) * (2 * R + 1)];
    for (int i = 0; i <= 2 * R; i++) {
        row[i] = 0.25f * (i + 1);                 // not symmetric: a flipped filter would show
        col[i] = 1.0f - 0.125f * i * i / R;
    }
    for (int j = 0; j <= 2 * R; j++)
        for (int i = 0; i <= 2 * R; i++)
            full[j * (2 * R + 1) + i] = col[j] * row[i];
    verify(cudaMemcpyToSymbol(c_Filter, full, sizeof(full)), "filter");
    verify(cudaMemcpyToSymbol(c_Line, row, sizeof(row), 0), "row");
    verify(cudaMemcpyToSymbol(c_Line, col, sizeof(col), sizeof(float) * (2 * MAX_RADIUS + 1)), "column");

    const size_t size = width * height * sizeof(float);
    float *d_In, *d_Out, *d_Tmp, *d_Sep;
    verify(cudaMalloc((void **)&d_In, size), "malloc");
    verify(cudaMalloc((void **)&d_Out, size), "malloc");
    verify(cudaMalloc((void **)&d_Tmp, size), "malloc");
    verify(cudaMalloc((void **)&d_Sep, size), "malloc");
    verify(cudaMemcpy(d_In, h_In, size, cudaMemcpyHostToDevice), "upload");

    dim3 threads(TILE_W, TILE_H);
    dim3 blocks(iDivUp(width, TILE_W), iDivUp(height, TILE_H));
    conv2dKernel<R><<<blocks, threads>>>(d_In, d_Out, width, height);
    dim3 wide(64, 2), wideBlocks(iDivUp(width, 64), iDivUp(height, 2));
    convLineKernel<R, false><<<wideBlocks, wide>>>(d_In, d_Tmp, width, height);
    convLineKernel<R, true><<<wideBlocks, wide>>>(d_Tmp, d_Sep, width, height);
    verify(cudaGetLastError(), "launch");

    float *h_Out = (float *)malloc(size), *h_Sep = (float *)malloc(size);
    verify(cudaMemcpy(h_Out, d_Out, size, cudaMemcpyDeviceToHost), "download");
    verify(cudaMemcpy(h_Sep, d_Sep, size, cudaMemcpyDeviceToHost), "download");

    // The reference spreads each input cell over the outputs that see it (scatter, in double).
    double *ref = (double *)calloc(width * height, sizeof(double)), worst = 0, scale = 0;
    for (int y = -R; y < height + R; y++)
        for (int x = -R; x < width + R; x++) {
            const double v = h_In[clampi(y, 0, height - 1) * width + clampi(x, 0, width - 1)];
            for (int j = 0; j <= 2 * R; j++)
                for (int i = 0; i <= 2 * R; i++) {
                    const int ox = x + R - i, oy = y + R - j;
                    if (ox >= 0 && ox < width && oy >= 0 && oy < height)
                        ref[oy * width + ox] += v * col[j] * row[i];
                }
        }
    for (int i = 0; i < width * height; i++) {
        scale = fmax(scale, fabs(ref[i]));
        const double error = fabs(ref[i] - h_Out[i]) + fabs(ref[i] - h_Sep[i]);
        if (!(error <= worst))
            worst = isnan(error) ? INFINITY : error;
    }
    free(h_Out); free(h_Sep); free(ref);
    cudaFree(d_In); cudaFree(d_Out); cudaFree(d_Tmp); cudaFree(d_Sep);
    printf("radius %d: worst error %.2e of %.1f\n", R, worst, scale);
    return worst / scale;
}

int main(int argc, char **argv)
{
    const int width = argc > 1 ? atoi(argv[1]) : 83, height = argc > 2 ? atoi(argv[2]) : 45;
    float *h_In = (float *)malloc(width * height * sizeof(float));
    for (int i = 0; i < width * height; i++)
        h_In[i] = (float)((i * 193 + 71) % 1009) / 1009.0f - 0.4f;
    const bool ok = run<1>(h_In, width, height) < 5e-7 && run<3>(h_In, width, height) < 1e-6;
    free(h_In);
    printf(ok ? "PASS\n" : "FAIL\n");
    return ok ? 0 : 1;
}
