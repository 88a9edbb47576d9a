// Ways of writing CUDA: operators, function tables, inheritance, gotos, arrays of arrays, one extern array for many kernels,
// lambdas inside kernels, launches in templates, switches and macros, qualifiers in every order.
#include <assert.h>
#include <cuda_runtime_api.h>
#include <device_launch_parameters.h>
#include <float.h>
#include <stdio.h>

typedef unsigned int uint;
__host__ __device__ inline float3 operator+(float3 a, float3 b) { return make_float3(a.x + b.x, a.y + b.y, a.z + b.z); }
inline __host__ __device__ float3 operator*(float3 a, float s) { return make_float3(a.x * s, a.y * s, a.z * s); }
inline __host__ __device__ void operator+=(float4& a, float4 b) { a.x += b.x, a.y += b.y, a.z += b.z, a.w += b.w; }
inline __host__ __device__ float dot(float3 a, float3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

typedef float (*Operation)(float, float);
__device__ float add(float a, float b) { return a + b; }
__device__ float mul(float a, float b) { return a * b; }
__device__ Operation table[] = {add, mul};
__global__ void by_table(float* o, int which) { o[threadIdx.x] = table[which](threadIdx.x, 3.0f); }

struct Base {
  int kind;
  __device__ int tens() const { return kind * 10; }
  static constexpr int W = 4;
};
struct Derived : public Base {
  float w[W];
  __device__ float sum() const {
    float s = 0;
    for (int i = 0; i < W; ++i) s += w[i];
    return s + tens();
  }
};
__global__ void inherited(Derived d, float* o) { *o = d.sum(); }

__global__ void matrix(float (*a)[4], const float b[][4], int n) {
  int r = threadIdx.y, c = threadIdx.x;
  a[r][c] = b[c][r] * n;
}

template <typename T>
struct Traits {
  typedef T type;
  static const int size = sizeof(T);
};
template <typename T, typename V = typename Traits<T>::type>
__global__ void traits(V* o) {
  if (threadIdx.x < Traits<T>::size) o[threadIdx.x] = V(Traits<V>::size);
}

__global__ void control(int* o, int n) {
  int i = threadIdx.x, s = 0;
  do {
    s += i;
    if (s > 20) goto done;
    if (s % 7 == 3) continue;
    i++;
  } while (i < n);
done:
  switch (s % 3) {
    case 0:
      s = -s;
      break;
    case 1: {
      int t = s * 2;
      s = t;
    } break;
    default:
      s++;
  }
  o[threadIdx.x] = s;
}

extern __shared__ float4 s4[];
__global__ void mirrored(float4* o) {
  s4[threadIdx.x] = make_float4(threadIdx.x, 1, 2, 3);
  __syncthreads();
  float4 v = s4[blockDim.x - 1 - threadIdx.x];
  v += make_float4(1, 1, 1, 1);
  o[threadIdx.x] = v;
}
__device__ float neighbour(int i) { return s4[i].x; }
__global__ void rotated(float* o) {
  s4[threadIdx.x].x = threadIdx.x * 2;
  __syncthreads();
  o[threadIdx.x] = neighbour((threadIdx.x + 1) % blockDim.x);
}

__global__ void collatz(unsigned long long start, unsigned int* steps) {
  unsigned long long n = start + threadIdx.x;
  unsigned int c = 0;
  while (n != 1ULL) {
    n = (n & 1) ? 3 * n + 1 : n >> 1;
    ++c;
  }
  steps[threadIdx.x] = c;
}

__constant__ char greeting[] = "hello";
__global__ void say(const char* s) {
  if (threadIdx.x == 0) printf("device says %s %d\n", s, blockDim.x);
  assert(blockDim.x == 32);
}

__global__ void lambdas(float* o) {
  auto square = [](float x) { return x * x; };
  auto index = [&]() { return threadIdx.x + blockIdx.x * blockDim.x; };
  auto next = [=](auto v) { return v + (decltype(v))1; };
  o[index()] = next(square((float)index()));
}

template <int N>
struct Unroll {
  template <typename F>
  static __device__ void run(F f) {
    Unroll<N - 1>::run(f);
    f(N - 1);
  }
};
template <>
struct Unroll<0> {
  template <typename F>
  static __device__ void run(F) {}
};
__global__ void unrolled(int* o) {
  int s = 0;
  Unroll<5>::run([&](int k) { s += k * k; });
  *o = s;
}

template <class T> __global__ void declared_first(T* x, int n);
extern "C" __global__ void with_c_name(int* p, int v);
extern "C" {
__global__ void in_c_block(int* p) { p[threadIdx.x] += 2; }
}
static __global__ void q1(int* p) { p[0]++; }
__global__ static void q2(int* p) { p[0] += 2; }
void __global__ q3(int* p) { p[0] += 3; }
inline __global__ void q4(int* p) { p[0] += 4; }
__launch_bounds__(256, 2) __global__ void q5(int* p) { p[0] += 5; }
template <int B>
__global__ void __launch_bounds__(B) q6(int* p) {
  if (threadIdx.x == B - 1) p[0] += 6;
}
__global__ void with_defaults(int* p, int a = 3, float b = 0.5f) { p[0] += a + (int)(2 * b); }
template <class T>
__global__ void declared_first(T* x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] += T(1);
}
__global__ void with_c_name(int* p, int v) { p[threadIdx.x] = v; }

#define BLOCK 64
#define LAUNCH(k, n, ...) k<<<((n) + BLOCK - 1) / BLOCK, BLOCK>>>(__VA_ARGS__)
template <typename T, unsigned int block_size, bool even>
__global__ void reduce(T* in, T* out, unsigned int n) {
  extern __shared__ __align__(sizeof(double)) unsigned char raw[];
  T* s = reinterpret_cast<T*>(raw);
  unsigned int t = threadIdx.x, i = blockIdx.x * block_size * 2 + t, step = block_size * 2 * gridDim.x;
  T sum = 0;
  while (i < n) {
    sum += in[i];
    if (even || i + block_size < n) sum += in[i + block_size];
    i += step;
  }
  s[t] = sum;
  __syncthreads();
  if (block_size >= 128) {
    if (t < 64) s[t] = sum = sum + s[t + 64];
    __syncthreads();
  }
  if (t < 32) {
    if (block_size >= 64) sum += s[t + 32];
    for (int d = warpSize / 2; d > 0; d /= 2) sum += __shfl_down_sync(0xffffffff, sum, d);
  }
  if (t == 0) out[blockIdx.x] = sum;
}
template <class T>
class Array {
  T* p_ = nullptr;
  size_t n_;

 public:
  explicit Array(size_t n) : n_(n) { cudaMalloc(&p_, n * sizeof(T)); }
  ~Array() { cudaFree(p_); }
  Array(const Array&) = delete;
  T* get() { return p_; }
  void fill(T v) {
    cudaMemset(p_, 0, n_ * sizeof(T));
    for (int i = 0; i < v; i++) LAUNCH(declared_first<T>, n_, p_, n_);
  }
  T at(size_t i) const {
    T v;
    cudaMemcpy(&v, p_ + i, sizeof(T), cudaMemcpyDeviceToHost);
    return v;
  }
};
template <class T>
T total(int n, int threads, int blocks) {
  Array<T> in(n), out(blocks);
  in.fill(T(2));
  dim3 block(threads, 1, 1), grid(blocks, 1, 1);
  switch (threads) {
    case 128:
      if (n % 256 == 0)
        reduce<T, 128, true><<<grid, block, threads * sizeof(T)>>>(in.get(), out.get(), n);
      else
        reduce<T, 128, false> <<< grid , block
            , threads * sizeof(T)>>> (in.get(), out.get(), n);
      break;
    case 64:
      reduce<T, 64, false><<<dim3{(unsigned)blocks, 1, 1}, {64, 1, 1}, 64 * sizeof(T)>>>(in.get(), out.get(), n);
      break;
  }
  T sum = 0;
  for (int b = 0; b < blocks; b++) sum += out.at(b);
  return sum;
}

// A shared object of the class's own type needs no `template` before the name of a member template.
template <int N>
class Tile {
  float data[N];
  template <bool ADD>
  __device__ void step(float* o) {
    data[threadIdx.x] = o[threadIdx.x];
    __syncthreads();
    o[threadIdx.x] = data[N - 1 - threadIdx.x] + (ADD ? 1 : 0);
    __syncthreads();
  }

 public:
  __device__ static void run(float* o) {
    __shared__ Tile<N> tile, another, *best;
    best = &another;
    tile.step<true>(o);
    another.step<false>(o);
    best->step<true>(o);
  }
};
template <int N>
__global__ void tiles(float* o) { Tile<N>::run(o); }

int main(void) {
  float* o;
  cudaMallocManaged((void**)&o, 4096);
  int* io = (int*)(o + 500);
  by_table<<<1, 4>>>(o, 0);
  by_table<<<1, 4>>>(o + 4, 1);
  Derived d;
  d.kind = 2;
  for (int i = 0; i < 4; i++) d.w[i] = i;
  inherited<<<1, 1>>>(d, o + 8);
  cudaDeviceSynchronize();
  printf("%g %g %g\n", o[3], o[7], o[8]);  // expect: 6 9 26
  float(*a)[4] = (float(*)[4])(o + 16);
  float(*b)[4] = (float(*)[4])(o + 32);
  for (int i = 0; i < 16; i++) b[i / 4][i % 4] = i;
  matrix<<<1, dim3(4, 4)>>>(a, b, 10);
  traits<double><<<1, 32>>>((double*)(o + 64));
  control<<<1, 8>>>(io, 7);
  cudaDeviceSynchronize();
  // thread 0: s = 0 1 3 (again i = 2) 5 8 12 17 (again i = 5) 22, and 22 % 3 == 1 gives 44; thread 7: 7 % 3 == 1 gives 14
  printf("%g %g %d %d\n", a[1][2], ((double*)(o + 64))[7], io[0], io[7]);  // expect: 90 8 44 14
  mirrored<<<1, 33, 33 * sizeof(float4)>>>((float4*)(o + 100));
  rotated<<<1, 20, 20 * sizeof(float4)>>>(o + 300);
  unsigned* steps = (unsigned*)(o + 400);
  collatz<<<1, 3>>>(27, steps);
  cudaDeviceSynchronize();
  printf("%g %g %g %u\n", ((float4*)(o + 100))[0].x, o[300], o[319], steps[0]);  // expect: 33 2 0 111
  char* text;
  cudaGetSymbolAddress((void**)&text, greeting);
  say<<<1, 32>>>(text);  // expect: device says hello 32
  lambdas<<<2, 4>>>(o);
  unrolled<<<1, 1>>>(io);
  cudaDeviceSynchronize();
  printf("%g %d\n", o[7], io[0]);  // expect: 50 30
  float3 v = make_float3(1, 2, 3) + make_float3(1, 1, 1) * 2.0f;
  printf("%g\n", dot(v, v));  // expect: 50

  with_c_name<<<1, 10>>>(io, 7);
  in_c_block<<<1, 5>>>(io);
  q1<<<1, 1>>>(io), q2<<<1, 1>>>(io), q3<<<1, 1>>>(io);
  q4<<<dim3{1, 1, 1}, 1>>>(io);
  q5<<<1, 1, 0, 0>>>(io);
  q6<64><<<1, 64>>>(io);
  with_defaults<<<1, 1>>>(io);
  if (io[0] > 0)
    with_defaults<<<1, 1>>>(io, 10);
  else
    q1<<<1, 1>>>(io);
  auto launch = [&](int n) { declared_first<<<1, n>>>(io, n); };
  launch(3);
  cudaDeviceSynchronize();
  printf("%d %d %d\n", io[0], io[4], io[5]);  // expect: 46 9 7
  printf("%d %g %d\n", total<int>(4096, 128, 3), total<double>(1001, 128, 2), total<int>(700, 64, 4));  // expect: 8192 2002 1400
  for (int i = 0; i < 4; i++) o[i] = i;
  tiles<4><<<1, 4>>>(o);
  cudaDeviceSynchronize();
  printf("%g %g\n", o[0], o[3]);  // expect: 5 2
  return cudaDeviceSynchronize() == cudaSuccess ? 0 : 1;
}
