// Conway's Game of Life on a torus: a byte a cell, and 32 cells a word. Both must agree, and gliders must glide.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <cuda_runtime.h>

using cell_t = std::uint8_t;
using word_t = std::uint32_t;

#define DEVICE static __device__ __forceinline__

#ifndef LIFE_W
#define LIFE_W 96 /* a multiple of 32 */
#endif
#ifndef LIFE_H
#define LIFE_H 70
#endif

__global__ void life_bytes(const cell_t* cur, cell_t* nxt, unsigned w, unsigned h) {
  const unsigned cells = w * h;
  for (unsigned id = blockIdx.x * blockDim.x + threadIdx.x; id < cells; id += blockDim.x * gridDim.x) {
    const unsigned x1 = id % w, y1 = id - x1;  // y is an offset
    const unsigned x0 = (x1 + w - 1) % w, x2 = (x1 + 1) % w;
    const unsigned y0 = (y1 + cells - w) % cells, y2 = (y1 + w) % cells;
    const unsigned alive = cur[x0 + y0] + cur[x1 + y0] + cur[x2 + y0] + cur[x0 + y1] + cur[x2 + y1] + cur[x0 + y2] +
                           cur[x1 + y2] + cur[x2 + y2];
    switch (alive) {
      case 2: nxt[x1 + y1] = cur[x1 + y1]; break;
      case 3: nxt[x1 + y1] = 1; break;
      default: nxt[x1 + y1] = 0;
    }
  }
}

// bitwise full adder
DEVICE void add3(word_t a, word_t b, word_t c, word_t& sum, word_t& carry) {
  const word_t x = a ^ b;
  sum = x ^ c;
  carry = (a & b) | (x & c);
}

// bit i of a word is the cell at x = 32 * column + i
__global__ void life_words(const word_t* cur, word_t* nxt, int columns, int h) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y;
  if (c >= columns) return;
  const int left = c == 0 ? columns - 1 : c - 1, right = c == columns - 1 ? 0 : c + 1;
  word_t west[3], here[3], east[3];
  for (int k = 0; k < 3; ++k) {
    const word_t* row = cur + (y + k - 1 + h) % h * columns;
    here[k] = row[c];
    west[k] = __funnelshift_l(row[left], here[k], 1);   // neighbour at x - 1
    east[k] = __funnelshift_r(here[k], row[right], 1);  // neighbour at x + 1
  }
  word_t s0, c0, s1, c1, ones, c2, s3, c3;
  add3(west[0], here[0], east[0], s0, c0);
  add3(west[2], here[2], east[2], s1, c1);
  const word_t s2 = west[1] ^ east[1], cc = west[1] & east[1];
  add3(s0, s1, s2, ones, c2);                 // bit 0 of the count
  add3(c0, c1, cc, s3, c3);                   // carries of weight two ...
  const word_t twos = s3 ^ c2;                // bit 1
  const word_t fours = c3 | (s3 & c2);        // four or more
  nxt[y * columns + c] = twos & ~fours & (ones | here[1]);
}

__global__ void count_words(const word_t* grid, int n, unsigned* population) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) atomicAdd(population, (unsigned)__popc(grid[i]));
}

static void fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}
static void operator||(cudaError_t e, const char* what) {
  if (e != cudaSuccess) fail(std::string(what) + ": " + cudaGetErrorString(e));
}

int main() {
  constexpr int W = LIFE_W, H = LIFE_H, columns = W / 32, steps = 40;
  static_assert(W % 32 == 0, "words hold 32 cells");
  static cell_t start[H][W], end[H][W], unpacked[H][W];
  static word_t packed[H][columns];

  // five gliders of the same phase, all flying to the lower right
  const int at[][2] = {{3, 2}, {40, 90}, {66, 94}, {20, 30}, {52, 60}};
  const char* shape[3] = {".#.", "..#", "###"};
  for (auto& o : at)
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 3; ++x)
        if (shape[y][x] == '#') start[(o[0] + y) % H][(o[1] + x) % W] = 1;
  for (int y = 0; y < H; ++y)
    for (int x = 0; x < W; ++x) packed[y][x / 32] |= (word_t)start[y][x] << (x % 32);

  cell_t* bytes[2];
  word_t* words[2];
  unsigned *dpop, population;
  for (int i = 0; i < 2; ++i) {
    cudaMalloc(&bytes[i], sizeof start) || "bytes";
    cudaMalloc(&words[i], sizeof packed) || "words";
  }
  cudaMalloc(&dpop, sizeof(unsigned)) || "counter";
  cudaMemset(dpop, 0, sizeof(unsigned)) || "counter";
  cudaMemcpy(bytes[0], start, sizeof start, cudaMemcpyHostToDevice) || "upload";
  cudaMemcpy(words[0], packed, sizeof packed, cudaMemcpyHostToDevice) || "upload";
  for (int s = 0; s < steps; ++s) {
    life_bytes<<<13, 224>>>(bytes[s % 2], bytes[1 - s % 2], W, H);
    life_words<<<dim3((columns + 1) / 2, H), 2>>>(words[s % 2], words[1 - s % 2], columns, H);
  }
  count_words<<<1, 64>>>(words[steps % 2], H * columns, dpop);
  cudaGetLastError() || "launch";
  cudaMemcpy(end, bytes[steps % 2], sizeof end, cudaMemcpyDeviceToHost) || "download";
  cudaMemcpy(packed, words[steps % 2], sizeof packed, cudaMemcpyDeviceToHost) || "download";
  cudaMemcpy(&population, dpop, sizeof population, cudaMemcpyDeviceToHost) || "download";

  int differ = 0, astray = 0;
  for (int y = 0; y < H; ++y)
    for (int x = 0; x < W; ++x) {
      unpacked[y][x] = packed[y][x / 32] >> (x % 32) & 1u;
      differ += unpacked[y][x] != end[y][x];
      // a glider moves one cell down and right in four steps
      astray += end[(y + steps / 4) % H][(x + steps / 4) % W] != start[y][x];
    }
  std::printf("%u alive; versions differ in %d cells; %d cells astray\n", population, differ, astray);
  const bool ok = differ == 0 && astray == 0 && population == 25;
  for (int i = 0; i < 2; ++i) cudaFree(bytes[i]), cudaFree(words[i]);
  cudaFree(dpop);
  std::puts(ok ? "PASS" : "FAIL");
  return ok ? 0 : 1;
}
