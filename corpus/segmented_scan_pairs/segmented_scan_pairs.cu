/* Segmented inclusive scan. flags[i] != 0 starts a new segment at i.
 *
 * (f1, v1) o (f2, v2) = (f1 | f2, f2 ? v2 : v1 + v2) is associative, so the
 * pair is scanned with the ordinary double-buffer algorithm:
 *   1. scan_block:  each block its piece; leaves its last pair
 *   2. scan_block:  again, one block over these
 *   3. fix_up:      adds the carry up to the first flag of the block
 */
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>

#define BS 96

typedef struct { int flag; double val; } pair_t;

__device__ static pair_t op(pair_t a, pair_t b)
{
    pair_t r;
    r.flag = a.flag | b.flag;
    r.val = b.flag ? b.val : a.val + b.val;
    return r;
}

__global__ void scan_block(const double *in, const unsigned char *flags, double *out, unsigned char *oflags,
                           double *sums, unsigned char *sflags, int n)
{
    extern __shared__ pair_t tmp[];           /* two buffers of blockDim.x */
    int i = blockIdx.x * blockDim.x + threadIdx.x, t = threadIdx.x;
    int cur = 0;
    pair_t id = {0, 0.0};

    tmp[t] = id;
    if (i < n) {
        tmp[t].flag = flags[i] != 0;
        tmp[t].val = in[i];
    }
    __syncthreads();
    for (int d = 1; d < blockDim.x; d <<= 1) {
        pair_t *src = tmp + (cur ? blockDim.x : 0);
        pair_t *dst = tmp + (cur ? 0 : blockDim.x);
        if (t >= d)
            dst[t] = op(src[t - d], src[t]);
        else
            dst[t] = src[t];
        cur ^= 1;
        __syncthreads();
    }
    pair_t mine = tmp[cur * blockDim.x + t];
    if (i < n) {
        out[i] = mine.val;
        oflags[i] = (unsigned char)mine.flag;  /* a flag so far in this block */
    }
    if (sums && t == blockDim.x - 1) {
        sums[blockIdx.x] = mine.val;
        sflags[blockIdx.x] = (unsigned char)mine.flag;
    }
}

__global__ void fix_up(double *out, const unsigned char *oflags, const double *sums, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (blockIdx.x == 0 || i >= n || oflags[i]) return;
    out[i] += sums[blockIdx.x - 1];
}

static void ok(cudaError_t e, int line)
{
    if (e == cudaSuccess) return;
    fprintf(stderr, "line %d: %s\n", line, cudaGetErrorString(e));
    exit(1);
}
#define OK(e) ok((e), __LINE__)

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 5000;
    int blocks = (n + BS - 1) / BS;
    if (n < 1 || blocks > 1024) { fprintf(stderr, "1 <= n <= %d\n", 1024 * BS); return 2; }

    double *h = (double *)malloc(n * sizeof *h), *r = (double *)malloc(n * sizeof *r);
    unsigned char *f = (unsigned char *)malloc(n);
    for (int i = 0; i < n; i++) {
        h[i] = ((i * 29) % 64 - 20) * 0.125;
        /* short, long and very long segments */
        f[i] = (i % 7 == 3 && i < 300) || i == 417 || i == 1900 || (i > 3000 && i % 331 == 0) ? 255 : 0;
    }

    double *din, *dout, *dsum, *dcarry;
    unsigned char *df, *dof, *dsf, *dcf;
    OK(cudaMalloc((void **)&din, n * sizeof(double)));
    OK(cudaMalloc((void **)&dout, n * sizeof(double)));
    OK(cudaMalloc((void **)&dsum, blocks * sizeof(double)));
    OK(cudaMalloc((void **)&dcarry, blocks * sizeof(double)));
    OK(cudaMalloc((void **)&df, n));
    OK(cudaMalloc((void **)&dof, n));
    OK(cudaMalloc((void **)&dsf, blocks));
    OK(cudaMalloc((void **)&dcf, blocks));
    OK(cudaMemcpy(din, h, n * sizeof(double), cudaMemcpyHostToDevice));
    OK(cudaMemcpy(df, f, n, cudaMemcpyHostToDevice));

    scan_block<<<blocks, BS, 2 * BS * sizeof(pair_t)>>>(din, df, dout, dof, dsum, dsf, n);
    OK(cudaGetLastError());
    if (blocks > 1) {
        int top = (blocks + 31) / 32 * 32;
        scan_block<<<1, top, 2 * top * sizeof(pair_t)>>>(dsum, dsf, dcarry, dcf, NULL, NULL, blocks);
        OK(cudaGetLastError());
        fix_up<<<blocks, BS>>>(dout, dof, dcarry, n);
        OK(cudaGetLastError());
    }
    OK(cudaMemcpy(r, dout, n * sizeof(double), cudaMemcpyDeviceToHost));

    /* differences of the result give back the input (eighths: exact) */
    int bad = r[0] != h[0];
    for (int i = 1; i < n; i++)
        bad += (f[i] ? r[i] : r[i] - r[i - 1]) != h[i];
    OK(cudaFree(din)); OK(cudaFree(dout)); OK(cudaFree(dsum)); OK(cudaFree(dcarry));
    OK(cudaFree(df)); OK(cudaFree(dof)); OK(cudaFree(dsf)); OK(cudaFree(dcf));
    free(h); free(r); free(f);
    printf("%d of %d wrong\n%s\n", bad, n, bad ? "FAIL" : "PASS");
    return bad ? 1 : 0;
}
