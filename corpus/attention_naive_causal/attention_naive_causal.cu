/*
Causal multi-head self attention, the plain way: every step a kernel of its own.
  input   (B, T, 3, NH, HS)
  preatt, att (B, NH, T, T)
  output  (B, T, NH, HS)
*/
#include <cuda_runtime.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vector>

static inline int ceil_div(int a, int b) { return (a + b - 1) / b; }

__global__ void permute_kernel(float* q, float* k, float* v, const float* inp, int B, int T, int NH, int d) {
    // q[b][nh][t][d] = inp[b][t][0][nh][d] and so on
    int idx = blockIdx.x * blockDim.x + threadIdx.x;
    if (idx < B * NH * T * d) {
        int b = idx / (NH * T * d);
        int rest = idx % (NH * T * d);
        int nh = rest / (T * d);
        rest = rest % (T * d);
        int t = rest / d;
        int c = rest % d;
        int inp_idx = (b * T * 3 * NH * d) + (t * 3 * NH * d) + (0 * NH * d) + (nh * d) + c;
        q[idx] = inp[inp_idx];
        k[idx] = inp[inp_idx + NH * d];
        v[idx] = inp[inp_idx + 2 * (NH * d)];
    }
}

__global__ void query_key_kernel(float* preatt, const float* q, const float* k, int BNH, int T, int d) {
    int t2 = blockIdx.x * blockDim.x + threadIdx.x;
    int t = blockIdx.y * blockDim.y + threadIdx.y;
    int head = blockIdx.z;
    if (t2 >= T || t >= T) return;
    float* out = preatt + ((size_t)head * T + t) * T + t2;
    if (t2 > t) { // autoregressive mask
        *out = -INFINITY;
        return;
    }
    const float* query = q + ((size_t)head * T + t) * d;
    const float* key = k + ((size_t)head * T + t2) * d;
    float val = 0.0f;
    for (int i = 0; i < d; i++) val += query[i] * key[i];
    *out = val * (1.0f / sqrtf((float)d));
}

// one thread a row
__global__ void softmax_kernel(float* att, const float* preatt, int rows, int T) {
    int idx = blockIdx.x * blockDim.x + threadIdx.x;
    if (idx >= rows) return;
    const float* in = preatt + (size_t)idx * T;
    float* out = att + (size_t)idx * T;
    int t = idx % T; // positions after t are masked
    float maxval = -FLT_MAX;
    for (int i = 0; i <= t; i++) if (in[i] > maxval) maxval = in[i];
    float sum = 0.0f;
    for (int i = 0; i < T; i++) {
        float e = expf(in[i] - maxval); // exp(-inf) is 0
        sum += e;
        out[i] = e;
    }
    float norm = sum == 0.0f ? 0.0f : 1.0f / sum;
    for (int i = 0; i < T; i++) out[i] *= norm;
}

// two channels a thread
__global__ void value_kernel(float* out, const float* att, const float* v, int B, int T, int NH, int d) {
    int idx = blockIdx.x * blockDim.x + threadIdx.x;
    int d2 = d / 2;
    if (idx >= B * T * NH * d2) return;
    int c = idx % d2;
    int nh = (idx / d2) % NH;
    int t = (idx / d2 / NH) % T;
    int b = idx / d2 / NH / T;
    const float* weights = att + ((size_t)(b * NH + nh) * T + t) * T;
    const float2* values = (const float2*)(v + (size_t)(b * NH + nh) * T * d) + c;
    float2 acc = make_float2(0.0f, 0.0f);
    for (int t2 = 0; t2 <= t; t2++) {
        float2 val = values[t2 * d2];
        acc.x += weights[t2] * val.x;
        acc.y += weights[t2] * val.y;
    }
    ((float2*)out)[idx] = acc;
}

#define cudaCheck(err) do { cudaError_t e_ = (err); if (e_ != cudaSuccess) { \
    printf("[CUDA ERROR] at file %s:%d:\n%s\n", __FILE__, __LINE__, cudaGetErrorString(e_)); exit(EXIT_FAILURE); } } while (0)

void attention_forward(float* out, float* q, float* k, float* v, float* preatt, float* att, const float* inp,
                       int B, int T, int NH, int d, int block_size) {
    permute_kernel<<<ceil_div(B * T * NH * d, block_size), block_size>>>(q, k, v, inp, B, T, NH, d);
    dim3 block(16, block_size / 16), grid(ceil_div(T, 16), ceil_div(T, block_size / 16), B * NH);
    query_key_kernel<<<grid, block>>>(preatt, q, k, B * NH, T, d);
    softmax_kernel<<<ceil_div(B * NH * T, block_size), block_size>>>(att, preatt, B * NH * T, T);
    value_kernel<<<ceil_div(B * T * NH * d / 2, block_size), block_size>>>(out, att, v, B, T, NH, d);
    cudaCheck(cudaGetLastError());
}

int main(int argc, char** argv) {
    const int B = 2, T = argc > 1 ? atoi(argv[1]) : 27, NH = 3, d = 10;
    const size_t n = (size_t)B * T * NH * d, nt = (size_t)B * NH * T * T;
    std::vector<float> inp(3 * n), out(n), att(nt);
    for (size_t i = 0; i < inp.size(); i++) inp[i] = sinf(0.61803f * i * i + 0.1f * i) * 1.5f;

    float *d_inp, *d_q, *d_k, *d_v, *d_pre, *d_att, *d_out;
    cudaCheck(cudaMalloc(&d_inp, 3 * n * sizeof(float)));
    cudaCheck(cudaMalloc(&d_q, n * sizeof(float)));
    cudaCheck(cudaMalloc(&d_k, n * sizeof(float)));
    cudaCheck(cudaMalloc(&d_v, n * sizeof(float)));
    cudaCheck(cudaMalloc(&d_pre, nt * sizeof(float)));
    cudaCheck(cudaMalloc(&d_att, nt * sizeof(float)));
    cudaCheck(cudaMalloc(&d_out, n * sizeof(float)));
    cudaCheck(cudaMemcpy(d_inp, inp.data(), 3 * n * sizeof(float), cudaMemcpyHostToDevice));

    int bad = 0;
    for (int block_size : {64, 128, 256}) {
        cudaCheck(cudaMemset(d_out, 0xFF, n * sizeof(float)));
        attention_forward(d_out, d_q, d_k, d_v, d_pre, d_att, d_inp, B, T, NH, d, block_size);
        cudaCheck(cudaMemcpy(out.data(), d_out, n * sizeof(float), cudaMemcpyDeviceToHost));
        cudaCheck(cudaMemcpy(att.data(), d_att, nt * sizeof(float), cudaMemcpyDeviceToHost));

        // straight from the definition, in double, weights relative to the newest key; no score is ever stored
        double worst = 0;
        for (int b = 0; b < B; b++) for (int t = 0; t < T; t++) for (int h = 0; h < NH; h++) {
            const float* Q = &inp[((size_t)(b * T + t) * 3 + 0) * NH * d + h * d];
            std::vector<double> o(d, 0.0);
            double norm = 0, mine = 0;
            for (int s = t; s >= 0; s--) {
                const float* K = &inp[((size_t)(b * T + s) * 3 + 1) * NH * d + h * d];
                double dot = 0;
                for (int i = 0; i < d; i++) dot += (double)Q[i] * K[i];
                if (s == t) mine = dot;
                double w = exp((dot - mine) / sqrt((double)d));
                norm += w;
                for (int i = 0; i < d; i++) o[i] += w * K[NH * d + i];
            }
            for (int i = 0; i < d; i++) {
                double diff = fabs(o[i] / norm - out[((size_t)(b * T + t) * NH + h) * d + i]);
                if (diff > worst || isnan(diff)) worst = isnan(diff) ? INFINITY : diff;
            }
            for (int s = t + 1; s < T; s++) bad += att[((size_t)(b * NH + h) * T + t) * T + s] != 0.0f;
        }
        printf("block size %d: worst error %.2e\n", block_size, worst);
        bad += !(worst < 2e-6);
    }
    cudaFree(d_inp); cudaFree(d_q); cudaFree(d_k); cudaFree(d_v); cudaFree(d_pre); cudaFree(d_att); cudaFree(d_out);
    printf("%s\n", bad ? "FAIL" : "PASS");
    return bad != 0;
}
