/* Heat on a chip: each launch advances the temperatures of a tile by several steps. A tile is loaded with a
 * margin of one cell a step, which is given up step by step ("pyramid"), so that blocks need not talk. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <sys/time.h>
#include <cuda.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define BLOCK_SIZE 16
#define EXPAND_RATE 2    /* one cell at both sides for every step */

#define IN_RANGE(x, min, max) ((x) >= (min) && (x) <= (max))
#define CLAMP_RANGE(x, min, max) x = (x < (min)) ? min : ((x > (max)) ? max : x)
#define MIN(a, b) ((a) <= (b) ? (a) : (b))

#ifndef PYRAMID_HEIGHT
#define PYRAMID_HEIGHT 3
#endif

typedef struct { float cap, rx, ry, rz, ambient; } chip_t;

__global__ void calculate_temp(int iteration, const float *power, const float *temp_src, float *temp_dst,
                               int cols, int rows, int border, chip_t chip)
{
    __shared__ float temp_on_cuda[BLOCK_SIZE][BLOCK_SIZE];
    __shared__ float power_on_cuda[BLOCK_SIZE][BLOCK_SIZE];
    __shared__ float temp_t[BLOCK_SIZE][BLOCK_SIZE];

    int tx = threadIdx.x, ty = threadIdx.y;

    // the part of the tile that is still right after all steps
    int small_block = BLOCK_SIZE - iteration * EXPAND_RATE;

    int blkY = small_block * blockIdx.y - border;
    int blkX = small_block * blockIdx.x - border;
    int blkYmax = blkY + BLOCK_SIZE - 1;
    int blkXmax = blkX + BLOCK_SIZE - 1;
    int yidx = blkY + ty, xidx = blkX + tx;
    int index = cols * yidx + xidx;

    if (IN_RANGE(yidx, 0, rows - 1) && IN_RANGE(xidx, 0, cols - 1)) {
        temp_on_cuda[ty][tx] = temp_src[index];
        power_on_cuda[ty][tx] = power[index];
    }
    __syncthreads();

    // effective range of this tile inside the chip
    int validYmin = (blkY < 0) ? -blkY : 0;
    int validYmax = (blkYmax > rows - 1) ? BLOCK_SIZE - 1 - (blkYmax - rows + 1) : BLOCK_SIZE - 1;
    int validXmin = (blkX < 0) ? -blkX : 0;
    int validXmax = (blkXmax > cols - 1) ? BLOCK_SIZE - 1 - (blkXmax - cols + 1) : BLOCK_SIZE - 1;

    int N = ty - 1, S = ty + 1, W = tx - 1, E = tx + 1;
    N = (N < validYmin) ? validYmin : N;
    S = (S > validYmax) ? validYmax : S;
    W = (W < validXmin) ? validXmin : W;
    E = (E > validXmax) ? validXmax : E;

    bool computed = false;
    for (int i = 0; i < iteration; i++) {
        computed = false;
        if (IN_RANGE(tx, i + 1, BLOCK_SIZE - i - 2) && IN_RANGE(ty, i + 1, BLOCK_SIZE - i - 2) &&
            IN_RANGE(tx, validXmin, validXmax) && IN_RANGE(ty, validYmin, validYmax)) {
            computed = true;
            temp_t[ty][tx] = temp_on_cuda[ty][tx] + chip.cap * (power_on_cuda[ty][tx] +
                (temp_on_cuda[S][tx] + temp_on_cuda[N][tx] - 2.0f * temp_on_cuda[ty][tx]) * chip.ry +
                (temp_on_cuda[ty][E] + temp_on_cuda[ty][W] - 2.0f * temp_on_cuda[ty][tx]) * chip.rx +
                (chip.ambient - temp_on_cuda[ty][tx]) * chip.rz);
        }
        __syncthreads();
        if (i == iteration - 1)
            break;
        if (computed) // hand over to the next step
            temp_on_cuda[ty][tx] = temp_t[ty][tx];
        __syncthreads();
    }

    if (computed)
        temp_dst[index] = temp_t[ty][tx];
}

static long long get_time(void)
{
    struct timeval tv;
    gettimeofday(&tv, NULL);
    return (tv.tv_sec * 1000000LL) + tv.tv_usec;
}

static void fatal(const char *s)
{
    fprintf(stderr, "error: %s (%s)\n", s, cudaGetErrorString(cudaGetLastError()));
    exit(1);
}

/* returns which of the two arrays holds the answer */
static int compute_tran_temp(float *power, float *temp[2], int cols, int rows, int total, int height, chip_t chip)
{
    int src = 1, dst = 0;
    for (int t = 0; t < total; t += height) {
        int steps = MIN(height, total - t);
        int inner = BLOCK_SIZE - steps * EXPAND_RATE;
        dim3 dimBlock(BLOCK_SIZE, BLOCK_SIZE);
        dim3 dimGrid(cols / inner + (cols % inner == 0 ? 0 : 1), rows / inner + (rows % inner == 0 ? 0 : 1));
        int temp_index = src;
        src = dst;
        dst = temp_index;
        calculate_temp<<<dimGrid, dimBlock>>>(steps, power, temp[src], temp[dst], cols, rows, steps * EXPAND_RATE / 2, chip);
    }
    if (cudaDeviceSynchronize() != cudaSuccess) fatal("kernel");
    return dst;
}

int main(int argc, char **argv)
{
    int rows = 45, cols = 61, total = 10;
    if (argc > 1) rows = atoi(argv[1]);
    if (argc > 2) cols = atoi(argv[2]);
    if (argc > 3) total = atoi(argv[3]);
    if (rows < 1 || cols < 1 || total < 1) {
        fprintf(stderr, "Usage: %s [rows] [columns] [steps]\n", argv[0]);
        return 1;
    }
    int size = rows * cols;
    float *temp = (float *)malloc(size * sizeof(float)), *power = (float *)malloc(size * sizeof(float));
    float *out = (float *)malloc(size * sizeof(float));
    for (int i = 0; i < size; i++) {
        temp[i] = 323.0f + 8.0f * sinf(0.3f * (i % cols)) * cosf(0.2f * (i / cols));
        power[i] = (i % cols > cols / 3 && i / cols > rows / 2) ? 0.9f : 0.05f;
    }
    chip_t chip = {0.4f, 0.31f, 0.27f, 0.02f, 300.0f};

    float *d_temp[2], *d_power;
    if (cudaMalloc((void **)&d_temp[0], size * sizeof(float)) || cudaMalloc((void **)&d_temp[1], size * sizeof(float)) ||
        cudaMalloc((void **)&d_power, size * sizeof(float)))
        fatal("cudaMalloc");
    cudaMemcpy(d_temp[0], temp, size * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_power, power, size * sizeof(float), cudaMemcpyHostToDevice);

    long long start = get_time();
    int ret = compute_tran_temp(d_power, d_temp, cols, rows, total, PYRAMID_HEIGHT, chip);
    fprintf(stderr, "%.3f ms\n", (get_time() - start) / 1000.0);
    cudaMemcpy(out, d_temp[ret], size * sizeof(float), cudaMemcpyDeviceToHost);

    /* reference in double, one step after the other over the whole chip; the edge gives no heat away:
       a cell outside has the temperature of the one inside */
    double *a = (double *)malloc(size * sizeof(double)), *b = (double *)malloc(size * sizeof(double));
    for (int i = 0; i < size; i++) a[i] = temp[i];
    for (int t = 0; t < total; t++) {
#pragma omp parallel for collapse(2)
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < cols; c++) {
                double here = a[r * cols + c], flow = power[r * cols + c];
                if (r > 0) flow += chip.ry * (a[(r - 1) * cols + c] - here);
                if (r < rows - 1) flow += chip.ry * (a[(r + 1) * cols + c] - here);
                if (c > 0) flow += chip.rx * (a[r * cols + c - 1] - here);
                if (c < cols - 1) flow += chip.rx * (a[r * cols + c + 1] - here);
                b[r * cols + c] = here + chip.cap * (flow + chip.rz * (chip.ambient - here));
            }
        double *s = a; a = b; b = s;
    }
    int wrong = 0;
    double worst = 0;
    for (int i = 0; i < size; i++) {
        double e = fabs(out[i] - a[i]);
        if (!(e < 2e-5 * total + 2e-5)) wrong++;   /* a float near 323 has steps of 3e-5 */
        else if (e > worst) worst = e;
    }
    printf("%d x %d, %d steps: worst %.2e, %d wrong\n%s\n", rows, cols, total, worst, wrong, wrong ? "FAIL" : "PASS");
    cudaFree(d_temp[0]); cudaFree(d_temp[1]); cudaFree(d_power);
    free(temp); free(power); free(out); free(a); free(b);
    return wrong ? 1 : 0;
}
