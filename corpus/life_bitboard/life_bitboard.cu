/* Conway's Life on a torus, 32 cells in a word. Sums of neighbours are made by bit-wise full adders. */
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>

typedef unsigned int word;

#define FULL_ADD(a, b, c, sum, carry)          \
    do {                                       \
        const word t_ = (a) ^ (b);             \
        (sum) = t_ ^ (c);                      \
        (carry) = ((a) & (b)) | (t_ & (c));    \
    } while (0)
#define HALF_ADD(a, b, sum, carry) do { (sum) = (a) ^ (b); (carry) = (a) & (b); } while (0)
#define SWAP(T, a, b) do { T swap_ = (a); (a) = (b); (b) = swap_; } while (0)

#ifndef GENERATIONS
#define GENERATIONS 40
#endif

__global__ void generation(const word *__restrict__ now, word *__restrict__ next, unsigned words, unsigned rows)
{
    const unsigned c = blockIdx.x * blockDim.x + threadIdx.x;
    const unsigned r = blockIdx.y * blockDim.y + threadIdx.y;
    if (c >= words || r >= rows)
        return;
    const unsigned west = (c == 0 ? words : c) - 1, east = c + 1 == words ? 0 : c + 1;
    const unsigned line[3] = {(r == 0 ? rows : r) - 1, r, r + 1 == rows ? 0 : r + 1};

    word left[3], mid[3], right[3]; /* the row above, this one, the one below; cell x is bit x % 32 */
    for (int k = 0; k < 3; k++) {
        const word *p = now + line[k] * words;
        mid[k] = p[c];
        left[k] = __funnelshift_l(p[west], p[c], 1);  /* neighbours at x - 1 */
        right[k] = __funnelshift_r(p[c], p[east], 1); /* neighbours at x + 1 */
    }

    word s0, c0, s1, c1, s2, c2, ones, k0, twos, k1, k2, fours, k3;
    FULL_ADD(left[0], mid[0], right[0], s0, c0);
    FULL_ADD(left[2], mid[2], right[2], s1, c1);
    HALF_ADD(left[1], right[1], s2, c2);
    FULL_ADD(s0, s1, s2, ones, k0);
    FULL_ADD(c0, c1, c2, k1, k2);
    HALF_ADD(k1, k0, twos, k3);
    fours = k2 | k3; /* 4 or more */
    next[r * words + c] = twos & ~fours & (ones | mid[1]);
}

__global__ void population(const word *board, unsigned total_words, unsigned *count)
{
    unsigned mine = 0;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < total_words; i += blockDim.x * gridDim.x)
        mine += __popc(board[i]);
    for (int d = 16; d > 0; d >>= 1)
        mine += __shfl_down_sync(0xffffffffu, mine, d);
    if (threadIdx.x % 32 == 0 && mine)
        atomicAdd(count, mine);
}

static void check(cudaError_t e)
{
    if (e == cudaSuccess)
        return;
    puts(cudaGetErrorString(e));
    puts("FAIL");
    exit(1);
}

int main(int argc, char **argv)
{
    const unsigned words = argc > 1 ? atoi(argv[1]) : 3, rows = argc > 2 ? atoi(argv[2]) : 45;
    const unsigned width = words * 32, total = words * rows;
    word *board = (word *)calloc(total, sizeof(word));
    unsigned char *cells = (unsigned char *)calloc(width * rows, 1), *fresh = (unsigned char *)malloc(width * rows);

    /* a glider over the corner, an R-pentomino, and dust */
    static const int glider[5][2] = {{1, 0}, {2, 1}, {0, 2}, {1, 2}, {2, 2}};
    static const int pentomino[5][2] = {{1, 0}, {2, 0}, {0, 1}, {1, 1}, {1, 2}};
    for (int k = 0; k < 5; k++) {
        cells[(glider[k][1] + rows - 1) % rows * width + (glider[k][0] + width - 2) % width] = 1;
        cells[(pentomino[k][1] + rows / 2) * width + pentomino[k][0] + 30] = 1;
    }
    for (unsigned i = 0; i < width * rows; i += 61)
        cells[i] = cells[(i + width) % (width * rows)] = cells[(i + 2 * width) % (width * rows)] = 1;
    for (unsigned i = 0; i < width * rows; i++)
        board[i / 32] |= (word)cells[i] << (i % 32);

    word *a, *b;
    unsigned *d_count, count = 0;
    check(cudaMalloc((void **)&a, total * sizeof(word)));
    check(cudaMalloc((void **)&b, total * sizeof(word)));
    check(cudaMalloc((void **)&d_count, sizeof(unsigned)));
    check(cudaMemset(d_count, 0, sizeof(unsigned)));
    check(cudaMemcpy(a, board, total * sizeof(word), cudaMemcpyHostToDevice));
    const dim3 threads(4, 16), blocks((words + 3) / 4, (rows + 15) / 16);
    for (int g = 0; g < GENERATIONS; g++) {
        generation<<<blocks, threads>>>(a, b, words, rows);
        SWAP(word *, a, b);
    }
    population<<<2, 32>>>(a, total, d_count);
    check(cudaGetLastError());
    check(cudaMemcpy(board, a, total * sizeof(word), cudaMemcpyDeviceToHost));
    check(cudaMemcpy(&count, d_count, sizeof count, cudaMemcpyDeviceToHost));

    /* reference: every living cell tells its neighbours */
    unsigned alive = 0, wrong = 0;
    for (int g = 0; g < GENERATIONS; g++) {
        for (unsigned i = 0; i < width * rows; i++)
            fresh[i] = 0;
        for (unsigned y = 0; y < rows; y++)
            for (unsigned x = 0; x < width; x++)
                if (cells[y * width + x])
                    for (unsigned k = 0; k < 9; k++)
                        if (k != 4)
                            fresh[(y + rows + k / 3 - 1) % rows * width + (x + width + k % 3 - 1) % width]++;
        for (unsigned i = 0; i < width * rows; i++)
            cells[i] = fresh[i] == 3 || (fresh[i] == 2 && cells[i]);
    }
    for (unsigned i = 0; i < width * rows; i++) {
        alive += cells[i];
        wrong += (board[i / 32] >> (i % 32) & 1u) != cells[i];
    }
    printf("%u alive after %d generations, %u cells wrong\n", count, GENERATIONS, wrong);
    const int ok = wrong == 0 && count == alive && alive > 0;
    printf("%s\n", ok ? "PASS" : "FAIL");
    cudaFree(a);
    cudaFree(b);
    cudaFree(d_count);
    free(board);
    free(cells);
    free(fresh);
    return !ok;
}
