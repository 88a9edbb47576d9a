// Morton (Z-order) codes in 32 and 64 bits: encode, decode, and the length of the prefix neighbours share, as needed
// to build a linear bounding volume hierarchy.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>
#include <cuda_runtime.h>

#ifndef GRID_X
#define GRID_X 13
#define GRID_Y 9
#define GRID_Z 7
#endif

template <typename Code> struct Morton;

template <> struct Morton<uint32_t> {   // 10 bits an axis
  using Coord = ushort3;
  static constexpr int bits = 10;
  __host__ __device__ static constexpr uint32_t spread(uint32_t v) {
    v = (v * 0x00010001u) & 0xFF0000FFu;
    v = (v * 0x00000101u) & 0x0F00F00Fu;
    v = (v * 0x00000011u) & 0xC30C30C3u;
    return (v * 0x00000005u) & 0x49249249u;
  }
  __device__ static int prefix(uint32_t a, uint32_t b) { return __clz(static_cast<int>(a ^ b)); }
};

template <> struct Morton<uint64_t> {   // 21 bits an axis
  using Coord = uint3;
  static constexpr int bits = 21;
  __host__ __device__ static constexpr uint64_t spread(uint64_t v) {
    v &= 0x1fffff;
    v = (v | v << 32) & 0x001f00000000ffffull;
    v = (v | v << 16) & 0x001f0000ff0000ffull;
    v = (v | v << 8) & 0x100f00f00f00f00full;
    v = (v | v << 4) & 0x10c30c30c30c30c3ull;
    return (v | v << 2) & 0x1249249249249249ull;
  }
  __device__ static int prefix(uint64_t a, uint64_t b) { return __clzll(static_cast<long long>(a ^ b)); }
};

static_assert(Morton<uint32_t>::spread(0x3ff) == 0x09249249u, "ten bits, every third place");

// a thread a cell of a 3-D grid of points; `spacing` stretches them over the range of the code
template <typename Code>
__global__ void encode_grid(Code* codes, uint3 extent, unsigned spacing) {
  const unsigned x = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned y = blockIdx.y * blockDim.y + threadIdx.y;
  const unsigned z = blockIdx.z * blockDim.z + threadIdx.z;
  if (x >= extent.x || y >= extent.y || z >= extent.z) return;
  using M = Morton<Code>;
  codes[(z * extent.y + y) * extent.x + x] =
      M::spread(x * spacing) | M::spread(y * spacing) << 1 | M::spread(z * spacing) << 2;
}

template <typename Code>
__global__ void decode(const Code* codes, typename Morton<Code>::Coord* points, int n) {
  const int i = threadIdx.x + blockIdx.x * blockDim.x;
  if (i >= n) return;
  unsigned axis[3] = {0, 0, 0};
  Code rest = codes[i];
  // take the lowest set bit away until nothing is left
  while (rest != 0) {
    const int at = __ffsll(static_cast<long long>(rest)) - 1;
    axis[at % 3] |= 1u << (at / 3);
    rest &= rest - 1;
  }
  typename Morton<Code>::Coord p;
  p.x = axis[0];
  p.y = axis[1];
  p.z = axis[2];
  points[i] = p;
}

template <typename Code>
__global__ void common_prefix(const Code* sorted, int* length, int n) {
  const int i = threadIdx.x + blockIdx.x * blockDim.x;
  if (i < n - 1) length[i] = Morton<Code>::prefix(sorted[i], sorted[i + 1]);
}

template <typename Code>
bool test(unsigned spacing) {
  using Coord = typename Morton<Code>::Coord;
  const uint3 extent = make_uint3(GRID_X, GRID_Y, GRID_Z);
  const int n = GRID_X * GRID_Y * GRID_Z;
  Code* codes;
  Coord* points;
  int* lengths;
  cudaMalloc(&codes, n * sizeof(Code));
  cudaMalloc(&points, n * sizeof(Coord));
  cudaMalloc(&lengths, (n - 1) * sizeof(int));

  const dim3 block(4, 4, 4);
  const dim3 grid((extent.x + block.x - 1) / block.x, (extent.y + block.y - 1) / block.y, (extent.z + block.z - 1) / block.z);
  encode_grid<Code><<<grid, block>>>(codes, extent, spacing);
  decode<<<(n + 63) / 64, 64>>>(codes, points, n);

  std::vector<Code> got(n);
  std::vector<Coord> back(n);
  cudaMemcpy(got.data(), codes, n * sizeof(Code), cudaMemcpyDeviceToHost);
  cudaMemcpy(back.data(), points, n * sizeof(Coord), cudaMemcpyDeviceToHost);
  int wrong = 0;
  for (int i = 0; i < n; ++i) {
    const unsigned p[3] = {i % extent.x * spacing, i / extent.x % extent.y * spacing, i / extent.x / extent.y * spacing};
    Code want = 0;
    for (int b = 3 * Morton<Code>::bits - 1; b >= 0; --b) want = want << 1 | (p[b % 3] >> (b / 3) & 1);
    wrong += got[i] != want || back[i].x != p[0] || back[i].y != p[1] || back[i].z != p[2];
  }

  std::sort(got.begin(), got.end());
  cudaMemcpy(codes, got.data(), n * sizeof(Code), cudaMemcpyHostToDevice);
  common_prefix<Code><<<(n + 94) / 95, 95>>>(codes, lengths, n);
  std::vector<int> length(n - 1);
  cudaMemcpy(length.data(), lengths, (n - 1) * sizeof(int), cudaMemcpyDeviceToHost);
  if (cudaGetLastError() != cudaSuccess) return false;
  for (int i = 0; i + 1 < n; ++i) {
    int same = 0;
    for (int b = 8 * sizeof(Code) - 1; b >= 0 && (got[i] >> b & 1) == (got[i + 1] >> b & 1); --b) ++same;
    wrong += length[i] != same;
  }
  cudaFree(codes), cudaFree(points), cudaFree(lengths);
  std::printf("%2zu-bit codes: %d wrong of %d\n", 8 * sizeof(Code), wrong, n);
  return wrong == 0;
}

int main() {
  const bool narrow = test<uint32_t>(1023 / (GRID_X - 1));
  const bool wide = test<uint64_t>(2097151 / (GRID_X - 1));
  std::printf("%s\n", narrow && wide ? "PASS" : "FAIL");
  return !(narrow && wide);
}
