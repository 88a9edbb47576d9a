// Warp-wide building blocks without block barriers: sort, segmented sum, transposition through shared memory.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdint>
#include <functional>
#include <vector>
#include <cuda_runtime.h>

// ---- warp.cuh -------------------------------------------------------------------------------------------------------
namespace warp {
static constexpr int kSize = 32;
static constexpr unsigned kAll = 0xffffffffu;

__device__ __forceinline__ int lane() { return threadIdx.x % kSize; }
__device__ __forceinline__ int index() { return (blockIdx.x * blockDim.x + threadIdx.x) / kSize; }

template <bool Up, typename T>
__device__ T sort(T v)
{
    for (int size = 2; size <= kSize; size *= 2) {
        for (int stride = size / 2; stride > 0; stride /= 2) {
            const T other = __shfl_xor_sync(kAll, v, stride);
            const bool lower = (lane() & stride) == 0;
            const bool up = size == kSize ? Up : (lane() & size) == 0;
            const bool keep_small = lower == up;
            v = keep_small ? (other < v ? other : v) : (v < other ? other : v);
        }
    }
    return v;
}

// inclusive sum from the last lane whose head flag is set
template <typename T>
__device__ T segmented_sum(T v, bool head)
{
    const unsigned heads = __ballot_sync(kAll, head) | 1u;
    const unsigned upto = heads & (kAll >> (31 - lane()));
    const int start = 31 - __clz(upto);
    for (int d = 1; d < kSize; d <<= 1) {
        const T left = __shfl_up_sync(kAll, v, d);
        if (lane() - d >= start) v += left;
    }
    return v;
}

// sums over each half of the warp, in both halves' first lane
template <typename T>
__device__ T half_sum(T v)
{
    for (int d = 8; d; d /= 2) v += __shfl_down_sync(kAll, v, d, 16);
    return v;
}
}  // namespace warp
// ---------------------------------------------------------------------------------------------------------------------

template <typename T, bool Up>
__global__ void sort_each_warp(T *data, int warps)
{
    const int w = warp::index();
    if (w >= warps) return;
    T *mine = data + w * warp::kSize;
    mine[warp::lane()] = warp::sort<Up>(mine[warp::lane()]);
}

__global__ void segment_sums(const double *values, const unsigned char *heads, double *sums, double *halves, int warps)
{
    const int w = warp::index();
    if (w >= warps) return;
    const int i = w * warp::kSize + warp::lane();
    sums[i] = warp::segmented_sum(values[i], heads[i] != 0);
    const double half = warp::half_sum(values[i]);
    if (warp::lane() % 16 == 0) halves[i / 16] = half;
}

// a 32 x 32 tile a warp; only the warp itself waits
__global__ void transpose_tiles(const float *in, float *out, int tiles)
{
    extern __shared__ float all_tiles[];
    float *tile = all_tiles + (threadIdx.x / warp::kSize) * warp::kSize * (warp::kSize + 1);
    const int w = warp::index();
    if (w >= tiles) return;
    in += w * 1024;
    out += w * 1024;
    for (int r = 0; r < warp::kSize; ++r) tile[r * 33 + warp::lane()] = in[r * 32 + warp::lane()];
    __syncwarp();
    for (int r = 0; r < warp::kSize; ++r) out[r * 32 + warp::lane()] = tile[warp::lane() * 33 + r];
}

#define RUN(call)                                                                             \
    do {                                                                                      \
        call;                                                                                 \
        const cudaError_t launch_error = cudaGetLastError();                                  \
        if (launch_error != cudaSuccess) {                                                    \
            std::printf("FAIL: " #call ": %s\n", cudaGetErrorString(launch_error));           \
            return 2;                                                                         \
        }                                                                                     \
    } while (false)

template <typename T>
T *to_device(const std::vector<T> &v)
{
    T *p;
    cudaMalloc(&p, v.size() * sizeof(T));
    cudaMemcpy(p, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice);
    return p;
}

template <typename T>
std::vector<T> to_host(const T *p, std::size_t n)
{
    std::vector<T> v(n);
    cudaMemcpy(v.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost);
    return v;
}

int main()
{
#ifndef WARPS
#define WARPS 11
#endif
    const int n = WARPS * 32;
    std::vector<float> f(n);
    std::vector<long long> l(n);
    std::vector<double> d(n);
    std::vector<unsigned char> heads(n);
    for (int i = 0; i < n; ++i) {
        f[i] = std::sin(i * 12.9898f) * 100;
        l[i] = (i * 0x9E3779B97F4A7C15ll) >> (i % 40);
        d[i] = std::cos(i * 0.7) + 1.5;
        heads[i] = i % 7 == 3 || i % 11 == 0;
    }
    std::vector<float> tiles(3 * 1024);
    for (int i = 0; i < 3 * 1024; ++i) tiles[i] = i;

    float *df = to_device(f);
    long long *dl = to_device(l);
    double *dd = to_device(d), *dsums = to_device(d), *dhalves = to_device(std::vector<double>(n / 16));
    unsigned char *dheads = to_device(heads);
    float *din = to_device(tiles), *dout = to_device(tiles);

    const int threads = 4 * 32, blocks = (n + threads - 1) / threads;
    RUN((sort_each_warp<float, true><<<blocks, threads>>>(df, WARPS)));
    RUN((sort_each_warp<long long, false><<<blocks, threads>>>(dl, WARPS)));
    RUN((segment_sums<<<blocks, threads>>>(dd, dheads, dsums, dhalves, WARPS)));
    RUN((transpose_tiles<<<2, 64, 2 * 32 * 33 * sizeof(float)>>>(din, dout, 3)));

    int wrong = 0;
    for (int w = 0; w < WARPS; ++w) {
        std::sort(f.begin() + w * 32, f.begin() + w * 32 + 32);
        std::sort(l.begin() + w * 32, l.begin() + w * 32 + 32, std::greater<long long>());
    }
    wrong += f != to_host(df, n);
    wrong += l != to_host(dl, n);
    const auto sums = to_host(dsums, n), halves = to_host(dhalves, n / 16);
    for (int i = 0; i < n; ++i) {
        double want = 0;  // backwards, as far as the segment reaches
        for (int j = i;; --j) {
            want += d[j];
            if (heads[j] || j % 32 == 0) break;
        }
        wrong += std::fabs(sums[i] - want) > 1e-13;
    }
    for (int h = 0; h < n / 16; ++h) {
        double want = 0;
        for (int k = 0; k < 16; ++k) want += d[h * 16 + k];
        wrong += std::fabs(halves[h] - want) > 1e-13;
    }
    const auto turned = to_host(dout, tiles.size());
    for (int i = 0; i < 3 * 1024; ++i) wrong += turned[i] != tiles[i / 1024 * 1024 + i % 32 * 32 + i / 32 % 32];
    std::printf("%d wrong\n%s\n", wrong, wrong ? "FAIL" : "PASS");
    for (void *p : {(void *)df, (void *)dl, (void *)dd, (void *)dsums, (void *)dhalves, (void *)dheads, (void *)din, (void *)dout})
        cudaFree(p);
    return wrong != 0;
}
