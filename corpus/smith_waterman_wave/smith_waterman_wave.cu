// Smith-Waterman local alignment score, one block a pair of sequences, anti-diagonals in shared memory.
#include <cuda_runtime.h>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

struct Scoring { int match, mismatch, gap; };

struct Batch {
    const char *text;          // all sequences, one after the other
    const int *start;          // start[i] .. start[i + 1] is sequence i
    int pairs;                 // pair p aligns sequence 2p with sequence 2p + 1
};

// best[p] = score << 40 | (end in a) << 20 | (end in b), so that ties go to the later end
__global__ void align(Batch batch, Scoring s, int longest, unsigned long long *best)
{
    extern __shared__ int diagonals[];
    __shared__ unsigned long long blockBest;

    const int pair = blockIdx.x;
    const char *a = batch.text + batch.start[2 * pair];
    const char *b = batch.text + batch.start[2 * pair + 1];
    const int la = batch.start[2 * pair + 1] - batch.start[2 * pair];
    const int lb = batch.start[2 * pair + 2] - batch.start[2 * pair + 1];

    int *before = diagonals;                    // diagonal d - 2, by position in a
    int *last = diagonals + longest + 1;        // d - 1
    int *now = diagonals + 2 * (longest + 1);   // d
    for (int i = threadIdx.x; i <= la; i += blockDim.x)
        before[i] = last[i] = now[i] = 0;
    if (threadIdx.x == 0)
        blockBest = 0;
    __syncthreads();

    unsigned long long mine = 0;
    for (int d = 2; d <= la + lb; ++d) {
        const int from = max(1, d - lb), to = min(la, d - 1);
        for (int i = from + (int)threadIdx.x; i <= to; i += blockDim.x) {
            const int j = d - i;
            int h = before[i - 1] + (a[i - 1] == b[j - 1] ? s.match : s.mismatch);
            h = max(h, last[i - 1] + s.gap);
            h = max(h, last[i] + s.gap);
            h = max(h, 0);
            now[i] = h;
            const unsigned long long packed =
                (unsigned long long)h << 40 | (unsigned long long)i << 20 | (unsigned long long)j;
            mine = packed > mine ? packed : mine;
        }
        __syncthreads();
        // borders of the matrix hold zeros
        if (threadIdx.x == 0) {
            if (from > 1) now[from - 1] = 0;
            if (d <= la) now[d] = 0;
        }
        __syncthreads();
        int *t = before;
        before = last;
        last = now;
        now = t;
    }
    atomicMax(&blockBest, mine);
    __syncthreads();
    if (threadIdx.x == 0)
        best[pair] = blockBest;
}

// Reference: the whole matrix, row by row.
static unsigned long long reference(const std::string &a, const std::string &b, const Scoring &s)
{
    std::vector<std::vector<int>> h(a.size() + 1, std::vector<int>(b.size() + 1, 0));
    unsigned long long best = 0;
    for (size_t i = 1; i <= a.size(); ++i)
        for (size_t j = 1; j <= b.size(); ++j) {
            h[i][j] = std::max({0, h[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? s.match : s.mismatch), h[i - 1][j] + s.gap,
                                h[i][j - 1] + s.gap});
            best = std::max(best, (unsigned long long)h[i][j] << 40 | (unsigned long long)i << 20 | j);
        }
    return best;
}

int main(int argc, char **argv)
{
    const int pairs = argc > 1 ? std::stoi(argv[1]) : 6;
    const Scoring scoring = {3, -2, -4};

    std::vector<std::string> sequences;
    unsigned seed = 20u;
    auto random = [&seed](unsigned below) { return (seed = seed * 1103515245u + 12345u) / 65536u % below; };
    for (int p = 0; p < pairs; ++p) {
        std::string a, b;
        for (int i = 0; i < 40 + 23 * p; ++i) a += "ACGT"[random(4)];
        // b: a piece of a with point mutations, between unrelated letters
        for (unsigned i = 0; i < 11; ++i) b += "ACGT"[random(4)];
        for (size_t i = a.size() / 4; i < a.size() * 3 / 4; ++i) {
            if (random(12) == 0) continue;
            b += random(9) == 0 ? "ACGT"[random(4)] : a[i];
        }
        for (unsigned i = random(30); i > 0; --i) b += "ACGT"[random(4)];
        sequences.push_back(a);
        sequences.push_back(b);
    }
    std::string text;
    std::vector<int> start(1, 0);
    int longest = 0;
    for (const std::string &s : sequences) {
        text += s;
        start.push_back((int)text.size());
        longest = std::max(longest, (int)s.size());
    }

    char *dText;
    int *dStart;
    unsigned long long *dBest;
    cudaMalloc(&dText, text.size());
    cudaMalloc(&dStart, start.size() * sizeof(int));
    cudaMalloc(&dBest, pairs * sizeof(unsigned long long));
    cudaMemcpy(dText, text.data(), text.size(), cudaMemcpyHostToDevice);
    cudaMemcpy(dStart, start.data(), start.size() * sizeof(int), cudaMemcpyHostToDevice);

    Batch batch{dText, dStart, pairs};
    align<<<pairs, 48, 3 * (longest + 1) * sizeof(int)>>>(batch, scoring, longest, dBest);
    if (cudaGetLastError() != cudaSuccess) { std::puts("launch failed\nFAIL"); return 2; }
    std::vector<unsigned long long> best(pairs);
    cudaMemcpy(best.data(), dBest, pairs * sizeof(unsigned long long), cudaMemcpyDeviceToHost);

    bool ok = true;
    for (int p = 0; p < pairs; ++p) {
        const unsigned long long want = reference(sequences[2 * p], sequences[2 * p + 1], scoring);
        std::printf("pair %d: score %d\n", p, int(best[p] >> 40));
        ok = ok && best[p] == want && (want >> 40) > 20;
    }
    std::puts(ok ? "PASS" : "FAIL");
    cudaFree(dText);
    cudaFree(dStart);
    cudaFree(dBest);
    return ok ? 0 : 1;
}
