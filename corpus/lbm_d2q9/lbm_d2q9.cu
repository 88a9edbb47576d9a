// Lattice Boltzmann D2Q9, BGK collision, pull scheme: Poiseuille flow between two plates.
// Periodic in x, walls (half-way bounce-back) above and below, driven by a body force.
#include <cstdio>
#include <cstdlib>
#include <cmath>
#include <cuda_runtime.h>

#ifndef NX
#define NX 14
#endif
#ifndef NY
#define NY 19
#endif
#define Q 9
#define CELLS (NX * NY)
#define AT(k, x, y) ((k) * CELLS + (y) * NX + (x))
#define FOR_DIRECTIONS(k) _Pragma("unroll") for (int k = 0; k < Q; ++k)

__constant__ int cx[Q] = { 0, 1, 0, -1, 0, 1, -1, -1, 1 };
__constant__ int cy[Q] = { 0, 0, 1, 0, -1, 1, 1, -1, -1 };
__constant__ int opposite[Q] = { 0, 3, 4, 1, 2, 7, 8, 5, 6 };
__constant__ double weight[Q] = { 4. / 9, 1. / 9, 1. / 9, 1. / 9, 1. / 9, 1. / 36, 1. / 36, 1. / 36, 1. / 36 };

#define CHECK_LAST(what)                                                        \
    if (cudaError_t e = cudaGetLastError())                                     \
    {                                                                           \
        std::fprintf(stderr, "%s failed: %s\n", what, cudaGetErrorString(e));   \
        return 2;                                                               \
    }

__global__ void init(double *f)
{
    const int x = blockIdx.x * blockDim.x + threadIdx.x;
    const int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x < NX && y < NY)
        FOR_DIRECTIONS(k) f[AT(k, x, y)] = weight[k];
}

__global__ void step(const double *f, double *g, double omega, double force)
{
    const int x = blockIdx.x * blockDim.x + threadIdx.x;
    const int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= NX || y >= NY)
        return;

    // stream: what comes from a wall is what left towards it
    double in[Q];
    FOR_DIRECTIONS(k)
    {
        const int sx = (x - cx[k] + NX) % NX;
        const int sy = y - cy[k];
        in[k] = (sy < 0 || sy >= NY) ? f[AT(opposite[k], x, y)] : f[AT(k, sx, sy)];
    }

    double rho = 0, ux = 0, uy = 0;
    FOR_DIRECTIONS(k)
    {
        rho += in[k];
        ux += cx[k] * in[k];
        uy += cy[k] * in[k];
    }
    ux = ux / rho;
    uy /= rho;

    const double usq = 1.5 * (ux * ux + uy * uy);
    FOR_DIRECTIONS(k)
    {
        const double cu = 3.0 * (cx[k] * ux + cy[k] * uy);
        const double eq = weight[k] * rho * (1.0 + cu + 0.5 * cu * cu - usq);
        g[AT(k, x, y)] = in[k] - omega * (in[k] - eq) + 3.0 * weight[k] * force * cx[k];
    }
}

__global__ void velocity(const double *f, double *u)
{
    const int cell = blockIdx.x * blockDim.x + threadIdx.x;
    if (cell >= CELLS)
        return;
    double rho = 0.0, momentum = 0.0;
    for (int k = 0; k < Q; ++k)
    {
        rho += f[k * CELLS + cell];
        momentum += cx[k] * f[k * CELLS + cell];
    }
    u[cell] = momentum / rho;
}

int main(int argc, char **argv)
{
    const int steps = argc > 1 ? std::atoi(argv[1]) : 1500;
    const double tau = 0.9, force = 1e-5;
    const double nu = (tau - 0.5) / 3.0;

    double *f, *g, *u;
    cudaMalloc((void **)&f, Q * CELLS * sizeof(double));
    cudaMalloc((void **)&g, Q * CELLS * sizeof(double));
    cudaMalloc((void **)&u, CELLS * sizeof(double));

    const dim3 block(8, 8, 1);
    const dim3 grid((NX + block.x - 1) / block.x, (NY + block.y - 1) / block.y, 1);
    init<<<grid, block>>>(f);
    CHECK_LAST("init");
    for (int t = 0; t < steps; ++t)
    {
        step<<<grid, block>>>(f, g, 1.0 / tau, force);
        double *swap = f;
        f = g;
        g = swap;
    }
    velocity<<<(CELLS + 127) / 128, 128>>>(f, u);
    CHECK_LAST("step");

    double host[CELLS];
    cudaMemcpy(host, u, sizeof host, cudaMemcpyDeviceToHost);

    // Theory: u(y) = force / (2 nu) * (y + 1/2) * (NY - 1/2 - y), approached at the rate of the slowest sine mode.
    // (Half the force is added after the collision: the measured velocity lies half a force above the mean.)
    double worst = 0.0;
    for (int y = 0; y < NY; ++y)
    {
        double exact = force / (2 * nu) * (y + 0.5) * (NY - 0.5 - y);
        for (int m = 1; m < 2 * NY; m += 2)
            exact -= 4 * force * NY * NY / (nu * std::pow(m * M_PI, 3)) * std::sin(m * M_PI * (y + 0.5) / NY)
                     * std::exp(-nu * m * m * M_PI * M_PI * steps / (NY * NY));
        for (int x = 0; x < NX; ++x)
            {
                const double off = std::fabs(host[y * NX + x] - exact) / (force * NY * NY / (8 * nu));
                if (off > worst || off != off) worst = off;  // NaN, too
            }
    }
    std::printf("%d steps, worst deviation from theory %.3f %%\n", steps, 100 * worst);
    const bool ok = worst < 0.004;
    std::puts(ok ? "PASS" : "FAIL");
    cudaFree(f);
    cudaFree(g);
    cudaFree(u);
    return ok ? 0 : 1;
}
