/*  DGEMM:  C := alpha * op(A) * op(B) + beta * C,  column-major as in the reference BLAS.
 *  One thread an element, no shared memory. */
#include <cuda_runtime.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum TRANSPOSE { NOTRANS = 'N', TRANS = 'T' };
enum STATUS { OK = 0, BAD_M = 3, BAD_N = 4, BAD_K = 5, BAD_LDA = 8, BAD_LDB = 10, BAD_LDC = 13, LAUNCH = -1 };

#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define A(i, j) A[(i) + (size_t)(j) * lda]
#define B(i, j) B[(i) + (size_t)(j) * ldb]
#define C(i, j) C[(i) + (size_t)(j) * ldc]

template <TRANSPOSE TA, TRANSPOSE TB>
__global__ void dgemm_kernel(int m, int n, int k, double alpha, const double *A, int lda, const double *B, int ldb,
                             double beta, double *C, int ldc)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const int j = blockIdx.y * blockDim.y + threadIdx.y;
    if (i >= m || j >= n)
        return;

    double sum = 0.0;
    if (alpha != 0.0)
        for (int l = 0; l < k; ++l)
            sum += (TA == NOTRANS ? A(i, l) : A(l, i)) * (TB == NOTRANS ? B(l, j) : B(j, l));

    // beta == 0 must not read C: it may hold anything
    if (beta == 0.0)
        C(i, j) = alpha * sum;
    else
        C(i, j) = alpha * sum + beta * C(i, j);
}

#undef A
#undef B
#undef C

static int DGEMM(char transa, char transb, int m, int n, int k, double alpha, const double *A, int lda,
                 const double *B, int ldb, double beta, double *C, int ldc)
{
    const int ta = toupper(transa) == TRANS, tb = toupper(transb) == TRANS;
    if (m < 0) return BAD_M;
    if (n < 0) return BAD_N;
    if (k < 0) return BAD_K;
    if (lda < MAX(1, ta ? k : m)) return BAD_LDA;
    if (ldb < MAX(1, tb ? n : k)) return BAD_LDB;
    if (ldc < MAX(1, m)) return BAD_LDC;
    if (m == 0 || n == 0) return OK;

    dim3 threads(16, 4), blocks((m + 15) / 16, (n + 3) / 4);
    switch (2 * ta + tb) {
    case 0: dgemm_kernel<NOTRANS, NOTRANS><<<blocks, threads>>>(m, n, k, alpha, A, lda, B, ldb, beta, C, ldc); break;
    case 1: dgemm_kernel<NOTRANS, TRANS><<<blocks, threads>>>(m, n, k, alpha, A, lda, B, ldb, beta, C, ldc); break;
    case 2: dgemm_kernel<TRANS, NOTRANS><<<blocks, threads>>>(m, n, k, alpha, A, lda, B, ldb, beta, C, ldc); break;
    case 3: dgemm_kernel<TRANS, TRANS><<<blocks, threads>>>(m, n, k, alpha, A, lda, B, ldb, beta, C, ldc); break;
    }
    return cudaGetLastError() == cudaSuccess ? OK : LAUNCH;
}

/* deterministic values in [-1, 1) */
static double value(int i, int j, int salt)
{
    return ((i * 7919 + j * 104729 + salt * 31) % 2048) / 1024.0 - 1.0;
}

int main(int argc, char *argv[])
{
    const int m = argc > 1 ? atoi(argv[1]) : 43, n = argc > 2 ? atoi(argv[2]) : 29, k = argc > 3 ? atoi(argv[3]) : 51;
    const int extra = 3; /* rows of padding below every matrix, which must stay as they are */
    const int ldc = m + extra;
    const char *kinds[] = {"NN", "NT", "TN", "tt"};
    int failures = 0;

    for (int kind = 0; kind < 4; kind++) {
        const int ta = kind / 2, tb = kind % 2;
        const int lda = (ta ? k : m) + extra, ldb = (tb ? n : k) + extra;
        const size_t na = (size_t)lda * (ta ? m : k), nb = (size_t)ldb * (tb ? k : n), nc = (size_t)ldc * n;
        double *a = (double *)malloc(na * sizeof(double)), *b = (double *)malloc(nb * sizeof(double));
        double *c = (double *)malloc(nc * sizeof(double)), *r = (double *)malloc(nc * sizeof(double));
        for (size_t i = 0; i < na; i++) a[i] = value(i % lda, i / lda, 1);
        for (size_t i = 0; i < nb; i++) b[i] = value(i % ldb, i / ldb, 2);
        for (size_t i = 0; i < nc; i++) c[i] = kind == 3 ? NAN : value(i % ldc, i / ldc, 3);

        double *da, *db, *dc;
        if (cudaMalloc((void **)&da, na * sizeof(double)) || cudaMalloc((void **)&db, nb * sizeof(double)) ||
            cudaMalloc((void **)&dc, nc * sizeof(double))) {
            fprintf(stderr, "cudaMalloc failed\n");
            return 1;
        }
        cudaMemcpy(da, a, na * sizeof(double), cudaMemcpyHostToDevice);
        cudaMemcpy(db, b, nb * sizeof(double), cudaMemcpyHostToDevice);
        cudaMemcpy(dc, c, nc * sizeof(double), cudaMemcpyHostToDevice);
        const double alpha = 1.25, beta = kind == 3 ? 0.0 : -0.5;
        const int info = DGEMM(kinds[kind][0], kinds[kind][1], m, n, k, alpha, da, lda, db, ldb, beta, dc, ldc);
        cudaMemcpy(r, dc, nc * sizeof(double), cudaMemcpyDeviceToHost);

        /* Check every element against a sum of outer products, built up rank by rank, ... */
        double *want = (double *)calloc((size_t)m * n, sizeof(double)), worst = 0;
        for (int l = 0; l < k; l++)
            for (int j = 0; j < n; j++) {
                const double f = alpha * (tb ? b[j + (size_t)l * ldb] : b[l + (size_t)j * ldb]);
                for (int i = 0; i < m; i++)
                    want[i + (size_t)j * m] += f * (ta ? a[l + (size_t)i * lda] : a[i + (size_t)l * lda]);
            }
        for (int j = 0; j < n; j++)
            for (int i = 0; i < m; i++) {
                const double w = want[i + (size_t)j * m] + (beta == 0 ? 0 : beta * c[i + (size_t)j * ldc]);
                const double e = fabs(r[i + (size_t)j * ldc] - w);
                if (!(e <= worst)) worst = isnan(e) ? INFINITY : e;
            }
        /* ... and the padding bit by bit. */
        int touched = 0;
        for (int j = 0; j < n; j++)
            for (int i = m; i < ldc; i++) {
                const double p = r[i + (size_t)j * ldc], q = c[i + (size_t)j * ldc];
                touched += !(p == q || (isnan(p) && isnan(q)));
            }
        printf("%s: info %d, worst error %.2e, padding touched %d\n", kinds[kind], info, worst, touched);
        failures += info != OK || !(worst < 1e-13 * k) || touched;
        cudaFree(da); cudaFree(db); cudaFree(dc);
        free(a); free(b); free(c); free(r); free(want);
    }
    failures += DGEMM('N', 'N', 4, 4, 4, 1, NULL, 3, NULL, 4, 0, NULL, 4) != BAD_LDA;
    failures += DGEMM('N', 'N', 0, 4, 4, 1, NULL, 1, NULL, 4, 0, NULL, 1) != OK;
    puts(failures ? "FAIL" : "PASS");
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
