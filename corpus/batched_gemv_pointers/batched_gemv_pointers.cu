// Many small matrix-vector products of different sizes in one launch: y_i = A_i x_i.
// Blocks take problems from a counter until none is left.
#include <cuda_runtime.h>
#include <cuda_fp16.h>
#include <cstdio>
#include <cstdlib>
#include <cmath>
#include <vector>
#include <algorithm>

struct Problem
{
    int rows;
    int cols;
    int lda;
};

__device__ float WarpSum(float value)
{
    for (int laneMask = 16; laneMask >= 1; laneMask /= 2)
        value += __shfl_xor_sync(0xffffffff, value, laneMask);
    return value;
}

__global__ void GemvBatched(const float* const* matrices, const float* const* vectors, float** results,
                            const Problem* problems, int problemCount, int* nextProblem)
{
    __shared__ int current;
    const int warpIndex = threadIdx.x / 32;
    const int laneIndex = threadIdx.x % 32;
    const int warpCount = blockDim.x / 32;

    while (true)
    {
        if (threadIdx.x == 0)
            current = atomicAdd(nextProblem, 1);
        __syncthreads();
        const int index = current;
        __syncthreads();                       // nobody overwrites it before all have read it
        if (index >= problemCount)
            return;

        const Problem problem = problems[index];
        const float* vector = vectors[index];
        for (int row = warpIndex; row < problem.rows; row += warpCount)
        {
            const float* matrixRow = matrices[index] + static_cast<size_t>(row) * problem.lda;
            float sum = 0.0f;
            for (int col = laneIndex; col < problem.cols; col += 32)
                sum += matrixRow[col] * vector[col];
            sum = WarpSum(sum);
            if (laneIndex == 0)
                results[index][row] = sum;
        }
    }
}

// One matrix in half precision, a warp a row, two columns a step; the sum in float.
__global__ void GemvHalf(const __half2* __restrict__ matrix, const __half2* __restrict__ vector, float* __restrict__ result,
                         int rows, int pairs)
{
    const int row = (blockIdx.x * blockDim.x + threadIdx.x) >> 5;
    const int lane = threadIdx.x & 31;
    if (row < rows)
    {
        float sum = 0.0f;
        for (int p = lane; p < pairs; p += 32)
        {
            const float2 product = __half22float2(__hmul2(matrix[row * pairs + p], vector[p]));
            sum += product.x + product.y;
        }
        sum = WarpSum(sum);
        if (lane == 0)
            result[row] = sum;
    }
}

#define THROW_IF(expression) if (cudaError_t status = (expression)) throw status

static int Run()
{
    const Problem shapes[] = { {1, 1, 1}, {33, 7, 9}, {5, 131, 132}, {0, 4, 4}, {64, 64, 64}, {17, 40, 40}, {3, 0, 1} };
    const int problemCount = sizeof(shapes) / sizeof(shapes[0]);

    std::vector<float*> matrices(problemCount), vectors(problemCount), results(problemCount);
    std::vector<std::vector<float>> expected(problemCount);
    for (int i = 0; i < problemCount; ++i)
    {
        const Problem& shape = shapes[i];
        // Vandermonde-like rows with a base of +-1/2^k patterns: products are exact, and A x is a polynomial (Horner)
        std::vector<float> matrix(std::max(1, shape.rows * shape.lda), 1e30f), vector(std::max(1, shape.cols));
        for (int c = 0; c < shape.cols; ++c)
            vector[c] = static_cast<float>((c * 5 + i) % 15 - 7);
        expected[i].resize(shape.rows);
        for (int r = 0; r < shape.rows; ++r)
        {
            const float base = r % 2 ? -1.0f : 1.0f;
            float power = 1.0f;
            for (int c = 0; c < shape.cols; ++c, power *= base)
                matrix[r * shape.lda + c] = power * (r / 2 + 1);
            float horner = 0.0f;
            for (int c = shape.cols; c-- > 0;)
                horner = horner * base + vector[c];
            expected[i][r] = horner * (r / 2 + 1);
        }
        THROW_IF(cudaMalloc(&matrices[i], matrix.size() * sizeof(float)));
        THROW_IF(cudaMalloc(&vectors[i], vector.size() * sizeof(float)));
        THROW_IF(cudaMalloc(&results[i], std::max(1, shape.rows) * sizeof(float)));
        THROW_IF(cudaMemcpy(matrices[i], matrix.data(), matrix.size() * sizeof(float), cudaMemcpyHostToDevice));
        THROW_IF(cudaMemcpy(vectors[i], vector.data(), vector.size() * sizeof(float), cudaMemcpyHostToDevice));
    }

    float **dMatrices, **dVectors, **dResults;
    Problem* dProblems;
    int* dNext;
    const size_t tableSize = problemCount * sizeof(float*);
    THROW_IF(cudaMalloc(&dMatrices, tableSize));
    THROW_IF(cudaMalloc(&dVectors, tableSize));
    THROW_IF(cudaMalloc(&dResults, tableSize));
    THROW_IF(cudaMalloc(&dProblems, sizeof(shapes)));
    THROW_IF(cudaMalloc(&dNext, sizeof(int)));
    THROW_IF(cudaMemcpy(dMatrices, matrices.data(), tableSize, cudaMemcpyHostToDevice));
    THROW_IF(cudaMemcpy(dVectors, vectors.data(), tableSize, cudaMemcpyHostToDevice));
    THROW_IF(cudaMemcpy(dResults, results.data(), tableSize, cudaMemcpyHostToDevice));
    THROW_IF(cudaMemcpy(dProblems, shapes, sizeof(shapes), cudaMemcpyHostToDevice));
    THROW_IF(cudaMemset(dNext, 0, sizeof(int)));
    GemvBatched<<<3, 96>>>(dMatrices, dVectors, dResults, dProblems, problemCount, dNext);
    THROW_IF(cudaGetLastError());

    int wrong = 0;
    for (int i = 0; i < problemCount; ++i)
    {
        std::vector<float> got(shapes[i].rows);
        if (!got.empty())
            THROW_IF(cudaMemcpy(got.data(), results[i], got.size() * sizeof(float), cudaMemcpyDeviceToHost));
        for (size_t r = 0; r < got.size(); ++r)
            wrong += got[r] != expected[i][r];
        cudaFree(matrices[i]);
        cudaFree(vectors[i]);
        cudaFree(results[i]);
    }

    // a circulant matrix of halves: row sums against x = 1 are all alike, against x = e_j columns are read out
    const int n = 70;
    std::vector<__half> circulant(n * n), unit(n);
    for (int r = 0; r < n; ++r)
        for (int c = 0; c < n; ++c)
            circulant[r * n + c] = __float2half(static_cast<float>((c - r + n) % n) / 4.0f);
    __half *dCirculant, *dUnit;
    float* dColumn;
    THROW_IF(cudaMalloc(&dCirculant, n * n * sizeof(__half)));
    THROW_IF(cudaMalloc(&dUnit, n * sizeof(__half)));
    THROW_IF(cudaMalloc(&dColumn, n * sizeof(float)));
    THROW_IF(cudaMemcpy(dCirculant, circulant.data(), n * n * sizeof(__half), cudaMemcpyHostToDevice));
    for (int j = -1; j < n; j += 12)
    {
        for (int c = 0; c < n; ++c)
            unit[c] = __float2half(j < 0 || c == j ? 1.0f : 0.0f);
        THROW_IF(cudaMemcpy(dUnit, unit.data(), n * sizeof(__half), cudaMemcpyHostToDevice));
        GemvHalf<<<(n * 32 + 127) / 128, 128>>>(reinterpret_cast<__half2*>(dCirculant), reinterpret_cast<__half2*>(dUnit),
                                                dColumn, n, n / 2);
        std::vector<float> column(n);
        THROW_IF(cudaMemcpy(column.data(), dColumn, n * sizeof(float), cudaMemcpyDeviceToHost));
        for (int r = 0; r < n; ++r)
            wrong += column[r] != (j < 0 ? n * (n - 1) / 8.0f : ((j - r + n) % n) / 4.0f);
    }
    for (void* p : {(void*)dMatrices, (void*)dVectors, (void*)dResults, (void*)dProblems, (void*)dNext, (void*)dCirculant,
                    (void*)dUnit, (void*)dColumn})
        cudaFree(p);
    std::printf("%d problems, %d wrong\n", problemCount, wrong);
    return wrong;
}

int main()
{
    try
    {
        const int wrong = Run();
        std::puts(wrong == 0 ? "PASS" : "FAIL");
        return wrong != 0;
    }
    catch (cudaError_t error)
    {
        std::printf("FAIL: %s\n", cudaGetErrorString(error));
        return 2;
    }
}
