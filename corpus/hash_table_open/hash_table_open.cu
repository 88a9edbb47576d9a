// Hash table with linear probing: key and value share a 64-bit slot, so one compare-and-swap inserts both.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include <cuda_runtime.h>

constexpr uint32_t kEmpty = 0xffffffffu;
constexpr uint32_t kErased = 0xffffffffu;  // as a value

__device__ int table_full = 0;

#define gpuErrchk(ans) { gpuAssert((ans), __FILE__, __LINE__); }
inline void gpuAssert(cudaError_t code, const char *file, int line, bool abort = true)
{
    if (code != cudaSuccess) {
        fprintf(stderr, "GPUassert: %s %s %d\n", cudaGetErrorString(code), file, line);
        if (abort) exit(code);
    }
}

__device__ __forceinline__ uint32_t fmix32(uint32_t h)
{
    h ^= h >> 16;
    h *= 0x85ebca6b;
    h ^= h >> 13;
    h *= 0xc2b2ae35;
    h ^= h >> 16;
    return h;
}

__device__ __forceinline__ unsigned long long pack(uint32_t key, uint32_t value)
{
    return (unsigned long long)value << 32 | key;
}

// Equal keys: the largest value wins, whoever comes first.
__global__ void table_insert(unsigned long long *table, uint32_t mask, const uint32_t *keys, const uint32_t *values, size_t n)
{
    const size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    const uint32_t key = keys[i];
    uint32_t slot = fmix32(key) & mask;
    for (uint32_t probes = 0; probes <= mask; ++probes) {
        const unsigned long long seen = atomicCAS(&table[slot], pack(kEmpty, 0), pack(key, values[i]));
        if (seen == pack(kEmpty, 0)) return;
        if ((uint32_t)seen == key) {
            atomicMax(&table[slot], pack(key, values[i]));
            return;
        }
        slot = (slot + 1) & mask;
    }
    table_full = 1;
    printf("no slot left for key %u\n", key);
}

__global__ void table_lookup(const unsigned long long *table, uint32_t mask, const uint32_t *keys, uint32_t *values, size_t n)
{
    const size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    uint32_t slot = fmix32(keys[i]) & mask;
    while (true) {
        const unsigned long long entry = table[slot];
        if ((uint32_t)entry == keys[i]) {
            values[i] = (uint32_t)(entry >> 32);
            break;
        }
        if ((uint32_t)entry == kEmpty) {
            values[i] = kEmpty;
            break;
        }
        slot = (slot + 1) & mask;
    }
}

// Keys stay where they are, or probing would stop short; only the value's half of the slot is overwritten.
__global__ void table_erase(unsigned long long *table, uint32_t mask, const uint32_t *keys, size_t n)
{
    uint32_t *halves = reinterpret_cast<uint32_t *>(table);
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x) {
        uint32_t slot = fmix32(keys[i]) & mask;
        uint32_t found = halves[2 * slot];
        while (found != kEmpty && found != keys[i]) {
            slot = (slot + 1) & mask;
            found = halves[2 * slot];
        }
        if (found == keys[i]) halves[2 * slot + 1] = kErased;
    }
}

int main(int argc, char **argv)
{
    const size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    uint32_t capacity = 1;
    while (capacity < n * 3 / 2) capacity *= 2;

    std::vector<uint32_t> keys(n), values(n), query(n), answer(n), gone;
    std::map<uint32_t, uint32_t> reference;
    for (size_t i = 0; i < n; ++i) {
        keys[i] = (uint32_t)(i * i % (n * 3 / 4 + 1)) * 977u;
        values[i] = (uint32_t)(i * 2246822519u >> 3);
        uint32_t &best = reference[keys[i]];
        if (values[i] > best) best = values[i];
        query[i] = (uint32_t)i * 977u;
    }
    // every third distinct key goes away again
    int k = 0;
    for (const auto &entry : reference)
        if (k++ % 3 == 0) gone.push_back(entry.first);

    unsigned long long *table;
    uint32_t *d_keys, *d_values, *d_gone;
    gpuErrchk(cudaMalloc(&table, capacity * sizeof(unsigned long long)));
    gpuErrchk(cudaMalloc(&d_keys, n * sizeof(uint32_t)));
    gpuErrchk(cudaMalloc(&d_values, n * sizeof(uint32_t)));
    gpuErrchk(cudaMalloc(&d_gone, gone.size() * sizeof(uint32_t)));
    std::vector<unsigned long long> blank(capacity, kEmpty);
    gpuErrchk(cudaMemcpy(table, blank.data(), capacity * sizeof(unsigned long long), cudaMemcpyHostToDevice));
    gpuErrchk(cudaMemcpy(d_keys, keys.data(), n * sizeof(uint32_t), cudaMemcpyHostToDevice));
    gpuErrchk(cudaMemcpy(d_values, values.data(), n * sizeof(uint32_t), cudaMemcpyHostToDevice));
    gpuErrchk(cudaMemcpy(d_gone, gone.data(), gone.size() * sizeof(uint32_t), cudaMemcpyHostToDevice));

    const unsigned threads = 128, blocks = (unsigned)((n + threads - 1) / threads);
    int wrong = 0;
    table_insert<<<blocks, threads>>>(table, capacity - 1, d_keys, d_values, n);
    gpuErrchk(cudaPeekAtLastError());
    gpuErrchk(cudaMemcpy(d_keys, query.data(), n * sizeof(uint32_t), cudaMemcpyHostToDevice));
    for (int pass = 0; pass < 2; ++pass) {
        table_lookup<<<blocks, threads>>>(table, capacity - 1, d_keys, d_values, n);
        gpuErrchk(cudaMemcpy(answer.data(), d_values, n * sizeof(uint32_t), cudaMemcpyDeviceToHost));
        size_t hits = 0;
        for (size_t i = 0; i < n; ++i) {
            const auto it = reference.find(query[i]);
            wrong += answer[i] != (it == reference.end() ? kEmpty : it->second);
            hits += answer[i] != kEmpty;
        }
        printf("%zu of %zu keys found\n", hits, n);
        if (pass == 0) {
            table_erase<<<3, 64>>>(table, capacity - 1, d_gone, gone.size());
            for (uint32_t key : gone) reference.erase(key);
        }
    }
    int full;
    gpuErrchk(cudaMemcpyFromSymbol(&full, table_full, sizeof(int)));
    wrong += full;

    gpuErrchk(cudaFree(table));
    gpuErrchk(cudaFree(d_keys));
    gpuErrchk(cudaFree(d_values));
    gpuErrchk(cudaFree(d_gone));
    printf("%s\n", wrong == 0 ? "PASS" : "FAIL");
    return wrong != 0;
}
