// Products of matrices of +1 and -1: packed into bits, multiplied by xnor and popcount.
// dot = bits - 2 * popcount(a ^ b), for rows of A and rows of B (B is given transposed).
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <tuple>
#include <vector>

#include <cuda_runtime.h>

constexpr unsigned kWarp = 32;

__host__ __device__ constexpr int words_for(int bits) { return (bits + 63) / 64 * 2; }  // whole 64-bit pairs

// One warp a row; bit i of word w is set when x[32 w + i] is negative. Padding bits are zero.
__global__ void pack_signs(const float* __restrict__ x, uint32_t* __restrict__ packed, int rows, int cols) {
  const int row = blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= rows) return;  // a whole warp
  const int words = words_for(cols);
  for (int w = 0; w < words; ++w) {
    const int c = w * kWarp + threadIdx.x;
    const bool negative = c < cols && (__float_as_int(x[(size_t)row * cols + c]) < 0);  // the sign bit, for -0 too
    const unsigned bits = __ballot_sync(0xffffffffu, negative);
    if (threadIdx.x == 0) packed[(size_t)row * words + w] = bits;
  }
}

template <int N>
struct Unroll {
  static __device__ __forceinline__ int differing(const uint2* a, const uint2* b) {
    const unsigned long long x = ((unsigned long long)(a->y ^ b->y) << 32) | (a->x ^ b->x);
    return __popcll(x) + Unroll<N - 1>::differing(a + 1, b + 1);
  }
};
template <>
struct Unroll<0> {
  static __device__ __forceinline__ int differing(const uint2*, const uint2*) { return 0; }
};

template <int Pairs>
__global__ void xnor_gemm(const uint2* __restrict__ a, const uint2* __restrict__ b, int* __restrict__ c, int m, int n,
                          int bits) {
  const int pairs = words_for(bits) / 2;
  const int col = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
  if (col >= n || row >= m) return;
  const uint2 *pa = a + (size_t)row * pairs, *pb = b + (size_t)col * pairs;
  int different = 0, p = 0;
  for (; p + Pairs <= pairs; p += Pairs) different += Unroll<Pairs>::differing(pa + p, pb + p);
  for (; p < pairs; ++p) different += __popc(pa[p].x ^ pb[p].x) + __popc(pa[p].y ^ pb[p].y);
  c[(size_t)row * n + col] = bits - 2 * different;
}

struct Stream {
  cudaStream_t s;
  Stream() { cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking); }
  ~Stream() { cudaStreamDestroy(s); }
  operator cudaStream_t() const { return s; }
};

template <typename... T>
static bool allocate(cudaStream_t s, std::pair<T**, size_t>... want) {
  return ((cudaMallocAsync((void**)want.first, want.second * sizeof(T), s) == cudaSuccess) && ...);
}

static float sign(int i, int j, int salt) {
  unsigned h = i * 2654435761u ^ (j + salt) * 2246822519u;
  h ^= h >> 15;
  h *= 3266489917u;
  h ^= h >> 13;
  return h & 1 ? -0.5f : 2.0f;  // only signs count
}

static bool test(int m, int n, int bits) {
  std::vector<float> a(m * bits), b(n * bits);
  for (int i = 0; i < m; ++i)
    for (int k = 0; k < bits; ++k) a[i * bits + k] = sign(i, k, 1);
  for (int j = 0; j < n; ++j)
    for (int k = 0; k < bits; ++k) b[j * bits + k] = sign(j, k, 77);
  a[0] = -0.0f;

  Stream stream;
  float *fa, *fb;
  uint32_t *pa, *pb;
  int* c;
  const int words = words_for(bits);
  if (!allocate<float, float, uint32_t, uint32_t, int>(stream, {&fa, a.size()}, {&fb, b.size()}, {&pa, size_t(m) * words},
                                                       {&pb, size_t(n) * words}, {&c, size_t(m) * n}))
    return false;
  cudaMemcpyAsync(fa, a.data(), a.size() * sizeof(float), cudaMemcpyHostToDevice, stream);
  cudaMemcpyAsync(fb, b.data(), b.size() * sizeof(float), cudaMemcpyHostToDevice, stream);
  const dim3 warps(kWarp, 4);
  pack_signs<<<(m + 3) / 4, warps, 0, stream>>>(fa, pa, m, bits);
  pack_signs<<<(n + 3) / 4, warps, 0, stream>>>(fb, pb, n, bits);
  const dim3 block(16, 8), grid((n + 15) / 16, (m + 7) / 8);
  const auto *ua = reinterpret_cast<const uint2*>(pa), *ub = reinterpret_cast<const uint2*>(pb);
  if (bits >= 256)
    xnor_gemm<4><<<grid, block, 0, stream>>>(ua, ub, c, m, n, bits);
  else
    xnor_gemm<1><<<grid, block, 0, stream>>>(ua, ub, c, m, n, bits);
  std::vector<int> got(m * n);
  cudaMemcpyAsync(got.data(), c, got.size() * sizeof(int), cudaMemcpyDeviceToHost, stream);
  for (void* p : std::initializer_list<void*>{fa, fb, pa, pb, c}) cudaFreeAsync(p, stream);
  if (cudaStreamSynchronize(stream) != cudaSuccess) return false;

  // plain arithmetic on the signs, the loop over k outermost
  std::vector<int> want(m * n, 0);
  for (int k = 0; k < bits; ++k)
    for (int i = 0; i < m; ++i) {
      const int s = i == 0 && k == 0 ? -1 : a[i * bits + k] < 0 ? -1 : 1;
      for (int j = 0; j < n; ++j) want[i * n + j] += b[j * bits + k] < 0 ? -s : s;
    }
  int wrong = 0;
  for (int i = 0; i < m * n; ++i) wrong += got[i] != want[i];
  std::printf("%d x %d, %d bits: %d wrong\n", m, n, bits, wrong);
  return wrong == 0;
}

int main() {
  bool ok = true;
  for (auto [m, n, bits] : {std::tuple{19, 35, 101}, std::tuple{9, 7, 64}, std::tuple{23, 41, 777}, std::tuple{1, 1, 1}})
    ok = test(m, n, bits) && ok;
  std::puts(ok ? "PASS" : "FAIL");
  return ok ? 0 : 1;
}
