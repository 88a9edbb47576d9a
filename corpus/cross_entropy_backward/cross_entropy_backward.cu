// Fused classifier: loss and logits' gradient of softmax cross entropy; the logits are overwritten by the gradient.
#include <cuda_runtime.h>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define CUDA_CHECK(call)                                                          \
    if (cudaError_t err__ = (call); err__ != cudaSuccess) {                       \
        std::fprintf(stderr, "%s (line %d)\n", cudaGetErrorString(err__), __LINE__); \
        std::abort();                                                             \
    }

constexpr int BLOCK = 128;

enum Kind { Max, Sum };

// returns the result to all threads of the block
template <Kind kind>
__device__ float block_reduce(float v)
{
    __shared__ float lanes[BLOCK / 32];
    __shared__ float total;
    auto combine = [](float a, float b) { return kind == Max ? fmaxf(a, b) : a + b; };
    for (int offset = 16; offset; offset >>= 1)
        v = combine(v, __shfl_down_sync(0xffffffffu, v, offset));
    const unsigned lane = threadIdx.x & 31u, warp = threadIdx.x >> 5;
    if (lane == 0) lanes[warp] = v;
    __syncthreads();
    if (warp == 0) {
        v = lane < BLOCK / 32 ? lanes[lane] : (kind == Max ? -FLT_MAX : 0.0f);
        for (int offset = BLOCK / 64; offset; offset >>= 1)
            v = combine(v, __shfl_down_sync(0xffffffffu, v, offset));
        if (lane == 0) total = v;
    }
    __syncthreads();
    return total;
}

__global__ void __launch_bounds__(BLOCK)
cross_entropy(float* __restrict__ logits, const int* __restrict__ targets, double* loss, int* counted,
              int classes, int stride, float scale, int ignore)
{
    float* row = logits + static_cast<size_t>(blockIdx.x) * stride;   // rows start at 16-byte boundaries
    const int target = targets[blockIdx.x];
    if (target == ignore) {                       // the whole block takes this way
        for (int i = threadIdx.x; i < classes; i += BLOCK) row[i] = 0.0f;
        return;
    }

    const int quads = classes / 4;
    float4* row4 = reinterpret_cast<float4*>(row);
    float top = -FLT_MAX;
    for (int q = threadIdx.x; q < quads; q += BLOCK) {
        const float4 v = row4[q];
        top = fmaxf(fmaxf(fmaxf(top, v.x), fmaxf(v.y, v.z)), v.w);
    }
    for (int i = quads * 4 + threadIdx.x; i < classes; i += BLOCK) top = fmaxf(top, row[i]);
    top = block_reduce<Max>(top);

    float sum = 0.0f;
    for (int q = threadIdx.x; q < quads; q += BLOCK) {
        const float4 v = row4[q];
        sum += __expf(v.x - top) + __expf(v.y - top) + __expf(v.z - top) + __expf(v.w - top);
    }
    for (int i = quads * 4 + threadIdx.x; i < classes; i += BLOCK) sum += __expf(row[i] - top);
    sum = block_reduce<Sum>(sum);

    if (threadIdx.x == 0) {
        atomicAdd(loss, (double)(top + logf(sum) - row[target]));
        atomicAdd(counted, 1);
    }
    __syncthreads();  // row[target] was read before anybody writes
    for (int i = threadIdx.x; i < classes; i += BLOCK) {
        const float p = __expf(row[i] - top) / sum;
        row[i] = (p - (i == target ? 1.0f : 0.0f)) * scale;
    }
}

int main(int argc, char** argv)
{
    const int rows = argc > 1 ? std::atoi(argv[1]) : 41, classes = argc > 2 ? std::atoi(argv[2]) : 331;
    const int stride = (classes + 3) / 4 * 4, ignore = -100;
    std::vector<float> logits((size_t)rows * stride, 0.0f);
    std::vector<int> targets(rows);
    for (int r = 0; r < rows; ++r) {
        targets[r] = r % 9 == 5 ? ignore : (r * 113 + 7) % classes;
        for (int c = 0; c < classes; ++c) logits[(size_t)r * stride + c] = 6.0f * std::sin(r * 12.9898f + c * 78.233f);
    }

    float* dlogits;
    int *dtargets, *dcount;
    double* dloss;
    CUDA_CHECK(cudaMalloc(&dlogits, logits.size() * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&dtargets, rows * sizeof(int)));
    CUDA_CHECK(cudaMalloc(&dloss, sizeof(double)));
    CUDA_CHECK(cudaMalloc(&dcount, sizeof(int)));
    CUDA_CHECK(cudaMemcpy(dlogits, logits.data(), logits.size() * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(dtargets, targets.data(), rows * sizeof(int), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemset(dloss, 0, sizeof(double)));
    CUDA_CHECK(cudaMemset(dcount, 0, sizeof(int)));

    const float scale = 0.125f;
    cross_entropy<<<rows, BLOCK>>>(dlogits, dtargets, dloss, dcount, classes, stride, scale, ignore);
    CUDA_CHECK(cudaGetLastError());

    std::vector<float> grad(logits.size());
    double loss;
    int counted;
    CUDA_CHECK(cudaMemcpy(grad.data(), dlogits, grad.size() * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaMemcpy(&loss, dloss, sizeof loss, cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaMemcpy(&counted, dcount, sizeof counted, cudaMemcpyDeviceToHost));

    // Reference: p_i = 1 / sum_j exp(x_j - x_i), without a maximum and without a logarithm of a sum.
    double want = 0, worst = 0;
    int want_count = 0;
    for (int r = 0; r < rows; ++r) {
        const float* x = &logits[(size_t)r * stride];
        const float* g = &grad[(size_t)r * stride];
        for (int i = 0; i < classes; ++i) {
            double denominator = 0;
            for (int j = 0; j < classes; ++j) denominator += std::exp((double)x[j] - x[i]);
            double expected = 1 / denominator;
            if (i == targets[r]) want += std::log(denominator), expected -= 1, ++want_count;
            if (targets[r] == ignore) expected = 0;
            const double off = std::fabs(g[i] - expected * scale);
            if (!(off <= worst)) worst = std::isnan(off) ? INFINITY : off;
        }
    }
    std::printf("loss %.6f (%.6f) over %d rows, worst gradient error %.2e\n", loss / counted, want / want_count, counted, worst);
    const bool ok = counted == want_count && std::fabs(loss - want) < 1e-5 * want && worst < 2e-7;
    std::puts(ok ? "PASS" : "FAIL");
    cudaFree(dlogits); cudaFree(dtargets); cudaFree(dloss); cudaFree(dcount);
    return !ok;
}
