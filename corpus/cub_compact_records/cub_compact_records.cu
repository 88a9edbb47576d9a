// Records that pass a threshold are compacted, twice: by own kernels on cub's block primitives, and by cub's
// device-wide selection. Blocks are also sorted on their own.
#include <cub/cub.cuh>
#include <cuda_runtime.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#define CubDebugStop(e)                                                             \
    if ((e) != cudaSuccess) {                                                       \
        std::fprintf(stderr, "%s, line %d\n", cudaGetErrorString(e), __LINE__);     \
        std::exit(2);                                                               \
    }

struct Above {
    int threshold;
    __host__ __device__ __forceinline__ bool operator()(const int& v) const { return v > threshold; }
};

template <int BLOCK_THREADS>
__global__ void count_kept(const int* in, int n, Above pred, int* counts)
{
    typedef cub::BlockReduce<int, BLOCK_THREADS> Reduce;
    __shared__ typename Reduce::TempStorage temp;
    const int i = blockIdx.x * BLOCK_THREADS + threadIdx.x;
    const int kept = Reduce(temp).Sum(i < n && pred(in[i]) ? 1 : 0);
    if (threadIdx.x == 0) counts[blockIdx.x] = kept;
}

template <int BLOCK_THREADS>
__global__ void write_kept(const int* in, int n, Above pred, const int* offsets, int* out, int* source)
{
    using Scan = cub::BlockScan<int, BLOCK_THREADS>;
    __shared__ typename Scan::TempStorage temp;
    const int i = blockIdx.x * BLOCK_THREADS + threadIdx.x;
    const bool keep = i < n && pred(in[i]);
    int place;
    Scan(temp).ExclusiveSum(keep, place);
    if (!keep) return;
    out[offsets[blockIdx.x] + place] = in[i];
    source[offsets[blockIdx.x] + place] = i;
}

template <int BLOCK_THREADS, int ITEMS>
__global__ void sort_tiles(const int* in, int* out, int n)
{
    using Load = cub::BlockLoad<int, BLOCK_THREADS, ITEMS, cub::BLOCK_LOAD_TRANSPOSE>;
    using Store = cub::BlockStore<int, BLOCK_THREADS, ITEMS, cub::BLOCK_STORE_TRANSPOSE>;
    using Sort = cub::BlockRadixSort<int, BLOCK_THREADS, ITEMS>;
    __shared__ union {
        typename Load::TempStorage load;
        typename Store::TempStorage store;
        typename Sort::TempStorage sort;
    } temp;
    const int base = blockIdx.x * BLOCK_THREADS * ITEMS;
    const int valid = min(n - base, BLOCK_THREADS * ITEMS);
    int items[ITEMS];
    Load(temp.load).Load(in + base, items, valid, 2147483647);
    __syncthreads();
    Sort(temp.sort).Sort(items);
    __syncthreads();
    Store(temp.store).Store(out + base, items, valid);
}

int main(int argc, char** argv)
{
    const int n = argc > 1 ? std::atoi(argv[1]) : 1300;
    const Above pred = {400};
    std::vector<int> in(n), want, from;
    for (int i = 0; i < n; ++i) {
        in[i] = static_cast<int>((i * 2654435761u >> 8) % 1201u) - 100;
        if (in[i] > 400) want.push_back(in[i]), from.push_back(i);
    }
    const int kept = static_cast<int>(want.size());

    constexpr int threads = 128;
    const int blocks = (n + threads - 1) / threads;
    int *d_in, *d_out, *d_source, *d_counts, *d_offsets, *d_selected;
    CubDebugStop(cudaMalloc(&d_in, n * sizeof(int)));
    CubDebugStop(cudaMalloc(&d_out, n * sizeof(int)));
    CubDebugStop(cudaMalloc(&d_source, n * sizeof(int)));
    CubDebugStop(cudaMalloc(&d_counts, blocks * sizeof(int)));
    CubDebugStop(cudaMalloc(&d_offsets, blocks * sizeof(int)));
    CubDebugStop(cudaMalloc(&d_selected, sizeof(int)));
    CubDebugStop(cudaMemcpy(d_in, in.data(), n * sizeof(int), cudaMemcpyHostToDevice));

    void* d_temp = nullptr;
    size_t temp_bytes = 0, select_bytes = 0;
    CubDebugStop(cub::DeviceScan::ExclusiveSum(d_temp, temp_bytes, d_counts, d_offsets, blocks));
    CubDebugStop(cub::DeviceSelect::If(nullptr, select_bytes, d_in, d_out, d_selected, n, pred));
    temp_bytes = std::max(temp_bytes, select_bytes);
    CubDebugStop(cudaMalloc(&d_temp, temp_bytes));

    count_kept<threads><<<blocks, threads>>>(d_in, n, pred, d_counts);
    CubDebugStop(cub::DeviceScan::ExclusiveSum(d_temp, temp_bytes, d_counts, d_offsets, blocks));
    write_kept<threads><<<blocks, threads>>>(d_in, n, pred, d_offsets, d_out, d_source);
    std::vector<int> out(kept), source(kept);
    CubDebugStop(cudaMemcpy(out.data(), d_out, kept * sizeof(int), cudaMemcpyDeviceToHost));
    CubDebugStop(cudaMemcpy(source.data(), d_source, kept * sizeof(int), cudaMemcpyDeviceToHost));
    bool ok = out == want && source == from;
    std::printf("block primitives: %s\n", ok ? "as wanted" : "wrong");

    CubDebugStop(cudaMemset(d_out, 0, n * sizeof(int)));
    CubDebugStop(cub::DeviceSelect::If(d_temp, temp_bytes, d_in, d_out, d_selected, n, pred));
    int selected = 0;
    CubDebugStop(cudaMemcpy(&selected, d_selected, sizeof(int), cudaMemcpyDeviceToHost));
    CubDebugStop(cudaMemcpy(out.data(), d_out, kept * sizeof(int), cudaMemcpyDeviceToHost));
    ok = ok && selected == kept && out == want;

    constexpr int items = 3, tile = 64 * items;
    sort_tiles<64, items><<<(n + tile - 1) / tile, 64>>>(d_in, d_out, n);
    std::vector<int> tiles(n);
    CubDebugStop(cudaMemcpy(tiles.data(), d_out, n * sizeof(int), cudaMemcpyDeviceToHost));
    for (int base = 0; base < n; base += tile) std::sort(in.begin() + base, in.begin() + std::min(base + tile, n));
    ok = ok && tiles == in;

    std::printf("%d of %d kept\n%s\n", selected, n, ok ? "PASS" : "FAIL");
    for (int* p : {d_in, d_out, d_source, d_counts, d_offsets, d_selected}) cudaFree(p);
    cudaFree(d_temp);
    return ok ? 0 : 1;
}
