// AdamW with fp32 master weights and a bf16 copy; gradients are clipped by their global norm, which never leaves the
// device.
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#define cudaCheck(err) (cuda_check((err), __FILE__, __LINE__))
inline void cuda_check(cudaError_t error, const char *file, int line) {
    if (error != cudaSuccess) {
        printf("[CUDA ERROR] at file %s:%d:\n%s\n", file, line, cudaGetErrorString(error));
        exit(EXIT_FAILURE);
    }
}

struct AdamConfig {
    float learning_rate;
    float beta1, beta2;
    float beta1_correction, beta2_correction;   // 1 - beta^t
    float eps;
    float weight_decay;
    float max_norm;
};

enum class Decay { Decoupled, L2 };

// sums of squares: block partials in order, so the result does not depend on timing
__global__ void norm_partials(const float* __restrict__ grad, size_t n, float* __restrict__ partials) {
    __shared__ float warp_sums[8];
    float sum = 0.0f;
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x) {
        sum += grad[i] * grad[i];
    }
    for (int offset = 16; offset > 0; offset /= 2) { sum += __shfl_down_sync(0xFFFFFFFFU, sum, offset); }
    if (threadIdx.x % 32 == 0) { warp_sums[threadIdx.x / 32] = sum; }
    __syncthreads();
    if (threadIdx.x == 0) {
        float total = 0.0f;
        for (int w = 0; w < (int)blockDim.x / 32; w++) { total += warp_sums[w]; }
        partials[blockIdx.x] = total;
    }
}

__global__ void norm_final(const float* partials, int count, float* norm) {
    float sum = 0.0f;
    for (int i = 0; i < count; i++) { sum += partials[i]; }
    *norm = sqrtf(sum);
}

template <Decay MODE>
__device__ __forceinline__ float adam_element(float& w, float g, float& m, float& v, const AdamConfig& c) {
    if constexpr (MODE == Decay::L2) { g += c.weight_decay * w; }
    m = c.beta1 * m + (1.0f - c.beta1) * g;
    v = c.beta2 * v + (1.0f - c.beta2) * g * g;
    const float m_hat = m / c.beta1_correction;
    const float v_hat = v / c.beta2_correction;
    float update = m_hat / (sqrtf(v_hat) + c.eps);
    if constexpr (MODE == Decay::Decoupled) { update += c.weight_decay * w; }
    w -= c.learning_rate * update;
    return w;
}

template <Decay MODE>
__global__ void adamw_kernel(float* __restrict__ master, __nv_bfloat16* __restrict__ params, const float* __restrict__ grads,
                             float* __restrict__ m_memory, float* __restrict__ v_memory, const float* __restrict__ grad_norm,
                             size_t num_parameters, AdamConfig config) {
    const size_t idx = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
    const float norm = *grad_norm;
    const float scale = norm > config.max_norm ? config.max_norm / norm : 1.0f;
    const size_t quads = num_parameters / 4;
    if (idx < quads) {
        float4 w = reinterpret_cast<float4*>(master)[idx];
        float4 m = reinterpret_cast<float4*>(m_memory)[idx];
        float4 v = reinterpret_cast<float4*>(v_memory)[idx];
        const float4 g = reinterpret_cast<const float4*>(grads)[idx];
        params[4 * idx + 0] = __float2bfloat16(adam_element<MODE>(w.x, scale * g.x, m.x, v.x, config));
        params[4 * idx + 1] = __float2bfloat16(adam_element<MODE>(w.y, scale * g.y, m.y, v.y, config));
        params[4 * idx + 2] = __float2bfloat16(adam_element<MODE>(w.z, scale * g.z, m.z, v.z, config));
        params[4 * idx + 3] = __float2bfloat16(adam_element<MODE>(w.w, scale * g.w, m.w, v.w, config));
        reinterpret_cast<float4*>(master)[idx] = w;
        reinterpret_cast<float4*>(m_memory)[idx] = m;
        reinterpret_cast<float4*>(v_memory)[idx] = v;
    } else if (idx - quads < num_parameters % 4) {
        const size_t i = 3 * quads + idx;   // 4 * quads + (idx - quads)
        params[i] = __float2bfloat16(adam_element<MODE>(master[i], scale * grads[i], m_memory[i], v_memory[i], config));
    }
}

template <Decay MODE>
bool train(size_t n, float max_norm) {
    const int steps = 4;
    std::vector<float> w(n), g(n);
    std::vector<double> rw(n), rm(n, 0.0), rv(n, 0.0);
    for (size_t i = 0; i < n; i++) { rw[i] = w[i] = sinf(0.3f * i) * (i % 4 + 1) * 0.25f; }

    float *d_w, *d_g, *d_m, *d_v, *d_partials, *d_norm;
    __nv_bfloat16* d_p;
    const int norm_blocks = 3;
    cudaCheck(cudaMalloc(&d_w, n * sizeof(float)));
    cudaCheck(cudaMalloc(&d_g, n * sizeof(float)));
    cudaCheck(cudaMalloc(&d_m, n * sizeof(float)));
    cudaCheck(cudaMalloc(&d_v, n * sizeof(float)));
    cudaCheck(cudaMalloc(&d_p, n * sizeof(__nv_bfloat16)));
    cudaCheck(cudaMalloc(&d_partials, norm_blocks * sizeof(float)));
    cudaCheck(cudaMalloc(&d_norm, sizeof(float)));
    cudaStream_t stream;
    cudaCheck(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    cudaCheck(cudaMemcpyAsync(d_w, w.data(), n * sizeof(float), cudaMemcpyHostToDevice, stream));
    cudaCheck(cudaMemsetAsync(d_m, 0, n * sizeof(float), stream));
    cudaCheck(cudaMemsetAsync(d_v, 0, n * sizeof(float), stream));

    AdamConfig config{0.01f, 0.9f, 0.999f, 1.0f, 1.0f, 1e-8f, 0.05f, max_norm};
    for (int t = 1; t <= steps; t++) {
        for (size_t i = 0; i < n; i++) { g[i] = cosf(0.11f * i * t) * (i % 7 == 0 ? 0.01f : 1.0f); }
        config.beta1_correction = 1.0f - powf(config.beta1, t);
        config.beta2_correction = 1.0f - powf(config.beta2, t);
        cudaCheck(cudaMemcpyAsync(d_g, g.data(), n * sizeof(float), cudaMemcpyHostToDevice, stream));
        norm_partials<<<norm_blocks, 128, 0, stream>>>(d_g, n, d_partials);
        norm_final<<<1, 1, 0, stream>>>(d_partials, norm_blocks, d_norm);
        const size_t work = n / 4 + n % 4;
        adamw_kernel<MODE><<<(unsigned)((work + 63) / 64), 64, 0, stream>>>(d_w, d_p, d_g, d_m, d_v, d_norm, n, config);
        cudaCheck(cudaGetLastError());
        cudaCheck(cudaStreamSynchronize(stream));

        // double, with running products for the moments' corrections
        double norm = 0;
        for (size_t i = n; i-- > 0;) { norm += double(g[i]) * g[i]; }
        const double clip = std::fmin(1.0, max_norm / std::sqrt(norm));
        for (size_t i = 0; i < n; i++) {
            const double gi = clip * g[i] + (MODE == Decay::L2 ? double(config.weight_decay) * rw[i] : 0.0);
            rm[i] += (1 - double(config.beta1)) * (gi - rm[i]);
            rv[i] += (1 - double(config.beta2)) * (gi * gi - rv[i]);
            const double rate = config.learning_rate * std::sqrt(1 - std::pow(double(config.beta2), t)) / (1 - std::pow(double(config.beta1), t));
            const double floor = config.eps * std::sqrt(1 - std::pow(double(config.beta2), t));
            const double decayed = MODE == Decay::Decoupled ? rw[i] * (1 - double(config.learning_rate) * config.weight_decay) : rw[i];
            rw[i] = decayed - rate * rm[i] / (std::sqrt(rv[i]) + floor);
        }
    }
    std::vector<__nv_bfloat16> p(n);
    cudaCheck(cudaMemcpy(w.data(), d_w, n * sizeof(float), cudaMemcpyDeviceToHost));
    cudaCheck(cudaMemcpy(p.data(), d_p, n * sizeof(__nv_bfloat16), cudaMemcpyDeviceToHost));
    double worst = 0, worst_p = 0;
    for (size_t i = 0; i < n; i++) {
        worst = std::fmax(worst, std::fabs(w[i] - rw[i]));
        worst_p = std::fmax(worst_p, std::fabs(__bfloat162float(p[i]) - w[i]) / (std::fabs(w[i]) + 1e-6));
    }
    printf("%s: worst %.1e, bf16 %.1e\n", MODE == Decay::L2 ? "L2" : "decoupled", worst, worst_p);
    cudaCheck(cudaStreamDestroy(stream));
    for (void* d : {(void*)d_w, (void*)d_g, (void*)d_m, (void*)d_v, (void*)d_p, (void*)d_partials, (void*)d_norm}) { cudaCheck(cudaFree(d)); }
    return worst < 1e-6 && worst_p <= 1.0 / 256;
}

int main(int argc, char** argv) {
    const size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 1003;
    const bool ok = train<Decay::Decoupled>(n, 1.0f) & train<Decay::L2>(n - 1, 1e9f);
    printf("%s\n", ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
}
