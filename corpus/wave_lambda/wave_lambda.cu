// One-dimensional wave equation written with device lambdas: parallel_for(n, [=] __device__ (int i) { ... }).
// Compile with nvcc --extended-lambda.
#include <cuda_runtime.h>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

template <typename F>
__global__ void run_lambda(int n, F f)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) f(i);
}

template <typename F>
void parallel_for(int n, F f)
{
    if (n <= 0) return;
    const int threads = 64;
    run_lambda<<<(n + threads - 1) / threads, threads>>>(n, f);
    if (const auto e = cudaGetLastError(); e != cudaSuccess) throw std::runtime_error(cudaGetErrorString(e));
}

// sum of f(i), one block; the order of the sum is fixed
template <typename F>
__global__ void sum_lambda(int n, F f, double* result)
{
    __shared__ double part[256];
    double s = 0;
    for (int i = threadIdx.x; i < n; i += 256) s += f(i);
    part[threadIdx.x] = s;
    for (int half = 128; half > 0; half >>= 1) {
        __syncthreads();
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    }
    if (threadIdx.x == 0) *result = part[0];
}

struct View {
    double* data;
    int n;
    __host__ __device__ double& operator()(int i) const { return data[i]; }
    __host__ __device__ double clamped(int i) const { return i < 0 || i >= n ? 0.0 : data[i]; }
};

using Array = std::unique_ptr<double, decltype(&cudaFree)>;

Array allocate(int n)
{
    double* p = nullptr;
    if (cudaMallocManaged(&p, n * sizeof(double)) != cudaSuccess) throw std::runtime_error("allocation failed");
    return Array(p, &cudaFree);
}

double total(int n, View now, View before, double dx, double dt, double c, double* result)
{
    const auto energy = [=] __host__ __device__(int link) {   // between points link - 1 and link
        const int i = link - 1;
        const double velocity = (now.clamped(i) - before.clamped(i)) / dt;
        const double slope = (now.clamped(i + 1) - now.clamped(i)) / dx;
        const double slope_before = (before.clamped(i + 1) - before.clamped(i)) / dx;
        return 0.5 * dx * (velocity * velocity + c * c * slope * slope_before);
    };
    sum_lambda<<<1, 256>>>(n, energy, result);
    if (cudaDeviceSynchronize() != cudaSuccess) throw std::runtime_error("sum failed");
    return *result;
}

int main(int argc, char** argv)
try {
    const int n = argc > 1 ? std::atoi(argv[1]) : 301;   // inner points; both ends are held
    const int steps = 150;
    const double c = 1.0, dx = 1.0 / (n + 1), dt = 0.6 * dx, r2 = (c * dt / dx) * (c * dt / dx);

    Array a = allocate(n), b = allocate(n), next = allocate(n), sum = allocate(1);
    const double pi = std::acos(-1.0);
    const auto start = [=] __host__ __device__(int i) {
        const double x = (i + 1) * dx;
        return sin(pi * x) + 0.5 * sin(3 * pi * x) - 0.25 * sin(7 * pi * x);
    };

    View before{a.get(), n}, now{b.get(), n}, after{next.get(), n};
    parallel_for(n, [=] __device__(int i) { before(i) = start(i); });
    // at rest in the beginning: half a step
    parallel_for(n, [=] __device__(int i) {
        now(i) = before(i) + 0.5 * r2 * (before.clamped(i - 1) - 2 * before(i) + before.clamped(i + 1));
    });
    const double energy0 = total(n + 1, now, before, dx, dt, c, sum.get());
    for (int t = 1; t < steps; ++t) {
        parallel_for(n, [after, now, before, r2] __device__(int i) {
            after(i) = 2 * now(i) - before(i) + r2 * (now.clamped(i - 1) - 2 * now(i) + now.clamped(i + 1));
        });
        std::swap(before, now);
        std::swap(now, after);
    }
    const double energy1 = total(n + 1, now, before, dx, dt, c, sum.get());
    if (cudaDeviceSynchronize() != cudaSuccess) throw std::runtime_error("kernel failed");

    // The scheme solves each sine exactly: sin(k pi x) cos(w t) with sin(w dt / 2) = r sin(k pi dx / 2).
    double worst = 0;
    for (int i = 0; i < n; ++i) {
        double want = 0;
        const std::pair<int, double> modes[] = {{1, 1.0}, {3, 0.5}, {7, -0.25}};
        for (const auto& [k, amplitude] : modes) {
            const double w = 2 / dt * std::asin(std::sqrt(r2) * std::sin(k * pi * dx / 2));
            want += amplitude * std::sin(k * pi * (i + 1) * dx) * std::cos(w * steps * dt);
        }
        worst = std::fmax(worst, std::fabs(want - now(i)));
    }
    std::printf("error %.1e, energy %.12f -> %.12f\n", worst, energy0, energy1);
    const bool ok = worst < 1e-10 && std::fabs(energy1 / energy0 - 1) < 1e-10 && energy0 > 1;
    std::puts(ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    std::puts("FAIL");
    return 2;
}
