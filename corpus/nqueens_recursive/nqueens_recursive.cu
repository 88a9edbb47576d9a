// N queens: the host places the first rows, every thread counts the completions of one such start by recursion.
#include <cstdio>
#include <cstdlib>
#include <vector>
#include <cuda_runtime.h>

struct Start {
    unsigned cols, left, right;   // attacked columns and diagonals of the next row
    int row;
};

__device__ __noinline__ unsigned long long place(int n, unsigned cols, unsigned left, unsigned right, int row)
{
    if (row == n)
        return 1;
    unsigned long long count = 0;
    unsigned free = ~(cols | left | right) & ((1u << n) - 1);
    while (free != 0) {
        const unsigned queen = free & (0u - free);
        free ^= queen;
        count += place(n, cols | queen, (left | queen) << 1, (right | queen) >> 1, row + 1);
    }
    return count;
}

__global__ void solve_recursive(const Start *starts, int count, int n, unsigned long long *total)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) {
        const unsigned long long found = place(n, starts[i].cols, starts[i].left, starts[i].right, starts[i].row);
        if (found)
            atomicAdd(total, found);
    }
}

// the same with a stack of its own
__global__ void solve_iterative(const Start *starts, int count, int n, unsigned long long *total)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count)
        return;
    unsigned cols[16], left[16], right[16], open[16];
    const unsigned all = (1u << n) - 1;
    int depth = 0;
    const int levels = n - starts[i].row;
    cols[0] = starts[i].cols, left[0] = starts[i].left, right[0] = starts[i].right;
    open[0] = levels ? ~(cols[0] | left[0] | right[0]) & all : 0;
    unsigned long long found = levels == 0;
    do {
        if (open[depth] == 0) {
            --depth;
            continue;
        }
        const unsigned queen = open[depth] & -open[depth];
        open[depth] &= ~queen;
        if (depth + 1 == levels) {
            ++found;
            continue;
        }
        cols[depth + 1] = cols[depth] | queen;
        left[depth + 1] = (left[depth] | queen) << 1;
        right[depth + 1] = (right[depth] | queen) >> 1;
        ++depth;
        open[depth] = ~(cols[depth] | left[depth] | right[depth]) & all;
    } while (depth >= 0);
    atomicAdd(total, found);
}

static void prepare(int n, int rows, std::vector<Start> &out, Start at = Start())
{
    if (at.row == rows) {
        out.push_back(at);
        return;
    }
    for (int c = 0; c < n; ++c) {
        const unsigned queen = 1u << c;
        if ((at.cols | at.left | at.right) & queen)
            continue;
        prepare(n, rows, out, Start{at.cols | queen, (at.left | queen) << 1, (at.right | queen) >> 1, at.row + 1});
    }
}

// Reference: permutations in lexicographic order, diagonals as marks on a board.
static unsigned long long by_marks(int n, int row, char *column, char *diagonal, char *anti)
{
    if (row == n)
        return 1;
    unsigned long long count = 0;
    for (int c = 0; c < n; ++c)
        if (!column[c] && !diagonal[row + c] && !anti[row - c + n]) {
            column[c] = diagonal[row + c] = anti[row - c + n] = 1;
            count += by_marks(n, row + 1, column, diagonal, anti);
            column[c] = diagonal[row + c] = anti[row - c + n] = 0;
        }
    return count;
}

int main(int argc, char **argv)
{
    const int largest = argc > 1 ? std::atoi(argv[1]) : 9;
    if (largest > 15) {
        std::fprintf(stderr, "at most 15\n");
        return 2;
    }
    cudaDeviceSetLimit(cudaLimitStackSize, 16 * 1024);
    unsigned long long *d_total;
    Start *d_starts;
    cudaMalloc(&d_total, 2 * sizeof(unsigned long long));
    cudaMalloc(&d_starts, 15 * 15 * 15 * sizeof(Start));

    bool ok = true;
    for (int n = 2; n <= largest; ++n) {
        std::vector<Start> starts;
        prepare(n, n < 4 ? 1 : 3, starts);
        cudaMemset(d_total, 0, 2 * sizeof(unsigned long long));
        cudaMemcpy(d_starts, starts.data(), starts.size() * sizeof(Start), cudaMemcpyHostToDevice);
        const int count = static_cast<int>(starts.size());
        if (count > 0) {
            solve_recursive<<<(count + 63) / 64, 64>>>(d_starts, count, n, d_total);
            solve_iterative<<<(count + 31) / 32, 32>>>(d_starts, count, n, d_total + 1);
        }
        unsigned long long got[2];
        if (cudaMemcpy(got, d_total, sizeof got, cudaMemcpyDeviceToHost) != cudaSuccess)
            return 2;
        char column[16] = {0}, diagonal[32] = {0}, anti[32] = {0};
        const unsigned long long want = by_marks(n, 0, column, diagonal, anti);
        std::printf("%2d queens: %llu\n", n, got[0]);
        ok = ok && got[0] == want && got[1] == want;
    }
    cudaFree(d_total);
    cudaFree(d_starts);
    std::puts(ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
}
