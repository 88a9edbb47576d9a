// Row softmax with a scale and a padding mask, as attention needs it: one warp a row, shuffles only.
//
//   out[r, c] = exp(scale * x[r, c] - max) / sum   for c < lengths[r],   0 beyond
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include <cuda_runtime.h>

constexpr int kWarpSize = 32;
constexpr int kRowsPerBlock = 4;
constexpr unsigned kFullMask = 0xffffffffu;

__device__ __forceinline__ float warp_max(float v) {
    for (int offset = kWarpSize / 2; offset > 0; offset /= 2)
        v = fmaxf(v, __shfl_xor_sync(kFullMask, v, offset));
    return v;
}

__device__ __forceinline__ float warp_sum(float v) {
    for (int offset = kWarpSize / 2; offset > 0; offset /= 2)
        v += __shfl_xor_sync(kFullMask, v, offset);
    return v;
}

__global__ void masked_softmax(const float* __restrict__ x, const int* __restrict__ lengths,
                               float* __restrict__ out, int rows, int cols, float scale) {
    const int lane = threadIdx.x;
    const int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;  // a whole warp leaves at once

    const int valid = min(max(lengths[row], 0), cols);
    const float* x_row = x + row * cols;
    float* out_row = out + row * cols;

    float biggest = -INFINITY;
    for (int c = lane; c < valid; c += kWarpSize) biggest = fmaxf(biggest, scale * x_row[c]);
    biggest = warp_max(biggest);

    float sum = 0.0f;
    for (int c = lane; c < valid; c += kWarpSize) sum += expf(scale * x_row[c] - biggest);
    sum = warp_sum(sum);

    for (int c = lane; c < cols; c += kWarpSize)
        out_row[c] = c < valid ? expf(scale * x_row[c] - biggest) / sum : 0.0f;
}

struct Problem {
    int rows, cols;
    float scale;
};

// Exponentials relative to the log of the partition function, in double: no maximum is subtracted.
static double reference(const std::vector<float>& x, const Problem& p, int row, int col, int valid) {
    if (col >= valid) return 0.0;
    double partition = 0.0;
    for (int c = 0; c < valid; ++c) partition += std::exp(double(p.scale) * x[size_t(row) * p.cols + c]);
    return std::exp(double(p.scale) * x[size_t(row) * p.cols + col] - std::log(partition));
}

static bool solve(const Problem& p, std::mt19937& random) {
    const size_t n = size_t(p.rows) * p.cols;
    std::vector<float> x(n), out(n);
    std::vector<int> lengths(p.rows);
    for (auto& v : x) v = float(random() % 20001) / 1000.0f - 20.0f;  // all negative
    for (int r = 0; r < p.rows; ++r) lengths[r] = r % 5 == 0 ? p.cols : int(random() % (p.cols + 1));

    float *d_x, *d_out;
    int* d_lengths;
    cudaMalloc(&d_x, n * sizeof(float));
    cudaMalloc(&d_out, n * sizeof(float));
    cudaMalloc(&d_lengths, p.rows * sizeof(int));
    cudaMemcpy(d_x, x.data(), n * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_lengths, lengths.data(), p.rows * sizeof(int), cudaMemcpyHostToDevice);

    const dim3 block(kWarpSize, kRowsPerBlock);
    const dim3 grid((p.rows + kRowsPerBlock - 1) / kRowsPerBlock);
    masked_softmax<<<grid, block>>>(d_x, d_lengths, d_out, p.rows, p.cols, p.scale);
    const bool launched = cudaDeviceSynchronize() == cudaSuccess;
    cudaMemcpy(out.data(), d_out, n * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_out);
    cudaFree(d_lengths);

    double worst = 0.0;
    for (int r = 0; r < p.rows; ++r)
        for (int c = 0; c < p.cols; ++c)
            worst = std::max(worst, std::fabs(out[size_t(r) * p.cols + c] - reference(x, p, r, c, lengths[r])));
    std::printf("%d x %d, scale %.3f: worst error %.2e\n", p.rows, p.cols, p.scale, worst);
    return launched && worst < 2e-6;
}

int main() {
    std::mt19937 random(7);
    bool ok = true;
    for (const Problem& p : {Problem{37, 101, 0.125f}, Problem{10, 33, 1.0f}, Problem{5, 7, 2.5f}})
        ok = solve(p, random) && ok;
    std::puts(ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
}
