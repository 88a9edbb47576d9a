#include <stdio.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <vector>

// 2-D Ising model, Metropolis on a checkerboard: all black sites first, then all white ones.
// The random number of a site depends on (seed, sweep, site) alone.

#define L 62  // even

typedef signed char spin_t;

__device__ float g_accept[2][5];  // [sign of field ignored][(neighbour sum + 4) / 2]
__device__ unsigned int g_flips;

__host__ __device__ inline uint32_t pcg(uint32_t v)
{
  uint32_t s = v * 747796405u + 2891336453u;
  uint32_t w = ((s >> ((s >> 28u) + 4u)) ^ s) * 277803737u;
  return (w >> 22u) ^ w;
}

__host__ __device__ inline uint32_t site_random(uint32_t seed, int sweep, int x, int y)
{
  return pcg(pcg(seed + 31u * sweep) ^ (uint32_t)(y * L + x));
}

__global__ void sweep_colour(spin_t *s, int colour, int sweep, uint32_t seed)
{
  int half = blockIdx.x * blockDim.x + threadIdx.x;
  int y = blockIdx.y * blockDim.y + threadIdx.y;
  bool flipped = false;
  if (half < L / 2 && y < L) {
    int x = 2 * half + ((y + colour) & 1);
    int left = (x + L - 1) % L, right = (x + 1) % L;
    int up = (y + L - 1) % L, down = (y + 1) % L;
    int here = s[y * L + x];
    int sum = s[y * L + left] + s[y * L + right] + s[up * L + x] + s[down * L + x];
    float u = (site_random(seed, sweep, x, y) >> 8) * (1.0f / 16777216.0f);
    if (u < g_accept[here > 0][(sum + 4) >> 1]) {
      s[y * L + x] = (spin_t)-here;
      flipped = true;
    }
  }
  // one atomic a warp
  unsigned votes = __ballot_sync(0xffffffff, flipped);
  if (((threadIdx.y * blockDim.x + threadIdx.x) & 31) == 0 && votes)
    atomicAdd(&g_flips, __popc(votes));
}

__global__ void observables(const spin_t *s, int *magnetisation, int *energy)
{
  int i = blockIdx.x * blockDim.x + threadIdx.x, stride = gridDim.x * blockDim.x;
  int m = 0, e = 0;
  for (; i < L * L; i += stride) {
    int x = i % L, y = i / L;
    m += s[i];
    e -= s[i] * (s[y * L + (x + 1) % L] + s[(y + 1) % L * L + x]);
  }
  if (m != 0) atomicAdd(magnetisation, m);
  if (e != 0) atomicAdd(energy, e);
}

// The table is made on the device: here = -1 / +1.
__global__ void make_table(float beta)
{
  int k = threadIdx.x, here = threadIdx.y ? 1 : -1;
  float cost = 2.0f * here * (2 * k - 4);
  g_accept[threadIdx.y][k] = cost <= 0.0f ? 1.0f : __expf(-beta * cost);
}

int main(int argc, char **argv)
{
  const int sweeps = argc > 1 ? atoi(argv[1]) : 12;
  const float beta = argc > 2 ? (float)atof(argv[2]) : 0.6f;
  const uint32_t seed = 99;

  std::vector<spin_t> spins(L * L), ref;
  for (int i = 0; i < L * L; ++i) spins[i] = pcg(i) & 1 ? 1 : -1;
  ref = spins;

  spin_t *d_s;
  int *d_obs;
  cudaMalloc(&d_s, L * L);
  cudaMalloc(&d_obs, 2 * sizeof(int));
  cudaMemcpy(d_s, spins.data(), L * L, cudaMemcpyHostToDevice);
  cudaMemset(d_obs, 0, 2 * sizeof(int));

  make_table<<<1, dim3(5, 2)>>>(beta);
  dim3 block(16, 6), grid((L / 2 + 15) / 16, (L + 5) / 6);
  for (int t = 0; t < sweeps; ++t)
    for (int colour = 0; colour < 2; ++colour) sweep_colour<<<grid, block>>>(d_s, colour, t, seed);
  observables<<<3, 100>>>(d_s, d_obs, d_obs + 1);

  int obs[2];
  unsigned flips;
  float table[2][5];
  cudaMemcpy(spins.data(), d_s, L * L, cudaMemcpyDeviceToHost);
  cudaMemcpy(obs, d_obs, sizeof obs, cudaMemcpyDeviceToHost);
  cudaMemcpyFromSymbol(&flips, g_flips, sizeof flips);
  cudaMemcpyFromSymbol(table[0], g_accept, 5 * sizeof(float));
  cudaMemcpyFromSymbol(table[1], g_accept, 5 * sizeof(float), 5 * sizeof(float));
  cudaError_t err = cudaGetLastError();
  if (err != cudaSuccess) { printf("FAIL: %s\n", cudaGetErrorString(err)); return 2; }

  // Reference: bits instead of spins, energies instead of neighbour sums, the probabilities from exp() in double.
  int wrong = 0, doubtful = 0;
  unsigned ref_flips = 0;
  auto bond = [&](int a, int b) { return ref[a] == ref[b] ? -1 : 1; };
  auto local = [&](int x, int y) {
    int c = y * L + x;
    return bond(c, y * L + (x + 1) % L) + bond(c, y * L + (x + L - 1) % L) + bond(c, (y + 1) % L * L + x) +
           bond(c, (y + L - 1) % L * L + x);
  };
  for (int t = 0; t < sweeps; ++t)
    for (int colour = 0; colour < 2; ++colour)
      for (int y = L - 1; y >= 0; --y)
        for (int x = (y + colour) & 1; x < L; x += 2) {
          double p = fmin(1.0, exp(2.0 * beta * local(x, y)));
          double u = (site_random(seed, t, x, y) >> 8) / 16777216.0;
          if (p < 1.0 && fabs(u - p) < 1e-6) ++doubtful;
          if (u < p) ref[y * L + x] = -ref[y * L + x], ++ref_flips;
        }
  int m = 0, twice_e = 0;
  for (int i = 0; i < L * L; ++i) {
    wrong += ref[i] != spins[i];
    m += ref[i];
    twice_e += local(i % L, i / L);
  }
  for (int k = 0; k < 5; ++k)
    for (int h = 0; h < 2; ++h)
      wrong += fabs(table[h][k] - fmin(1.0, exp(-2.0 * beta * (h ? 1 : -1) * (2 * k - 4)))) > 1e-6;
  wrong += obs[0] != m || 2 * obs[1] != twice_e || flips != ref_flips;
  printf("m = %d, e = %d, %u flips, %d wrong, %d doubtful\n", obs[0], obs[1], flips, wrong, doubtful);
  printf(wrong == 0 ? "PASS\n" : "FAIL\n");
  cudaFree(d_s);
  cudaFree(d_obs);
  return wrong != 0;
}
