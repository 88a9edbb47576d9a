/*
 * Conjugate gradients for the 2-D Poisson equation in one cooperative launch: dot products meet in global memory, and
 * the whole grid waits between the phases of an iteration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#include <cuda_runtime.h>
#include <cooperative_groups.h>

namespace cg = cooperative_groups;

#define ENABLE_CHECKS 1
#if ENABLE_CHECKS
#define SAFE(call)                                                        \
    {                                                                     \
        cudaError_t e = call;                                             \
        if (e != cudaSuccess) {                                           \
            printf("%s: %s\nFAIL\n", #call, cudaGetErrorString(e));       \
            return EXIT_FAILURE;                                          \
        }                                                                 \
    }
#else
#define SAFE(call) call
#endif

__device__ double grid_dot[2];   // used in turn: one is cleared while the other is in use

// y = A x on an nx by ny grid with zero boundary: 4 x - left - right - up - down
__device__ double stencil(const double *x, int i, int nx, int ny)
{
    int col = i % nx, row = i / nx;
    double s = 4.0 * x[i];
    if (col > 0) s -= x[i - 1];
    if (col < nx - 1) s -= x[i + 1];
    if (row > 0) s -= x[i - nx];
    if (row < ny - 1) s -= x[i + nx];
    return s;
}

__device__ void gpu_dot(const double *a, const double *b, int n, double *result, const cg::thread_block &cta,
                        const cg::grid_group &grid)
{
    extern __shared__ double tmp[];
    double sum = 0.0;
    for (int i = grid.thread_rank(); i < n; i += grid.size())
        sum += a[i] * b[i];
    tmp[cta.thread_rank()] = sum;
    cg::sync(cta);
    for (int s = cta.size() / 2; s > 0; s >>= 1) {
        if (cta.thread_rank() < s)
            tmp[cta.thread_rank()] += tmp[cta.thread_rank() + s];
        cg::sync(cta);
    }
    if (cta.thread_rank() == 0)
        atomicAdd(result, tmp[0]);
}

extern "C" __global__ void conjugate_gradient(double *x, double *r, double *p, double *Ap, int nx, int ny, double tol,
                                              int max_iterations, int *iterations)
{
    cg::thread_block cta = cg::this_thread_block();
    cg::grid_group grid = cg::this_grid();
    const int n = nx * ny;

    // x = 0, so the residual is the right-hand side that r came with
    for (int i = grid.thread_rank(); i < n; i += grid.size()) {
        x[i] = 0.0;
        p[i] = r[i];
    }
    if (grid.thread_rank() == 0)
        grid_dot[0] = grid_dot[1] = 0.0;
    cg::sync(grid);
    gpu_dot(r, r, n, &grid_dot[0], cta, grid);
    cg::sync(grid);
    double rr = grid_dot[0];
    int k = 0;
    while (rr > tol * tol && k < max_iterations) {
        for (int i = grid.thread_rank(); i < n; i += grid.size())
            Ap[i] = stencil(p, i, nx, ny);
        cg::sync(grid);
        gpu_dot(p, Ap, n, &grid_dot[1], cta, grid);
        cg::sync(grid);
        const double alpha = rr / grid_dot[1];
        if (grid.thread_rank() == 0)
            grid_dot[0] = 0.0;
        for (int i = grid.thread_rank(); i < n; i += grid.size()) {
            x[i] += alpha * p[i];
            r[i] -= alpha * Ap[i];
        }
        cg::sync(grid);
        gpu_dot(r, r, n, &grid_dot[0], cta, grid);
        cg::sync(grid);
        const double beta = grid_dot[0] / rr;
        rr = grid_dot[0];
        if (grid.thread_rank() == 0)
            grid_dot[1] = 0.0;
        for (int i = grid.thread_rank(); i < n; i += grid.size())
            p[i] = r[i] + beta * p[i];
        cg::sync(grid);
        k++;
    }
    if (grid.thread_rank() == 0)
        *iterations = k;
}

int main(int argc, char **argv)
{
    int nx = argc > 1 ? atoi(argv[1]) : 21, ny = argc > 2 ? atoi(argv[2]) : 17;
    const int n = nx * ny;
    int device = 0, cooperative = 0, multiprocessors = 0, per_sm = 0;
    SAFE(cudaGetDevice(&device));
    SAFE(cudaDeviceGetAttribute(&cooperative, cudaDevAttrCooperativeLaunch, device));
    SAFE(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device));
    if (!cooperative) {
        printf("no cooperative launch on this device, waived\nPASS\n");
        return 0;
    }
    const int threads = 64;
    const size_t shared = threads * sizeof(double);
    SAFE(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_sm, conjugate_gradient, threads, shared));
    int blocks = multiprocessors * per_sm;
    if (blocks > 5)
        blocks = 5;

    double *x, *r, *p, *Ap;
    int *iterations;
    SAFE(cudaMallocManaged(&x, n * sizeof(double)));
    SAFE(cudaMallocManaged(&r, n * sizeof(double)));
    SAFE(cudaMallocManaged(&p, n * sizeof(double)));
    SAFE(cudaMallocManaged(&Ap, n * sizeof(double)));
    SAFE(cudaMallocManaged(&iterations, sizeof(int)));

    // right-hand side of a known solution: products of sines are eigenvectors, A u = (4 - 2 cos a - 2 cos b) u
    double *exact = (double *)malloc(n * sizeof(double));
    for (int i = 0; i < n; i++) {
        double a = M_PI * (i % nx + 1) / (nx + 1), b = M_PI * (i / nx + 1) / (ny + 1);
        exact[i] = r[i] = 0.0;
        for (int mode = 1; mode <= 5; mode++) {
            double u = sin(mode * a) * sin((6 - mode) * b) / mode;
            exact[i] += u;
            r[i] += u * (4 - 2 * cos(mode * M_PI / (nx + 1)) - 2 * cos((6 - mode) * M_PI / (ny + 1)));
        }
    }

    double tol = 1e-11;
    int max_iterations = 2 * n;
    void *args[] = {(void *)&x, (void *)&r, (void *)&p, (void *)&Ap, (void *)&nx, (void *)&ny, (void *)&tol,
                    (void *)&max_iterations, (void *)&iterations};
    SAFE(cudaLaunchCooperativeKernel((void *)conjugate_gradient, dim3(blocks, 1, 1), dim3(threads, 1, 1), args, shared, NULL));
    SAFE(cudaDeviceSynchronize());

    double worst = 0.0;
    for (int i = 0; i < n; i++)
        worst = fmax(worst, fabs(x[i] - exact[i]));
    // five eigenvectors: at most as many iterations in exact arithmetic, few more in rounded
    int ok = worst < 1e-9 && *iterations >= 3 && *iterations <= 12;
    printf("%d iterations on %d blocks, error %.1e\n%s\n", *iterations, blocks, worst, ok ? "PASS" : "FAIL");
    free(exact);
    cudaFree(x); cudaFree(r); cudaFree(p); cudaFree(Ap); cudaFree(iterations);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
