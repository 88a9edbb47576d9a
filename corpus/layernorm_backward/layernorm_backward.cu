/*
Layer normalisation, forward (keeps mean and rstd) and backward (dinp, dweight, dbias).

Shapes: inp (N, C), weight (C), bias (C).
*/
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <assert.h>
#include <cuda_runtime.h>

#define ceil_div(M, N) (((M) + (N)-1) / (N))
#define WARP_SIZE 32

void cuda_check(cudaError_t error, const char *file, int line) {
    if (error != cudaSuccess) {
        printf("[CUDA ERROR] at file %s:%d:\n%s\n", file, line, cudaGetErrorString(error));
        exit(EXIT_FAILURE);
    }
}
#define cudaCheck(err) (cuda_check(err, __FILE__, __LINE__))

// ----------------------------------------------------------------------------
// GPU kernels

__device__ float warp_reduce_sum(float val) {
    for (int offset = 16; offset > 0; offset /= 2) {
        val += __shfl_xor_sync(0xFFFFFFFF, val, offset);
    }
    return val;
}

// one warp normalises one row
__global__ void layernorm_forward_kernel(float* __restrict__ out, float* __restrict__ mean, float* __restrict__ rstd,
                                         const float* __restrict__ inp, const float* __restrict__ weight,
                                         const float* __restrict__ bias, int N, int C) {
    int lane_id = threadIdx.x % WARP_SIZE;
    int warp_id = threadIdx.x / WARP_SIZE;
    int num_warps = blockDim.x / WARP_SIZE;
    int idx = blockIdx.x * num_warps + warp_id;
    if (idx >= N) { return; } // guard

    const float* x = inp + idx * C;
    float sum = 0.0f;
    for (int i = lane_id; i < C; i += WARP_SIZE) {
        sum += x[i];
    }
    float m = warp_reduce_sum(sum) / C;
    sum = 0.0f;
    for (int i = lane_id; i < C; i += WARP_SIZE) {
        float diff = x[i] - m;
        sum += diff * diff;
    }
    float s = rsqrtf(warp_reduce_sum(sum) / C + 1e-5f);
    if (lane_id == 0) {
        mean[idx] = m;
        rstd[idx] = s;
    }
    float* o = out + idx * C;
    for (int c = lane_id; c < C; c += WARP_SIZE) {
        float n = s * (__ldcs(x + c) - m);
        __stcs(o + c, n * weight[c] + bias[c]);
    }
}

// The warps of a block take rows in turn; the sums for weight and bias are gathered
// in shared memory and left, one row per block, in scratch.
__global__ void layernorm_backward_kernel(float* dinp, float* scratch, const float* dout, const float* inp,
                                          const float* weight, const float* mean, const float* rstd, int N, int C) {
    extern __shared__ float shared[]; // size = 2 * C
    float* dbias_shared = shared;
    float* dweight_shared = shared + C;

    int warp_id = threadIdx.x / WARP_SIZE;
    int lane_id = threadIdx.x % WARP_SIZE;
    int warps_in_grid = gridDim.x * (blockDim.x / WARP_SIZE);

    for (int i = threadIdx.x; i < 2 * C; i += blockDim.x) {
        shared[i] = 0.0f;
    }
    __syncthreads();

    for (int idx = blockIdx.x * (blockDim.x / WARP_SIZE) + warp_id; idx < N; idx += warps_in_grid) {
        const float* dout_row = dout + idx * C;
        const float* inp_row = inp + idx * C;
        float* dinp_row = dinp + idx * C;
        const float mean_row = mean[idx];
        const float rstd_row = rstd[idx];

        float dnorm_mean = 0.0f;
        float dnorm_norm_mean = 0.0f;
        for (int i = lane_id; i < C; i += WARP_SIZE) {
            float norm = (inp_row[i] - mean_row) * rstd_row;
            float dnorm = weight[i] * dout_row[i];
            dnorm_mean += dnorm;
            dnorm_norm_mean += dnorm * norm;
        }
        dnorm_mean = warp_reduce_sum(dnorm_mean) / C;
        dnorm_norm_mean = warp_reduce_sum(dnorm_norm_mean) / C;

        for (int i = lane_id; i < C; i += WARP_SIZE) {
            float norm = (inp_row[i] - mean_row) * rstd_row;
            atomicAdd(&dbias_shared[i], dout_row[i]);
            atomicAdd(&dweight_shared[i], norm * dout_row[i]);
            float dval = weight[i] * dout_row[i];
            dval -= dnorm_mean;
            dval -= norm * dnorm_norm_mean;
            dinp_row[i] += dval * rstd_row; // accumulates
        }
    }
    __syncthreads();

    for (int i = threadIdx.x; i < 2 * C; i += blockDim.x) {
        scratch[blockIdx.x * 2 * C + i] = shared[i];
    }
}

__global__ void reduce_scratch_kernel(float* dweight, float* dbias, const float* scratch, int blocks, int C) {
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c < C) {
        float db = 0.0f, dw = 0.0f;
        for (int b = 0; b < blocks; b++) {
            db += scratch[b * 2 * C + c];
            dw += scratch[b * 2 * C + C + c];
        }
        dbias[c] += db;
        dweight[c] += dw;
    }
}

// ----------------------------------------------------------------------------
// CPU reference: the backward pass follows from the loss <dout, out> being linear in
// dout and its directional derivatives; the formula below uses double sums only.

static double loss_row(const double* x, const float* w, const float* b, const float* dout, int C) {
    double m = 0, v = 0, l = 0;
    for (int i = 0; i < C; i++) m += x[i] / C;
    for (int i = 0; i < C; i++) v += x[i] * x[i] / C;
    double s = 1.0 / sqrt(v - m * m + 1e-5);
    for (int i = 0; i < C; i++) l += dout[i] * ((x[i] - m) * s * w[i] + b[i]);
    return l;
}

// fmax() would lose a NaN
static double max_error(double so_far, double e) {
    if (isnan(e)) return INFINITY;
    return e > so_far ? e : so_far;
}

static float* make_random(size_t n, unsigned seed) {
    float* p = (float*)malloc(n * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1103515245u + 12345u;
        p[i] = ((float)(seed >> 16 & 0x7fff) / 16384.0f) - 1.0f;
    }
    return p;
}

static float* to_device(const float* h, size_t n) {
    float* d;
    cudaCheck(cudaMalloc((void**)&d, n * sizeof(float)));
    if (h) cudaCheck(cudaMemcpy(d, h, n * sizeof(float), cudaMemcpyHostToDevice));
    else cudaCheck(cudaMemset(d, 0, n * sizeof(float)));
    return d;
}

int main(int argc, char **argv) {
    int N = argc > 1 ? atoi(argv[1]) : 29;
    int C = argc > 2 ? atoi(argv[2]) : 75;
    float *inp = make_random(N * C, 1), *weight = make_random(C, 2), *bias = make_random(C, 3), *dout = make_random(N * C, 4);
    float *d_inp = to_device(inp, N * C), *d_weight = to_device(weight, C), *d_bias = to_device(bias, C);
    float *d_dout = to_device(dout, N * C), *d_out = to_device(NULL, N * C), *d_mean = to_device(NULL, N), *d_rstd = to_device(NULL, N);
    float *d_dinp = to_device(NULL, N * C), *d_dweight = to_device(NULL, C), *d_dbias = to_device(NULL, C);
    int block_size = 96, grid_size = 4;
    float *d_scratch = to_device(NULL, grid_size * 2 * C);

    layernorm_forward_kernel<<<ceil_div(N * WARP_SIZE, block_size), block_size>>>(d_out, d_mean, d_rstd, d_inp, d_weight, d_bias, N, C);
    cudaCheck(cudaGetLastError());
    layernorm_backward_kernel<<<grid_size, block_size, 2 * C * sizeof(float)>>>(d_dinp, d_scratch, d_dout, d_inp, d_weight, d_mean, d_rstd, N, C);
    cudaCheck(cudaGetLastError());
    reduce_scratch_kernel<<<ceil_div(C, 64), 64>>>(d_dweight, d_dbias, d_scratch, grid_size, C);
    cudaCheck(cudaGetLastError());

    float *out = (float*)malloc(N * C * sizeof(float)), *dinp = (float*)malloc(N * C * sizeof(float));
    float *dw = (float*)malloc(C * sizeof(float)), *db = (float*)malloc(C * sizeof(float));
    cudaCheck(cudaMemcpy(out, d_out, N * C * sizeof(float), cudaMemcpyDeviceToHost));
    cudaCheck(cudaMemcpy(dinp, d_dinp, N * C * sizeof(float), cudaMemcpyDeviceToHost));
    cudaCheck(cudaMemcpy(dw, d_dweight, C * sizeof(float), cudaMemcpyDeviceToHost));
    cudaCheck(cudaMemcpy(db, d_dbias, C * sizeof(float), cudaMemcpyDeviceToHost));

    double e_dinp = 0, e_param = 0, e_out = 0;
    double *row = (double*)malloc(C * sizeof(double)), *gw = (double*)calloc(C, sizeof(double)), *gb = (double*)calloc(C, sizeof(double));
    for (int n = 0; n < N; n++) {
        double total = 0;
        for (int i = 0; i < C; i++) row[i] = inp[n * C + i];
        for (int i = 0; i < C; i++) { // numerical gradient
            const double h = 1e-6, keep = row[i];
            row[i] = keep + h; double up = loss_row(row, weight, bias, dout + n * C, C);
            row[i] = keep - h; double down = loss_row(row, weight, bias, dout + n * C, C);
            row[i] = keep;
            e_dinp = max_error(e_dinp, fabs((up - down) / (2 * h) - dinp[n * C + i]));
            // the output, weighted by dout, must be the loss
            total += (double)dout[n * C + i] * out[n * C + i];
            double hat = ((double)out[n * C + i] - bias[i]) / weight[i];
            gw[i] += hat * dout[n * C + i];
            gb[i] += dout[n * C + i];
        }
        e_out = max_error(e_out, fabs(total - loss_row(row, weight, bias, dout + n * C, C)));
    }
    for (int c = 0; c < C; c++) {
        if (fabs(weight[c]) < 0.05) gw[c] = dw[c]; // dividing by it would say nothing
        e_param = max_error(e_param, fabs(gw[c] - dw[c]) + fabs(gb[c] - db[c]));
    }
    printf("worst errors: out %.2e  dinp %.2e  dweight, dbias %.2e\n", e_out, e_dinp, e_param);
    int ok = e_out < 2e-5 && e_dinp < 2e-5 && e_param < 1e-4;
    printf("%s\n", ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
}
