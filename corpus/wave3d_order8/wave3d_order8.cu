/* Acoustic wave equation in three dimensions, 8th order in space, 2nd in time:
 *     next = 2 cur - prev + (c dt / h)^2 * laplacian(cur)
 * A block owns a column of BX x BY points and marches along z; the plane in work
 * lies in shared memory, the points before and behind it in registers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <cuda_runtime.h>

#ifndef NX
#define NX 30
#endif
#ifndef NY
#define NY 21
#endif
#ifndef NZ
#define NZ 25
#endif
#define STEPS 4
#define RADIUS 4
#define BX 16
#define BY 8

#define PX (NX + 2 * RADIUS)   /* padded with a frame that stays as it is */
#define PY (NY + 2 * RADIUS)
#define PZ (NZ + 2 * RADIUS)
#define IDX(x, y, z) (((z) * PY + (y)) * PX + (x))

#define CHK(c) chk(c, #c, __LINE__)
static void chk(cudaError_t e, const char *s, int l) { if (e) { fprintf(stderr, "%d: %s: %s\n", l, s, cudaGetErrorString(e)); exit(1); } }

__constant__ float stencil[RADIUS + 1];

__global__ void __launch_bounds__(BX * BY, 2)
step(float *next, const float *__restrict__ cur, const float *__restrict__ prev, float courant2)
{
    __shared__ float plane[BY + 2 * RADIUS][BX + 2 * RADIUS];

    const int tx = threadIdx.x + RADIUS, ty = threadIdx.y + RADIUS;
    const int gx = blockIdx.x * BX + tx, gy = blockIdx.y * BY + ty;
    const bool valid = gx < NX + RADIUS && gy < NY + RADIUS;

    float behind[RADIUS], infront[RADIUS], current;
    if (valid) {
        for (int r = 0; r < RADIUS; r++)
            behind[r] = cur[IDX(gx, gy, RADIUS - 1 - r)];
        current = cur[IDX(gx, gy, RADIUS)];
        for (int r = 0; r < RADIUS; r++)
            infront[r] = cur[IDX(gx, gy, RADIUS + 1 + r)];
    } else {
        current = 0.f;
        for (int r = 0; r < RADIUS; r++)
            behind[r] = infront[r] = 0.f;
    }

    for (int z = RADIUS; z < NZ + RADIUS; z++) {
        __syncthreads();   /* the plane before is done with */
        plane[ty][tx] = current;
        if (threadIdx.y < RADIUS) {
            const int below = min(gy + BY, PY - 1);
            plane[threadIdx.y][tx] = gx < PX ? cur[IDX(gx, gy - RADIUS, z)] : 0.f;
            plane[ty + BY][tx] = gx < PX ? cur[IDX(gx, below, z)] : 0.f;
        }
        if (threadIdx.x < RADIUS) {
            const int right = min(gx + BX, PX - 1);
            plane[ty][threadIdx.x] = gy < PY ? cur[IDX(gx - RADIUS, gy, z)] : 0.f;
            plane[ty][tx + BX] = gy < PY ? cur[IDX(right, gy, z)] : 0.f;
        }
        /* the last block of a row is not full: its halo lies among its own threads */
        if (!valid && gx < PX && gy < PY)
            plane[ty][tx] = cur[IDX(gx, gy, z)];
        __syncthreads();

        if (valid) {
            float lap = 3.f * stencil[0] * current;
#pragma unroll
            for (int r = 1; r <= RADIUS; r++)
                lap += stencil[r] * (infront[r - 1] + behind[r - 1] + plane[ty - r][tx] + plane[ty + r][tx] +
                                     plane[ty][tx - r] + plane[ty][tx + r]);
            next[IDX(gx, gy, z)] = 2.f * current - prev[IDX(gx, gy, z)] + courant2 * lap;

            for (int r = RADIUS - 1; r > 0; r--)
                behind[r] = behind[r - 1];
            behind[0] = current;
            current = infront[0];
            for (int r = 0; r < RADIUS - 1; r++)
                infront[r] = infront[r + 1];
            if (z + RADIUS + 1 < PZ)
                infront[RADIUS - 1] = cur[IDX(gx, gy, z + RADIUS + 1)];
        }
    }
}

static double mode(double kx, double ky, double kz, int x, int y, int z)
{
    return sin(kx * x + 0.3) * cos(ky * y) * cos(kz * z - 0.2);
}

int main(void)
{
    /* central second difference of 8th order */
    const double c[RADIUS + 1] = {-205.0 / 72, 8.0 / 5, -1.0 / 5, 8.0 / 315, -1.0 / 560};
    float cf[RADIUS + 1];
    for (int r = 0; r <= RADIUS; r++) cf[r] = (float)c[r];
    CHK(cudaMemcpyToSymbol(stencil, cf, sizeof cf));

    const size_t bytes = sizeof(float) * PX * PY * PZ;
    float *h = (float *)malloc(bytes), *d[3];
    for (int i = 0; i < 3; i++) CHK(cudaMalloc((void **)&d[i], bytes));

    /* A plane wave is an eigenvector of the stencil, so points that the frame cannot have reached
       follow u_{n+1} = (2 + courant2 * lambda) u_n - u_{n-1}, with lambda known. */
    const double kx = 0.41, ky = 0.23, kz = 0.37, courant2 = 0.16;
    double lambda = 3 * c[0];
    for (int r = 1; r <= RADIUS; r++) lambda += 2 * c[r] * (cos(kx * r) + cos(ky * r) + cos(kz * r));
    for (int z = 0; z < PZ; z++)
        for (int y = 0; y < PY; y++)
            for (int x = 0; x < PX; x++) h[IDX(x, y, z)] = (float)mode(kx, ky, kz, x, y, z);
    for (int i = 0; i < 3; i++) CHK(cudaMemcpy(d[i], h, bytes, cudaMemcpyHostToDevice));

    const dim3 block(BX, BY), grid((NX + BX - 1) / BX, (NY + BY - 1) / BY);
    double before = 1, now = 1, worst = 0;
    long compared = 0;
    for (int s = 1; s <= STEPS; s++) {
        step<<<grid, block>>>(d[2], d[1], d[0], (float)courant2);
        CHK(cudaGetLastError());
        float *t = d[0];
        d[0] = d[1]; d[1] = d[2]; d[2] = t;
        const double then = (2 + courant2 * lambda) * now - before;
        before = now; now = then;

        CHK(cudaMemcpy(h, d[1], bytes, cudaMemcpyDeviceToHost));
        /* in step s the frame has spoiled (s - 1) * RADIUS points at each side */
        const int m = s * RADIUS;
        for (int z = m; z < PZ - m; z++)
            for (int y = m; y < PY - m; y++)
                for (int x = m; x < PX - m; x++, compared++)
                    {
                    const double e = fabs(h[IDX(x, y, z)] - now * mode(kx, ky, kz, x, y, z));
                    if (!(e <= worst)) worst = e == e ? e : INFINITY;
                }
    }
    /* what the frame did spoil is small as well, but not that small: the frame must be untouched */
    long moved = 0;
    for (int i = 0; i < PX * PY * RADIUS; i++)
        moved += h[i] != (float)mode(kx, ky, kz, i % PX, i / PX % PY, i / PX / PY);
    printf("%ld points compared, worst error %.2e, %ld frame points changed\n", compared, worst, moved);
    const int ok = worst < 1e-5 && compared > NX * NY * NZ && moved == 0;
    for (int i = 0; i < 3; i++) CHK(cudaFree(d[i]));
    free(h);
    puts(ok ? "PASS" : "FAIL");
    return !ok;
}
