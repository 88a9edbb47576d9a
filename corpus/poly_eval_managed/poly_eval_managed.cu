// Evaluates Chebyshev series of a fixed degree over many points (Clenshaw's
// recurrence), and their derivative. Unified memory throughout.
#include <cuda_runtime.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <iostream>

constexpr int kMaxDegree = 16;
__constant__ double c_series[kMaxDegree + 1];

enum class Output { Value, Slope, Both };

template <int Degree, Output Wanted, int PerThread = 2>
__global__ __launch_bounds__(128) void clenshaw(const double* x, double* value, double* slope, unsigned n)
{
    const unsigned first = (blockIdx.x * blockDim.x + threadIdx.x) * PerThread;

    // b holds the recurrence for the value, e the one for the derivative
    auto evaluate = [](double at, double& v, double& d) {
        double b1 = 0, b2 = 0, e1 = 0, e2 = 0;
        #pragma unroll
        for (int k = Degree; k >= 1; --k) {
            const double e0 = 2 * (b1 + at * e1) - e2;
            const double b0 = c_series[k] + 2 * at * b1 - b2;
            e2 = e1; e1 = e0;
            b2 = b1; b1 = b0;
        }
        v = c_series[0] + at * b1 - b2;
        d = b1 + at * e1 - e2;
    };

    #pragma unroll
    for (int j = 0; j < PerThread; ++j) {
        const unsigned i = first + j;
        if (i >= n) break;
        double v, d;
        evaluate(x[i], v, d);
        if constexpr (Wanted != Output::Slope) value[i] = v;
        if constexpr (Wanted != Output::Value) slope[i] = d;
    }
}

template <Output Wanted>
static cudaError_t run(int degree, const double* x, double* v, double* s, unsigned n)
{
    const dim3 block(128), grid((n + 2 * block.x - 1) / (2 * block.x));
    switch (degree) {
        case 3:  clenshaw<3, Wanted><<<grid, block>>>(x, v, s, n); break;
        case 7:  clenshaw<7, Wanted><<<grid, block>>>(x, v, s, n); break;
        case 16: clenshaw<16, Wanted><<<grid, block>>>(x, v, s, n); break;
        default: return cudaErrorInvalidValue;
    }
    const auto status = cudaGetLastError();
    return status != cudaSuccess ? status : cudaDeviceSynchronize();
}

int main(int argc, char** argv)
{
    const unsigned n = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2011;
    double *x, *v, *s;
    if (cudaMallocManaged(&x, n * sizeof(double)) || cudaMallocManaged(&v, n * sizeof(double)) ||
        cudaMallocManaged(&s, n * sizeof(double))) {
        std::cerr << "no memory\n";
        return 1;
    }
    std::array<double, kMaxDegree + 1> series{};
    for (int k = 0; k <= kMaxDegree; ++k) series[k] = (k % 2 ? -1.0 : 1.0) / (1 + k);
    cudaMemcpyToSymbol(c_series, series.data(), sizeof(double) * series.size());

    bool good = true;
    for (int degree : {3, 7, 16}) {
        for (unsigned i = 0; i < n; ++i) x[i] = std::cos(0.1 + 2.9 * i / n);
        std::fill(v, v + n, -99.0);
        std::fill(s, s + n, -99.0);
        good &= run<Output::Value>(degree, x, v, s, n) == cudaSuccess;
        good &= std::all_of(s, s + n, [](double d) { return d == -99.0; });  // the slope was not asked for
        good &= run<Output::Both>(degree, x, v, s, n) == cudaSuccess;

        // T_k(cos t) = cos(k t), and its derivative k sin(k t) / sin t
        double error = 0;
        for (unsigned i = 0; i < n; ++i) {
            const double t = std::acos(x[i]);
            double value = 0, slope = 0;
            for (int k = 0; k <= degree; ++k) {
                value += series[k] * std::cos(k * t);
                slope += series[k] * k * std::sin(k * t) / std::sin(t);
            }
            const double e = std::abs(value - v[i]) + std::abs(slope - s[i]) / (1 + std::abs(slope));
            if (!(e <= error)) error = std::isnan(e) ? HUGE_VAL : e;
        }
        std::cout << "degree " << degree << ": " << error << '\n';
        good &= error < 1e-11;
    }
    good &= run<Output::Both>(5, x, v, s, n) == cudaErrorInvalidValue;
    cudaFree(x);
    cudaFree(v);
    cudaFree(s);
    std::cout << (good ? "PASS" : "FAIL") << std::endl;
    return !good;
}
