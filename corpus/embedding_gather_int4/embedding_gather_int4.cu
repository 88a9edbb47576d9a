// Looks up rows of an embedding table. A row is moved in 16-byte pieces whatever its element type is, one warp a row.
#include <assert.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <vector>

#ifndef VOCAB
#define VOCAB 211
#endif
#ifndef TOKENS
#define TOKENS 157
#endif

constexpr int WARPS_PER_BLOCK = 4;

__global__ void embedding_gather_kernel(int4* __restrict__ out, const int4* __restrict__ table,
                                        const int64_t* __restrict__ ids, int tokens, int pieces, int64_t vocab,
                                        int64_t padding_idx) {
    const int token = blockIdx.x * WARPS_PER_BLOCK + threadIdx.y;
    if (token >= tokens) return;
    const int64_t id = __ldg((const long long*)ids + token);
    assert(id >= 0 && id < vocab);
    const int4 zero = make_int4(0, 0, 0, 0);
    for (int p = threadIdx.x; p < pieces; p += warpSize) {
        const int4 piece = id == padding_idx ? zero : __ldg(table + id * pieces + p);
        __stcs(out + (int64_t)token * pieces + p, piece);
    }
}

// out[token] = table[token's id] + position[token % period], on halves
__global__ void add_position_kernel(half2* x, const half2* __restrict__ position, int tokens, int pairs, int period) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < tokens * pairs; i += gridDim.x * blockDim.x) {
        const int t = i / pairs % period;
        x[i] = __hadd2(x[i], position[t * pairs + i % pairs]);
    }
}

template <typename T>
T* dmalloc(size_t n) {
    void* p = nullptr;
    if (cudaMalloc(&p, n * sizeof(T)) != cudaSuccess) abort();
    return static_cast<T*>(p);
}

template <typename T>
void gather(const std::vector<T>& table, const std::vector<int64_t>& ids, int dim, std::vector<T>& out,
            const std::vector<T>* position = nullptr) {
    static_assert(16 % sizeof(T) == 0, "rows are moved in pieces of 16 bytes");
    T* dtable = dmalloc<T>(table.size());
    T* dout = dmalloc<T>(out.size());
    int64_t* dids = dmalloc<int64_t>(ids.size());
    cudaMemcpy(dtable, table.data(), table.size() * sizeof(T), cudaMemcpyHostToDevice);
    cudaMemcpy(dids, ids.data(), ids.size() * sizeof(int64_t), cudaMemcpyHostToDevice);
    const int pieces = dim * sizeof(T) / sizeof(int4);
    const dim3 block(32, WARPS_PER_BLOCK);
    embedding_gather_kernel<<<(ids.size() + block.y - 1) / block.y, block>>>(
        reinterpret_cast<int4*>(dout), reinterpret_cast<const int4*>(dtable), dids, (int)ids.size(), pieces,
        (int64_t)(table.size() / dim), 3);
    if constexpr (sizeof(T) == 2) {
        T* dpos = dmalloc<T>(position->size());
        cudaMemcpy(dpos, position->data(), position->size() * sizeof(T), cudaMemcpyHostToDevice);
        add_position_kernel<<<5, 128>>>((half2*)dout, (const half2*)dpos, (int)ids.size(), dim / 2,
                                        (int)position->size() / dim);
        cudaFree(dpos);
    }
    cudaError_t err = cudaDeviceSynchronize();
    if (err != cudaSuccess) {
        fprintf(stderr, "%s\n", cudaGetErrorString(err));
        exit(1);
    }
    cudaMemcpy(out.data(), dout, out.size() * sizeof(T), cudaMemcpyDeviceToHost);
    cudaFree(dtable);
    cudaFree(dout);
    cudaFree(dids);
}

int main() {
    std::vector<int64_t> ids(TOKENS);
    for (int t = 0; t < TOKENS; t++) ids[t] = t % 10 == 4 ? 3 : (int64_t)t * t % VOCAB;

    // floats: a row says which row and which column it is
    const int fdim = 52;
    std::vector<float> ftable(VOCAB * fdim), fout(TOKENS * fdim, -1.f);
    for (int v = 0; v < VOCAB; v++)
        for (int d = 0; d < fdim; d++) ftable[v * fdim + d] = 1 + v * 64 + d;
    gather(ftable, ids, fdim, fout);
    int bad = 0;
    for (size_t i = 0; i < fout.size(); i++) {
        const int64_t id = ids[i / fdim];
        if (id == 3)
            bad += fout[i] != 0.f;
        else  // decode the value instead of looking it up
            bad += ((int)fout[i] - 1) / 64 != id || ((int)fout[i] - 1) % 64 != (int)(i % fdim);
    }

    // halves, with positions added: sums of multiples of 1/8 below 256 are exact
    const int hdim = 264, period = 25;
    std::vector<half> htable(VOCAB * hdim), hpos(period * hdim), hout(TOKENS * hdim);
    for (size_t i = 0; i < htable.size(); i++) htable[i] = __float2half((float)(i % 1021) / 8);
    for (size_t i = 0; i < hpos.size(); i++) hpos[i] = __float2half((float)(i / hdim) - 12);
    gather(htable, ids, hdim, hout, &hpos);
    for (int t = 0; t < TOKENS; t++)
        for (int d = 0; d < hdim; d++) {
            const double base = ids[t] == 3 ? 0.0 : (ids[t] * hdim + d) % 1021 * 0.125;
            bad += (double)__half2float(hout[t * hdim + d]) != base + (t % period - 12);
        }
    printf("%d tokens, %d wrong values\n%s\n", TOKENS, bad, bad ? "FAIL" : "PASS");
    return bad != 0;
}
