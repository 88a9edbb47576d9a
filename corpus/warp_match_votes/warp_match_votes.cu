#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Word count with warp aggregation: lanes with equal keys are found with match, and only one of each group touches
 * memory. A second kernel gathers per-warp facts with votes and integer reductions.
 */

#define FULL 0xffffffffu
#define NKEYS 40

struct WarpFacts {
    int      any_negative;
    int      all_even;
    int      uniform;      /* all lanes hold the same value */
    int      leaders;      /* distinct values */
    int      sum;
    int      smallest;
    unsigned ors;
    unsigned largest_hash;
};

__global__ void count_words(const int *keys, const unsigned short *weights, int n, unsigned *counts, unsigned *totals)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        unsigned active = __activemask();
        int key = keys[i];
        unsigned peers = __match_any_sync(active, key);
        int leader = __ffs(peers) - 1;
        int lane = threadIdx.x & 31;
        unsigned sum = __reduce_add_sync(peers, (unsigned)weights[i]);
        if (lane == leader) {
            atomicAdd(&counts[key], __popc(peers));
            atomicAdd(&totals[key], sum);
        }
    }
}

__global__ void facts(const int *values, struct WarpFacts *out, int warps)
{
    int warp = (blockIdx.x * blockDim.x + threadIdx.x) >> 5, lane = threadIdx.x & 31;
    if (warp >= warps)
        return;
    int v = values[warp * 32 + lane];
    int same = 0;
    unsigned all = __match_all_sync(FULL, v, &same);
    unsigned peers = __match_any_sync(FULL, v);
    int first = lane == __ffs(peers) - 1;
    unsigned leaders = __ballot_sync(FULL, first);

    struct WarpFacts f;
    f.any_negative = __any_sync(FULL, v < 0) != 0;
    f.all_even = __all_sync(FULL, (v & 1) == 0) != 0;
    f.uniform = same && all == FULL;
    f.leaders = __popc(leaders);
    f.sum = __reduce_add_sync(FULL, v);
    f.smallest = __reduce_min_sync(FULL, v);
    f.ors = __reduce_or_sync(FULL, (unsigned)v);
    f.largest_hash = __reduce_max_sync(FULL, (unsigned)v * 2654435761u);
    if (lane == 31)
        out[warp] = f;
}

/* Ids for values that pass a filter: one atomic a warp; order inside a warp is kept, so each id can be checked. */
__global__ void aggregated_ids(const int *values, int n, int *cursor, int *ids, int *taken)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    bool keep = i < n && values[i] % 3 == 0;
    unsigned votes = __ballot_sync(FULL, keep);
    int base = 0;
    if ((threadIdx.x & 31) == 0 && votes != 0)
        base = atomicAdd(cursor, __popc(votes));
    base = __shfl_sync(FULL, base, 0);
    if (keep) {
        int id = base + __popc(votes & ((1u << (threadIdx.x & 31)) - 1u));
        ids[i] = id;
        taken[id] = i;
    }
}

#define TRY(e) do { if ((e) != cudaSuccess) { fprintf(stderr, "CUDA call failed on line %d\n", __LINE__); exit(2); } } while (0)

int main(int argc, char **argv)
{
    int warps = argc > 1 ? atoi(argv[1]) : 23;
    int n = warps * 32, nw = n - 13; /* the last warp is short for counting */
    int wrong = 0;
    int *keys = (int *)malloc(n * sizeof(int)), *values = (int *)malloc(n * sizeof(int));
    unsigned short *weights = (unsigned short *)malloc(n * sizeof(unsigned short));
    for (int i = 0; i < n; i++) {
        keys[i] = (i * i / 3 + i / 32) % NKEYS;
        weights[i] = (unsigned short)(i % 1000 + 1);
        switch (i / 32 % 4) {
        case 0: values[i] = 6 * (i / 32); break;            /* the same in all lanes */
        case 1: values[i] = 2 * (i % 9) - 4; break;         /* even, some negative */
        case 2: values[i] = i * 37 % 101; break;
        default: values[i] = i % 32 == 20 ? -i : 1 << i % 5;
        }
    }

    int *d_keys, *d_values, *d_cursor, *d_ids, *d_taken;
    unsigned short *d_weights;
    unsigned *d_counts;
    struct WarpFacts *d_facts, *got = (struct WarpFacts *)malloc(warps * sizeof(struct WarpFacts));
    TRY(cudaMalloc((void **)&d_keys, n * sizeof(int)));
    TRY(cudaMalloc((void **)&d_values, n * sizeof(int)));
    TRY(cudaMalloc((void **)&d_weights, n * sizeof(unsigned short)));
    TRY(cudaMalloc((void **)&d_counts, 2 * NKEYS * sizeof(unsigned)));
    TRY(cudaMalloc((void **)&d_facts, warps * sizeof(struct WarpFacts)));
    TRY(cudaMalloc((void **)&d_cursor, sizeof(int)));
    TRY(cudaMalloc((void **)&d_ids, n * sizeof(int)));
    TRY(cudaMalloc((void **)&d_taken, n * sizeof(int)));
    TRY(cudaMemcpy(d_keys, keys, n * sizeof(int), cudaMemcpyHostToDevice));
    TRY(cudaMemcpy(d_values, values, n * sizeof(int), cudaMemcpyHostToDevice));
    TRY(cudaMemcpy(d_weights, weights, n * sizeof(unsigned short), cudaMemcpyHostToDevice));
    TRY(cudaMemset(d_counts, 0, 2 * NKEYS * sizeof(unsigned)));
    TRY(cudaMemset(d_cursor, 0, sizeof(int)));
    TRY(cudaMemset(d_ids, 0xff, n * sizeof(int)));

    count_words<<<(nw + 127) / 128, 128>>>(d_keys, d_weights, nw, d_counts, d_counts + NKEYS);
    facts<<<(warps + 2) / 3, 96>>>(d_values, d_facts, warps);
    aggregated_ids<<<(nw + 63) / 64, 64>>>(d_values, nw, d_cursor, d_ids, d_taken);
    TRY(cudaGetLastError());

    unsigned counts[2 * NKEYS], want[2 * NKEYS];
    memset(want, 0, sizeof want);
    for (int i = 0; i < nw; i++) {
        want[keys[i]]++;
        want[NKEYS + keys[i]] += weights[i];
    }
    TRY(cudaMemcpy(counts, d_counts, sizeof counts, cudaMemcpyDeviceToHost));
    wrong += memcmp(counts, want, sizeof counts) != 0;

    TRY(cudaMemcpy(got, d_facts, warps * sizeof *got, cudaMemcpyDeviceToHost));
    for (int w = 0; w < warps; w++) {
        struct WarpFacts f = {0, 1, 1, 0, 0, values[w * 32], 0, 0};
        for (int a = 0; a < 32; a++) {
            int v = values[w * 32 + a], seen = 0;
            for (int b = 0; b < a; b++) seen |= values[w * 32 + b] == v;
            if (!seen) f.leaders++;
            if (v < 0) f.any_negative = 1;
            if (v % 2) f.all_even = 0;
            if (v < f.smallest) f.smallest = v;
            if ((unsigned)v * 2654435761u > f.largest_hash) f.largest_hash = (unsigned)v * 2654435761u;
            f.sum += v;
            f.ors |= (unsigned)v;
        }
        f.uniform = f.leaders == 1;
        wrong += memcmp(&f, &got[w], sizeof f) != 0;
    }

    int total, *ids = (int *)malloc(n * sizeof(int)), *taken = (int *)malloc(n * sizeof(int)), expected = 0;
    TRY(cudaMemcpy(&total, d_cursor, sizeof(int), cudaMemcpyDeviceToHost));
    TRY(cudaMemcpy(ids, d_ids, n * sizeof(int), cudaMemcpyDeviceToHost));
    TRY(cudaMemcpy(taken, d_taken, n * sizeof(int), cudaMemcpyDeviceToHost));
    for (int i = 0, last = -1; i < nw; i++) {
        if (i % 32 == 0) last = -1;
        if (values[i] % 3 != 0) { wrong += ids[i] != -1; continue; }
        expected++;
        wrong += ids[i] < 0 || ids[i] >= total || taken[ids[i]] != i || (last >= 0 && ids[i] != last + 1);
        last = ids[i];
    }
    wrong += total != expected;
    printf("%d wrong, %d of %d kept: %s\n", wrong, total, nw, wrong ? "FAIL" : "PASS");
    return wrong != 0;
}
