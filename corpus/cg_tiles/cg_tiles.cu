// Cooperative groups of many sizes doing the same sum, filtering with coalesced groups, and maxima by tile.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cuda_runtime.h>
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <vector>

namespace cg = cooperative_groups;

// Works with any group: halving through shared memory.
__device__ int sum_group(cg::thread_group g, int *temp, int val)
{
    const int lane = g.thread_rank();
    for (int i = g.size() / 2; i > 0; i /= 2) {
        temp[lane] = val;
        g.sync();
        if (lane < i) val += temp[lane + i];
        g.sync();
    }
    return val;  // only rank 0 has the full sum
}

template <typename Tile>
__device__ int sum_tile(const Tile &tile, int val)
{
    for (int i = tile.size() / 2; i > 0; i /= 2) val += tile.shfl_down(val, i);
    return val;
}

// out[0]: whole blocks, out[1]: tiles of 32, out[2]: tiles of 4, out[3]: run-time tiles of `width`
__global__ void sums(const int *in, int n, unsigned long long *out, int width)
{
    extern __shared__ int temp[];
    const auto block = cg::this_thread_block();
    const int i = block.group_index().x * block.size() + block.thread_rank();
    const int v = i < n ? in[i] : 0;

    int s = sum_group(block, temp, v);
    if (block.thread_rank() == 0) atomicAdd(&out[0], (unsigned long long)s);
    block.sync();

    const auto tile32 = cg::tiled_partition<32>(block);
    s = sum_tile(tile32, v);
    if (tile32.thread_rank() == 0) atomicAdd(out + 1, (unsigned long long)s);

    const auto tile4 = cg::tiled_partition<4>(tile32);
    s = cg::reduce(tile4, v, cg::plus<int>());
    if (tile4.thread_rank() == 3) atomicAdd(out + 2, (unsigned long long)s);

    const cg::thread_group tile = cg::tiled_partition(block, width);
    const int offset = block.thread_rank() / width * width;
    s = sum_group(tile, temp + offset, v);
    if (tile.thread_rank() == 0) atomicAdd(out + 3, (unsigned long long)s);
}

__device__ int atomic_next(int *counter)
{
    const cg::coalesced_group active = cg::coalesced_threads();
    int base = 0;
    if (active.thread_rank() == 0) base = atomicAdd(counter, active.size());
    return active.shfl(base, 0) + active.thread_rank();
}

__global__ void filter_positive(const int *in, int n, int *out, int *count)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        if (in[i] > 0) out[atomic_next(count)] = in[i];
}

template <int W>
__global__ void tile_maxima(const int *in, int n, int *maxima, unsigned char *has_zero)
{
    const auto tile = cg::tiled_partition<W>(cg::this_thread_block());
    const int t = blockIdx.x * tile.meta_group_size() + tile.meta_group_rank();
    const int i = t * W + tile.thread_rank();
    const int v = i < n ? in[i] : -2147483647;
    const int top = cg::reduce(tile, v, cg::greater<int>());
    const bool zero = tile.any(i < n && v == 0);
    if (tile.thread_rank() == 0 && t * W < n) {
        maxima[t] = top;
        has_zero[t] = zero;
    }
}

template <int W>
int check_maxima(const std::vector<int> &in, const int *d_in, int *d_out, unsigned char *d_zero)
{
    const int n = in.size(), tiles = (n + W - 1) / W, per_block = 96 / W;
    tile_maxima<W><<<(tiles + per_block - 1) / per_block, 96>>>(d_in, n, d_out, d_zero);
    std::vector<int> got(tiles);
    std::vector<unsigned char> zero(tiles);
    cudaMemcpy(got.data(), d_out, tiles * sizeof(int), cudaMemcpyDeviceToHost);
    cudaMemcpy(zero.data(), d_zero, tiles, cudaMemcpyDeviceToHost);
    int wrong = 0;
    for (int t = 0; t < tiles; ++t) {
        const auto from = in.begin() + t * W, to = in.begin() + std::min(n, t * W + W);
        wrong += got[t] != *std::max_element(from, to) || bool(zero[t]) != (std::find(from, to, 0) != to);
    }
    return wrong;
}

int main(int argc, char **argv)
{
    const int n = argc > 1 ? std::atoi(argv[1]) : 1000;
    std::vector<int> in(n);
    for (int i = 0; i < n; ++i) in[i] = (i * 7919) % 211 - 70;

    int *d_in, *d_out, *d_count;
    unsigned long long *d_sums, sums4[4];
    unsigned char *d_zero;
    cudaMalloc(&d_in, n * sizeof(int));
    cudaMalloc(&d_out, n * sizeof(int));
    cudaMalloc(&d_zero, n);
    cudaMalloc(&d_count, sizeof(int));
    cudaMalloc(&d_sums, sizeof sums4);
    cudaMemcpy(d_in, in.data(), n * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemset(d_sums, 0, sizeof sums4);
    cudaMemset(d_count, 0, sizeof(int));

    const int threads = 128;
    sums<<<(n + threads - 1) / threads, threads, threads * sizeof(int)>>>(d_in, n, d_sums, 16);
    cudaMemcpy(sums4, d_sums, sizeof sums4, cudaMemcpyDeviceToHost);
    const long long want = std::accumulate(in.begin(), in.end(), 0ll);
    int wrong = 0;
    for (unsigned long long s : sums4) wrong += (long long)s != want;

    filter_positive<<<3, 80>>>(d_in, n, d_out, d_count);
    int kept = 0;
    cudaMemcpy(&kept, d_count, sizeof(int), cudaMemcpyDeviceToHost);
    std::vector<int> positive, got(kept);
    std::copy_if(in.begin(), in.end(), std::back_inserter(positive), [](int v) { return v > 0; });
    cudaMemcpy(got.data(), d_out, kept * sizeof(int), cudaMemcpyDeviceToHost);
    std::sort(positive.begin(), positive.end());
    std::sort(got.begin(), got.end());
    wrong += positive != got;

    wrong += check_maxima<32>(in, d_in, d_out, d_zero) + check_maxima<8>(in, d_in, d_out, d_zero) +
             check_maxima<2>(in, d_in, d_out, d_zero);
    std::printf("sum %lld, %d kept, %d wrong, %s\n%s\n", want, kept, wrong, cudaGetErrorString(cudaGetLastError()),
                wrong == 0 ? "PASS" : "FAIL");
    cudaFree(d_in), cudaFree(d_out), cudaFree(d_zero), cudaFree(d_count), cudaFree(d_sums);
    return wrong == 0 ? 0 : 1;
}
