// Sum, sum of squares and L1 norm of an array: block partials through shared memory, a one-block finish, and a
// variant that lets the warps meet in a single atomic accumulator.
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <cuda_runtime.h>

namespace {

constexpr unsigned kBlock = 256;
constexpr unsigned kWarp = 32;

struct Identity { __device__ float operator()(float v) const { return v; } };
struct Square { __device__ float operator()(float v) const { return v * v; } };

template <bool Squared> struct Load { using Type = Identity; };
template <> struct Load<true> { using Type = Square; };

}  // namespace

// partial[b] = sum of load(in[i]) over the elements block b visits in its grid-stride walk.
template <unsigned Block, bool Squared>
__global__ void partial_sums(const float *in, float *partial, size_t n)
{
    __shared__ float cache[Block];
    const typename Load<Squared>::Type load{};
    const unsigned tid = threadIdx.x;

    float acc = 0.f;
    for (size_t i = size_t(blockIdx.x) * Block + tid; i < n; i += size_t(Block) * gridDim.x)
        acc += load(in[i]);
    cache[tid] = acc;
    __syncthreads();

    for (unsigned half = Block / 2; half > 0; half >>= 1) {
        if (tid < half) cache[tid] += cache[tid + half];
        __syncthreads();
    }
    if (tid == 0) partial[blockIdx.x] = cache[0];
}

// One warp adds `count` partial sums.
__global__ void final_sum(const float *partial, float *result, int count)
{
    float acc = 0.f;
    for (int i = threadIdx.x; i < count; i += kWarp) acc += partial[i];
    for (unsigned offset = kWarp / 2; offset; offset /= 2) acc += __shfl_down_sync(~0u, acc, offset);
    if (threadIdx.x == 0) *result = acc;
}

// Adds sum |in[i]| to *result, one atomic a warp.
__global__ void abs_sum_atomic(const float *in, float *result, unsigned n)
{
    const unsigned i = blockIdx.x * kBlock + threadIdx.x;
    float v = i < n ? fabsf(in[i]) : 0.f;
    for (int lane_mask = 16; lane_mask >= 1; lane_mask >>= 1) v += __shfl_xor_sync(~0u, v, lane_mask);
    if ((threadIdx.x & 31) == 0) atomicAdd(result, v);
}

struct CudaDeleter { void operator()(void *p) const { cudaFree(p); } };

static std::unique_ptr<float, CudaDeleter> device_floats(size_t count)
{
    void *p = nullptr;
    if (cudaMalloc(&p, count * sizeof(float)) != cudaSuccess) std::abort();
    return std::unique_ptr<float, CudaDeleter>(static_cast<float *>(p));
}

int main(int argc, char *argv[])
{
    const size_t n = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 30011;
    const unsigned blocks = 17;

    std::unique_ptr<float[]> host(new float[n]);
    for (size_t i = 0; i < n; ++i) host[i] = float(int(i * 7919 % 2003) - 800) / 1024.f;

    auto in = device_floats(n), partial = device_floats(blocks), results = device_floats(3);
    cudaMemcpy(in.get(), host.get(), n * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemset(results.get(), 0, 3 * sizeof(float));

    partial_sums<kBlock, false><<<blocks, kBlock>>>(in.get(), partial.get(), n);
    final_sum<<<1, kWarp>>>(partial.get(), results.get(), blocks);
    partial_sums<kBlock, true><<<blocks, kBlock>>>(in.get(), partial.get(), n);
    final_sum<<<1, kWarp>>>(partial.get(), results.get() + 1, blocks);
    abs_sum_atomic<<<unsigned((n + kBlock - 1) / kBlock), kBlock>>>(in.get(), results.get() + 2, unsigned(n));

    float got[3];
    cudaMemcpy(got, results.get(), sizeof got, cudaMemcpyDeviceToHost);
    if (cudaGetLastError() != cudaSuccess) return 2;

    // The inputs are multiples of 2^-10, so integer arithmetic gives the exact answers.
    long long sum = 0, squares = 0, magnitude = 0;
    for (size_t i = 0; i < n; ++i) {
        const long long q = static_cast<long long>(i * 7919 % 2003) - 800;
        sum += q;
        squares += q * q;
        magnitude += q < 0 ? -q : q;
    }
    const double want[3] = {sum / 1024.0, squares / 1048576.0, magnitude / 1024.0};
    bool ok = true;
    const char *names[3] = {"sum", "sum of squares", "L1 norm"};
    for (int k = 0; k < 3; ++k) {
        std::printf("%-15s %.6f (exact %.6f)\n", names[k], got[k], want[k]);
        ok = ok && std::fabs(got[k] - want[k]) <= 1e-5 * magnitude / 1024.0;
    }
    std::printf(ok ? "PASS\n" : "FAIL\n");
    return !ok;
}
