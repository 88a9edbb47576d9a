// Arithmetic Asian call priced by Monte Carlo with antithetic paths. Random numbers are Philox-4x32-10: a function of
// (path, step), so the estimate does not depend on the grid.
#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace rng {

// Written once for host and device; only the wide product differs.
__host__ __device__ inline uint32_t mul_hi(uint32_t a, uint32_t b)
{
#ifdef __CUDA_ARCH__
    return __umulhi(a, b);
#else
    return static_cast<uint32_t>((static_cast<uint64_t>(a) * b) >> 32);
#endif
}

__host__ __device__ inline uint4 philox(uint4 c, uint2 key)
{
    for (int round = 0; round < 10; ++round) {
        const uint32_t h0 = mul_hi(0xD2511F53u, c.x), l0 = 0xD2511F53u * c.x;
        const uint32_t h1 = mul_hi(0xCD9E8D57u, c.z), l1 = 0xCD9E8D57u * c.z;
        c = make_uint4(h1 ^ c.y ^ key.x, l1, h0 ^ c.w ^ key.y, l0);
        key.x += 0x9E3779B9u;
        key.y += 0xBB67AE85u;
    }
    return c;
}

// (0, 1]: never zero, so that the logarithm is finite
__host__ __device__ inline float uniform(uint32_t u) { return (u >> 8) * 5.9604645e-8f + 2.9802322e-8f; }

__device__ inline float2 normal_pair(uint32_t a, uint32_t b)
{
    const float radius = sqrtf(-2.0f * logf(uniform(a)));
    float s, c;
    sincosf(6.2831853f * uniform(b), &s, &c);
    return make_float2(radius * c, radius * s);
}

}  // namespace rng

struct Contract {
    float spot, strike, rate, volatility, years;
    int steps;  // a multiple of 4

    __host__ __device__ float dt() const { return years / steps; }
};

// atomicAdd(double*, double) needs compute capability 6.0; this works everywhere.
__device__ void add_double(double* address, double value)
{
    auto* word = reinterpret_cast<unsigned long long*>(address);
    unsigned long long seen = *word, assumed;
    do {
        assumed = seen;
        seen = atomicCAS(word, assumed, __double_as_longlong(__longlong_as_double(assumed) + value));
    } while (seen != assumed);
}

__device__ double block_sum(double v)
{
    __shared__ double lane0[32];
    for (int offset = 16; offset; offset >>= 1) v += __shfl_xor_sync(~0u, v, offset);
    if ((threadIdx.x & 31) == 0) lane0[threadIdx.x >> 5] = v;
    __syncthreads();
    const int warps = blockDim.x >> 5;
    if (threadIdx.x < 32) {
        v = threadIdx.x < warps ? lane0[threadIdx.x] : 0.0;
        for (int offset = 16; offset; offset >>= 1) v += __shfl_xor_sync(~0u, v, offset);
    }
    __syncthreads();
    return v;
}

__global__ void price_paths(Contract c, unsigned paths, uint2 key, double* sums /* payoff, payoff^2 */)
{
    double sum = 0.0, squares = 0.0;
    const float drift = (c.rate - 0.5f * c.volatility * c.volatility) * c.dt();
    const float sigma = c.volatility * sqrtf(c.dt());
    for (unsigned path = blockIdx.x * blockDim.x + threadIdx.x; path < paths; path += gridDim.x * blockDim.x) {
        float up = 0.0f, down = 0.0f, mean_up = 0.0f, mean_down = 0.0f;
        for (int step = 0; step < c.steps; step += 4) {
            const uint4 bits = rng::philox(make_uint4(path, step, 0, 0), key);
            const float2 p = rng::normal_pair(bits.x, bits.y), q = rng::normal_pair(bits.z, bits.w);
            const float z[4] = {p.x, p.y, q.x, q.y};
#pragma unroll
            for (int k = 0; k < 4; ++k) {
                up += drift + sigma * z[k];
                down += drift - sigma * z[k];
                mean_up += expf(up);
                mean_down += expf(down);
            }
        }
        const float scale = c.spot / c.steps;
        const double payoff = 0.5 * (fmaxf(mean_up * scale - c.strike, 0.0f) + fmaxf(mean_down * scale - c.strike, 0.0f));
        sum += payoff;
        squares += payoff * payoff;
    }
    sum = block_sum(sum);
    squares = block_sum(squares);
    if (threadIdx.x == 0) {
        add_double(&sums[0], sum);
        add_double(&sums[1], squares);
    }
}

int main(int argc, char** argv)
{
    const unsigned paths = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 3001u;
    const uint4 known = rng::philox(make_uint4(0, 0, 0, 0), make_uint2(0, 0));  // published test vector
    if (known.x != 0x6627e8d5u || known.y != 0xe169c58du || known.z != 0xbc57ac4cu || known.w != 0x9b00dbd8u) {
        std::puts("the generator is not Philox\nFAIL");
        return 1;
    }
    const Contract c{100.0f, 95.0f, 0.03f, 0.25f, 1.0f, 12};
    const uint2 key = make_uint2(0xCAFEu, 0xF00Du);

    const auto release = [](double* p) { cudaFree(p); };
    double* raw = nullptr;
    if (cudaMalloc(&raw, 2 * sizeof(double)) != cudaSuccess) return 2;
    std::unique_ptr<double, decltype(release)> sums(raw, release);
    cudaMemset(sums.get(), 0, 2 * sizeof(double));
    price_paths<<<7, 96>>>(c, paths, key, sums.get());
    double got[2];
    if (cudaMemcpy(got, sums.get(), sizeof got, cudaMemcpyDeviceToHost) != cudaSuccess) return 2;

    // Reference: the same random bits, but everything in double, and paths as products instead of sums of logarithms.
    double want = 0.0;
    for (unsigned path = 0; path < paths; ++path) {
        double up = c.spot, down = c.spot, total_up = 0, total_down = 0;
        const double dt = double(c.years) / c.steps, vol = c.volatility;
        for (int step = 0; step < c.steps; step += 4) {
            const uint4 bits = rng::philox(make_uint4(path, step, 0, 0), key);
            const uint32_t u[4] = {bits.x, bits.y, bits.z, bits.w};
            for (int k = 0; k < 4; ++k) {
                const double r = std::sqrt(-2.0 * std::log(double(rng::uniform(u[k & 2]))));
                const double phi = 2.0 * M_PI * rng::uniform(u[(k & 2) + 1]);
                const double z = r * (k & 1 ? std::sin(phi) : std::cos(phi));
                up *= std::exp((c.rate - 0.5 * vol * vol) * dt) * std::exp(vol * std::sqrt(dt) * z);
                down *= std::exp((c.rate - 0.5 * vol * vol) * dt) / std::exp(vol * std::sqrt(dt) * z);
                total_up += up, total_down += down;
            }
        }
        want += 0.5 * (std::fmax(total_up / c.steps - c.strike, 0) + std::fmax(total_down / c.steps - c.strike, 0));
    }
    const double mean = got[0] / paths, discount = std::exp(-c.rate * c.years);
    const double error = discount * std::sqrt((got[1] / paths - mean * mean) / paths);
    std::printf("price %.4f +- %.4f\n", discount * mean, error);
    const bool ok = std::fabs(got[0] - want) < 1e-5 * want && error > 0.0 && error < 0.5;
    std::puts(ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
}
