// Inclusive prefix sum in one pass over memory.
//
// Every tile publishes first its own sum ("aggregate"), later the sum of everything up to its end
// ("prefix"). A tile that needs its predecessors' total walks back over the published words until it
// meets a prefix. Tiles are numbered in the order in which blocks start, so a predecessor always runs.

#include <cuda_runtime.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

typedef unsigned long long u64;

#define NT 128              // threads a block
#define VT 5                // values a thread
#define TILE (NT * VT)

enum : u64 { EMPTY = 0, AGGREGATE = 1, PREFIX = 2 };

// flag and value share a word, so that both arrive together
__device__ __forceinline__ u64 pack(u64 flag, unsigned value) { return flag << 32 | value; }

__device__ unsigned block_exclusive_scan(unsigned x, unsigned& total)
{
    __shared__ unsigned warp_totals[NT / 32];
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    unsigned inclusive = x;
    #pragma unroll
    for (unsigned d = 1; d < 32; d *= 2) {
        const unsigned other = __shfl_up_sync(0xffffffffu, inclusive, d);
        if (lane >= d) inclusive += other;
    }
    if (lane == 31) warp_totals[warp] = inclusive;
    __syncthreads();
    unsigned before = 0;
    total = 0;
    for (unsigned w = 0; w < NT / 32; ++w) {
        if (w == warp) before = total;
        total += warp_totals[w];
    }
    return before + inclusive - x;
}

__global__ void __launch_bounds__(NT)
inclusive_scan(const unsigned* __restrict__ in, unsigned* __restrict__ out, unsigned n, volatile u64* state, unsigned* ticket)
{
    __shared__ unsigned s_tile, s_before;
    __shared__ unsigned stage[TILE];

    if (threadIdx.x == 0) s_tile = atomicAdd(ticket, 1u);
    __syncthreads();
    const unsigned tile = s_tile;
    const unsigned base = tile * TILE;

    // coalesced load, then each thread takes VT neighbours
    for (unsigned i = threadIdx.x; i < TILE; i += NT) stage[i] = base + i < n ? in[base + i] : 0u;
    __syncthreads();
    unsigned v[VT], sum = 0;
    #pragma unroll
    for (int k = 0; k < VT; ++k) v[k] = sum += stage[threadIdx.x * VT + k];

    unsigned total;
    const unsigned before_thread = block_exclusive_scan(sum, total);

    if (threadIdx.x == 0) {
        unsigned before = 0;
        if (tile > 0) {
            state[tile] = pack(AGGREGATE, total);
            __threadfence();
            for (int look = (int)tile - 1; look >= 0;) {
                const u64 word = state[look];
                const u64 flag = word >> 32;
                if (flag == EMPTY) continue;      // not there yet: look again
                before += (unsigned)word;
                if (flag == PREFIX) break;
                --look;
            }
        }
        state[tile] = pack(PREFIX, before + total);
        __threadfence();
        s_before = before;
    }
    __syncthreads();

    #pragma unroll
    for (int k = 0; k < VT; ++k) stage[threadIdx.x * VT + k] = v[k] + before_thread + s_before;
    __syncthreads();
    for (unsigned i = threadIdx.x; i < TILE && base + i < n; i += NT) out[base + i] = stage[i];
}

#define TRY(e)                                                                              \
    do {                                                                                    \
        cudaError_t s = (e);                                                                \
        if (s != cudaSuccess) { std::printf("%s: %s\n", #e, cudaGetErrorString(s)); std::exit(1); } \
    } while (0)

static bool run(unsigned n)
{
    std::vector<unsigned> h(n), r(n);
    for (unsigned i = 0; i < n; ++i) h[i] = 2 * i + 1;      // odd numbers: the sum of the first k is k * k
    const unsigned tiles = (n + TILE - 1) / TILE;
    unsigned *in, *out, *ticket;
    u64* state;
    TRY(cudaMalloc(&in, n * sizeof *in));
    TRY(cudaMalloc(&out, n * sizeof *out));
    TRY(cudaMalloc(&ticket, sizeof *ticket));
    TRY(cudaMalloc(&state, tiles * sizeof *state));
    TRY(cudaMemset(ticket, 0, sizeof *ticket));
    TRY(cudaMemset(state, 0, tiles * sizeof *state));
    TRY(cudaMemcpy(in, h.data(), n * sizeof *in, cudaMemcpyHostToDevice));
    inclusive_scan<<<tiles, NT>>>(in, out, n, state, ticket);
    TRY(cudaGetLastError());
    TRY(cudaMemcpy(r.data(), out, n * sizeof *out, cudaMemcpyDeviceToHost));
    unsigned wrong = 0;
    for (unsigned i = 0; i < n; ++i) wrong += r[i] != (i + 1) * (i + 1);   // modulo 2^32, as the sums
    std::printf("n = %u, %u tiles: %u wrong\n", n, tiles, wrong);
    TRY(cudaFree(in)); TRY(cudaFree(out)); TRY(cudaFree(ticket)); TRY(cudaFree(state));
    return wrong == 0;
}

int main(int argc, char** argv)
{
    const unsigned n = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 70001;
    bool ok = run(n);
    for (unsigned m : {1u, 639u, 640u, 641u, 12345u}) ok = run(m) && ok;
    std::puts(ok ? "PASS" : "FAIL");
    return !ok;
}
