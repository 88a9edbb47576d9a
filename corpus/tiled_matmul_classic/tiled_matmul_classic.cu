// Matrix multiplication with shared memory, after the classic lesson, but for any size.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cuda_runtime.h>

#define BLOCK_SIZE 16

#ifdef VERBOSE
#define TRACE(...) printf(__VA_ARGS__)
#else
#define TRACE(...) ((void)0)
#endif

// Matrices are stored in row-major order:
// M(row, col) = *(M.elements + row * M.stride + col)
typedef struct
{
    int width;
    int height;
    int stride;
    float *elements;
} Matrix;

__device__ float GetElement(const Matrix A, int row, int col)
{
    return row < A.height && col < A.width ? A.elements[row * A.stride + col] : 0.0f;
}

__device__ void SetElement(Matrix A, int row, int col, float value)
{
    if (row < A.height && col < A.width)
        A.elements[row * A.stride + col] = value;
}

// The BLOCK_SIZE x BLOCK_SIZE sub-matrix of A, row and col count in blocks; smaller at the edges
__device__ Matrix GetSubMatrix(Matrix A, int row, int col)
{
    Matrix Asub;
    Asub.width = min(BLOCK_SIZE, A.width - BLOCK_SIZE * col);
    Asub.height = min(BLOCK_SIZE, A.height - BLOCK_SIZE * row);
    Asub.stride = A.stride;
    Asub.elements = &A.elements[A.stride * BLOCK_SIZE * row + BLOCK_SIZE * col];
    return Asub;
}

__global__ void MatMulKernel(Matrix A, Matrix B, Matrix C)
{
    int blockRow = blockIdx.y;
    int blockCol = blockIdx.x;
    Matrix Csub = GetSubMatrix(C, blockRow, blockCol);
    float Cvalue = 0;
    int row = threadIdx.y;
    int col = threadIdx.x;

    for (int m = 0; m < (A.width + BLOCK_SIZE - 1) / BLOCK_SIZE; ++m) {
        Matrix Asub = GetSubMatrix(A, blockRow, m);
        Matrix Bsub = GetSubMatrix(B, m, blockCol);
        __shared__ float As[BLOCK_SIZE][BLOCK_SIZE];
        __shared__ float Bs[BLOCK_SIZE][BLOCK_SIZE];
        As[row][col] = GetElement(Asub, row, col);
        Bs[row][col] = GetElement(Bsub, row, col);
        __syncthreads();
        for (int e = 0; e < BLOCK_SIZE; ++e)
            Cvalue += As[row][e] * Bs[e][col];
        __syncthreads();
    }
    if (row == 0 && col == 0)
        TRACE("block (%d, %d): first value %f\n", blockRow, blockCol, Cvalue);
    SetElement(Csub, row, col, Cvalue);
}

static Matrix DeviceCopy(const Matrix M, int copy)
{
    Matrix d = M;
    size_t size = (size_t)M.stride * M.height * sizeof(float);
    cudaError_t err = cudaMalloc(&d.elements, size);
    if (err == cudaSuccess && copy)
        err = cudaMemcpy(d.elements, M.elements, size, cudaMemcpyHostToDevice);
    if (err != cudaSuccess) {
        printf("CUDA malloc or copy: %s\n", cudaGetErrorString(err));
        exit(EXIT_FAILURE);
    }
    return d;
}

// C = A * B, in milliseconds
float MatMul(const Matrix A, const Matrix B, Matrix C)
{
    Matrix d_A = DeviceCopy(A, 1), d_B = DeviceCopy(B, 1), d_C = DeviceCopy(C, 0);
    cudaEvent_t start, stop;
    cudaEventCreate(&start);
    cudaEventCreate(&stop);
    dim3 dimBlock(BLOCK_SIZE, BLOCK_SIZE);
    dim3 dimGrid((B.width + dimBlock.x - 1) / dimBlock.x, (A.height + dimBlock.y - 1) / dimBlock.y);
    cudaEventRecord(start);
    MatMulKernel<<<dimGrid, dimBlock>>>(d_A, d_B, d_C);
    cudaEventRecord(stop);
    cudaError_t err = cudaDeviceSynchronize();
    printf("Run kernel: %s\n", cudaGetErrorString(err));
    float milliseconds = 0;
    cudaEventElapsedTime(&milliseconds, start, stop);
    err = cudaMemcpy(C.elements, d_C.elements, (size_t)C.stride * C.height * sizeof(float), cudaMemcpyDeviceToHost);
    printf("Copy C off of device: %s\n", cudaGetErrorString(err));
    cudaFree(d_A.elements);
    cudaFree(d_B.elements);
    cudaFree(d_C.elements);
    cudaEventDestroy(start);
    cudaEventDestroy(stop);
    return milliseconds;
}

static int argument(int argc, char **argv, const char *name, int fallback)
{
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], name, strlen(name)) == 0 && argv[i][strlen(name)] == '=')
            return atoi(argv[i] + strlen(name) + 1);
    return fallback;
}

static Matrix NewMatrix(int height, int width)
{
    Matrix M;
    M.width = M.stride = width;
    M.height = height;
    M.elements = (float *)malloc((size_t)width * height * sizeof(float));
    return M;
}

int main(int argc, char **argv)
{
    Matrix A = NewMatrix(argument(argc, argv, "-hA", 45), argument(argc, argv, "-wA", 70));
    Matrix B = NewMatrix(A.width, argument(argc, argv, "-wB", 39));
    Matrix C = NewMatrix(A.height, B.width);

    for (int i = 0; i < A.height; i++)
        for (int j = 0; j < A.width; j++)
            A.elements[i * A.stride + j] = (float)((i * 31 + j * 17) % 23) / 23.0f - 0.3f;
    for (int i = 0; i < B.height; i++)
        for (int j = 0; j < B.width; j++)
            B.elements[i * B.stride + j] = (float)((i * 7 + j * 29) % 19) / 19.0f - 0.6f;

    float ms = MatMul(A, B, C);
    fprintf(stderr, "%.3f GFLOP/s\n", 2e-6 * A.height * A.width * B.width / (ms > 0 ? ms : 1));

    // Row i of C is row i of A times B; taken as a combination of rows of B, in long double.
    double worst = 0;
    for (int i = 0; i < A.height; i++) {
        long double *acc = (long double *)calloc(B.width, sizeof(long double));
        for (int k = 0; k < A.width; k++)
            for (int j = 0; j < B.width; j++)
                acc[j] += (long double)A.elements[i * A.stride + k] * B.elements[k * B.stride + j];
        for (int j = 0; j < B.width; j++) {
            double e = fabs((double)(acc[j] - C.elements[i * C.stride + j]));
            if (!(e <= worst))
                worst = isnan(e) ? INFINITY : e;
        }
        free(acc);
    }
    // every partial sum stays below A.width / 2, each of A.width additions rounds once
    int ok = worst < 3e-7 * A.width;
    printf("worst error %.2e\nResult = %s\n", worst, ok ? "PASS" : "FAIL");
    free(A.elements);
    free(B.elements);
    free(C.elements);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
