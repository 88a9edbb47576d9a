// 4-bit weights in blocks of 32: one half-precision scale and 16 bytes of nibbles each. Quantise, then y = W x.
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define QK 32

typedef struct {
    half    d;           // scale
    uint8_t qs[QK / 2];  // low nibbles: elements 0-15, high nibbles: 16-31
} block_q4;
static_assert(sizeof(block_q4) == sizeof(half) + QK / 2, "no padding");

#ifndef ROWS_PER_BLOCK
#define ROWS_PER_BLOCK 3
#endif

static void cuda_abort(const char * stmt, int line, const char * msg) {
    fprintf(stderr, "%s (line %d): %s\n", stmt, line, msg);
    abort();
}
#define CUDA_CHECK(stmt)                                                               \
    do {                                                                               \
        cudaError_t err_ = (stmt);                                                     \
        if (err_ != cudaSuccess) cuda_abort(#stmt, __LINE__, cudaGetErrorString(err_)); \
    } while (0)

// one thread a block of 32
__global__ void quantize_q4(const float * __restrict__ x, block_q4 * __restrict__ y, const int nblocks) {
    const int ib = blockDim.x*blockIdx.x + threadIdx.x;

    if (ib >= nblocks) {
        return;
    }

    const float * xb = x + ib*QK;
    float vmax = 0.0f; // the value of largest magnitude, with its sign
    for (int j = 0; j < QK; ++j) {
        if (fabsf(xb[j]) > fabsf(vmax)) {
            vmax = xb[j];
        }
    }

    const float d  = vmax / -8;
    const float id = d ? 1.0f/d : 0.0f;

    y[ib].d = __float2half(d);
    for (int j = 0; j < QK/2; ++j) {
        const uint8_t q0 = (uint8_t) min(15, (int)(xb[j]*id + 8.5f));
        const uint8_t q1 = (uint8_t) min(15, (int)(xb[j + QK/2]*id + 8.5f));
        y[ib].qs[j] = q0 | (q1 << 4);
    }
}

__device__ static __forceinline__ float warp_reduce_sum(float x) {
#pragma unroll
    for (int mask = 16; mask > 0; mask >>= 1) {
        x += __shfl_xor_sync(0xffffffff, x, mask, 32);
    }
    return x;
}

// blockDim = (32, ROWS_PER_BLOCK): a warp a row, half a quantised block a lane and turn
static __global__ void mul_mat_vec_q4(const void * __restrict__ vx, const float * __restrict__ y, float * __restrict__ dst,
                                      const int ncols, const int nrows) {
    const int row = blockIdx.x*blockDim.y + threadIdx.y;
    if (row >= nrows) {
        return; // the whole warp
    }

    const int nblocks = ncols/QK;
    const block_q4 * x = (const block_q4 *) vx + row*nblocks;
    const int quarter  = threadIdx.x % 4; // 4 bytes of the 16

    float tmp = 0.0f;
    for (int ib = threadIdx.x / 4; ib < nblocks; ib += 8) {
        const float d = __half2float(x[ib].d);
        const float * yb = y + ib*QK + quarter*4;
        float sum = 0.0f;
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            const int q = x[ib].qs[quarter*4 + k];
            sum += ((q & 0xF) - 8) * yb[k]
#if QK == 32
                +  ((q >>  4) - 8) * yb[k + 16]
#endif
                ;
        }
        tmp += d*sum;
    }

    tmp = warp_reduce_sum(tmp);
    if (threadIdx.x == 0) {
        dst[row] = tmp;
    }
}

int main(int argc, char ** argv) {
    const int nrows = argc > 1 ? atoi(argv[1]) : 70;
    const int ncols = 32*19;
    const int n = nrows*ncols, nb = n/QK;

    float * w = (float *) malloc(n*sizeof(float));
    float * x = (float *) malloc(ncols*sizeof(float));
    for (int i = 0; i < n; ++i) {
        w[i] = sinf(0.7f*i)*(1 + i%5) + (i/QK % 11 == 0 ? 0.0f : 0.01f*(i%17));
        if (i/QK == 5) w[i] = 0.0f; // a block of zeros
    }
    for (int i = 0; i < ncols; ++i) x[i] = cosf(1.3f*i + 0.4f);

    float * d_w, * d_x, * d_y;
    block_q4 * d_q;
    CUDA_CHECK(cudaMalloc((void **) &d_w, n*sizeof(float)));
    CUDA_CHECK(cudaMalloc((void **) &d_x, ncols*sizeof(float)));
    CUDA_CHECK(cudaMalloc((void **) &d_y, nrows*sizeof(float)));
    CUDA_CHECK(cudaMalloc((void **) &d_q, nb*sizeof(block_q4)));
    CUDA_CHECK(cudaMemcpy(d_w, w, n*sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_x, x, ncols*sizeof(float), cudaMemcpyHostToDevice));

    quantize_q4<<<(nb + 63)/64, 64>>>(d_w, d_q, nb);
    CUDA_CHECK(cudaGetLastError());
    mul_mat_vec_q4<<<(nrows + ROWS_PER_BLOCK - 1)/ROWS_PER_BLOCK, dim3(32, ROWS_PER_BLOCK, 1)>>>(d_q, d_x, d_y, ncols, nrows);
    CUDA_CHECK(cudaGetLastError());

    block_q4 * q = (block_q4 *) malloc(nb*sizeof(block_q4));
    float * y = (float *) malloc(nrows*sizeof(float));
    CUDA_CHECK(cudaMemcpy(q, d_q, nb*sizeof(block_q4), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaMemcpy(y, d_y, nrows*sizeof(float), cudaMemcpyDeviceToHost));

    // quantised: within half a step of the weight (one step where +8 was cut to +7), the scale within half's rounding
    int bad = 0;
    double worst = 0;
    for (int r = 0; r < nrows; ++r) {
        double sum = 0, size = 0;
        for (int c = 0; c < ncols; ++c) {
            const int i = r*ncols + c, j = i % QK;
            const block_q4 * b = &q[i/QK];
            const double step = __half2float(b->d);
            const int nibble = j < QK/2 ? b->qs[j] % 16 : b->qs[j - QK/2] / 16;
            const double back = step*(nibble - 8);
            double limit = fabs(step)*(nibble == 15 ? 1.0 : 0.5) + fabs(w[i])*6e-4 + 1e-7;
            bad += fabs(back - w[i]) > limit;
            bad += w[i] == 0.0f && i/QK == 5 && back != 0.0;
            sum += back*x[c];
            size += fabs(back*x[c]);
        }
        worst = fmax(worst, fabs(sum - y[r])/size);
    }
    printf("%d weights off, worst product %.1e\n%s\n", bad, worst, bad == 0 && worst < 2e-7 ? "PASS" : "FAIL");

    cudaFree(d_w); cudaFree(d_x); cudaFree(d_y); cudaFree(d_q);
    free(w); free(x); free(y); free(q);
    return !(bad == 0 && worst < 2e-7);
}
