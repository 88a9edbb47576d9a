// cumsum / cumprod / cummax along the last axis, one warp a row, chunk after chunk.
#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

template <class T> struct Sum { static constexpr T identity = T(0); __device__ static T apply(T a, T b) { return a + b; } };
template <class T> struct Product { static constexpr T identity = T(1); __device__ static T apply(T a, T b) { return a * b; } };
template <class T> struct Maximum {
    static constexpr T identity = std::numeric_limits<T>::lowest();
    __device__ static T apply(T a, T b) { return a < b ? b : a; }
};

constexpr int kLanes = 32;

template <class T, template <class> class Op, bool Exclusive = false>
__global__ void scan_rows(const T* x, T* y, int rows, int cols) {
    const int row = blockIdx.x * blockDim.y + threadIdx.y, lane = threadIdx.x;
    if (row >= rows) return;
    x += static_cast<std::ptrdiff_t>(row) * cols;
    y += static_cast<std::ptrdiff_t>(row) * cols;

    T carry = Op<T>::identity;
    for (int start = 0; start < cols; start += kLanes) {
        const int c = start + lane;
        T v = c < cols ? x[c] : Op<T>::identity;
        for (int d = 1; d < kLanes; d <<= 1) {
            const T left = __shfl_up_sync(0xffffffffu, v, d, kLanes);
            if (lane >= d) v = Op<T>::apply(left, v);
        }
        if (Exclusive) {
            T left = __shfl_up_sync(0xffffffffu, v, 1);
            if (lane == 0) left = Op<T>::identity;
            if (c < cols) y[c] = Op<T>::apply(carry, left);
        } else if (c < cols) {
            y[c] = Op<T>::apply(carry, v);
        }
        carry = Op<T>::apply(carry, __shfl_sync(0xffffffffu, v, kLanes - 1));
    }
}

template <class T, template <class> class Op, bool Exclusive = false>
std::vector<T> scan(const std::vector<T>& x, int rows, int cols) {
    T *dx = nullptr, *dy = nullptr;
    const size_t bytes = x.size() * sizeof(T);
    std::vector<T> y(x.size());
    bool ok = cudaMalloc(&dx, bytes) == cudaSuccess && cudaMalloc(&dy, bytes) == cudaSuccess;
    ok = ok && cudaMemcpy(dx, x.data(), bytes, cudaMemcpyHostToDevice) == cudaSuccess;
    const dim3 block(kLanes, 3);
    scan_rows<T, Op, Exclusive><<<(rows + block.y - 1) / block.y, block>>>(dx, dy, rows, cols);
    ok = ok && cudaGetLastError() == cudaSuccess;
    ok = ok && cudaMemcpy(y.data(), dy, bytes, cudaMemcpyDeviceToHost) == cudaSuccess;
    cudaFree(dx), cudaFree(dy);
    if (!ok) throw std::runtime_error("CUDA error: " + std::string(cudaGetErrorString(cudaGetLastError())));
    return y;
}

int main() {
    int failures = 0;
    auto expect = [&failures](bool good, const char* what) {
        std::cout << what << (good ? ": ok\n" : ": WRONG\n");
        failures += !good;
    };

    {   // int64 sums; x[r][c] = (r + 1) * (2 c + 1), so a prefix is (r + 1) * (c + 1)^2
        const int rows = 11, cols = 157;
        std::vector<std::int64_t> x(rows * cols);
        for (int i = 0; i < rows * cols; ++i) x[i] = std::int64_t(i / cols + 1) * 1000000007 * (2 * (i % cols) + 1);
        const auto in = scan<std::int64_t, Sum>(x, rows, cols), ex = scan<std::int64_t, Sum, true>(x, rows, cols);
        bool good = true;
        for (int i = 0; i < rows * cols; ++i) {
            const std::int64_t r = i / cols + 1, c = i % cols;
            good &= in[i] == r * 1000000007 * (c + 1) * (c + 1) && ex[i] == r * 1000000007 * c * c;
        }
        expect(good, "cumsum int64, inclusive and exclusive");
    }
    {   // telescoping products: (c + 2) / (c + 1)
        const int rows = 2, cols = 301;
        std::vector<double> x(rows * cols);
        for (int i = 0; i < rows * cols; ++i) x[i] = (i % cols + 2.0) / (i % cols + 1.0) * (i / cols ? -1 : 1);
        const auto y = scan<double, Product>(x, rows, cols);
        double worst = 0;
        for (int i = 0; i < rows * cols; ++i) {
            const double want = (i % cols + 2.0) * (i / cols && i % cols % 2 == 0 ? -1 : 1);
            const double e = std::abs(y[i] / want - 1);
            worst = e >= 0 ? std::max(worst, e) : HUGE_VAL;
        }
        expect(worst < 1e-13, "cumprod double");
    }
    {   // running maximum: never falls, reached before, bounds what came
        const int rows = 5, cols = 95;
        std::vector<float> x(rows * cols);
        for (int i = 0; i < rows * cols; ++i) x[i] = std::sin(i * 1.7f) * (i % cols) - 40.0f;
        const auto y = scan<float, Maximum>(x, rows, cols);
        bool good = true;
        for (int r = 0; r < rows; ++r)
            for (int c = 0; c < cols; ++c)
                good &= y[r * cols + c] == *std::max_element(&x[r * cols], &x[r * cols] + c + 1);
        expect(good, "cummax float");
    }
    std::cout << (failures ? "FAIL" : "PASS") << '\n';
    return failures;
}
