// Heat conduction on a plate, explicit Euler, 5-point stencil with insulated edges, in double precision.
// The weights stand in constant memory; each block stages its tile and a one-cell halo in shared memory.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <cuda_runtime.h>

#ifndef NX
#define NX 83
#endif
#ifndef NY
#define NY 47
#endif
#ifndef STEPS
#define STEPS 6
#endif

typedef double real;

enum { BLOCK_X = 16, BLOCK_Y = 8 };

#define IDX(ix, iy) ((iy) * nx + (ix))
#define CLAMP(v, lo, hi) ((v) < (lo) ? (lo) : (v) > (hi) ? (hi) : (v))

__constant__ real weight[3]; // centre, along x, along y

__global__ __launch_bounds__(BLOCK_X * BLOCK_Y) void heat_step(const real *__restrict__ u, real *__restrict__ u_next,
                                                               const int nx, const int ny)
{
    __shared__ real s[BLOCK_Y + 2][BLOCK_X + 2];

    const int ix = blockIdx.x * blockDim.x + threadIdx.x;
    const int iy = blockIdx.y * blockDim.y + threadIdx.y;
    const int lx = threadIdx.x + 1;
    const int ly = threadIdx.y + 1;

    // Cells beyond the edge repeat the edge, so no heat flows through it; idle threads load a valid cell too.
    const int cx = CLAMP(ix, 0, nx - 1);
    const int cy = CLAMP(iy, 0, ny - 1);
    s[ly][lx] = u[IDX(cx, cy)];
    if (threadIdx.x == 0)
        s[ly][0] = u[IDX(CLAMP(ix - 1, 0, nx - 1), cy)];
    if (threadIdx.x == BLOCK_X - 1)
        s[ly][BLOCK_X + 1] = u[IDX(CLAMP(ix + 1, 0, nx - 1), cy)];
    if (threadIdx.y == 0)
        s[0][lx] = u[IDX(cx, CLAMP(iy - 1, 0, ny - 1))];
    if (threadIdx.y == BLOCK_Y - 1)
        s[BLOCK_Y + 1][lx] = u[IDX(cx, CLAMP(iy + 1, 0, ny - 1))];
    __syncthreads();

    if (ix < nx && iy < ny) {
        u_next[IDX(ix, iy)] = weight[0] * s[ly][lx] + weight[1] * (s[ly][lx - 1] + s[ly][lx + 1])
                            + weight[2] * (s[ly - 1][lx] + s[ly + 1][lx]);
    }
}

static void die_on(cudaError_t e, int line)
{
    if (e) {
        fprintf(stderr, "line %d: %s: %s\n", line, cudaGetErrorName(e), cudaGetErrorString(e));
        exit(2);
    }
}
#define TRY(e) die_on((e), __LINE__)

// A cosine mode of the insulated plate is an eigenvector of the step: it only decays, by a known factor.
static double mode(int ix, int iy, int kx, int ky)
{
    const double pi = 3.14159265358979323846;
    return cos(pi * kx * (ix + 0.5) / NX) * cos(pi * ky * (iy + 0.5) / NY);
}

int main()
{
    const double ax = 0.2, ay = 0.15;
    const real w[3] = {1.0 - 2.0 * ax - 2.0 * ay, ax, ay};
    const int kx[3] = {1, 3, 8}, ky[3] = {2, 0, 5};
    const double amplitude[3] = {1.0, -0.5, 0.25};
    const double pi = 3.14159265358979323846;
    const size_t bytes = sizeof(real) * NX * NY;

    real *h = (real *)malloc(bytes);
    for (int iy = 0; iy < NY; iy++)
        for (int ix = 0; ix < NX; ix++) {
            h[iy * NX + ix] = 0.0;
            for (int k = 0; k < 3; k++)
                h[iy * NX + ix] += amplitude[k] * mode(ix, iy, kx[k], ky[k]);
        }

    real *u0, *u1;
    TRY(cudaMalloc((void **)&u0, bytes));
    TRY(cudaMalloc((void **)&u1, bytes));
    TRY(cudaMemcpy(u0, h, bytes, cudaMemcpyHostToDevice));
    TRY(cudaMemcpyToSymbol(weight, w, sizeof(w)));

    dim3 block(BLOCK_X, BLOCK_Y), grid((NX + BLOCK_X - 1) / BLOCK_X, (NY + BLOCK_Y - 1) / BLOCK_Y);
    for (int step = 0; step < STEPS; step++) {
        heat_step<<<grid, block>>>(u0, u1, NX, NY);
        TRY(cudaPeekAtLastError());
        real *swap = u0;
        u0 = u1;
        u1 = swap;
    }
    TRY(cudaDeviceSynchronize());
    TRY(cudaMemcpy(h, u0, bytes, cudaMemcpyDeviceToHost));

    double worst = 0.0;
    for (int iy = 0; iy < NY; iy++)
        for (int ix = 0; ix < NX; ix++) {
            double want = 0.0;
            for (int k = 0; k < 3; k++) {
                double decay = 1.0 - 2.0 * ax * (1.0 - cos(pi * kx[k] / NX)) - 2.0 * ay * (1.0 - cos(pi * ky[k] / NY));
                want += amplitude[k] * pow(decay, STEPS) * mode(ix, iy, kx[k], ky[k]);
            }
            worst = fmax(worst, fabs(h[iy * NX + ix] - want));
        }
    printf("%d x %d, %d steps: worst error %.3e\n", NX, NY, STEPS, worst);
    puts(worst < 1e-12 ? "PASS" : "FAIL");

    TRY(cudaFree(u0));
    TRY(cudaFree(u1));
    free(h);
    return worst < 1e-12 ? EXIT_SUCCESS : EXIT_FAILURE;
}
