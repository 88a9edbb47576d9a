// Single-precision GEMM with shared-memory tiles: C <- alpha * A * B + beta * C, row-major, any sizes.
#include <algorithm>
#include <cmath>
#include <exception>
#include <iostream>
#include <vector>

#include "device_buffer.h"

#ifndef M_SIZE
#define M_SIZE 70
#endif
#ifndef N_SIZE
#define N_SIZE 45
#endif
#ifndef K_SIZE
#define K_SIZE 53
#endif

template <int Tile>
__global__ void sgemm(int m, int n, int k, float alpha, const float* __restrict__ a, const float* __restrict__ b,
                      float beta, float* __restrict__ c) {
    __shared__ float a_tile[Tile][Tile];
    __shared__ float b_tile[Tile][Tile];

    const int tx = threadIdx.x, ty = threadIdx.y;
    const int row = blockIdx.y * Tile + ty;
    const int col = blockIdx.x * Tile + tx;

    float sum = 0.0f;
    for (int k0 = 0; k0 < k; k0 += Tile) {
        a_tile[ty][tx] = (row < m && k0 + tx < k) ? a[row * k + k0 + tx] : 0.0f;
        b_tile[ty][tx] = (k0 + ty < k && col < n) ? b[(k0 + ty) * n + col] : 0.0f;
        __syncthreads();
        for (int i = 0; i < Tile; ++i) sum += a_tile[ty][i] * b_tile[i][tx];
        __syncthreads();
    }
    if (row < m && col < n) c[row * n + col] = alpha * sum + beta * c[row * n + col];
}

namespace {

std::vector<float> filled(std::size_t count, unsigned seed) {
    std::vector<float> values(count);
    for (auto& v : values) {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        v = static_cast<float>(seed % 2001) / 1000.0f - 1.0f;
    }
    return values;
}

// Sum of outer products in double: k is the outermost loop, unlike in the kernel.
std::vector<double> reference(int m, int n, int k, double alpha, const std::vector<float>& a,
                              const std::vector<float>& b, double beta, const std::vector<float>& c) {
    std::vector<double> out(c.begin(), c.end());
    for (auto& v : out) v *= beta;
    for (int p = 0; p < k; ++p)
        for (int i = 0; i < m; ++i)
            for (int j = 0; j < n; ++j) out[i * n + j] += alpha * a[i * k + p] * b[p * n + j];
    return out;
}

template <int Tile>
double worst_error(int m, int n, int k, float alpha, float beta) {
    const auto a = filled(std::size_t(m) * k, 11), b = filled(std::size_t(k) * n, 23), c = filled(std::size_t(m) * n, 5);
    DeviceBuffer<float> d_a(a), d_b(b), d_c(c);

    const dim3 threads(Tile, Tile);
    const dim3 blocks((n + Tile - 1) / Tile, (m + Tile - 1) / Tile);
    sgemm<Tile><<<blocks, threads>>>(m, n, k, alpha, d_a.get(), d_b.get(), beta, d_c.get());
    CUDA_THROW(cudaGetLastError());

    const auto got = d_c.download();
    const auto want = reference(m, n, k, alpha, a, b, beta, c);
    double worst = 0.0;
    for (std::size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::fabs(got[i] - want[i]));
    return worst;
}

}  // namespace

int main() try {
    const double big = worst_error<16>(M_SIZE, N_SIZE, K_SIZE, 1.5f, -0.5f);
    const double small = worst_error<8>(19, 23, 9, -0.75f, 2.0f);
    std::cout << "worst error: " << big << " and " << small << '\n';
    const bool pass = big < 1e-4 && small < 1e-4;
    std::cout << (pass ? "PASS" : "FAIL") << std::endl;
    return pass ? 0 : 1;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
}
