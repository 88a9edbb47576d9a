/* Cholesky factors of many small symmetric matrices, and solution of A x = b with them.
   Lower triangle, row-major, packed: element (i, j) with j <= i lies at i (i + 1) / 2 + j. */
#include <cuda_runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRI(i, j) ((i) * ((i) + 1) / 2 + (j))
#define TRI_SIZE(n) TRI(n, 0)

template <typename real, int N>
__global__ void potrf_solve(real *matrices, real *rhs, int *info, int count)
{
    __shared__ real L[N][N + 1];
    __shared__ real b[N];
    __shared__ int failed;

    const int which = blockIdx.x, t = threadIdx.x;
    if (which >= count) return;
    real *A = matrices + (size_t)which * TRI_SIZE(N);

    for (int e = t; e < N * N; e += blockDim.x) {
        const int i = e / N, j = e % N;
        L[i][j] = j <= i ? A[TRI(i, j)] : real(0);
    }
    for (int i = t; i < N; i += blockDim.x) b[i] = rhs[which * N + i];
    if (t == 0) failed = 0;
    __syncthreads();

    for (int k = 0; k < N; k++) {
        if (t == 0) {
            if (!(L[k][k] > real(0)))
                failed = k + 1;
            else
                L[k][k] = sqrt(L[k][k]);
        }
        __syncthreads();
        if (failed) goto done;          // uniform: everybody reads the same word
        for (int i = k + 1 + t; i < N; i += blockDim.x) L[i][k] /= L[k][k];
        __syncthreads();
        for (int e = t; e < (N - k - 1) * (N - k - 1); e += blockDim.x) {
            const int i = k + 1 + e / (N - k - 1), j = k + 1 + e % (N - k - 1);
            if (j <= i) L[i][j] -= L[i][k] * L[j][k];
        }
        __syncthreads();
    }

    // forward, then backward substitution; column by column
    for (int k = 0; k < N; k++) {
        if (t == 0) b[k] /= L[k][k];
        __syncthreads();
        for (int i = k + 1 + t; i < N; i += blockDim.x) b[i] -= L[i][k] * b[k];
        __syncthreads();
    }
    for (int k = N - 1; k >= 0; k--) {
        if (t == 0) b[k] /= L[k][k];
        __syncthreads();
        for (int i = t; i < k; i += blockDim.x) b[i] -= L[k][i] * b[k];
        __syncthreads();
    }

    for (int e = t; e < N * N; e += blockDim.x) {
        const int i = e / N, j = e % N;
        if (j <= i) A[TRI(i, j)] = L[i][j];
    }
    for (int i = t; i < N; i += blockDim.x) rhs[which * N + i] = b[i];
done:
    if (t == 0) info[which] = failed;
}

static void stop_on(cudaError_t e, const char *file, int line)
{
    if (!e) return;
    fprintf(stderr, "%s:%d: %s\n", file, line, cudaGetErrorString(e));
    exit(2);
}
#define CU(x) stop_on((x), __FILE__, __LINE__)

#define NOTE(worst, e) (worst = isnan(e) ? INFINITY : fmax(worst, e))

/* A = G G' with G unit lower triangular times a diagonal, so the factor is known beforehand. */
template <typename real> static real factor(int m, int i, int j)
{
    if (i == j) return (real)(1 + (m + i) % 5 * 0.25);
    return (real)((((m + 1) * 31 + i * 17 + j * 7) % 16 - 8) / 32.0);
}

template <typename real, int N>
static int test(int count, int threads, double tolerance)
{
    const size_t na = (size_t)count * TRI_SIZE(N), nb = (size_t)count * N;
    real *a = (real *)calloc(na, sizeof(real)), *b = (real *)calloc(nb, sizeof(real));
    int *info = (int *)malloc(count * sizeof(int));
    const int spoiled = count / 2;    /* one matrix is not positive definite */
    for (int m = 0; m < count; m++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j <= i; j++) {
                double s = 0;
                for (int k = 0; k <= j; k++) s += (double)factor<real>(m, i, k) * factor<real>(m, j, k);
                a[m * TRI_SIZE(N) + TRI(i, j)] = (real)s;
            }
        if (m == spoiled) a[m * TRI_SIZE(N) + TRI(N / 3, N / 3)] -= 100;
        for (int i = 0; i < N; i++) {  /* x = 1, -2, 3, -1, 2, -3, ... */
            double s = 0;
            for (int j = 0; j < N; j++)
                s += (double)a[m * TRI_SIZE(N) + (j <= i ? TRI(i, j) : TRI(j, i))] * ((j % 3 + 1) * (j % 2 ? -1 : 1));
            b[m * N + i] = (real)s;
        }
    }
    real *da, *db, *keep = (real *)malloc(na * sizeof(real));
    memcpy(keep, a, na * sizeof(real));
    int *di;
    CU(cudaMalloc((void **)&da, na * sizeof(real)));
    CU(cudaMalloc((void **)&db, nb * sizeof(real)));
    CU(cudaMalloc((void **)&di, count * sizeof(int)));
    CU(cudaMemcpy(da, a, na * sizeof(real), cudaMemcpyHostToDevice));
    CU(cudaMemcpy(db, b, nb * sizeof(real), cudaMemcpyHostToDevice));
    potrf_solve<real, N><<<count, threads>>>(da, db, di, count);
    CU(cudaGetLastError());
    CU(cudaMemcpy(a, da, na * sizeof(real), cudaMemcpyDeviceToHost));
    CU(cudaMemcpy(b, db, nb * sizeof(real), cudaMemcpyDeviceToHost));
    CU(cudaMemcpy(info, di, count * sizeof(int), cudaMemcpyDeviceToHost));
    CU(cudaFree(da)); CU(cudaFree(db)); CU(cudaFree(di));

    double worst = 0;
    int wrong = 0;
    for (int m = 0; m < count; m++) {
        if (m == spoiled) {
            wrong += info[m] != N / 3 + 1;
            wrong += memcmp(a + m * TRI_SIZE(N), keep + m * TRI_SIZE(N), TRI_SIZE(N) * sizeof(real)) != 0;
            continue;
        }
        wrong += info[m] != 0;
        for (int i = 0; i < N; i++) {
            NOTE(worst, fabs(b[m * N + i] - (i % 3 + 1) * (i % 2 ? -1.0 : 1.0)));
            for (int j = 0; j <= i; j++) NOTE(worst, fabs((double)a[m * TRI_SIZE(N) + TRI(i, j)] - factor<real>(m, i, j)));
        }
    }
    printf("%zu-byte reals, order %d: worst %.2e, %d wrong codes\n", sizeof(real), N, worst, wrong);
    free(a); free(b); free(info); free(keep);
    return wrong || !(worst < tolerance);
}

int main(void)
{
    int bad = test<double, 12>(15, 32, 1e-12);
    bad |= test<float, 5>(40, 32, 5e-5);
    bad |= test<float, 17>(9, 64, 5e-5);
    puts(bad ? "FAIL" : "PASS");
    return bad;
}
